//! Trains the embedded tokenizer on the embedded training sentences.
//!
//! Usage: vocabulary FOLDER, which has train.tsv, dev.tsv and test.tsv, and gets tokenizer.json.

use retort_core::{Error, Result, data, run::Data};

/// Pieces of the vocabulary, special tokens included.
const SIZE: usize = 4096;

fn main() -> Result<()> {
    let folder = std::env::args().nth(1).ok_or_else(|| Error::input("vocabulary", "a folder", "nothing"))?;
    let file = |name: &str| Some(format!("{folder}/{name}.tsv"));
    let files =
        Data { source: String::new(), train: file("train"), dev: file("dev"), test: file("test"), ..Data::default() };
    let dataset = pollster::block_on(data::load(&files))?;
    let sentences = dataset.train.iter().map(|example| example.text.as_str());
    let tokenizer = data::vocabulary::train(sentences, SIZE)?;
    let target = format!("{folder}/tokenizer.json");
    std::fs::write(&target, tokenizer).map_err(|error| Error::storage(&target, error))?;
    println!("{target}: {SIZE} pieces from {} sentences", dataset.train.len());
    Ok(())
}
