//! What a session tells whoever drives it. The terminal prints these, the page draws them, and
//! `metrics.jsonl` keeps them.

use std::collections::BTreeMap;

use super::shrink::Sizes;
use serde::{Deserialize, Serialize};

use super::chain::Hop;
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
    /// A learner became smaller.
    Shrunk {
        /// Total optimiser steps so far.
        step: usize,
        /// `student` or `control`.
        who: String,
        /// What it had when the phase began.
        from: Sizes,
        /// Its new sizes.
        sizes: Sizes,
        /// Numbers that it learns now.
        parameters: usize,
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
    /// Which hop of a chain this is; none where a run has no assistants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hop: Option<Hop>,
    /// Other models of the run by name, with their parameters: of a chain those beside this hop's
    /// teacher and student, else the student's companions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<(String, usize)>,
}

impl Started {
    /// Whether nothing comes after this: no hop, or the last one.
    pub fn is_last(&self) -> bool {
        self.hop.as_ref().is_none_or(|hop| !hop.teaches())
    }

    /// The learner as people call it: `student`, or the assistant that learns in this hop.
    pub fn learner(&self) -> &str {
        self.hop.as_ref().map_or("student", |hop| &hop.learner)
    }

    /// Who teaches it: `teacher`, or the assistant of the hop before.
    pub fn teacher(&self) -> &str {
        self.hop.as_ref().map_or("teacher", |hop| &hop.teacher)
    }

    /// Parameters of the model that evaluations call `who`.
    pub fn parameters_of(&self, who: &str) -> usize {
        let other = self.others.iter().find(|(name, _)| name == who);
        other.map_or(self.parameters[usize::from(who != self.teacher())], |(_, count)| *count)
    }
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
    /// Their tokens, padding not counted; of what models wrote themselves, those of the data in their place.
    #[serde(default)]
    pub tokens: usize,
}

/// The losses of one step.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Losses {
    /// The weighted sum that was differentiated.
    pub total: f64,
    /// Each term before weighing, by name.
    pub terms: BTreeMap<String, f64>,
    /// Each term as it is weighed in the sum, by name.
    #[serde(default)]
    pub weighted: BTreeMap<String, f64>,
    /// ℓ2 norm of the whole gradient before clipping.
    pub grad_norm: f64,
    /// The control's cross-entropy, when there is one.
    pub control: Option<f64>,
    /// Share of the student's numbers that are left since the phase began, where it shrinks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<f64>,
}

/// Figures of one model on one split.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Eval {
    /// Total optimiser steps so far.
    pub step: usize,
    /// `teacher`, `student` or `control`; also `assistant-1` and so on once it teaches, `companion-1`.
    pub who: String,
    /// `dev` or `test`; of labelled sentences `dev words` or `test words` when words were asked for.
    pub split: String,
    /// Share of right answers.
    pub accuracy: f64,
    /// 95 % interval of the accuracy (Wilson score).
    pub interval: [f64; 2],
    /// Mean cross-entropy in nats. Of words, its exponential is the perplexity.
    pub loss: f64,
    /// F1 of class 1.
    pub f1: f64,
    /// Matthews correlation coefficient.
    pub mcc: f64,
    /// Sentences, or words.
    pub examples: usize,
    /// Share of the sentences or words on which this model and the run's teacher choose the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agreement: Option<f64>,
    /// Expected calibration error: how far confidence is from accuracy (Guo et al. 2017, 15 bins).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calibration: Option<f64>,
    /// Of words: how many of them have an uncertainty 1 − p(word) in each twentieth of 0 to 1.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub uncertainty: Vec<usize>,
    /// What the model wrote, where it wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written: Option<Written>,
}

impl Eval {
    /// Of words, the exponential of the loss.
    pub fn perplexity(&self) -> Option<f64> {
        (!self.uncertainty.is_empty()).then(|| self.loss.exp())
    }
}

/// Figures of what a model wrote from held-out prompts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Written {
    /// Prompts.
    pub samples: usize,
    /// ROUGE-L (F1) of greedy continuations against the data's (Lin 2004).
    pub rouge_l: f64,
    /// Of a learner: the teacher's mean −log p of a token that this model drew; high when it writes what
    /// the teacher would not (likelihood risk, Wen et al. 2023).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub likelihood_risk: Option<f64>,
    /// Of a learner: its own mean −log q of a token that the teacher drew; high when it misses what the
    /// teacher writes (coverage risk).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage_risk: Option<f64>,
}
