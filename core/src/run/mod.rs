//! The run file: one serde [`Run`] in TOML is the whole configuration of a distillation.
//!
//! The terminal and the page read the same file. Unknown keys are errors with a suggestion.

use serde::{Deserialize, Serialize};

use crate::objective::Weighted;

mod check;
mod read;

pub(crate) use check::is_name;
pub(crate) use read::{one_of, parse, setting_error};

/// Everything that decides what a run does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Run {
    /// A name people recognise the run by; letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// A recipe whose keys hold where this file says nothing; `retort methods` lists them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipe: Option<String>,
    /// Seeds the student's weights, the order of the data and the dropout masks.
    pub seed: u64,
    /// The sentences.
    pub data: Data,
    /// The teacher; absent when a model is trained without one.
    pub teacher: Option<Teacher>,
    /// The student.
    pub student: Student,
    /// Train a twin of the student beside it, from the same weights, on the same batches, by
    /// cross-entropy alone: what the teacher was worth is the difference.
    pub control: bool,
    /// What is done, in order.
    pub phases: Vec<Phase>,
}

impl Default for Run {
    fn default() -> Self {
        Self {
            name: "run".into(),
            recipe: None,
            seed: 1,
            data: Data::default(),
            teacher: None,
            student: Student::default(),
            control: false,
            phases: vec![Phase::default()],
        }
    }
}

/// Where the sentences come from and how they are cut.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Data {
    /// `builtin:rotten-tomatoes`, a directory with `train`, `dev` and `test` files, or empty
    /// when the three files are named below.
    pub source: String,
    /// Training file (TSV, CSV or JSONL, by its ending).
    pub train: Option<String>,
    /// File for model selection.
    pub dev: Option<String>,
    /// File for the figures that are reported; never used to choose anything.
    pub test: Option<String>,
    /// Plain text for the stage `text`, a passage a line; absent: the training sentences, all of
    /// them, without their labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corpus: Option<String>,
    /// Column of the sentence. Found by its usual names when absent.
    pub text: Option<String>,
    /// Column of the second sentence of a pair.
    pub pair: Option<String>,
    /// Column of the label.
    pub label: Option<String>,
    /// `builtin:rotten-tomatoes` or a `tokenizer.json`; absent: the teacher's own.
    pub tokenizer: Option<String>,
    /// Longest sequence in tokens, `[CLS]` and `[SEP]` included; longer ones are cut.
    pub max_length: usize,
    /// Train on the first so many sentences of the seeded order only; absent: on all.
    pub limit: Option<usize>,
}

impl Default for Data {
    fn default() -> Self {
        Self {
            source: "builtin:rotten-tomatoes".into(),
            train: None,
            dev: None,
            test: None,
            corpus: None,
            text: None,
            pair: None,
            label: None,
            tokenizer: None,
            max_length: 64,
            limit: None,
        }
    }
}

/// The model that teaches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Teacher {
    /// `builtin:rotten-tomatoes` or a Hugging Face directory.
    pub model: String,
    /// The teacher of the stages of text: a masked language model; absent: `model`, whose insides
    /// can be matched there but not its answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pretrained: Option<String>,
    /// Further teachers, for `multi_teacher`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<String>,
}

impl Teacher {
    /// A teacher alone.
    pub fn new(model: &str) -> Self {
        Self { model: model.into(), pretrained: None, others: vec![] }
    }
}

/// The model that learns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Student {
    /// A Hugging Face directory to start from; the shape below is then not asked.
    pub model: Option<String>,
    /// Number of transformer layers.
    pub layers: usize,
    /// Width of the residual stream.
    pub hidden: usize,
    /// Attention heads; divides `hidden`.
    pub heads: usize,
    /// Width of the feed-forward layer.
    pub intermediate: usize,
    /// Dropout on hidden states and on attention probabilities.
    pub dropout: f64,
    /// Where the first weights come from.
    pub init: Init,
}

impl Default for Student {
    fn default() -> Self {
        Self { model: None, layers: 1, hidden: 32, heads: 2, intermediate: 64, dropout: 0.1, init: Init::Random }
    }
}

/// Where the student's first weights come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Init {
    /// Drawn from a normal distribution of standard deviation 0.02, by the run's seed.
    Random,
    /// The teacher's embeddings, its first `layers` layers, and its head.
    FirstLayers,
    /// The teacher's embeddings, as many of its layers spread evenly from the first to the last
    /// (DistilBERT's 0, 2, 4, 7, 9, 11 of 12), and its head.
    Spread,
    /// The teacher's embeddings, these of its layers (counted from 0), and its head.
    Layers(Vec<usize>),
}

/// What a phase reads, and what the models answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The task's sentences; a class for each.
    #[default]
    Task,
    /// Plain text (`data.corpus`, else the task's sentences without their labels); a word for each
    /// place.
    Text,
    /// The task's sentences; a word for each place.
    TaskText,
}

/// One stretch of training: objectives, a budget, an optimiser.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Phase {
    /// A name for the log.
    pub name: String,
    /// What is read and answered: `task`, `text` or `task_text`.
    pub stage: Stage,
    /// In the stages of text, the share of tokens that is hidden: of these 80 % become [MASK], 10 %
    /// another word, 10 % stay (Devlin et al. 2019).
    pub masking: f64,
    /// What is learned, by name, each with its own parameters and a weight.
    pub objectives: Vec<Weighted>,
    /// Optimiser steps; `epochs` is read when this is absent.
    pub steps: Option<usize>,
    /// Passes over the training sentences, read when `steps` is absent.
    pub epochs: f64,
    /// Sentences per batch.
    pub batch: usize,
    /// Batches whose gradients are averaged into one optimiser step.
    pub accumulate: usize,
    /// AdamW.
    pub optimizer: Optimizer,
    /// Evaluate on the dev split every so many steps (and at the end).
    pub eval_every: usize,
    /// Read the losses back every so many steps.
    pub log_every: usize,
    /// Stop after so many evaluations without a better dev accuracy; absent: never.
    pub patience: Option<usize>,
    /// End with the weights of the best dev evaluation instead of the last ones.
    pub keep_best: bool,
}

impl Default for Phase {
    fn default() -> Self {
        Self {
            name: "distil".into(),
            stage: Stage::Task,
            masking: 0.15,
            objectives: vec![],
            steps: None,
            epochs: 3.0,
            batch: 32,
            accumulate: 1,
            optimizer: Optimizer::default(),
            eval_every: 100,
            log_every: 10,
            patience: None,
            keep_best: true,
        }
    }
}

/// AdamW (Loshchilov and Hutter 2019) with linear warm-up and linear decay to zero.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Optimizer {
    /// Peak learning rate.
    pub lr: f64,
    /// Decoupled weight decay; biases and layer norms are left out.
    pub weight_decay: f64,
    /// Decay rates of the first and the second moment.
    pub betas: [f64; 2],
    /// Added to the root of the second moment.
    pub eps: f64,
    /// Share of the steps over which the rate climbs from zero.
    pub warmup: f64,
    /// `linear` (to zero at the last step) or `constant`.
    pub decay: Decay,
    /// Largest ℓ2 norm of the whole gradient; 0 leaves it alone.
    pub clip: f64,
}

impl Default for Optimizer {
    fn default() -> Self {
        Self {
            lr: 1e-3,
            weight_decay: 0.01,
            betas: [0.9, 0.999],
            eps: 1e-8,
            warmup: 0.1,
            decay: Decay::Linear,
            clip: 1.0,
        }
    }
}

/// What the learning rate does after its warm-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decay {
    /// Falls linearly to zero at the last step.
    Linear,
    /// Stays.
    Constant,
}
