//! Heat maps: of attention, of scores of heads and neurons, of confusions.

use super::{
    figure::{Caption, Figure},
    hit::{Hit, Targets},
    mark::Dash,
    number,
    role::Role,
    scene::{Item, Paint, Scene, Shape},
    table::{Cell, Table},
};

mod cells;
mod labels;
mod layout;

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

/// More cells than this tell nothing to a resting pointer.
const TELLING: usize = 2500;
/// With numbers in the cells no colour is fuller: ink is read on it in light and in dark.
pub(super) const READABLE: f64 = 0.45;

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

    /// Titles and names of a row and a column.
    fn named(&self, row: usize, column: usize) -> [Vec<String>; 2] {
        let named = |title: &str, names: &[String], place: usize| {
            let name = names.get(place).cloned().unwrap_or_else(|| place.to_string());
            [title.to_owned(), name].into_iter().filter(|part| !part.is_empty()).collect()
        };
        [named(&self.titles[0], &self.rows, row), named(&self.titles[1], &self.columns, column)]
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
