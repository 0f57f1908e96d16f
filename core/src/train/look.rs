//! A text token by token, as a teacher and its student see it.
//!
//! Zhong et al. 2024, "Revisiting Knowledge Distillation for Autoregressive Language Models", section 3:
//! how unsure the teacher is of each token, and the two parts of the divergence there.
//!
//! ```text
//! KL(p ‖ q) = TKD + UNC · DKD,   UNC = 1 − p(token)
//! ```

use burn::tensor::{Device, Tensor, activation::softmax};
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
    /// What could have come here: the likeliest tokens of each model and the one that came, by what the teacher
    /// gives them. Nothing of the first, nor where a vocabulary times the tokens is too much to be read back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub likely: Vec<Likely>,
}

/// A token that could have come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Likely {
    /// Itself.
    pub text: String,
    /// The teacher's probability of it, p.
    pub teacher: f64,
    /// The student's, q.
    pub student: f64,
    /// Whether it is the one that came.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub target: bool,
}

/// How many of the likeliest tokens of each model are told.
pub const LIKELY: usize = 8;

/// Most probabilities that are read back of each model for them.
const READ: usize = 4 << 20;

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
        self.go_on_with(prompt, settings, LIKELY).await
    }

    /// The same, with so many of each model's likeliest tokens wherever one came.
    ///
    /// # Errors
    /// As [`Onlookers::go_on`].
    pub async fn go_on_with(&self, prompt: &str, settings: &Generation, likely: usize) -> Result<Vec<Continuation>> {
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
            let mut tokens = self.look_at(&whole, likely).await?;
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
        self.look_at(ids, LIKELY).await
    }

    async fn look_at(&self, ids: &[u32], likely: usize) -> Result<Vec<Token>> {
        let line = Encodings::tokens(vec![(ids.to_vec(), 1)], self.tokenizer.pad_id(), ids.len());
        let batch = line.host(&[0]).to_device(self.device);
        let logits = |model: &Model| model.forward(&batch, &Wants::default(), None, None).logits();
        let [student, teacher] = [self.student, self.teacher].map(logits);
        let rows = logit_rows(student.clone(), Some(teacher.clone()), batch.labels.clone(), 1.0, Divergence::Kl);
        let count = batch.labels.dims()[0];
        let columns = vec![rows.doubt, rows.hard, rows.target, rows.rest, rows.divergence];
        let values: Vec<f64> = read(Tensor::cat(columns, 0)).await?.into_iter().map(f64::from).collect();
        let seen = |place: usize| seen_of([0, 1, 2, 3, 4].map(|column| values[column * count + place]));
        let mut all = match count * teacher.dims()[1] <= READ {
            true => self.likely(ids, teacher, student, likely).await?,
            false => vec![],
        }
        .into_iter();
        let token = |(place, text): (usize, String)| match place {
            0 => Token { text, seen: None, likely: vec![] },
            _ => Token { text, seen: Some(seen(place - 1)), likely: all.next().unwrap_or_default() },
        };
        Ok(self.tokenizer.shown(ids).into_iter().enumerate().map(token).collect())
    }

    /// Of every token but the first, what could have come in its place. Logits are `[tokens, vocabulary]`.
    async fn likely(
        &self,
        ids: &[u32],
        teacher: Tensor<2>,
        student: Tensor<2>,
        most: usize,
    ) -> Result<Vec<Vec<Likely>>> {
        let [_, size] = teacher.dims();
        let mut both = vec![];
        for logits in [teacher, student] {
            both.push(read(softmax(logits, 1)).await?);
        }
        let at = |(place, &target): (usize, &u32)| {
            let [p, q] = [0, 1].map(|model: usize| &both[model][place * size..][..size]);
            let mut chosen: Vec<usize> = [p, q].into_iter().flat_map(|row| largest(row, most)).collect();
            chosen.push(target as usize);
            chosen.sort_by(|&one, &other| p[other].total_cmp(&p[one]).then(one.cmp(&other)));
            chosen.dedup();
            let one = |id: usize| Likely {
                text: self.tokenizer.shown(&[id as u32]).concat(),
                teacher: f64::from(p[id]),
                student: f64::from(q[id]),
                target: id == target as usize,
            };
            chosen.into_iter().map(one).collect()
        };
        Ok(ids[1..].iter().enumerate().map(at).collect())
    }
}

/// The places of the largest values, the largest first; of equal ones the first.
fn largest(values: &[f32], most: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&one, &other| values[other].total_cmp(&values[one]));
    order.truncate(most);
    order
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
            assert!(one.prompt[0].likely.is_empty());
            for token in one.prompt[1..].iter().chain(&one.text) {
                let (seen, likely) = (token.seen.unwrap(), &token.likely);
                let target = likely.iter().find(|likely| likely.target).unwrap();
                // A piece of a character shows itself alone, and nothing in the text until the character is whole.
                assert!(target.text == token.text || target.text == "\u{fffd}", "{target:?} {token:?}");
                assert!((1.0 - target.teacher - seen.uncertainty).abs() < 1e-5, "{target:?} {seen:?}");
                assert!((1.0 - target.student - seen.doubt).abs() < 1e-5, "{target:?} {seen:?}");
                assert!(likely.windows(2).all(|pair| pair[0].teacher >= pair[1].teacher));
                // Eight of each model, and the target.
                assert!((LIKELY..=2 * LIKELY + 1).contains(&likely.len()), "{}", likely.len());
            }
        }
        let whole = pollster::block_on(onlookers.go_on_with("the end", &settings, size)).unwrap();
        let sums = whole[0].text[0].likely.iter().fold([0.0; 2], |[p, q], one| [p + one.teacher, q + one.student]);
        assert!(sums.into_iter().all(|sum| (sum - 1.0_f64).abs() < 1e-5), "{sums:?}");
        let error = |prompt: &str| pollster::block_on(onlookers.go_on(prompt, &settings)).unwrap_err().to_string();
        let wanted = "the prompt: wanted 1 to 23 tokens, so that one more fits the models' context, found ";
        assert_eq!(error(""), format!("{wanted}0"));
        assert!(error(&"xyz ".repeat(9)).starts_with(wanted));
    }
}
