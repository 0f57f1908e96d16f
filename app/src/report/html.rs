//! A report as one page: no script, nothing from elsewhere, its figures in it.

use std::fmt::Write as _;

use super::document::{Block, Document};
use crate::draw::Look;

/// Pixels that a figure is wide.
const WIDTH: f64 = 720.0;

/// For the screen and for paper; figures are drawn on white.
const STYLE: &str = "\
:root { color-scheme: light; }
body { background: #fff; color: #1b1f23; font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 46rem; \
padding: 2rem 1rem; }
h1, h2 { line-height: 1.2; }
h2 { border-top: 1px solid #d5dade; margin-top: 2.5rem; padding-top: 1rem; }
.lead { font-size: 1.1rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid #d5dade; padding: 0.3rem 0.8rem 0.3rem 0; text-align: left; }
figure { margin: 1.5rem 0; }
figcaption { color: #59626b; font-size: 0.9rem; }
svg { height: auto; max-width: 100%; }
pre { background: #f4f6f8; font-size: 0.85rem; overflow-x: auto; padding: 1rem; }
@media print { body { max-width: none; } figure, tr { break-inside: avoid; } pre { white-space: pre-wrap; } }
";

/// The page.
pub fn html(document: &Document) -> String {
    let title = escaped(&document.title);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <main>\n<h1>{title}</h1>\n"
    );
    for sentence in &document.lead {
        let _ = writeln!(page, "<p class=\"lead\">{}</p>", escaped(sentence));
    }
    for (place, block) in document.blocks.iter().enumerate() {
        match block {
            Block::Heading(text) => {
                let _ = writeln!(page, "<h2>{}</h2>", escaped(text));
            }
            Block::Text(text) => {
                let _ = writeln!(page, "<p>{}</p>", escaped(text));
            }
            Block::Code(text) => {
                let _ = writeln!(page, "<pre><code>{}</code></pre>", escaped(text));
            }
            Block::Table { head, rows } => table(&mut page, head, rows),
            Block::Figure { figure, .. } => {
                let drawn = figure.scene(WIDTH, figure.height(WIDTH)).svg(&format!("figure-{place}"), Look::Print);
                let caption = figure.caption();
                // One that is drawn need not be written.
                let title = if caption.heading { String::new() } else { format!("{}. ", caption.title) };
                let told = escaped(&format!("{title}{}", caption.description));
                let _ = writeln!(page, "<figure>\n{drawn}\n<figcaption>{told}</figcaption>\n</figure>");
            }
        }
    }
    page + "</main>\n</body>\n</html>\n"
}

fn table(page: &mut String, head: &[String], rows: &[Vec<String>]) {
    page.push_str("<div class=\"scroll\"><table>\n");
    if head.iter().any(|name| !name.is_empty()) {
        let names: String = head.iter().map(|name| format!("<th scope=\"col\">{}</th>", escaped(name))).collect();
        let _ = writeln!(page, "<thead><tr>{names}</tr></thead>");
    }
    page.push_str("<tbody>\n");
    for row in rows {
        page.push_str("<tr>");
        for (place, cell) in row.iter().enumerate() {
            let cell = escaped(cell);
            let _ = match place {
                0 => write!(page, "<th scope=\"row\">{cell}</th>"),
                _ => write!(page, "<td>{cell}</td>"),
            };
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</tbody>\n</table></div>\n");
}

/// Text that is no markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::{Axis, Caption, Lines};

    #[test]
    fn a_page_stands_alone_and_names_stay_names() {
        let mut document = Document::new("<script>alert(1)</script>");
        document.lead.push("a & b".into());
        document.heading("One");
        document.table(&["model", "x"], vec![vec!["\"m\"".into(), "1 < 2".into()]]);
        let caption = Caption::new("Lines", "What is <shown>.");
        document.figure("one", Lines { caption: caption.clone(), x: Axis::new("x"), ..Lines::default() });
        document.figure("two", Lines { caption, x: Axis::new("x"), ..Lines::default() });
        document.table(&["", ""], vec![vec!["seed".into(), "1".into()]]);
        let page = html(&document);
        assert_eq!(page.matches("<thead>").count(), 1, "{page}");
        assert!(page.contains("<figcaption>Lines. What is &lt;shown&gt;.</figcaption>"), "{page}");
        for wanted in ["<title>&lt;script&gt;", "a &amp; b", "<th scope=\"row\">&quot;m&quot;</th><td>1 &lt; 2</td>"] {
            assert!(page.contains(wanted), "no {wanted} in {page}");
        }
        for other in ["<script", "http://", "https://", "src=", "@import"] {
            let found = page.replace("http://www.w3.org/2000/svg", "");
            assert!(!found.contains(other), "{other} in {page}");
        }
        assert_eq!(page.matches("<svg").count(), 2);
        // Two figures of one page share no id.
        let ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(ids.iter().enumerate().all(|(place, id)| !ids[..place].contains(id)), "{ids:?}");
    }
}
