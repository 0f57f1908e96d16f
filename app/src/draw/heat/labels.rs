//! What is written around a heat map: names of rows and columns, titles, and the scale of colours.

use super::{
    super::{
        geometry::Rect,
        number,
        role::Role,
        scene::{Anchor, Item, Shape, Words},
        text,
    },
    Heat, Shade,
    layout::{LONGEST, Layout},
};

/// Samples in the scale of colours.
const SAMPLES: usize = 9;

impl Heat {
    /// Names of the rows and of the columns, as many as there is room for.
    pub(super) fn names(&self, layout: &Layout) -> Vec<Item> {
        let plot = &layout.plot;
        let every = |cell: f64| (13.0 / cell).ceil().max(1.0) as usize;
        let mut items = vec![];
        for (row, name) in self.rows.iter().enumerate().step_by(every(layout.cell[1])) {
            let y = plot.y + layout.cell[1] * (row as f64 + 0.5) + 4.0;
            let words = Words::new(text::fit(name, text::SIZE, plot.x - 8.0), [plot.x - 8.0, y], Anchor::End);
            items.push(Item::words(words, Role::Ink));
        }
        let step = if layout.turn > 0.0 { every(layout.cell[0]) } else { 1 };
        for (column, name) in self.columns.iter().enumerate().step_by(step) {
            let x = plot.x + layout.cell[0] * (column as f64 + 0.5);
            let name = text::fit(name, text::SIZE, LONGEST.1);
            let words = match layout.turn {
                0.0 => Words::new(name, [x, plot.y - 6.0], Anchor::Middle),
                turn => Words { turn: -turn, ..Words::new(name, [x + 4.0, plot.y - 6.0], Anchor::Start) },
            };
            items.push(Item::words(words, Role::Ink));
        }
        items
    }

    /// What rows and columns are, and the scale of colours.
    pub(super) fn legend(&self, layout: &Layout, top: f64, fullest: f64, width: f64) -> Vec<Item> {
        let plot = &layout.plot;
        let mut items = vec![];
        let full = self.full();
        let diverges = matches!(self.shade, Shade::Diverging(..));
        let low = if diverges { number::short(-full) } else { "0".into() };
        let mut x = 0.0;
        let write = |items: &mut Vec<Item>, text: &str, role: Role, gap: f64, x: &mut f64| {
            let words = Words::new(text, [*x, top + 13.0], Anchor::Start);
            *x = words.ends()[1] + gap;
            items.push(Item::words(words, role));
        };
        if !self.titles[2].is_empty() {
            let scale = 13.0 * SAMPLES as f64
                + 24.0
                + text::width(&low, text::SIZE)
                + text::width(&number::short(full), text::SIZE);
            write(&mut items, &text::fit(&self.titles[2], text::SIZE, width - scale), Role::Ink, 12.0, &mut x);
        }
        write(&mut items, &low, Role::Quiet, 6.0, &mut x);
        for sample in 0..SAMPLES {
            let share = sample as f64 / (SAMPLES - 1) as f64;
            let share = if diverges { 2.0 * share - 1.0 } else { share };
            let rect = Rect { x, y: top + 3.0, width: 12.0, height: 12.0 };
            items.push(Item::new(Shape::Rect(rect, 0.0), self.paint(share, fullest)));
            x += 13.0;
        }
        x += 5.0;
        write(&mut items, &number::short(full), Role::Quiet, 0.0, &mut x);
        if !self.titles[1].is_empty() {
            let words =
                Words::new(text::fit(&self.titles[1], text::SIZE, width - plot.x), [plot.x, top + 36.0], Anchor::Start);
            items.push(Item::words(words, Role::Quiet));
        }
        let name = text::fit(&self.titles[0], text::SIZE, (plot.x - 8.0).max(0.0));
        items.push(Item::words(Words::new(name, [(plot.x - 8.0).max(0.0), plot.y - 6.0], Anchor::End), Role::Quiet));
        items
    }
}
