//! Fenced blocks that are more than text: live figures, and what is there to be copied.

use anyhow::Result;
use serde::Deserialize;

use super::place::{Place, escape};

/// A figure that a module brings to life; until then, and on paper, it is a picture.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// Its name within the article.
    pub id: String,
    /// Its heading.
    pub title: String,
    /// What to look at, and where recorded data come from; Markdown.
    pub caption: String,
    /// What the picture shows, for those who do not see it.
    pub alt: String,
}

impl Figure {
    /// Reads the block that begins below `at`.
    ///
    /// # Errors
    /// When a key is missing or not known, or the name is none.
    pub fn parse(text: &str, at: Place) -> Result<Self> {
        let figure: Self = toml::from_str(text).map_err(|error| at.down(1).toml(text, &error))?;
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        match !figure.id.is_empty() && figure.id.chars().all(plain) {
            true => Ok(figure),
            false => Err(at.wrong("an id of small letters, digits and `-`", format!("`{}`", figure.id))),
        }
    }

    /// As HTML, of the page `slug`, below a heading; `caption` is the caption as HTML. The picture is fetched even where
    /// nobody reads yet: the page may be printed.
    pub fn html(&self, slug: &str, caption: &str) -> String {
        let Self { id, title, alt, .. } = self;
        format!(
            "<figure class=\"live\" id=\"{id}\" data-figure=\"{slug}/{id}\">\n<h3>{}</h3>\n<div class=\"stage\">\
             <img src=\"./figures/{slug}-{id}.svg\" alt=\"{}\" fetchpriority=\"low\"></div>\n\
             <figcaption>{caption}</figcaption>\n</figure>\n",
            escape(title),
            escape(alt)
        )
    }
}

/// Something to be copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copyable {
    /// A run file.
    Run,
    /// What to type.
    Command,
    /// A citation.
    Bibtex,
}

impl Copyable {
    /// By the word behind the fence.
    pub fn named(word: &str) -> Option<Self> {
        match word {
            "run" => Some(Self::Run),
            "command" => Some(Self::Command),
            "bibtex" => Some(Self::Bibtex),
            _ => None,
        }
    }

    fn caption(self, slug: &str) -> String {
        match self {
            Self::Run => format!(
                "Run file, TOML, as <code>{slug}.toml</code>. <a href=\"./index.html?companion={slug}\">Open in the laboratory</a>"
            ),
            Self::Command => "Command line".into(),
            Self::Bibtex => "Citation, BibTeX".into(),
        }
    }

    /// As HTML, of the page `slug`.
    pub fn html(self, slug: &str, text: &str) -> String {
        let word = match self {
            Self::Run => "Run file",
            Self::Command => "Command line",
            Self::Bibtex => "Citation",
        };
        format!(
            "<div class=\"copyable\"><p class=\"what\">{}</p><pre tabindex=\"0\" aria-label=\"{word}\"><code>{}</code></pre></div>\n",
            self.caption(slug),
            escape(text)
        )
    }
}

/// The keys of the entries of a BibTeX block that begins below `at`.
///
/// # Errors
/// When there is none.
pub fn keys(text: &str, at: Place) -> Result<Vec<String>> {
    let entry = |line: &str| Some(line.strip_prefix('@')?.split_once('{')?.1.strip_suffix(',')?.trim().to_owned());
    let keys: Vec<String> = text.lines().filter_map(entry).collect();
    match keys.is_empty() || text.matches('{').count() != text.matches('}').count() {
        true => Err(at.wrong("BibTeX entries, each with a key and closed", format!("{} keys", keys.len()))),
        false => Ok(keys),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Place = Place { file: "x.md", line: 3 };

    #[test]
    fn a_figure() {
        let text = "id = \"pilot\"\ntitle = \"A & b\"\ncaption = \"c\"\nalt = \"two \\\"lines\\\"\"\n";
        let figure = Figure::parse(text, AT).unwrap();
        let html = figure.html("sparse", "<em>c</em>");
        assert!(
            html.contains("id=\"pilot\" data-figure=\"sparse/pilot\"") && html.contains("<h3>A &amp; b</h3>"),
            "{html}"
        );
        assert!(html.contains("src=\"./figures/sparse-pilot.svg\" alt=\"two &quot;lines&quot;\""), "{html}");
        assert!(html.contains("<figcaption><em>c</em></figcaption>"), "{html}");
    }

    #[test]
    fn a_wrong_figure_names_its_line() {
        let refused = |text: &str| Figure::parse(text, AT).unwrap_err().to_string();
        let said = refused("id = \"a\"\nname = \"b\"\n");
        assert!(said.starts_with("x.md, line 5: wanted TOML") && said.contains("name"), "{said}");
        let said = refused("id = \"a b\"\ntitle = \"\"\ncaption = \"\"\nalt = \"\"\n");
        assert_eq!(said, "x.md, line 3: wanted an id of small letters, digits and `-`, found `a b`");
    }

    #[test]
    fn what_is_copied_is_text() {
        let html = Copyable::Run.html("survey", "a = \"<b>\"\n");
        assert!(html.contains("<code>a = &quot;&lt;b&gt;&quot;\n</code>"), "{html}");
        assert!(html.contains("href=\"./index.html?companion=survey\""), "{html}");
        assert!(!Copyable::Command.html("survey", "x").contains("href"));
    }

    #[test]
    fn keys_of_citations() {
        let two = "@inproceedings{a2022,\n  title = {T}\n}\n@misc{b-1,\n  year = {1}\n}\n";
        assert_eq!(keys(two, AT).unwrap(), ["a2022", "b-1"]);
        assert!(
            keys("@misc{a,\n title = {b\n}", AT).unwrap_err().to_string().starts_with("x.md, line 3: wanted BibTeX")
        );
    }
}
