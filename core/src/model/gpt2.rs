//! GPT-2 (Radford et al. 2019, "Language Models are Unsupervised Multitask Learners"), as
//! `transformers` computes it: norms before attention and feed-forward, learned positions, one
//! matrix for queries, keys and values.

use burn::{
    module::{Module, Param},
    tensor::{Device, Int, Tensor},
};

use super::{
    Config, Task,
    attention::{Pass, split_heads},
    config::{Activation, Size, keys::Slot},
    decoder::{Decoder, Places},
    family::Facts,
    layers::{Embedding, LayerNorm, Linear, Noise, everywhere, parameter},
};
use crate::kernel::{self, Weights};

pub(super) const FACTS: Facts = Facts {
    model_type: "gpt2",
    architectures: &[(Task::CausalLm, "GPT2LMHeadModel")],
    keys: &[
        ("vocab_size", Slot::Size(|config| &mut config.vocab_size, 50_257)),
        ("n_positions", Slot::Size(|config| &mut config.max_position_embeddings, 1024)),
        ("n_embd", Slot::Size(|config| &mut config.hidden_size, 768)),
        ("n_layer", Slot::Size(|config| &mut config.num_hidden_layers, 12)),
        ("n_head", Slot::Size(|config| &mut config.num_attention_heads, 12)),
        ("n_inner", Slot::Inner),
        ("activation_function", Slot::Activation(Activation::GeluNew)),
        ("resid_pdrop", Slot::Dropout(|config| &mut config.hidden_dropout_prob, 0.1)),
        ("embd_pdrop", Slot::MaybeDropout(|config| &mut config.embedding_dropout, Some(0.1))),
        ("attn_pdrop", Slot::Dropout(|config| &mut config.attention_probs_dropout_prob, 0.1)),
        ("layer_norm_epsilon", Slot::Epsilon(1e-5)),
        ("initializer_range", Slot::Deviation(0.02)),
        ("pad_token_id", Slot::Token(|config| &mut config.pad_token_id, None)),
    ],
    eps: 1e-5,
    tied: true,
    end: Some(50_256),
    names: &[
        ("Gpt2.word", "transformer.wte"),
        ("Gpt2.position", "transformer.wpe"),
        ("Gpt2.layers.#.attend_norm", "transformer.h.#.ln_1"),
        ("Gpt2.layers.#.qkv", "transformer.h.#.attn.c_attn"),
        ("Gpt2.layers.#.attended", "transformer.h.#.attn.c_proj"),
        ("Gpt2.layers.#.wide_norm", "transformer.h.#.ln_2"),
        ("Gpt2.layers.#.wide", "transformer.h.#.mlp.c_fc"),
        ("Gpt2.layers.#.narrow", "transformer.h.#.mlp.c_proj"),
        ("Gpt2.norm", "transformer.ln_f"),
        ("Gpt2.head", "lm_head"),
    ],
    prefix: "transformer.",
    layer: "transformer.h.",
    copies: &[("lm_head.weight", "transformer.wte.weight")],
    unused: &[],
    renamed: &[],
    check: |at, config| {
        config.flag(at, "scale_attn_weights", true)?;
        config.flag(at, "scale_attn_by_inverse_layer_idx", false).map(|_| ())
    },
};

/// A decoder and its head.
#[derive(Module, Debug)]
pub struct Gpt2 {
    word: Embedding,
    position: Embedding,
    layers: Vec<Layer>,
    norm: LayerNorm,
    head: Option<Linear>,
    #[module(skip)]
    config: Config,
}

/// Self-attention and feed-forward, each on the norm of what it adds to.
#[derive(Module, Debug)]
struct Layer {
    attend_norm: LayerNorm,
    qkv: Conv1d,
    attended: Conv1d,
    wide_norm: LayerNorm,
    wide: Conv1d,
    narrow: Conv1d,
}

/// x W + b: what GPT-2 has in place of [`Linear`].
#[derive(Module, Debug)]
struct Conv1d {
    /// `[in, out]`.
    weight: Param<Tensor<2>>,
    /// `[out]`.
    bias: Param<Tensor<1>>,
}

impl Conv1d {
    fn new(inputs: usize, outputs: usize, device: &Device) -> Self {
        Self { weight: parameter([inputs, outputs], device), bias: parameter([outputs], device) }
    }

    /// As [`Linear::of_nothing`].
    fn of_nothing(&self, like: &Tensor<3>) -> Tensor<3> {
        everywhere(Some(&self.bias), like)
    }

    /// `[…, in]` → `[…, out]`
    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        kernel::affine(x, self.weight.val(), Some(self.bias.val()), Weights::InOut)
    }
}

impl Gpt2 {
    /// The model of `config`, its parameters still without values.
    pub fn new(config: &Config, device: &Device) -> Self {
        let width = config.hidden_size;
        let norm = || LayerNorm::new(width, config.layer_norm_eps, device);
        let layer = |index| {
            let Size { heads, neurons, .. } = config.size(index);
            let heads = heads * config.head_size();
            Layer {
                attend_norm: norm(),
                qkv: Conv1d::new(width, 3 * heads, device),
                attended: Conv1d::new(heads, width, device),
                wide_norm: norm(),
                wide: Conv1d::new(width, neurons, device),
                narrow: Conv1d::new(neurons, width, device),
            }
        };
        Self {
            word: Embedding::new(config.vocab_size, width, device),
            position: Embedding::new(config.max_position_embeddings, width, device),
            layers: (0..config.num_hidden_layers).map(layer).collect(),
            norm: norm(),
            head: (!config.tied()).then(|| Linear::with_bias(false, width, config.vocab_size, device)),
            config: config.clone(),
        }
    }
}

impl Decoder for Gpt2 {
    fn config(&self) -> &Config {
        &self.config
    }

    fn word(&self) -> &Embedding {
        &self.word
    }

    fn head(&self) -> Option<&Linear> {
        self.head.as_ref()
    }

    fn embed(&self, ids: &Tensor<2, Int>, places: &Places, noise: Noise) -> Tensor<3> {
        let position = places.embed(&self.position, ids.dims()[1]);
        noise.dropout(self.word.forward(ids.clone()) + position, self.config.embedding_dropout())
    }

    fn layer(&self, index: usize, x: Tensor<3>, pass: &mut Pass) -> Tensor<3> {
        let (layer, config) = (&self.layers[index], &self.config);
        let (size, p) = (config.size(index), config.hidden_dropout_prob);
        let attended = match size.heads {
            0 => layer.attended.of_nothing(&x),
            heads => {
                let width = heads * config.head_size();
                // [batch, length, 3 · heads · head]: queries, keys, values
                let qkv = layer.qkv.forward(layer.attend_norm.forward(x.clone()));
                let [q, k, v] = [0, 1, 2].map(|part| split_heads(qkv.clone().narrow(2, part * width, width), heads));
                let p = config.attention_probs_dropout_prob;
                layer.attended.forward(pass.attend(q, k, v, config.divisor(index), p))
            }
        };
        let x = x + pass.noise.at(1).dropout(attended, p);

        let narrow = match size.neurons {
            0 => layer.narrow.of_nothing(&x),
            _ => {
                // [batch, length, neurons] → [batch, length, hidden]
                let wide = layer.wide.forward(layer.wide_norm.forward(x.clone()));
                layer.narrow.forward(pass.gated(config.hidden_act.apply(wide)))
            }
        };
        x + pass.noise.at(2).dropout(narrow, p)
    }

    fn norm(&self, x: Tensor<3>) -> Tensor<3> {
        self.norm.forward(x)
    }
}
