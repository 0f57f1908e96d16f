//! A text word by word: what exhibits of language models have in common.

use retort_core::{
    Result,
    train::{Likely, Seen, Token},
};

use super::{
    Knob, Recorded,
    knobs::Kind,
    read::{missing, texts},
};
use crate::prompt::visible;

/// The file of the text.
pub const FILE: &str = "prose.json";

/// The text.
pub fn text(recorded: &Recorded) -> Result<Vec<Token>> {
    let text = texts(recorded, FILE)?.swap_remove(0);
    match text.iter().any(|token| token.seen.is_some()) {
        true => Ok(text),
        false => Err(missing(FILE, "a text that both models have seen")),
    }
}

/// Words with their UNC.
pub fn shaded(text: &[Token]) -> Vec<(String, Option<f64>)> {
    text.iter().map(|token| (visible(token.text.trim_start()), token.seen.map(|seen| seen.uncertainty))).collect()
}

/// A word of the text; at first the one that teacher and student see most differently.
pub fn knob(recorded: &Recorded) -> Result<Knob> {
    let text = text(recorded)?;
    let kl = |token: &Token| token.seen.map_or(-1.0, |seen| seen.kl);
    let most = (0..text.len()).max_by(|&one, &other| kl(&text[one]).total_cmp(&kl(&text[other]))).unwrap_or(0);
    Ok(Knob { key: "word", label: "Word".into(), kind: Kind::Word { words: shaded(&text), start: most } })
}

/// The chosen word and what both models make of it; the first word of a text has nothing before it.
pub fn chosen(text: &[Token], place: usize) -> Result<(&Token, Seen)> {
    let token = text.get(place).filter(|token| token.seen.is_some());
    let token = token.or_else(|| text.iter().find(|token| token.seen.is_some()));
    let found = token.and_then(|token| Some((token, token.seen?)));
    found.ok_or_else(|| missing(FILE, "a word with something before it"))
}

/// At most so many of the likeliest words, the target always among them.
pub fn likeliest(token: &Token, most: usize) -> Vec<&Likely> {
    let mut words: Vec<&Likely> = token.likely.iter().filter(|word| !word.target).collect();
    words.sort_by(|one, other| (other.teacher + other.student).total_cmp(&(one.teacher + one.student)));
    words.truncate(most.saturating_sub(1));
    words.extend(token.likely.iter().filter(|word| word.target));
    words.sort_by(|one, other| other.teacher.total_cmp(&one.teacher));
    words
}

/// Their names; the target is marked.
pub fn names(words: &[&Likely]) -> Vec<String> {
    let name = |word: &&Likely| match visible(word.text.trim_start()) {
        text if word.target => format!("▸ {text}"),
        text if text.is_empty() => "␣".into(),
        text => text,
    };
    words.iter().map(name).collect()
}
