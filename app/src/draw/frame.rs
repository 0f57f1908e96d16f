//! Where a plot lies and what surrounds it: titles, ticks, names and lines to read by.

use super::{
    axis::Axis,
    geometry::Rect,
    mark::Dash,
    role::Role,
    ruler::{NAMES, Ruler, SLANT, Side},
    scale::Scale,
    scene::{Anchor, Item, Paint, Words},
    text,
};

/// A plot and its two sides, laid out so that no label is cut off.
#[derive(Debug, Clone)]
pub struct Frame<'a> {
    /// Where data are drawn.
    pub plot: Rect,
    below: (Side<'a>, Ruler),
    left: (Side<'a>, Ruler),
    titles: [Vec<String>; 2],
    top: f64,
    width: f64,
}

/// What a frame has to find room for.
#[derive(Debug, Clone, Copy)]
pub struct Room<'a> {
    /// Of the whole figure, in pixels.
    pub size: [f64; 2],
    /// The pixel below what stands above.
    pub top: f64,
    /// Pixels that are kept free to the right of the plot.
    pub right: f64,
    /// What lies along the lower side.
    pub below: Side<'a>,
    /// What lies along the left side.
    pub left: Side<'a>,
}

/// Between labels and the plot, in pixels.
const GAP: f64 = 8.0;
/// A plot is at least so wide and so high.
const LEAST: [f64; 2] = [60.0, 40.0];

impl<'a> Frame<'a> {
    /// Lays a plot out.
    pub fn new(room: &Room<'a>) -> Self {
        let [width, height] = room.size;
        let titles = [room.below, room.left].map(|side| text::wrap(side.title(), text::SIZE, width, 2));
        let lines = |place: usize| text::LINE * titles[place].len() as f64;
        let above = room.top + if titles[1].is_empty() { 6.0 } else { lines(1) + 11.0 };
        let mut plot = Rect { x: 40.0, y: above, width: width - 40.0 - room.right, height: height - above - 40.0 };
        let names = NAMES.0 * width;
        let mut right = room.right;
        // What labels need depends on where the plot lies, and the other way round: it settles at once.
        for _ in 0..3 {
            let left = room.left.upright([plot.y, plot.bottom()], names);
            let below = room.below.level([plot.x, plot.right()]);
            let [before, behind] = below.overhang([plot.x, plot.right()]);
            let beside = if left.widest() > 0.0 { left.widest() + GAP } else { 0.0 };
            right = right.max(behind + 1.0);
            plot.x = beside.max(before).min(0.5 * width);
            plot.width = (width - plot.x - right).max(LEAST[0]);
            plot.height =
                (height - above - below.depth() - lines(0) - if lines(0) > 0.0 { 4.0 } else { 0.0 }).max(LEAST[1]);
        }
        let left = room.left.upright([plot.y, plot.bottom()], names);
        let below = room.below.level([plot.x, plot.right()]);
        Self { plot, below: (room.below, below), left: (room.left, left), titles, top: room.top, width }
    }

    /// The pixel of a value along the lower side.
    pub fn x(&self, value: f64) -> Option<f64> {
        self.below.1.scale.at(value)
    }

    /// The pixel of a value along the left side.
    pub fn y(&self, value: f64) -> Option<f64> {
        self.left.1.scale.at(value)
    }

    /// The point of two values.
    pub fn at(&self, [x, y]: [f64; 2]) -> Option<[f64; 2]> {
        self.x(x).zip(self.y(y)).map(|(x, y)| [x, y])
    }

    /// The axis along the left side, where there are numbers.
    pub fn left_axis(&self) -> Option<&'a Axis> {
        if let Side::Values { axis, .. } = self.left.0 { Some(axis) } else { None }
    }

    /// The scale below, and the one to the left.
    pub fn scales(&self) -> [&Scale; 2] {
        [&self.below.1.scale, &self.left.1.scale]
    }

    /// The values' pixel, not outside the plot.
    pub fn within(&self, [x, y]: [f64; 2]) -> Option<[f64; 2]> {
        self.below.1.scale.within(x).zip(self.left.1.scale.within(y)).map(|(x, y)| [x, y])
    }

    /// Draws lines to read by, labels and titles.
    pub fn draw(&self, items: &mut Vec<Item>) {
        let plot = &self.plot;
        let upright = |x: f64| vec![[x, plot.y], [x, plot.bottom()]];
        let level = |y: f64| vec![[plot.x, y], [plot.right(), y]];
        let (grid, edge) = (Paint::line(Role::Grid, 1.0, Dash::Solid), Paint::line(Role::Quiet, 1.0, Dash::Solid));
        let grids = |side: &Side| matches!(side, Side::Values { grid: true, .. });
        if grids(&self.below.0) {
            items.extend(self.below.1.labels.iter().map(|(x, _)| Item::line(upright(*x), grid)));
        }
        if grids(&self.left.0) {
            items.extend(self.left.1.labels.iter().map(|(y, _)| Item::line(level(*y), grid)));
        }
        let zero = |side: &Side| matches!(side, Side::Values { axis, domain, grid: true } if !axis.logarithmic && domain[0] < 0.0 && domain[1] > 0.0);
        if zero(&self.below.0) {
            items.extend(self.x(0.0).map(|x| Item::line(upright(x), edge)));
        }
        if zero(&self.left.0) {
            items.extend(self.y(0.0).map(|y| Item::line(level(y), edge)));
        }
        items.push(Item::line(level(plot.bottom()), edge));
        if matches!(self.below.0, Side::Values { .. }) {
            let stub = |x: f64| Item::line(vec![[x, plot.bottom()], [x, plot.bottom() + 4.0]], edge);
            items.extend(self.below.1.labels.iter().map(|(x, _)| stub(*x)));
        }
        self.write(items);
    }

    fn write(&self, items: &mut Vec<Item>) {
        let plot = &self.plot;
        for (y, lines) in &self.left.1.labels {
            let first = y + 4.0 - text::LINE * (lines.len() as f64 - 1.0) / 2.0;
            for (place, line) in lines.iter().enumerate() {
                let at = [plot.x - GAP, first + text::LINE * place as f64];
                items.push(Item::words(Words::new(line, at, Anchor::End), self.ink(&self.left.0)));
            }
        }
        for (x, lines) in &self.below.1.labels {
            for (place, line) in lines.iter().enumerate() {
                let words = match self.below.1.slanted {
                    true => {
                        let words = Words::new(line, [x + 4.0, plot.bottom() + 14.0], Anchor::End);
                        Words { turn: -SLANT, ..words }
                    }
                    false => {
                        let at = [*x, plot.bottom() + 17.0 + text::LINE * place as f64];
                        Words::new(line, at, Anchor::Middle)
                    }
                };
                items.push(Item::words(words, self.ink(&self.below.0)));
            }
        }
        for (place, line) in self.titles[1].iter().enumerate() {
            let at = [0.0, self.top + 12.0 + text::LINE * place as f64];
            items.push(Item::words(Words::new(line, at, Anchor::Start), Role::Ink));
        }
        let first = plot.bottom() + self.below.1.depth() + 14.0;
        for (place, line) in self.titles[0].iter().enumerate() {
            let half = text::width(line, text::SIZE) / 2.0;
            let middle = plot.middle()[0].min(self.width - half).max(half);
            let at = [middle, first + text::LINE * place as f64];
            items.push(Item::words(Words::new(line, at, Anchor::Middle), Role::Ink));
        }
    }

    /// Numbers are quieter than names.
    fn ink(&self, side: &Side) -> Role {
        if matches!(side, Side::Values { .. }) { Role::Quiet } else { Role::Ink }
    }
}

/// A height for which the plot is so high, whatever surrounds it.
pub fn height<'a>(plot: f64, frame: impl Fn(f64) -> Frame<'a>) -> f64 {
    let around = |height: f64| height - frame(height).plot.height;
    // Once more, for what surrounds a plot may depend on how high it is.
    around(plot + around(3.0 * plot)) + plot
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Left and right ends of all level text.
    fn ends(items: &[Item]) -> Vec<[f64; 2]> {
        let words = items.iter().filter_map(|item| match &item.shape {
            super::super::scene::Shape::Text(words) if words.turn == 0.0 => Some(words.ends()),
            _ => None,
        });
        words.collect()
    }

    #[test]
    fn no_label_is_cut_off() {
        let (step, loss) = (Axis::new("optimiser steps"), Axis::new("what the student loses, in nats"));
        for width in [280.0, 640.0, 1200.0] {
            for high in [1e-7, 1.0, 123_456.0, 1e12] {
                let values = |axis| Side::Values { axis, domain: [-high, high], grid: true };
                let room =
                    Room { size: [width, 240.0], top: 0.0, right: 12.0, below: values(&step), left: values(&loss) };
                let frame = Frame::new(&room);
                let mut items = vec![];
                frame.draw(&mut items);
                for [left, right] in ends(&items) {
                    assert!(left >= 0.0 && right <= width, "{left} to {right} of {width}, {high}");
                }
                assert!(frame.plot.width > 0.6 * width && frame.plot.height > 120.0, "{:?}", frame.plot);
            }
        }
    }

    #[test]
    fn values_have_their_pixels() {
        let axis = Axis::default();
        let side = Side::Values { axis: &axis, domain: [0.0, 1.0], grid: false };
        let frame = Frame::new(&Room { size: [300.0, 200.0], top: 0.0, right: 12.0, below: side, left: side });
        assert_eq!(frame.at([0.0, 0.0]), Some([frame.plot.x, frame.plot.bottom()]));
        assert_eq!(frame.within([2.0, 1.0]), Some([frame.plot.right(), frame.plot.y]));
        assert_eq!(frame.at([f64::NAN, 0.0]), None);
    }
}
