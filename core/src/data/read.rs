//! Tables of text: TSV, CSV and JSONL, by the ending of the name.
//!
//! In a TSV, quotes are text and a line is a row, as in GLUE. Lines may end in CRLF and the file
//! may begin with a byte-order mark. Blank lines are skipped.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::{Error, Result};

/// A file's name and its bytes.
#[derive(Debug, Clone)]
pub struct File {
    /// What errors call it; the ending says what it is.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A file as rows of cells. The header, where there is one, is the first row still.
#[derive(Debug)]
pub(super) struct Table {
    /// The file's name.
    pub name: String,
    /// The names of the columns; `None` when the first row must tell.
    pub columns: Option<Vec<String>>,
    /// Line and cells of every row; a cell that JSON left out is `None`.
    pub rows: Vec<(usize, Vec<Option<String>>)>,
}

impl Table {
    /// Reads a file.
    ///
    /// # Errors
    /// When the ending is unknown, the file is empty, or a line of it cannot be read.
    pub fn read(file: &File) -> Result<Self> {
        let name = &file.name;
        let text = decode(file)?;
        let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_lowercase());
        let table = match ending.as_deref() {
            Some("tsv") => tsv(name, text),
            Some("csv") => csv(name, text)?,
            Some("jsonl" | "ndjson" | "json") => jsonl(name, text)?,
            _ => {
                return Err(Error::input(name, "a name ending in .tsv, .csv or .jsonl", format!("{name:?}")));
            }
        };
        if table.rows.is_empty() {
            return Err(Error::input(name, "labelled sentences", "an empty file"));
        }
        Ok(table)
    }

    /// A place in this file, for errors.
    pub fn at(&self, line: usize) -> String {
        format!("{}:{line}", self.name)
    }
}

/// The text of a file, without a byte-order mark.
pub(super) fn decode(file: &File) -> Result<&str> {
    let text = std::str::from_utf8(&file.bytes).map_err(|error| {
        let line = 1 + file.bytes[..error.valid_up_to()].iter().filter(|&&byte| byte == b'\n').count();
        let byte = file.bytes[error.valid_up_to()];
        Error::input(format!("{}:{line}", file.name), "UTF-8 text", format!("the byte 0x{byte:02x}"))
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// The lines that are not blank, counted from 1, without their ends.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    (1..).zip(lines).filter(|(_, line)| !line.is_empty())
}

fn tsv(name: &str, text: &str) -> Table {
    let cells = |line: &str| line.split('\t').map(|cell| Some(cell.to_string())).collect();
    let rows = lines(text).map(|(line, row)| (line, cells(row))).collect();
    Table { name: name.into(), columns: None, rows }
}

fn csv(name: &str, text: &str) -> Result<Table> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut rows = vec![];
    let mut record = csv::StringRecord::new();
    loop {
        let start = reader.position().clone();
        let more = reader
            .read_record(&mut record)
            .map_err(|error| Error::input(format!("{name}:{}", start.line()), "a row of CSV", error.to_string()))?;
        if !more {
            break;
        }
        // The reader skips blank lines before a row without counting them to its start.
        let skipped = text[start.byte() as usize..].bytes().take_while(|byte| b"\r\n".contains(byte));
        let line = start.line() as usize + skipped.filter(|&byte| byte == b'\n').count();
        rows.push((line, record.iter().map(|cell| Some(cell.to_string())).collect::<Vec<_>>()));
    }
    // A quote that is never closed swallows the rest of the file into one cell.
    if let Some((line, cells)) = rows.last()
        && text.matches('"').count() % 2 == 1
        && cells.iter().flatten().any(|cell| cell.contains('\n'))
    {
        return Err(Error::input(format!("{name}:{line}"), "a closing quote", "the end of the file"));
    }
    Ok(Table { name: name.into(), columns: None, rows })
}

fn jsonl(name: &str, text: &str) -> Result<Table> {
    let mut objects = vec![];
    for (line, row) in lines(text).filter(|(_, row)| !row.trim().is_empty()) {
        let object: Map<String, Value> = serde_json::from_str(row)
            .map_err(|error| Error::input(format!("{name}:{line}"), "one JSON object a line", error.to_string()))?;
        objects.push((line, object));
    }
    let columns: BTreeSet<&String> = objects.iter().flat_map(|(_, object)| object.keys()).collect();
    let columns: Vec<String> = columns.into_iter().cloned().collect();
    let cells = |object: &Map<String, Value>| columns.iter().map(|key| object.get(key).and_then(scalar)).collect();
    let rows = objects.iter().map(|(line, object)| (*line, cells(object))).collect();
    Ok(Table { name: name.into(), columns: Some(columns), rows })
}

/// A JSON value as a cell; lists, objects and null are none.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(name: &str, bytes: &[u8]) -> Vec<(usize, Vec<String>)> {
        let table = Table::read(&File { name: name.into(), bytes: bytes.to_vec() }).unwrap();
        let cells = |cells: Vec<Option<String>>| cells.into_iter().map(|cell| cell.unwrap_or("-".into())).collect();
        table.rows.into_iter().map(|(line, row)| (line, cells(row))).collect()
    }

    fn refused(name: &str, bytes: &[u8]) -> String {
        Table::read(&File { name: name.into(), bytes: bytes.to_vec() }).unwrap_err().to_string()
    }

    fn row(line: usize, cells: &[&str]) -> (usize, Vec<String>) {
        (line, cells.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn in_a_tsv_quotes_are_text() {
        let bytes = b"\xef\xbb\xbflabel\tsentence\r\n1\t\"so\" \"bad\r\n\r\n0\t it's, fine";
        let wanted = [row(1, &["label", "sentence"]), row(2, &["1", "\"so\" \"bad"]), row(4, &["0", " it's, fine"])];
        assert_eq!(rows("a.tsv", bytes), wanted);
    }

    #[test]
    fn in_a_csv_quotes_hold_commas_and_lines() {
        let bytes = b"label,text\n1,\"a, \"\"b\"\"\nc\"\n\n0,d\n";
        assert_eq!(
            rows("a.csv", bytes),
            [row(1, &["label", "text"]), row(2, &["1", "a, \"b\"\nc"]), row(5, &["0", "d"])]
        );
        assert_eq!(
            refused("a.csv", b"label,text\n1,\"never closed\n0,b\n"),
            "a.csv:2: wanted a closing quote, found the end of the file"
        );
    }

    #[test]
    fn in_jsonl_a_line_is_an_object() {
        let bytes = b"{\"text\": \"a\\tb\", \"label\": 1}\n\n{\"label\": true, \"text\": null, \"more\": 0.5}\r\n";
        // Columns: label, more, text.
        assert_eq!(rows("a.jsonl", bytes), [row(1, &["1", "-", "a\tb"]), row(3, &["true", "0.5", "-"])]);
        assert_eq!(
            refused("a.jsonl", b"{\"text\": \"a\"}\n[1]\n"),
            "a.jsonl:2: wanted one JSON object a line, found invalid type: sequence, expected a map at line 1 column 0"
        );
    }

    #[test]
    fn what_cannot_be_read_says_where() {
        assert_eq!(refused("a.tsv", b""), "a.tsv: wanted labelled sentences, found an empty file");
        assert_eq!(refused("a.csv", b"\n\n"), "a.csv: wanted labelled sentences, found an empty file");
        assert_eq!(refused("a.jsonl", b"\xef\xbb\xbf \n"), "a.jsonl: wanted labelled sentences, found an empty file");
        assert_eq!(
            refused("a.tsv", b"label\tsentence\n0\tfine\n1\tcaf\xe9\n"),
            "a.tsv:3: wanted UTF-8 text, found the byte 0xe9"
        );
        assert_eq!(
            refused("a.parquet", b"PAR1"),
            "a.parquet: wanted a name ending in .tsv, .csv or .jsonl, found \"a.parquet\""
        );
    }
}
