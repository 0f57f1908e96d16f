//! From files to a checked data set.

use std::collections::{BTreeMap, BTreeSet};

use super::columns::{self, Columns};
use super::read::{File, Table};
use super::split::{Files, NO_TEST, aside, hash, rank, split_note};
use super::{Dataset, Example, Kind};
use crate::run::Data;
use crate::{Error, Result};

/// A row whose label has not been looked up yet.
struct Row {
    /// File and line.
    at: String,
    text: String,
    pair: Option<String>,
    label: String,
}

/// Reads and checks the files.
///
/// # Errors
/// See [`super::load`].
pub(super) fn dataset(files: Files, data: &Data) -> Result<Dataset> {
    let mut notes = vec![];
    let hash = hash(&files);
    let train = rows(&files.train, data, &mut notes)?;
    let Some(train) = train else {
        return Err(Error::input(&files.train.name, "a column of labels (name it in data.label)", "none"));
    };
    let dev = match &files.dev {
        Some(file) => Some(rows(file, data, &mut notes)?.ok_or_else(|| unlabelled(file))?),
        None => None,
    };
    let labels = labels(&files.train.name, &train)?;
    let mut test = None;
    if let Some(file) = &files.test {
        // Hidden labels: no column of them, or -1 in every row.
        let hidden = |row: &Row| row.label == "-1" && !labels.contains(&row.label);
        test = rows(file, data, &mut notes)?.filter(|rows| !rows.iter().all(hidden));
        if test.is_none() && data.test.is_some() {
            return Err(unlabelled(file));
        }
        if test.is_none() {
            notes.push(format!("{} has no labels and is not used.", file.name));
        }
    }
    alike(&train, [&dev, &test])?;
    let (train, dev, test) = split(&files, train, dev, test, &mut notes)?;
    if test.is_empty() {
        notes.push(NO_TEST.into());
    }
    let class: BTreeMap<&str, usize> = labels.iter().enumerate().map(|(class, name)| (name.as_str(), class)).collect();
    let label = |row: Row| match class.get(row.label.as_str()) {
        Some(&label) => Ok(Example { text: row.text, pair: row.pair, label }),
        None => {
            let wanted = format!("a label that {} has ({})", files.train.name, list(&labels));
            Err(Error::input(row.at, wanted, format!("{:?}", row.label)))
        }
    };
    let label_all = |rows: Vec<Row>| rows.into_iter().map(label).collect::<Result<Vec<_>>>();
    let (train, dev, test) = (label_all(train)?, label_all(dev)?, label_all(test)?);
    let seen: BTreeSet<_> = train.iter().map(|one| (&one.text, &one.pair)).collect();
    for (name, examples) in [("dev", &dev), ("test", &test)] {
        let again = examples.iter().filter(|one| seen.contains(&(&one.text, &one.pair))).count();
        if again > 0 {
            notes.push(format!("{again} of the {} {name} rows are in train too, word for word.", examples.len()));
        }
    }
    Ok(Dataset { kind: Kind::Classes, labels, train, dev, test, hash, notes })
}

/// The rows of a file, or `None` when it has no column of labels.
fn rows(file: &File, data: &Data, notes: &mut Vec<String>) -> Result<Option<Vec<Row>>> {
    let mut table = Table::read(file)?;
    let Columns { text, pair, label, gold } = columns::find(&mut table, data)?;
    let Some(label) = label else { return Ok(None) };
    let names = table.columns.clone().unwrap_or_default();
    let mut all = vec![];
    let mut without = 0;
    for (line, mut cells) in std::mem::take(&mut table.rows) {
        if cells.len() != names.len() {
            let wanted = format!("{} columns ({})", names.len(), names.join(", "));
            return Err(Error::input(table.at(line), wanted, cells.len().to_string()));
        }
        let mut take = |column: usize| {
            cells[column]
                .take()
                .ok_or_else(|| Error::input(table.at(line), format!("a value for {:?}", names[column]), "none"))
        };
        let row = Row {
            at: table.at(line),
            text: take(text)?,
            pair: pair.map(&mut take).transpose()?,
            label: take(label)?.trim().to_string(),
        };
        if row.label.is_empty() {
            return Err(Error::input(row.at, "a label", "an empty column"));
        }
        if row.label.parse::<f64>().is_ok_and(|number| number.is_finite() && number.fract() != 0.0) {
            let found = format!("the number {}", row.label);
            return Err(Error::input(row.at, "a class label (classification; regression is not supported)", found));
        }
        if gold && row.label == "-" {
            without += 1;
        } else {
            all.push(row);
        }
    }
    if without > 0 {
        notes.push(format!("{without} rows of {} have no gold label and are left out.", file.name));
    }
    if all.is_empty() {
        return Err(Error::input(&file.name, "labelled sentences", "none"));
    }
    Ok(Some(all))
}

fn unlabelled(file: &File) -> Error {
    Error::input(&file.name, "labels", "none")
}

/// The classes: numbers ascending when all are integers, else names by the alphabet.
fn labels(name: &str, train: &[Row]) -> Result<Vec<String>> {
    let distinct: BTreeSet<&str> = train.iter().map(|row| row.label.as_str()).collect();
    let mut labels: Vec<String> = distinct.into_iter().map(String::from).collect();
    if labels.len() < 2 {
        return Err(Error::input(name, "at least two classes", format!("one, {:?}", labels[0])));
    }
    if labels.iter().all(|label| label.parse::<i64>().is_ok()) {
        labels.sort_by_key(|label| label.parse::<i64>().unwrap_or_default());
    }
    Ok(labels)
}

/// Up to ten names.
fn list(labels: &[String]) -> String {
    let more = if labels.len() > 10 { ", …" } else { "" };
    labels[..labels.len().min(10)].join(", ") + more
}

/// Checks that every split has pairs, or none has.
fn alike(train: &[Row], others: [&Option<Vec<Row>>; 2]) -> Result<()> {
    let kind = |row: &Row| {
        if row.pair.is_some() { "pairs of sentences" } else { "single sentences" }
    };
    for row in others.into_iter().flatten().flat_map(|rows| rows.first()) {
        if kind(row) != kind(&train[0]) {
            return Err(Error::input(&row.at, format!("{}, as in train", kind(&train[0])), kind(row)));
        }
    }
    Ok(())
}

type Splits = (Vec<Row>, Vec<Row>, Vec<Row>);

/// Sets rows of train aside where a split has no file.
fn split(
    files: &Files,
    mut train: Vec<Row>,
    dev: Option<Vec<Row>>,
    test: Option<Vec<Row>>,
    notes: &mut Vec<String>,
) -> Result<Splits> {
    let name = &files.train.name;
    let all = train.len();
    let test = match test {
        // A dev file beside it says that somebody split this data; one file alone is cut in three.
        None if files.dev.is_none() && files.test.is_none() => set_aside(name, &mut train, all)?,
        given => given.unwrap_or_default(),
    };
    if let Some(dev) = dev {
        return Ok((train, dev, test));
    }
    let dev = set_aside(name, &mut train, all)?;
    notes.push(split_note(files, train.len(), dev.len(), test.len()));
    Ok((train, dev, test))
}

/// A tenth of `all` labelled rows out of `train`; two classes must be left.
fn set_aside(name: &str, train: &mut Vec<Row>, all: usize) -> Result<Vec<Row>> {
    let rows = aside(name, train, all, |row| rank(&row.text, row.pair.as_deref()))?;
    if train.iter().all(|row| row.label == train[0].label) {
        return Err(Error::input(
            name,
            "two classes left to train on after splitting",
            format!("{} rows", train.len()),
        ));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> File {
        File { name: name.into(), bytes: text.as_bytes().to_vec() }
    }

    fn three(train: &str, dev: &str, test: Option<&str>) -> Result<Dataset> {
        let test = test.map(|text| file("test.tsv", text));
        dataset(Files { train: file("train.tsv", train), dev: Some(file("dev.tsv", dev)), test }, &Data::default())
    }

    fn refused(train: &str, dev: &str, test: Option<&str>) -> String {
        three(train, dev, test).unwrap_err().to_string()
    }

    const TRAIN: &str = "label\tsentence\n0\tbad\n1\tgood\n";

    #[test]
    fn three_files_become_a_data_set() {
        let data = three(TRAIN, "sentence\tlabel\nfine\t1\n", Some(TRAIN)).unwrap();
        assert_eq!(data.labels, ["0", "1"]);
        assert_eq!(data.train[1], Example { text: "good".into(), pair: None, label: 1 });
        assert_eq!(data.dev, [Example { text: "fine".into(), pair: None, label: 1 }]);
        assert_eq!(data.notes, ["2 of the 2 test rows are in train too, word for word."]);
        // SHA-256 of the files as documented, computed elsewhere.
        assert_eq!(data.hash, "cb328aeb109476dc08e5a1a8723ed503a70342153978510d9737f97fafa12556");
    }

    #[test]
    fn labels_are_numbers_in_order_or_names() {
        let names = |cells: &str| {
            let train = cells.split(' ').map(|label| format!("{label}\tx\n")).collect::<String>();
            three(&format!("label\ttext\n{train}"), &format!("label\ttext\n{train}"), None).unwrap().labels
        };
        assert_eq!(names("10 9 -1"), ["-1", "9", "10"]);
        assert_eq!(names("10 9 b"), ["10", "9", "b"]);
        assert_eq!(names("neutral entailment contradiction"), ["contradiction", "entailment", "neutral"]);
    }

    #[test]
    fn a_label_that_train_lacks_is_named_with_its_line() {
        assert_eq!(
            refused(TRAIN, "label\tsentence\n1\tx\n2\ty\n", None),
            "dev.tsv:3: wanted a label that train.tsv has (0, 1), found \"2\""
        );
        assert_eq!(
            refused("label\tsentence\n0\tx\n2\ty\n", TRAIN, Some("label\tsentence\n1\tx\n")),
            "dev.tsv:3: wanted a label that train.tsv has (0, 2), found \"1\""
        );
        assert_eq!(
            refused(TRAIN, TRAIN, Some("label\tsentence\n0\tx\n-1\ty\n")),
            "test.tsv:3: wanted a label that train.tsv has (0, 1), found \"-1\""
        );
    }

    #[test]
    fn a_row_with_a_missing_column_is_named() {
        assert_eq!(
            refused("label\tsentence\n0\tx\n1\n", TRAIN, None),
            "train.tsv:3: wanted 2 columns (label, sentence), found 1"
        );
        assert_eq!(
            refused("label\tsentence\n0\tx\ty\n", TRAIN, None),
            "train.tsv:2: wanted 2 columns (label, sentence), found 3"
        );
        assert_eq!(
            refused("label\tsentence\n\tx\n", TRAIN, None),
            "train.tsv:2: wanted a label, found an empty column"
        );
        let train = file("train.jsonl", "{\"label\": 0, \"text\": \"a\"}\n{\"label\": 1}\n");
        assert_eq!(
            dataset(Files { train, dev: None, test: None }, &Data::default()).unwrap_err().to_string(),
            "train.jsonl:2: wanted a value for \"text\", found none"
        );
    }

    #[test]
    fn too_little_is_refused() {
        assert_eq!(refused("", TRAIN, None), "train.tsv: wanted labelled sentences, found an empty file");
        assert_eq!(refused(TRAIN, "label\tsentence\n", None), "dev.tsv: wanted rows below the header, found none");
        assert_eq!(
            refused("label\tsentence\n1\tx\n1\ty\n", TRAIN, None),
            "train.tsv: wanted at least two classes, found one, \"1\""
        );
        assert_eq!(
            refused("sentence\nx\n", TRAIN, None),
            "train.tsv: wanted a column of labels (name it in data.label), found none"
        );
        assert_eq!(refused(TRAIN, "sentence\nx\n", None), "dev.tsv: wanted labels, found none");
    }

    #[test]
    fn numbers_that_are_no_classes_are_regression() {
        assert_eq!(
            refused("label\tsentence\n1\tx\n3.25\ty\n", TRAIN, None),
            "train.tsv:3: wanted a class label (classification; regression is not supported), found the number 3.25"
        );
    }

    #[test]
    fn pairs_and_single_sentences_do_not_mix() {
        assert_eq!(
            refused(TRAIN, "label\tpremise\thypothesis\n0\tx\ty\n", None),
            "dev.tsv:2: wanted single sentences, as in train, found pairs of sentences"
        );
        let pairs = "label\tpremise\thypothesis\n0\tx\ty\n1\ta\tb\n";
        assert_eq!(three(pairs, pairs, None).unwrap().train[1].pair.as_deref(), Some("b"));
    }

    #[test]
    fn a_test_file_without_labels_is_no_test_split() {
        for unlabelled in ["index\tsentence\n0\tx\n", "label\tsentence\n-1\tx\n"] {
            let data = three(TRAIN, "label\tsentence\n0\tx\n", Some(unlabelled)).unwrap();
            assert!(data.test.is_empty());
            assert_eq!(
                data.notes,
                [
                    "test.tsv has no labels and is not used.",
                    "There is no test split: every figure is of the dev split, which also chose the weights."
                ]
            );
        }
        // Where -1 is a class, it is a label.
        let train = "label\tsentence\n-1\tbad\n1\tgood\n";
        assert_eq!(three(train, train, Some("label\tsentence\n-1\tx\n")).unwrap().test.len(), 1);
        let named = Data { test: Some("test.tsv".into()), ..Data::default() };
        let files = Files {
            train: file("train.tsv", TRAIN),
            dev: Some(file("dev.tsv", TRAIN)),
            test: Some(file("test.tsv", "sentence\nx\n")),
        };
        assert_eq!(dataset(files, &named).unwrap_err().to_string(), "test.tsv: wanted labels, found none");
    }

    #[test]
    fn rows_without_a_gold_label_are_left_out() {
        let train = "gold_label\tsentence1\tsentence2\n-\ta\tb\nyes\tc\td\nno\te\tf\n";
        let data = three(train, "label\tpremise\thypothesis\nno\tx\ty\n", None).unwrap();
        assert_eq!(data.train.len(), 2);
        assert_eq!(data.notes[0], "1 rows of train.tsv have no gold label and are left out.");
    }

    /// 100 rows of which each text stands twice.
    fn hundred() -> String {
        let row = |row: usize| format!("{}\tsentence {}\n", row % 2, row / 2);
        "label\tsentence\n".to_string() + &(0..100).map(row).collect::<String>()
    }

    #[test]
    fn one_file_is_cut_in_three() {
        let data = super::super::parse_one("mine.tsv", hundred().as_bytes(), &Data::default()).unwrap();
        assert_eq!((data.train.len(), data.dev.len(), data.test.len()), (80, 10, 10));
        // No text is in two splits, or a note would say so.
        assert_eq!(
            data.notes,
            ["mine.tsv is one file: 80 rows train, 10 choose (dev) and 10 report (test), by a hash of the text."]
        );
        let again = super::super::parse_one("mine.tsv", hundred().as_bytes(), &Data::default()).unwrap();
        assert_eq!(again, data);
        let texts: Vec<_> = data.test.iter().step_by(2).map(|one| one.text.as_str()).collect();
        assert_eq!(texts, ["sentence 4", "sentence 13", "sentence 37", "sentence 41", "sentence 47"]);
    }

    #[test]
    fn one_file_needs_rows_to_split() {
        let few = super::super::parse_one("mine.tsv", TRAIN.as_bytes(), &Data::default());
        assert_eq!(few.unwrap_err().to_string(), "mine.tsv: wanted at least 10 rows to split, found 2");
    }

    #[test]
    fn without_a_dev_file_train_gives_a_tenth() {
        let files = Files { train: file("train.tsv", &hundred()), dev: None, test: Some(file("test.tsv", TRAIN)) };
        let data = dataset(files, &Data::default()).unwrap();
        assert_eq!((data.train.len(), data.dev.len(), data.test.len()), (90, 10, 2));
        assert_eq!(
            data.notes,
            ["There is no dev split: 10 of 100 rows of train.tsv are set aside to choose by, by a hash of the text."]
        );
    }

    #[test]
    fn a_limit_keeps_the_first_of_the_seeded_order() {
        let mut data = super::super::parse_one("mine.tsv", hundred().as_bytes(), &Data::default()).unwrap();
        let all = data.train.clone();
        data.limit(None, 1).unwrap();
        assert_eq!(data.train, all);
        data.limit(Some(4), 1).unwrap();
        assert_eq!(data.train.len(), 4);
        assert_eq!(data.limit(Some(0), 1).unwrap_err().to_string(), "data.limit: wanted at least 1 sentence, found 0");
    }
}
