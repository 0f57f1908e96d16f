//! A phase as data: what is read, what is learned, for how long, how.

use serde::{Deserialize, Serialize};

use super::Shrinking;
use crate::objective::Weighted;

/// What a phase reads, and what the models answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The task: of labelled sentences a class for each; of other texts the words, of responses to
    /// prompts those of the response.
    #[default]
    Task,
    /// Plain text (`data.corpus`, else the task's texts without their labels); the words.
    Text,
    /// The task's texts without their labels; the words.
    TaskText,
}

/// How the losses of language models come by their logits. In tiles of rows and words all of them never
/// exist at once, which takes little memory and up to half as many matrix products again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Logits {
    /// In tiles where a batch's logits are more than 128 MiB, what WebGPU binds by default.
    #[default]
    Auto,
    /// All at once.
    Whole,
    /// In tiles.
    Tiles,
}

impl Logits {
    fn is_auto(&self) -> bool {
        *self == Self::Auto
    }

    /// Whether so many rows of so many words are taken in tiles.
    pub fn tiled(self, rows: usize, words: usize) -> bool {
        match self {
            Self::Auto => rows.saturating_mul(words).saturating_mul(4) > 128 << 20,
            Self::Whole => false,
            Self::Tiles => true,
        }
    }
}

/// One stretch of training: objectives, a budget, an optimiser.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Phase {
    /// A name for the log.
    pub name: String,
    /// What is read and answered: `task`, `text` or `task_text`.
    pub stage: Stage,
    /// Where an encoder is asked for words, the share of tokens that is hidden: of these 80 % become
    /// [MASK], 10 % another word, 10 % stay (Devlin et al. 2019). A decoder is asked for the next word.
    pub masking: f64,
    /// Texts that the models write for themselves; absent: all are the data's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub writing: Option<Writing>,
    /// Let the teacher learn to teach; absent: it stays as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub teaching: Option<Teaching>,
    /// Let the student become smaller while it learns; absent: it stays as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shrinking: Option<Shrinking>,
    /// Whether language models' logits are made whole or in tiles, `auto`, `whole` or `tiles`.
    #[serde(skip_serializing_if = "Logits::is_auto")]
    pub logits: Logits,
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
            writing: None,
            teaching: None,
            shrinking: None,
            logits: Logits::Auto,
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

/// Texts that decoders write while they learn, instead of reading the data's (on-policy
/// distillation: Lin et al. 2020, "ImitKD"; Wen et al. 2023, "f-distill"; Agarwal et al. 2024, "GKD").
/// Prompts come from the data; of plain text, its beginning. The three shares are of the texts of a
/// batch; what is left is read from the data. Nothing is differentiated through the writing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Writing {
    /// Share of the texts that the student writes, drawn anew for every text (GKD's λ).
    pub student: f64,
    /// Share of the texts that the teacher writes.
    pub teacher: f64,
    /// Share of the texts that both write, taking turns at random token by token.
    pub mixed: f64,
    /// In those, the chance that a token is the teacher's.
    pub mix: f64,
    /// Most tokens of a response.
    pub max_new: usize,
    /// Tokens of a plain text that are its prompt.
    pub prompt: usize,
    /// Logits are divided by this before a token is drawn; 0: always the most likely one.
    pub temperature: f64,
    /// Only so many of the most likely tokens are drawn from; 0: all.
    pub top_k: usize,
    /// Only the most likely tokens that together have this probability are drawn from; 1: all.
    pub top_p: f64,
}

impl Default for Writing {
    fn default() -> Self {
        Self {
            student: 1.0,
            teacher: 0.0,
            mixed: 0.0,
            mix: 0.5,
            max_new: 64,
            prompt: 16,
            temperature: 1.0,
            top_k: 0,
            top_p: 1.0,
        }
    }
}

/// How a teacher learns to teach (Zhou, Xu, McAuley 2022, "BERT Learns to Teach"): before each of the
/// student's steps it takes one of its own, by what the student would make of texts that nobody learns
/// from. Its optimiser and the course of its rate are the phase's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Teaching {
    /// The teacher's peak learning rate.
    pub lr: f64,
    /// η: the rate of the step by which the student is tried.
    pub pilot: f64,
    /// Share of the training texts that the student is tried on.
    pub quiz: f64,
}

impl Default for Teaching {
    fn default() -> Self {
        Self { lr: 1e-5, pilot: 5e-5, quiz: 0.1 }
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
    /// `linear` or `cosine` (to zero at the last step) or `constant`.
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
    /// Falls along half a cosine to zero at the last step.
    Cosine,
    /// Stays.
    Constant,
}
