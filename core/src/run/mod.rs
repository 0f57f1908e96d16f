//! The run file: one serde [`Run`] in TOML is the whole configuration of a distillation.
//!
//! The terminal and the page read the same file. Unknown keys are errors with a suggestion.

use serde::{Deserialize, Serialize};

mod check;
mod differences;
mod phase;
mod read;
mod shrinking;
mod stark;

pub(crate) use check::is_name;
pub use differences::{Difference, Lists, differences};
pub use phase::{Decay, Logits, Optimizer, Phase, Stage, Teaching, Writing};
pub(crate) use read::{one_of, parse, setting_error};
pub use shrinking::{Importance, Shrinking};
pub use stark::Stark;

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
    /// Learners between teacher and student, the largest first: each is taught by the one before it
    /// and teaches the next (Mirzadeh et al. 2020). An empty list takes a recipe's assistants away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assistants: Option<Vec<Student>>,
    /// The student.
    pub student: Student,
    /// Models that are trained beside the student, all under one head: teachers-to-be whose answers are
    /// to speak one language (Wu et al. 2021). There is no teacher then.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub companions: Vec<Student>,
    /// Train a twin of the student beside it, from the same weights, on the same batches, by
    /// cross-entropy alone: what the teacher was worth is the difference.
    pub control: bool,
    /// What is done, in order.
    pub phases: Vec<Phase>,
    /// Teachers that become sparse before they teach: `retort stark`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stark: Option<Stark>,
    /// What is asked of texts at the end of the run.
    #[serde(skip_serializing_if = "Evaluation::is_usual")]
    pub evaluation: Evaluation,
}

/// Where words are learned, the models also write at the end of the run, greedily and from held-out
/// prompts: what they write is compared with the data and with each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Evaluation {
    /// Held-out prompts to write from; 0: none.
    pub samples: usize,
    /// Most tokens to write after each.
    pub max_new: usize,
    /// Tokens of a plain text that are its prompt.
    pub prompt: usize,
}

impl Default for Evaluation {
    fn default() -> Self {
        Self { samples: 32, max_new: 32, prompt: 16 }
    }
}

impl Evaluation {
    fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for Run {
    fn default() -> Self {
        Self {
            name: "run".into(),
            recipe: None,
            seed: 1,
            data: Data::default(),
            teacher: None,
            assistants: None,
            student: Student::default(),
            companions: vec![],
            control: false,
            phases: vec![Phase::default()],
            stark: None,
            evaluation: Evaluation::default(),
        }
    }
}

impl Run {
    /// The learners between teacher and student.
    pub fn assistants(&self) -> &[Student] {
        self.assistants.as_deref().unwrap_or_default()
    }
}

/// Where the texts come from and how they are cut.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Data {
    /// `builtin:rotten-tomatoes` or `builtin:prose`, a directory with `train`, `dev` and `test` files,
    /// one file, or empty when the three files are named below.
    pub source: String,
    /// Training file: by its ending a table of labelled sentences or of prompts and responses (TSV,
    /// CSV, JSONL), or plain text (TXT).
    pub train: Option<String>,
    /// File for model selection.
    pub dev: Option<String>,
    /// File for the figures that are reported; never used to choose anything.
    pub test: Option<String>,
    /// Plain text for the stage `text`; absent: the training texts, all of them, without their
    /// labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corpus: Option<String>,
    /// Column of the sentence, or of the prompt. Found by its usual names when absent.
    pub text: Option<String>,
    /// Column of the second sentence of a pair.
    pub pair: Option<String>,
    /// Column of the response to a prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<String>,
    /// What stands around a prompt, `{prompt}`; the response follows.
    #[serde(skip_serializing_if = "is_usual_template")]
    pub template: String,
    /// Column of the label.
    pub label: Option<String>,
    /// `builtin:rotten-tomatoes` or a `tokenizer.json`; absent: the teacher's own.
    pub tokenizer: Option<String>,
    /// Longest sequence in tokens, `[CLS]` and `[SEP]` included; longer ones are cut.
    pub max_length: usize,
    /// Train on the first so many sentences of the seeded order only; absent: on all.
    pub limit: Option<usize>,
}

/// The template of Zhong et al. 2024.
const TEMPLATE: &str = "Human:\n{prompt}\n\nAssistant:\n";

fn is_usual_template(template: &str) -> bool {
    template == TEMPLATE
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
            response: None,
            template: TEMPLATE.into(),
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
    /// Keep the teacher's answers, so that the next student of the same texts costs no teacher.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<Keep>,
}

/// Where a teacher's answers are kept, in 16 bits each. Answers to hidden words or to texts of a model's
/// own cannot be kept, nor can a teacher's insides: there, the teacher is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Keep {
    /// A directory; in a browser, a place in its storage.
    pub at: String,
    /// Of each row of answers, so many of the likeliest and the sum of the others; 0: all of them.
    pub top: usize,
}

impl Default for Keep {
    fn default() -> Self {
        Self { at: "runs/answers".into(), top: 0 }
    }
}

impl Teacher {
    /// A teacher alone.
    pub fn new(model: &str) -> Self {
        Self { model: model.into(), pretrained: None, others: vec![], keep: None }
    }

    /// Every teacher of the task, the first one first.
    pub fn models(&self) -> impl Iterator<Item = &String> {
        [&self.model].into_iter().chain(&self.others)
    }
}

/// The model that learns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Student {
    /// A Hugging Face directory to start from; the family and the shape below are then not asked.
    pub model: Option<String>,
    /// `bert`, `distilbert`, `gpt2`, `opt`, `gpt_neox` or `llama`; absent: the teacher's, and without
    /// one `bert` for labelled sentences and `gpt2` for other texts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
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
        Self {
            model: None,
            family: None,
            layers: 1,
            hidden: 32,
            heads: 2,
            intermediate: 64,
            dropout: 0.1,
            init: Init::Random,
        }
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
    /// The teacher as it is; the shape that the file says is not asked.
    Teacher,
    /// The teacher's embeddings, these of its layers (counted from 0), and its head.
    Layers(Vec<usize>),
}
