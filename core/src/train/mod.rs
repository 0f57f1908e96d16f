//! Training: the one loop that the command line and the page both drive.

mod adamw;
pub mod apart;
mod attention;
mod branch;
mod card;
mod chain;
mod companions;
pub mod describe;
mod directory;
pub mod disagree;
mod evaluate;
mod event;
mod held;
mod kept;
mod learner;
mod look;
pub mod metrics;
mod projections;
mod schedule;
mod session;
mod setup;
pub mod shrink;
#[cfg(test)]
mod slopes;
pub mod stark;
mod teaching;
#[cfg(test)]
mod trajectory;
pub mod uploads;
mod writing;

pub(crate) use adamw::gradients;
pub use apart::{Apart, Specimen, Which};
pub use attention::{Attending, Attention, Readers};
pub use branch::{Origin, Start, branch};
pub use chain::{Chain, Hop, logs, place};
pub use companions::beside;
pub use describe::{Description, HopSketch, Knob, Memory, Texts, TextsOf, describe};
pub use directory::{History, METRICS, PROVENANCE, Provenance, RUN, history, is_done, is_over, provenance_of, run_of};
pub use disagree::{Disagreements, OfClasses, OfWords, Tenth};
pub use evaluate::{Answers, Predictions, Words, figures, judge, predict, probabilities};
pub use event::{Eval, Event, Losses, Started, Step, Written};
pub(crate) use kept::there_and_back;
pub(crate) use learner::{Learner, Lesson, TOTAL};
pub use look::{Continuation, LIKELY, Likely, Onlookers, Seen, Token};
pub use session::{Gone, Physical, Prediction, Weighed, Without};
pub use stark::{Stark, Told};
