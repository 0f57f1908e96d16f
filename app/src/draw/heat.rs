//! Heat maps: of attention, of scores of heads and neurons, of confusions.

use super::{
    figure::{Caption, Figure},
    geometry::Rect,
    hit::{Hit, Targets},
    mark::Dash,
    number,
    role::Role,
    scene::{Anchor, Item, Paint, Scene, Shape, Words},
    table::{Cell, Table},
    text,
};

/// Rows and columns of values.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Heat {
    /// What it is called and shows.
    pub caption: Caption,
    /// What the rows are, what the columns are, and what the values are; each may be empty.
    pub titles: [String; 3],
    /// Names of the rows, from top to bottom.
    pub rows: Vec<String>,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Values by row and column; rows may be shorter than others, and what is no finite number is left blank.
    pub values: Vec<Vec<f64>>,
    /// What the values' colours are.
    pub shade: Shade,
    /// The value that has the full colour, where it is not the largest there is.
    pub most: Option<f64>,
    /// Digits behind the point, where values are written into their cells. Only where they fit.
    pub digits: Option<usize>,
    /// Rows and columns of cells that are struck through.
    pub struck: Vec<[usize; 2]>,
}

/// How values become colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shade {
    /// From nothing at zero to a full colour.
    Sequential(Role),
    /// From one colour below zero through nothing to another above.
    Diverging(Role, Role),
}

impl Default for Shade {
    fn default() -> Self {
        Self::Sequential(Role::Student)
    }
}

/// The largest cell, in pixels.
const LARGEST: [f64; 2] = [64.0, 40.0];
/// The longest name of a row, as a share of the width, and of a column, in pixels.
const LONGEST: (f64, f64) = (0.3, 96.0);
/// The narrowest cell whose column's name is slanted rather than upright, in pixels.
const SLANTED: f64 = 16.0;
/// More cells than this tell nothing to a resting pointer.
const TELLING: usize = 2500;
/// With numbers in the cells no colour is fuller: ink is read on it in light and in dark.
pub(super) const READABLE: f64 = 0.45;
/// Samples in the scale of colours.
const SAMPLES: usize = 9;

/// Where everything lies.
struct Layout {
    plot: Rect,
    cell: [f64; 2],
    /// How far the names of columns are turned, in degrees.
    turn: f64,
}

impl Heat {
    fn size(&self) -> [usize; 2] {
        let widest = self.values.iter().map(Vec::len).max().unwrap_or(0);
        [self.rows.len().max(self.values.len()), self.columns.len().max(widest)]
    }

    fn value(&self, row: usize, column: usize) -> Option<f64> {
        self.values.get(row)?.get(column).copied().filter(|value| value.is_finite())
    }

    fn full(&self) -> f64 {
        let largest = || {
            self.values
                .iter()
                .flatten()
                .filter(|value| value.is_finite())
                .fold(0.0, |most, value| value.abs().max(most))
        };
        Some(self.most.unwrap_or_else(largest)).filter(|most| *most > 0.0).unwrap_or(1.0)
    }

    /// The paint of a share of the full colour, −1 to 1.
    fn paint(&self, share: f64, fullest: f64) -> Paint {
        // Steps that nobody sees make equal paints of nearly equal ones.
        let of = |share: f64| (share.clamp(0.0, 1.0) * fullest * 50.0).round() / 50.0;
        match self.shade {
            Shade::Sequential(role) => Paint::tint(role, of(share)),
            Shade::Diverging(below, _) if share < 0.0 => Paint::tint(below, of(-share)),
            Shade::Diverging(_, above) => Paint::tint(above, of(share)),
        }
    }

    fn layout(&self, width: f64, top: f64, height: Option<f64>) -> Layout {
        let [rows, columns] = self.size().map(|count| count.max(1) as f64);
        let wide = |name: &String| text::width(name, text::SIZE);
        let names = self.rows.iter().chain(&self.titles[..1]).map(wide).fold(0.0, f64::max);
        let left = if names > 0.0 { names.min(LONGEST.0 * width) + 8.0 } else { 0.0 };
        let longest = self.columns.iter().map(wide).fold(0.0, f64::max).min(LONGEST.1);
        let mut room = width - left - 1.0;
        // What the last name sticks out when it is slanted, seen from the middle of its cell.
        let out = longest * std::f64::consts::FRAC_1_SQRT_2 + 8.0;
        let slanted = room.min((width - left - out) / (1.0 - 0.5 / columns));
        let turn: f64 = match longest > (room / columns).min(LARGEST[0]) - 4.0 {
            false => 0.0,
            true if slanted / columns >= SLANTED => 45.0,
            true => 90.0,
        };
        if turn == 45.0 {
            room = slanted;
        }
        let above = top
            + 24.0
            + if self.titles[1].is_empty() { 0.0 } else { text::LINE }
            + match self.columns.is_empty() && self.titles[0].is_empty() {
                true => 2.0,
                false => (longest * turn.to_radians().sin() + 14.0).max(text::LINE + 4.0),
            };
        let across = (room / columns).min(LARGEST[0]);
        let down = match height {
            Some(height) => ((height - above - 2.0) / rows).max(1.0),
            None => across.clamp(12.0, LARGEST[1]).min((0.9 * width / rows).max(12.0)),
        };
        let plot = Rect { x: left, y: above, width: across * columns, height: down * rows };
        Layout { plot, cell: [across, down], turn }
    }

    fn cell(&self, layout: &Layout, row: usize, column: f64, columns: f64) -> Rect {
        let [across, down] = layout.cell;
        let gap = if across.min(down) >= 6.0 { 1.0 } else { 0.0 };
        Rect {
            x: layout.plot.x + across * column,
            y: layout.plot.y + down * row as f64,
            width: (across * columns - gap).max(0.5),
            height: (down - gap).max(0.5),
        }
    }

    /// Every cell with what it tells.
    fn telling(&self, layout: &Layout, fullest: f64) -> Vec<Item> {
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
    fn silent(&self, layout: &Layout) -> Vec<Item> {
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

    /// Titles and names of a row and a column.
    fn named(&self, row: usize, column: usize) -> [Vec<String>; 2] {
        let named = |title: &str, names: &[String], place: usize| {
            let name = names.get(place).cloned().unwrap_or_else(|| place.to_string());
            [title.to_owned(), name].into_iter().filter(|part| !part.is_empty()).collect()
        };
        [named(&self.titles[0], &self.rows, row), named(&self.titles[1], &self.columns, column)]
    }

    fn numbers(&self, layout: &Layout) -> Vec<Item> {
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

    fn names(&self, layout: &Layout) -> Vec<Item> {
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
    fn legend(&self, layout: &Layout, top: f64, fullest: f64, width: f64) -> Vec<Item> {
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

impl Figure for Heat {
    fn caption(&self) -> &Caption {
        &self.caption
    }

    fn height(&self, width: f64) -> f64 {
        self.layout(width, self.caption.heading_height(width), None).plot.bottom() + 2.0
    }

    fn scene(&self, width: f64, height: f64) -> Scene {
        let (mut scene, top) = self.caption.scene(width, height);
        let layout = self.layout(width, top, Some(height));
        let [rows, columns] = self.size();
        let numbers = self.numbers(&layout);
        let fullest = if numbers.is_empty() { 1.0 } else { READABLE };
        scene.items.extend(self.legend(&layout, top, fullest, width));
        let silent = rows * columns > TELLING || layout.cell[0] < 1.0;
        scene.items.extend(if silent { self.silent(&layout) } else { self.telling(&layout, fullest) });
        scene.items.extend(numbers);
        let strike = |[row, column]: &[usize; 2]| {
            let cell = self.cell(&layout, *row, *column as f64, 1.0);
            vec![[cell.x, cell.bottom()], [cell.right(), cell.y]]
        };
        let struck: Vec<_> =
            self.struck.iter().filter(|[row, column]| *row < rows && *column < columns).map(strike).collect();
        if !struck.is_empty() {
            scene.items.push(Item::new(Shape::Lines(struck), Paint::line(Role::Ink, 1.0, Dash::Solid)));
        }
        let edge = Paint { fill: None, ..Paint::default().edged(Role::Grid) };
        scene.items.push(Item::new(Shape::Rect(layout.plot.grown(0.5), 0.0), edge));
        scene.items.extend(self.names(&layout));
        scene.targets = Targets::Cells { plot: layout.plot, rows, columns };
        scene
    }

    fn table(&self) -> Table {
        let [rows, columns] = self.size();
        let name = |names: &[String], place: usize| names.get(place).cloned().unwrap_or_else(|| place.to_string());
        let head =
            std::iter::once(self.titles[0].clone()).chain((0..columns).map(|column| name(&self.columns, column)));
        let row = |row: usize| {
            let cells = (0..columns).map(|column| Cell::of(self.value(row, column)));
            std::iter::once(Cell::Text(name(&self.rows, row))).chain(cells).collect()
        };
        Table { head: head.collect(), rows: (0..rows).map(row).collect() }
    }

    fn told(&self, hit: &Hit) -> Vec<[String; 2]> {
        let value = self.value(hit.row, hit.column).map_or_else(|| "–".to_owned(), number::short);
        let [row, column] = self.named(hit.row, hit.column).map(|parts| parts.last().cloned().unwrap_or_default());
        let [of_rows, of_columns, of_values] = self.titles.clone();
        vec![[of_rows, row], [of_columns, column], [of_values, value]]
    }
}

#[cfg(test)]
mod tests;
