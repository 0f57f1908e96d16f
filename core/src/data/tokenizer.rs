//! Text to token ids, by a Hugging Face `tokenizer.json` (WordPiece, BPE, …).
//!
//! Padding and truncation that the file may ask for are switched off: batches pad themselves, and
//! a sequence is cut to the run's length here.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};
use tokenizers::Encoding;
use tokenizers::tokenizer::{
    PaddingParams, PostProcessor, Token, TruncationDirection, TruncationParams, TruncationStrategy, truncate_encodings,
};

use crate::{Error, Result};

mod text;

pub use text::Shown;

/// What stands for a word that is to be guessed.
const MASK_NAMES: [&str; 2] = ["[MASK]", "<mask>"];
/// What padding is called where the file's own `padding` does not say.
const PAD_NAMES: [&str; 5] = ["[PAD]", "<pad>", "<|pad|>", "<|padding|>", "<|finetune_right_pad_id|>"];
/// What ends a text, the usual names in the order they are looked for.
const END_NAMES: [&str; 9] = [
    "<|endoftext|>",
    "</s>",
    "<eos>",
    "<|end_of_text|>",
    "<|im_end|>",
    "[EOS]",
    "<｜end▁of▁sentence｜>",
    "<sep>",
    "[SEP]",
];

/// A tokenizer, as its file describes it.
#[derive(Debug, Clone)]
pub struct Tokenizer {
    at: String,
    inner: tokenizers::Tokenizer,
    json: Vec<u8>,
    /// One more than the largest id.
    vocab_size: usize,
    pad_id: u32,
    end_id: Option<u32>,
    unknown: Option<u32>,
}

/// One sentence, or pair of sentences, as the model reads it; special tokens included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// Token ids.
    pub ids: Vec<u32>,
    /// For every token, 0 in the first sentence and 1 in the second.
    pub types: Vec<u32>,
    /// Tokens that did not fit and were cut off.
    pub cut: usize,
}

impl Tokenizer {
    /// Reads a `tokenizer.json`; `at` is how errors call it. Where no token is for padding, the one that
    /// ends a text pads, as is usual for GPT-2: what is padded is never read.
    ///
    /// # Errors
    /// When the bytes are not a tokenizer, or no token of it can pad.
    pub fn from_bytes(at: &str, bytes: &[u8]) -> Result<Self> {
        let wanted = "a tokenizer.json";
        let text = std::str::from_utf8(bytes)
            .map_err(|error| Error::input(at, wanted, format!("bytes that are not UTF-8 ({error})")))?;
        let value: serde_json::Value = serde_json::from_str(text)
            .map_err(|error| Error::input(at, wanted, format!("something that is not JSON ({error})")))?;
        if value.get("model").is_none_or(|model| !model.is_object()) {
            return Err(Error::input(at, wanted, "JSON without a \"model\""));
        }
        let mut inner = tokenizers::Tokenizer::from_bytes(bytes)
            .map_err(|error| Error::input(at, wanted, format!("one that cannot be read ({error})")))?;
        let ids = inner.get_vocab(true);
        let vocab_size = ids.values().max().map_or(0, |&id| id as usize + 1);
        let padding = inner.get_padding().map(|PaddingParams { pad_token, .. }| pad_token.clone());
        let id = |name: &str| ids.get(name).copied();
        let end_id = END_NAMES.into_iter().find_map(id);
        let pad_id = padding.iter().map(String::as_str).chain(PAD_NAMES).find_map(id).or(end_id);
        let Some(pad_id) = pad_id else {
            let wanted = "a token that pads or ends a text ([PAD], <pad>, <|endoftext|>, </s>, …)";
            return Err(Error::input(at, wanted, "none"));
        };
        let unknown = value["model"]["unk_token"].as_str().and_then(id);
        inner.with_padding(None);
        inner
            .with_truncation(None)
            .map_err(|error| Error::input(at, wanted, format!("one that cannot be read ({error})")))?;
        Ok(Self { at: at.into(), inner, json: bytes.to_vec(), vocab_size, pad_id, end_id, unknown })
    }

    /// One more than the largest token id: the least `vocab_size` a model may have.
    pub fn vocab_size(&self) -> usize {
        self.vocab_size
    }

    /// The id that fills a batch.
    pub fn pad_id(&self) -> u32 {
        self.pad_id
    }

    /// The id that ends a text, where the vocabulary has one by a usual name: `<|endoftext|>`, `</s>`,
    /// `<eos>`, `<|end_of_text|>`, `<|im_end|>`, `[SEP]`, …
    pub fn end_id(&self) -> Option<u32> {
        self.end_id
    }

    /// The id of what the vocabulary cannot spell, where it has one.
    pub fn unknown_id(&self) -> Option<u32> {
        self.unknown
    }

    /// The id that stands for a word to be guessed, where the vocabulary has one.
    pub fn mask_id(&self) -> Option<u32> {
        MASK_NAMES.iter().find_map(|name| self.inner.token_to_id(name))
    }

    /// The ids that are no text: padding, beginnings, ends, masks.
    pub fn special_ids(&self) -> BTreeSet<u32> {
        let added = self.inner.get_added_tokens_decoder();
        added.iter().filter(|(_, token)| token.special).map(|(&id, _)| id).chain([self.pad_id]).collect()
    }

    /// The bytes the tokenizer was read from.
    pub fn json(&self) -> &[u8] {
        &self.json
    }

    /// SHA-256 of its file, in hexadecimal.
    pub fn hash(&self) -> String {
        Sha256::digest(&self.json).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Checks that every token has a row in the embedding of the model `at`.
    ///
    /// # Errors
    /// When an id is `vocab_size` or more.
    pub fn fits(&self, vocab_size: usize, at: &str) -> Result<()> {
        if self.vocab_size <= vocab_size {
            return Ok(());
        }
        let largest = self.vocab_size - 1;
        Err(Error::input(
            &self.at,
            format!("token ids below {vocab_size}, the vocab_size of {at}"),
            format!("ids up to {largest}"),
        ))
    }

    /// Encodes a sentence or a pair, at most `max_length` tokens in all. Of a pair, the longer
    /// sentence is cut first; cutting takes from the end and leaves the special tokens.
    ///
    /// # Errors
    /// When `max_length` leaves no room for text, or the text comes out as no token at all.
    pub fn encode(&self, text: &str, pair: Option<&str>, max_length: usize) -> Result<Encoded> {
        let special = self.inner.get_post_processor().map_or(0, |processor| processor.added_tokens(pair.is_some()));
        let least = special + 1 + usize::from(pair.is_some());
        if max_length < least {
            return Err(Error::input("data.max_length", format!("at least {least}"), max_length.to_string()));
        }
        let first = self.pieces(text)?;
        let second = pair.map(|pair| self.pieces(pair)).transpose()?;
        let before = first.len() + second.as_ref().map_or(0, Encoding::len) + special;
        let cut = TruncationParams {
            max_length: max_length - special,
            strategy: TruncationStrategy::LongestFirst,
            direction: TruncationDirection::Right,
            stride: 0,
        };
        let (first, mut second) = truncate_encodings(first, second, &cut).map_err(|error| self.failed(text, &error))?;
        if let Some(second) = &mut second {
            second.set_type_ids(vec![1; second.len()]);
        }
        let whole = self.inner.post_process(first, second, true).map_err(|error| self.failed(text, &error))?;
        if whole.is_empty() {
            return Err(Error::input(&self.at, "at least one token for every sentence", format!("none for {text:?}")));
        }
        Ok(Encoded {
            ids: whole.get_ids().to_vec(),
            types: whole.get_type_ids().to_vec(),
            cut: before.saturating_sub(whole.len()),
        })
    }

    /// The ids that stand before and after every text.
    ///
    /// # Errors
    /// When the file's own rule for them cannot be followed.
    pub fn frame(&self) -> Result<(Vec<u32>, Vec<u32>)> {
        let text = Encoding::from_tokens(vec![Token::new(u32::MAX, String::new(), (0, 0))], 0);
        let framed = self.inner.post_process(text, None, true).map_err(|error| self.failed("", &error))?;
        let ids = framed.get_ids();
        let at = ids.iter().position(|&id| id == u32::MAX).unwrap_or(0);
        Ok((ids[..at].to_vec(), ids[at + 1..].to_vec()))
    }

    /// The tokens of these ids as text; `?` for an id the vocabulary does not have.
    pub fn tokens(&self, ids: &[u32]) -> Vec<String> {
        ids.iter().map(|&id| self.inner.id_to_token(id).unwrap_or_else(|| "?".into())).collect()
    }

    /// The tokens of one sentence, without special ones.
    fn pieces(&self, text: &str) -> Result<Encoding> {
        self.inner.encode_fast(text, false).map_err(|error| self.failed(text, &error))
    }

    fn failed(&self, text: &str, error: &tokenizers::Error) -> Error {
        Error::input(&self.at, "a tokenizer that can encode every sentence", format!("{text:?}: {error}"))
    }
}

#[cfg(test)]
pub(super) mod fixture {
    /// WordPiece with padding and truncation baked in, as files of sentence encoders have them.
    pub const WORDPIECE: &str = r###"{
        "version": "1.0",
        "truncation": {"max_length": 4, "strategy": "LongestFirst", "stride": 0},
        "padding": {"strategy": {"Fixed": 12}, "direction": "Right", "pad_to_multiple_of": null,
                    "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]"},
        "added_tokens": [
            {"id": 0, "special": true, "content": "[PAD]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false},
            {"id": 2, "special": true, "content": "[CLS]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false},
            {"id": 3, "special": true, "content": "[SEP]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false}],
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
                  "vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "good": 4, "film": 5, "##s": 6, ".": 7}}
    }"###;
}

#[cfg(test)]
mod tests {
    use super::fixture::WORDPIECE;
    use super::*;

    /// Byte-pair merges without post-processor: lo + w, then low + er, by rank.
    const BPE: &str = r#"{
        "version": "1.0", "truncation": null, "padding": null,
        "added_tokens": [{"id": 9, "special": true, "content": "<pad>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false}],
        "normalizer": null, "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null, "decoder": null,
        "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null, "end_of_word_suffix": null,
                  "fuse_unk": false, "vocab": {"l": 0, "o": 1, "w": 2, "e": 3, "r": 4, "lo": 5, "low": 6, "er": 7, "lower": 8},
                  "merges": ["l o", "lo w", "e r", "low er"]}
    }"#;

    fn encode(json: &str, text: &str, pair: Option<&str>, max_length: usize) -> (Vec<u32>, Vec<u32>, usize) {
        let tokenizer = Tokenizer::from_bytes("tokenizer.json", json.as_bytes()).unwrap();
        let encoded = tokenizer.encode(text, pair, max_length).unwrap();
        (encoded.ids, encoded.types, encoded.cut)
    }

    fn refused(json: &str) -> String {
        Tokenizer::from_bytes("tokenizer.json", json.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn wordpiece_without_the_padding_and_truncation_of_the_file() {
        // [CLS] good film ##s . [SEP]: six tokens, where the file would cut at 4 and pad to 12.
        assert_eq!(encode(WORDPIECE, "Good FILMS.", None, 64), (vec![2, 4, 5, 6, 7, 3], vec![0; 6], 0));
        assert_eq!(encode(WORDPIECE, "bad film", None, 64).0, [2, 1, 5, 3]);
        assert_eq!(encode(WORDPIECE, "", None, 64).0, [2, 3]);
        let tokenizer = Tokenizer::from_bytes("t", WORDPIECE.as_bytes()).unwrap();
        assert_eq!((tokenizer.vocab_size(), tokenizer.pad_id(), tokenizer.unknown_id()), (8, 0, Some(1)));
        assert_eq!(tokenizer.tokens(&[2, 5, 6, 99]), ["[CLS]", "film", "##s", "?"]);
        assert_eq!(tokenizer.json(), WORDPIECE.as_bytes());
    }

    #[test]
    fn bpe_merges_by_rank() {
        assert_eq!(encode(BPE, "lower low er lo", None, 64).0, [8, 6, 7, 5]);
        assert_eq!(encode(BPE, "low", Some("lower er"), 64), (vec![6, 8, 7], vec![0, 1, 1], 0));
    }

    #[test]
    fn a_pair_loses_from_its_longer_sentence_first() {
        let whole = encode(WORDPIECE, "good . . . .", Some("film film"), 64);
        assert_eq!(whole, (vec![2, 4, 7, 7, 7, 7, 3, 5, 5, 3], vec![0, 0, 0, 0, 0, 0, 0, 1, 1, 1], 0));
        // 7 - 3 special tokens leave 4: the first sentence drops from 5 to 2.
        let cut = encode(WORDPIECE, "good . . . .", Some("film film"), 7);
        assert_eq!(cut, (vec![2, 4, 7, 3, 5, 5, 3], vec![0, 0, 0, 0, 1, 1, 1], 3));
        assert_eq!(encode(WORDPIECE, "good film films", None, 4), (vec![2, 4, 5, 3], vec![0; 4], 2));
    }

    #[test]
    fn what_is_no_tokenizer_says_so() {
        assert_eq!(
            refused("vocab"),
            "tokenizer.json: wanted a tokenizer.json, found something that is not JSON (expected value at line 1 column 1)"
        );
        assert_eq!(refused("{}"), "tokenizer.json: wanted a tokenizer.json, found JSON without a \"model\"");
        let odd = refused(r#"{"model": {"type": "Abacus"}}"#);
        assert!(odd.starts_with("tokenizer.json: wanted a tokenizer.json, found one that cannot be read ("), "{odd}");
        let bytes = Tokenizer::from_bytes("tokenizer.json", &[0xff, 0xfe]).unwrap_err().to_string();
        assert!(
            bytes.starts_with("tokenizer.json: wanted a tokenizer.json, found bytes that are not UTF-8 ("),
            "{bytes}"
        );
        assert_eq!(
            refused(&BPE.replace("<pad>", "<stop>")),
            "tokenizer.json: wanted a token that pads or ends a text ([PAD], <pad>, <|endoftext|>, </s>, …), found none"
        );
    }

    #[test]
    fn a_vocabulary_must_fit_the_model() {
        let tokenizer = Tokenizer::from_bytes("tokenizer.json", WORDPIECE.as_bytes()).unwrap();
        assert!(tokenizer.fits(8, "the teacher").is_ok());
        assert_eq!(
            tokenizer.fits(7, "the teacher").unwrap_err().to_string(),
            "tokenizer.json: wanted token ids below 7, the vocab_size of the teacher, found ids up to 7"
        );
    }

    #[test]
    fn a_length_without_room_for_text_is_refused() {
        let tokenizer = Tokenizer::from_bytes("tokenizer.json", WORDPIECE.as_bytes()).unwrap();
        let refused = |pair, length| tokenizer.encode("good", pair, length).unwrap_err().to_string();
        assert_eq!(refused(None, 2), "data.max_length: wanted at least 3, found 2");
        assert_eq!(refused(Some("film"), 4), "data.max_length: wanted at least 5, found 4");
    }

    #[test]
    fn a_sentence_without_any_token_is_refused() {
        let tokenizer = Tokenizer::from_bytes("tokenizer.json", BPE.as_bytes()).unwrap();
        assert_eq!(
            tokenizer.encode(" ", None, 8).unwrap_err().to_string(),
            "tokenizer.json: wanted at least one token for every sentence, found none for \" \""
        );
    }
}
