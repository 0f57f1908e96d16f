//! A scene as SVG: with classes for the page, with colours for a file that stands alone.

use std::fmt::Write as _;

use super::{
    geometry::Rect,
    path::{hundredth, joined, marked, outline, short},
    role::Role,
    scene::{Anchor, Item, Paint, Scene, Shape, Words},
};

/// Where an SVG is going to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// In the page, whose style sheet has a colour for every class. Nothing is styled in place.
    Page,
    /// In a file of its own, or on paper: every colour is written in, on white, with twelve pixels of it all around.
    Print,
}

/// White around what is printed, in pixels.
const MARGIN: f64 = 12.0;
/// The faces of what is printed.
const FACE: &str = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif";

impl Scene {
    /// The scene as an SVG element. `id` is unlike that of any other figure in the same document.
    pub fn svg(&self, id: &str, look: Look) -> String {
        let id = escaped(id);
        let margin = if look == Look::Print { MARGIN } else { 0.0 };
        let [width, height] = [self.width, self.height].map(|side| short(side + 2.0 * margin));
        let start = short(-margin);
        let mut out = format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="{start} {start} {width} {height}" width="{width}" height="{height}""#
        );
        let names = if self.description.is_empty() { format!("{id}-t") } else { format!("{id}-t {id}-d") };
        let _ = write!(out, r#" role="img" aria-labelledby="{names}" font-size="12""#);
        out += &match look {
            Look::Page => r#" class="draw">"#.to_owned(),
            Look::Print => format!(r#" font-family="{FACE}">"#),
        };
        let _ = write!(out, r#"<title id="{id}-t">{}</title>"#, escaped(&self.title));
        if !self.description.is_empty() {
            let _ = write!(out, r#"<desc id="{id}-d">{}</desc>"#, escaped(&self.description));
        }
        if look == Look::Print {
            let _ = write!(
                out,
                r#"<rect x="{start}" y="{start}" width="{width}" height="{height}" fill="{}"/>"#,
                Role::Ground.print()
            );
        }
        // What has the same paint and follows in a row is painted once.
        for group in self.items.chunk_by(|one, other| one.paint == other.paint) {
            let _ = write!(out, "<g{}>", paint(group[0].paint, look));
            for item in group {
                draw(&mut out, item, look);
            }
            out += "</g>";
        }
        out + "</svg>"
    }
}

fn paint(paint: Paint, look: Look) -> String {
    let mut out = String::new();
    let mut classes = vec![];
    let mut colour = |out: &mut String, attribute: &str, role: Role| match look {
        Look::Page => classes.push(format!("{}-{}", &attribute[..1], role.name())),
        Look::Print => {
            let _ = write!(out, r#" {attribute}="{}""#, role.print());
        }
    };
    match paint.fill {
        None => out += r#" fill="none""#,
        Some((role, share)) => {
            colour(&mut out, "fill", role);
            if share < 1.0 {
                let _ = write!(out, r#" fill-opacity="{}""#, hundredth(share));
            }
        }
    }
    if let Some(pen) = paint.pen {
        colour(&mut out, "stroke", pen.role);
        let _ = write!(out, r#" stroke-width="{}""#, hundredth(pen.width));
        if let Some(pattern) = pen.dash.pattern() {
            let _ = write!(out, r#" stroke-dasharray="{pattern}""#);
        }
        out += r#" stroke-linejoin="round""#;
    }
    if !classes.is_empty() {
        let _ = write!(out, r#" class="{}""#, classes.join(" "));
    }
    out
}

fn draw(out: &mut String, item: &Item, look: Look) {
    let (name, attributes, inside) = match &item.shape {
        Shape::Lines(lines) => ("path", path(&lines.iter().map(|line| joined(line)).collect::<String>()), None),
        Shape::Area(corners) => ("path", path(&(joined(corners) + "z")), None),
        Shape::Rect(rect, round) => ("rect", rectangle(rect, *round), None),
        Shape::Rects(rects) => ("path", path(&rects.iter().map(outline).collect::<String>()), None),
        Shape::Marks(mark, size, at) => {
            ("path", path(&at.iter().map(|at| marked(*mark, *size, *at)).collect::<String>()), None)
        }
        Shape::Text(words) => ("text", lettering(words, look), Some(escaped(&words.text))),
    };
    let tip = item.tip.as_ref().map(|tip| format!("<title>{}</title>", escaped(tip)));
    let _ = match (tip, inside) {
        (None, None) => write!(out, "<{name}{attributes}/>"),
        (tip, inside) => {
            write!(out, "<{name}{attributes}>{}{}</{name}>", tip.unwrap_or_default(), inside.unwrap_or_default())
        }
    };
}

fn path(data: &str) -> String {
    format!(r#" d="{data}""#)
}

fn rectangle(rect: &Rect, round: f64) -> String {
    let [x, y, width, height] = [rect.x, rect.y, rect.width.max(0.0), rect.height.max(0.0)].map(short);
    let round = if round > 0.0 { format!(r#" rx="{}""#, short(round)) } else { String::new() };
    format!(r#" x="{x}" y="{y}" width="{width}" height="{height}"{round}"#)
}

fn lettering(words: &Words, look: Look) -> String {
    let [x, y] = words.at.map(short);
    let mut out = format!(r#" x="{x}" y="{y}""#);
    match words.anchor {
        Anchor::Start => {}
        Anchor::Middle => out += r#" text-anchor="middle""#,
        Anchor::End => out += r#" text-anchor="end""#,
    }
    if words.size != super::text::SIZE {
        let _ = write!(out, r#" font-size="{}""#, short(words.size));
    }
    if words.bold {
        out += r#" font-weight="600""#;
    }
    if words.turn != 0.0 {
        let _ = write!(out, r#" transform="rotate({} {x} {y})""#, short(words.turn));
    }
    if words.halo {
        out += &match look {
            Look::Page => r#" class="s-ground""#.to_owned(),
            Look::Print => format!(r#" stroke="{}""#, Role::Ground.print()),
        };
        out += r#" stroke-width="3.5" stroke-linejoin="round" paint-order="stroke""#;
    }
    out
}

/// Text as it stands in XML; what XML has no place for is left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            '\t' | '\n' | '\r' => out.push(' '),
            character if character.is_control() || matches!(character, '\u{fffe}' | '\u{ffff}') => {}
            character => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{super::mark::Dash, *};

    fn scene(items: Vec<Item>) -> Scene {
        let (title, description) = ("a < b".to_owned(), "two & three".to_owned());
        Scene { width: 10.0, height: 5.0, title, description, items, ..Scene::default() }
    }

    fn drawn(items: Vec<Item>) -> String {
        scene(items).svg("f", Look::Page).split_once("</desc>").unwrap().1.to_owned()
    }

    #[test]
    fn a_figure_names_and_describes_itself() {
        let wanted = concat!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 5" width="10" height="5" role="img" "#,
            r#"aria-labelledby="f-t f-d" font-size="12" class="draw">"#,
            r#"<title id="f-t">a &lt; b</title><desc id="f-d">two &amp; three</desc></svg>"#
        );
        assert_eq!(scene(vec![]).svg("f", Look::Page), wanted);
    }

    #[test]
    fn the_page_has_classes_and_a_file_has_colours() {
        let line = Item::line(vec![[0.0, 0.0], [1.25, -0.01]], Paint::line(Role::Teacher, 2.0, Dash::Short));
        let page = drawn(vec![line.clone()]);
        let wanted =
            r#"<g fill="none" stroke-width="2" stroke-dasharray="5 3" stroke-linejoin="round" class="s-teacher">"#;
        assert_eq!(page, format!(r#"{wanted}<path d="M0 0 1.2 0"/></g></svg>"#));
        let print = scene(vec![line]).svg("f", Look::Print);
        assert!(print.contains(r##"stroke="#3f2170""##) && print.contains(r##"fill="#ffffff""##), "{print}");
        assert!(!page.contains('#') && !page.contains("style") && !print.contains("class"));
    }

    #[test]
    fn equal_paint_in_a_row_is_written_once() {
        let rect = |x| Item::new(Shape::Rect(Rect { x, y: 0.0, width: 1.0, height: 2.0 }, 0.0), Paint::fill(Role::Ink));
        let tip = Item { tip: Some("5 > 3".into()), ..rect(1.0) };
        let first = r#"<g class="f-ink"><rect x="0" y="0" width="1" height="2"/>"#;
        let second = r#"<rect x="1" y="0" width="1" height="2"><title>5 &gt; 3</title></rect></g></svg>"#;
        assert_eq!(drawn(vec![rect(0.0), tip]), format!("{first}{second}"));
    }

    #[test]
    fn what_xml_cannot_hold_is_not_written() {
        assert_eq!(escaped("a\u{0}b\n\"'<&>"), "ab &quot;&#39;&lt;&amp;&gt;");
    }
}
