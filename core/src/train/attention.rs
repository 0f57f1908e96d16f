//! Where models look: the attention probabilities of every head on a text.

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use crate::{
    Error, Result,
    data::{Encodings, Example, Tokenizer},
    model::{Model, Wants},
    readback::read,
};

/// Where models look in a text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attention {
    /// The text.
    pub text: String,
    /// The second one of a pair, or the response.
    pub pair: Option<String>,
    /// The tokens, special ones included.
    pub tokens: Vec<String>,
    /// Tokens that were cut off, as in training.
    pub cut: usize,
    /// Every model, whoever teaches first.
    pub models: Vec<Attending>,
}

/// Where one model looks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attending {
    /// `teacher`, `assistant-1` or `student`.
    pub who: String,
    /// `[layers][heads][query][key]`: how much of what a query takes comes from each key; every row sums to 1. Of
    /// a layer whose heads were taken out there is nothing.
    pub layers: Vec<Vec<Vec<Vec<f32>>>>,
}

/// Models of one vocabulary, off the graph, with their names.
#[derive(Debug)]
pub struct Readers<'a> {
    /// Whoever teaches first.
    pub models: Vec<(String, &'a Model)>,
    /// Of all.
    pub tokenizer: &'a Tokenizer,
    /// The most tokens of a text.
    pub longest: usize,
    /// Where all are.
    pub device: &'a Device,
}

impl Readers<'_> {
    /// Where every model looks in `text`, or in a pair of them. Encoders read at most the longest text, as in
    /// training; decoders are given the two one after the other, and have nothing cut.
    ///
    /// # Errors
    /// [`Error::Input`] when there is nothing to read, or too much for a decoder; [`Error::Device`] when the
    /// device fails.
    pub async fn attention(&self, text: &str, pair: Option<&str>) -> Result<Attention> {
        if text.trim().is_empty() {
            return Err(Error::input("the text", "a text to look at", "none"));
        }
        let positions = self.models.iter().map(|(_, model)| model.config().max_position_embeddings);
        let longest = positions.min().unwrap_or(0).min(self.longest);
        let encoder = self.models.iter().all(|(_, model)| model.config().family.is_encoder());
        let (encodings, ids, cut) = match encoder {
            true => {
                let encoded = self.tokenizer.encode(text, pair, longest)?;
                let example = Example { text: text.to_owned(), pair: pair.map(str::to_owned), label: 0 };
                (Encodings::new(self.tokenizer, &[example], longest)?, encoded.ids, encoded.cut)
            }
            false => {
                let (before, _) = self.tokenizer.frame()?;
                let rest = self.tokenizer.raw(pair.unwrap_or_default())?;
                let ids = [before, self.tokenizer.raw(text)?, rest].concat();
                if ids.len() > longest {
                    return Err(Error::input("the text", format!("at most {longest} tokens"), ids.len().to_string()));
                }
                (Encodings::tokens(vec![(ids.clone(), 1)], self.tokenizer.pad_id(), longest), ids, 0)
            }
        };
        let batch = encodings.host(&[0]).to_device(self.device);
        let mut models = vec![];
        for (who, model) in &self.models {
            let trace = model.forward(&batch, &Wants { probs: true, ..Wants::default() }, None, None);
            let mut layers = vec![];
            for layer in trace.layers {
                layers.push(match layer.probs {
                    Some(probs) => {
                        let [_, heads, ..] = probs.dims();
                        let count = ids.len();
                        let seen = probs.slice([0..1, 0..heads, 0..count, 0..count]);
                        let values = read(seen.reshape([heads * count * count])).await?;
                        let rows = |head: &[f32]| head.chunks(count).map(<[f32]>::to_vec).collect();
                        values.chunks(count * count).map(rows).collect()
                    }
                    None => vec![],
                });
            }
            models.push(Attending { who: who.clone(), layers });
        }
        Ok(Attention {
            text: text.into(),
            pair: pair.map(str::to_owned),
            tokens: self.names(&ids, encoder),
            cut,
            models,
        })
    }

    /// Tokens as people read them: pieces of words by their names, of decoders by what they add to the text.
    fn names(&self, ids: &[u32], encoder: bool) -> Vec<String> {
        let names = self.tokenizer.tokens(ids);
        if encoder {
            return names;
        }
        let shown = self.tokenizer.shown(ids).into_iter().zip(names);
        shown.map(|(shown, name)| if shown.is_empty() { name } else { shown }).collect()
    }
}

#[cfg(test)]
mod tests {
    use pollster::block_on;

    use super::*;
    use crate::{
        checkpoint,
        model::{Config, Family, Task},
    };

    const BYTE_LEVEL: &[u8] = include_bytes!("../../../tests/tokenizers/byte_level.json");

    fn tokenizer(source: &str) -> Tokenizer {
        match source {
            "bytes" => Tokenizer::from_bytes("tokenizer.json", BYTE_LEVEL).unwrap(),
            name => block_on(crate::data::tokenizer(name)).unwrap(),
        }
    }

    fn model(family: Family, vocabulary: usize, [layers, heads]: [usize; 2]) -> Model {
        let config = Config::of(family, vocabulary, 24, 0, None).with_shape(layers, 8 * heads, heads, 16, 0.1);
        let task = if family.is_encoder() { Task::Classification } else { Task::CausalLm };
        let config = config.with_task(task, &["no".into(), "yes".into()]).unwrap();
        checkpoint::new_model(&config, 7, &Device::flex()).unwrap()
    }

    /// Rows of probabilities sum to 1; a causal model looks at nothing that comes later.
    fn sound(attending: &Attending, tokens: usize, [layers, heads]: [usize; 2], causal: bool) {
        assert_eq!((attending.layers.len(), attending.layers[0].len()), (layers, heads));
        for rows in attending.layers.iter().flatten() {
            assert_eq!(rows.len(), tokens);
            for (query, row) in rows.iter().enumerate() {
                assert_eq!(row.len(), tokens);
                assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{row:?}");
                assert!(!causal || row[query + 1..].iter().all(|&seen| seen == 0.0), "{query}: {row:?}");
            }
        }
    }

    #[test]
    fn encoders_of_different_shapes_look_at_a_pair() {
        let tokenizer = tokenizer("builtin:rotten-tomatoes");
        let size = tokenizer.vocab_size();
        let (teacher, student) = (model(Family::Bert, size, [3, 4]), model(Family::Bert, size, [1, 2]));
        let models = vec![("teacher".to_owned(), &teacher), ("student".to_owned(), &student)];
        let readers = Readers { models, tokenizer: &tokenizer, longest: 12, device: &Device::flex() };
        let told = block_on(readers.attention("a good film", Some("good ."))).unwrap();
        assert_eq!(told.tokens, ["[CLS]", "a", "good", "film", "[SEP]", "good", ".", "[SEP]"]);
        sound(&told.models[0], 8, [3, 4], false);
        sound(&told.models[1], 8, [1, 2], false);
        // 16 words and two special tokens of 12.
        let told = block_on(readers.attention(&"good ".repeat(16), None)).unwrap();
        assert_eq!((told.tokens.len(), told.cut), (12, 6));
        let error = block_on(readers.attention(" ", None)).unwrap_err().to_string();
        assert_eq!(error, "the text: wanted a text to look at, found none");
    }

    #[test]
    fn decoders_look_back() {
        let tokenizer = tokenizer("bytes");
        let model = model(Family::Llama, tokenizer.vocab_size(), [2, 2]);
        let models = vec![("student".to_owned(), &model)];
        let readers = Readers { models, tokenizer: &tokenizer, longest: 64, device: &Device::flex() };
        let told = block_on(readers.attention("the crab", Some(" café"))).unwrap();
        assert_eq!(told.tokens, ["the", " crab", " café"]);
        sound(&told.models[0], 3, [2, 2], true);
        // The first token sees itself alone.
        assert_eq!(told.models[0].layers[1][1][0], [1.0, 0.0, 0.0]);
        let error = block_on(readers.attention(&"the ".repeat(30), None)).unwrap_err().to_string();
        assert!(error.starts_with("the text: wanted at most 24 tokens, found "), "{error}");
    }
}
