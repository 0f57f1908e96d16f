//! Two language models side by side, token by token.

use burn::tensor::{Device, Tensor, activation::log_softmax};
use serde::{Deserialize, Serialize};

use super::super::{
    evaluate::{at_once, by_length},
    look::{Seen, Token, seen_of},
};
use crate::{
    Result,
    data::{Encodings, Masking, Tokenizer},
    kernel::{Divergence, logit_rows},
    model::{Model, Task, Wants},
    readback::read,
};

/// What two language models make of the tokens of a split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OfWords {
    /// Who is called the teacher here: `teacher`, or the assistant that teaches.
    pub teacher: String,
    /// Tokens that were asked for.
    pub words: usize,
    /// Share of them for which both find the same token likeliest.
    pub agreement: f64,
    /// Mean KL(teacher ‖ student), in nats.
    pub kl: f64,
    /// By how unsure the teacher is of the token: from 0 to 0.1, …, from 0.9 to 1.
    pub tenths: Vec<Tenth>,
    /// The texts with the largest mean KL, the largest first.
    pub most: Vec<Text>,
}

/// Tokens of which the teacher is about as unsure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Tenth {
    /// 1 − p from here on.
    pub from: f64,
    /// To here.
    pub to: f64,
    /// Tokens.
    pub count: usize,
    /// Share of them for which both find the same token likeliest; 0 of none.
    pub agreement: f64,
    /// Mean KL(teacher ‖ student), in nats; 0 of none.
    pub kl: f64,
}

/// A text on which two language models disagree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Text {
    /// Its place in the split, counted from 0.
    pub index: usize,
    /// Mean KL(teacher ‖ student) over its tokens that were asked for, in nats.
    pub kl: f64,
    /// Its tokens; nothing is seen of one that was not asked for.
    pub tokens: Vec<Token>,
}

/// A token that was asked for.
#[derive(Debug, Clone, Copy)]
struct Asked {
    place: usize,
    seen: Seen,
    agrees: bool,
}

/// Compares what a teacher and a student (off the graph) make of every token of `texts` that is asked for; from
/// models that guess words those are hidden that `masking` says. `most` texts are told.
///
/// # Errors
/// [`crate::Error::Device`] when the device fails.
pub async fn of_words(
    who: &str,
    [teacher, student]: [&Model; 2],
    (texts, masking): (&Encodings, Option<&Masking>),
    tokenizer: &Tokenizer,
    most: usize,
    device: &Device,
) -> Result<OfWords> {
    // A causal model is asked for the token after the place.
    let after = usize::from(student.config().task("the student")? == Task::CausalLm);
    let mut all: Vec<(usize, Vec<Asked>)> = vec![];
    for (seed, rows) in by_length(texts).chunks(at_once(student.config().vocab_size, texts)).enumerate() {
        let mut host = texts.host(rows);
        if let Some(masking) = masking {
            host = masking.hide(host, seed as u64);
        }
        let batch = host.to_device(device);
        let [p, q] = [teacher, student].map(|model| model.forward(&batch, &Wants::default(), None, None).logits());
        let count = host.labels.len();
        let terms = logit_rows(q.clone(), Some(p.clone()), batch.labels.clone(), 1.0, Divergence::Kl);
        let likeliest = [p, q].map(|logits| log_softmax(logits, 1).argmax(1).float().reshape([count]));
        let [theirs, own] = likeliest;
        let columns = [terms.doubt, terms.hard, terms.target, terms.rest, terms.divergence, theirs, own];
        let values = read(Tensor::cat(columns.to_vec(), 0)).await?;
        let at = |column: usize, place: usize| values[column * count + place];
        for (place, &row) in rows.iter().enumerate() {
            let first = place * host.length;
            let asked = (0..host.length).filter(|at| host.labels[first + at] >= 0);
            let told = asked.map(|token| {
                let cell = first + token;
                let seen = seen_of([0, 1, 2, 3, 4].map(|column| f64::from(at(column, cell))));
                Asked { place: token + after, seen, agrees: at(5, cell) == at(6, cell) }
            });
            all.push((row, told.collect()));
        }
    }
    Ok(summed(who, all, texts, tokenizer, most))
}

fn summed(
    who: &str,
    mut all: Vec<(usize, Vec<Asked>)>,
    texts: &Encodings,
    tokenizer: &Tokenizer,
    most: usize,
) -> OfWords {
    let mean = |sum: f64, count: usize| sum / count.max(1) as f64;
    let of = |asked: &[Asked]| {
        let kl = asked.iter().map(|one| one.seen.kl).sum();
        let same = asked.iter().filter(|one| one.agrees).count();
        (asked.len(), mean(same as f64, asked.len()), mean(kl, asked.len()))
    };
    let mut tenths: [Vec<Asked>; 10] = Default::default();
    for one in all.iter().flat_map(|(_, asked)| asked) {
        tenths[((one.seen.uncertainty * 10.0) as usize).min(9)].push(*one);
    }
    let whole = tenths.concat();
    let (words, agreement, kl) = of(&whole);
    let tenth = |(at, asked): (usize, &Vec<Asked>)| {
        let (count, agreement, kl) = of(asked);
        Tenth { from: at as f64 / 10.0, to: (at + 1) as f64 / 10.0, count, agreement, kl }
    };
    let tenths = tenths.iter().enumerate().map(tenth).collect();
    all.retain(|(_, asked)| !asked.is_empty());
    all.sort_by(|one, other| of(&other.1).2.total_cmp(&of(&one.1).2));
    let most = all.iter().take(most).map(|(index, asked)| {
        let (ids, _) = texts.line(*index);
        let mut tokens: Vec<Token> =
            tokenizer.shown(&ids).into_iter().map(|text| Token { text, seen: None, likely: vec![] }).collect();
        for one in asked {
            if let Some(token) = tokens.get_mut(one.place) {
                token.seen = Some(one.seen);
            }
        }
        Text { index: *index, kl: of(asked).2, tokens }
    });
    OfWords { teacher: who.to_owned(), words, agreement, kl, tenths, most: most.collect() }
}

#[cfg(test)]
mod tests {
    use pollster::block_on;

    use super::*;
    use crate::{
        checkpoint,
        model::{Config, Family},
        train::Onlookers,
    };

    const BYTE_LEVEL: &[u8] = include_bytes!("../../../../tests/tokenizers/byte_level.json");

    fn model(seed: u64, vocabulary: usize) -> Model {
        let config = Config::of(Family::Gpt2, vocabulary, 24, 0, None).with_task(Task::CausalLm, &[]).unwrap();
        checkpoint::new_model(&config.with_shape(1, 16, 2, 32, 0.0), seed, &Device::flex()).unwrap()
    }

    #[test]
    fn every_token_is_counted_once_and_seen_as_alone() {
        let device = Device::flex();
        let tokenizer = Tokenizer::from_bytes("tokenizer.json", BYTE_LEVEL).unwrap();
        let size = tokenizer.vocab_size();
        let (teacher, student) = (model(1, size), model(2, size));
        let lines: Vec<Vec<u32>> =
            ["the crab", "the end of the end", "a"].iter().map(|text| tokenizer.raw(text).unwrap()).collect();
        let asked: Vec<(Vec<u32>, usize)> = lines.iter().map(|ids| (ids.clone(), 1)).collect();
        let texts = Encodings::tokens(asked, tokenizer.pad_id(), 16);
        let told = block_on(of_words("teacher", [&teacher, &student], (&texts, None), &tokenizer, 2, &device)).unwrap();
        // Every token but the first of each text.
        let words: usize = lines.iter().map(|ids| ids.len() - 1).sum();
        assert_eq!(told.words, words);
        assert_eq!(told.tenths.iter().map(|tenth| tenth.count).sum::<usize>(), words);
        let weighed = |of: fn(&Tenth) -> f64| {
            told.tenths.iter().map(|tenth| of(tenth) * tenth.count as f64).sum::<f64>() / words as f64
        };
        assert!((weighed(|tenth| tenth.kl) - told.kl).abs() < 1e-9);
        assert!((weighed(|tenth| tenth.agreement) - told.agreement).abs() < 1e-9);
        assert!(told.most[0].kl >= told.most[1].kl);
        let onlookers = Onlookers { teacher: &teacher, student: &student, tokenizer: &tokenizer, device: &device };
        for text in &told.most {
            let alone = block_on(onlookers.look(&lines[text.index])).unwrap();
            for (one, other) in text.tokens.iter().zip(&alone) {
                assert_eq!((&one.text, one.seen.is_some()), (&other.text, other.seen.is_some()));
                if let (Some(one), Some(other)) = (one.seen, other.seen) {
                    assert!((one.kl - other.kl).abs() < 1e-5 && (one.uncertainty - other.uncertainty).abs() < 1e-5);
                }
            }
        }
        // A model agrees with itself, token by token.
        let same = block_on(of_words("teacher", [&teacher, &teacher], (&texts, None), &tokenizer, 9, &device)).unwrap();
        assert_eq!(same.agreement, 1.0);
        assert!(same.kl.abs() < 1e-6, "{}", same.kl);
    }
}
