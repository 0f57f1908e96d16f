//! The shell that all pages share, and what no page may hold.

use anyhow::Result;

use super::place::{Place, escape, lines};

/// What stands at a page's placeholders.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'a> {
    /// Its name in the window's title.
    pub title: &'a str,
    /// A sentence for search engines.
    pub description: &'a str,
    /// The list of pages.
    pub nav: &'a str,
    /// What is between header and footer.
    pub main: &'a str,
}

impl Parts<'_> {
    /// The shell with these in it. What they hold is never looked at for placeholders.
    ///
    /// # Errors
    /// When the shell has another placeholder.
    pub fn fill(&self, file: &str, shell: &str) -> Result<String> {
        let mut page = String::new();
        let mut rest = shell;
        while let Some((before, after)) = rest.split_once("{{") {
            page += before;
            let at = Place { file, line: 1 + lines(shell) - lines(after) };
            let wrong = |found: &str| at.wrong("{{title}}, {{description}}, {{nav}} or {{main}}", format!("`{found}`"));
            let (name, after) = after.split_once("}}").ok_or_else(|| wrong("{{"))?;
            page += &match name {
                "title" => escape(self.title),
                "description" => escape(self.description),
                "nav" => self.nav.to_owned(),
                "main" => self.main.to_owned(),
                other => return Err(wrong(other)),
            };
            rest = after;
        }
        Ok(page + rest)
    }
}

/// A page in the navigation.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its name in the address.
    pub slug: String,
    /// What it is called.
    pub short: String,
}

/// The list of pages: single ones, and the companions below their word. `current` is where the reader is.
pub fn nav(pages: &[Entry], companions: &[Entry], current: &str) -> String {
    let item = |entry: &Entry| {
        let here = if entry.slug == current { " aria-current=\"page\"" } else { "" };
        format!("<li><a href=\"./{}.html\"{here}>{}</a></li>\n", entry.slug, escape(&entry.short))
    };
    let [pages, companions] = [pages, companions].map(|entries| entries.iter().map(item).collect::<String>());
    format!(
        "<nav class=\"pages\" aria-label=\"Pages\">\n<ul>\n{pages}<li><span id=\"companions\">Companions</span>\n\
         <ul aria-labelledby=\"companions\">\n{companions}</ul>\n</li>\n</ul>\n</nav>"
    )
}

/// What a strict page policy would not let through, if anything: styles and scripts that a page holds itself.
pub fn forbidden(html: &str) -> Option<(usize, String)> {
    let inside = |tag: &str| {
        let tag = tag.to_ascii_lowercase();
        let name = tag.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default().to_owned();
        // Quoted values may say anything, but for where a link leads.
        let bare: String = tag.split('"').step_by(2).collect();
        let handler = bare.split_whitespace().any(|word| word.starts_with("on") && word.ends_with('='));
        let own = name == "style" || name == "script" && !tag.contains(" src=\"./");
        own || handler || bare.contains(" style=") || tag.contains("javascript:")
    };
    let mut at = 0;
    while let Some(open) = html[at..].find('<') {
        let start = at + open + 1;
        let end = html[start..].find('>').map_or(html.len(), |end| start + end);
        let tag = &html[start..end];
        if !tag.starts_with('/') && !tag.starts_with('!') && inside(tag) {
            return Some((1 + lines(&html[..start]), format!("<{tag}>")));
        }
        at = end.max(start);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_once() {
        let parts = Parts { title: "A & b", description: "{{main}}", nav: "<nav>", main: "<p>{{title}}" };
        let page = parts.fill("shell.html", "<title>{{title}}</title>{{description}}{{nav}}{{main}}!").unwrap();
        assert_eq!(page, "<title>A &amp; b</title>{{main}}<nav><p>{{title}}!");
        let said = parts.fill("shell.html", "a\n{{head}}").unwrap_err().to_string();
        assert_eq!(said, "shell.html, line 2: wanted {{title}}, {{description}}, {{nav}} or {{main}}, found `head`");
    }

    #[test]
    fn the_navigation_says_where_one_is() {
        let entry = |slug: &str| Entry { slug: slug.into(), short: slug.to_uppercase() };
        let nav = nav(&[entry("index")], &[entry("a"), entry("b")], "b");
        assert_eq!(nav.matches("aria-current=\"page\"").count(), 1);
        assert!(nav.contains("<a href=\"./b.html\" aria-current=\"page\">B</a>"), "{nav}");
    }

    #[test]
    fn own_styles_and_scripts_are_found() {
        let found = |html: &str| forbidden(html).map(|(line, _)| line);
        assert_eq!(found("<p>a</p>\n<p class=\"b\" style=\"c\">"), Some(2));
        assert_eq!(found("<script>a</script>"), Some(1));
        assert_eq!(found("<script type=\"module\" src=\"./boot.js\"></script>"), None);
        assert_eq!(found("<style>a</style>"), Some(1));
        assert_eq!(found("<a onclick=\"b\">"), Some(1));
        assert_eq!(found("<a href=\"javascript:b\">"), Some(1));
        assert_eq!(found("<p aria-label=\"one style=two\">a style=b &lt;style></p><math alttext=\"x on=\">"), None);
    }
}
