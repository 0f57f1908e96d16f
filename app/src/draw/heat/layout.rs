//! Where the cells of a heat map lie, and how much room its names take.

use super::{
    super::{geometry::Rect, text},
    Heat,
};

/// The largest cell, in pixels.
const LARGEST: [f64; 2] = [64.0, 40.0];
/// The longest name of a row, as a share of the width, and of a column, in pixels.
pub const LONGEST: (f64, f64) = (0.3, 96.0);
/// The narrowest cell whose column's name is slanted rather than upright, in pixels.
const SLANTED: f64 = 16.0;

/// Where everything lies.
pub struct Layout {
    /// All cells.
    pub plot: Rect,
    /// One of them.
    pub cell: [f64; 2],
    /// How far the names of columns are turned, in degrees.
    pub turn: f64,
}

impl Heat {
    /// Lays the map out: in a height, or as high as suits its width.
    pub(super) fn layout(&self, width: f64, top: f64, height: Option<f64>) -> Layout {
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

    /// So many cells of a row, from a column on.
    pub(super) fn cell(&self, layout: &Layout, row: usize, column: f64, columns: f64) -> Rect {
        let [across, down] = layout.cell;
        let gap = if across.min(down) >= 6.0 { 1.0 } else { 0.0 };
        Rect {
            x: layout.plot.x + across * column,
            y: layout.plot.y + down * row as f64,
            width: (across * columns - gap).max(0.5),
            height: (down - gap).max(0.5),
        }
    }
}
