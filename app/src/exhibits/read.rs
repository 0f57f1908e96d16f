//! Files that were recorded, read.

use retort_core::{
    Error, Result,
    score::Scores,
    train::{Event, Token},
};
use serde::{Deserialize, de::DeserializeOwned};

use super::Recorded;
use crate::{exhibits::results::Results, prompt::Continued, state::View};

/// The text of a file.
pub fn text<'a>(recorded: &'a Recorded, name: &str) -> Result<&'a str> {
    recorded.get(name).map(String::as_str).ok_or_else(|| missing(name, "a recording"))
}

/// What is not there.
pub fn missing(at: &str, wanted: impl Into<String>) -> Error {
    Error::input(at, wanted, "none")
}

/// A file of JSON.
pub fn json<T: DeserializeOwned>(recorded: &Recorded, name: &str) -> Result<T> {
    serde_json::from_str(text(recorded, name)?).map_err(|error| Error::input(name, "a recording", error.to_string()))
}

/// The events of a run, or of several one after the other.
pub fn events(recorded: &Recorded, name: &str) -> Result<Vec<Event>> {
    let lines = text(recorded, name)?.lines().filter(|line| !line.is_empty());
    let events = lines.map(serde_json::from_str).collect::<serde_json::Result<Vec<Event>>>();
    match events.map_err(|error| Error::input(name, "events of a run", error.to_string()))? {
        events if events.is_empty() => Err(missing(name, "events of a run")),
        events => Ok(events),
    }
}

/// A run as the page sees it.
pub fn view(recorded: &Recorded, name: &str) -> Result<View> {
    Ok(View::of(&events(recorded, name)?))
}

/// What units matter.
pub fn scores(recorded: &Recorded, name: &str) -> Result<Scores> {
    json(recorded, name)
}

/// The tables of `RESULTS.md`.
pub fn results(recorded: &Recorded) -> Result<Results> {
    Ok(Results::read(text(recorded, "results.md")?))
}

/// A review and what models make of it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Review {
    /// The sentence.
    pub text: String,
    /// The class that it has, by its place.
    pub label: usize,
    /// Probabilities by model, each in the order of the classes.
    pub answers: Vec<Vec<f64>>,
}

/// Reviews and what models make of them.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Reviews {
    /// The models, as they are called.
    pub models: Vec<String>,
    /// The classes.
    pub labels: Vec<String>,
    /// The sentences.
    pub reviews: Vec<Review>,
}

impl Reviews {
    /// A file of reviews.
    pub fn read(recorded: &Recorded, name: &str) -> Result<Self> {
        let all: Self = json(recorded, name)?;
        let whole = |review: &Review| {
            review.label < all.labels.len()
                && review.answers.len() == all.models.len()
                && review.answers.iter().all(|answer| answer.len() == all.labels.len())
        };
        match !all.reviews.is_empty() && all.reviews.iter().all(whole) {
            true => Ok(all),
            false => Err(missing(name, "an answer of every model to every review")),
        }
    }
}

/// Texts as teacher and student see them; each is what was asked and what the teacher added.
pub fn texts(recorded: &Recorded, name: &str) -> Result<Vec<Vec<Token>>> {
    let all: Vec<Continued> = match text(recorded, name)?.trim_start().starts_with('[') {
        true => json(recorded, name)?,
        false => vec![json(recorded, name)?],
    };
    let of = |continued: Continued| {
        let first = continued.continuations.into_iter().next()?;
        Some([first.prompt, first.text].concat())
    };
    let texts: Vec<Vec<Token>> = all.into_iter().filter_map(of).filter(|tokens| tokens.len() > 1).collect();
    if texts.is_empty() { Err(missing(name, "a text of at least two words")) } else { Ok(texts) }
}

/// Enough of a text to know it again.
pub fn short(text: &str) -> String {
    const MOST: usize = 60;
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", text[..at].trim_end()),
        None => text.to_owned(),
    }
}
