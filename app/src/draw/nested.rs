//! Boxes to scale, each inside of what it was.

use super::{
    figure::{Caption, Figure},
    geometry::Rect,
    hit::Targets,
    mark::Dash,
    role::Role,
    scene::{Anchor, Item, Paint, Scene, Shape, Words},
    table::{Cell, Table},
    text,
};

/// Matrices then and now, side by side, all to one scale.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Nested {
    /// What it is called and shows.
    pub caption: Caption,
    /// From left to right.
    pub boxes: Vec<Inner>,
}

/// A matrix then and now.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Inner {
    /// What it is called.
    pub name: String,
    /// Columns and rows, then.
    pub then: [f64; 2],
    /// Columns and rows, now.
    pub now: [f64; 2],
}

/// Between boxes, and below them for their names, in pixels.
const ROOM: [f64; 2] = [28.0, 40.0];
/// The longest side that a box may have.
const SIDE: f64 = 190.0;

impl Nested {
    /// The room of each box across, in pixels.
    fn room(&self, width: f64) -> f64 {
        let count = self.boxes.len().max(1) as f64;
        (width - ROOM[0] * (count - 1.0)) / count
    }

    /// Pixels of a column, and the height of the highest box.
    fn scale(&self, width: f64) -> [f64; 2] {
        let [widest, highest] = [0, 1].map(|side| self.boxes.iter().map(|one| one.then[side]).fold(1.0, f64::max));
        let scale = (self.room(width) / widest).min(SIDE / widest.max(highest));
        [scale, scale * highest]
    }
}

impl Figure for Nested {
    fn caption(&self) -> &Caption {
        &self.caption
    }

    fn height(&self, width: f64) -> f64 {
        self.caption.heading_height(width) + self.scale(width)[1] + ROOM[1] + 2.0
    }

    fn scene(&self, width: f64, height: f64) -> Scene {
        let (mut scene, top) = self.caption.scene(width, height);
        let [scale, _] = self.scale(width);
        let (mut x, y, mut targets) = (1.0, top + 1.0, vec![]);
        for one in &self.boxes {
            let [then, now] =
                [one.then, one.now].map(|[wide, high]| Rect { x, y, width: wide * scale, height: high * scale });
            let edge = Paint::line(Role::Quiet, 1.25, Dash::Short);
            scene.items.push(Item::new(Shape::Rect(then, 0.0), edge));
            scene.items.push(Item::new(Shape::Rect(now, 0.0), Paint::tint(Role::Student, 0.45).edged(Role::Student)));
            let sizes = format!("{} × {}", one.now[0], one.now[1]);
            for (line, (words, role)) in [(&one.name, Role::Ink), (&sizes, Role::Quiet)].into_iter().enumerate() {
                let at = [x, then.bottom() + 15.0 + 16.0 * line as f64];
                let words = text::fit(words, text::SIZE, self.room(width));
                scene.items.push(Item::words(Words::new(words, at, Anchor::Start), role));
            }
            targets.push(then);
            x += self.room(width) + ROOM[0];
        }
        scene.targets = Targets::Boxes(targets);
        scene
    }

    fn table(&self) -> Table {
        let head = ["matrix", "columns", "rows", "columns at first", "rows at first"].map(String::from).to_vec();
        let row = |one: &Inner| {
            let sizes = [one.now, one.then].concat().into_iter().map(Cell::Number);
            std::iter::once(Cell::Text(one.name.clone())).chain(sizes).collect()
        };
        Table { head, rows: self.boxes.iter().map(row).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_half_as_wide_and_high_is_drawn_so() {
        let one = |name: &str, then, now| Inner { name: name.into(), then, now };
        let boxes = vec![one("a", [128.0, 32.0], [64.0, 16.0]), one("b", [128.0, 256.0], [64.0, 128.0])];
        let nested = Nested { boxes, ..Nested::default() };
        // 190 pixels for 256 rows.
        assert_eq!(nested.scale(600.0)[0], 190.0 / 256.0);
        let scene = nested.scene(600.0, nested.height(600.0));
        let rects: Vec<Rect> = scene
            .items
            .iter()
            .filter_map(|item| match &item.shape {
                Shape::Rect(rect, _) => Some(*rect),
                _ => None,
            })
            .collect();
        assert_eq!(rects[1].width * 2.0, rects[0].width);
        assert_eq!(rects[3].height * 2.0, rects[2].height);
        assert_eq!(rects[0].x, rects[1].x);
        assert_eq!(nested.table().told(1)[1], ["columns", "64"].map(String::from));
    }
}
