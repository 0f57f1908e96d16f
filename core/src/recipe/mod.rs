//! Recipes: whole methods as data. One TOML file each: what the paper says about itself under
//! `about`, and below it the keys of a run file that make the method.
//!
//! A run file that says `recipe = "tinybert"` takes over these keys and replaces those it names
//! itself, so switching a term off is one line. The tables of methods (README, terminal, page) are
//! made of the recipes' terms, so they cannot say anything else than what is run.

use serde::Deserialize;

use crate::{
    Error, Result,
    run::{Data, Run, Stage, Student, Teacher},
};

mod table;

pub use table::{Cells, Column, Row, cells, markdown, rows};

macro_rules! recipes {
    ($($name:ident),+ $(,)?) => {
        /// Every recipe, in the order in which they are listed.
        pub const RECIPES: &[Recipe] =
            &[$(Recipe { name: stringify!($name), text: include_str!(concat!(stringify!($name), ".toml")) }),+];
    };
}

recipes! {
    kd,
    pkd_skip,
    pkd_last,
    distilbert,
    minilm,
    minilmv2,
    tinybert,
    mixbaseline,
    soft_only,
    dkd,
    multi_teacher,
    metakd,
    assistants,
    homodistil,
    supervised_kd,
    reverse_kd,
    imitkd,
    f_distill,
    gkd,
    atkd,
    homodistil_lm,
}

/// A method as data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recipe {
    /// Its name in run files.
    pub name: &'static str,
    /// The file.
    pub text: &'static str,
}

/// What a recipe says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// What people call it.
    pub title: String,
    /// Where it comes from.
    pub paper: String,
    /// What the student must share with its teacher.
    pub constraint: Constraint,
    /// For causal language models only.
    #[serde(default)]
    pub decoders: bool,
    /// What else there is to know.
    #[serde(default)]
    pub note: String,
}

/// What the student must share with its teacher, beside classes and vocabulary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Constraint {
    /// Nothing.
    None,
    /// The width of the hidden states.
    Width,
    /// The number of attention heads.
    Heads,
}

impl Constraint {
    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Width => "same width",
            Self::Heads => "same heads",
        }
    }
}

impl Recipe {
    /// The recipe of that name; `at` is where it was named.
    ///
    /// # Errors
    /// [`Error::Input`] with the most similar name.
    pub fn find(at: &str, name: &str) -> Result<Self> {
        RECIPES.iter().copied().find(|recipe| recipe.name == name).ok_or_else(|| {
            let names: Vec<&str> = RECIPES.iter().map(|recipe| recipe.name).collect();
            Error::input(at, crate::run::one_of(name, &names), format!("`{name}`"))
        })
    }

    /// What it says about itself, and its part of a run file.
    ///
    /// # Errors
    /// [`Error::Input`] when the file is no recipe; a test reads them all.
    pub fn parts(&self) -> Result<(About, toml::Table)> {
        let wrong = |error: toml::de::Error| Error::input(self.name, "a recipe", error.message().to_owned());
        let mut table: toml::Table = toml::from_str(self.text).map_err(wrong)?;
        let about = table.remove("about").ok_or_else(|| Error::input(self.name, "a table `about`", "none"))?;
        Ok((about.try_into().map_err(wrong)?, table))
    }

    /// A run that follows it, with the defaults for everything else.
    ///
    /// # Errors
    /// As [`Run::from_toml`].
    pub fn run(&self) -> Result<Run> {
        Run::from_toml(self.name, &format!("name = \"{}\"\nrecipe = \"{}\"\n", self.name, self.name))
    }
}

impl Recipe {
    /// A run that follows it with models and data that are part of the program, and that fit.
    ///
    /// # Errors
    /// As [`Run::from_toml`].
    pub fn example(&self) -> Result<Run> {
        let (about, _) = self.parts()?;
        let run = self.run()?;
        let (source, model, [layers, hidden, intermediate]) = match about.decoders {
            true => ("builtin:prose", "builtin:prose-large", [1, 32, 128]),
            false => ("builtin:rotten-tomatoes", "builtin:rotten-tomatoes-deep", [2, 128, 256]),
        };
        let words = run.phases.iter().any(|phase| phase.stage != Stage::Task);
        let several = run.phases.iter().flat_map(|phase| &phase.objectives).any(|term| term.method == "multi_teacher");
        let teacher = Teacher {
            pretrained: words.then(|| "builtin:rotten-tomatoes-words".to_owned()),
            others: several.then(|| "builtin:rotten-tomatoes".to_owned()).into_iter().collect(),
            ..Teacher::new(model)
        };
        Ok(Run {
            data: Data { source: source.into(), ..run.data },
            teacher: Some(teacher),
            student: Student { layers, hidden, heads: 4, intermediate, ..run.student },
            ..run
        })
    }
}

/// `over` on top of `under`: tables are joined key by key, everything else is replaced.
pub(crate) fn merged(mut under: toml::Table, over: toml::Table) -> toml::Table {
    for (key, value) in over {
        let value = match (under.remove(&key), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(above)) => toml::Value::Table(merged(below, above)),
            (_, value) => value,
        };
        under.insert(key, value);
    }
    under
}

#[cfg(test)]
mod tests;
