//! A source file: front matter between two lines of `+++`, and below it the body.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use serde::Deserialize;

use super::place::{Place, lines};

/// What a page says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Front {
    /// The heading.
    pub title: String,
    /// The name in the navigation.
    pub short: String,
    /// One or two sentences below the heading.
    pub lede: String,
    /// The paper, as a sentence; of companions.
    pub source: Option<String>,
    /// How long it takes to read; of companions.
    pub minutes: Option<u32>,
}

/// A file to be made into a page.
#[derive(Debug, Clone)]
pub struct Source {
    /// The file, as errors name it.
    pub file: String,
    /// The name of the page.
    pub slug: String,
    /// What it says about itself.
    pub front: Front,
    /// What is below.
    pub body: String,
    /// The line at which the body begins.
    pub first: usize,
}

const FENCE: &str = "+++";

impl Source {
    /// Reads a file of `www`.
    ///
    /// # Errors
    /// When it cannot be read, or its front matter is wrong.
    pub fn read(www: &Path, file: &str) -> Result<Self> {
        let text = fs::read_to_string(www.join(file)).with_context(|| format!("could not read www/{file}"))?;
        Self::parse(&format!("www/{file}"), &text)
    }

    /// Takes a file apart.
    ///
    /// # Errors
    /// When its front matter is wrong.
    pub fn parse(file: &str, text: &str) -> Result<Self> {
        let top = Place { file, line: 1 };
        let rest = text.strip_prefix("+++\n").ok_or_else(|| top.wrong("`+++`", first_line(text)))?;
        let (front, body) = rest
            .split_once("\n+++\n")
            .ok_or_else(|| top.wrong(format!("a second line of `{FENCE}`"), "the end of the file"))?;
        let below = top.down(1);
        let front: Front = toml::from_str(front).map_err(|error| below.toml(rest, &error))?;
        let first = 1 + lines(text) - lines(body);
        let name = Path::new(file).file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        Ok(Self { file: file.to_owned(), slug: name.to_owned(), front, body: body.to_owned(), first })
    }

    /// Where a byte of the body is.
    pub fn place(&self, at: usize) -> Place<'_> {
        Place { file: &self.file, line: self.first + lines(&self.body[..at]) }
    }

    /// The front matter.
    pub fn top(&self) -> Place<'_> {
        Place { file: &self.file, line: 1 }
    }
}

fn first_line(text: &str) -> String {
    format!("`{}`", text.lines().next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "+++\ntitle = \"A\"\nshort = \"a\"\nlede = \"b\"\n+++\nBody\nmore\n";

    fn refused(text: &str) -> String {
        Source::parse("www/x.md", text).unwrap_err().to_string()
    }

    #[test]
    fn front_and_body_and_where_they_are() {
        let source = Source::parse("www/companions/x.md", TEXT).unwrap();
        assert_eq!(
            (source.slug.as_str(), source.front.title.as_str(), source.body.as_str()),
            ("x", "A", "Body\nmore\n")
        );
        assert_eq!((source.first, source.place(5).line), (6, 7));
    }

    #[test]
    fn what_is_missing_is_named_with_its_line() {
        assert_eq!(refused("# A\n"), "www/x.md, line 1: wanted `+++`, found `# A`");
        assert_eq!(
            refused("+++\ntitle = \"A\"\n"),
            "www/x.md, line 1: wanted a second line of `+++`, found the end of the file"
        );
        let said = refused(&TEXT.replace("short", "shirt"));
        assert!(said.starts_with("www/x.md, line 3: wanted TOML") && said.contains("shirt"), "{said}");
    }
}
