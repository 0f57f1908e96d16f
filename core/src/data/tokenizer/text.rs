//! Plain text to ids and back, without special tokens.

use super::Tokenizer;
use crate::Result;

/// What a decoder writes for bytes that are no character, or not yet a whole one.
const BROKEN: char = char::REPLACEMENT_CHARACTER;

impl Tokenizer {
    /// The ids of a text as it stands: nothing is put around it and nothing is cut. So a corpus is packed,
    /// and a prompt written. A special token that the text spells, such as `<|endoftext|>`, is that token.
    ///
    /// # Errors
    /// When the vocabulary cannot encode the text.
    pub fn raw(&self, text: &str) -> Result<Vec<u32>> {
        Ok(self.pieces(text)?.get_ids().to_vec())
    }

    /// The ids of a text that a model is to go on with: what the file puts before every text (Llama's `<s>`),
    /// then the text as it stands. An empty text begins where another one ended.
    ///
    /// # Errors
    /// When the vocabulary cannot encode the text.
    pub fn prompt(&self, text: &str) -> Result<Vec<u32>> {
        let pieces = self.pieces(text)?;
        let ids = pieces.get_ids().to_vec();
        let whole = self.inner.post_process(pieces, None, true).map_err(|error| self.failed(text, &error))?;
        let added = whole.get_special_tokens_mask().iter().take_while(|&&added| added == 1).count();
        // Of an empty text, what is put after it is not told from what is put before.
        let before = if ids.is_empty() { added.min(1) } else { added };
        let prompt = [&whole.get_ids()[..before], &ids].concat();
        Ok(if prompt.is_empty() { self.end_id.into_iter().collect() } else { prompt })
    }

    /// The text of these ids, by the decoder of the file. Special tokens, and ids that the vocabulary does
    /// not have, are left out.
    pub fn decode(&self, ids: &[u32]) -> String {
        // Only a decoder that replaces by a pattern can fail, and then on every text.
        self.inner.decode(ids, true).unwrap_or_else(|_| self.tokens(ids).concat())
    }

    /// The text token by token: what each one adds, nothing for those that are left out. Together they are
    /// [`Tokenizer::decode`] of the ids. Of a character that several tokens spell, the last shows it.
    pub fn shown(&self, ids: &[u32]) -> Vec<String> {
        let mut shown = Shown::new(self);
        let mut pieces: Vec<String> = ids.iter().map(|&id| shown.next(id)).collect();
        if let Some(last) = pieces.last_mut() {
            last.push_str(&shown.rest());
        }
        pieces
    }
}

/// A text that comes token by token, as a model writes it.
///
/// A token's text can depend on the one before it (a decoder may drop the first blank), so what was last
/// shown is decoded once more with what came since.
#[derive(Debug)]
pub struct Shown<'a> {
    tokenizer: &'a Tokenizer,
    /// The tokens last shown, then those not yet shown.
    window: Vec<u32>,
    /// How many of them were shown, and their text.
    before: (usize, String),
}

impl<'a> Shown<'a> {
    /// Nothing yet, of this vocabulary.
    pub fn new(tokenizer: &'a Tokenizer) -> Self {
        Self { tokenizer, window: vec![], before: (0, String::new()) }
    }

    /// What the next token adds; nothing while a character is not whole.
    pub fn next(&mut self, id: u32) -> String {
        let inner = &self.tokenizer.inner;
        // A decoder may treat the first token as one that begins a text, which one left out is not.
        let left_out = |token: String| inner.get_added_vocabulary().is_special_token(&token);
        if inner.id_to_token(id).is_none_or(left_out) {
            return String::new();
        }
        self.window.push(id);
        let text = self.tokenizer.decode(&self.window);
        if text.ends_with(BROKEN) {
            return String::new();
        }
        let piece = self.added(&text);
        self.window.drain(..self.before.0);
        self.before = (self.window.len(), self.tokenizer.decode(&self.window));
        piece
    }

    /// What is left at the end: bytes that never became a character.
    pub fn rest(self) -> String {
        self.added(&self.tokenizer.decode(&self.window))
    }

    /// The text after what was shown. Counted, for a decoder may take back a character that it has shown
    /// when broken bytes follow it.
    fn added(&self, text: &str) -> String {
        text.chars().skip(self.before.1.chars().count()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Trained by Python's `tokenizers`: 256 bytes, 19 merges, `<|endoftext|>`.
    const BYTE_LEVEL: &[u8] = include_bytes!("../../../../tests/tokenizers/byte_level.json");

    /// The first vocabulary of Llama in small: a blank begins a text, unknown characters are bytes.
    const LLAMA: &str = r#"{
        "version": "1.0", "truncation": null, "padding": null,
        "added_tokens": [
            {"id": 0, "special": true, "content": "<unk>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false},
            {"id": 1, "special": true, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false},
            {"id": 2, "special": true, "content": "</s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false}],
        "normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"},
            {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
        "pre_tokenizer": null,
        "post_processor": {"type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}},
        "decoder": {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
            {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
        "model": {"type": "BPE", "dropout": null, "unk_token": "<unk>", "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": true, "byte_fallback": true,
            "vocab": {"<unk>": 0, "<s>": 1, "</s>": 2, "<0xC3>": 3, "<0xA9>": 4, "▁": 5, "a": 6, "b": 7, "▁a": 8, "▁ab": 9},
            "merges": ["▁ a", "▁a b"]}
    }"#;

    fn byte_level() -> Tokenizer {
        Tokenizer::from_bytes("byte_level.json", BYTE_LEVEL).unwrap()
    }

    fn llama() -> Tokenizer {
        Tokenizer::from_bytes("llama.json", LLAMA.as_bytes()).unwrap()
    }

    /// Ids and text of Python's `tokenizers` 0.23.
    #[test]
    fn ids_and_text_are_those_of_the_reference() {
        let tokenizer = byte_level();
        for (text, ids, back) in [
            ("the crab 🦀’s café", &[258, 269, 274, 159, 223, 248, 83, 270][..], "the crab 🦀’s café"),
            ("naïve 12", &[78, 65, 128, 108, 86, 69, 221, 271], "naïve 12"),
            ("\n\n the   café<|endoftext|>🦀", &[199, 199, 260, 221, 221, 270, 0, 268], "\n\n the   café🦀"),
            ("漢字", &[163, 121, 96, 162, 256, 246], "漢字"),
        ] {
            assert_eq!(tokenizer.raw(text).unwrap(), ids, "{text:?}");
            assert_eq!(tokenizer.decode(ids), back);
            assert_eq!(tokenizer.shown(ids).concat(), back);
        }
        assert!(tokenizer.raw("").unwrap().is_empty());
        let tokenizer = llama();
        // With <s> in front where the file's own post-processor runs.
        assert_eq!(tokenizer.encode("ab aéb a", None, 9).unwrap().ids, [1, 9, 8, 3, 4, 7, 8]);
        assert_eq!(tokenizer.raw("ab aéb a").unwrap(), [9, 8, 3, 4, 7, 8]);
        assert_eq!(tokenizer.raw("  a").unwrap(), [5, 5, 8]);
        assert_eq!(tokenizer.decode(&[1, 9, 8, 3, 4, 7, 8]), "ab aéb a");
    }

    #[test]
    fn a_prompt_begins_as_texts_do_and_does_not_end() {
        assert_eq!(llama().prompt("ab a").unwrap(), [1, 9, 8]);
        assert_eq!(llama().prompt("").unwrap(), [1]);
        assert_eq!(byte_level().prompt("the crab").unwrap(), [258, 269]);
        assert_eq!(byte_level().prompt("<|endoftext|>the").unwrap(), [0, 258]);
        assert_eq!(byte_level().prompt("").unwrap(), [0]);
        let wordpiece = Tokenizer::from_bytes("t", super::super::fixture::WORDPIECE.as_bytes()).unwrap();
        // [CLS] good, without [SEP].
        assert_eq!(wordpiece.prompt("good").unwrap(), [2, 4]);
    }

    #[test]
    fn a_text_ends_and_is_padded_with_the_same_token_where_there_is_no_other() {
        for (tokenizer, pad, end) in [(byte_level(), 0, 0), (llama(), 2, 2)] {
            assert_eq!((tokenizer.pad_id(), tokenizer.end_id()), (pad, Some(end)));
        }
        let wordpiece = Tokenizer::from_bytes("t", super::super::fixture::WORDPIECE.as_bytes()).unwrap();
        assert_eq!((wordpiece.pad_id(), wordpiece.end_id()), (0, Some(3)));
    }

    #[test]
    fn each_token_shows_what_it_adds() {
        let tokenizer = byte_level();
        // ’ is three bytes, each a token here; the crab is one token.
        let shown = tokenizer.shown(&[258, 269, 274, 159, 223, 248, 83, 270]);
        assert_eq!(shown, ["the", " crab", " 🦀", "", "", "’", "s", " café"]);
        assert_eq!(tokenizer.shown(&[163, 121, 96, 0, 162, 256, 246]), ["", "", "漢", "", "", "", "字"]);
        // Half a crab, then a word; half a crab, and no more.
        assert_eq!(tokenizer.shown(&[265, 258]), ["", "\u{fffd}the"]);
        assert_eq!(tokenizer.shown(&[258, 265, 9999]), ["the", "", "\u{fffd}"]);
        assert_eq!(tokenizer.decode(&[258, 265, 9999]), "the\u{fffd}");
        assert_eq!(tokenizer.shown(&[]), Vec::<String>::new());
    }

    #[test]
    fn a_blank_that_the_decoder_drops_is_dropped_once() {
        let tokenizer = llama();
        assert_eq!(tokenizer.shown(&[1, 9, 8, 3, 4, 7, 8, 2]), ["", "ab", " a", "", "é", "b", " a", ""]);
        assert_eq!(tokenizer.shown(&[9, 2, 8, 6]), ["ab", "", " a", "a"]);
        assert_eq!(tokenizer.shown(&[5, 5, 8]), ["", " ", " a"]);
    }

    #[test]
    fn words_in_pieces_are_shown_with_their_blanks() {
        let tokenizer = Tokenizer::from_bytes("t", super::super::fixture::WORDPIECE.as_bytes()).unwrap();
        // [CLS] good film ##s . [SEP]
        let ids = [2, 4, 5, 6, 7, 3];
        assert_eq!(tokenizer.shown(&ids), ["", "good", " film", "s", ".", ""]);
        assert_eq!(tokenizer.decode(&ids), "good films.");
        assert_eq!(tokenizer.raw("Good films").unwrap(), [4, 5, 6]);
    }
}
