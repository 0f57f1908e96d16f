//! Markdown within a line: words, formulas and links.

use anyhow::Result;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html};

use super::{math::Math, place::Place};

/// A link, and the line it is on.
pub type Link = (usize, String);

/// A sentence or two of Markdown without blocks, as HTML and the links in it.
///
/// # Errors
/// When there is more than one paragraph, or what has no place in it.
pub fn line(text: &str, math: &Math, at: Place) -> Result<(String, Vec<Link>)> {
    let mut links = vec![];
    let events: Vec<Event> = parser(text).collect();
    let wrong = || at.wrong("one paragraph of words and formulas", format!("`{}`", text.trim()));
    let inner = match &events[..] {
        [Event::Start(Tag::Paragraph), inner @ .., Event::End(TagEnd::Paragraph)] => inner,
        _ => return Err(wrong()),
    };
    if inner.iter().any(|event| matches!(event, Event::Start(Tag::Paragraph) | Event::DisplayMath(_))) {
        return Err(wrong());
    }
    let made: Vec<Event> = inner.iter().map(|event| span(event, math, at, &mut links)).collect::<Result<_>>()?;
    let mut html = String::new();
    html::push_html(&mut html, kept(made).into_iter());
    Ok((html, links))
}

/// Markdown with formulas and tables.
pub fn parser(text: &str) -> Parser<'_> {
    Parser::new_ext(text, Options::ENABLE_MATH | Options::ENABLE_TABLES | Options::ENABLE_SMART_PUNCTUATION)
}

/// An event among words.
///
/// # Errors
/// When it has no place in a page.
pub fn span<'a>(event: &Event<'a>, math: &Math, at: Place, links: &mut Vec<Link>) -> Result<Event<'a>> {
    match event {
        Event::InlineMath(latex) => Ok(Event::InlineHtml(math.convert(latex, false, at)?.into())),
        Event::Text(text) if text.contains('$') => {
            Err(at.wrong("a formula that closes, none of whose lines begins like a list", format!("`{}`", text.trim())))
        }
        Event::Html(html) | Event::InlineHtml(html) => Err(at.wrong("Markdown", format!("`{}`", html.trim()))),
        Event::Start(Tag::Image { .. }) => Err(at.wrong("a figure block", "an image")),
        Event::Start(Tag::Link { dest_url, .. }) => {
            links.push((at.line, dest_url.to_string()));
            Ok(event.clone())
        }
        _ => Ok(event.clone()),
    }
}

/// Punctuation stays on the line of the formula before it.
pub fn kept(events: Vec<Event>) -> Vec<Event> {
    let mut kept: Vec<Event> = vec![];
    for event in events {
        match (kept.last_mut(), event) {
            (Some(Event::InlineHtml(math)), Event::Text(text)) if math.starts_with("<math") => {
                let end = text.find(|c: char| !".,;:!?)".contains(c)).unwrap_or(text.len());
                if end > 0 {
                    *math = format!("<span class=\"keep\">{math}{}</span>", &text[..end]).into();
                }
                kept.push(Event::Text(text[end..].to_owned().into()));
            }
            (_, event) => kept.push(event),
        }
    }
    kept
}

/// The words of events.
pub fn words<'a>(events: impl Iterator<Item = &'a Event<'a>>) -> String {
    events
        .filter_map(|event| match event {
            Event::Text(text) | Event::Code(text) | Event::InlineMath(text) => Some(text.as_ref()),
            Event::SoftBreak => Some(" "),
            _ => None,
        })
        .collect()
}

/// An id made of words.
pub fn id(words: &str) -> String {
    let letters = words.chars().flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric() || " -".contains(*c));
    letters.collect::<String>().split([' ', '-']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::{super::math::math, *};

    const AT: Place = Place { file: "x.md", line: 2 };

    #[test]
    fn one_paragraph_and_no_more() {
        let (html, links) = line("See $a$, *b* and [c](./c.html).\n", &math(), AT).unwrap();
        assert!(html.starts_with("See <span class=\"keep\"><math alttext=\"a\">"), "{html}");
        assert!(html.ends_with("</math>,</span> <em>b</em> and <a href=\"./c.html\">c</a>."), "{html}");
        assert_eq!(links, [(2, "./c.html".to_owned())]);
        for text in ["a\n\nb", "- a", "$$a$$", ""] {
            let said = line(text, &math(), AT).unwrap_err().to_string();
            assert!(said.starts_with("x.md, line 2: wanted one paragraph of words and formulas"), "{said}");
        }
    }

    #[test]
    fn an_id_is_small_letters_and_hyphens() {
        assert_eq!(id("What's next: easy, or hard?"), "whats-next-easy-or-hard");
    }
}
