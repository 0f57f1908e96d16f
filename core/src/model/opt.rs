//! OPT (Zhang et al. 2022, "OPT: Open Pre-trained Transformer Language Models"), as `transformers`
//! computes it: learned positions that begin at the third row of their table and count the tokens
//! that are not padding.

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
};
use crate::{Error, Result};

/// Rows of the position table before that of the first token.
const OFFSET: usize = 2;

pub(super) const FACTS: Facts = Facts {
    model_type: "opt",
    architectures: &[(Task::CausalLm, "OPTForCausalLM")],
    keys: &[
        ("vocab_size", Slot::Size(|config| &mut config.vocab_size, 50_272)),
        ("hidden_size", Slot::Size(|config| &mut config.hidden_size, 768)),
        ("num_hidden_layers", Slot::Size(|config| &mut config.num_hidden_layers, 12)),
        ("ffn_dim", Slot::Size(|config| &mut config.intermediate_size, 3072)),
        ("max_position_embeddings", Slot::Size(|config| &mut config.max_position_embeddings, 2048)),
        ("num_attention_heads", Slot::Size(|config| &mut config.num_attention_heads, 12)),
        ("dropout", Slot::Dropout(|config| &mut config.hidden_dropout_prob, 0.1)),
        ("attention_dropout", Slot::Dropout(|config| &mut config.attention_probs_dropout_prob, 0.0)),
        ("activation_function", Slot::Activation(Activation::Relu)),
        ("init_std", Slot::Deviation(0.02)),
        ("pad_token_id", Slot::Token(|config| &mut config.pad_token_id, Some(1))),
    ],
    eps: 1e-5,
    tied: true,
    end: Some(2),
    names: &[
        ("Opt.word", "model.decoder.embed_tokens"),
        ("Opt.position", "model.decoder.embed_positions"),
        ("Opt.layers.#.query", "model.decoder.layers.#.self_attn.q_proj"),
        ("Opt.layers.#.key", "model.decoder.layers.#.self_attn.k_proj"),
        ("Opt.layers.#.value", "model.decoder.layers.#.self_attn.v_proj"),
        ("Opt.layers.#.attended", "model.decoder.layers.#.self_attn.out_proj"),
        ("Opt.layers.#.attend_norm", "model.decoder.layers.#.self_attn_layer_norm"),
        ("Opt.layers.#.wide", "model.decoder.layers.#.fc1"),
        ("Opt.layers.#.narrow", "model.decoder.layers.#.fc2"),
        ("Opt.layers.#.wide_norm", "model.decoder.layers.#.final_layer_norm"),
        ("Opt.norm", "model.decoder.final_layer_norm"),
        ("Opt.head", "lm_head"),
    ],
    prefix: "model.",
    layer: "model.decoder.layers.",
    copies: &[("lm_head.weight", "model.decoder.embed_tokens.weight")],
    unused: &[],
    renamed: &[],
    check,
};

fn check(at: &str, config: &Config) -> Result<()> {
    let width = config.hidden_size;
    config.only(at, "word_embed_proj_dim", width, ", the hidden_size: embeddings are not projected")?;
    config.only(at, "layer_norm_elementwise_affine", true, "")?;
    if let Some(share) = config.other("layerdrop").filter(|share| share.as_f64() != Some(0.0)) {
        return Err(Error::input(format!("{at}: layerdrop"), "0: every layer is run", share.to_string()));
    }
    Norms::read(at, config)?;
    config.flag(at, "enable_bias", true).map(|_| ())
}

/// Where the norms are.
#[derive(Debug, Clone, Copy)]
struct Norms {
    /// Before attention and feed-forward, and not after.
    first: bool,
    /// After the last layer too.
    last: bool,
}

impl Norms {
    fn read(at: &str, config: &Config) -> Result<Self> {
        let first = config.flag(at, "do_layer_norm_before", true)?;
        Ok(Self { first, last: first && !config.flag(at, "_remove_final_layer_norm", false)? })
    }
}

/// A decoder and its head.
#[derive(Module, Debug)]
pub struct Opt {
    word: Embedding,
    position: Embedding,
    layers: Vec<Layer>,
    norm: Option<LayerNorm>,
    head: Option<Linear>,
    #[module(skip)]
    norms: Norms,
    #[module(skip)]
    config: Config,
}

/// Self-attention and feed-forward.
#[derive(Module, Debug)]
struct Layer {
    query: Linear,
    key: Linear,
    value: Linear,
    attended: Linear,
    attend_norm: LayerNorm,
    wide: Linear,
    narrow: Linear,
    wide_norm: LayerNorm,
}

impl Opt {
    /// The model of `config`, its parameters still without values.
    ///
    /// # Errors
    /// [`crate::Error::Input`] when a key says what Retort cannot run.
    pub fn new(at: &str, config: &Config, device: &Device) -> Result<Self> {
        let width = config.hidden_size;
        let bias = config.flag(at, "enable_bias", true)?;
        let norms = Norms::read(at, config)?;
        let linear = |inputs, outputs| Linear::with_bias(bias, inputs, outputs, device);
        let norm = || LayerNorm::new(width, config.layer_norm_eps, device);
        let layer = |index| {
            let Size { heads, neurons, .. } = config.size(index);
            let heads = heads * config.head_size();
            Layer {
                query: linear(width, heads),
                key: linear(width, heads),
                value: linear(width, heads),
                attended: linear(heads, width),
                attend_norm: norm(),
                wide: linear(width, neurons),
                narrow: linear(neurons, width),
                wide_norm: norm(),
            }
        };
        Ok(Self {
            word: Embedding::new(config.vocab_size, width, device),
            position: Embedding::new(config.max_position_embeddings + OFFSET, width, device),
            layers: (0..config.num_hidden_layers).map(layer).collect(),
            norm: norms.last.then(norm),
            head: (!config.tied()).then(|| Linear::with_bias(false, width, config.vocab_size, device)),
            norms,
            config: config.clone(),
        })
    }
}

impl Decoder for Opt {
    fn config(&self) -> &Config {
        &self.config
    }

    fn word(&self) -> &Embedding {
        &self.word
    }

    fn head(&self) -> Option<&Linear> {
        self.head.as_ref()
    }

    fn embed(&self, ids: &Tensor<2, Int>, places: &Places, _: Noise) -> Tensor<3> {
        let rows = match places {
            // The first token that is not padding is number 0, and padding is −1.
            Places::Start(mask) => {
                let mask = (*mask).clone();
                (mask.clone().cumsum(1) * mask + (OFFSET as f64 - 1.0)).int()
            }
            Places::Given(rows) => places.ids(rows, OFFSET, &self.position),
        };
        self.word.forward(ids.clone()) + self.position.forward(rows)
    }

    fn layer(&self, index: usize, x: Tensor<3>, pass: &mut Pass) -> Tensor<3> {
        let (layer, config) = (&self.layers[index], &self.config);
        let (size, p) = (config.size(index), config.hidden_dropout_prob);
        let before = |norm: &LayerNorm, x: Tensor<3>| if self.norms.first { norm.forward(x) } else { x };
        let after = |norm: &LayerNorm, x: Tensor<3>| if self.norms.first { x } else { norm.forward(x) };

        let attended = match size.heads {
            0 => layer.attended.of_nothing(&x),
            heads => {
                let normed = before(&layer.attend_norm, x.clone());
                let q = split_heads(layer.query.forward(normed.clone()), heads);
                let k = split_heads(layer.key.forward(normed.clone()), heads);
                let v = split_heads(layer.value.forward(normed), heads);
                let divisor = (config.head_size() as f64).sqrt();
                layer.attended.forward(pass.attend(q, k, v, divisor, config.attention_probs_dropout_prob))
            }
        };
        let x = after(&layer.attend_norm, x + pass.noise.at(1).dropout(attended, p));

        let narrow = match size.neurons {
            0 => layer.narrow.of_nothing(&x),
            _ => {
                // [batch, length, neurons] → [batch, length, hidden]
                let wide = layer.wide.forward(before(&layer.wide_norm, x.clone()));
                layer.narrow.forward(pass.gated(config.hidden_act.apply(wide)))
            }
        };
        after(&layer.wide_norm, x + pass.noise.at(2).dropout(narrow, p))
    }

    fn norm(&self, x: Tensor<3>) -> Tensor<3> {
        match &self.norm {
            Some(norm) => norm.forward(x),
            None => x,
        }
    }
}
