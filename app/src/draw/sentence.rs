//! A text whose words are shaded by a value.

use super::{
    figure::{Caption, Figure},
    geometry::Rect,
    heat::READABLE,
    hit::Targets,
    role::Role,
    scene::{Anchor, Item, Paint, Scene, Shape, Words},
    table::{Cell, Table},
    text,
};

/// Words in their order, each with a value from 0 to 1.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sentence {
    /// What it is called and shows.
    pub caption: Caption,
    /// What the values are.
    pub title: String,
    /// A word and its value; the first of a text has none.
    pub words: Vec<(String, Option<f64>)>,
    /// The one that is chosen.
    pub chosen: Option<usize>,
}

/// Height of a line, and of the shade behind a word, in pixels.
const LINE: [f64; 2] = [30.0, 22.0];
/// Size of the letters.
const SIZE: f64 = 14.0;
/// Between a word and the edge of its shade.
const ROOM: f64 = 4.0;

impl Sentence {
    /// Where every word lies, from `top` on.
    fn places(&self, width: f64, top: f64) -> Vec<Rect> {
        let (mut x, mut y) = (0.0, top);
        let place = |(word, _): &(String, Option<f64>)| {
            let wide = text::width(word, SIZE) + 2.0 * ROOM;
            if x > 0.0 && x + wide > width {
                (x, y) = (0.0, y + LINE[0]);
            }
            let rect = Rect { x, y, width: wide, height: LINE[1] };
            x += wide + 2.0;
            rect
        };
        self.words.iter().map(place).collect()
    }
}

impl Figure for Sentence {
    fn caption(&self) -> &Caption {
        &self.caption
    }

    fn height(&self, width: f64) -> f64 {
        let top = self.caption.heading_height(width) + 4.0;
        self.places(width, top).last().map_or(top, Rect::bottom) + 4.0
    }

    fn scene(&self, width: f64, height: f64) -> Scene {
        let (mut scene, top) = self.caption.scene(width, height);
        let places = self.places(width, top + 4.0);
        for (place, ((word, value), rect)) in self.words.iter().zip(&places).enumerate() {
            let share = value.unwrap_or(0.0).clamp(0.0, 1.0);
            let paint = Paint::tint(Role::Control, READABLE * share);
            let paint = if self.chosen == Some(place) { paint.edged(Role::Accent) } else { paint };
            scene.items.push(Item::new(Shape::Rect(*rect, 3.0), paint));
            let at = [rect.x + ROOM, rect.y + 16.0];
            let bold = self.chosen == Some(place);
            // Bold letters are wider than the room that plain ones have.
            let size = if bold { SIZE / 1.12 } else { SIZE };
            scene.items.push(Item::words(Words { size, bold, ..Words::new(word, at, Anchor::Start) }, Role::Ink));
        }
        scene.targets = Targets::Boxes(places);
        scene
    }

    fn table(&self) -> Table {
        let row = |(word, value): &(String, Option<f64>)| vec![Cell::Text(word.clone()), Cell::of(*value)];
        Table { head: vec!["word".into(), self.title.clone()], rows: self.words.iter().map(row).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_broken_into_lines_and_none_is_lost() {
        let words = ["one", "two", "three"].map(|word| (word.repeat(5), Some(0.5))).to_vec();
        let sentence = Sentence { words, ..Sentence::default() };
        let places = sentence.places(100.0, 0.0);
        assert_eq!(places.iter().map(|place| place.y).collect::<Vec<_>>(), [0.0, 30.0, 60.0]);
        // 4 above, two lines of 30, a shade of 22, 4 below.
        assert_eq!(sentence.height(100.0), 4.0 + 60.0 + 22.0 + 4.0);
        let scene = sentence.scene(100.0, 90.0);
        assert_eq!(scene.items.len(), 6);
        assert_eq!(scene.hit([10.0, 40.0]).map(|hit| hit.row), Some(1));
    }
}
