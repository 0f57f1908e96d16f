//! The `tokenizer.json` that a GGUF file's vocabulary once was.
//!
//! Byte-level BPE only. The file names how text is split before pieces are merged, and these are the
//! descriptions that Hugging Face has of those names.

use serde_json::{Map, Value, json};

use super::file::File;
use crate::{Error, Result};

/// How Llama 3 splits text.
const LLAMA_3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// Kinds of tokens: one that is no text, and one that is matched before anything else.
const CONTROL: u64 = 3;
const USER_DEFINED: u64 = 4;

/// The tokenizer of a file's metadata.
///
/// # Errors
/// [`Error::Input`] when there is none, or none that is byte-level BPE split in a known way.
pub(super) fn json(file: &File) -> Result<Vec<u8>> {
    let model = file.needed("tokenizer.ggml.model", file.text("tokenizer.ggml.model")?)?;
    if model != "gpt2" {
        let wanted = "a byte-level vocabulary (`gpt2`)";
        return Err(Error::input(file.place("tokenizer.ggml.model"), wanted, format!("`{model}`")));
    }
    let tokens = texts(file, "tokenizer.ggml.tokens")?;
    let split = file.needed("tokenizer.ggml.pre", file.text("tokenizer.ggml.pre")?)?;
    let pre_tokenizer = match split {
        "gpt-2" => byte_level(true),
        "smollm" | "starcoder" | "refact" | "codeshell" => {
            sequence(json!({ "type": "Digits", "individual_digits": true }), byte_level(true))
        }
        "llama-bpe" | "llama3" | "llama-v3" => {
            let split =
                json!({ "type": "Split", "pattern": { "Regex": LLAMA_3 }, "behavior": "Isolated", "invert": false });
            sequence(split, byte_level(false))
        }
        other => {
            let wanted = "`gpt-2`, `smollm`, `starcoder`, `refact`, `codeshell` or `llama-bpe`";
            return Err(Error::input(file.place("tokenizer.ggml.pre"), wanted, format!("`{other}`")));
        }
    };
    let whole_words = split.starts_with("llama");
    let vocabulary: Map<String, Value> =
        tokens.iter().enumerate().map(|(id, &token)| (token.to_owned(), id.into())).collect();
    if vocabulary.len() != tokens.len() {
        let found = format!("{} of {}", vocabulary.len(), tokens.len());
        return Err(Error::input(file.place("tokenizer.ggml.tokens"), "tokens that differ", found));
    }
    let merges = texts(file, "tokenizer.ggml.merges")?.into_iter().map(|merge| {
        let pair = merge.split_once(' ').filter(|(left, right)| !left.is_empty() && !right.contains(' '));
        let (left, right) = pair.ok_or_else(|| {
            Error::input(file.place("tokenizer.ggml.merges"), "two tokens with a blank between", format!("{merge:?}"))
        })?;
        Ok(json!([left, right]))
    });
    let described = json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": added(file, &tokens)?,
        "normalizer": null,
        "pre_tokenizer": pre_tokenizer,
        "post_processor": around(file, &tokens, whole_words)?,
        "decoder": { "type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true },
        "model": {
            "type": "BPE",
            "dropout": null,
            "unk_token": null,
            "continuing_subword_prefix": null,
            "end_of_word_suffix": null,
            "fuse_unk": false,
            "byte_fallback": false,
            "ignore_merges": whole_words,
            "vocab": vocabulary,
            "merges": merges.collect::<Result<Vec<_>>>()?,
        },
    });
    serde_json::to_vec(&described).map_err(|error| Error::storage("tokenizer.json", error))
}

/// A list of words that must be there.
fn texts<'a>(file: &'a File, key: &str) -> Result<Vec<&'a str>> {
    let list = file.needed(key, file.list(key)?)?;
    let word = |value: &'a Value| {
        value.as_str().ok_or_else(|| Error::input(file.place(key), "a list of words", value.to_string()))
    };
    list.iter().map(word).collect()
}

fn byte_level(use_regex: bool) -> Value {
    json!({ "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": use_regex })
}

fn sequence(first: Value, then: Value) -> Value {
    json!({ "type": "Sequence", "pretokenizers": [first, then] })
}

/// The tokens that are found in a text before it is split.
fn added(file: &File, tokens: &[&str]) -> Result<Vec<Value>> {
    let key = "tokenizer.ggml.token_type";
    let Some(kinds) = file.list(key)? else { return Ok(vec![]) };
    if kinds.len() != tokens.len() {
        let found = format!("{} for {} tokens", kinds.len(), tokens.len());
        return Err(Error::input(file.place(key), "a kind for every token", found));
    }
    let token = |(id, kind): (usize, &Value)| {
        let kind = kind.as_u64().filter(|kind| [CONTROL, USER_DEFINED].contains(kind))?;
        Some(json!({
            "id": id,
            "content": tokens[id],
            "single_word": false,
            "lstrip": false,
            "rstrip": false,
            "normalized": false,
            "special": kind == CONTROL,
        }))
    };
    Ok(kinds.iter().enumerate().filter_map(token).collect())
}

/// What is put around a text, where the file asks for it. Llama 3 begins every text unless told not to.
fn around(file: &File, tokens: &[&str], begins: bool) -> Result<Value> {
    let token = |add: &str, default: bool, key: &str| -> Result<Option<(&str, usize)>> {
        if !file.flag(add)?.unwrap_or(default) {
            return Ok(None);
        }
        let id = file.size(key)?;
        let known = id.and_then(|id| Some((*tokens.get(id)?, id)));
        known.map(Some).ok_or_else(|| Error::input(file.place(key), "a token's id", format!("{id:?}")))
    };
    let before = token("tokenizer.ggml.add_bos_token", begins, "tokenizer.ggml.bos_token_id")?;
    let after = token("tokenizer.ggml.add_eos_token", false, "tokenizer.ggml.eos_token_id")?;
    if before.is_none() && after.is_none() {
        return Ok(Value::Null);
    }
    let one = |sentence: &str, kind: u8| {
        let special = |token: Option<(&str, usize)>| {
            token.map(|(name, _)| json!({ "SpecialToken": { "id": name, "type_id": kind } }))
        };
        let text = json!({ "Sequence": { "id": sentence, "type_id": kind } });
        special(before).into_iter().chain([text]).chain(special(after)).collect::<Vec<_>>()
    };
    let special: Map<String, Value> = before
        .into_iter()
        .chain(after)
        .map(|(name, id)| (name.to_owned(), json!({ "id": name, "ids": [id], "tokens": [name] })))
        .collect();
    let pair: Vec<Value> = one("A", 0).into_iter().chain(one("B", 1)).collect();
    Ok(json!({ "type": "TemplateProcessing", "single": one("A", 0), "pair": pair, "special_tokens": special }))
}
