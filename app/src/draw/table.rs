//! The numbers behind a figure, as a table and as CSV.

use super::number;

/// Rows of cells under a head.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// Names of the columns.
    pub head: Vec<String>,
    /// Rows, each as long as the head; their first cells name them.
    pub rows: Vec<Vec<Cell>>,
}

/// What a cell holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// A name.
    Text(String),
    /// A value.
    Number(f64),
    /// Nothing that is known.
    Nothing,
}

impl Cell {
    /// A value where there is one.
    pub fn of(value: Option<f64>) -> Self {
        value.filter(|value| !value.is_nan()).map_or(Self::Nothing, Self::Number)
    }

    /// As it is read: four digits that count.
    pub fn shown(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(value) => number::short(*value),
            Self::Nothing => "–".into(),
        }
    }

    /// As it is written in CSV: every digit.
    fn csv(&self) -> String {
        match self {
            Self::Text(text) => quoted(text),
            Self::Number(value) if *value != 0.0 && !(1e-6..1e15).contains(&value.abs()) => format!("{value:e}"),
            Self::Number(value) => value.to_string(),
            Self::Nothing => String::new(),
        }
    }
}

impl Table {
    /// Every row, with every digit, as RFC 4180 has it.
    pub fn csv(&self) -> String {
        let line = |cells: Vec<String>| cells.join(",") + "\r\n";
        let head = line(self.head.iter().map(|name| quoted(name)).collect());
        head + &self.rows.iter().map(|row| line(row.iter().map(Cell::csv).collect())).collect::<String>()
    }

    /// Not more than `most` rows, equally far apart, the first and the last among them.
    pub fn thinned(&self, most: usize) -> Self {
        let most = most.max(2);
        if self.rows.len() <= most {
            return self.clone();
        }
        let rows = (0..most).map(|place| self.rows[place * (self.rows.len() - 1) / (most - 1)].clone());
        Self { head: self.head.clone(), rows: rows.collect() }
    }

    /// A row as names and what is read beside them, without what is not known.
    pub fn told(&self, row: usize) -> Vec<[String; 2]> {
        let cells = self.head.iter().zip(self.rows.get(row).into_iter().flatten());
        let known = cells.filter(|(_, cell)| **cell != Cell::Nothing);
        known.map(|(name, cell)| [name.clone(), cell.shown()]).collect()
    }
}

fn quoted(text: &str) -> String {
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let rows = vec![
            vec![Cell::Text("a, \"b\"".into()), Cell::Number(0.123_456_789)],
            vec![Cell::Text("c".into()), Cell::of(Some(f64::NAN))],
        ];
        Table { head: vec!["name".into(), "loss".into()], rows }
    }

    #[test]
    fn csv_has_every_digit_and_quotes_what_needs_it() {
        assert_eq!(table().csv(), "name,loss\r\n\"a, \"\"b\"\"\",0.123456789\r\nc,\r\n");
    }

    #[test]
    fn a_row_is_told_in_few_digits() {
        assert_eq!(table().told(0), [["name", "a, \"b\""], ["loss", "0.1235"]].map(|pair| pair.map(String::from)));
        assert_eq!(table().told(1).len(), 1);
        assert!(table().told(2).is_empty());
    }

    #[test]
    fn a_long_table_keeps_its_ends() {
        let rows = (0..101).map(|row| vec![Cell::Number(f64::from(row))]).collect();
        let thin = Table { head: vec!["x".into()], rows }.thinned(3);
        // 0 · 100 / 2, 1 · 100 / 2, 2 · 100 / 2.
        assert_eq!(thin.rows, [0.0, 50.0, 100.0].map(|value| vec![Cell::Number(value)]));
    }
}
