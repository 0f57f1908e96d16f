//! Scores of a model's heads and neurons, as they are kept: with what they were made from.

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use super::{Accumulate, Felt, Survey, Units, magnitude, random};
use crate::{Error, Result, checkpoint, data::Encodings, model::Model};

/// What a unit is scored by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// The slope of the loss in a gate on it; with a student, what it matters to both.
    #[default]
    Sensitivity,
    /// The size of its weights.
    Magnitude,
    /// A draw.
    Random,
}

/// How units are scored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scoring {
    /// By what.
    pub by: By,
    /// Where the absolute value of a slope is taken: of each batch, example or token.
    pub accumulate: Accumulate,
    /// Texts of a batch.
    pub batch: usize,
    /// λ: weight of what the model itself matters, 0 to 1; its student has the rest.
    pub lambda: f64,
    /// T of the divergence from the student.
    pub temperature: f64,
    /// Of a draw.
    pub seed: u64,
}

impl Default for Scoring {
    fn default() -> Self {
        Self { by: By::Sensitivity, accumulate: Accumulate::Batch, batch: 32, lambda: 0.5, temperature: 2.0, seed: 1 }
    }
}

impl Scoring {
    /// Ranges that the types do not express; `at` comes before each key.
    ///
    /// # Errors
    /// [`Error::Input`] with what is wrong.
    pub fn check(&self, at: &str) -> Result<()> {
        let wrong =
            |key: &str, wanted: &str, found: f64| Err(Error::input(format!("{at}{key}"), wanted, found.to_string()));
        if !(0.0..=1.0).contains(&self.lambda) {
            return wrong("lambda", "a share from 0 to 1", self.lambda);
        }
        if !(self.temperature > 0.0 && self.temperature.is_finite()) {
            return wrong("temperature", "a number above 0", self.temperature);
        }
        match self.batch {
            0 => wrong("batch", "at least 1", 0.0),
            _ => Ok(()),
        }
    }

    /// Whether what is smaller than a unit can be scored so.
    ///
    /// # Errors
    /// [`Error::Input`] for an order that is drawn.
    pub fn check_fine(&self, at: &str) -> Result<()> {
        match self.by {
            By::Random => {
                Err(Error::input(format!("{at}by"), "sensitivity or magnitude, for single weights", "random"))
            }
            By::Sensitivity | By::Magnitude => Ok(()),
        }
    }
}

/// Scores, and what they are of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// As the model was named.
    pub model: String,
    /// SHA-256 of its weights.
    pub model_hash: String,
    /// As its student was named.
    pub student: Option<String>,
    /// SHA-256 of the student's weights.
    pub student_hash: Option<String>,
    /// SHA-256 of the data.
    pub data_hash: String,
    /// `train`, `dev` or `test`.
    pub split: String,
    /// How.
    #[serde(flatten)]
    pub scoring: Scoring,
    /// Of the attention heads.
    pub heads: Scored,
    /// Of the feed-forward neurons.
    pub neurons: Scored,
}

/// What units matter, and their scores, `[layers][units]`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Scored {
    /// Slopes, where they were scored by them.
    #[serde(flatten)]
    pub felt: Felt,
    /// The higher, the more it matters.
    pub score: Vec<Vec<f64>>,
}

/// Models and texts that are looked at.
pub struct Looked<'a> {
    /// The model, off the graph, and what it is called.
    pub model: (&'a str, &'a Model),
    /// The student that it has taught.
    pub student: Option<(&'a str, &'a Model)>,
    /// The texts, in the order in which they are cut into batches.
    pub texts: &'a Encodings,
    /// SHA-256 of the data they are from.
    pub data_hash: &'a str,
    /// Which part of the data they are.
    pub split: &'a str,
    /// Where the models are.
    pub device: &'a Device,
}

impl Looked<'_> {
    /// The survey of slopes.
    pub fn survey(&self, scoring: &Scoring) -> Survey<'_> {
        Survey {
            model: self.model.1,
            student: self.student.map(|(_, student)| student),
            texts: self.texts,
            batch: scoring.batch,
            accumulate: scoring.accumulate,
            temperature: scoring.temperature,
            device: self.device,
        }
    }

    /// Scores the model's units; `on` hears how many of how many batches are done.
    ///
    /// # Errors
    /// [`Error::Input`] when the student answers otherwise than the model, or a slope is no number;
    /// [`Error::Device`] when the device fails.
    pub async fn score(&self, scoring: &Scoring, on: &mut dyn FnMut(usize, usize)) -> Result<Scores> {
        let (name, model) = self.model;
        if let Some((name, student)) = self.student {
            answers_as(name, model, student)?;
        }
        let [heads, neurons] = match scoring.by {
            By::Sensitivity => {
                let Units { heads, neurons } = self.survey(scoring).run(on).await?;
                for slope in
                    [&heads, &neurons].into_iter().flat_map(|felt| felt.expressive.iter().chain(&felt.friendly))
                {
                    if slope.iter().any(|slope| !slope.is_finite()) {
                        return Err(Error::input(name, "finite slopes of its loss", "a slope that is not a number"));
                    }
                }
                [heads, neurons].map(|felt| Scored { score: felt.score(scoring.lambda), felt })
            }
            By::Magnitude => drawn(magnitude(model).await?.units),
            By::Random => drawn(random(model.config(), scoring.seed).units),
        };
        let student_hash = match self.student {
            Some((_, student)) => Some(checkpoint::hash(student).await?),
            None => None,
        };
        Ok(Scores {
            model: name.to_owned(),
            model_hash: checkpoint::hash(model).await?,
            student: self.student.map(|(name, _)| name.to_owned()),
            student_hash,
            data_hash: self.data_hash.to_owned(),
            split: self.split.to_owned(),
            scoring: scoring.clone(),
            heads,
            neurons,
        })
    }
}

fn drawn(units: Units<Vec<Vec<f64>>>) -> [Scored; 2] {
    [units.heads, units.neurons].map(|score| Scored { felt: Felt::default(), score })
}

/// A student tells the same classes as its teacher, or knows the same words.
fn answers_as(name: &str, model: &Model, student: &Model) -> Result<()> {
    let [wanted, found] = [model, student].map(|model| model.config().labels());
    if wanted != found {
        let wanted = format!("the model's classes in its order ({})", wanted.join(", "));
        return Err(Error::input(name, wanted, found.join(", ")));
    }
    let [wanted, found] = [model, student].map(|model| model.config().vocab_size);
    match wanted == found {
        true => Ok(()),
        false => Err(Error::input(name, format!("the model's vocabulary of {wanted}"), found.to_string())),
    }
}

impl Scores {
    /// Reads what [`Scores`] was written as; `hash` is that of the model they are to be of.
    ///
    /// # Errors
    /// [`Error::Input`] when they are another model's.
    pub fn read(at: &str, bytes: &[u8], hash: &str) -> Result<Self> {
        let scores: Self = serde_json::from_slice(bytes)
            .map_err(|error| Error::input(at, "scores as `retort score --json` tells them", error.to_string()))?;
        scores.are_of(at, hash)?;
        Ok(scores)
    }

    /// Makes sure that they are scores of the model with this hash.
    ///
    /// # Errors
    /// [`Error::Input`] when they are another model's.
    pub fn are_of(&self, at: &str, hash: &str) -> Result<()> {
        match self.model_hash == hash {
            true => Ok(()),
            false => {
                let found = format!("those of {} ({})", self.model, short(&self.model_hash));
                Err(Error::input(at, format!("scores of the model ({})", short(hash)), found))
            }
        }
    }

    /// The scores alone.
    pub fn units(&self) -> Units<Vec<Vec<f64>>> {
        Units { heads: self.heads.score.clone(), neurons: self.neurons.score.clone() }
    }

    /// The same slopes with another weight between the model and its student.
    #[must_use]
    pub fn with_lambda(mut self, lambda: f64) -> Self {
        if self.scoring.by == By::Sensitivity {
            self.scoring.lambda = lambda;
            for scored in [&mut self.heads, &mut self.neurons] {
                scored.score = scored.felt.score(lambda);
            }
        }
        self
    }
}

/// Enough of a hash to tell it from another.
fn short(hash: &str) -> String {
    hash.chars().take(12).collect()
}
