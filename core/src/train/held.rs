//! What models write from prompts they have not learned from, against the data and each other.
//!
//! ROUGE-L: Lin 2004, "ROUGE: A Package for Automatic Evaluation of Summaries". The risks: Wen et al.
//! 2023, "f-divergence minimization for sequence-level knowledge distillation", section 4.
//!
//! ```text
//! likelihood risk = E over y of the learner of −log p(y)      coverage risk = E over y of the teacher of −log q(y)
//! ```
//!
//! both as means over tokens; continuations for the risks are drawn at temperature 1, those for ROUGE-L
//! are the likeliest tokens.

use burn::tensor::Device;

use super::{evaluate::words, event::Written, metrics};
use crate::{
    Result,
    data::{Encodings, Tokenizer, first},
    generate::{Generation, generate},
    model::Model,
    run::Evaluation,
};

/// The held-out texts and how to write from them.
pub struct Held<'a> {
    pub settings: &'a Evaluation,
    pub data: &'a Encodings,
    pub tokenizer: &'a Tokenizer,
    pub device: &'a Device,
}

impl Held<'_> {
    /// What each of `models` (off the graph) wrote; the first is the teacher if there is one. Nothing
    /// when the run asks for no samples.
    ///
    /// # Errors
    /// Those of [`generate`].
    pub async fn write(&self, models: &[Model], taught: bool) -> Result<Vec<Option<Written>>> {
        let prompts = self.prompts(models);
        if prompts.is_empty() {
            return Ok(vec![None; models.len()]);
        }
        let drawn = match taught {
            true => self.draw(&models[0], &prompts).await?,
            false => vec![],
        };
        let mut all = vec![];
        for (index, model) in models.iter().enumerate() {
            let (mut likelihood_risk, mut coverage_risk) = (None, None);
            if taught && index > 0 {
                likelihood_risk = Some(self.surprise(&models[0], &prompts, self.draw(model, &prompts).await?).await?);
                coverage_risk = Some(self.surprise(model, &prompts, drawn.clone()).await?);
            }
            let rouge_l = self.rouge(model, &prompts).await?;
            all.push(Some(Written { samples: prompts.len(), rouge_l, likelihood_risk, coverage_risk }));
        }
        Ok(all)
    }

    /// Prompts and what the data has after them; those that every model can go on with.
    fn prompts(&self, models: &[Model]) -> Vec<(Vec<u32>, Vec<u32>)> {
        let positions = models.iter().map(|model| model.config().max_position_embeddings).min().unwrap_or(0);
        let rows = first(self.data.len(), self.settings.samples, 0).into_iter();
        let pairs = rows.map(|row| {
            let (prompt, rest) = self.data.prompt(row, self.settings.prompt);
            (prompt.to_vec(), rest[..rest.len().min(self.settings.max_new)].to_vec())
        });
        pairs.filter(|(prompt, rest)| !prompt.is_empty() && prompt.len() < positions && !rest.is_empty()).collect()
    }

    async fn go_on(&self, model: &Model, prompts: &[(Vec<u32>, Vec<u32>)], temperature: f64) -> Result<Vec<Vec<u32>>> {
        let prompts: Vec<Vec<u32>> = prompts.iter().map(|(prompt, _)| prompt.clone()).collect();
        let settings = Generation { max_new: self.settings.max_new, temperature, ..Generation::default() };
        generate(model, &prompts, &settings, &mut |_, _| {}).await
    }

    async fn draw(&self, model: &Model, prompts: &[(Vec<u32>, Vec<u32>)]) -> Result<Vec<Vec<u32>>> {
        self.go_on(model, prompts, 1.0).await
    }

    /// Mean −log probability of the tokens of `texts` after their prompts.
    async fn surprise(&self, model: &Model, prompts: &[(Vec<u32>, Vec<u32>)], texts: Vec<Vec<u32>>) -> Result<f64> {
        let longest = model.config().max_position_embeddings;
        let line = |((prompt, _), text): (&(Vec<u32>, Vec<u32>), Vec<u32>)| {
            let mut line = [prompt.clone(), text].concat();
            line.truncate(longest);
            (line, prompt.len())
        };
        let lines: Vec<_> = prompts.iter().zip(texts).map(line).collect();
        let longest = lines.iter().map(|(line, _)| line.len()).max().unwrap_or(0);
        let texts = Encodings::tokens(lines, self.data.pad_id(), longest);
        Ok(words(model, &texts, None, self.device).await?.loss())
    }

    /// Mean ROUGE-L of the likeliest continuations against the data's.
    async fn rouge(&self, model: &Model, prompts: &[(Vec<u32>, Vec<u32>)]) -> Result<f64> {
        let texts = self.go_on(model, prompts, 0.0).await?;
        let score = |((_, wanted), text): (&(Vec<u32>, Vec<u32>), &Vec<u32>)| {
            metrics::rouge_l(&self.tokenizer.decode(text), &self.tokenizer.decode(wanted))
        };
        Ok(prompts.iter().zip(&texts).map(score).sum::<f64>() / prompts.len() as f64)
    }
}
