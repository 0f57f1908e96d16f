//! Vocabularies from text: WordPiece here, byte-level BPE beside.
//!
//! Of WordPiece, pieces start as characters; the pair that stands side by side most often becomes one piece,
//! until the vocabulary is full (Sennrich, Haddow and Birch 2016, "Neural Machine Translation of
//! Rare Words with Subword Units", on words as BERT splits them, as Hugging Face trains WordPiece).
//! Ties go to the pair that comes first in the alphabet, so the same sentences give the same bytes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use tokenizers::decoders::wordpiece::WordPiece as Decoder;
use tokenizers::models::bpe::Vocab;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::processors::bert::BertProcessing;
use tokenizers::tokenizer::{AddedToken, OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer};
use tokenizers::{NormalizedString, Normalizer, Tokenizer};

use crate::{Error, Result};

mod byte_level;

pub use byte_level::train_byte_level;

/// Special tokens; each one's id is its place.
const SPECIAL: [&str; 5] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

/// What marks a piece that does not begin a word.
const PREFIX: &str = "##";

/// Longer words are no words: WordPiece calls them unknown without looking.
const MAX_CHARS: usize = 100;

/// Trains a lower-case WordPiece vocabulary of at most `size` pieces, special tokens included, and
/// returns the bytes of its `tokenizer.json`.
///
/// # Errors
/// When `size` has no room for the characters of the sentences, or the sentences have no words.
pub fn train<'a>(sentences: impl Iterator<Item = &'a str>, size: usize) -> Result<Vec<u8>> {
    let words = count_words(sentences)?;
    if words.is_empty() {
        return Err(Error::input("vocabulary", "sentences with words", "none"));
    }
    let mut pieces: Vec<String> = SPECIAL.iter().map(ToString::to_string).collect();
    pieces.extend(alphabet(&words));
    if size < pieces.len() {
        let wanted = format!("room for {} pieces: the special tokens and every character", pieces.len());
        return Err(Error::input("vocabulary", wanted, format!("a size of {size}")));
    }
    grow(&mut pieces, &words, size);
    write(&pieces).map_err(|error| Error::input("vocabulary", "a tokenizer that can be written", error.to_string()))
}

fn normalizer() -> BertNormalizer {
    BertNormalizer::new(true, true, None, true)
}

/// How often each word occurs, after BERT's lower-casing and splitting.
fn count_words<'a>(sentences: impl Iterator<Item = &'a str>) -> Result<BTreeMap<String, i64>> {
    let mut words = BTreeMap::new();
    for sentence in sentences {
        let failed = |error: tokenizers::Error| Error::input("vocabulary", "text", format!("{sentence:?}: {error}"));
        let mut text = NormalizedString::from(sentence);
        normalizer().normalize(&mut text).map_err(failed)?;
        let mut split = PreTokenizedString::from(text.get());
        BertPreTokenizer.pre_tokenize(&mut split).map_err(failed)?;
        for (word, ..) in split.get_splits(OffsetReferential::Original, OffsetType::None) {
            if word.chars().count() <= MAX_CHARS {
                *words.entry(word.to_string()).or_default() += 1;
            }
        }
    }
    Ok(words)
}

/// Every character as it begins or continues a word, letters and digits both ways, sorted.
fn alphabet(words: &BTreeMap<String, i64>) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    for word in words.keys() {
        for (place, character) in word.chars().enumerate() {
            if place == 0 || character.is_alphanumeric() {
                seen.insert(character.to_string());
            }
            if place > 0 || character.is_alphanumeric() {
                seen.insert(format!("{PREFIX}{character}"));
            }
        }
    }
    seen
}

/// Adds merged pieces, the most frequent pair first, until there are `size` or no pair occurs twice.
fn grow(pieces: &mut Vec<String>, words: &BTreeMap<String, i64>, size: usize) {
    let mut ids: HashMap<String, usize> = pieces.iter().cloned().enumerate().map(|(id, piece)| (piece, id)).collect();
    let counts: Vec<i64> = words.values().copied().collect();
    let spell = |word: &String| -> Vec<usize> {
        let mark = |place| if place == 0 { "" } else { PREFIX };
        word.chars().enumerate().map(|(place, character)| ids[&format!("{}{character}", mark(place))]).collect()
    };
    let mut spelled: Vec<Vec<usize>> = words.keys().map(spell).collect();
    let mut pairs: HashMap<(usize, usize), Pair> = HashMap::new();
    for (word, spelling) in spelled.iter().enumerate() {
        tally(&mut pairs, spelling, word, counts[word]);
    }
    while pieces.len() < size {
        let best = pairs.iter().filter(|(_, pair)| pair.count > 1).max_by(|(a, one), (b, other)| {
            let spelled = |&(left, right): &(usize, usize)| (&pieces[left], &pieces[right]);
            one.count.cmp(&other.count).then_with(|| spelled(b).cmp(&spelled(a)))
        });
        let Some((&(left, right), _)) = best else {
            break;
        };
        let tail = pieces[right].strip_prefix(PREFIX).unwrap_or(&pieces[right]);
        let piece = format!("{}{tail}", pieces[left]);
        // Two different pairs can spell one piece; it is listed once.
        let id = *ids.entry(piece).or_insert_with_key(|piece| {
            pieces.push(piece.clone());
            pieces.len() - 1
        });
        let holders = pairs.remove(&(left, right)).map(|pair| pair.words).unwrap_or_default();
        for word in holders {
            tally(&mut pairs, &spelled[word], word, -counts[word]);
            merge(&mut spelled[word], (left, right), id);
            tally(&mut pairs, &spelled[word], word, counts[word]);
        }
        pairs.remove(&(left, right));
    }
}

/// A pair of pieces side by side.
#[derive(Default)]
struct Pair {
    /// Occurrences in all sentences.
    count: i64,
    /// Words it was ever seen in.
    words: BTreeSet<usize>,
}

/// Adds `count` for every pair of the word's spelling.
fn tally(pairs: &mut HashMap<(usize, usize), Pair>, spelling: &[usize], word: usize, count: i64) {
    for both in spelling.windows(2) {
        let pair = pairs.entry((both[0], both[1])).or_default();
        pair.count += count;
        pair.words.insert(word);
    }
}

/// Replaces the pair by `whole` wherever it stands, from left to right.
fn merge(spelling: &mut Vec<usize>, (left, right): (usize, usize), whole: usize) {
    let mut place = 0;
    while place + 1 < spelling.len() {
        if (spelling[place], spelling[place + 1]) == (left, right) {
            spelling.splice(place..place + 2, [whole]);
        }
        place += 1;
    }
}

/// The `tokenizer.json` of this vocabulary.
fn write(pieces: &[String]) -> tokenizers::Result<Vec<u8>> {
    let vocabulary = pieces.iter().cloned().zip(0u32..);
    let model = WordPiece::builder()
        .vocab(vocabulary.collect::<Vocab>())
        .unk_token("[UNK]".into())
        .continuing_subword_prefix(PREFIX.into())
        .max_input_chars_per_word(MAX_CHARS)
        .build()?;
    let mut tokenizer = Tokenizer::new(model);
    tokenizer.with_normalizer(Some(normalizer()))?;
    tokenizer.with_pre_tokenizer(Some(BertPreTokenizer));
    tokenizer.with_post_processor(Some(BertProcessing::new(("[SEP]".into(), 3), ("[CLS]".into(), 2))));
    tokenizer.with_decoder(Some(Decoder::new(PREFIX.into(), true)));
    tokenizer.add_special_tokens(SPECIAL.map(|name| AddedToken::from(name, true)))?;
    Ok(tokenizer.to_string(false)?.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Tokenizer as Reader;

    const SENTENCES: [&str; 3] = ["Hug pug hugs", "bug hug, pug", "hug 1"];

    fn pieces(size: usize) -> Vec<String> {
        let bytes = train(SENTENCES.into_iter(), size).unwrap();
        let reader = Reader::from_bytes("tokenizer.json", &bytes).unwrap();
        reader.tokens(&(0..reader.vocab_size() as u32).collect::<Vec<_>>())
    }

    #[test]
    fn the_most_frequent_pair_becomes_a_piece() {
        // Words: hug 3, hugs 1, pug 2, bug 1, "," 1, "1" 1. Characters: b g h p s u and 1 both
        // ways, the comma one way: 15, with 5 special tokens 20.
        // Pairs: ##u##g 7, then h##ug 4 (3 + 1), p##ug 2; b##ug and hug##s occur once only.
        let all = pieces(100);
        assert_eq!(all[..5], SPECIAL.map(str::to_string));
        assert_eq!(all[20..], ["##ug", "hug", "pug"]);
        assert_eq!(pieces(21)[20..], ["##ug"]);
    }

    #[test]
    fn ties_go_by_the_alphabet() {
        // cd and ab occur twice each: ab first.
        let bytes = train(["cd ab cd ab"].into_iter(), 5 + 8 + 1).unwrap();
        let reader = Reader::from_bytes("tokenizer.json", &bytes).unwrap();
        assert_eq!(reader.tokens(&[13]), ["ab"]);
    }

    #[test]
    fn the_same_sentences_give_the_same_bytes() {
        let once = train(SENTENCES.into_iter(), 30).unwrap();
        assert_eq!(once, train(SENTENCES.into_iter(), 30).unwrap());
        assert_eq!(once, train(SENTENCES.into_iter().rev(), 30).unwrap());
    }

    #[test]
    fn what_was_trained_encodes() {
        let bytes = train(SENTENCES.into_iter(), 100).unwrap();
        let reader = Reader::from_bytes("tokenizer.json", &bytes).unwrap();
        let encoded = reader.encode("HUGS, puck", Some("bug"), 32).unwrap();
        assert_eq!(reader.tokens(&encoded.ids), ["[CLS]", "hug", "##s", ",", "[UNK]", "[SEP]", "b", "##ug", "[SEP]"]);
        assert_eq!(encoded.types, [0, 0, 0, 0, 0, 0, 1, 1, 1]);
    }

    #[test]
    fn impossible_vocabularies_are_refused() {
        assert_eq!(
            train(SENTENCES.into_iter(), 19).unwrap_err().to_string(),
            "vocabulary: wanted room for 20 pieces: the special tokens and every character, found a size of 19"
        );
        assert_eq!(
            train([" "].into_iter(), 99).unwrap_err().to_string(),
            "vocabulary: wanted sentences with words, found none"
        );
    }
}
