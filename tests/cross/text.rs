//! Plain text through the program: vocabularies of it.

use std::{fs, path::Path};

use crate::program::retort;
use retort_core::data::Tokenizer;

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
        fs::write(at.join(name), TEXT).unwrap();
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
        ("bytes.txt", &[], "bytes.txt: wanted text in UTF-8"),
        ("empty.txt", &["--kind", "byte-level"], "wanted text, found none"),
        ("empty.txt", &[], "wanted sentences with words, found none"),
        ("nothing", &[], "nothing: wanted a directory"),
    ] {
        let error = retort(at, &[&["vocabulary", data, "other.json"][..], arguments].concat()).refused(2);
        assert!(error.contains(says), "{error}");
        assert!(!at.join("other.json").exists());
    }
}
