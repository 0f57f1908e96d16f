//! A byte-level BPE vocabulary from text.
//!
//! Text is split as GPT-2 splits it, every byte is a piece, and the pair that stands side by side most
//! often becomes one (Radford et al. 2019, "Language Models are Unsupervised Multitask Learners", section
//! 2.2). Ties go to the pair whose pieces are older, so the same text gives the same bytes; they are those
//! that Python's `tokenizers` trains.

use tokenizers::Tokenizer;
use tokenizers::models::TrainerWrapper;
use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::tokenizer::AddedToken;

use crate::{Error, Result};

/// Ends a text, and pads. Its id is 0.
const END: &str = "<|endoftext|>";

/// The pieces there always are: [`END`] and the bytes.
const LEAST: usize = 1 + 256;

/// A `tokenizer.json` with byte-level BPE of at most `size` tokens: `<|endoftext|>`, the 256 bytes, and
/// pairs that occur at least twice.
///
/// # Errors
/// [`Error::Input`] when there is no text, or `size` has no room for the bytes.
pub fn train_byte_level<'a>(texts: impl Iterator<Item = &'a str> + Send, size: usize) -> Result<Vec<u8>> {
    if size < LEAST {
        let wanted = format!("room for {LEAST} pieces: {END} and every byte");
        return Err(Error::input("vocabulary", wanted, format!("a size of {size}")));
    }
    let mut passages = texts.flat_map(|text| text.split(END)).flat_map(passages).peekable();
    if passages.peek().is_none() {
        return Err(Error::input("vocabulary", "text", "none"));
    }
    learn(passages, size)
        .map_err(|error| Error::input("vocabulary", "a tokenizer that can be trained and written", error.to_string()))
}

fn learn<'a>(passages: impl Iterator<Item = &'a str> + Send, size: usize) -> tokenizers::Result<Vec<u8>> {
    let split = ByteLevel::new(false, true, true);
    let mut tokenizer = Tokenizer::new(BPE::default());
    tokenizer.with_pre_tokenizer(Some(split));
    tokenizer.with_post_processor(Some(ByteLevel::new(true, false, true)));
    tokenizer.with_decoder(Some(ByteLevel::new(true, true, true)));
    let trainer = BpeTrainer::builder()
        .vocab_size(size)
        .min_frequency(2)
        .special_tokens(vec![AddedToken::from(END, true)])
        .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
        .show_progress(false)
        .build();
    tokenizer.train(&mut TrainerWrapper::from(trainer), passages)?;
    Ok(tokenizer.to_string(false)?.into_bytes())
}

/// A text in pieces that can be read one by one. The cuts are before an end of line that follows a word:
/// there GPT-2's pattern starts anew, whatever comes, so the words are those of the whole text.
fn passages(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let mut breaks = rest.match_indices(['\n', '\r']).map(|(at, _)| at);
        let after_word = |&at: &usize| rest[..at].chars().next_back().is_some_and(|before| !before.is_whitespace());
        let (passage, next) = rest.split_at(breaks.find(after_word).unwrap_or(rest.len()));
        rest = next;
        (!passage.is_empty()).then_some(passage)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Tokenizer as Reader;

    /// As in the script that made the file.
    const LINES: [&str; 3] = [
        "the café on the hill, the café in the town",
        "Łódź and Kraków: the naïve café’s menu 🦀🦀",
        "12 crabs, 120 crabs: the crab 🦀 isn't there",
    ];

    /// What Python's `tokenizers` trained on these lines.
    const REFERENCE: &[u8] = include_bytes!("../../../../tests/tokenizers/byte_level.json");

    fn refused(texts: &[&str], size: usize) -> String {
        train_byte_level(texts.iter().copied(), size).unwrap_err().to_string()
    }

    #[test]
    fn the_vocabulary_is_that_of_the_reference() {
        let ours = train_byte_level(LINES.into_iter(), 300).unwrap();
        let json = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).unwrap();
        let (ours, theirs) = (json(&ours), json(REFERENCE));
        for key in ["added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder", "model"] {
            assert_eq!(ours[key], theirs[key], "{key}");
        }
    }

    #[test]
    fn the_most_frequent_pair_becomes_a_piece_and_the_first_token_ends_and_pads() {
        // a + b 3 times; then blank + ab and ab + c twice each, the former with the older piece; then
        // blank ab + c twice, and what is left once only.
        let bytes = train_byte_level(["ab abc abcd"].into_iter(), 999).unwrap();
        let reader = Reader::from_bytes("t", &bytes).unwrap();
        assert_eq!((reader.pad_id(), reader.end_id()), (0, Some(0)));
        assert_eq!(reader.tokens(&[0, 257, 258, 259]), ["<|endoftext|>", "ab", "Ġab", "Ġabc"]);
        assert_eq!(reader.vocab_size(), 260);
        // Bytes begin with ! as 1, so that c is 67.
        assert_eq!(reader.raw("abc abc<|endoftext|>").unwrap(), [257, 67, 259, 0]);
        let smallest = Reader::from_bytes("t", &train_byte_level(LINES.into_iter(), 257).unwrap()).unwrap();
        assert_eq!(smallest.vocab_size(), 257);
        assert_eq!(smallest.decode(&smallest.raw(LINES[1]).unwrap()), LINES[1]);
    }

    #[test]
    fn the_same_text_gives_the_same_bytes_however_it_is_cut() {
        let once = train_byte_level(LINES.into_iter(), 280).unwrap();
        assert_eq!(train_byte_level(LINES.into_iter().rev(), 280).unwrap(), once);
        assert_eq!(train_byte_level([LINES.join("<|endoftext|>").as_str()].into_iter(), 280).unwrap(), once);
    }

    #[test]
    fn a_text_is_cut_where_no_word_is() {
        let text = "\n\none\ntwo \n\n three\r\n\r\nfour\n";
        let cut: Vec<&str> = passages(text).collect();
        assert_eq!(cut, ["\n\none", "\ntwo \n\n three", "\r\n\r\nfour", "\n"]);
        let words = |text: &str| {
            use tokenizers::tokenizer::{OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer};
            let mut split = PreTokenizedString::from(text);
            ByteLevel::new(false, false, true).pre_tokenize(&mut split).unwrap();
            let words = split.get_splits(OffsetReferential::Original, OffsetType::None);
            words.into_iter().map(|(word, ..)| word.to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(cut.into_iter().flat_map(words).collect::<Vec<_>>(), words(text));
    }

    #[test]
    fn impossible_vocabularies_are_refused() {
        assert_eq!(
            refused(&LINES, 256),
            "vocabulary: wanted room for 257 pieces: <|endoftext|> and every byte, found a size of 256"
        );
        assert_eq!(refused(&["", "<|endoftext|>"], 300), "vocabulary: wanted text, found none");
    }
}
