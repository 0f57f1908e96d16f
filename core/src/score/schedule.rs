//! How much is left while a model is pruned step by step.
//!
//! Zhang et al. 2022, "PLATON", section 4, and Liang et al. 2023, "HomoDistil":
//!
//! ```text
//! r(t) = r_i                                                              before t_i
//!      = r_f + (r_i − r_f) · (1 − (t − t_i) / (t_f − t_i))³               from t_i to t_f
//!      = r_f                                                              after t_f
//! ```

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A share that falls along a cubic.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Cubic {
    /// `r_i`: the share at first.
    pub initial: f64,
    /// `r_f`: the share at last.
    #[serde(rename = "final")]
    pub last: f64,
    /// `t_i`: steps before anything is removed.
    pub warmup: usize,
    /// Steps at the end at which nothing more is removed; `t_f` is as many before the last.
    pub cooldown: usize,
    /// Steps in all.
    pub steps: usize,
}

impl Cubic {
    /// Ranges that the types do not express. `at` is the place that names it.
    ///
    /// # Errors
    /// [`Error::Input`] with what is wrong.
    pub fn check(&self, at: &str) -> Result<()> {
        for (key, share) in [("initial", self.initial), ("final", self.last)] {
            if !(0.0..=1.0).contains(&share) {
                return Err(Error::input(format!("{at}.{key}"), "a share from 0 to 1", share.to_string()));
            }
        }
        if self.warmup.saturating_add(self.cooldown) > self.steps {
            let wanted = format!("with `cooldown` at most the {} steps there are", self.steps);
            return Err(Error::input(format!("{at}.warmup"), wanted, format!("{} + {}", self.warmup, self.cooldown)));
        }
        Ok(())
    }

    /// r at a step.
    pub fn at(&self, step: usize) -> f64 {
        let end = self.steps.saturating_sub(self.cooldown);
        if step < self.warmup {
            return self.initial;
        }
        if step >= end {
            return self.last;
        }
        let left = 1.0 - (step - self.warmup) as f64 / (end - self.warmup) as f64;
        self.last + (self.initial - self.last) * left.powi(3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF: Cubic = Cubic { initial: 1.0, last: 0.5, warmup: 2, cooldown: 4, steps: 10 };

    #[test]
    fn by_hand() {
        // Four steps from 2 to 6: the rest (1 − j/4)³ is 1, 27/64, 8/64, 1/64.
        let found: Vec<f64> = (0..10).map(|step| HALF.at(step)).collect();
        let part = |of: f64| 0.5 + 0.5 * of / 64.0;
        assert_eq!(found, [1.0, 1.0, 1.0, part(27.0), part(8.0), part(1.0), 0.5, 0.5, 0.5, 0.5]);
    }

    #[test]
    fn without_steps_between_it_falls_at_once() {
        let sudden = Cubic { warmup: 3, cooldown: 7, ..HALF };
        assert_eq!([sudden.at(2), sudden.at(3)], [1.0, 0.5]);
        assert!(sudden.check("prune").is_ok());
        let error = Cubic { warmup: 7, ..HALF }.check("prune").unwrap_err().to_string();
        assert_eq!(error, "prune.warmup: wanted with `cooldown` at most the 10 steps there are, found 7 + 4");
    }
}
