//! LaTeX to MathML that browsers render by themselves and a strict page policy lets through.

use anyhow::Result;
use math_core::{LatexToMathML, MathCoreConfig, MathDisplay};

use super::place::{Place, escape, lines};

/// Makes MathML.
#[derive(Debug, Default)]
pub struct Math(LatexToMathML);

/// The styles of table cells, and the classes that stand for them: a page may have no style of its own.
const CELLS: [(&str, &str); 4] = [
    ("text-align: left;justify-items: start;padding-right: 0;padding-left:1em;", "cell-then"),
    ("text-align: left;justify-items: start;padding-right: 0;", "cell-left"),
    ("text-align: left;justify-items: start;padding-left: 0;", "cell-left"),
    ("text-align: right;justify-items: end;padding-right: 0;", "cell-right"),
];

/// Most signs of a formula among words, which browsers do not break.
const LONGEST: usize = 30;

/// The signs that are seen, as if all stood in a row.
fn signs(mathml: &str) -> usize {
    let after = |part: &str| part.split_once('>').map_or(0, |(_, text)| text.replace("&lt;", "<").chars().count());
    mathml.split('<').map(after).sum()
}

impl Math {
    /// A formula of that place, between words or on a line of its own. Its LaTeX is its alternative text.
    ///
    /// # Errors
    /// When the formula holds something that cannot be rendered.
    pub fn convert(&self, latex: &str, block: bool, at: Place) -> Result<String> {
        let display = if block { MathDisplay::Block } else { MathDisplay::Inline };
        let made = self.0.convert_with_local_state(latex, display).map_err(|error| {
            let start = error.0.start.min(latex.len());
            at.down(lines(latex.get(..start).unwrap_or_default())).wrong("a formula", format!("`{latex}`: {error}"))
        })?;
        let words: Vec<&str> = latex.split_whitespace().collect();
        let mut mathml = made.mathml.replacen("<math", &format!("<math alttext=\"{}\"", escape(&words.join(" "))), 1);
        for (style, class) in CELLS {
            mathml = mathml.replace(&format!(" style=\"{style}\""), &format!(" class=\"{class}\""));
        }
        if !block && signs(&mathml) > LONGEST {
            let wanted = format!(
                "a formula of at most {LONGEST} signs among words, for narrow pages; a longer one between `$$`"
            );
            return Err(at.wrong(wanted, format!("`{latex}`, {} signs", signs(&mathml))));
        }
        if mathml.contains(" style=\"") {
            return Err(at.wrong("a formula that needs no style of its own", format!("`{latex}`")));
        }
        Ok(mathml)
    }
}

/// A converter that knows no macros.
pub fn math() -> Math {
    Math(LatexToMathML::new(MathCoreConfig::default()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Place = Place { file: "x.md", line: 7 };

    fn made(latex: &str, block: bool) -> String {
        math().convert(latex, block, AT).unwrap()
    }

    #[test]
    fn a_formula_and_its_alternative_text() {
        let made = made("a < b_1", false);
        assert!(made.starts_with("<math alttext=\"a &lt; b_1\">"), "{made}");
        assert!(made.contains("<mo>&lt;</mo>") && made.contains("<msub><mi>b</mi><mn>1</mn></msub>"), "{made}");
    }

    #[test]
    fn a_table_has_classes_and_no_style() {
        for latex in [r"\begin{cases} 1 & a \\ 2 & b \end{cases}", r"\begin{aligned} a &= b \\ &= c \end{aligned}"] {
            let made = made(latex, true);
            assert!(made.contains("display=\"block\"") && made.contains("class=\"cell-"), "{made}");
            assert!(!made.contains(" style="), "{made}");
        }
    }

    #[test]
    fn a_formula_among_words_is_short() {
        let long = "a + b + c + d + e + f + g + h + i + j + k + l + m + n + o + p";
        let said = math().convert(long, false, AT).unwrap_err().to_string();
        assert!(said.ends_with("p`, 31 signs"), "{said}");
        assert!(math().convert(long, true, AT).is_ok());
    }

    #[test]
    fn what_cannot_be_rendered_names_its_line() {
        let said = math().convert("a +\n\\nosuch b", true, AT).unwrap_err().to_string();
        assert!(said.starts_with("x.md, line 8: wanted a formula, found `a +"), "{said}");
        let said = math().convert(r"\color{red} a", false, AT).unwrap_err().to_string();
        assert!(said.starts_with("x.md, line 7: wanted a formula that needs no style"), "{said}");
    }
}
