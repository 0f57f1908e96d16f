//! How wide text is, by a table: no figure may ask a browser, for most are drawn without one.
//!
//! The widths are those of DejaVu Sans, the widest of the faces that `system-ui` and `sans-serif` commonly stand for;
//! in the others text is about a tenth narrower, so a label keeps a little more room than it needs and never less.

/// Size of text in pixels.
pub const SIZE: f64 = 12.0;
/// From one line of text to the next, in pixels.
pub const LINE: f64 = 16.0;
/// Size of a figure's own heading in pixels.
pub const HEADING: f64 = 15.0;

/// Widths of the characters from space to tilde, in hundredths of the size.
const WIDTHS: [u8; 95] = [
    32, 40, 46, 84, 64, 95, 78, 27, 39, 39, 50, 84, 32, 36, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 34, 34, 84,
    84, 84, 53, 100, 68, 69, 70, 77, 63, 58, 77, 75, 29, 29, 66, 56, 86, 75, 79, 60, 79, 69, 63, 61, 73, 68, 99, 69,
    61, 69, 39, 34, 39, 84, 50, 50, 61, 63, 55, 63, 62, 35, 63, 63, 28, 28, 58, 28, 97, 63, 61, 63, 63, 41, 52, 39, 63,
    59, 82, 59, 59, 52, 64, 34, 64, 84,
];

/// Pixels from the first to the last edge of a text of this size.
pub fn width(text: &str, size: f64) -> f64 {
    text.chars().map(hundredths).sum::<u32>() as f64 / 100.0 * size
}

fn hundredths(character: char) -> u32 {
    match character {
        ' '..='~' => u32::from(WIDTHS[character as usize - 32]),
        // Marks that stand over the character before.
        '\u{300}'..='\u{36f}' => 0,
        '\u{202f}' | '\u{2009}' => 20,
        '·' => 32,
        '⁰'..='⁹' | '⁻' | '¹' | '²' | '³' => 53,
        '…' => 100,
        '−' | '×' | '→' | '≤' | '≥' => 84,
        // Scripts of square characters.
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{ff00}'..='\u{ff60}' => 100,
        '\u{1f000}'.. => 125,
        _ => 70,
    }
}

/// The text, or as much of it as fits with an ellipsis behind.
pub fn fit(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let mut out = String::new();
    for character in text.chars() {
        let longer = format!("{out}{character}");
        if width(&longer, size) + size > room {
            break;
        }
        out = longer;
    }
    if out.is_empty() && room < size { String::new() } else { out.trim_end().to_owned() + "…" }
}

/// The text in lines of at most `room` pixels, broken between words; what the last of `most` lines has no room for
/// is cut.
pub fn wrap(text: &str, size: f64, room: f64, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = vec![];
    let mut words = text.split_whitespace().peekable();
    while let Some(word) = words.peek() {
        let longer = lines.last().map(|line| format!("{line} {word}"));
        match longer {
            Some(longer) if width(&longer, size) <= room => {
                if let Some(line) = lines.last_mut() {
                    *line = longer;
                }
                words.next();
            }
            _ if lines.len() == most => break,
            _ => lines.push(words.next().unwrap_or_default().to_owned()),
        }
    }
    if words.peek().is_some() {
        let rest = words.collect::<Vec<_>>().join(" ");
        if let Some(line) = lines.last_mut() {
            *line = format!("{line} {rest}");
        }
    }
    lines.iter().map(|line| fit(line, size, room)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_add_up() {
        // a 0.61, b 0.63 of ten pixels.
        assert!((width("ab", 10.0) - 12.4).abs() < 1e-9);
        assert_eq!(width("", 10.0), 0.0);
        assert_eq!(width("e\u{301}", 100.0), width("e", 100.0));
    }

    #[test]
    fn what_does_not_fit_is_cut() {
        assert_eq!(fit("student", 10.0, 100.0), "student");
        // s 5.2, t 3.9, u 6.3 and the ellipsis 10 make 25.4.
        assert_eq!(fit("student", 10.0, 26.0), "stu…");
        assert_eq!(fit("student", 10.0, 4.0), "");
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrap("of the teacher gone", 10.0, 62.0, 3), ["of the", "teacher", "gone"]);
        assert_eq!(wrap("of the teacher gone", 10.0, 60.0, 2), ["of the", "teacher g…"]);
        assert!(wrap("  ", 10.0, 60.0, 2).is_empty());
    }
}
