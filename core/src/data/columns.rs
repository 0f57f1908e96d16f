//! Which column is the sentence, which the label: by the names that data sets usually give them,
//! or as the run file says.

use super::read::Table;
use crate::run::Data;
use crate::{Error, Result};

/// Names of the one sentence.
const TEXT: [&str; 8] = ["sentence", "text", "review", "comment", "content", "tweet", "utterance", "question"];

/// Names of the two sentences of a pair: SST-like sets, NLI, QNLI, QQP, MRPC, BoolQ.
const PAIRS: [(&str, &str); 9] = [
    ("sentence1", "sentence2"),
    ("premise", "hypothesis"),
    ("question", "sentence"),
    ("question1", "question2"),
    ("#1 string", "#2 string"),
    ("question", "passage"),
    ("text1", "text2"),
    ("text_a", "text_b"),
    ("sentence_a", "sentence_b"),
];

/// Names of the label.
const LABELS: [&str; 10] =
    ["gold_label", "label", "labels", "is_duplicate", "quality", "class", "target", "category", "sentiment", "intent"];

/// Names of a number that is to be predicted: STS-B and its like.
const SCORES: [&str; 4] = ["score", "similarity", "similarity_score", "relatedness_score"];

/// The columns of CoLA, whose files do not name them.
const COLA: [&str; 4] = ["source", "label", "original", "sentence"];

/// The columns that matter, by position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Columns {
    pub text: usize,
    pub pair: Option<usize>,
    /// `None` in a file without labels, as the test files of GLUE are.
    pub label: Option<usize>,
    /// The label is `gold_label`, where `-` says that the annotators did not agree.
    pub gold: bool,
}

/// Finds the columns and takes the header off the table.
///
/// # Errors
/// When there is no header, the sentence is not found, or there are two columns that could be it.
pub(super) fn find(table: &mut Table, data: &Data) -> Result<Columns> {
    if table.columns.is_none() {
        let first: Vec<String> = table.rows[0].1.iter().flatten().map(|cell| cell.trim().to_string()).collect();
        if is_header(&first, data) {
            table.columns = Some(first);
            table.rows.remove(0);
        } else if is_cola(&first) {
            table.columns = Some(COLA.map(String::from).to_vec());
        } else {
            let wanted = "a header that names the columns, such as label and sentence";
            return Err(Error::input(table.at(table.rows[0].0), wanted, list(&first)));
        }
    }
    let names = table.columns.as_deref().unwrap_or_default();
    if table.rows.is_empty() {
        return Err(Error::input(&table.name, "rows below the header", "none"));
    }
    let search = Search { at: &table.name, names };
    let (text, pair) = search.sentences(data)?;
    let label = search.label(data)?;
    let gold = label.is_some_and(|column| same(&names[column], "gold_label"));
    Ok(Columns { text, pair, label, gold })
}

/// The columns of a table whoever names them, with the header taken off.
///
/// # Errors
/// When a row has more cells than the header, or fewer, or there is no row below it.
pub(super) fn header(table: &mut Table) -> Result<Vec<String>> {
    if table.columns.is_none() {
        let first: Vec<String> = table.rows[0].1.iter().flatten().map(|cell| cell.trim().to_string()).collect();
        if is_cola(&first) {
            table.columns = Some(COLA.map(String::from).to_vec());
        } else {
            table.columns = Some(first);
            table.rows.remove(0);
        }
    }
    let names = table.columns.clone().unwrap_or_default();
    if table.rows.is_empty() {
        return Err(Error::input(&table.name, "rows below the header", "none"));
    }
    match table.rows.iter().find(|(_, cells)| cells.len() != names.len()) {
        Some((line, cells)) => {
            let wanted = format!("{} cells, as many as the header has", names.len());
            Err(Error::input(table.at(*line), wanted, cells.len().to_string()))
        }
        None => Ok(names),
    }
}

fn is_header(cells: &[String], data: &Data) -> bool {
    let known =
        TEXT.iter().chain(&LABELS).chain(&SCORES).copied().chain(PAIRS.iter().flat_map(|pair| [pair.0, pair.1]));
    let asked = [&data.text, &data.pair, &data.label].into_iter().flatten().map(String::as_str);
    known.chain(asked).any(|name| cells.iter().any(|cell| same(cell, name)))
}

/// The CoLA files of GLUE have no header; `original` is the author's mark.
fn is_cola(cells: &[String]) -> bool {
    cells.len() == 4
        && ["0", "1"].contains(&cells[1].as_str())
        && ["", "*"].contains(&cells[2].trim_matches(['?', '#', '%']))
}

fn same(one: &str, other: &str) -> bool {
    one.trim().eq_ignore_ascii_case(other.trim())
}

/// Names for an error, not more than fit a line.
fn list(names: &[String]) -> String {
    let short = |name: &String| match name.char_indices().nth(40) {
        Some((end, _)) => format!("{:?}…", &name[..end]),
        None => format!("{name:?}"),
    };
    let shown: Vec<_> = names.iter().take(20).map(short).collect();
    let more = if names.len() > shown.len() { ", …" } else { "" };
    shown.join(", ") + more
}

/// One file's column names.
struct Search<'a> {
    at: &'a str,
    names: &'a [String],
}

impl Search<'_> {
    fn all(&self, name: &str) -> Vec<usize> {
        (0..self.names.len()).filter(|&column| same(&self.names[column], name)).collect()
    }

    /// The column the run file asks for under `key`.
    fn asked(&self, key: &str, name: &str) -> Result<usize> {
        match self.all(name)[..] {
            [column] => Ok(column),
            [] => Err(Error::input(self.at, format!("a column {name:?}, as data.{key} says"), list(self.names))),
            _ => Err(Error::input(self.at, format!("one column {name:?}"), list(self.names))),
        }
    }

    fn sentences(&self, data: &Data) -> Result<(usize, Option<usize>)> {
        if let Some(text) = &data.text {
            let pair = data.pair.as_ref().map(|pair| self.asked("pair", pair)).transpose()?;
            return Ok((self.asked("text", text)?, pair));
        }
        if data.pair.is_some() {
            return Err(Error::input("data.text", "the column of the first sentence beside data.pair", "none"));
        }
        let mut found = vec![];
        for (first, second) in PAIRS {
            if let ([text], [pair]) = (&self.all(first)[..], &self.all(second)[..]) {
                found.push((*text, Some(*pair)));
            }
        }
        let in_pair = |column: usize| found.iter().any(|&(text, pair)| text == column || pair == Some(column));
        let alone: Vec<usize> =
            TEXT.iter().flat_map(|name| self.all(name)).filter(|&column| !in_pair(column)).collect();
        found.extend(alone.into_iter().map(|text| (text, None)));
        match found[..] {
            [one] => Ok(one),
            [] => Err(Error::input(self.at, "a column of sentences (name it in data.text)", list(self.names))),
            _ => {
                let columns = found.iter().flat_map(|&(text, pair)| [Some(text), pair]).flatten();
                let columns: Vec<_> = columns.map(|column| self.names[column].clone()).collect();
                let wanted = "one column that could be the sentence (name it in data.text)";
                Err(Error::input(self.at, wanted, list(&columns)))
            }
        }
    }

    fn label(&self, data: &Data) -> Result<Option<usize>> {
        if let Some(label) = &data.label {
            return self.asked("label", label).map(Some);
        }
        let found: Vec<usize> = LABELS.iter().flat_map(|name| self.all(name)).collect();
        match found[..] {
            [one] => Ok(Some(one)),
            [] if SCORES.iter().any(|name| !self.all(name).is_empty()) => {
                let wanted = "a column of class labels (classification; regression is not supported)";
                Err(Error::input(self.at, wanted, "a column of scores"))
            }
            [] => Ok(None),
            _ => {
                let columns: Vec<_> = found.iter().map(|&column| self.names[column].clone()).collect();
                Err(Error::input(self.at, "one column that could be the label (name it in data.label)", list(&columns)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::read::File;
    use super::*;

    fn find_in(text: &str, data: &Data) -> Result<(Columns, usize)> {
        let file = File { name: "a.tsv".into(), bytes: text.replace(' ', "\t").into_bytes() };
        let mut table = Table::read(&file)?;
        let columns = find(&mut table, data)?;
        Ok((columns, table.rows.len()))
    }

    /// Positions of text, pair and label under this header, words for columns.
    fn positions(header: &str) -> (usize, Option<usize>, Option<usize>) {
        let columns = find_in(&format!("{header}\nx"), &Data::default()).unwrap().0;
        (columns.text, columns.pair, columns.label)
    }

    fn refused(text: &str, data: &Data) -> String {
        find_in(text, data).unwrap_err().to_string()
    }

    #[test]
    fn the_headers_of_glue_are_understood() {
        let glue = [
            ("sentence label", (0, None, Some(1))),                                   // SST-2
            ("index sentence1 sentence2 label", (1, Some(2), Some(3))),               // RTE, WNLI
            ("index question sentence label", (1, Some(2), Some(3))),                 // QNLI
            ("id qid1 qid2 question1 question2 is_duplicate", (3, Some(4), Some(5))), // QQP
            (
                "index promptID pairID genre sentence1_parse sentence1 sentence2 label1 gold_label",
                (5, Some(6), Some(8)),
            ), // MNLI
            ("premise hypothesis label", (0, Some(1), Some(2))),
            ("Label Text", (1, None, Some(0))),
            ("index sentence", (1, None, None)), // a test file
        ];
        for (header, wanted) in glue {
            assert_eq!(positions(header), wanted, "{header}");
        }
        let file = File {
            name: "a.tsv".into(),
            bytes: b"\xef\xbb\xbfQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\n1\t2\t3\ta\tb".to_vec(),
        };
        let mrpc = find(&mut Table::read(&file).unwrap(), &Data::default()).unwrap();
        assert_eq!(mrpc, Columns { text: 3, pair: Some(4), label: Some(0), gold: false });
    }

    #[test]
    fn cola_has_no_header() {
        let (columns, rows) = find_in("gj04 1  word\nbc73 0 * wordle", &Data::default()).unwrap();
        assert_eq!((columns.text, columns.label, rows), (3, Some(1), 2));
    }

    #[test]
    fn the_run_file_decides_where_it_speaks() {
        let data = Data { text: Some("b".into()), label: Some("C".into()), ..Data::default() };
        let columns = find_in("a b c label sentence\nx", &data).unwrap().0;
        assert_eq!(columns, Columns { text: 1, pair: None, label: Some(2), gold: false });
        let data = Data { text: Some("title".into()), ..Data::default() };
        assert_eq!(
            refused("label sentence\nx", &data),
            r#"a.tsv: wanted a column "title", as data.text says, found "label", "sentence""#
        );
        let data = Data { pair: Some("b".into()), ..Data::default() };
        assert_eq!(
            refused("label sentence b\nx", &data),
            "data.text: wanted the column of the first sentence beside data.pair, found none"
        );
    }

    #[test]
    fn two_sentence_columns_are_not_guessed_between() {
        assert_eq!(
            refused("label sentence text\nx", &Data::default()),
            r#"a.tsv: wanted one column that could be the sentence (name it in data.text), found "sentence", "text""#
        );
        assert_eq!(
            refused("label sentence class\nx", &Data::default()),
            r#"a.tsv: wanted one column that could be the label (name it in data.label), found "label", "class""#
        );
        assert_eq!(
            refused("label words\nx", &Data::default()),
            r#"a.tsv: wanted a column of sentences (name it in data.text), found "label", "words""#
        );
    }

    #[test]
    fn a_header_must_be_there_and_not_alone() {
        assert_eq!(
            refused("good 1\nbad 0", &Data::default()),
            r#"a.tsv:1: wanted a header that names the columns, such as label and sentence, found "good", "1""#
        );
        assert_eq!(refused("label sentence\n", &Data::default()), "a.tsv: wanted rows below the header, found none");
    }

    #[test]
    fn regression_is_named() {
        assert_eq!(
            refused("index genre sentence1 sentence2 score\nx", &Data::default()),
            "a.tsv: wanted a column of class labels (classification; regression is not supported), found a column of scores"
        );
    }
}
