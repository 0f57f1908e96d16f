//! One optimiser step on one example, taken apart: logits, terms, gradients, the update, and what it does.
//!
//! Every number was computed by what trains: the kernels' terms and gradients, and AdamW's step with the moments as
//! they are, on copies. Nothing is dropped out, so that the same question has the same answer; what a model would
//! write is read from the data instead, and kept answers of a teacher are asked for anew.

use serde::{Deserialize, Serialize};

mod follow;
mod groups;
mod rows;
mod step;

pub use groups::group_of;
pub(super) use step::Ask;

/// An example to take a step on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Specimen {
    /// One of those that the phase learns from.
    Train {
        /// Its place, counted from 0.
        index: usize,
    },
    /// One's own.
    Own {
        /// The sentence, the text, or the prompt.
        text: String,
        /// The second sentence, or the response.
        #[serde(default)]
        pair: Option<String>,
        /// The name of its class; absent where words are asked for.
        #[serde(default)]
        label: Option<String>,
    },
}

/// A weight, by its parameter's Hugging Face name and its place in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Which {
    /// Such as `classifier.weight`.
    pub name: String,
    /// Counted from 0, row by row.
    pub index: usize,
}

/// A step, taken apart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Apart {
    /// Optimiser steps taken so far: this would be the one after them.
    pub step: usize,
    /// Position of the phase in the run file.
    pub phase: usize,
    /// Optimiser steps taken in the phase, and of the phase in all.
    pub of_phase: [usize; 2],
    /// The tokens of the example, hidden ones as they were hidden.
    pub tokens: Vec<String>,
    /// The temperatures at which probabilities are told: 1, and those of the objectives.
    pub temperatures: Vec<f64>,
    /// The rows of logits that count, at most 64: one of a classifier, one for each asked-for token of words.
    pub rows: Vec<Row>,
    /// Rows that count in all.
    pub counted: usize,
    /// Every term of every objective.
    pub terms: Vec<TermOf>,
    /// Every objective alone; nothing in what was told by an earlier version.
    #[serde(default)]
    pub lines: Vec<LineOf>,
    /// The weighted sum of the terms: what is differentiated.
    pub total: f64,
    /// ℓ2 norm of the whole gradient, g.
    pub gradient_norm: f64,
    /// The largest that it may be; 0: as large as it is.
    pub clip: f64,
    /// What the gradient is multiplied by: min(1, clip / (‖g‖ + 1e-6)).
    pub clip_factor: f64,
    /// The learning rate of this step.
    pub lr: f64,
    /// The parameters by where they are: embeddings, every layer's attention and feed-forward part, head, and the
    /// matrices beside the model.
    pub groups: Vec<Group>,
    /// One weight on its way through the optimiser.
    pub followed: Followed,
    /// The total before the step; the same as `total`.
    pub before: f64,
    /// The total of the same example with the updated weights.
    pub after: f64,
}

/// A row of logits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The token that it stands at, counted from 0; of a classifier 0.
    pub place: usize,
    /// What is asked for: a class, or a token; none where only the teacher is matched.
    pub label: Option<usize>,
    /// What is asked for, by name.
    pub wanted: Option<String>,
    /// The classes, or the likeliest tokens and the one asked for, the likeliest first; of a classifier in order.
    pub classes: Vec<Class>,
    /// All other classes together; none where every one is told.
    pub rest: Option<Rest>,
}

/// A class, or a token, in a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Class {
    /// Which.
    pub class: usize,
    /// By name.
    pub name: String,
    /// The first teacher's logit z; none where it answers something else.
    pub teacher_logit: Option<f64>,
    /// The student's logit s.
    pub student_logit: f64,
    /// softmax(z/T) for each of the temperatures; none where there is no logit.
    pub teacher: Vec<f64>,
    /// softmax(s/T) for each of the temperatures.
    pub student: Vec<f64>,
    /// ∂total/∂s, of what depends on the logits directly.
    pub gradient: f64,
}

/// The classes of a row that are not told one by one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rest {
    /// How many.
    pub classes: usize,
    /// The sum of softmax(z/T) over them, for each of the temperatures.
    pub teacher: Vec<f64>,
    /// The sum of softmax(s/T) over them, for each of the temperatures.
    pub student: Vec<f64>,
    /// The sum of ∂total/∂s over them.
    pub gradient: f64,
}

/// A term of an objective.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TermOf {
    /// The method, as run files name it.
    pub method: String,
    /// The term, as the log names it.
    pub name: String,
    /// As it is.
    pub value: f64,
    /// What it is multiplied by: the objective's weight in the run file times the term's own in its formula.
    pub weight: f64,
    /// As it is weighed in the sum.
    pub weighted: f64,
}

/// An objective alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LineOf {
    /// The method, as run files name it.
    pub method: String,
    /// The sum of its terms as they are weighed.
    pub value: f64,
    /// ℓ2 norm of the gradient of that sum.
    pub slope: f64,
}

/// Parameters that belong together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// `embeddings`, `layer 1 attention`, `layer 1 feed-forward`, …, `head`, `projections`; layers from 1.
    pub name: String,
    /// Numbers that received a gradient.
    pub parameters: usize,
    /// ℓ2 norm of the weights.
    pub weights: f64,
    /// ℓ2 norm of the gradient, before clipping.
    pub gradient: f64,
    /// ℓ2 norm of what the step changes.
    pub update: f64,
}

/// A weight on its way through AdamW:
///
/// ```text
/// g ← g · clip factor      m ← β₁m + (1 − β₁)g      v ← β₂v + (1 − β₂)g²
/// m̂ = m/(1 − β₁ᵗ)          v̂ = v/(1 − β₂ᵗ)          w ← w − lr · (decay · w + m̂/(√v̂ + ε))
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Followed {
    /// Which.
    #[serde(flatten)]
    pub which: Which,
    /// Its row and column, or its place in a vector.
    pub place: Vec<usize>,
    /// w.
    pub weight: f64,
    /// g, before clipping.
    pub gradient: f64,
    /// g · clip factor.
    pub clipped: f64,
    /// m before and after.
    pub first: [f64; 2],
    /// v before and after.
    pub second: [f64; 2],
    /// m̂.
    pub first_corrected: f64,
    /// v̂.
    pub second_corrected: f64,
    /// w after the step.
    pub updated: f64,
    /// t: steps of the optimiser, this one included.
    pub steps: usize,
    /// β₁ and β₂.
    pub betas: [f64; 2],
    /// ε.
    pub eps: f64,
    /// Decay of this weight; 0 for biases and norms.
    pub decay: f64,
}
