//! A run as a list of them tells it.

use retort_core::train::Eval;
use serde::{Deserialize, Serialize};

/// A run that is kept.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Stored {
    /// Its name among all of them.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// When it was begun here, in milliseconds since 1970.
    pub created: u64,
    /// When a file of it was written last, in milliseconds since 1970.
    pub changed: u64,
    /// What it takes of the storage.
    pub bytes: u64,
    /// The run file as executed.
    pub run: String,
    /// The recipe that its run file names.
    pub recipe: Option<String>,
    /// What is done, where it is more than a run of one student: `stark`.
    pub procedure: Option<String>,
    /// Optimiser steps taken at the last save.
    pub step: usize,
    /// Optimiser steps in all.
    pub steps: usize,
    /// Which hop of a chain, or stage of STARK, these are steps of.
    pub hop: Option<String>,
    /// Nothing is left to do.
    pub done: bool,
    /// Somebody has it open for writing: another tab, unless this one does.
    pub open: bool,
    /// The run that it started from.
    pub branched_from: Option<Branched>,
    /// The last figures of every model on every split.
    pub figures: Vec<Eval>,
    /// Why it cannot be read; it can still be removed.
    pub trouble: Option<String>,
}

/// Where a run comes from that did not begin at its first step.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Branched {
    /// The other run among those that are kept; none where it came from elsewhere.
    pub id: Option<String>,
    /// What that was called then.
    pub title: String,
    /// Its optimiser steps up to there.
    pub step: usize,
}

impl Stored {
    /// In a sentence.
    pub fn told(&self) -> String {
        let Self { step, steps, hop, done, .. } = self;
        let hop = hop.as_deref();
        match (done, hop) {
            (true, Some(_)) => "This browser keeps a finished run of several students.".into(),
            (true, None) => format!("This browser keeps a finished run of {step} steps."),
            // Between the runs of a procedure there are no steps.
            (false, Some(hop)) if *steps == 0 => format!("This browser keeps a run that stands at {hop}."),
            (false, hop) => {
                let hop = hop.map_or_else(String::new, |hop| format!(" ({hop})"));
                format!("This browser keeps a run that stands at step {step} of {steps}{hop}.")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_told_as_it_stands() {
        let told = |step, steps, hop: Option<&str>, done| {
            Stored { step, steps, hop: hop.map(str::to_owned), done, ..Stored::default() }.told()
        };
        assert_eq!(told(3, 9, None, false), "This browser keeps a run that stands at step 3 of 9.");
        assert_eq!(
            told(3, 9, Some("hop 1 of 2, a"), false),
            "This browser keeps a run that stands at step 3 of 9 (hop 1 of 2, a)."
        );
        assert_eq!(
            told(0, 0, Some("stage 2 of 9, scores"), false),
            "This browser keeps a run that stands at stage 2 of 9, scores."
        );
        assert_eq!(told(9, 9, None, true), "This browser keeps a finished run of 9 steps.");
    }
}
