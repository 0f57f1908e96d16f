//! What a session tells whoever drives it. The terminal prints these, the page draws them, and
//! `metrics.jsonl` keeps them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::platform::Adapter;

/// One thing that happened. A run directory's `metrics.jsonl` is a list of these.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "the large one comes once in a run")]
pub enum Event {
    /// The session is open; nothing has been trained yet.
    Started(Started),
    /// A phase begins.
    Phase {
        /// Position in the run file.
        index: usize,
        /// Its name.
        name: String,
        /// Optimiser steps it will take.
        steps: usize,
    },
    /// One optimiser step was taken.
    Step(Step),
    /// A split was evaluated.
    Eval(Eval),
    /// A checkpoint was written.
    Saved {
        /// Total optimiser steps so far.
        step: usize,
        /// `last` or `best`.
        which: String,
    },
    /// The phase ended before its budget was spent: no better dev accuracy for `patience` evaluations.
    EarlyStop {
        /// Total optimiser steps so far.
        step: usize,
        /// The step whose weights were best.
        best_step: usize,
    },
    /// The run is over.
    Done {
        /// Total optimiser steps.
        steps: usize,
        /// Seconds spent in training, evaluation included, over all sittings.
        seconds: f64,
    },
}

/// What is about to run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Started {
    /// The run's name.
    pub name: String,
    /// The run's seed.
    pub seed: u64,
    /// The device.
    pub adapter: Adapter,
    /// Optimiser steps over all phases.
    pub steps: usize,
    /// Steps already taken, when the run is resumed.
    pub resumed_at: usize,
    /// Sentences in train, dev and test.
    pub examples: [usize; 3],
    /// The names of the classes.
    pub labels: Vec<String>,
    /// Parameters of teacher (0 if none) and student.
    pub parameters: [usize; 2],
    /// SHA-256 of the student's first weights.
    pub init_hash: String,
    /// SHA-256 of the data as read.
    pub data_hash: String,
    /// Estimated peak bytes on the device.
    pub memory_bytes: u64,
    /// What a reader must know about the data: a missing test split, sentences set aside.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// One optimiser step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Total optimiser steps so far, counted from 1.
    pub step: usize,
    /// Position of the phase in the run file.
    pub phase: usize,
    /// Learning rate of this step.
    pub lr: f64,
    /// Losses; present on logging steps only, because reading them back waits for the device.
    pub losses: Option<Losses>,
    /// Wall-clock seconds of this step (on logging steps: since the last logging step, per step).
    pub seconds: f64,
    /// Sentences seen by this step.
    pub examples: usize,
}

/// The losses of one step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Losses {
    /// The weighted sum that was differentiated.
    pub total: f64,
    /// Each term before weighing, by name.
    pub terms: BTreeMap<String, f64>,
    /// ℓ2 norm of the whole gradient before clipping.
    pub grad_norm: f64,
    /// The control's cross-entropy, when there is one.
    pub control: Option<f64>,
}

/// Figures of one model on one split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Eval {
    /// Total optimiser steps so far.
    pub step: usize,
    /// `teacher`, `student` or `control`.
    pub who: String,
    /// `dev` or `test`; `dev words` or `test words` when hidden words were guessed.
    pub split: String,
    /// Share of right answers.
    pub accuracy: f64,
    /// 95 % interval of the accuracy (Wilson score).
    pub interval: [f64; 2],
    /// Mean cross-entropy in nats.
    pub loss: f64,
    /// F1 of class 1; Matthews correlation.
    pub f1: f64,
    /// Matthews correlation coefficient.
    pub mcc: f64,
    /// Sentences, or hidden words.
    pub examples: usize,
    /// Share of sentences on which this model and the teacher choose the same class.
    pub agreement: Option<f64>,
}
