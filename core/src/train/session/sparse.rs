//! The teacher with some of its weights, or of its units, gone at random: how right and how sure it is then, asked in
//! the middle of a run.

use serde::{Deserialize, Serialize};

use super::{Session, units::DEV};
use crate::{
    Error, Result,
    model::Task,
    prune::{self, Share},
    score::{
        pilot::{Point, measured, sparsified},
        random,
    },
};

/// What goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gone {
    /// Single weights of the layers' matrices, in each the same share.
    Weights,
    /// Heads and neurons, of all layers together.
    Units,
}

impl Session {
    /// The teacher without a share of what `gone` says, drawn by `seed`: its figures on dev.
    ///
    /// # Errors
    /// [`Error::Input`] when there is no teacher, it does not choose among classes, or nothing would be left;
    /// [`Error::Device`] when the device fails.
    pub async fn sparse(&self, gone: Gone, percent: f64, seed: u64) -> Result<Point> {
        let (teacher, device) = (self.looked_at()?, &self.opened.device);
        if teacher.config().task("the teacher")? != Task::Classification {
            return Err(Error::input("the teacher", "one that chooses among classes", "one that answers with words"));
        }
        if !(0.0..100.0).contains(&percent) {
            return Err(Error::input("the sparsity", "per cent from 0 to below 100", percent.to_string()));
        }
        let sparsity = percent / 100.0;
        let sparse = match gone {
            Gone::Weights => sparsified(teacher, sparsity, seed, device).await?,
            Gone::Units => {
                let draw = random(teacher.config(), seed).units;
                let cut = prune::select("the teacher", teacher.config(), &draw, Share::of_both(percent))?;
                cut.apply("the teacher", teacher, device)?
            }
        };
        let labels = self.setup.dataset.labels_of(DEV.0);
        let (accuracy, confidence) = measured(&sparse, &self.setup.encodings[DEV.0], &labels, device).await?;
        Ok(Point { sparsity, seed, accuracy, confidence })
    }
}
