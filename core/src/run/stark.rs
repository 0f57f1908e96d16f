//! The run file's `[stark]`: how teachers become sparse before they teach.

use serde::{Deserialize, Serialize};

use crate::{
    Error, Result,
    score::{Accumulate, By, Scoring},
};

/// Teachers of which the least knowledgeable parts are gone (Yang, Zhang, Song 2022, "Sparse Teachers Can Be
/// Dense with Knowledge"): a trial student is taught by the whole teacher, the teacher's units are scored by
/// what they matter to both, and from the same first weights one student more is taught by each sparse teacher.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Stark {
    /// Per cent of the heads and of the neurons that are removed, rising. 0 is the trial.
    pub levels: Vec<f64>,
    /// Weights of what the teacher itself matters, 0 to 1; its student has the rest. Each is a sweep of its own.
    pub lambdas: Vec<f64>,
    /// Also a sweep of teachers of which as much is removed at random.
    pub random: bool,
    /// Also a sweep of teachers of which single weights are removed, by the same scores.
    pub unstructured: bool,
    /// Also one teacher whose level the scores themselves tell: as many go as lie below the first peak of
    /// their density (STARK-AUTO).
    pub auto: bool,
    /// Where the absolute value of a slope is taken: of each batch, example or token.
    pub accumulate: Accumulate,
    /// Texts of a batch that is scored.
    pub batch: usize,
    /// T of the divergence from the trial student.
    pub temperature: f64,
    /// The texts that units are scored by: `dev`, as STARK's code does, or `train`.
    pub split: String,
    /// A layer keeps a multiple of so many neurons (8 in STARK's code).
    pub multiple: usize,
    /// The student is the teacher without so many per cent of its heads and neurons, those that matter least
    /// to it alone; absent: the run's student.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub student: Option<f64>,
}

impl Default for Stark {
    fn default() -> Self {
        Self {
            levels: (1..10).map(|level| f64::from(level) * 10.0).collect(),
            lambdas: vec![0.5],
            random: true,
            unstructured: false,
            auto: false,
            accumulate: Accumulate::Batch,
            batch: 32,
            temperature: 2.0,
            split: "dev".into(),
            multiple: 1,
            student: None,
        }
    }
}

impl Stark {
    /// How units are scored.
    pub fn scoring(&self, lambda: f64) -> Scoring {
        let Self { accumulate, batch, temperature, .. } = *self;
        Scoring { by: By::Sensitivity, accumulate, batch, lambda, temperature, seed: 1 }
    }

    /// Ranges that the types do not express.
    ///
    /// # Errors
    /// [`Error::Input`] with what is wrong.
    pub fn check(&self, at: &str) -> Result<()> {
        let wrong = |key: &str, wanted: &str, found: String| Err(Error::input(format!("{at}.{key}"), wanted, found));
        let within = |level: &f64| *level > 0.0 && *level < 100.0;
        if self.levels.is_empty() || !self.levels.iter().all(within) || !self.levels.is_sorted_by(|a, b| a < b) {
            return wrong("levels", "rising per cent, above 0 and below 100", format!("{:?}", self.levels));
        }
        if self.lambdas.is_empty() || !self.lambdas.is_sorted_by(|a, b| a < b) {
            return wrong("lambdas", "one or more, rising", format!("{:?}", self.lambdas));
        }
        for (index, &lambda) in self.lambdas.iter().enumerate() {
            if !(0.0..=1.0).contains(&lambda) {
                return wrong(&format!("lambdas.{index}"), "a share from 0 to 1", lambda.to_string());
            }
        }
        if !["dev", "train"].contains(&self.split.as_str()) {
            return wrong("split", "`dev` or `train`: on `test` students are compared", format!("`{}`", self.split));
        }
        if self.multiple == 0 {
            return wrong("multiple", "at least 1", "0".into());
        }
        if let Some(percent) = self.student.filter(|percent| !within(percent)) {
            return wrong("student", "per cent, above 0 and below 100", percent.to_string());
        }
        self.scoring(0.5).check(&format!("{at}."))
    }
}
