//! GPT-NeoX (Black et al. 2022, "GPT-NeoX-20B"), which the Pythia models are, as `transformers`
//! computes it: rotary positions on part of each head, one matrix for each head's queries, keys and
//! values, attention and feed-forward beside each other.

use burn::{
    module::Module,
    tensor::{Device, Int, Tensor},
};

use super::{
    Config, Task,
    attention::{Pass, split_heads},
    config::{Activation, Size, keys::Slot},
    decoder::{Decoder, Places},
    family::Facts,
    layers::{Embedding, LayerNorm, Linear, Noise},
    rotary::{self, Rotary},
};
use crate::Result;

/// Older files have these on top.
const ROTARY: rotary::Keys = rotary::Keys { theta: "rotary_emb_base", share: Some(("rotary_pct", 0.25)) };

pub(super) const FACTS: Facts = Facts {
    model_type: "gpt_neox",
    architectures: &[(Task::CausalLm, "GPTNeoXForCausalLM")],
    keys: &[
        ("vocab_size", Slot::Size(|config| &mut config.vocab_size, 50_432)),
        ("hidden_size", Slot::Size(|config| &mut config.hidden_size, 6144)),
        ("num_hidden_layers", Slot::Size(|config| &mut config.num_hidden_layers, 44)),
        ("num_attention_heads", Slot::Size(|config| &mut config.num_attention_heads, 64)),
        ("intermediate_size", Slot::Size(|config| &mut config.intermediate_size, 24_576)),
        ("hidden_act", Slot::Activation(Activation::Gelu)),
        ("attention_dropout", Slot::Dropout(|config| &mut config.attention_probs_dropout_prob, 0.0)),
        ("hidden_dropout", Slot::Dropout(|config| &mut config.hidden_dropout_prob, 0.0)),
        ("max_position_embeddings", Slot::Size(|config| &mut config.max_position_embeddings, 2048)),
        ("initializer_range", Slot::Deviation(0.02)),
        ("layer_norm_eps", Slot::Epsilon(1e-5)),
        ("pad_token_id", Slot::Token(|config| &mut config.pad_token_id, None)),
    ],
    eps: 1e-5,
    tied: false,
    end: Some(2),
    names: &[
        ("GptNeox.word", "gpt_neox.embed_in"),
        ("GptNeox.layers.#.attend_norm", "gpt_neox.layers.#.input_layernorm"),
        ("GptNeox.layers.#.qkv", "gpt_neox.layers.#.attention.query_key_value"),
        ("GptNeox.layers.#.attended", "gpt_neox.layers.#.attention.dense"),
        ("GptNeox.layers.#.wide_norm", "gpt_neox.layers.#.post_attention_layernorm"),
        ("GptNeox.layers.#.wide", "gpt_neox.layers.#.mlp.dense_h_to_4h"),
        ("GptNeox.layers.#.narrow", "gpt_neox.layers.#.mlp.dense_4h_to_h"),
        ("GptNeox.norm", "gpt_neox.final_layer_norm"),
        ("GptNeox.head", "lm_head"),
    ],
    prefix: "gpt_neox.",
    layer: "gpt_neox.layers.",
    copies: &[("lm_head.weight", "gpt_neox.embed_in.weight")],
    unused: &[],
    renamed: &[("embed_out.", "lm_head.")],
    check: |at, config| {
        Rotary::read(at, config, ROTARY)?;
        config.flag(at, "use_parallel_residual", true)?;
        config.flag(at, "attention_bias", true).map(|_| ())
    },
};

/// A decoder and its head.
#[derive(Module, Debug)]
pub struct GptNeox {
    word: Embedding,
    layers: Vec<Layer>,
    norm: LayerNorm,
    head: Option<Linear>,
    #[module(skip)]
    rotary: Rotary,
    /// Whether the feed-forward layer sees what came in, and not what attention made of it.
    #[module(skip)]
    parallel: bool,
    #[module(skip)]
    config: Config,
}

/// Self-attention and feed-forward, each on the norm of what it sees.
#[derive(Module, Debug)]
struct Layer {
    attend_norm: LayerNorm,
    qkv: Linear,
    attended: Linear,
    wide_norm: LayerNorm,
    wide: Linear,
    narrow: Linear,
}

impl GptNeox {
    /// The model of `config`, its parameters still without values.
    ///
    /// # Errors
    /// [`crate::Error::Input`] when a key says what Retort cannot run.
    pub fn new(at: &str, config: &Config, device: &Device) -> Result<Self> {
        let width = config.hidden_size;
        let bias = config.flag(at, "attention_bias", true)?;
        let norm = || LayerNorm::new(width, config.layer_norm_eps, device);
        let layer = |index| {
            let Size { heads, neurons, .. } = config.size(index);
            let heads = heads * config.head_size();
            Layer {
                attend_norm: norm(),
                qkv: Linear::with_bias(bias, width, 3 * heads, device),
                attended: Linear::with_bias(bias, heads, width, device),
                wide_norm: norm(),
                wide: Linear::new(width, neurons, device),
                narrow: Linear::new(neurons, width, device),
            }
        };
        Ok(Self {
            word: Embedding::new(config.vocab_size, width, device),
            layers: (0..config.num_hidden_layers).map(layer).collect(),
            norm: norm(),
            head: (!config.tied()).then(|| Linear::with_bias(false, width, config.vocab_size, device)),
            rotary: Rotary::read(at, config, ROTARY)?,
            parallel: config.flag(at, "use_parallel_residual", true)?,
            config: config.clone(),
        })
    }
}

impl Decoder for GptNeox {
    fn config(&self) -> &Config {
        &self.config
    }

    fn word(&self) -> &Embedding {
        &self.word
    }

    fn head(&self) -> Option<&Linear> {
        self.head.as_ref()
    }

    fn rotary(&self) -> Option<&Rotary> {
        Some(&self.rotary)
    }

    fn embed(&self, ids: &Tensor<2, Int>, _: &Places, noise: Noise) -> Tensor<3> {
        noise.dropout(self.word.forward(ids.clone()), self.config.embedding_dropout())
    }

    fn layer(&self, index: usize, x: Tensor<3>, pass: &mut Pass) -> Tensor<3> {
        let (layer, config) = (&self.layers[index], &self.config);
        let (size, p) = (config.size(index), config.hidden_dropout_prob);
        let attended = match size.heads {
            0 => layer.attended.of_nothing(&x),
            heads => {
                let width = config.head_size();
                // [batch, heads, length, 3 · head]: a head's queries, keys, values
                let qkv = split_heads(layer.qkv.forward(layer.attend_norm.forward(x.clone())), heads);
                let [q, k, v] = [0, 1, 2].map(|part| qkv.clone().narrow(3, part * width, width));
                let (q, k, divisor) = (pass.turn(q), pass.turn(k), (width as f64).sqrt());
                layer.attended.forward(pass.attend(q, k, v, divisor, config.attention_probs_dropout_prob))
            }
        };
        let attended = pass.noise.at(1).dropout(attended, p);

        let seen = if self.parallel { x.clone() } else { x.clone() + attended.clone() };
        let narrow = match size.neurons {
            0 => layer.narrow.of_nothing(&x),
            _ => {
                // [batch, length, neurons] → [batch, length, hidden]
                let wide = layer.wide.forward(layer.wide_norm.forward(seen));
                layer.narrow.forward(pass.gated(config.hidden_act.apply(wide)))
            }
        };
        x + attended + pass.noise.at(2).dropout(narrow, p)
    }

    fn norm(&self, x: Tensor<3>) -> Tensor<3> {
        self.norm.forward(x)
    }
}
