//! Plain text through the program: vocabularies of it, and how it goes on.

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use crate::program::{Said, path, retort, root, said};
use retort_core::data::Tokenizer;
use serde_json::Value;

/// What there is to learn: lines that share words.
const TEXT: &str =
    "the café on the hill, the café in the town\n\nŁódź and Kraków\n12 crabs, 120 crabs: the crab isn't there\n";

fn tokenizer(path: &Path) -> Tokenizer {
    Tokenizer::from_bytes("tokenizer.json", &fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_vocabulary_of_plain_text() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    fs::create_dir(at.join("data")).unwrap();
    for name in ["all.txt", "data/train.txt"] {
        fs::write(at.join(name), TEXT.repeat(4)).unwrap();
    }
    let byte_level = ["--kind", "byte-level", "--size", "270"];
    let said = retort(at, &[&["vocabulary", "all.txt", "text.json"][..], &byte_level].concat()).fine();
    assert_eq!(said.trim(), "text.json has 270 tokens");
    let ours = tokenizer(&at.join("text.json"));
    assert_eq!((ours.vocab_size(), ours.end_id()), (270, Some(0)));
    assert_eq!(ours.decode(&ours.raw(TEXT).unwrap()), TEXT);
    retort(at, &[&["vocabulary", "data", "data.json"][..], &byte_level].concat()).fine();
    assert_eq!(fs::read(at.join("data.json")).unwrap(), fs::read(at.join("text.json")).unwrap());
    // Sentences serve too, and text serves for pieces of words.
    retort(at, &[&["vocabulary", "builtin:rotten-tomatoes", "films.json"][..], &byte_level].concat()).fine();
    let films = tokenizer(&at.join("films.json"));
    // As Python's `tokenizers` trains on these sentences.
    assert_eq!(films.tokens(&[257, 258, 259, 269]), ["Ġt", "Ġa", "in", "Ġthe"]);
    retort(at, &["vocabulary", "all.txt", "words.json", "--size", "90"]).fine();
    let words = tokenizer(&at.join("words.json"));
    assert_eq!(words.decode(&words.raw("the Café").unwrap()), "the cafe");

    fs::write(at.join("bytes.txt"), [0xff, 0xfe]).unwrap();
    fs::write(at.join("empty.txt"), "").unwrap();
    for (data, arguments, says) in [
        ("none.txt", &[][..], "none.txt"),
        ("all.txt", &["--kind", "byte-level", "--size", "256"], "room for 257 pieces"),
        ("bytes.txt", &[], "bytes.txt:1: wanted UTF-8 text, found the byte 0xff"),
        ("empty.txt", &["--kind", "byte-level"], "empty.txt: wanted text, found none"),
        ("nothing", &[], "nothing: wanted a directory"),
    ] {
        let error = retort(at, &[&["vocabulary", data, "other.json"][..], arguments].concat()).refused(2);
        assert!(error.contains(says), "{error}");
        assert!(!at.join("other.json").exists());
    }
}

/// A Llama of 276 tokens and 32 positions, the prompt of its expected tokens, and what Python's
/// `transformers` adds (`tests/gguf/make.py`): six tokens and the one that ends the text.
const TINY: &str = "tests/gguf/tiny.gguf";
const PROMPT: &str = "the crab 🦀@! thez";
const ADDED: &str = "\u{fffd})E0Td";
const TOKENS: [u32; 7] = [232, 9, 37, 16, 52, 68, 0];

fn generate(arguments: &[&str]) -> Said {
    retort(root(), &[&["generate"][..], arguments, &["--device", "cpu"]].concat())
}

fn json(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

#[test]
fn a_text_goes_on_as_the_reference_says() {
    assert_eq!(generate(&[TINY, PROMPT]).fine(), format!("{PROMPT}{ADDED}\n"));
    let told = json(&generate(&[TINY, PROMPT, "--json"]).fine());
    let answer = &told[0]["models"][0];
    assert_eq!((&told[0]["prompt"], &answer["model"]), (&PROMPT.into(), &TINY.into()));
    assert_eq!((&answer["text"], &answer["stopped"]), (&ADDED.into(), &"end".into()));
    assert_eq!(answer["tokens"], Value::from(TOKENS.to_vec()));
    assert!(answer["tokens_per_sec"].as_f64().is_some_and(|speed| speed > 0.0), "{answer}");
    // Some of it, and until there is no position left: 33 tokens, of which the last is not read.
    let told = json(&generate(&[TINY, PROMPT, "--max-new", "2", "--json"]).fine());
    let answer = &told[0]["models"][0];
    assert_eq!((&answer["tokens"], &answer["stopped"]), (&TOKENS[..2].into(), &"max_new".into()));
    let long = "z".repeat(32);
    let told = json(&generate(&[TINY, &long, "--json"]).fine());
    assert_eq!(told[0]["models"][0]["stopped"], "context");
    assert_eq!(told[0]["models"][0]["tokens"].as_array().unwrap().len(), 1);
    // An empty text begins where another ended.
    assert_eq!(json(&generate(&[TINY, "", "--json"]).fine())[0]["prompt"], "");
}

#[test]
fn two_models_stand_below_a_text() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("model.gguf");
    fs::copy(root().join(TINY), &copy).unwrap();
    let other = folder.path().to_str().unwrap();
    let width = other.chars().count().max(TINY.len());
    let text = generate(&[TINY, PROMPT, "--teacher", other, "--max-new", "6"]).fine();
    let rows = [TINY, other].map(|name| format!("  {name:<width$}  {ADDED}\n"));
    assert_eq!(text, format!("{PROMPT}\n{}", rows.concat()));
    let told = json(&generate(&[TINY, PROMPT, "--teacher", other, "--json"]).fine());
    assert_eq!(told[0]["models"][1]["tokens"], Value::from(TOKENS.to_vec()));
    assert_eq!(told[0]["models"][1]["model"], other);
}

#[test]
fn two_models_look_at_every_token() {
    let told = json(&generate(&[TINY, PROMPT, "--teacher", TINY, "--max-new", "2", "--json", "--look", "3"]).fine());
    let teacher = &told[0]["continuations"][0];
    assert_eq!((&told[0]["text"], &teacher["who"]), (&PROMPT.into(), &"teacher".into()));
    let tokens: Vec<&Value> = ["prompt", "text"].iter().flat_map(|part| teacher[*part].as_array().unwrap()).collect();
    let text: String = tokens.iter().map(|token| token["text"].as_str().unwrap()).collect();
    assert!(text.starts_with(PROMPT), "{text}");
    for token in &tokens[1..] {
        // Two equal models: no distance, the same likeliest three, and perhaps the token itself.
        assert!(token["seen"]["kl"].as_f64().unwrap().abs() < 1e-6, "{token}");
        let likely = token["likely"].as_array().unwrap();
        assert!((3..=4).contains(&likely.len()), "{token}");
        assert_eq!(likely.iter().filter(|word| word["target"] == true).count(), 1, "{token}");
    }
    let refused = generate(&[TINY, PROMPT, "--look", "3"]);
    assert_eq!(refused.code, 2, "{}", refused.err);
}

#[test]
fn lines_of_standard_input_go_on() {
    let mut child = Command::new(path())
        .current_dir(root())
        .args(["generate", TINY, "--device", "cpu", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(format!("{PROMPT}\n\nthe café\n").as_bytes()).unwrap();
    let told = json(&said(&child.wait_with_output().unwrap()).fine());
    assert_eq!(told.iter().map(|line| line["prompt"].as_str().unwrap()).collect::<Vec<_>>(), [PROMPT, "the café"]);
    assert_eq!(told[0]["models"][0]["tokens"], Value::from(TOKENS.to_vec()));
    // As an argument, and beside another text.
    let named = json(&generate(&[TINY, PROMPT, "the café", "--json"]).fine());
    assert_eq!(named[1]["models"][0]["tokens"], told[1]["models"][0]["tokens"]);
}

#[test]
fn draws_depend_on_the_seed_alone() {
    let drawn = |seed: &str, more: &[&str]| {
        let drawn = ["--temperature", "1.5", "--seed", seed, "--json", "--max-new", "12"];
        let told = json(&generate(&[&[TINY, PROMPT][..], &drawn, more].concat()).fine());
        told[0]["models"][0]["tokens"].clone()
    };
    assert_eq!(drawn("1", &[]), drawn("1", &[]));
    assert_ne!(drawn("1", &[]), drawn("2", &[]));
    // Of one token there is nothing to draw.
    for one in [["--top-k", "1"], ["--top-p", "0.000001"]] {
        assert_eq!(drawn("1", &one), Value::from(TOKENS.to_vec()));
    }
}

#[test]
fn what_cannot_go_on_is_refused_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    // A GPT-2 of 145 tokens, with a vocabulary of its own.
    let gpt2 = at.join("gpt2");
    fs::create_dir(&gpt2).unwrap();
    for name in ["config.json", "model.safetensors"] {
        fs::copy(root().join("tests/conformance/checkpoints/gpt2").join(name), gpt2.join(name)).unwrap();
    }
    let gpt2 = gpt2.to_str().unwrap();
    let error = generate(&[gpt2, "the"]).refused(2);
    assert!(error.contains("gpt2: wanted a tokenizer.json beside the weights, found none"), "{error}");
    fs::write(at.join("all.txt"), TEXT.repeat(4)).unwrap();
    retort(at, &["vocabulary", "all.txt", "gpt2/tokenizer.json", "--size", "90"]).fine();
    assert!(generate(&[gpt2, "the", "--max-new", "3"]).fine().starts_with("the"));

    let long = "crab 🦀".repeat(20);
    for (arguments, says) in [
        (&[TINY, "the", "--teacher", gpt2][..], "wanted the vocabulary of tests/gguf/tiny.gguf, found one of "),
        (&[TINY, "the", &long], "wanted at most 32 tokens, the context of tests/gguf/tiny.gguf, found 80"),
        (&["builtin:rotten-tomatoes", "a"], "wanted a language model that reads from left to right, found `BertFor"),
        (&["none.gguf", "a"], "none.gguf: wanted a readable file"),
        (&[TINY, "a", "--temperature=-1"], "generate.temperature: wanted 0 or more, found -1"),
        (&[TINY, "a", "--top-p", "0"], "generate.top_p: wanted a share above 0, at most 1, found 0"),
    ] {
        let error = generate(arguments).refused(2);
        assert!(error.contains(says), "{error}");
    }
    let error = retort(root(), &["predict", TINY, "a"]).refused(2);
    assert!(error.contains("wanted a classifier, found `LlamaForCausalLM`"), "{error}");
}
