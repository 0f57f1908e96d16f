//! `RESULTS.md`, read: tables by chapter, with means and intervals.

/// All tables, in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Results {
    tables: Vec<Found>,
}

/// A table, and where it stands.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// The heading of its chapter.
    pub chapter: String,
    /// The heading of its section; may be empty.
    pub section: String,
    /// The paragraph before it.
    pub before: String,
    /// Names of the columns.
    pub head: Vec<String>,
    /// Rows of cells as they are written.
    pub rows: Vec<Vec<String>>,
}

impl Results {
    /// Reads the file.
    pub fn read(text: &str) -> Self {
        let (mut chapter, mut section, mut before) = (String::new(), String::new(), String::new());
        let mut tables: Vec<Found> = vec![];
        let mut inside = false;
        for line in text.lines() {
            if let Some(heading) = line.strip_prefix("## ") {
                (chapter, section, before) = (heading.trim().into(), String::new(), String::new());
            } else if let Some(heading) = line.strip_prefix("### ") {
                (section, before) = (heading.trim().into(), String::new());
            }
            match cells(line) {
                None => {
                    inside = false;
                    if !line.trim().is_empty() && !line.starts_with('#') {
                        before = line.trim().into();
                    }
                }
                Some(head) if !inside => {
                    inside = true;
                    let (chapter, section, before) = (chapter.clone(), section.clone(), before.clone());
                    tables.push(Found { chapter, section, before, head, rows: vec![] });
                }
                Some(row) => {
                    let rule = row.iter().all(|cell| cell.chars().all(|sign| "-: ".contains(sign)) && cell.len() > 2);
                    tables.last_mut().filter(|_| !rule).into_iter().for_each(|table| table.rows.push(row.clone()));
                }
            }
        }
        Self { tables }
    }

    /// The tables of a chapter.
    pub fn chapter(&self, name: &str) -> Vec<&Found> {
        self.tables.iter().filter(|table| table.chapter == name).collect()
    }

    /// The first table of a section that has such a column.
    pub fn table(&self, chapter: &str, section: &str, column: &str) -> Option<&Found> {
        self.tables
            .iter()
            .find(|table| table.chapter == chapter && table.section == section && table.column(column).is_some())
    }
}

impl Found {
    /// The place of a column.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.head.iter().position(|head| head == name)
    }

    /// The number in the column of the row that begins with `row`.
    pub fn number(&self, row: &str, column: &str) -> Option<Number> {
        let at = self.column(column)?;
        self.rows
            .iter()
            .find(|cells| cells.first().is_some_and(|name| name == row))?
            .get(at)
            .and_then(|cell| Number::read(cell))
    }
}

/// A mean, perhaps with an interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Number {
    /// The mean.
    pub mean: f64,
    /// From where to where it may lie.
    pub interval: Option<[f64; 2]>,
}

impl Number {
    /// `73.2 [72.1, 74.2] %` and its like.
    pub fn read(cell: &str) -> Option<Self> {
        let number = |text: &str| text.trim().trim_end_matches('%').trim().replace('−', "-").parse::<f64>().ok();
        let Some((mean, rest)) = cell.split_once('[') else {
            return Some(Self { mean: number(cell)?, interval: None });
        };
        let (low, high) = rest.split_once(']')?.0.split_once(',')?;
        Some(Self { mean: number(mean)?, interval: Some([number(low)?, number(high)?]) })
    }

    /// With so many digits: `73.2 [72.1, 74.2]`.
    pub fn told(&self, digits: usize) -> String {
        let Self { mean, interval } = self;
        let text = match interval {
            Some([low, high]) => format!("{mean:.digits$} [{low:.digits$}, {high:.digits$}]"),
            None => format!("{mean:.digits$}"),
        };
        text.replace('-', "−")
    }
}

/// The cells of a line of a table.
fn cells(line: &str) -> Option<Vec<String>> {
    let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    Some(inner.split('|').map(|cell| cell.trim().to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Results\n\n## one\n\nWords, of a.\n\n| x | y |\n|---|---|\n| a | 73.2 [72.1, 74.2] |\n\n### two\n\n\
                        | x | z |\n|---|---|\n| a | +0.5 [-0.25, +1.25] |\n| b | 48 [44, 52] % |\n";

    #[test]
    fn tables_are_found_by_chapter_and_section() {
        let results = Results::read(TEXT);
        let first = results.table("one", "", "y").unwrap();
        assert_eq!((first.before.as_str(), first.rows.len()), ("Words, of a.", 1));
        assert_eq!(first.number("a", "y").unwrap().told(1), "73.2 [72.1, 74.2]");
        let second = results.table("one", "two", "z").unwrap();
        assert_eq!(second.number("a", "z"), Some(Number { mean: 0.5, interval: Some([-0.25, 1.25]) }));
        assert_eq!(second.number("b", "z"), Some(Number { mean: 48.0, interval: Some([44.0, 52.0]) }));
        assert_eq!(results.table("one", "two", "y"), None);
        assert_eq!(second.number("c", "z"), None);
    }

    #[test]
    fn what_is_no_number_is_none() {
        assert_eq!(
            ["-", "", "*beats*", "1 [2", "10 %"].map(|cell| Number::read(cell).map(|number| number.mean)),
            [None, None, None, None, Some(10.0)]
        );
    }
}
