//! Shapes as the data of SVG paths, in as few characters as they need.

use std::fmt::Write as _;

use super::{geometry::Rect, mark::Mark};

/// From point to point; what follows the first is a line without saying so.
pub fn joined(points: &[[f64; 2]]) -> String {
    let mut out = String::new();
    for (place, [x, y]) in points.iter().enumerate() {
        let _ = write!(out, "{}{} {}", if place == 0 { "M" } else { " " }, short(*x), short(*y));
    }
    out
}

/// A rectangle.
pub fn outline(rect: &Rect) -> String {
    let [x, y, width, height] = [rect.x, rect.y, rect.width, rect.height].map(short);
    format!("M{x} {y}h{width}v{height}h{}z", short(-rect.width))
}

/// A mark, half as wide as `size`, about a point.
pub fn marked(mark: Mark, size: f64, [x, y]: [f64; 2]) -> String {
    let at = |right: f64, down: f64| format!("M{} {}", short(x + right * size), short(y + down * size));
    let [one, two] = [size, 2.0 * size].map(short);
    match mark {
        Mark::Disc | Mark::Ring => format!("{}a{one} {one} 0 1 0 {two} 0a{one} {one} 0 1 0-{two} 0z", at(-1.0, 0.0)),
        // As large as a disc looks.
        Mark::Square => {
            let [side, back] = [1.8 * size, -1.8 * size].map(short);
            format!("{}h{side}v{side}h{back}z", at(-0.9, -0.9))
        }
        Mark::Triangle => {
            let [half, down, back] = [1.1 * size, 2.0 * size, -2.2 * size].map(short);
            format!("{}l{half} {down}h{back}z", at(0.0, -1.2))
        }
        Mark::Diamond => {
            let [out, back] = [1.25 * size, -1.25 * size].map(short);
            format!("{}l{out} {out} {back} {out} {back} {back}z", at(0.0, -1.25))
        }
        Mark::Cross => {
            let [out, back] = [1.8 * size, -1.8 * size].map(short);
            format!("{}l{out} {out}m0 {back}l{back} {out}", at(-0.9, -0.9))
        }
        Mark::Tick => format!("{}v{two}", at(0.0, -1.0)),
    }
}

/// A tenth of a pixel is fine enough, and always written the same.
pub fn short(value: f64) -> String {
    digits(value, 1)
}

/// For what is no pixel.
pub fn hundredth(value: f64) -> String {
    digits(value, 2)
}

fn digits(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_as_large_as_they_say() {
        assert_eq!(marked(Mark::Disc, 2.0, [5.0, 5.0]), "M3 5a2 2 0 1 0 4 0a2 2 0 1 0-4 0z");
        assert_eq!(marked(Mark::Tick, 2.0, [5.0, 5.0]), "M5 3v4");
    }

    #[test]
    fn numbers_have_no_digits_to_spare() {
        assert_eq!([1.0, 0.26, -0.01, 12.34].map(short), ["1", "0.3", "0", "12.3"]);
        assert_eq!(joined(&[[0.0, 0.0], [1.25, -2.0]]), "M0 0 1.2 -2");
    }
}
