//! Texts without labels: plain text, and prompts with their responses.

use super::read::{File, Table, decode};
use super::split::{self, Files};
use super::{Dataset, Example, Kind};
use crate::run::Data;
use crate::{Error, Result};

/// Columns that may be a prompt, what belongs to it, and its response: Alpaca's, Dolly's, and those of
/// usual JSONL files.
const PROMPTS: [&str; 3] = ["prompt", "instruction", "query"];
const CONTEXTS: [&str; 2] = ["context", "input"];
const RESPONSES: [&str; 4] = ["response", "output", "completion", "answer"];

/// Whether a file is plain text, by its name.
pub(super) fn is_plain(name: &str) -> bool {
    name.to_lowercase().ends_with(".txt")
}

/// Plain text. Where a split has no file, the end of the training text is set aside for it: a tenth
/// of its bytes, up to the end of a line.
///
/// # Errors
/// When a file is not UTF-8 or says nothing, or one file is too short to be cut in three.
pub(super) fn plain(files: &Files) -> Result<Dataset> {
    let mut notes = vec![];
    let read = |file: &File| -> Result<String> {
        if !is_plain(&file.name) {
            return Err(Error::input(&file.name, "plain text (.txt), as train is", format!("{:?}", file.name)));
        }
        let text = decode(file)?;
        match text.trim().is_empty() {
            true => Err(Error::input(&file.name, "text", "none")),
            false => Ok(text.to_owned()),
        }
    };
    let name = &files.train.name;
    let mut train = read(&files.train)?;
    let mut dev = files.dev.as_ref().map(read).transpose()?;
    let mut test = files.test.as_ref().map(read).transpose()?;
    let share = train.len() / 10;
    if dev.is_none() && test.is_none() {
        test = Some(end_of(name, &mut train, share)?);
    }
    if dev.is_none() {
        dev = Some(end_of(name, &mut train, share)?);
        notes.push(match files.test {
            None => format!("{name} is one file: its last tenth reports (test), the tenth before chooses (dev)."),
            Some(_) => format!("There is no dev split: the last tenth of {name} is set aside to choose by."),
        });
    }
    if test.is_none() {
        notes.push(split::NO_TEST.into());
    }
    let one = |text: String| vec![Example { text, pair: None, label: 0 }];
    Ok(Dataset {
        kind: Kind::Text,
        labels: vec![],
        train: one(train),
        dev: dev.map(one).unwrap_or_default(),
        test: test.map(one).unwrap_or_default(),
        hash: split::hash(files),
        notes,
    })
}

/// Takes about `size` bytes off the end of `text`, whole lines.
fn end_of(name: &str, text: &mut String, size: usize) -> Result<String> {
    let from = text.len().saturating_sub(size.max(1));
    let at = (from..text.len()).find(|&at| text.as_bytes()[at - 1] == b'\n').filter(|&at| at > 0 && at < text.len());
    match at {
        Some(at) => Ok(text.split_off(at)),
        None => Err(Error::input(name, "lines enough to set a tenth of them aside", "too few")),
    }
}

/// The columns of prompts and responses, by position.
pub(super) struct Columns {
    pub prompt: usize,
    pub context: Option<usize>,
    pub response: usize,
}

/// Prompts and responses, if that is what the files hold.
///
/// # Errors
/// When columns that the run file names are not there, a row lacks its prompt, or nothing is left.
pub(super) fn instructions(files: &Files, data: &Data) -> Result<Option<Dataset>> {
    let mut table = Table::read(&files.train)?;
    if find(&mut table, data)?.is_none() {
        return Ok(None);
    }
    let mut notes = vec![];
    let mut train = rows(&files.train, data, &mut notes)?;
    let dev = files.dev.as_ref().map(|file| rows(file, data, &mut notes)).transpose()?;
    let test = files.test.as_ref().map(|file| rows(file, data, &mut notes)).transpose()?;
    let (name, all) = (&files.train.name, train.len());
    let rank = |row: &Example| split::rank(&row.text, row.pair.as_deref());
    let test = match test {
        None if files.dev.is_none() => split::aside(name, &mut train, all, rank)?,
        given => given.unwrap_or_default(),
    };
    let dev = match dev {
        Some(dev) => dev,
        None => {
            let dev = split::aside(name, &mut train, all, rank)?;
            notes.push(split::split_note(files, train.len(), dev.len(), test.len()));
            dev
        }
    };
    if test.is_empty() {
        notes.push(split::NO_TEST.into());
    }
    let hash = split::hash(files);
    Ok(Some(Dataset { kind: Kind::Instructions, labels: vec![], train, dev, test, hash, notes }))
}

/// The columns, once the header is off the table; nothing when these are no prompts and responses.
pub(super) fn find(table: &mut Table, data: &Data) -> Result<Option<Columns>> {
    let header: Vec<String> = match &table.columns {
        Some(names) => names.clone(),
        None => table.rows[0].1.iter().flatten().map(|cell| cell.trim().to_owned()).collect(),
    };
    let place = |name: &str| header.iter().position(|column| column.eq_ignore_ascii_case(name));
    let asked = |key: &str, name: &String| {
        place(name).ok_or_else(|| {
            Error::input(&table.name, format!("a column {name:?}, as data.{key} says"), header.join(", "))
        })
    };
    let response = match &data.response {
        Some(name) => Some(asked("response", name)?),
        None if data.label.is_some() || place("label").is_some() => None,
        None => RESPONSES.iter().find_map(|name| place(name)),
    };
    let Some(response) = response else { return Ok(None) };
    let prompt = match &data.text {
        Some(name) => Some(asked("text", name)?),
        None => PROMPTS.iter().find_map(|name| place(name)),
    };
    let Some(prompt) = prompt else {
        if data.response.is_some() {
            let wanted = "a column of prompts (name it in data.text)";
            return Err(Error::input(&table.name, wanted, header.join(", ")));
        }
        return Ok(None);
    };
    let context = CONTEXTS.iter().find_map(|name| place(name)).filter(|&column| column != prompt && column != response);
    if table.columns.is_none() {
        table.columns = Some(header);
        table.rows.remove(0);
    }
    Ok(Some(Columns { prompt, context, response }))
}

/// The rows of a file; those without a response are left out and counted.
fn rows(file: &File, data: &Data, notes: &mut Vec<String>) -> Result<Vec<Example>> {
    let mut table = Table::read(file)?;
    let Some(columns) = find(&mut table, data)? else {
        return Err(Error::input(&file.name, "columns of prompts and responses, as in train", "others"));
    };
    let (mut all, mut without) = (vec![], 0);
    for (line, cells) in &table.rows {
        let cell = |column: usize| cells.get(column).cloned().flatten().filter(|cell| !cell.trim().is_empty());
        let prompt = cell(columns.prompt).ok_or_else(|| Error::input(table.at(*line), "a prompt", "none"))?;
        let text = match columns.context.and_then(cell) {
            Some(context) => format!("{prompt}\n{context}"),
            None => prompt,
        };
        match cell(columns.response) {
            Some(response) => all.push(Example { text, pair: Some(response), label: 0 }),
            None => without += 1,
        }
    }
    if without > 0 {
        notes.push(format!("{without} rows of {} have no response and are left out.", file.name));
    }
    if all.is_empty() {
        return Err(Error::input(&file.name, "prompts and responses", "none"));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> File {
        File { name: name.into(), bytes: text.as_bytes().to_vec() }
    }

    fn alone(name: &str, text: &str) -> Files {
        Files { train: file(name, text), dev: None, test: None }
    }

    #[test]
    fn one_text_is_cut_in_three_at_its_lines() {
        let text: String = (0..100).map(|line| format!("line {line:02}\n")).collect();
        let data = plain(&alone("a.txt", &text)).unwrap();
        assert_eq!(data.kind, Kind::Text);
        // 100 lines of 8 bytes: ten each.
        assert_eq!(data.test[0].text, text[90 * 8..]);
        assert_eq!(data.dev[0].text, text[80 * 8..90 * 8]);
        assert_eq!(data.train[0].text, text[..80 * 8]);
        assert_eq!(data.notes.len(), 1);
    }

    #[test]
    fn texts_that_cannot_be_cut_are_refused() {
        let refused = |text: &str| plain(&alone("a.txt", text)).unwrap_err().to_string();
        assert_eq!(refused(" \n"), "a.txt: wanted text, found none");
        assert_eq!(refused("one line"), "a.txt: wanted lines enough to set a tenth of them aside, found too few");
        let mixed = Files { train: file("a.txt", "x\n"), dev: Some(file("b.tsv", "x")), test: None };
        assert_eq!(
            plain(&mixed).unwrap_err().to_string(),
            "b.tsv: wanted plain text (.txt), as train is, found \"b.tsv\""
        );
    }

    #[test]
    fn prompts_and_responses_are_found_by_their_usual_names() {
        let data = Data::default();
        let one = |instruction: &str, context: &str, response: &str| {
            format!("{{\"instruction\": {instruction:?}, \"context\": {context:?}, \"response\": {response:?}}}\n")
        };
        let train =
            one("Name it.", "", "Ishmael.") + &one("Sum up.", "A whale.", "A whale!") + &one("Silent?", "", " ");
        let files = Files {
            train: file("t.jsonl", &train),
            dev: Some(file("d.jsonl", "{\"prompt\": \"a\", \"completion\": \"b\"}")),
            test: None,
        };
        let found = instructions(&files, &data).unwrap().unwrap();
        assert_eq!(found.kind, Kind::Instructions);
        let texts: Vec<(&str, Option<&str>)> =
            found.train.iter().map(|row| (row.text.as_str(), row.pair.as_deref())).collect();
        assert_eq!(texts, [("Name it.", Some("Ishmael.")), ("Sum up.\nA whale.", Some("A whale!"))]);
        assert_eq!(found.dev[0].pair.as_deref(), Some("b"));
        assert_eq!(found.notes[0], "1 rows of t.jsonl have no response and are left out.");
    }

    #[test]
    fn equal_rows_cannot_be_split() {
        let rows = "{\"prompt\": \"a\", \"response\": \"b\"}\n".repeat(20);
        assert_eq!(
            instructions(&alone("t.jsonl", &rows), &Data::default()).unwrap_err().to_string(),
            "t.jsonl: wanted rows that differ, to split, found too few of them"
        );
    }

    #[test]
    fn labelled_sentences_are_something_else() {
        let data = Data::default();
        assert_eq!(instructions(&alone("t.tsv", "label\tsentence\n1\tx\n"), &data).unwrap(), None);
        assert_eq!(instructions(&alone("t.tsv", "label\tquestion\tanswer\n1\tx\ty\n"), &data).unwrap(), None);
        let named = Data { response: Some("reply".into()), ..Data::default() };
        assert_eq!(
            instructions(&alone("t.tsv", "ask\treply\nx\ty\n"), &named).unwrap_err().to_string(),
            "t.tsv: wanted a column of prompts (name it in data.text), found ask, reply"
        );
        assert_eq!(
            instructions(&alone("t.tsv", "ask\tanswer\nx\ty\n"), &named).unwrap_err().to_string(),
            "t.tsv: wanted a column \"reply\", as data.response says, found ask, answer"
        );
    }
}
