//! What a page takes from the site, at its address there.

use anyhow::Result;

use super::place::{Place, lines};

/// A page whose styles, scripts and pictures are asked for where `address` says they are; links to pages stay. What
/// `address` does not know is named.
///
/// # Errors
/// When something is asked for that is not part of the site.
pub fn rebase(file: &str, html: &str, address: impl Fn(&str) -> Option<String>) -> Result<String> {
    const OPENINGS: [&str; 2] = [" href=\"./", " src=\"./"];
    let mut page = String::new();
    let mut rest = html;
    while let Some((at, opening)) =
        OPENINGS.iter().filter_map(|opening| Some((rest.find(opening)?, *opening))).min_by_key(|(at, _)| *at)
    {
        let (before, after) = rest.split_at(at + opening.len());
        let name = after.split('"').next().unwrap_or_default();
        page += before;
        rest = &after[name.len()..];
        let path = name.split(['?', '#']).next().unwrap_or_default();
        match address(path) {
            _ if path.ends_with(".html") => page += name,
            Some(address) => page += &address,
            None => {
                let at = Place { file, line: 1 + lines(html) - lines(rest) };
                return Err(at.wrong("a file of the site", format!("`./{name}`")));
            }
        }
    }
    Ok(page + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(path: &str) -> Option<String> {
        (path == "style.css").then(|| "v-1/style.css".to_owned())
    }

    #[test]
    fn files_move_and_pages_stay() {
        let html = "<link href=\"./style.css\"><a href=\"./a.html?b=c#d\">e</a><a href=\"https://f\">";
        let moved = "<link href=\"./v-1/style.css\"><a href=\"./a.html?b=c#d\">e</a><a href=\"https://f\">";
        assert_eq!(rebase("a.html", html, known).unwrap(), moved);
    }

    #[test]
    fn what_is_not_there_is_named() {
        let said = rebase("a.html", "<p>\n<img src=\"./b.svg\">", known).unwrap_err().to_string();
        assert_eq!(said, "a.html, line 2: wanted a file of the site, found `./b.svg`");
    }
}
