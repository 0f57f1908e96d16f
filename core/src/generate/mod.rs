//! Text from causal models, token by token.
//!
//! A step reads one token of every text and asks for the next; what was read before is remembered
//! ([`Cache`]). Prompts may differ in length: a text's tokens do not depend on the others.

use crate::{
    Error, Result,
    model::{Cache, Config, Model},
    platform,
    readback::read,
};

mod sampler;
#[cfg(test)]
mod tests;

pub use sampler::Sampler;
use sampler::Turns;

/// How texts go on.
#[derive(Debug, Clone, PartialEq)]
pub struct Generation {
    /// Most tokens to add to each.
    pub max_new: usize,
    /// Logits are divided by this; 0: always the most likely token.
    pub temperature: f64,
    /// Only so many of the most likely tokens are drawn from; 0: all.
    pub top_k: usize,
    /// Only the most likely tokens that together have this probability are drawn from; 1: all.
    pub top_p: f64,
    /// Of the draws.
    pub seed: u64,
    /// Tokens that end a text; absent: those that the model's configuration names.
    pub stop: Option<Vec<u32>>,
}

impl Default for Generation {
    fn default() -> Self {
        Self { max_new: 64, temperature: 0.0, top_k: 0, top_p: 1.0, seed: 0, stop: None }
    }
}

impl Generation {
    /// Whether every setting is in its range; `at` is their place.
    ///
    /// # Errors
    /// [`Error::Input`] naming the setting that is not.
    pub fn check(&self, at: &str) -> Result<()> {
        if !(self.temperature >= 0.0 && self.temperature.is_finite()) {
            return Err(Error::input(format!("{at}.temperature"), "0 or more", self.temperature.to_string()));
        }
        if !(self.top_p > 0.0 && self.top_p <= 1.0) {
            return Err(Error::input(format!("{at}.top_p"), "a share above 0, at most 1", self.top_p.to_string()));
        }
        Ok(())
    }
}

/// Who writes.
#[derive(Debug, Clone, Copy)]
pub struct Writers<'a> {
    /// Writes, off the graph.
    pub model: &'a Model,
    /// Writes some of the tokens instead, with this chance for each.
    pub other: Option<(&'a Model, f64)>,
}

/// Goes on with `prompts` and gives what was added to each: at most `max_new` tokens, fewer where a
/// token ended the text, which is the last then, or where the model has no position left.
///
/// `on_token` is told each token as it comes, with the number of its prompt. To stop, drop the
/// future. `model` should be off the graph.
///
/// # Errors
/// [`Error::Input`] when the model is not causal, a setting is out of its range, or a prompt is empty,
/// longer than the model's positions or of another vocabulary; [`Error::Device`] when the device fails.
pub async fn generate(
    model: &Model,
    prompts: &[Vec<u32>],
    settings: &Generation,
    on_token: &mut dyn FnMut(usize, u32),
) -> Result<Vec<Vec<u32>>> {
    write(Writers { model, other: None }, prompts, settings, on_token).await
}

/// As [`generate`], by one model or by two that take turns at random. Both read all of the text.
///
/// # Errors
/// As [`generate`].
pub async fn write(
    writers: Writers<'_>,
    prompts: &[Vec<u32>],
    settings: &Generation,
    on_token: &mut dyn FnMut(usize, u32),
) -> Result<Vec<Vec<u32>>> {
    settings.check("generation")?;
    let config = writers.model.config();
    let models: Vec<&Model> = [writers.model].into_iter().chain(writers.other.map(|(model, _)| model)).collect();
    for model in &models {
        check(model.config(), prompts)?;
    }
    let mut texts = vec![vec![]; prompts.len()];
    if prompts.is_empty() || settings.max_new == 0 {
        return Ok(texts);
    }
    let stop = settings.stop.clone().unwrap_or_else(|| config.end_tokens());
    let mut sampler = Sampler::new(settings, prompts.len());
    let mut turns = Turns::new(writers.other.map_or(0.0, |(_, chance)| chance), settings.seed, prompts.len());
    let positions = models.iter().map(|model| model.config().max_position_embeddings).min().unwrap_or(0);
    let mut caches: Vec<Cache> = models.iter().map(|model| Cache::new(model.config(), prompts.len())).collect();
    // What each text reads next; nothing once it has ended.
    let mut next = prompts.to_vec();
    loop {
        let mut logits = vec![];
        for (model, cache) in models.iter().zip(&mut caches) {
            logits.push(read(model.read(cache, &next)?).await?);
        }
        for (text, tokens) in next.iter_mut().enumerate().filter(|(_, tokens)| !tokens.is_empty()) {
            let logits = &logits[turns.next(text)];
            let token = sampler.choose(text, &logits[text * config.vocab_size..][..config.vocab_size]);
            texts[text].push(token);
            on_token(text, token);
            let full = caches[0].lengths()[text] == positions;
            let over = full || texts[text].len() == settings.max_new || stop.contains(&token);
            *tokens = if over { vec![] } else { vec![token] };
        }
        if next.iter().all(Vec::is_empty) {
            return Ok(texts);
        }
        platform::breathe().await;
    }
}

/// Every prompt must say something and fit the model.
fn check(config: &Config, prompts: &[Vec<u32>]) -> Result<()> {
    for (index, prompt) in prompts.iter().enumerate() {
        let wrong = |wanted: String| Err(Error::input(format!("prompt {index}"), wanted, prompt.len().to_string()));
        if prompt.is_empty() {
            return wrong("at least one token".into());
        }
        if prompt.len() > config.max_position_embeddings {
            return wrong(format!("at most the model's {} tokens", config.max_position_embeddings));
        }
    }
    Ok(())
}
