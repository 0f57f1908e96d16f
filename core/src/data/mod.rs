//! Sentences and their labels: reading, checking, splitting, encoding, batching.

mod batch;
mod build;
mod columns;
mod found;
mod masking;
mod order;
mod read;
mod split;
mod summary;
mod texts;
mod tokenizer;
pub mod vocabulary;

pub use batch::{Batch, Encodings, HostBatch};
pub use found::{Found, Sheet, found};
pub use masking::Masking;
pub use order::{Order, first, shuffled};
pub use read::File;
pub use summary::{Lengths, Split, Tokens};
pub use tokenizer::{Encoded, Shown, Tokenizer};

use split::Files;

use crate::run::Data;
use crate::{Error, Result, platform};

/// Marks a data set or a tokenizer that is part of the program.
const BUILTIN: &str = "builtin:";

/// The endings of data files, in the order they are looked for.
const ENDINGS: [&str; 5] = ["tsv", "csv", "jsonl", "json", "txt"];

/// What a data set asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The class of a sentence, or of a pair of them.
    Classes,
    /// The words of a text.
    Text,
    /// The words of the response to a prompt.
    Instructions,
}

/// A sentence, or a pair of them, and its class; a text; or a prompt and its response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// The sentence, the text, or the prompt.
    pub text: String,
    /// The second sentence of a pair, or the response.
    pub pair: Option<String>,
    /// Position in [`Dataset::labels`]; 0 where there are no classes.
    pub label: usize,
}

/// What there is to learn from, and to judge by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    /// What it asks for.
    pub kind: Kind,
    /// The names of the classes: numbers ascending, or names by the alphabet; none without classes.
    pub labels: Vec<String>,
    /// Trained on.
    pub train: Vec<Example>,
    /// Chosen by.
    pub dev: Vec<Example>,
    /// Reported, and never used to choose anything; empty when there is no test split.
    pub test: Vec<Example>,
    /// SHA-256, in hexadecimal, of every file as read: its split, its length, its bytes.
    pub hash: String,
    /// What a report must say about the data: a missing test split, sentences set aside.
    pub notes: Vec<String>,
}

impl Dataset {
    /// The classes of the sentences of split 0 (train), 1 (dev) or 2 (test), in their order.
    pub fn labels_of(&self, split: usize) -> Vec<usize> {
        let examples = match split {
            0 => &self.train,
            1 => &self.dev,
            _ => &self.test,
        };
        examples.iter().map(|example| example.label).collect()
    }

    /// Keeps the first `limit` training sentences of the order that `seed` gives. Plain text stays
    /// whole: its blocks are limited once it is cut ([`Encodings::limit`]).
    ///
    /// # Errors
    /// When `limit` is 0.
    pub fn limit(&mut self, limit: Option<usize>, seed: u64) -> Result<()> {
        let Some(limit) = limit else { return Ok(()) };
        if limit == 0 {
            return Err(Error::input("data.limit", "at least 1 sentence", "0"));
        }
        if self.kind == Kind::Text {
            return Ok(());
        }
        self.train = first(self.train.len(), limit, seed).into_iter().map(|row| self.train[row].clone()).collect();
        Ok(())
    }
}

/// Reads the data of a run.
///
/// # Errors
/// When a file is missing or empty, has a row that cannot be read (the line is named), has one
/// class only, or has a label that the training split lacks.
pub async fn load(data: &Data) -> Result<Dataset> {
    dataset(files(data).await?, data)
}

/// The files of a run's data.
async fn files(data: &Data) -> Result<Files> {
    if data.train.is_some() {
        return named(data).await;
    }
    for (key, file) in [("data.dev", &data.dev), ("data.test", &data.test)] {
        if let Some(file) = file {
            return Err(Error::input("data.train", format!("a training file beside {key}"), format!("only {file:?}")));
        }
    }
    let source = data.source.trim_end_matches('/');
    if source.is_empty() {
        return Err(Error::input("data", "a source or a training file", "neither"));
    }
    if let Some(name) = source.strip_prefix(BUILTIN) {
        return builtin(name).await;
    }
    if ENDINGS.iter().any(|ending| source.to_lowercase().ends_with(&format!(".{ending}"))) {
        let train = File { name: source.into(), bytes: platform::read_file(source).await? };
        return Ok(Files { train, dev: None, test: None });
    }
    directory(source).await
}

/// Checks the files of a data set, of whichever kind they are.
fn dataset(files: Files, data: &Data) -> Result<Dataset> {
    if texts::is_plain(&files.train.name) {
        return texts::plain(&files);
    }
    match texts::instructions(&files, data)? {
        Some(dataset) => Ok(dataset),
        None => build::dataset(files, data),
    }
}

/// A data set from one file: 80 of 100 rows train, 10 choose, 10 report. Rows go where a hash of
/// their text sends them, so that a text that occurs twice is in one split only. Plain text is cut
/// at its lines, in this order.
///
/// # Errors
/// As [`load`], and when there are fewer than 10 rows.
pub fn parse_one(name: &str, bytes: &[u8], data: &Data) -> Result<Dataset> {
    let train = File { name: name.into(), bytes: bytes.to_vec() };
    dataset(Files { train, dev: None, test: None }, data)
}

/// A plain text: a file, or the training text of a data set that is part of the program.
///
/// # Errors
/// When there is no such file, it is not text, or there is nothing in it.
pub async fn corpus(path: &str) -> Result<String> {
    let bytes = match path.strip_prefix(BUILTIN) {
        Some("prose") => platform::builtin("prose/train.txt").await?,
        Some(_) => return Err(Error::input("data.corpus", "builtin:prose or a file", path)),
        None => platform::read_file(path).await?,
    };
    let text = String::from_utf8(bytes).map_err(|error| Error::input(path, "text in UTF-8", error.to_string()))?;
    match text.trim().is_empty() {
        true => Err(Error::input(path, "text", "none")),
        false => Ok(text),
    }
}

/// The bytes of a run's own tokenizer: that of a data set that is part of the program, or the path of a
/// `tokenizer.json`.
///
/// # Errors
/// When there is no such file, or it is not a tokenizer.
pub async fn tokenizer(source: &str) -> Result<Tokenizer> {
    let bytes = match source.strip_prefix(BUILTIN) {
        Some(name) => platform::builtin(&format!("{}/tokenizer.json", known(name)?)).await?,
        None => platform::read_file(source).await?,
    };
    Tokenizer::from_bytes(source, &bytes)
}

/// The name of a built-in data set.
fn known(name: &str) -> Result<&str> {
    match name {
        "rotten-tomatoes" | "prose" => Ok(name),
        _ => Err(Error::input("builtin", "builtin:rotten-tomatoes or builtin:prose", format!("{BUILTIN}{name}"))),
    }
}

/// How the files of a built-in data set end.
fn ending(name: &str) -> &'static str {
    if name == "prose" { "txt" } else { "tsv" }
}

async fn builtin(name: &str) -> Result<Files> {
    let name = known(name)?;
    let read = async |split: &str| {
        let path = format!("{name}/{split}.{}", ending(name));
        platform::builtin(&path).await.map(|bytes| File { name: path, bytes })
    };
    Ok(Files { train: read("train").await?, dev: Some(read("dev").await?), test: Some(read("test").await?) })
}

/// The files the run file names.
async fn named(data: &Data) -> Result<Files> {
    let read = async |path: &Option<String>| match path {
        Some(path) => Ok(Some(File { name: path.clone(), bytes: platform::read_file(path).await? })),
        None => Ok(None),
    };
    let Some(train) = read(&data.train).await? else {
        return Err(Error::input("data.train", "a training file", "none"));
    };
    Ok(Files { train, dev: read(&data.dev).await?, test: read(&data.test).await? })
}

/// The files of a directory, by the names that data sets give their splits.
async fn directory(root: &str) -> Result<Files> {
    let train = split(root, &["train"]).await?;
    let dev = split(root, &["dev", "valid", "validation", "val", "dev_matched"]).await?;
    let test = split(root, &["test", "test_matched"]).await?;
    match train {
        Some(train) => Ok(Files { train, dev, test }),
        None => {
            Err(Error::input(root, "a directory with train.tsv, train.csv, train.jsonl or train.txt", "none of them"))
        }
    }
}

/// The first file there is of these names.
async fn split(root: &str, names: &[&str]) -> Result<Option<File>> {
    for name in names {
        for ending in ENDINGS {
            let path = format!("{root}/{name}.{ending}");
            if let Ok(bytes) = platform::read_file(&path).await {
                return Ok(Some(File { name: path, bytes }));
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load_from(source: &str) -> Result<Dataset> {
        pollster::block_on(load(&Data { source: source.into(), ..Data::default() }))
    }

    /// A directory of these files.
    fn directory_of(files: &[(&str, &str)]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(directory.path().join(name), text).unwrap();
        }
        directory
    }

    const ROWS: &str = "label,text\nno,a\nyes,b\n";

    #[test]
    fn the_builtin_sentences_are_these() {
        let data = load_from("builtin:rotten-tomatoes").unwrap();
        assert_eq!(data.labels, ["negative", "positive"]);
        assert_eq!([data.train.len(), data.dev.len(), data.test.len()], [7530, 500, 500]);
        assert_eq!(data.hash, "32b29ed1dcbbf695839c5214034e4f6c6a063307c9cd390f5bd14371868b8373");
        assert_eq!(data.notes, [""; 0]);
        assert_eq!((data.labels_of(0)[0], data.labels_of(1).len(), data.labels_of(2)[0]), (0, 500, 1));
    }

    #[test]
    fn the_builtin_vocabulary_is_trained_on_the_builtin_sentences() {
        let data = load_from("builtin:rotten-tomatoes").unwrap();
        let built_in = pollster::block_on(tokenizer("builtin:rotten-tomatoes")).unwrap();
        let trained = vocabulary::train(data.train.iter().map(|example| example.text.as_str()), 4096).unwrap();
        assert!(built_in.json() == trained, "training gives another tokenizer.json than the built-in one");
        assert_eq!((built_in.vocab_size(), built_in.pad_id(), built_in.unknown_id()), (4096, 0, Some(1)));
        let encoded = built_in.encode("An utterly charming film.", None, 64).unwrap();
        assert_eq!(built_in.tokens(&encoded.ids), ["[CLS]", "an", "utterly", "charming", "film", ".", "[SEP]"]);
        let test = Encodings::new(&built_in, &data.test, 64).unwrap().summary();
        assert_eq!(test.unknown, 0.0);
        assert!(test.cut < 0.03, "{test:?}");
    }

    #[test]
    fn a_directory_is_searched_for_its_splits() {
        let directory = directory_of(&[
            ("train.csv", ROWS),
            ("validation.tsv", "text\tlabel\nd\tno\n"),
            ("test.jsonl", "{\"text\": \"c\", \"label\": \"yes\"}"),
        ]);
        let data = load_from(&format!("{}/", directory.path().display())).unwrap();
        assert_eq!(data.labels, ["no", "yes"]);
        assert_eq!([data.train.len(), data.dev.len(), data.test.len()], [2, 1, 1]);
        assert_eq!(data.notes, [""; 0]);
    }

    #[test]
    fn a_missing_test_split_is_said_and_not_replaced() {
        let directory = directory_of(&[("train.csv", ROWS), ("dev.csv", "label,text\nno,c\n")]);
        let data = load_from(&directory.path().display().to_string()).unwrap();
        assert!(data.test.is_empty());
        assert_eq!(
            data.notes,
            ["There is no test split: every figure is of the dev split, which also chose the weights."]
        );
    }

    #[test]
    fn named_files_come_before_the_source() {
        let directory = directory_of(&[("a.csv", ROWS), ("b.csv", ROWS)]);
        let path = |name: &str| Some(directory.path().join(name).display().to_string());
        let data = Data { train: path("a.csv"), dev: path("b.csv"), test: path("b.csv"), ..Data::default() };
        let loaded = pollster::block_on(load(&data)).unwrap();
        assert_eq!([loaded.train.len(), loaded.dev.len(), loaded.test.len()], [2, 2, 2]);
    }

    #[test]
    fn a_source_that_is_none_says_so() {
        let directory = directory_of(&[("dev.csv", ROWS)]);
        let path = directory.path().display().to_string();
        let refused = |source: &str| load_from(source).unwrap_err().to_string();
        assert_eq!(
            refused(&path),
            format!(
                "{path}: wanted a directory with train.tsv, train.csv, train.jsonl or train.txt, found none of them"
            )
        );
        assert_eq!(refused(""), "data: wanted a source or a training file, found neither");
        assert_eq!(
            refused("builtin:imdb"),
            "builtin: wanted builtin:rotten-tomatoes or builtin:prose, found builtin:imdb"
        );
        let data = Data { test: Some("t.tsv".into()), ..Data::default() };
        assert_eq!(
            pollster::block_on(load(&data)).unwrap_err().to_string(),
            "data.train: wanted a training file beside data.test, found only \"t.tsv\""
        );
    }
}
