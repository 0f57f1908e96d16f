//! The written pages: companions made of Markdown, and bodies of HTML, all in one shell.
//!
//! `www/companions/*.md` are articles beside a paper each; `www/pages/*.html` are bodies of other pages.
//! Both have front matter. What is made needs no script to be read: formulas are MathML, a live figure is a
//! picture until a module takes it over, and nothing has a style or a script of its own.

mod block;
mod content;
mod delivered;
mod front;
mod goods;
mod markdown;
mod math;
mod page;
mod parts;
mod place;
mod rebase;
mod size;
mod spans;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, fs, path::Path, path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};
use clap::Args;

pub use self::{delivered::Delivered, size::check};
use self::{
    front::Source,
    goods::Goods,
    markdown::Written,
    math::Math,
    page::{Entry, Parts},
    place::{Place, escape},
    spans::{Link, line},
};
use crate::shell::Shop;

/// The companions, in the order of the navigation.
const COMPANIONS: [&str; 4] = ["sparse-teachers", "homotopic", "survey", "autoregressive"];
/// The page before them, and what it is called where it has no body yet.
const PAGES: [(&str, &str); 1] = [("index", "Laboratory")];
const SHELL: &str = "shell.html";

/// Make the written pages: the companions, and what else stands in the shell.
#[derive(Args)]
pub struct Articles {
    /// The folder they go to
    dir: PathBuf,
}

impl Articles {
    /// Makes the pages and writes them.
    ///
    /// # Errors
    /// When a source is wrong, naming file and line, or a file cannot be written.
    pub fn run(self, shop: &Shop) -> Result<ExitCode> {
        let site = Site::read(&shop.root.join("www"))?;
        let files = site.files()?;
        for (name, text) in &files {
            let to = self.dir.join(name);
            let folder = to.parent().unwrap_or(&self.dir);
            fs::create_dir_all(folder).with_context(|| format!("could not make {}", folder.display()))?;
            fs::write(&to, text).with_context(|| format!("could not write {}", to.display()))?;
        }
        println!("{} files in {}", files.len(), self.dir.display());
        Ok(ExitCode::SUCCESS)
    }
}

/// Makes the site of the modules that Trunk built, in the place of the one in `dist`.
///
/// # Errors
/// When a source is wrong, something is missing, or a file cannot be written.
pub fn deliver(shop: &Shop) -> Result<Delivered> {
    let built = shop.root.join("built");
    let site = Delivered::pack(&Goods::gather(shop, &built)?, &built)?;
    site.write(&shop.root.join("dist"), &built)?;
    if !site.missing.is_empty() {
        println!("not made yet: {}", site.missing.join(", "));
    }
    Ok(site)
}

/// Everything that the pages are made of.
struct Site {
    shell: String,
    companions: Vec<Source>,
    pages: Vec<Source>,
    math: Math,
}

/// A page before it is in the shell.
struct Made {
    slug: String,
    main: String,
    links: Vec<Link>,
    ids: Vec<String>,
}

impl Site {
    /// Reads `www`.
    fn read(www: &Path) -> Result<Self> {
        let shell = fs::read_to_string(www.join(SHELL)).with_context(|| format!("could not read www/{SHELL}"))?;
        let found = names(www, "companions", ".md")?;
        let wanted: Vec<String> = COMPANIONS.map(|slug| format!("companions/{slug}.md")).to_vec();
        let mut sorted = wanted.clone();
        sorted.sort();
        anyhow::ensure!(found == sorted, "www/companions: wanted {}, found {}", sorted.join(", "), found.join(", "));
        let read = |files: &[String]| files.iter().map(|file| Source::read(www, file)).collect::<Result<Vec<_>>>();
        Ok(Self { shell, companions: read(&wanted)?, pages: read(&names(www, "pages", ".html")?)?, math: math::math() })
    }

    /// All files, by their name in the folder of the site.
    fn files(&self) -> Result<BTreeMap<String, String>> {
        let written: Vec<Written> =
            self.companions.iter().map(|source| markdown::write(source, &self.math)).collect::<Result<_>>()?;
        let mut made: Vec<Made> = vec![];
        for (source, written) in self.companions.iter().zip(&written) {
            made.push(self.article(source, written)?);
        }
        for source in &self.pages {
            made.push(body(source)?);
        }
        for page in &made {
            links(page, &made)?;
        }
        let sources = || self.companions.iter().chain(&self.pages);
        let mut files = BTreeMap::new();
        for (source, page) in sources().zip(&made) {
            files.insert(format!("{}.html", source.slug), self.page(source, page)?);
        }
        for (source, written) in self.companions.iter().zip(written) {
            let wrong = |found: usize| source.top().wrong("one run file in the article", found);
            let [run] = <[String; 1]>::try_from(written.runs).map_err(|runs| wrong(runs.len()))?;
            files.insert(format!("companions/{}.toml", source.slug), run);
        }
        Ok(files)
    }

    /// The main part of a companion.
    fn article(&self, source: &Source, written: &Written) -> Result<Made> {
        let front = &source.front;
        let missing = |key: &str| source.top().wrong(format!("`{key}` in the front matter"), "none");
        let paper = front.source.as_ref().ok_or_else(|| missing("source"))?;
        let minutes = front.minutes.ok_or_else(|| missing("minutes"))?;
        let (lede, mut links) = line(&front.lede, &self.math, source.top())?;
        let (paper, more) = line(paper, &self.math, source.top())?;
        links.extend(more);
        links.extend(written.links.iter().cloned());
        let item = |(id, text): &(String, String)| format!("<li><a href=\"#{id}\">{text}</a></li>\n");
        let contents: String = written.contents.iter().map(item).collect();
        let main = format!(
            "<article class=\"companion\" data-companion=\"{slug}\">\n<div class=\"opening\">\n\
             <p class=\"kind\">Companion, {minutes} minutes</p>\n<h1>{title}</h1>\n<p class=\"lede\">{lede}</p>\n\
             <p class=\"source\">{paper}</p>\n</div>\n<nav class=\"contents\" aria-label=\"Contents\">\n<ol>\n{contents}</ol>\n</nav>\n\
             <div class=\"prose\">\n{html}</div>\n</article>",
            slug = source.slug,
            title = escape(&front.title),
            html = written.html,
        );
        Ok(Made { slug: source.slug.clone(), main, links, ids: written.ids.clone() })
    }

    /// A page in the shell.
    fn page(&self, source: &Source, made: &Made) -> Result<String> {
        let front = &source.front;
        let title = match front.title.contains("Retort") {
            true => front.title.clone(),
            false => format!("{} · Retort", front.title),
        };
        let named = |slug: &str| self.pages.iter().find(|page| page.slug == slug).map(|page| page.front.short.clone());
        let pages =
            PAGES.map(|(slug, short)| Entry { slug: slug.into(), short: named(slug).unwrap_or_else(|| short.into()) });
        let entry = |source: &Source| Entry { slug: source.slug.clone(), short: source.front.short.clone() };
        let companions: Vec<Entry> = self.companions.iter().map(entry).collect();
        let nav = page::nav(&pages, &companions, &source.slug);
        let parts = Parts { title: &title, description: &front.lede, nav: &nav, main: &made.main };
        let html = parts.fill(&format!("www/{SHELL}"), &self.shell)?;
        match page::forbidden(&html) {
            Some((_, tag)) => {
                Err(source.top().wrong("no style and no script in a page or its shell", format!("`{tag}`")))
            }
            None => Ok(html),
        }
    }
}

/// A body of HTML, as it is.
fn body(source: &Source) -> Result<Made> {
    if let Some((line, tag)) = page::forbidden(&source.body) {
        let at = Place { file: &source.file, line: source.first + line - 1 };
        return Err(at.wrong("no style and no script in a page", format!("`{tag}`")));
    }
    let of = |attribute: &str| {
        let parts: Vec<(usize, &str)> = source.body.match_indices(&format!(" {attribute}=\"")).collect();
        let value = |(at, found): &(usize, &str)| {
            let start = at + found.len();
            let end = source.body[start..].find('"').map_or(source.body.len(), |end| start + end);
            (source.place(*at).line, source.body[start..end].to_owned())
        };
        parts.iter().map(value).collect::<Vec<Link>>()
    };
    let ids = of("id").into_iter().map(|(_, id)| id).collect();
    Ok(Made { slug: source.slug.clone(), main: source.body.trim_end().to_owned(), links: of("href"), ids })
}

/// Links within the site lead somewhere.
fn links(page: &Made, all: &[Made]) -> Result<()> {
    let file = match COMPANIONS.contains(&page.slug.as_str()) {
        true => format!("www/companions/{}.md", page.slug),
        false => format!("www/pages/{}.html", page.slug),
    };
    for (line, to) in &page.links {
        let at = Place { file: &file, line: *line };
        if to.starts_with("https://") || to.starts_with("data:") {
            continue;
        }
        let (path, fragment) = to.split_once('#').unwrap_or((to, ""));
        let path = path.split('?').next().unwrap_or_default().trim_start_matches("./");
        let slug = if path.is_empty() { page.slug.as_str() } else { path.trim_end_matches(".html") };
        let found = all.iter().find(|other| other.slug == slug);
        // A page of its own program may not have a body here.
        let other = PAGES.iter().any(|(name, _)| *name == slug);
        let is_page = path.is_empty() || path.ends_with(".html");
        if !is_page || (found.is_none() && !other) {
            return Err(at.wrong("a link to a page that there is, or to https://", format!("`{to}`")));
        }
        let known =
            |made: &Made| fragment.is_empty() || fragment.starts_with('/') || made.ids.iter().any(|id| id == fragment);
        if found.is_some_and(|made| !known(made)) {
            return Err(at.wrong(format!("an id of {slug}.html"), format!("`#{fragment}`")));
        }
    }
    Ok(())
}

/// The files of a folder of `www` with that ending, sorted; none where there is no folder.
fn names(www: &Path, folder: &str, ending: &str) -> Result<Vec<String>> {
    let at = www.join(folder);
    if !at.is_dir() {
        return Ok(vec![]);
    }
    let mut names = vec![];
    for entry in fs::read_dir(&at).with_context(|| format!("could not read www/{folder}"))? {
        let name = entry.with_context(|| format!("could not read www/{folder}"))?.file_name();
        let name = name.to_string_lossy();
        if name.ends_with(ending) {
            names.push(format!("{folder}/{name}"));
        }
    }
    names.sort();
    Ok(names)
}
