//! Markdown to HTML: headings with ids, formulas, live figures, and blocks to be copied.

use std::ops::Range;

use anyhow::Result;
use pulldown_cmark::{CodeBlockKind, CowStr, Event, HeadingLevel, Tag, TagEnd, html};

use super::{
    block::{Copyable, Figure, keys},
    front::Source,
    math::Math,
    place::{Place, escape},
    spans::{Link, id, kept, line, parser, span, words},
};

/// What the Markdown of a page came to.
#[derive(Debug, Default)]
pub struct Written {
    /// The HTML.
    pub html: String,
    /// Headings of the second level: id and text as HTML.
    pub contents: Vec<(String, String)>,
    /// Every id.
    pub ids: Vec<String>,
    /// The ids of the figures.
    pub figures: Vec<String>,
    /// Every link.
    pub links: Vec<Link>,
    /// The run files.
    pub runs: Vec<String>,
    /// The keys of the citations.
    pub keys: Vec<String>,
}

/// The body of a page.
///
/// # Errors
/// When it holds what has no place in a page, naming the line.
pub fn write(source: &Source, math: &Math) -> Result<Written> {
    let mut writer = Writer { source, math, depth: 1, heading: String::new(), formulas: 0, out: Written::default() };
    let events: Vec<(Event, Range<usize>)> = parser(&source.body).into_offset_iter().collect();
    let mut made: Vec<Event> = vec![];
    let mut rest = &events[..];
    while let [(event, range), ..] = rest {
        let at = source.place(range.start);
        let many = match event {
            Event::Start(Tag::Heading { level, .. }) => writer.heading(*level, group(rest), at, &mut made)?,
            Event::Start(Tag::CodeBlock(kind)) => writer.block(kind, group(rest), at, &mut made)?,
            Event::Start(Tag::Paragraph) => writer.paragraph(group(rest), &mut made)?,
            Event::Start(Tag::Table(_)) => {
                let label = escape(&writer.heading);
                let open =
                    format!("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{label}, as a table\">");
                made.extend([Event::Html(open.into()), event.clone()]);
                1
            }
            Event::End(TagEnd::Table) => {
                made.extend([event.clone(), Event::Html("</div>\n".into())]);
                1
            }
            _ => {
                made.push(writer.span(event, at)?);
                1
            }
        };
        rest = &rest[many..];
    }
    html::push_html(&mut writer.out.html, kept(made).into_iter());
    Ok(writer.out)
}

/// From the start of something to its end, both included.
fn group<'a, 'b>(events: &'b [(Event<'a>, Range<usize>)]) -> &'b [(Event<'a>, Range<usize>)] {
    let mut depth = 0;
    let end = events.iter().position(|(event, _)| {
        match event {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth -= 1,
            _ => {}
        }
        depth == 0
    });
    &events[..=end.unwrap_or(events.len() - 1)]
}

struct Writer<'a> {
    source: &'a Source,
    math: &'a Math,
    /// Of the last heading.
    depth: usize,
    /// The words of the last heading.
    heading: String,
    /// Formulas so far that stand on a line of their own.
    formulas: usize,
    out: Written,
}

impl Writer<'_> {
    fn span<'a>(&mut self, event: &Event<'a>, at: Place) -> Result<Event<'a>> {
        span(event, self.math, at, &mut self.out.links)
    }

    fn spans<'a>(&mut self, events: &[(Event<'a>, Range<usize>)]) -> Result<Vec<Event<'a>>> {
        let source = self.source;
        events.iter().map(|(event, range)| self.span(event, source.place(range.start))).collect()
    }

    fn id(&mut self, id: String, at: Place) -> Result<()> {
        if self.out.ids.contains(&id) {
            return Err(at.wrong("an id of its own", format!("a second `{id}`")));
        }
        self.out.ids.push(id);
        Ok(())
    }

    fn heading<'a>(
        &mut self,
        level: HeadingLevel,
        events: &[(Event<'a>, Range<usize>)],
        at: Place,
        made: &mut Vec<Event<'a>>,
    ) -> Result<usize> {
        let depth = level as usize;
        let inner = &events[1..events.len() - 1];
        let heading = words(inner.iter().map(|(event, _)| event));
        if depth < 2 || depth > self.depth + 1 {
            let wanted = format!("a heading of level 2 to {}", self.depth + 1);
            return Err(at.wrong(wanted, format!("one of level {depth}, `{heading}`")));
        }
        let id = id(&heading);
        self.id(id.clone(), at)?;
        let spans = self.spans(inner)?;
        if depth == 2 {
            let mut html = String::new();
            html::push_html(&mut html, spans.iter().cloned());
            self.out.contents.push((id.clone(), html));
        }
        made.push(Event::Html(format!("<h{depth} id=\"{id}\">").into()));
        made.extend(spans);
        made.push(Event::Html(format!("</h{depth}>\n").into()));
        (self.depth, self.heading) = (depth, heading);
        Ok(events.len())
    }

    /// A formula that is a paragraph stands on a line of its own.
    fn paragraph<'a>(&mut self, events: &[(Event<'a>, Range<usize>)], made: &mut Vec<Event<'a>>) -> Result<usize> {
        let inner = &events[1..events.len() - 1];
        if let [(Event::DisplayMath(latex), range)] = inner {
            let mathml = self.math.convert(latex.trim(), true, self.source.place(range.start))?;
            // A wide one is scrolled with keys; there are too many to be landmarks.
            self.formulas += 1;
            let label = format!("tabindex=\"0\" role=\"group\" aria-label=\"Formula {}\"", self.formulas);
            made.push(Event::Html(format!("<div class=\"equation\" {label}>{mathml}</div>\n").into()));
            return Ok(events.len());
        }
        if let Some((_, range)) = inner.iter().find(|(event, _)| matches!(event, Event::DisplayMath(_))) {
            let at = self.source.place(range.start);
            return Err(at.wrong("`$$` in a paragraph of its own", "words beside it"));
        }
        made.extend(self.spans(events)?);
        Ok(events.len())
    }

    fn block<'a>(
        &mut self,
        kind: &CodeBlockKind,
        events: &[(Event<'a>, Range<usize>)],
        at: Place,
        made: &mut Vec<Event<'a>>,
    ) -> Result<usize> {
        let text = words(events.iter().map(|(event, _)| event));
        let CodeBlockKind::Fenced(word) = kind else { return Err(at.wrong("a fenced block", "an indented one")) };
        let slug = &self.source.slug;
        let html = match (word.as_ref(), Copyable::named(word)) {
            ("figure", _) => self.figure(&text, at)?,
            ("text", _) => format!("<pre tabindex=\"0\" aria-label=\"Example\"><code>{}</code></pre>\n", escape(&text)),
            (_, Some(copyable)) => {
                match copyable {
                    Copyable::Run => self.out.runs.push(text.clone()),
                    Copyable::Bibtex => self.out.keys.extend(keys(&text, at)?),
                    Copyable::Command => {}
                }
                copyable.html(slug, &text)
            }
            (other, None) => {
                return Err(
                    at.wrong("`figure`, `run`, `command`, `bibtex` or `text` behind the fence", format!("`{other}`"))
                );
            }
        };
        made.push(Event::Html(CowStr::from(html)));
        Ok(events.len())
    }

    fn figure(&mut self, text: &str, at: Place) -> Result<String> {
        let figure = Figure::parse(text, at)?;
        if self.depth < 2 {
            return Err(at.wrong("a heading of level 2 above a figure", "none"));
        }
        self.id(figure.id.clone(), at)?;
        self.out.figures.push(figure.id.clone());
        let (caption, links) = line(&figure.caption, self.math, at)?;
        self.out.links.extend(links);
        Ok(figure.html(&self.source.slug, &caption))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::math::math, *};

    fn source(body: &str) -> Source {
        let front = "+++\ntitle = \"A\"\nshort = \"a\"\nlede = \"b\"\n+++\n";
        Source::parse("www/companions/x.md", &format!("{front}{body}")).unwrap()
    }

    fn written(body: &str) -> Written {
        write(&source(body), &math()).unwrap()
    }

    fn refused(body: &str) -> String {
        write(&source(body), &math()).unwrap_err().to_string()
    }

    const FIGURE: &str =
        "```figure\nid = \"f\"\ntitle = \"T\"\ncaption = \"See $x$ and [y](./y.html).\"\nalt = \"p\"\n```\n";

    #[test]
    fn headings_have_ids_and_are_the_contents() {
        let written = written("## What $\\lambda$ is, *really*\n\nIt's.\n\n### More\n");
        assert_eq!(written.ids, ["what-lambda-is-really", "more"]);
        assert_eq!(written.contents.len(), 1);
        assert!(written.html.starts_with("<h2 id=\"what-lambda-is-really\">What <math"), "{}", written.html);
        assert!(written.html.contains("<p>It’s.</p>"), "{}", written.html);
    }

    #[test]
    fn formulas_stand_among_words_or_alone() {
        let written = written("Let $a$ be.\n\n$$\na = b\n$$\n\n$$\nb = c\n$$\n");
        assert!(written.html.contains("<p>Let <math alttext=\"a\">"), "{}", written.html);
        for formula in ["\"Formula 1\"><math alttext=\"a = b\"", "\"Formula 2\"><math alttext=\"b = c\""] {
            assert!(written.html.contains(&format!("{formula} display=\"block\">")), "{}", written.html);
        }
        let html = write(&source("Is $a$, or $b$?\n"), &math()).unwrap().html;
        assert!(html.contains("<span class=\"keep\"><math") && html.contains("</math>,</span> or "), "{html}");
        assert_eq!(
            refused("So $$a$$ is.\n"),
            "www/companions/x.md, line 6: wanted `$$` in a paragraph of its own, found words beside it"
        );
    }

    #[test]
    fn figures_and_copies_are_collected() {
        let written = written(&format!("## A\n\n{FIGURE}\n```run\nseed = 1\n```\n\n```bibtex\n@misc{{k,\n}}\n```\n"));
        assert_eq!((written.figures, written.ids), (vec!["f".to_owned()], vec!["a".to_owned(), "f".to_owned()]));
        assert_eq!((written.runs, written.keys), (vec!["seed = 1\n".to_owned()], vec!["k".to_owned()]));
        assert_eq!(written.links, [(8, "./y.html".to_owned())]);
        assert!(
            written.html.contains("data-figure=\"x/f\"") && written.html.contains("and <a href=\"./y.html\">y</a>.")
        );
    }

    #[test]
    fn a_table_can_be_scrolled_to() {
        let html = written("## A\n\n| a | b |\n|---|---|\n| 1 | $x$ |\n").html;
        assert!(
            html.contains("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"A, as a table\"><table>"),
            "{html}"
        );
        assert!(html.contains("</table>\n</div>"), "{html}");
    }

    #[test]
    fn words_stay_words() {
        let html = written("A & b `<i>` \"c\".\n").html;
        assert_eq!(html, "<p>A &amp; b <code>&lt;i&gt;</code> “c”.</p>\n");
    }

    #[test]
    fn what_has_no_place_in_a_page_names_its_line() {
        let cases = [
            ("a\n\n<b>c</b>\n", "line 8: wanted Markdown, found `<b>`"),
            ("![a](b.png)\n", "line 6: wanted a figure block, found an image"),
            ("# A\n", "line 6: wanted a heading of level 2 to 2, found one of level 1, `A`"),
            ("## A\n\n#### B\n", "line 8: wanted a heading of level 2 to 3, found one of level 4, `B`"),
            ("## A\n\n## A\n", "line 8: wanted an id of its own, found a second `a`"),
            (
                "```rust\n```\n",
                "line 6: wanted `figure`, `run`, `command`, `bibtex` or `text` behind the fence, found `rust`",
            ),
            ("    a\n", "line 6: wanted a fenced block, found an indented one"),
            (FIGURE, "line 6: wanted a heading of level 2 above a figure, found none"),
            ("a $\\nosuch$\n", "line 6: wanted a formula, found `\\nosuch`"),
            ("a\n\n$$\nb\n+ c\n$$\n", "line 8: wanted a formula that closes"),
        ];
        for (body, says) in cases {
            let said = refused(body);
            assert!(said.starts_with(&format!("www/companions/x.md, {says}")), "{body}: {said}");
        }
    }
}
