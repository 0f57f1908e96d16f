//! BERT (Devlin et al. 2019, "BERT: Pre-training of Deep Bidirectional Transformers"), as
//! `transformers` computes it: layer norm after each residual sum, exact GELU, learned absolute
//! positions.

use burn::{
    module::Module,
    tensor::{Device, Tensor},
};

use super::{
    Config, Task,
    attention::{Pass, padding, split_heads, through},
    config::{Activation, Size, keys::Slot},
    family::Facts,
    heads::Head,
    layers::{Embedding, LayerNorm, Linear, Noise},
    trace::{Gates, Inputs, Trace, Wants},
};
use crate::Result;

pub(super) const FACTS: Facts = Facts {
    model_type: "bert",
    architectures: &[(Task::Classification, "BertForSequenceClassification"), (Task::MaskedLm, "BertForMaskedLM")],
    keys: &[
        ("vocab_size", Slot::Size(|config| &mut config.vocab_size, 30_522)),
        ("hidden_size", Slot::Size(|config| &mut config.hidden_size, 768)),
        ("num_hidden_layers", Slot::Size(|config| &mut config.num_hidden_layers, 12)),
        ("num_attention_heads", Slot::Size(|config| &mut config.num_attention_heads, 12)),
        ("intermediate_size", Slot::Size(|config| &mut config.intermediate_size, 3072)),
        ("max_position_embeddings", Slot::Size(|config| &mut config.max_position_embeddings, 512)),
        ("type_vocab_size", Slot::Size(|config| &mut config.type_vocab_size, 2)),
        ("layer_norm_eps", Slot::Epsilon(1e-12)),
        ("hidden_act", Slot::Activation(Activation::Gelu)),
        ("hidden_dropout_prob", Slot::Dropout(|config| &mut config.hidden_dropout_prob, 0.1)),
        ("attention_probs_dropout_prob", Slot::Dropout(|config| &mut config.attention_probs_dropout_prob, 0.1)),
        ("classifier_dropout", Slot::MaybeDropout(|config| &mut config.classifier_dropout, None)),
        ("initializer_range", Slot::Deviation(0.02)),
        ("pad_token_id", Slot::Token(|config| &mut config.pad_token_id, Some(0))),
    ],
    eps: 1e-12,
    tied: true,
    end: None,
    names: NAMES,
    prefix: "bert.",
    layer: "bert.encoder.layer.",
    copies: &[
        ("cls.predictions.decoder.weight", "bert.embeddings.word_embeddings.weight"),
        ("cls.predictions.decoder.bias", "cls.predictions.bias"),
    ],
    // Of pre-training.
    unused: &["bert.pooler.", "cls.seq_relationship."],
    renamed: &[],
    check: |at, config| {
        config.only(at, "position_embedding_type", "absolute", "")?;
        config.only(at, "is_decoder", false, ", for an encoder")
    },
};

const NAMES: &[(&str, &str)] = &[
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

impl Bert {
    /// The model of `config`, its parameters still without values.
    ///
    /// # Errors
    /// [`crate::Error::Input`] when its architecture is none that Retort has.
    pub fn new(at: &str, config: &Config, device: &Device) -> Result<Self> {
        let width = config.hidden_size;
        let linear = |inputs, outputs| Linear::new(inputs, outputs, device);
        let norm = || LayerNorm::new(width, config.layer_norm_eps, device);
        let layer = |index| {
            let Size { heads, neurons, .. } = config.size(index);
            let heads = heads * config.head_size();
            Layer {
                query: linear(width, heads),
                key: linear(width, heads),
                value: linear(width, heads),
                attended: linear(heads, width),
                attended_norm: norm(),
                wide: linear(width, neurons),
                narrow: linear(neurons, width),
                narrow_norm: norm(),
            }
        };
        Ok(Self {
            embeddings: Embeddings {
                word: Embedding::new(config.vocab_size, width, device),
                position: Embedding::new(config.max_position_embeddings, width, device),
                kind: Embedding::new(config.type_vocab_size, width, device),
                norm: norm(),
            },
            layers: (0..config.num_hidden_layers).map(layer).collect(),
            head: Head::new(at, config, device)?,
            config: config.clone(),
        })
    }

    /// Shape, classes, vocabulary.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Runs the model over a batch. See [`super::Model::forward`].
    pub fn forward(&self, inputs: Inputs, wants: &Wants, gates: Option<&Gates>, noise: Noise) -> Trace {
        let embedded = self.embeddings.forward(inputs, self.config.embedding_dropout(), noise.at(0));
        let mask = padding(inputs.mask);

        let pass = |index| Pass::new(index, &mask, wants, gates, noise);
        let (hidden, layers) = through(self.layers.len(), embedded.clone(), pass, |index, x, pass| {
            self.layers[index].forward(x, &self.config, pass)
        });

        let (answer, pooled) =
            self.head.forward(hidden, &self.embeddings.word, &self.config, wants, Tensor::tanh, noise.at(1));
        Trace { answer, embeddings: wants.embeddings.then_some(embedded), layers, pooled }
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

impl Layer {
    /// `[batch, length, hidden]` → the same
    fn forward(&self, x: Tensor<3>, config: &Config, pass: &mut Pass) -> Tensor<3> {
        let (size, p) = (config.size(pass.index), config.hidden_dropout_prob);
        let attended = match size.heads {
            0 => self.attended.of_nothing(&x),
            heads => {
                let q = split_heads(self.query.forward(x.clone()), heads);
                let k = split_heads(self.key.forward(x.clone()), heads);
                let v = split_heads(self.value.forward(x.clone()), heads);
                let divisor = (config.head_size() as f64).sqrt();
                self.attended.forward(pass.attend(q, k, v, divisor, config.attention_probs_dropout_prob))
            }
        };
        let x = self.attended_norm.forward(pass.noise.at(1).dropout(attended, p) + x);

        let narrow = match size.neurons {
            0 => self.narrow.of_nothing(&x),
            // [batch, length, neurons] → [batch, length, hidden]
            _ => self.narrow.forward(pass.gated(config.hidden_act.apply(self.wide.forward(x.clone())))),
        };
        self.narrow_norm.forward(pass.noise.at(2).dropout(narrow, p) + x)
    }
}
