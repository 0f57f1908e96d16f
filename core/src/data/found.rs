//! What was found in the files of a data set: which column is taken for what.

use serde::{Deserialize, Serialize};

use super::{
    columns, files,
    read::{File, Table, decode},
    split::Files,
    texts,
};
use crate::{Error, Result, run::Data};

/// A file and its columns, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The file.
    pub file: String,
    /// The split that it is for: `train`, `dev` or `test`. Others may be cut out of `train`.
    pub split: String,
    /// Bytes.
    pub bytes: usize,
    /// Rows below the header; lines of a plain text.
    pub rows: usize,
    /// All columns, in order; none of a plain text.
    pub columns: Vec<String>,
    /// The column of the sentence, or of the prompt.
    pub text: Option<String>,
    /// The column of the second sentence of a pair; of a prompt, what belongs to it.
    pub pair: Option<String>,
    /// The column of the label.
    pub label: Option<String>,
    /// The column of the response.
    pub response: Option<String>,
}

/// A file by itself: what its columns are called, whatever they are taken for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sheet {
    /// All columns, in order; none of a plain text.
    pub columns: Vec<String>,
    /// Rows below the header; lines of a plain text.
    pub rows: usize,
}

impl Sheet {
    /// Reads a file; the ending of its name says what it is.
    ///
    /// # Errors
    /// [`Error::Input`] when it says nothing, cannot be read, or has rows of another length than its header.
    pub fn read(file: &File) -> Result<Self> {
        if texts::is_plain(&file.name) {
            let rows = decode(file)?.lines().filter(|line| !line.trim().is_empty()).count();
            let none = || Error::input(&file.name, "text", "none");
            return if rows == 0 { Err(none()) } else { Ok(Self { columns: vec![], rows }) };
        }
        let mut table = Table::read(file)?;
        let columns = columns::header(&mut table)?;
        Ok(Self { columns, rows: table.rows.len() })
    }
}

/// The files of a run's data, as they are read.
///
/// # Errors
/// As [`super::load`], as far as files and headers are concerned: rows are not looked at.
pub async fn found(data: &Data) -> Result<Vec<Found>> {
    let Files { train, dev, test } = files(data).await?;
    let splits = [("train", Some(train)), ("dev", dev), ("test", test)];
    let there = splits.into_iter().filter_map(|(split, file)| file.map(|file| (split, file)));
    there.map(|(split, file)| one(split, &file, data)).collect()
}

fn one(split: &str, file: &File, data: &Data) -> Result<Found> {
    let base = Found { file: file.name.clone(), split: split.into(), bytes: file.bytes.len(), ..Found::default() };
    if texts::is_plain(&file.name) {
        let rows = file.bytes.split(|&byte| byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).count();
        return Ok(Found { rows, ..base });
    }
    let mut table = Table::read(file)?;
    let [text, pair, label, response] = match texts::find(&mut table, data)? {
        Some(columns) => [Some(columns.prompt), columns.context, None, Some(columns.response)],
        None => {
            let columns = columns::find(&mut table, data)?;
            [Some(columns.text), columns.pair, columns.label, None]
        }
    };
    let names = table.columns.clone().unwrap_or_default();
    let [text, pair, label, response] =
        [text, pair, label, response].map(|column| column.and_then(|column| names.get(column).cloned()));
    Ok(Found { rows: table.rows.len(), columns: names, text, pair, label, response, ..base })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(name: &str, text: &str) -> Found {
        one("train", &File { name: name.into(), bytes: text.as_bytes().to_vec() }, &Data::default()).unwrap()
    }

    #[test]
    fn every_column_is_told_and_what_it_is_taken_for() {
        let named = |name: &str| Some(name.to_owned());
        let pairs = columns("a.csv", "id,premise,hypothesis,label\n1,a,b,yes\n2,c,d,no\n");
        assert_eq!((pairs.rows, pairs.columns.len(), pairs.bytes), (2, 4, 47));
        assert_eq!((pairs.text, pairs.pair, pairs.label), (named("premise"), named("hypothesis"), named("label")));
        let prompts = columns("a.jsonl", "{\"instruction\": \"a\", \"input\": \"b\", \"output\": \"c\"}\n");
        assert_eq!((prompts.text, prompts.pair), (named("instruction"), named("input")));
        assert_eq!((prompts.label, prompts.response), (None, named("output")));
        let plain = columns("a.txt", "one\n\ntwo\n");
        assert_eq!((plain.rows, plain.columns, plain.text), (2, vec![], None));
    }

    #[test]
    fn a_file_alone_tells_its_columns_whatever_they_are_called() {
        let sheet = |name: &str, text: &str| Sheet::read(&File { name: name.into(), bytes: text.as_bytes().to_vec() });
        let told =
            |name: &str, text: &str| sheet(name, text).map(|sheet| (sheet.columns.join(" "), sheet.rows)).unwrap();
        assert_eq!(told("a.tsv", "words\tmark\na\t1\nb\t2\n"), ("words mark".into(), 2));
        assert_eq!(told("a.csv", "words,mark\n\"a,\nb\",1\n"), ("words mark".into(), 1));
        assert_eq!(told("a.jsonl", "{\"b\": 1}\n{\"a\": 2}\n"), ("a b".into(), 2));
        assert_eq!(told("a.tsv", "gj04\t1\t\tword\nbc73\t0\t*\twordle"), ("source label original sentence".into(), 2));
        assert_eq!(told("a.txt", "one\n \ntwo"), (String::new(), 2));
        let refused = |name: &str, text: &str| sheet(name, text).unwrap_err().to_string();
        assert_eq!(refused("a.txt", " \n"), "a.txt: wanted text, found none");
        assert_eq!(refused("a.tsv", "words\tmark\n"), "a.tsv: wanted rows below the header, found none");
        assert_eq!(
            refused("a.tsv", "words\tmark\na\t1\nb\n"),
            "a.tsv:3: wanted 2 cells, as many as the header has, found 1"
        );
    }

    #[test]
    fn the_built_in_sentences_are_in_three_files() {
        let found = pollster::block_on(found(&Data::default())).unwrap();
        let told: Vec<(&str, usize)> = found.iter().map(|file| (file.split.as_str(), file.rows)).collect();
        assert_eq!(told, [("train", 7530), ("dev", 500), ("test", 500)]);
    }
}
