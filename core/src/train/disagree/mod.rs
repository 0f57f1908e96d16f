//! Where a student and its teacher disagree: counts over a split, and the texts on which they do most.

use serde::{Deserialize, Serialize};

mod classes;
mod words;

pub(super) use classes::log_softmax;
pub use classes::{Disputed, OfClasses, of_classes};
pub use words::{OfWords, Tenth, Text, of_words};

/// Where a student and its teacher disagree on a split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "asks", rename_all = "snake_case")]
pub enum Disagreements {
    /// Of classifiers.
    Classes(OfClasses),
    /// Of language models.
    Words(OfWords),
}
