//! DistilBERT (Sanh et al. 2019, "DistilBERT, a distilled version of BERT"), as `transformers`
//! computes it: BERT without kinds of sentence, and with ReLU where its classifier squashes by tanh.

use burn::{
    module::Module,
    tensor::{Device, Tensor, activation::relu},
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
    model_type: "distilbert",
    architectures: &[
        (Task::Classification, "DistilBertForSequenceClassification"),
        (Task::MaskedLm, "DistilBertForMaskedLM"),
    ],
    keys: &[
        ("vocab_size", Slot::Size(|config| &mut config.vocab_size, 30_522)),
        ("max_position_embeddings", Slot::Size(|config| &mut config.max_position_embeddings, 512)),
        ("n_layers", Slot::Size(|config| &mut config.num_hidden_layers, 6)),
        ("n_heads", Slot::Size(|config| &mut config.num_attention_heads, 12)),
        ("dim", Slot::Size(|config| &mut config.hidden_size, 768)),
        ("hidden_dim", Slot::Size(|config| &mut config.intermediate_size, 3072)),
        ("dropout", Slot::Dropout(|config| &mut config.hidden_dropout_prob, 0.1)),
        ("attention_dropout", Slot::Dropout(|config| &mut config.attention_probs_dropout_prob, 0.1)),
        ("seq_classif_dropout", Slot::MaybeDropout(|config| &mut config.classifier_dropout, Some(0.2))),
        ("activation", Slot::Activation(Activation::Gelu)),
        ("initializer_range", Slot::Deviation(0.02)),
        ("pad_token_id", Slot::Token(|config| &mut config.pad_token_id, Some(0))),
    ],
    eps: 1e-12,
    tied: true,
    end: None,
    names: &[
        ("DistilBert.embeddings.word", "distilbert.embeddings.word_embeddings"),
        ("DistilBert.embeddings.position", "distilbert.embeddings.position_embeddings"),
        ("DistilBert.embeddings.norm", "distilbert.embeddings.LayerNorm"),
        ("DistilBert.layers.#.query", "distilbert.transformer.layer.#.attention.q_lin"),
        ("DistilBert.layers.#.key", "distilbert.transformer.layer.#.attention.k_lin"),
        ("DistilBert.layers.#.value", "distilbert.transformer.layer.#.attention.v_lin"),
        ("DistilBert.layers.#.attended", "distilbert.transformer.layer.#.attention.out_lin"),
        ("DistilBert.layers.#.attended_norm", "distilbert.transformer.layer.#.sa_layer_norm"),
        ("DistilBert.layers.#.wide", "distilbert.transformer.layer.#.ffn.lin1"),
        ("DistilBert.layers.#.narrow", "distilbert.transformer.layer.#.ffn.lin2"),
        ("DistilBert.layers.#.narrow_norm", "distilbert.transformer.layer.#.output_layer_norm"),
        ("DistilBert.head.Classifier.pooler", "pre_classifier"),
        ("DistilBert.head.Classifier.classes", "classifier"),
        ("DistilBert.head.MaskedLm.dense", "vocab_transform"),
        ("DistilBert.head.MaskedLm.norm", "vocab_layer_norm"),
        ("DistilBert.head.MaskedLm", "vocab_projector"),
    ],
    prefix: "distilbert.",
    layer: "distilbert.transformer.layer.",
    copies: &[("vocab_projector.weight", "distilbert.embeddings.word_embeddings.weight")],
    unused: &[],
    renamed: &[],
    check: |at, config| config.only(at, "sinusoidal_pos_embds", false, ", for learned positions"),
};

/// An encoder and its head.
#[derive(Module, Debug)]
pub struct DistilBert {
    embeddings: Embeddings,
    layers: Vec<Layer>,
    head: Head,
    #[module(skip)]
    config: Config,
}

/// Token and position, summed and normed.
#[derive(Module, Debug)]
struct Embeddings {
    word: Embedding,
    position: Embedding,
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

impl DistilBert {
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

        let (answer, pooled) = self.head.forward(hidden, &self.embeddings.word, &self.config, wants, relu, noise.at(1));
        Trace { answer, embeddings: wants.embeddings.then_some(embedded), layers, pooled }
    }
}

impl Embeddings {
    /// → `[batch, length, hidden]`
    fn forward(&self, inputs: Inputs, p: f64, noise: Noise) -> Tensor<3> {
        let [_, length] = inputs.ids.dims();
        // [length, hidden] → [1, length, hidden]
        let position = self.position.weight.val().narrow(0, 0, length).unsqueeze::<3>();
        noise.dropout(self.norm.forward(self.word.forward(inputs.ids.clone()) + position), p)
    }
}

impl Layer {
    /// `[batch, length, hidden]` → the same
    fn forward(&self, x: Tensor<3>, config: &Config, pass: &mut Pass) -> Tensor<3> {
        let size = config.size(pass.index);
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
        let x = self.attended_norm.forward(attended + x);

        let narrow = match size.neurons {
            0 => self.narrow.of_nothing(&x),
            // [batch, length, neurons] → [batch, length, hidden]
            _ => self.narrow.forward(pass.gated(config.hidden_act.apply(self.wide.forward(x.clone())))),
        };
        self.narrow_norm.forward(pass.noise.at(2).dropout(narrow, config.hidden_dropout_prob) + x)
    }
}
