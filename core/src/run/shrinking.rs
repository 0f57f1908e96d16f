//! A phase's `[phases.N.shrinking]`: the student becomes smaller while it learns.

use serde::{Deserialize, Serialize};

use crate::{Error, Result, score::Cubic};

/// What is taken out next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Importance {
    /// What the loss feels least: |w · ∂L/∂w|, the mean since the last cut.
    Sensitivity,
    /// The same, smoothed, times how uncertain it is (Zhang et al. 2022, "PLATON").
    #[default]
    Platon,
    /// The smallest weights.
    Magnitude,
    /// What a draw says.
    Random,
}

/// Columns of all matrices go bit by bit, by what the whole loss of the phase feels least (Liang et al. 2023,
/// "HomoDistil"; Zhang et al. 2022, "PLATON"). What is left follows a cubic: much goes early, little late. Sizes
/// that are absent stay. A cut really slices the matrices, with what the optimiser knows of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Shrinking {
    /// Share of the width and of the neurons that is left at the end, where the sizes below do not say; the
    /// width a multiple of the heads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep: Option<f64>,
    /// Width of the residual stream at the end; all layers share it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hidden: Option<usize>,
    /// Neurons of every layer at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub neurons: Option<usize>,
    /// Width of every head at the end, where heads are not turned by rotary positions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<usize>,
    /// What is taken out next: `sensitivity`, `platon`, `magnitude` or `random`.
    pub by: Importance,
    /// Steps between cuts.
    pub every: usize,
    /// Share of the steps before the first cut.
    pub warmup: f64,
    /// Share of the steps after the last cut.
    pub cooldown: f64,
    /// PLATON's β₁ and β₂: how slowly sensitivity and uncertainty move from cut to cut.
    pub betas: [f64; 2],
}

impl Default for Shrinking {
    fn default() -> Self {
        Self {
            keep: None,
            hidden: None,
            neurons: None,
            head: None,
            by: Importance::Platon,
            every: 10,
            warmup: 0.0,
            cooldown: 0.3,
            betas: [0.85, 0.95],
        }
    }
}

impl Shrinking {
    /// What is left at which of `steps`, of 0 to 1: 1 before the first cut, 0 after the last.
    pub fn schedule(&self, steps: usize) -> Cubic {
        let part = |share: f64| (share * steps as f64).round() as usize;
        let warmup = part(self.warmup);
        Cubic { initial: 1.0, last: 0.0, warmup, cooldown: part(self.cooldown).min(steps - warmup.min(steps)), steps }
    }

    /// Ranges that the types do not express.
    ///
    /// # Errors
    /// [`Error::Input`] with what is wrong.
    pub fn check(&self, at: &str) -> Result<()> {
        let wrong = |key: &str, wanted: &str, found: String| Err(Error::input(format!("{at}.{key}"), wanted, found));
        for (key, size) in [("hidden", self.hidden), ("neurons", self.neurons), ("head", self.head)] {
            if size == Some(0) {
                return wrong(key, "at least 1: something must be left", "0".into());
            }
        }
        if let Some(keep) = self.keep.filter(|keep| !(*keep > 0.0 && *keep <= 1.0)) {
            return wrong("keep", "a share above 0, at most 1: something must be left", keep.to_string());
        }
        if self.every == 0 {
            return wrong("every", "at least 1", "0".into());
        }
        for (key, share) in [("warmup", self.warmup), ("cooldown", self.cooldown)] {
            if !(0.0..=1.0).contains(&share) {
                return wrong(key, "a share from 0 to 1", share.to_string());
            }
        }
        if self.warmup + self.cooldown > 1.0 {
            let found = format!("{} + {}", self.warmup, self.cooldown);
            return wrong("warmup", "with `cooldown` at most 1, all the steps there are", found);
        }
        for (index, beta) in self.betas.into_iter().enumerate() {
            if !(0.0..1.0).contains(&beta) {
                return wrong(&format!("betas.{index}"), "a rate from 0 to below 1", beta.to_string());
            }
        }
        Ok(())
    }
}
