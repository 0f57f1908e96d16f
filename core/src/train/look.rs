//! A text token by token, as a teacher and its student see it.
//!
//! Zhong et al. 2024, "Revisiting Knowledge Distillation for Autoregressive Language Models", section 3:
//! how unsure the teacher is of each token, and the two parts of the divergence there.
//!
//! ```text
//! KL(p ‖ q) = TKD + UNC · DKD,   UNC = 1 − p(token)
//! ```

use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::{
    Error, Result,
    data::{Encodings, Tokenizer},
    generate::{Generation, generate},
    kernel::{Divergence, logit_rows},
    model::{Model, Wants},
    readback::read,
};

/// A token of a text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Token {
    /// What it adds to the text.
    pub text: String,
    /// What the models make of it; nothing of the first, which follows on nothing.
    pub seen: Option<Seen>,
}

/// What a teacher and a student make of a token, each from those before it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// 1 − p: how unsure the teacher is of it.
    pub uncertainty: f64,
    /// 1 − q: how unsure the student is of it.
    pub doubt: f64,
    /// Target-oriented divergence: of the token against all others, in nats.
    pub tkd: f64,
    /// Diversity-oriented divergence: among the other tokens, in nats.
    pub dkd: f64,
    /// The whole divergence from teacher to student, in nats.
    pub kl: f64,
}

/// How a model goes on with a prompt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Continuation {
    /// `teacher` or `student`.
    pub who: String,
    /// The prompt.
    pub prompt: Vec<Token>,
    /// What was added.
    pub text: Vec<Token>,
}

/// Two causal models of one vocabulary, off the graph.
#[derive(Debug, Clone, Copy)]
pub struct Onlookers<'a> {
    /// Whose uncertainty is told.
    pub teacher: &'a Model,
    /// Who is compared with it.
    pub student: &'a Model,
    /// Of both.
    pub tokenizer: &'a Tokenizer,
    /// Where both are.
    pub device: &'a Device,
}

impl Onlookers<'_> {
    /// How both go on with `prompt`, and what they make of it.
    ///
    /// # Errors
    /// [`Error::Input`] when the prompt is empty, or leaves no room in one of the models; those of
    /// [`generate`].
    pub async fn go_on(&self, prompt: &str, settings: &Generation) -> Result<Vec<Continuation>> {
        let (before, _) = self.tokenizer.frame()?;
        let ids = [before, self.tokenizer.raw(prompt)?].concat();
        let positions = [self.teacher, self.student].map(|model| model.config().max_position_embeddings);
        let positions = positions.into_iter().min().unwrap_or(0);
        if ids.is_empty() || ids.len() >= positions {
            let wanted = format!("1 to {} tokens, so that one more fits the models' context", positions - 1);
            return Err(Error::input("the prompt", wanted, ids.len().to_string()));
        }
        let mut all = vec![];
        for (who, model) in [("teacher", self.teacher), ("student", self.student)] {
            let added = generate(model, std::slice::from_ref(&ids), settings, &mut |_, _| {}).await?.concat();
            let mut whole = [ids.clone(), added].concat();
            whole.truncate(positions);
            let mut tokens = self.look(&whole).await?;
            let text = tokens.split_off(ids.len());
            all.push(Continuation { who: who.into(), prompt: tokens, text });
        }
        Ok(all)
    }

    /// What both make of a text.
    ///
    /// # Errors
    /// [`Error::Device`] when the device fails.
    pub async fn look(&self, ids: &[u32]) -> Result<Vec<Token>> {
        let line = Encodings::tokens(vec![(ids.to_vec(), 1)], self.tokenizer.pad_id(), ids.len());
        let batch = line.host(&[0]).to_device(self.device);
        let logits = |model: &Model| model.forward(&batch, &Wants::default(), None, None).logits();
        let rows =
            logit_rows(logits(self.student), Some(logits(self.teacher)), batch.labels.clone(), 1.0, Divergence::Kl);
        let count = batch.labels.dims()[0];
        let columns = vec![rows.doubt, rows.hard, rows.target, rows.rest, rows.divergence];
        let values: Vec<f64> = read(Tensor::cat(columns, 0)).await?.into_iter().map(f64::from).collect();
        let seen = |place: usize| seen_of([0, 1, 2, 3, 4].map(|column| values[column * count + place]));
        let texts = self.tokenizer.shown(ids).into_iter().enumerate();
        Ok(texts.map(|(place, text)| Token { text, seen: place.checked_sub(1).map(seen) }).collect())
    }
}

/// What is made of a token whose row of terms says so: doubt, cross-entropy, TKD, DKD and the whole divergence.
pub(super) fn seen_of([doubt, hard, tkd, dkd, kl]: [f64; 5]) -> Seen {
    // The kernel gives the odds, which do not round to 1.
    Seen { uncertainty: 1.0 / (1.0 + (-doubt).exp()), doubt: -(-hard).exp_m1(), tkd, dkd, kl }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        checkpoint,
        model::{Config, Family, Task},
    };

    const BYTE_LEVEL: &[u8] = include_bytes!("../../../tests/tokenizers/byte_level.json");

    fn model(layers: usize, seed: u64, vocabulary: usize) -> Model {
        let config = Config::of(Family::Gpt2, vocabulary, 24, 0, None).with_task(Task::CausalLm, &[]).unwrap();
        checkpoint::new_model(&config.with_shape(layers, 16, 2, 32, 0.0), seed, &Device::flex()).unwrap()
    }

    #[test]
    fn every_token_s_divergence_is_the_sum_of_its_parts() {
        let tokenizer = Tokenizer::from_bytes("tokenizer.json", BYTE_LEVEL).unwrap();
        let size = tokenizer.vocab_size();
        let (teacher, student) = (model(2, 1, size), model(1, 2, size));
        let onlookers =
            Onlookers { teacher: &teacher, student: &student, tokenizer: &tokenizer, device: &Device::flex() };
        let settings = Generation { max_new: 5, ..Generation::default() };
        let both = pollster::block_on(onlookers.go_on("the end", &settings)).unwrap();
        assert_eq!(both.iter().map(|one| one.who.as_str()).collect::<Vec<_>>(), ["teacher", "student"]);
        for one in &both {
            assert_eq!(one.prompt.iter().map(|token| token.text.as_str()).collect::<String>(), "the end");
            assert_eq!((one.prompt[0].seen, one.text.len()), (None, 5));
            for seen in one.prompt[1..].iter().chain(&one.text).map(|token| token.seen.unwrap()) {
                assert!((seen.kl - (seen.tkd + seen.uncertainty * seen.dkd)).abs() < 1e-5, "{seen:?}");
                assert!((0.0..=1.0).contains(&seen.uncertainty) && (0.0..=1.0).contains(&seen.doubt), "{seen:?}");
            }
        }
        let error = |prompt: &str| pollster::block_on(onlookers.go_on(prompt, &settings)).unwrap_err().to_string();
        let wanted = "the prompt: wanted 1 to 23 tokens, so that one more fits the models' context, found ";
        assert_eq!(error(""), format!("{wanted}0"));
        assert!(error(&"xyz ".repeat(9)).starts_with(wanted));
    }
}
