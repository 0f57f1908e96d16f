//! What is learned: one file per method, one line per method in the table below.
//!
//! An objective has no weights and no loop. It says what it wants to see of both models and
//! turns what it sees into named scalar terms; the session weighs, sums and logs them.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use burn::tensor::{Int, Tensor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    Error, Result,
    data::Batch,
    kernel::{Divergence, RowTerms, linear_rows, logit_rows},
    loss::within,
    model::{Answer, Trace, Wants},
    recipe::Column,
};

mod layers;
mod pair;
mod states;

pub use layers::{LayerMap, Usual};
pub use pair::{Pair, Projection};
pub use states::States;

/// One way to learn.
pub trait Objective: Send {
    /// What both models must record; checked before step one.
    fn wants(&self) -> Wants {
        Wants::default()
    }

    /// Whether there must be a teacher.
    fn needs_teacher(&self) -> bool {
        true
    }

    /// Whether the two models are such that it can work; asked before the first step. `at` is the
    /// place in the run file.
    ///
    /// # Errors
    /// [`Error::Input`] with what does not fit.
    fn fits(&self, _at: &str, _pair: &Pair) -> Result<()> {
        Ok(())
    }

    /// Whether it looks at the teacher's answers, and not only at its insides.
    fn asks_the_teacher(&self) -> bool {
        self.cells().iter().any(|(column, _)| *column == Column::Soft)
    }

    /// Whether it looks inside all teachers and not only the first: what is asked of a pair is then asked
    /// with each of them.
    fn heeds_all(&self) -> bool {
        false
    }

    /// Whether its terms can be differentiated with respect to the teacher too: only then can a teacher
    /// learn to teach by it.
    fn reaches_the_teacher(&self) -> bool {
        false
    }

    /// The matrices it learns beside the student; [`Seen::project`] applies them.
    fn projections(&self, _pair: &Pair) -> Vec<Projection> {
        vec![]
    }

    /// Its cells in the table of methods: what it matches, and by which loss.
    fn cells(&self) -> Vec<(Column, &'static str)>;

    /// The named terms of the loss, each a scalar, not yet multiplied by its weight.
    ///
    /// # Errors
    /// [`Error::Input`] when a setting is out of its range.
    fn terms(&self, seen: &Seen) -> Result<Vec<Term>>;
}

/// What an objective sees of one step.
pub struct Seen<'a> {
    /// The student's forward pass, with its graph.
    pub student: &'a Trace,
    /// The teachers' forward passes, without one; most methods look at the first only.
    pub teachers: &'a [Trace],
    /// Applies the matrix of a name to what is wider or narrower than the teacher's.
    pub project: &'a Project<'a>,
    /// The sentences.
    pub batch: &'a Batch,
    /// Labels of the batch that are not −100: means of what is matched are over these.
    pub counted: usize,
    /// Labels that are classes or tokens: means of what is right are over these.
    pub labelled: usize,
    /// Whether a token sees only those before it.
    pub causal: bool,
    /// Share of the phase that is over, 0 to 1.
    pub progress: f64,
}

/// Takes `[batch, length, from]` to `[batch, length, to]` by the matrix of a name.
pub type Project<'a> = dyn Fn(&str, Tensor<3>) -> Result<Tensor<3>> + 'a;

impl Seen<'_> {
    /// The teacher that `method` needs.
    ///
    /// # Errors
    /// [`Error::Input`] when there is none.
    pub fn teacher(&self, method: &str) -> Result<&Trace> {
        self.teachers.first().ok_or_else(|| Error::input(method, "a teacher", "none: the run file has no [teacher]"))
    }

    /// The terms of every row of the student's logits beside those of `teacher`; of two language models
    /// that left theirs out, in tiles of rows and words.
    pub fn rows(&self, teacher: Option<&Trace>, temperature: f64, divergence: Divergence) -> RowTerms {
        let labels = self.batch.labels.clone();
        match (&self.student.answer, teacher.map(|teacher| &teacher.answer)) {
            (Answer::Head(student), None) => linear_rows(student, None, labels, temperature, divergence),
            (Answer::Head(student), Some(Answer::Head(teacher))) => {
                linear_rows(student, Some(teacher), labels, temperature, divergence)
            }
            (_, teacher) => {
                let student = self.student.logits();
                let teacher = teacher.map(|teacher| teacher.beside(&student));
                logit_rows(student, teacher, labels, temperature, divergence)
            }
        }
    }

    /// `[batch, length]`: 1 where a position counts: at tokens, or with `everywhere` at padding too.
    pub fn mask(&self, everywhere: bool) -> Tensor<2> {
        if everywhere { self.batch.mask.ones_like() } else { self.batch.mask.clone() }
    }

    /// `x`, `[batch, length, width]`, through the matrix of that name, if one is named.
    ///
    /// # Errors
    /// [`Error::Input`] when there is no such matrix.
    pub fn project(&self, name: Option<&str>, x: Tensor<3>) -> Result<Tensor<3>> {
        match name {
            Some(name) => (self.project)(name, x),
            None => Ok(x),
        }
    }

    /// `[rows]`: the group that each row of logits is ranked in, the whole batch or its own text;
    /// −1 for a row without a label.
    pub fn groups(&self, per_text: bool) -> Tensor<1, Int> {
        let labels = &self.batch.labels;
        let [rows] = labels.dims();
        let counts = labels.clone().greater_equal_elem(0).int();
        let group = match per_text {
            true => Tensor::arange(0..rows as i64, &labels.device())
                .div_scalar((rows / self.batch.rows.max(1)).max(1) as i64),
            false => labels.zeros_like(),
        };
        counts * (group + 1) - 1
    }
}

/// One named scalar of a loss.
pub struct Term {
    /// Its name in the log.
    pub name: &'static str,
    /// What it is multiplied by in the sum.
    pub weight: f64,
    /// Its value, of shape `[1]`, still attached to the student's graph.
    pub value: Tensor<1>,
}

impl Term {
    /// The only term of a method, weight 1; none when there is nothing to match.
    fn named(name: &'static str, value: Option<Tensor<1>>) -> Vec<Self> {
        value.map(|value| Self { name, weight: 1.0, value }).into_iter().collect()
    }
}

/// The name of a layer's term, layers counted from 1. The few that there are live as long as the program.
fn named(what: &str, layer: usize) -> &'static str {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let name = format!("{what} {}", layer + 1);
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    match names.get(name.as_str()) {
        Some(known) => known,
        None => {
            let name: &'static str = Box::leak(name.into_boxed_str());
            names.insert(name);
            name
        }
    }
}

/// A sum that may not have begun.
fn add(sum: Option<Tensor<1>>, term: Tensor<1>) -> Option<Tensor<1>> {
    Some(match sum {
        Some(sum) => sum + term,
        None => term,
    })
}

/// A setting that must be above zero.
fn positive(at: &str, key: &str, value: f64) -> Result<()> {
    within(at, key, value, "a number above 0", |value| value > 0.0)
}

/// A setting that must not be negative.
fn from_zero(at: &str, key: &str, value: f64) -> Result<()> {
    within(at, key, value, "a number from 0", |value| value >= 0.0)
}

/// A setting that is a share of something.
fn share(at: &str, key: &str, value: f64) -> Result<()> {
    within(at, key, value, "a number from 0 to 1", |value| (0.0..=1.0).contains(&value))
}

/// An objective as the run file names it: `method`, `weight`, and the method's own settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Weighted {
    /// Name of the method, as `retort methods` lists it.
    pub method: String,
    /// Multiplies every term of the method.
    #[serde(default = "one")]
    pub weight: f64,
    /// The method's settings; absent ones have its defaults.
    #[serde(flatten)]
    pub settings: Map<String, Value>,
}

fn one() -> f64 {
    1.0
}

impl Weighted {
    /// `method` with its defaults.
    pub fn new(method: &str) -> Self {
        Self { method: method.into(), weight: 1.0, settings: Map::new() }
    }

    /// The objective itself; `at` is the place in the run file, for errors.
    ///
    /// # Errors
    /// [`Error::Input`] when the method or one of its settings is not known or not in range.
    pub fn build(&self, at: &str) -> Result<Box<dyn Objective>> {
        let build = builder(&self.method).ok_or_else(|| self.unknown(at))?;
        build(at, &self.settings)
    }

    /// What the objective is about, without its code: a page that only shows run files need not load the
    /// losses.
    ///
    /// # Errors
    /// As [`Weighted::build`].
    pub fn about(&self, at: &str) -> Result<About> {
        let entry = METHODS.iter().find(|entry| entry.name == self.method).ok_or_else(|| self.unknown(at))?;
        (entry.about)(at, &self.settings)
    }

    fn unknown(&self, at: &str) -> Error {
        let names: Vec<&str> = METHODS.iter().map(|entry| entry.name).collect();
        Error::input(format!("{at}.method"), crate::run::one_of(&self.method, &names), format!("`{}`", self.method))
    }
}

/// What an objective with its settings is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Whether there must be a teacher.
    pub needs_teacher: bool,
    /// Its cells in the table of methods: what it matches, and by which loss.
    pub cells: Vec<(Column, &'static str)>,
}

/// A method as the table knows it.
pub struct Entry {
    /// Its name in run files.
    pub name: &'static str,
    /// The formula in plain text.
    pub formula: &'static str,
    /// Where it comes from.
    pub paper: &'static str,
    /// Its settings with their defaults.
    pub defaults: fn() -> Value,
    about: fn(&str, &Map<String, Value>) -> Result<About>,
}

/// Makes an objective of its settings; the text is their place, for errors.
type Build = fn(&str, &Map<String, Value>) -> Result<Box<dyn Objective>>;

/// What a method says about itself, beside its settings.
trait Method: Objective + Default + Serialize + for<'de> Deserialize<'de> + 'static {
    const NAME: &'static str;
    const FORMULA: &'static str;
    const PAPER: &'static str;

    /// Ranges that the types do not express.
    fn check(&self, _at: &str) -> Result<()> {
        Ok(())
    }
}

fn read<M: Method>(at: &str, settings: &Map<String, Value>) -> Result<M> {
    let method: M = serde_json::from_value(Value::Object(settings.clone()))
        .map_err(|error| crate::run::setting_error(at, &error.to_string()))?;
    method.check(at)?;
    Ok(method)
}

fn build<M: Method>(at: &str, settings: &Map<String, Value>) -> Result<Box<dyn Objective>> {
    Ok(Box::new(read::<M>(at, settings)?))
}

fn about<M: Method>(at: &str, settings: &Map<String, Value>) -> Result<About> {
    let method: M = read(at, settings)?;
    Ok(About { needs_teacher: method.needs_teacher(), cells: method.cells() })
}

/// Settings that are absent by default are left out: a run file has no word for nothing.
fn defaults<M: Method>() -> Value {
    let mut defaults = serde_json::to_value(M::default()).unwrap_or_default();
    if let Value::Object(settings) = &mut defaults {
        settings.retain(|_, value| !value.is_null());
    }
    defaults
}

macro_rules! objectives {
    ($($file:ident :: $method:ident),+ $(,)?) => {
        $(pub mod $file;)+

        /// Every method, in the order in which they are listed.
        pub const METHODS: &[Entry] = &[$(Entry {
            name: <$file::$method as Method>::NAME,
            formula: <$file::$method as Method>::FORMULA,
            paper: <$file::$method as Method>::PAPER,
            defaults: defaults::<$file::$method>,
            about: about::<$file::$method>,
        }),+];

        /// The code of a method; apart from the table, so that a program without it can have the table.
        fn builder(name: &str) -> Option<Build> {
            match name {
                $(<$file::$method as Method>::NAME => Some(build::<$file::$method>),)+
                _ => None,
            }
        }
    };
}

objectives! {
    kd::Kd,
    cross_entropy::CrossEntropy,
    logits::Logits,
    dkd::Dkd,
    atkd::Atkd,
    embeddings::Embeddings,
    hidden::Hidden,
    pkd::Pkd,
    attention_scores::AttentionScores,
    attention_probs::AttentionProbs,
    relations::Relations,
    multi_teacher::MultiTeacher,
    metakd::MetaKd,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_method_is_answered_with_the_nearest_one() {
        let error = Weighted::new("kdd").build("phases.0.objectives.0").err().unwrap().to_string();
        assert!(error.starts_with("phases.0.objectives.0.method: wanted `kd` (or "), "{error}");
        assert!(error.ends_with("found `kdd`"), "{error}");
    }

    #[test]
    fn an_unknown_setting_is_answered_with_the_nearest_one() {
        let mut weighted = Weighted::new("kd");
        weighted.settings.insert("temprature".into(), Value::from(2.0));
        let error = weighted.build("objectives.0").err().unwrap().to_string();
        assert_eq!(error, "objectives.0: wanted `temperature` (or `alpha`), found `temprature`");
    }

    #[test]
    fn every_method_builds_from_its_own_defaults() {
        for entry in METHODS {
            let Value::Object(settings) = (entry.defaults)() else { panic!("{}", entry.name) };
            assert!(
                Weighted { settings: settings.clone(), ..Weighted::new(entry.name) }.build("here").is_ok(),
                "{}",
                entry.name
            );
            let mut run = crate::run::Run::default();
            run.phases[0].objectives = vec![Weighted { settings, ..Weighted::new(entry.name) }];
            run.to_toml().unwrap_or_else(|error| panic!("{}: {error}", entry.name));
        }
    }
}
