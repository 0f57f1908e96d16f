//! BERT (Devlin et al. 2019, "BERT: Pre-training of Deep Bidirectional Transformers"), as
//! `transformers` computes it: layer norm after each residual sum, exact GELU, learned absolute
//! positions.

use burn::{
    module::{Module, Param},
    tensor::{Device, Tensor, activation::softmax},
};

use super::{
    Config, Task,
    layers::{Embedding, LayerNorm, Linear, Noise, parameter},
    trace::{Gates, Inputs, LayerTrace, Trace, Wants},
};
use crate::Result;

/// Added to the scores of padded keys. Softmax makes it exactly 0 beside any real key, and it is
/// finite, so that a row without any real key is merely meaningless and not NaN.
const PADDED: f64 = -1e9;

/// Names: where a parameter lies in [`Bert`], and what Hugging Face calls it. `#` is the layer.
pub(super) const NAMES: &[(&str, &str)] = &[
    ("Bert.embeddings.word", "bert.embeddings.word_embeddings"),
    ("Bert.embeddings.position", "bert.embeddings.position_embeddings"),
    ("Bert.embeddings.kind", "bert.embeddings.token_type_embeddings"),
    ("Bert.embeddings.norm", "bert.embeddings.LayerNorm"),
    ("Bert.layers.#.query", "bert.encoder.layer.#.attention.self.query"),
    ("Bert.layers.#.key", "bert.encoder.layer.#.attention.self.key"),
    ("Bert.layers.#.value", "bert.encoder.layer.#.attention.self.value"),
    ("Bert.layers.#.attended", "bert.encoder.layer.#.attention.output.dense"),
    ("Bert.layers.#.attended_norm", "bert.encoder.layer.#.attention.output.LayerNorm"),
    ("Bert.layers.#.wide", "bert.encoder.layer.#.intermediate.dense"),
    ("Bert.layers.#.narrow", "bert.encoder.layer.#.output.dense"),
    ("Bert.layers.#.narrow_norm", "bert.encoder.layer.#.output.LayerNorm"),
    ("Bert.head.Classifier.pooler", "bert.pooler.dense"),
    ("Bert.head.Classifier.classes", "classifier"),
    ("Bert.head.MaskedLm.dense", "cls.predictions.transform.dense"),
    ("Bert.head.MaskedLm.norm", "cls.predictions.transform.LayerNorm"),
    ("Bert.head.MaskedLm", "cls.predictions"),
];

/// An encoder and its head.
#[derive(Module, Debug)]
pub struct Bert {
    embeddings: Embeddings,
    layers: Vec<Layer>,
    head: Head,
    #[module(skip)]
    config: Config,
}

/// Token, position and kind of sentence, summed and normed.
#[derive(Module, Debug)]
struct Embeddings {
    word: Embedding,
    position: Embedding,
    kind: Embedding,
    norm: LayerNorm,
}

/// Self-attention and feed-forward.
#[derive(Module, Debug)]
struct Layer {
    query: Linear,
    key: Linear,
    value: Linear,
    attended: Linear,
    attended_norm: LayerNorm,
    wide: Linear,
    narrow: Linear,
    narrow_norm: LayerNorm,
}

#[derive(Module, Debug)]
enum Head {
    Classifier(Classifier),
    MaskedLm(MaskedLm),
}

/// The first token's state through tanh, dropout, and a matrix.
#[derive(Module, Debug)]
struct Classifier {
    pooler: Linear,
    classes: Linear,
}

/// Every token's state against the word embeddings, which are the decoder's weights too.
#[derive(Module, Debug)]
struct MaskedLm {
    dense: Linear,
    norm: LayerNorm,
    bias: Param<Tensor<1>>,
}

impl Bert {
    /// The model of `config`, its parameters still without values.
    ///
    /// # Errors
    /// [`crate::Error::Input`] when Retort cannot run such a model.
    pub fn new(at: &str, config: &Config, device: &Device) -> Result<Self> {
        config.check(at)?;
        let width = config.hidden_size;
        let linear = |inputs, outputs| Linear::new(inputs, outputs, device);
        let norm = || LayerNorm::new(width, config.layer_norm_eps, device);
        let layer = |_| Layer {
            query: linear(width, width),
            key: linear(width, width),
            value: linear(width, width),
            attended: linear(width, width),
            attended_norm: norm(),
            wide: linear(width, config.intermediate_size),
            narrow: linear(config.intermediate_size, width),
            narrow_norm: norm(),
        };
        let head = match config.task(at)? {
            Task::Classification => Head::Classifier(Classifier {
                pooler: linear(width, width),
                classes: linear(width, config.labels().len()),
            }),
            Task::MaskedLm => Head::MaskedLm(MaskedLm {
                dense: linear(width, width),
                norm: norm(),
                bias: parameter([config.vocab_size], device),
            }),
        };
        Ok(Self {
            embeddings: Embeddings {
                word: Embedding::new(config.vocab_size, width, device),
                position: Embedding::new(config.max_position_embeddings, width, device),
                kind: Embedding::new(config.type_vocab_size, width, device),
                norm: norm(),
            },
            layers: (0..config.num_hidden_layers).map(layer).collect(),
            head,
            config: config.clone(),
        })
    }

    /// Shape, classes, vocabulary.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Runs the model over a batch. See [`super::Model::forward`].
    pub fn forward(&self, inputs: Inputs, wants: &Wants, gates: Option<&Gates>, noise: Noise) -> Trace {
        let embedded = self.embeddings.forward(inputs, self.config.hidden_dropout_prob, noise.at(0));
        // [batch, length] → [batch, 1, 1, key]
        let padding = ((inputs.mask.clone() - 1.0) * -PADDED).unsqueeze_dims::<4>(&[1, 2]);

        let mut hidden = embedded.clone();
        let mut layers = Vec::with_capacity(self.layers.len());
        for (index, layer) in self.layers.iter().enumerate() {
            let gates = gates.map(|gates| (&gates.heads[index], &gates.neurons[index]));
            let pass =
                Pass { config: &self.config, padding: &padding, wants, gates, noise: noise.at(index as u64 + 2) };
            let (next, trace) = layer.forward(hidden, &pass);
            hidden = next;
            layers.push(trace);
        }

        let (logits, pooled) = match &self.head {
            Head::Classifier(head) => head.forward(hidden, self.config.head_dropout(), noise.at(1)),
            Head::MaskedLm(head) => (head.forward(hidden, &self.embeddings.word, &self.config), None),
        };
        Trace {
            logits,
            embeddings: wants.embeddings.then_some(embedded),
            layers,
            pooled: pooled.filter(|_| wants.pooled),
        }
    }
}

impl Embeddings {
    /// → `[batch, length, hidden]`
    fn forward(&self, inputs: Inputs, p: f64, noise: Noise) -> Tensor<3> {
        let [_, length] = inputs.ids.dims();
        let word = self.word.forward(inputs.ids.clone());
        let kind = self.kind.forward(inputs.types.clone());
        // [length, hidden] → [1, length, hidden]
        let position = self.position.weight.val().narrow(0, 0, length).unsqueeze::<3>();
        noise.dropout(self.norm.forward(word + kind + position), p)
    }
}

/// What a layer is given beside its input.
struct Pass<'a> {
    config: &'a Config,
    /// `[batch, 1, 1, key]`: 0 for a token, [`PADDED`] for padding.
    padding: &'a Tensor<4>,
    wants: &'a Wants,
    /// Of the heads `[1 or batch, heads]` and of the neurons `[1 or batch, intermediate]`.
    gates: Option<(&'a Tensor<2>, &'a Tensor<2>)>,
    noise: Noise,
}

impl Layer {
    /// `[batch, length, hidden]` → the same
    fn forward(&self, x: Tensor<3>, pass: &Pass) -> (Tensor<3>, LayerTrace) {
        let mut trace = LayerTrace::default();
        let p = pass.config.hidden_dropout_prob;

        let context = self.attend(x.clone(), pass, &mut trace);
        let attended = pass.noise.at(1).dropout(self.attended.forward(context), p);
        let x = self.attended_norm.forward(attended + x);

        // [batch, length, intermediate]
        let mut wide = pass.config.hidden_act.apply(self.wide.forward(x.clone()));
        if let Some((_, neurons)) = pass.gates {
            wide = wide * neurons.clone().unsqueeze_dim::<3>(1);
        }
        let narrow = pass.noise.at(2).dropout(self.narrow.forward(wide), p);
        let x = self.narrow_norm.forward(narrow + x);

        trace.hidden = pass.wants.hidden.then(|| x.clone());
        (x, trace)
    }

    /// softmax(q kᵀ / √head + padding) v: `[batch, length, hidden]` → the same, head beside head
    fn attend(&self, x: Tensor<3>, pass: &Pass, trace: &mut LayerTrace) -> Tensor<3> {
        let [batch, length, width] = x.dims();
        let (heads, size) = (pass.config.num_attention_heads, pass.config.head_size());
        // [batch, length, hidden] → [batch, heads, length, head]
        let split = |x: Tensor<3>| x.reshape([batch, length, heads, size]).swap_dims(1, 2);
        let q = split(self.query.forward(x.clone()));
        let k = split(self.key.forward(x.clone()));
        let v = split(self.value.forward(x));

        // [batch, heads, query, key]
        let scores = q.clone().matmul(k.clone().transpose()) / (size as f64).sqrt();
        let probs = softmax(scores.clone() + pass.padding.clone(), 3);
        let kept = pass.noise.at(0).dropout(probs.clone(), pass.config.attention_probs_dropout_prob);

        // [batch, heads, query, head]
        let mut context = kept.matmul(v.clone());
        if let Some((gates, _)) = pass.gates {
            context = context * gates.clone().unsqueeze_dims::<4>(&[2, 3]);
        }
        if pass.wants.qkv {
            (trace.q, trace.k, trace.v) = (Some(q), Some(k), Some(v));
        }
        trace.scores = pass.wants.scores.then_some(scores);
        trace.probs = pass.wants.probs.then_some(probs);
        context.swap_dims(1, 2).reshape([batch, length, width])
    }
}

impl Classifier {
    /// `[batch, length, hidden]` → logits `[batch, classes]`, pooled `[batch, hidden]`
    fn forward(&self, x: Tensor<3>, p: f64, noise: Noise) -> (Tensor<2>, Option<Tensor<2>>) {
        let first = x.narrow(1, 0, 1).squeeze_dim::<2>(1);
        let pooled = self.pooler.forward(first).tanh();
        let logits = self.classes.forward(noise.dropout(pooled.clone(), p));
        (logits, Some(pooled))
    }
}

impl MaskedLm {
    /// `[batch, length, hidden]` → `[batch · length, vocabulary]`
    fn forward(&self, x: Tensor<3>, word: &Embedding, config: &Config) -> Tensor<2> {
        let x = self.norm.forward(config.hidden_act.apply(self.dense.forward(x)));
        let x = x.flatten::<2>(0, 1);
        x.matmul(word.weight.val().transpose()) + self.bias.val().unsqueeze()
    }
}
