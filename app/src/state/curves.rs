//! Numbers over optimiser steps.

use std::collections::BTreeMap;

/// Numbers over optimiser steps, a column per name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Curves {
    /// Optimiser steps, rising.
    pub x: Vec<f64>,
    /// As long as `x`, with gaps.
    pub y: BTreeMap<String, Vec<Option<f64>>>,
}

impl Curves {
    /// Adds one number; steps must not fall.
    pub fn push(&mut self, step: usize, name: &str, value: f64) {
        let step = step as f64;
        if self.x.last() != Some(&step) {
            self.x.push(step);
            self.y.values_mut().for_each(|column| column.push(None));
        }
        let rows = self.x.len();
        let column = self.y.entry(name.to_owned()).or_insert_with(|| vec![None; rows]);
        column[rows - 1] = value.is_finite().then_some(value);
    }

    /// Forgets what lies beyond `step`.
    pub fn rewind(&mut self, step: usize) {
        let rows = self.x.iter().take_while(|&&x| x <= step as f64).count();
        self.x.truncate(rows);
        self.y.values_mut().for_each(|column| column.truncate(rows));
    }

    /// The last number of a column.
    pub fn last(&self, name: &str) -> Option<f64> {
        self.y.get(name)?.iter().rev().find_map(|value| *value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_align_what_comes_at_different_steps() {
        let mut curves = Curves::default();
        curves.push(1, "a", 1.0);
        curves.push(1, "b", 2.0);
        curves.push(4, "b", 3.0);
        curves.push(6, "a", f64::NAN);
        assert_eq!(curves.x, [1.0, 4.0, 6.0]);
        assert_eq!(curves.y["a"], [Some(1.0), None, None]);
        assert_eq!(curves.y["b"], [Some(2.0), Some(3.0), None]);
        assert_eq!(curves.last("b"), Some(3.0));
    }
}
