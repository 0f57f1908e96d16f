//! A procedure of the reader's own: trial, scores, and students of sparse teachers.

use retort_core::{
    Error, Result,
    run::{Run, Stark},
    score::Scores,
    train::{
        Event, Told,
        stark::{Level, Stage},
    },
};

use super::{Recorded, ran::STAGES, read::text, studied::short};
use crate::state::View;

/// Steps of every student of a reader's procedure.
pub const STEPS: usize = 48;
/// Of those that are recorded.
pub const RECORDED: usize = 160;

/// What was told so far.
#[derive(Default)]
pub struct Procedure {
    /// The trial's run.
    pub trial: View,
    /// What the teacher's units matter, once they are scored.
    pub scores: Option<Scores>,
    /// The first student of a scored teacher: what is gone of the teacher in per cent, and the run.
    pub rewound: Option<(f64, View)>,
    /// The students that are ready, the trial first.
    pub levels: Vec<Level>,
}

/// A short procedure with these levels of scored units, and of units drawn at random beside them.
pub fn of_levels(base: &str, levels: Vec<f64>, random: bool) -> Result<String> {
    let mut run = short(Run::from_toml("the run file", base)?, STEPS);
    let settings = run.stark.take().unwrap_or_default();
    run.stark = Some(Stark { levels, lambdas: vec![0.5], random, unstructured: false, auto: false, ..settings });
    run.to_toml()
}

impl Procedure {
    /// The reader's, once its trial was evaluated.
    pub fn read(recorded: &Recorded) -> Result<Option<Self>> {
        if !recorded.contains_key(STAGES) {
            return Ok(None);
        }
        let mut found = Self::default();
        let mut stage = None;
        for line in text(recorded, STAGES)?.lines().filter(|line| !line.is_empty()) {
            let told = serde_json::from_str(line)
                .map_err(|error| Error::input(STAGES, "what a procedure tells", error.to_string()))?;
            match told {
                Told::Stage { stage: next, .. } => stage = Some(next),
                Told::Run { event } => found.happened(stage.as_ref(), &event),
                Told::Scored { scores } => found.scores = Some(*scores),
                Told::Level { level } => found.levels.push(*level),
                Told::Done { .. } => {}
            }
        }
        Ok(Some(found).filter(|found| !found.trial.accuracy.x.is_empty()))
    }

    fn happened(&mut self, stage: Option<&Stage>, event: &Event) {
        match stage {
            Some(Stage::Trial) => self.trial.apply(event),
            Some(Stage::Level { arm, percent: Some(percent) }) if arm.starts_with("lambda") => {
                let (at, view) = self.rewound.get_or_insert_with(|| (*percent, View::default()));
                if at == percent {
                    view.apply(event);
                }
            }
            _ => {}
        }
    }

    /// How long it is beside what is recorded, in a sentence.
    pub fn length(&self, recorded: &str) -> String {
        let steps = self.trial.steps();
        format!("Your students take {steps} steps each; recorded are {recorded} with {RECORDED} steps each.")
    }
}
