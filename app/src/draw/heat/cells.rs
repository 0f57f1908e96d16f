//! The cells of a heat map, with what they tell or with numbers in them.

use super::{
    super::{
        geometry::Rect,
        number,
        role::Role,
        scene::{Anchor, Item, Paint, Shape, Words},
        text,
    },
    Heat, Shade,
    layout::Layout,
};

impl Heat {
    /// The paint of a share of the full colour, −1 to 1.
    pub(super) fn paint(&self, share: f64, fullest: f64) -> Paint {
        // Steps that nobody sees make equal paints of nearly equal ones.
        let of = |share: f64| (share.clamp(0.0, 1.0) * fullest * 50.0).round() / 50.0;
        match self.shade {
            Shade::Sequential(role) => Paint::tint(role, of(share)),
            Shade::Diverging(below, _) if share < 0.0 => Paint::tint(below, of(-share)),
            Shade::Diverging(_, above) => Paint::tint(above, of(share)),
        }
    }

    /// Every cell with what it tells.
    pub(super) fn telling(&self, layout: &Layout, fullest: f64) -> Vec<Item> {
        let [rows, columns] = self.size();
        let full = self.full();
        let cells = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        let item = |(row, column): (usize, usize)| {
            let value = self.value(row, column)?;
            let rect = self.cell(layout, row, column as f64, 1.0);
            let tip = self.named(row, column).map(|name| name.join(" ")).join(", ") + ": " + &number::short(value);
            Some(Item { shape: Shape::Rect(rect, 0.0), paint: self.paint(value / full, fullest), tip: Some(tip) })
        };
        cells.filter_map(item).collect()
    }

    /// Cells of equal colour together; where they are thinner than a pixel, the largest of a pixel's.
    pub(super) fn silent(&self, layout: &Layout) -> Vec<Item> {
        let [rows, columns] = self.size();
        let full = self.full();
        let bins = columns.min((layout.plot.width as usize).max(1));
        let mut groups: Vec<(Paint, Vec<Rect>)> = vec![];
        for row in 0..rows {
            for bin in 0..bins {
                let [from, to] = [bin, bin + 1].map(|bin| bin * columns / bins);
                let values = (from..to).filter_map(|column| self.value(row, column));
                let Some(value) = values.max_by(|one, other| one.abs().total_cmp(&other.abs())) else { continue };
                let paint = self.paint(value / full, 1.0);
                let rect = self.cell(layout, row, from as f64, (to - from) as f64);
                match groups.iter_mut().find(|(known, _)| *known == paint) {
                    Some((_, rects)) => rects.push(rect),
                    None => groups.push((paint, vec![rect])),
                }
            }
        }
        groups.into_iter().map(|(paint, rects)| Item::new(Shape::Rects(rects), paint)).collect()
    }

    /// The values, in the middle of their cells; none where one of them is too wide.
    pub(super) fn numbers(&self, layout: &Layout) -> Vec<Item> {
        let Some(digits) = self.digits else { return vec![] };
        let [rows, columns] = self.size();
        let cells = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        let known = cells.filter_map(|(row, column)| Some((row, column, self.value(row, column)?)));
        let words = known.map(|(row, column, value)| {
            let [x, y] = self.cell(layout, row, column as f64, 1.0).middle();
            Words::new(number::plain(value, digits), [x, y + 4.0], Anchor::Middle)
        });
        let words: Vec<Words> = words.collect();
        let fit = words.iter().all(|words| words.ends()[1] - words.ends()[0] <= layout.cell[0] - 4.0);
        match fit && layout.cell[1] >= text::LINE {
            true => words.into_iter().map(|words| Item::words(words, Role::Ink)).collect(),
            false => vec![],
        }
    }
}
