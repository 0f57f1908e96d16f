//! Llama (Touvron et al. 2023, "LLaMA: Open and Efficient Foundation Language Models"), as
//! `transformers` computes it: root-mean-square norms, rotary positions, gated feed-forward, and
//! heads that may share keys and values.

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
    layers::{Embedding, Linear, Noise, RmsNorm},
    rotary::{self, Rotary},
};
use crate::Result;

/// Older files have this on top. All of a head is turned.
const ROTARY: rotary::Keys = rotary::Keys { theta: "rope_theta", share: None };

pub(super) const FACTS: Facts = Facts {
    model_type: "llama",
    architectures: &[(Task::CausalLm, "LlamaForCausalLM")],
    keys: &[
        ("vocab_size", Slot::Size(|config| &mut config.vocab_size, 32_000)),
        ("hidden_size", Slot::Size(|config| &mut config.hidden_size, 4096)),
        ("intermediate_size", Slot::Size(|config| &mut config.intermediate_size, 11_008)),
        ("num_hidden_layers", Slot::Size(|config| &mut config.num_hidden_layers, 32)),
        ("num_attention_heads", Slot::Size(|config| &mut config.num_attention_heads, 32)),
        ("num_key_value_heads", Slot::MaybeSize(|config| &mut config.num_key_value_heads)),
        ("head_dim", Slot::MaybeSize(|config| &mut config.head_dim)),
        ("hidden_act", Slot::Activation(Activation::Silu)),
        ("max_position_embeddings", Slot::Size(|config| &mut config.max_position_embeddings, 2048)),
        ("initializer_range", Slot::Deviation(0.02)),
        ("rms_norm_eps", Slot::Epsilon(1e-6)),
        ("attention_dropout", Slot::Dropout(|config| &mut config.attention_probs_dropout_prob, 0.0)),
        ("pad_token_id", Slot::Token(|config| &mut config.pad_token_id, None)),
    ],
    eps: 1e-6,
    tied: false,
    end: Some(2),
    names: &[
        ("Llama.word", "model.embed_tokens"),
        ("Llama.layers.#.attend_norm", "model.layers.#.input_layernorm"),
        ("Llama.layers.#.query", "model.layers.#.self_attn.q_proj"),
        ("Llama.layers.#.key", "model.layers.#.self_attn.k_proj"),
        ("Llama.layers.#.value", "model.layers.#.self_attn.v_proj"),
        ("Llama.layers.#.attended", "model.layers.#.self_attn.o_proj"),
        ("Llama.layers.#.wide_norm", "model.layers.#.post_attention_layernorm"),
        ("Llama.layers.#.gate", "model.layers.#.mlp.gate_proj"),
        ("Llama.layers.#.wide", "model.layers.#.mlp.up_proj"),
        ("Llama.layers.#.narrow", "model.layers.#.mlp.down_proj"),
        ("Llama.norm", "model.norm"),
        ("Llama.head", "lm_head"),
    ],
    prefix: "model.",
    layer: "model.layers.",
    copies: &[("lm_head.weight", "model.embed_tokens.weight")],
    unused: &[],
    renamed: &[],
    check: |at, config| {
        Rotary::read(at, config, ROTARY)?;
        config.flag(at, "mlp_bias", false)?;
        config.flag(at, "attention_bias", false).map(|_| ())
    },
};

/// A decoder and its head.
#[derive(Module, Debug)]
pub struct Llama {
    word: Embedding,
    layers: Vec<Layer>,
    norm: RmsNorm,
    head: Option<Linear>,
    #[module(skip)]
    rotary: Rotary,
    #[module(skip)]
    config: Config,
}

/// Self-attention and feed-forward, each on the norm of what it adds to.
#[derive(Module, Debug)]
struct Layer {
    attend_norm: RmsNorm,
    query: Linear,
    key: Linear,
    value: Linear,
    attended: Linear,
    wide_norm: RmsNorm,
    gate: Linear,
    wide: Linear,
    narrow: Linear,
}

impl Llama {
    /// The model of `config`, its parameters still without values.
    ///
    /// # Errors
    /// [`crate::Error::Input`] when a key says what Retort cannot run.
    pub fn new(at: &str, config: &Config, device: &Device) -> Result<Self> {
        let width = config.hidden_size;
        let (attention, mlp) = (config.flag(at, "attention_bias", false)?, config.flag(at, "mlp_bias", false)?);
        let linear = |bias, inputs, outputs| Linear::with_bias(bias, inputs, outputs, device);
        let norm = || RmsNorm::new(width, config.layer_norm_eps, device);
        let layer = |index| {
            let Size { heads, groups, neurons } = config.size(index);
            let [heads, groups] = [heads, groups].map(|count| count * config.head_size());
            Layer {
                attend_norm: norm(),
                query: linear(attention, width, heads),
                key: linear(attention, width, groups),
                value: linear(attention, width, groups),
                attended: linear(attention, heads, width),
                wide_norm: norm(),
                gate: linear(mlp, width, neurons),
                wide: linear(mlp, width, neurons),
                narrow: linear(mlp, neurons, width),
            }
        };
        Ok(Self {
            word: Embedding::new(config.vocab_size, width, device),
            layers: (0..config.num_hidden_layers).map(layer).collect(),
            norm: norm(),
            head: (!config.tied()).then(|| linear(false, width, config.vocab_size)),
            rotary: Rotary::read(at, config, ROTARY)?,
            config: config.clone(),
        })
    }
}

impl Decoder for Llama {
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

    fn embed(&self, ids: &Tensor<2, Int>, _: &Places, _: Noise) -> Tensor<3> {
        self.word.forward(ids.clone())
    }

    fn layer(&self, index: usize, x: Tensor<3>, pass: &mut Pass) -> Tensor<3> {
        let (layer, config) = (&self.layers[index], &self.config);
        let Size { heads, groups, neurons } = config.size(index);
        let attended = match heads {
            0 => layer.attended.of_nothing(&x),
            _ => {
                let normed = layer.attend_norm.forward(x.clone());
                // [batch, heads, length, head], and of keys and values perhaps fewer heads
                let q = pass.turn(split_heads(layer.query.forward(normed.clone()), heads));
                let k = pass.turn(split_heads(layer.key.forward(normed.clone()), groups));
                let v = split_heads(layer.value.forward(normed), groups);
                let divisor = (config.head_size() as f64).sqrt();
                layer.attended.forward(pass.attend(q, k, v, divisor, config.attention_probs_dropout_prob))
            }
        };
        let x = x + attended;

        let narrow = match neurons {
            0 => layer.narrow.of_nothing(&x),
            _ => {
                let normed = layer.wide_norm.forward(x.clone());
                // [batch, length, neurons] → [batch, length, hidden]
                let gate = config.hidden_act.apply(layer.gate.forward(normed.clone()));
                layer.narrow.forward(pass.gated(gate * layer.wide.forward(normed)))
            }
        };
        x + narrow
    }

    fn norm(&self, x: Tensor<3>) -> Tensor<3> {
        self.norm.forward(x)
    }
}
