//! What a numeric axis says of itself.

use super::role::Role;

/// A numeric axis.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Axis {
    /// What is measured, with its unit: `accuracy, %`.
    pub title: String,
    /// Equal factors are equally far apart; what is not above zero is not drawn.
    pub logarithmic: bool,
    /// Only whole numbers are marked.
    pub whole: bool,
    /// Its ends, where they are not told by the data.
    pub range: Option<[f64; 2]>,
    /// Values to compare with.
    pub references: Vec<Reference>,
}

/// A value to compare with: a line across the plot.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    /// Where.
    pub at: f64,
    /// What is written beside it; may be empty.
    pub label: String,
    /// Its colour and dashes.
    pub role: Role,
}

impl Axis {
    /// A linear axis whose ends the data tell.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// The same, logarithmic.
    pub fn logarithmic(self) -> Self {
        Self { logarithmic: true, ..self }
    }

    /// The same, of whole numbers: steps, layers.
    pub fn whole(self) -> Self {
        Self { whole: true, ..self }
    }

    /// The same, with fixed ends.
    pub fn between(self, low: f64, high: f64) -> Self {
        Self { range: Some([low, high]), ..self }
    }

    /// The same, with one more value to compare with.
    pub fn with(mut self, at: f64, label: impl Into<String>, role: Role) -> Self {
        self.references.push(Reference { at, label: label.into(), role });
        self
    }

    /// Can the value be drawn at all?
    pub(super) fn shows(&self, value: f64) -> bool {
        value.abs() < MOST && (!self.logarithmic || value > 0.0)
    }

    /// The lowest and the highest of what is to be drawn, references included, with `room` at both ends: a share of
    /// what lies between. Of nothing, from 0 to 1; of a single value, what surrounds it.
    pub(super) fn domain(&self, values: impl Iterator<Item = f64>, room: f64) -> [f64; 2] {
        if let Some([low, high]) = self.range.filter(|[low, high]| self.shows(*low) && self.shows(*high) && low < high)
        {
            return [low, high];
        }
        let references = self.references.iter().map(|reference| reference.at);
        let shown = values.chain(references).filter(|value| self.shows(*value));
        let ends = shown.fold(None, |ends: Option<[f64; 2]>, value| {
            let [low, high] = ends.unwrap_or([value; 2]);
            Some([low.min(value), high.max(value)])
        });
        match (ends, self.logarithmic) {
            (None, false) => [0.0, 1.0],
            (None, true) => [1.0, 10.0],
            (Some([low, high]), true) if high <= low * (1.0 + 1e-9) => [low / 2.0, high * 2.0],
            (Some([low, high]), true) => {
                let room = (high / low).powf(room);
                [low / room, high * room]
            }
            (Some([low, high]), false) => {
                let size = low.abs().max(high.abs());
                let room = match high - low {
                    apart if apart > 1e-12 * size => room * apart,
                    _ if size == 0.0 => 1.0,
                    _ if self.whole => 1.0,
                    _ => 0.1 * size,
                };
                [low - room, high + room]
            }
        }
    }
}

/// What is larger counts as infinite, so that differences never are.
const MOST: f64 = 1e300;

#[cfg(test)]
mod tests {
    use super::*;

    fn domain(axis: &Axis, values: &[f64]) -> [f64; 2] {
        axis.domain(values.iter().copied(), 0.05)
    }

    #[test]
    fn the_ends_are_those_of_the_data_with_some_room() {
        // 5 % of 10.
        assert_eq!(domain(&Axis::new("x"), &[0.0, f64::NAN, 10.0, f64::INFINITY]), [-0.5, 10.5]);
        assert_eq!(domain(&Axis::new("x").between(2.0, 3.0), &[0.0]), [2.0, 3.0]);
        assert_eq!(domain(&Axis::new("x").with(20.0, "teacher", Role::Teacher), &[0.0]), [-1.0, 21.0]);
    }

    #[test]
    fn nothing_and_one_value_have_an_axis_too() {
        assert_eq!(domain(&Axis::new("x"), &[]), [0.0, 1.0]);
        assert_eq!(domain(&Axis::new("x").logarithmic(), &[0.0, -1.0]), [1.0, 10.0]);
        assert_eq!(domain(&Axis::new("x"), &[5.0, 5.0]), [4.5, 5.5]);
        assert_eq!(domain(&Axis::new("x"), &[0.0]), [-1.0, 1.0]);
        assert_eq!(domain(&Axis::new("x").logarithmic(), &[8.0]), [4.0, 16.0]);
    }

    #[test]
    fn a_logarithmic_axis_has_its_room_in_factors() {
        // A tenth of two decades is a fifth of one.
        let [low, high] = Axis::new("x").logarithmic().domain([1.0, 100.0].into_iter(), 0.1);
        assert!((low - 10_f64.powf(-0.2)).abs() < 1e-12 && (high - 10_f64.powf(2.2)).abs() < 1e-9);
    }
}
