//! Where something stands, and text that HTML takes for text.

use std::fmt::Display;

use anyhow::{Error, anyhow};

/// A line of a file.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The file, as a reader knows it.
    pub file: &'a str,
    /// Counted from 1.
    pub line: usize,
}

impl Place<'_> {
    /// What is wrong here.
    pub fn wrong(self, wanted: impl Display, found: impl Display) -> Error {
        anyhow!("{}, line {}: wanted {wanted}, found {found}", self.file, self.line)
    }

    /// So many lines further down.
    pub fn down(self, lines: usize) -> Self {
        Self { line: self.line + lines, ..self }
    }

    /// What is wrong in TOML that begins here.
    pub fn toml(self, text: &str, error: &toml::de::Error) -> Error {
        let start = error.span().map_or(0, |span| span.start.min(text.len()));
        let found = error.message().lines().next().unwrap_or("something else");
        self.down(lines(&text[..start])).wrong("TOML with the keys that belong here", found)
    }
}

/// How many lines end in a text.
pub fn lines(text: &str) -> usize {
    text.matches('\n').count()
}

/// Text as HTML, between tags or in a double-quoted attribute.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        assert_eq!(escape("a < b & \"c\" > d"), "a &lt; b &amp; &quot;c&quot; &gt; d");
    }

    #[test]
    fn toml_names_its_line() {
        let text = "a = 1\nb = \n";
        let error = toml::from_str::<toml::Table>(text).unwrap_err();
        let said = Place { file: "x.md", line: 10 }.toml(text, &error).to_string();
        assert!(said.starts_with("x.md, line 11: wanted TOML"), "{said}");
    }
}
