//! Rows that were pasted: what they look like, and what was read of them.

use retort_core::{Error, Result, data::Sheet};

/// What pasted rows can be read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Cells between tabs.
    Tsv,
    /// Cells between commas.
    Csv,
    /// A JSON object a line.
    Jsonl,
    /// Text without columns.
    Text,
}

/// Most bytes of a paste: more is a file.
const MOST: usize = 20_000_000;
/// A header's cell has at most so many words; more are a sentence.
const WORDS: usize = 3;
/// Columns that are told by name, and letters of each.
const SHOWN: [usize; 2] = [8, 24];

impl Form {
    /// All of them: the ending of their files, and what they are called.
    pub const ALL: [(Self, &str, &str); 4] = [
        (Self::Tsv, "tsv", "TSV"),
        (Self::Csv, "csv", "CSV"),
        (Self::Jsonl, "jsonl", "JSONL"),
        (Self::Text, "txt", "plain text"),
    ];

    /// What a text looks like, by its first lines.
    pub fn guess(text: &str) -> Self {
        let mut lines = text.lines().map(str::trim_end).filter(|line| !line.trim().is_empty());
        let (first, second) = (lines.next().unwrap_or_default(), lines.next());
        let start: String = first.chars().filter(|letter| !letter.is_whitespace()).take(2).collect();
        let is_name = |cell: &str| {
            cell.starts_with(|letter: char| letter.is_alphanumeric() || letter == '_')
                && cell.split_whitespace().count() <= WORDS
        };
        let cells = || first.split(',').map(|cell| cell.trim().trim_matches('"'));
        if start.starts_with('{') || start == "[{" || start == "[" {
            Self::Jsonl
        } else if first.contains('\t') {
            Self::Tsv
        } else if cells().count() > 1 && cells().all(is_name) && second.is_some_and(|line| line.contains(',')) {
            Self::Csv
        } else {
            Self::Text
        }
    }

    /// The one whose files end so.
    pub fn of(ending: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known, _)| *known == ending).map(|(form, ..)| *form)
    }

    fn facts(self) -> (&'static str, &'static str) {
        Self::ALL.iter().find(|(form, ..)| *form == self).map(|(_, ending, name)| (*ending, *name)).unwrap_or_default()
    }

    /// The ending of its files.
    pub fn ending(self) -> &'static str {
        self.facts().0
    }
}

/// What keeps a text from being rows at all.
///
/// # Errors
/// [`Error::Input`] when it is empty, no text, or too much of it.
pub fn check(text: &str) -> Result<()> {
    let at = "the pasted rows";
    if text.trim().is_empty() {
        return Err(Error::input(at, "text", "none"));
    }
    if text.len() > MOST {
        let found = format!("{} MB", text.len() / 1_000_000);
        return Err(Error::input(at, format!("at most {} MB (choose a file instead)", MOST / 1_000_000), found));
    }
    for (number, line) in text.split('\n').enumerate() {
        let odd = |letter: &char| letter.is_control() && !matches!(letter, '\t' | '\r') || *letter == '\u{fffd}';
        if let Some(letter) = line.chars().find(odd) {
            let found = format!("U+{:04X}, which no text has", u32::from(letter));
            return Err(Error::input(format!("{at}, line {}", number + 1), "text", found));
        }
    }
    Ok(())
}

/// What was read, in a sentence.
pub fn told(form: Form, sheet: &Sheet) -> String {
    let (_, name) = form.facts();
    let count = |count: usize, one: &str| if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") };
    if form == Form::Text {
        return format!("Read as {name}: {}.", count(sheet.rows, "line"));
    }
    let short = |name: &String| match name.char_indices().nth(SHOWN[1]) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.clone(),
    };
    let mut names: Vec<String> = sheet.columns.iter().take(SHOWN[0]).map(short).collect();
    if sheet.columns.len() > SHOWN[0] {
        names.push(format!("and {} more", sheet.columns.len() - SHOWN[0]));
    }
    let columns = if names.len() == 1 { "column" } else { "columns" };
    format!("Read as {name}: {columns} {}; {}.", names.join(", "), count(sheet.rows, "row"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rows_are_is_told_by_their_look() {
        assert_eq!(Form::guess("\n text\tlabel\na, b\t1"), Form::Tsv);
        assert_eq!(Form::guess("text,label\n\"a, b\",1"), Form::Csv);
        assert_eq!(Form::guess(" { \"text\": \"a\tb\" }"), Form::Jsonl);
        assert_eq!(Form::guess("[\n{\"text\": 1}]"), Form::Jsonl);
        assert_eq!(Form::guess("[Chorus] one, two\nthree, four"), Form::Text);
        // Sentences have commas, too, and one line alone is no table.
        assert_eq!(Form::guess("It was late, and nobody had come home yet.\nShe waited, then left."), Form::Text);
        assert_eq!(Form::guess("Roses, violets"), Form::Text);
        assert_eq!(Form::guess(""), Form::Text);
        for (form, ending, _) in Form::ALL {
            assert_eq!((Form::of(ending), form.ending()), (Some(form), ending));
        }
    }

    #[test]
    fn what_is_no_text_says_where() {
        let refused = |text: &str| check(text).unwrap_err().to_string();
        assert_eq!(refused(" \n\t"), "the pasted rows: wanted text, found none");
        assert_eq!(refused("a\nPK\u{3}\u{4}"), "the pasted rows, line 2: wanted text, found U+0003, which no text has");
        assert_eq!(refused("caf\u{fffd}"), "the pasted rows, line 1: wanted text, found U+FFFD, which no text has");
        let much = "a".repeat(MOST + 1_000_000);
        assert_eq!(refused(&much), "the pasted rows: wanted at most 20 MB (choose a file instead), found 21 MB");
        assert!(check("<script>alert(1)</script>\r\n\tfine").is_ok());
    }

    #[test]
    fn what_was_read_is_told_and_not_more_than_fits() {
        let sheet = |names: &[&str], rows| Sheet { columns: names.iter().map(ToString::to_string).collect(), rows };
        assert_eq!(told(Form::Tsv, &sheet(&["text", "label"], 12)), "Read as TSV: columns text, label; 12 rows.");
        assert_eq!(told(Form::Jsonl, &sheet(&["text"], 1)), "Read as JSONL: column text; 1 row.");
        assert_eq!(told(Form::Text, &sheet(&[], 1)), "Read as plain text: 1 line.");
        let long = "x".repeat(30);
        let many: Vec<&str> = std::iter::repeat_n(long.as_str(), 10).collect();
        let text = told(Form::Csv, &sheet(&many, 2));
        assert!(text.ends_with(&format!("{}…, and 2 more; 2 rows.", "x".repeat(24))), "{text}");
    }
}
