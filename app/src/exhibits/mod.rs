//! The live figures of the companions: what is recorded goes in, and what the reader chose; pictures come out, and
//! sentences and formulas with the same numbers.
//!
//! Nothing here knows a browser. An exhibit is a file with a line in [`EXHIBITS`]: the page shows it, the command line
//! draws it, and tests read it.

use std::{collections::BTreeMap, sync::Arc};

use retort_core::Result;

use crate::draw::Figure;

mod arms;
mod atkd;
mod bigger;
mod compaction;
mod discrepancy;
mod gap;
mod knobs;
mod narrowing;
mod numbers;
mod pilot;
mod plane;
mod procedure;
mod pull;
mod ran;
mod read;
mod recipes;
mod results;
mod several;
mod sheet;
mod shrinking;
mod slopes;
mod soft;
mod split;
mod stages;
mod studied;
mod temperature;
mod terms;
#[cfg(test)]
mod tests;
mod tokens;
mod uncertainty;
mod words;

pub use knobs::{Kind, Knob, Knobs};
pub use narrowing::FILE as APART;
pub use pilot::SHARES;
pub use ran::written;
pub use sheet::sheet;

/// A live figure.
pub struct Exhibit {
    /// The companion and the figure in it: `sparse-teachers/pilot`.
    pub name: &'static str,
    /// The files below `recorded/` that it shows.
    pub recorded: &'static [&'static str],
    /// What it shows of the reader's own run: in the place of one of them, or under a name of its own beside them.
    pub own: &'static [Own],
    /// The companion's run file as it is run for this choice; nothing where a run would not tell what is shown.
    pub run: Option<Run>,
    /// What can be chosen.
    pub knobs: fn(&Recorded) -> Result<Vec<Knob>>,
    /// What is shown of a choice.
    pub show: fn(&Recorded, &Knobs) -> Result<Shown>,
}

/// Makes the run file of a choice of the companion's.
pub type Run = fn(&str, &Knobs) -> Result<String>;

/// A file that a reader's run makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Own {
    /// Its name below `recorded/`.
    pub file: &'static str,
    /// What of a run it is.
    pub what: What,
}

/// What of a run takes the place of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Its events, a line each.
    Events,
    /// What was chosen in this figure when it began there, and its events.
    Run,
    /// What a procedure of several runs tells, a line each.
    Stages,
    /// What the units of its teacher matter.
    Scores,
    /// A text as teacher and student see it.
    Tokens,
    /// What teacher and student make of a sentence.
    Prediction,
    /// Its next step, taken apart.
    Apart,
    /// Its teacher without some of its weights, drawn at random.
    Sparse,
}

/// Files by name, with their text.
pub type Recorded = BTreeMap<String, String>;

/// What is seen at one moment.
#[derive(Default)]
pub struct Shown {
    /// From left to right, or from top to bottom.
    pub pictures: Vec<Arc<dyn Figure + Send + Sync>>,
    /// The same in sentences.
    pub told: Vec<String>,
    /// The formula with this moment's numbers in it.
    pub equation: Option<String>,
}

/// All of them, in the order of the articles.
pub const EXHIBITS: &[Exhibit] = &[
    pilot::EXHIBIT,
    plane::EXHIBIT,
    stages::EXHIBIT,
    pull::EXHIBIT,
    arms::EXHIBIT,
    discrepancy::EXHIBIT,
    narrowing::EXHIBIT,
    shrinking::EXHIBIT,
    compaction::EXHIBIT,
    temperature::EXHIBIT,
    recipes::EXHIBIT,
    terms::EXHIBIT,
    gap::EXHIBIT,
    several::EXHIBIT,
    soft::EXHIBIT,
    tokens::EXHIBIT,
    uncertainty::EXHIBIT,
    split::EXHIBIT,
    slopes::EXHIBIT,
    bigger::EXHIBIT,
    atkd::EXHIBIT,
];

impl Exhibit {
    /// The one of that name.
    pub fn find(name: &str) -> Option<&'static Self> {
        EXHIBITS.iter().find(|exhibit| exhibit.name == name)
    }

    /// Its companion, and its own name there.
    pub fn parts(&self) -> [&'static str; 2] {
        let (companion, id) = self.name.split_once('/').unwrap_or(("", self.name));
        [companion, id]
    }

    /// What is seen before anything is chosen.
    ///
    /// # Errors
    /// [`retort_core::Error::Input`] when a file is not there, or is another.
    pub fn first(&self, recorded: &Recorded) -> Result<Shown> {
        (self.show)(recorded, &Knobs::start(&(self.knobs)(recorded)?))
    }
}

impl Shown {
    /// Pictures with what they tell.
    fn new(pictures: Vec<Arc<dyn Figure + Send + Sync>>, told: Vec<String>) -> Self {
        Self { pictures, told, equation: None }
    }

    /// The same, with the formula.
    fn with(self, equation: String) -> Self {
        Self { equation: Some(equation), ..self }
    }
}

/// A picture as [`Shown`] has it.
fn picture(figure: impl Figure + Send + Sync + 'static) -> Arc<dyn Figure + Send + Sync> {
    Arc::new(figure)
}

/// The run file as the article has it.
fn as_it_is(run: &str, _: &Knobs) -> Result<String> {
    Ok(run.to_owned())
}
