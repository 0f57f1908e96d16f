//! What lines, marks and blocks mean, in rows above a plot.

use super::{
    block::block,
    geometry::Rect,
    mark::{Dash, Mark},
    role::Role,
    scene::{Anchor, Item, Paint, Shape, Words},
    text,
};

/// One entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// What it is called.
    pub name: String,
    /// Its colour.
    pub role: Role,
    /// What stands before the name.
    pub sample: Sample,
}

/// What stands before a name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sample {
    /// A line, with a mark where its points have one.
    Line(Dash, Option<Mark>),
    /// A mark, half as wide as it says.
    Mark(Mark, f64),
    /// A block as bars are.
    Block,
    /// An area below an outline.
    Area,
}

impl Sample {
    fn width(self) -> f64 {
        match self {
            Self::Line(..) => 30.0,
            Self::Mark(..) => 10.0,
            Self::Block | Self::Area => 14.0,
        }
    }
}

/// Between a sample and its name, and between two entries, in pixels.
const GAPS: [f64; 2] = [6.0, 18.0];
/// From one row to the next, in pixels.
const ROW: f64 = 18.0;

/// Where each entry begins, and its name as it fits.
fn layout(keys: &[Key], width: f64) -> Vec<([f64; 2], String)> {
    let [mut x, mut y] = [0.0, 0.0];
    let mut places = vec![];
    for key in keys {
        let before = key.sample.width() + GAPS[0];
        let name = text::fit(&key.name, text::SIZE, width - before);
        let wide = before + text::width(&name, text::SIZE);
        if x > 0.0 && x + wide > width {
            [x, y] = [0.0, y + ROW];
        }
        places.push(([x, y], name));
        x += wide + GAPS[1];
    }
    places
}

/// How high the rows are, with some room below.
pub fn height(keys: &[Key], width: f64) -> f64 {
    layout(keys, width).last().map_or(0.0, |([_, y], _)| y + ROW + 6.0)
}

/// Draws the rows below `top`.
pub fn draw(items: &mut Vec<Item>, keys: &[Key], top: f64, width: f64) {
    for (key, ([x, y], name)) in keys.iter().zip(layout(keys, width)) {
        let (middle, wide) = (top + y + ROW / 2.0, key.sample.width());
        match key.sample {
            Sample::Line(dash, mark) => {
                items.push(Item::line(vec![[x, middle], [x + wide, middle]], Paint::line(key.role, 2.0, dash)));
                items.extend(mark.map(|mark| sample(key.role, mark, 3.5, [x + wide / 2.0, middle])));
            }
            Sample::Mark(mark, size) => items.push(sample(key.role, mark, size, [x + wide / 2.0, middle])),
            Sample::Block => items.extend(block(Rect { x, y: middle - 6.0, width: wide, height: 12.0 }, key.role)),
            Sample::Area => {
                let rect = Rect { x, y: middle - 6.0, width: wide, height: 12.0 }.grown(-0.75);
                items.push(Item::new(Shape::Rect(rect, 0.0), Paint::tint(key.role, 0.3).edged(key.role)));
            }
        }
        items.push(Item::words(Words::new(name, [x + wide + GAPS[0], middle + 4.0], Anchor::Start), Role::Ink));
    }
}

fn sample(role: Role, mark: Mark, size: f64, at: [f64; 2]) -> Item {
    Item::new(Shape::Marks(mark, size, vec![at]), Paint::mark(role, mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> Key {
        Key { name: name.into(), role: Role::Student, sample: Sample::Block }
    }

    #[test]
    fn entries_stand_side_by_side_until_the_row_is_full() {
        // "student" is 52 + 39 + 63 + 63 + 62 + 63 + 39 = 381 hundredths of 12: 45.72; 14 + 6 before, 18 behind.
        let keys = [key("student"), key("student"), key("student")];
        let places: Vec<[f64; 2]> = layout(&keys, 160.0).into_iter().map(|(at, _)| at).collect();
        assert!((places[1][0] - 83.72).abs() < 1e-9 && places[1][1] == 0.0, "{places:?}");
        assert_eq!(places[2], [0.0, 18.0]);
        assert_eq!([height(&keys, 160.0), height(&keys, 900.0), height(&[], 160.0)], [42.0, 24.0, 0.0]);
    }

    #[test]
    fn a_name_too_long_for_a_row_is_cut() {
        let (_, name) = layout(&[key("a student with a very long name")], 120.0).remove(0);
        assert!(name.ends_with('…') && text::width(&name, text::SIZE) <= 100.0, "{name}");
    }
}
