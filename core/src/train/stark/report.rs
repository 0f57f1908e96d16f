//! What came of the students.

use serde::{Deserialize, Serialize};

use super::{Error, Result, Stage, Stark, TRIAL};
use crate::{
    score::pilot,
    train::{
        directory::{Best, METRICS, PROVENANCE, Provenance, history},
        event::{Eval, Event},
    },
};

use super::sparse::{SPARSE, Sparse};

/// A teacher and its student.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Level {
    /// The sweep; `trial` of the whole teacher.
    pub arm: String,
    /// Per cent of the teacher's heads and of its neurons that are gone, or of its weights.
    pub percent: [f64; 2],
    /// Numbers that are left of the teacher.
    pub parameters: usize,
    /// How sure the teacher is of dev: the variance of its answers.
    pub confidence: Option<f64>,
    /// The teacher on dev and on test.
    pub teacher: [Figure; 2],
    /// The student at its best on dev, and then on test.
    pub student: [Figure; 2],
    /// The student without a teacher, on test.
    pub control: Option<Figure>,
    /// SHA-256 of the student's first weights.
    pub init_hash: String,
}

/// How good a model is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// Share of right answers.
    pub accuracy: f64,
    /// Cross-entropy in nats.
    pub loss: f64,
    /// Whether words were asked for, so that the loss decides.
    pub words: bool,
}

impl Figure {
    fn of(eval: &Eval) -> Self {
        Self { accuracy: eval.accuracy, loss: eval.loss, words: eval.perplexity().is_some() }
    }

    /// As people know it: per cent, or of words the perplexity.
    pub fn shown(&self) -> f64 {
        if self.words { self.loss.exp() } else { 100.0 * self.accuracy }
    }

    /// Whether it is better: of classes by accuracy and then by loss, of words by loss.
    pub fn beats(&self, other: &Self) -> bool {
        let best = |figure: &Self| Best { accuracy: figure.accuracy, loss: figure.loss, step: 0 };
        best(self).beats(Some(&best(other)), self.words)
    }
}

/// A sweep, its levels rising.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Arm {
    /// Its name.
    pub name: String,
    /// Its levels, the trial first.
    pub levels: Vec<Level>,
    /// Which of them has the best student on dev.
    pub best: usize,
}

/// All sweeps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The whole teacher's student.
    pub trial: Level,
    /// The sweeps.
    pub arms: Vec<Arm>,
}

impl Report {
    /// Of the levels in the order in which they were done, the trial first.
    ///
    /// # Panics
    /// When there are none.
    pub fn of(levels: &[Level]) -> Self {
        let (trial, rest) = levels.split_first().expect("the trial comes first");
        let mut arms: Vec<Arm> = vec![];
        for level in rest {
            match arms.iter_mut().find(|arm| arm.name == level.arm) {
                Some(arm) => arm.levels.push(level.clone()),
                None => {
                    let levels = vec![trial.clone(), level.clone()];
                    arms.push(Arm { name: level.arm.clone(), levels, best: 0 });
                }
            }
        }
        for arm in &mut arms {
            for index in 1..arm.levels.len() {
                if arm.levels[index].student[0].beats(&arm.levels[arm.best].student[0]) {
                    arm.best = index;
                }
            }
        }
        Self { trial: trial.clone(), arms }
    }
}

impl Stark {
    /// What came of a student whose run is over.
    pub(super) async fn level(&self, stage: &Stage) -> Result<Level> {
        let name = stage.name();
        let events = history(&self.store.read(&format!("{name}/{METRICS}")).await?.unwrap_or_default());
        let evals = || events.iter().filter_map(|event| if let Event::Eval(eval) = event { Some(eval) } else { None });
        let last = |who: &str, split: &str| {
            evals().filter(|eval| eval.who == who && eval.split == split).map(Figure::of).next_back()
        };
        let missing = |what: &str| Error::input(self.place(&name), what, "none in its log");
        let reported = if last("student", "test").is_some() { "test" } else { "dev" };
        let dev: Option<Figure> = evals()
            .filter(|eval| eval.who == "student" && eval.split == "dev" && eval.step > 0)
            .map(Figure::of)
            .reduce(|best, next| if next.beats(&best) { next } else { best });
        let of = |who: &str, split: &str| last(who, split).ok_or_else(|| missing(&format!("{who} on {split}")));
        let teacher = [of("teacher", "dev")?, of("teacher", reported)?];
        let student = [dev.ok_or_else(|| missing("the student on dev"))?, of("student", reported)?];
        let bytes = self.store.read(&format!("{name}/{PROVENANCE}")).await?.unwrap_or_default();
        let provenance: Provenance = serde_json::from_slice(&bytes)
            .map_err(|error| Error::input(self.place(&name), "a run", error.to_string()))?;
        let (arm, sparse) = match stage {
            Stage::Level { arm, .. } => {
                let at = format!("{name}/teacher/{SPARSE}");
                let bytes = self.store.read(&at).await?.unwrap_or_default();
                let sparse: Sparse = serde_json::from_slice(&bytes)
                    .map_err(|error| Error::input(self.place(&at), "a sparse teacher", error.to_string()))?;
                (arm.clone(), sparse)
            }
            Stage::Trial | Stage::Scores => (TRIAL.to_owned(), self.whole(&events).await?),
        };
        Ok(Level {
            arm,
            percent: sparse.percent,
            parameters: sparse.parameters,
            confidence: sparse.confidence,
            teacher,
            student,
            control: last("control", reported),
            init_hash: provenance.init_hash,
        })
    }

    /// What is known of the whole teacher.
    async fn whole(&self, events: &[Event]) -> Result<Sparse> {
        let parameters = events.iter().find_map(|event| match event {
            Event::Started(started) => Some(started.parameters[0]),
            _ => None,
        });
        let setup = self.setup().await?;
        let confidence = match setup.dataset.labels.is_empty() {
            true => None,
            false => Some(pilot::sureness(&setup.teachers[0], &setup.encodings[1], &self.opened.device).await?),
        };
        Ok(Sparse { percent: [0.0; 2], parameters: parameters.unwrap_or_default(), confidence })
    }
}
