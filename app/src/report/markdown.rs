//! A report as Markdown, with its figures as files beside it.

use std::fmt::Write as _;

use super::document::{Block, Document};

/// Pixels that a figure is wide.
const WIDTH: f64 = 720.0;

/// The text, and the figures: names and SVGs. `stem` begins their names.
pub fn markdown(document: &Document, stem: &str) -> (String, Vec<(String, String)>) {
    let mut text = format!("# {}\n\n", escaped(&document.title));
    let mut figures = vec![];
    for sentence in &document.lead {
        let _ = write!(text, "{}\n\n", escaped(sentence));
    }
    for block in &document.blocks {
        match block {
            Block::Heading(heading) => {
                let _ = write!(text, "## {}\n\n", escaped(heading));
            }
            Block::Text(paragraph) => {
                let _ = write!(text, "{}\n\n", escaped(paragraph));
            }
            Block::Code(code) => {
                let fence = fence(code);
                let _ = write!(text, "{fence}toml\n{}\n{fence}\n\n", code.trim_end());
            }
            Block::Table { head, rows } => {
                let line = |cells: &[String]| {
                    let cells: Vec<String> = cells.iter().map(|cell| escaped(cell).replace('|', "\\|")).collect();
                    format!("| {} |\n", cells.join(" | "))
                };
                let _ = writeln!(text, "{}|{}", line(head), "---|".repeat(head.len()));
                rows.iter().for_each(|row| text.push_str(&line(row)));
                text.push('\n');
            }
            Block::Figure { name, figure } => {
                let file = format!("{stem}-{name}.svg");
                let caption = figure.caption();
                let _ = write!(text, "![{}]({file})\n\n{}\n\n", escaped(&caption.title), escaped(&caption.description));
                figures.push((file, figure.print(WIDTH)));
            }
        }
    }
    (format!("{}\n", text.trim_end()), figures)
}

/// Longer than any row of backticks in the text.
fn fence(code: &str) -> String {
    let longest = code.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(3.max(longest + 1))
}

/// Text that is no markup.
fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut all, letter| {
        if "\\`*_[]<>#".contains(letter) {
            all.push('\\');
        }
        all.push(letter);
        all
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::{Caption, Lines};

    #[test]
    fn names_stay_names_and_figures_lie_beside() {
        let mut document = Document::new("a_b");
        document.lead.push("*beats*".into());
        document.table(&["a|b", "c"], vec![vec!["x".into(), "<y>".into()]]);
        document.figure("losses", Lines { caption: Caption::new("Losses", "By step."), ..Lines::default() });
        document.blocks.push(Block::Code("text = \"```\"\n".into()));
        let (text, figures) = markdown(&document, "report");
        assert!(text.starts_with("# a\\_b\n\n\\*beats\\*\n\n| a\\|b | c |\n|---|---|\n| x | \\<y\\> |\n\n"), "{text}");
        assert!(text.contains("![Losses](report-losses.svg)\n\nBy step.\n"), "{text}");
        assert!(text.ends_with("````toml\ntext = \"```\"\n````\n"), "{text}");
        assert_eq!(figures.len(), 1);
        assert!(figures[0].0 == "report-losses.svg" && figures[0].1.starts_with("<svg"));
    }
}
