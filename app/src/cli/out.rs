//! What is printed: lines, tables, JSON.

use std::io::{self, ErrorKind, Write};

use retort_core::{Error, Result};
use serde::Serialize;

/// Prints a line. A closed pipe (`retort … | head`) is an error like any other, not a panic.
pub fn line(text: impl AsRef<str>) -> Result<()> {
    piece(format!("{}\n", text.as_ref()))
}

/// Prints what more will follow on the same line.
pub fn piece(text: impl AsRef<str>) -> Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_ref().as_bytes()).and_then(|()| stdout.flush()).map_err(|error| {
        let reason = match error.kind() {
            ErrorKind::BrokenPipe => "nobody reads any more".to_owned(),
            _ => error.to_string(),
        };
        Error::storage("standard output", reason)
    })
}

/// Prints a value as one line of JSON.
pub fn json(value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string(value).map_err(|error| Error::storage("standard output", error))?;
    line(text)
}

/// Prints rows under a header, columns aligned; figures to the right.
pub fn table<const N: usize>(header: [&str; N], rows: &[[String; N]]) -> Result<()> {
    for row in layout(header, rows) {
        line(row)?;
    }
    Ok(())
}

fn layout<const N: usize>(header: [&str; N], rows: &[[String; N]]) -> Vec<String> {
    let header = header.map(str::to_owned);
    let width = |column: usize| {
        std::iter::once(&header).chain(rows).map(|row: &[String; N]| row[column].chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..N).map(width).collect();
    let figures: Vec<bool> = (0..N).map(|column| rows.iter().all(|row| is_figure(&row[column]))).collect();
    let write = |row: &[String; N]| {
        let cells = row.iter().enumerate().map(|(column, cell)| match figures[column] {
            true => format!("{cell:>width$}", width = widths[column]),
            false => format!("{cell:<width$}", width = widths[column]),
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let rule = widths.iter().map(|&width| "-".repeat(width)).collect::<Vec<_>>().join("  ");
    [write(&header), rule].into_iter().chain(rows.iter().map(write)).collect()
}

/// Numbers, with or without a unit's sign, and the dash that stands for no number.
fn is_figure(cell: &str) -> bool {
    cell == "-" || cell.trim_start_matches(['-', '+']).starts_with(|c: char| c.is_ascii_digit())
}

/// Bytes in the unit in which they are a small number.
pub fn bytes(count: u64) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    match units.into_iter().find(|(power, _)| count >> power > 0) {
        Some((power, unit)) => {
            let value = count as f64 / f64::from(1u32 << power);
            if value < 10.0 { format!("{value:.1} {unit}") } else { format!("{value:.0} {unit}") }
        }
        None => format!("{count} B"),
    }
}

/// A whole number with its thousands apart.
pub fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Words as a shell reads them.
pub fn command(words: impl IntoIterator<Item = String>) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,".contains(c);
    let quote = |word: String| match word.chars().all(plain) && !word.is_empty() {
        true => word,
        false => format!("'{}'", word.replace('\'', r"'\''")),
    };
    words.into_iter().map(quote).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [["teacher".to_owned(), "0.8".to_owned()], ["x".to_owned(), "12.25".to_owned()]];
        let lines = layout(["model", "accuracy"], &rows);
        assert_eq!(lines, ["model    accuracy", "-------  --------", "teacher       0.8", "x           12.25"]);
    }

    #[test]
    fn bytes_are_small_numbers() {
        // 1536 = 1.5 · 2¹⁰; 128 · 2²⁰
        assert_eq!(
            [bytes(1023), bytes(1536), bytes(128 << 20), bytes(1 << 31)],
            ["1023 B", "1.5 KiB", "128 MiB", "2.0 GiB"]
        );
    }

    #[test]
    fn thousands_are_apart() {
        assert_eq!([0, 999, 1000, 1234567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
    }
}
