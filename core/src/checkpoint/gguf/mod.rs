//! Models as llama.cpp keeps them: one GGUF file with shape, vocabulary and weights.
//!
//! Of the architecture `llama` alone. What comes out is what a Hugging Face directory of the same model
//! has; the weights stay in the file until they are wanted.

use serde_json::{Value, json};

use super::{Files, HostTensor, Tensors};
use crate::{Error, Result, model::Config};

mod blocks;
mod file;
#[cfg(test)]
mod tests;
mod tokenizer;

use file::File;

/// What [`Files`] call the file.
pub(super) const NAME: &str = "model.gguf";

/// Names outside the layers, there and here.
const OUTSIDE: [(&str, &str); 3] = [
    ("token_embd.weight", "model.embed_tokens.weight"),
    ("output_norm.weight", "model.norm.weight"),
    ("output.weight", "lm_head.weight"),
];

/// Names within a layer, there and here.
const INSIDE: [(&str, &str); 9] = [
    ("attn_norm", "input_layernorm"),
    ("attn_q", "self_attn.q_proj"),
    ("attn_k", "self_attn.k_proj"),
    ("attn_v", "self_attn.v_proj"),
    ("attn_output", "self_attn.o_proj"),
    ("ffn_norm", "post_attention_layernorm"),
    ("ffn_gate", "mlp.gate_proj"),
    ("ffn_up", "mlp.up_proj"),
    ("ffn_down", "mlp.down_proj"),
];

/// The files of a GGUF file: `config.json` and `tokenizer.json` made of its header, and itself, from
/// which the weights are read.
///
/// # Errors
/// [`Error::Input`] when it is not a whole GGUF file, not of a Llama, or of one that Retort cannot run.
pub fn gguf_files(at: &str, bytes: Vec<u8>) -> Result<Files> {
    let file = File::read(at, &bytes)?;
    let (config, tokenizer) = (config(&file)?, tokenizer::json(&file)?);
    Ok(Files::from([("config.json".into(), config), ("tokenizer.json".into(), tokenizer), (NAME.into(), bytes)]))
}

/// The `config.json` of a header.
fn config(file: &File) -> Result<Vec<u8>> {
    let architecture = file.needed("general.architecture", file.text("general.architecture")?)?;
    if architecture != "llama" {
        return Err(Error::input(file.place("general.architecture"), "`llama`", format!("`{architecture}`")));
    }
    let key = |key: &str| format!("llama.{key}");
    let size = |name: &str| file.size(&key(name));
    let needed = |name: &str| file.needed(&key(name), size(name)?);
    for (name, wanted) in [("expert_count", "a model without experts"), ("rope.scale_linear", "plain rotary positions")]
    {
        if let Some(found) = file.metadata.get(&key(name)).filter(|value| value.as_f64() != Some(0.0)) {
            return Err(Error::input(file.place(&key(name)), wanted, found.to_string()));
        }
    }
    let scaling = file.text(&key("rope.scaling.type"))?.filter(|kind| *kind != "none");
    let scaled = scaling.or(file.tensors.contains_key("rope_freqs.weight").then_some("rope_freqs.weight"));
    if let Some(found) = scaled {
        return Err(Error::input(file.at, "plain rotary positions", format!("scaled ones (`{found}`)")));
    }
    let (width, heads) = (needed("embedding_length")?, needed("attention.head_count")?);
    let head = size("attention.key_length")?.or(width.checked_div(heads));
    if let Some(turned) = size("rope.dimension_count")?.filter(|&turned| Some(turned) != head) {
        let wanted = format!("all {} numbers of a head turned", head.unwrap_or_default());
        return Err(Error::input(file.place(&key("rope.dimension_count")), wanted, turned.to_string()));
    }
    let words = file.needed("tokenizer.ggml.tokens", file.list("tokenizer.ggml.tokens")?)?.len();
    let rows = file.tensors.get("token_embd.weight").map_or(words, |tensor| tensor.shape[0]);
    let epsilon = key("attention.layer_norm_rms_epsilon");
    let has = |name: &str| file.tensors.contains_key(name);
    let mut config = json!({
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": rows,
        "hidden_size": width,
        "intermediate_size": needed("feed_forward_length")?,
        "num_hidden_layers": needed("block_count")?,
        "num_attention_heads": heads,
        "num_key_value_heads": size("attention.head_count_kv")?.unwrap_or(heads),
        "hidden_act": "silu",
        "max_position_embeddings": needed("context_length")?,
        "rms_norm_eps": file.needed(&epsilon, file.number(&epsilon)?)?,
        "rope_theta": file.number(&key("rope.freq_base"))?.unwrap_or(10_000.0),
        "attention_bias": has("blk.0.attn_q.bias"),
        "mlp_bias": has("blk.0.ffn_gate.bias"),
        "tie_word_embeddings": !has("output.weight"),
        "dtype": "float32",
    });
    let optional = [
        ("head_dim", head),
        ("bos_token_id", file.size("tokenizer.ggml.bos_token_id")?),
        ("eos_token_id", file.size("tokenizer.ggml.eos_token_id")?),
        ("pad_token_id", file.size("tokenizer.ggml.padding_token_id")?),
    ];
    for (key, value) in optional {
        if let Some(value) = value {
            config[key] = value.into();
        }
    }
    if let Some(name) = file.metadata.get("general.name").and_then(Value::as_str) {
        config["_name_or_path"] = name.into();
    }
    serde_json::to_vec_pretty(&config).map_err(|error| Error::storage("config.json", error))
}

/// The weights of a file by the names that `transformers` gives them.
///
/// # Errors
/// [`Error::Input`] naming the tensor whose numbers are not finite, or whose rows are not those of heads.
pub(super) fn tensors(at: &str, bytes: &[u8], config: &Config) -> Result<Tensors> {
    let file = File::read(at, bytes)?;
    let mut tensors = Tensors::new();
    for (name, tensor) in &file.tensors {
        let mut data = tensor.kind.read(tensor.bytes);
        if let Some(place) = data.iter().position(|value| !value.is_finite()) {
            let found = format!("{} at {place}", data[place]);
            return Err(Error::input(file.place(name), "finite numbers", found));
        }
        let heads = match name.rsplit('.').nth(1) {
            Some("attn_q") => Some(config.num_attention_heads),
            Some("attn_k") => Some(config.key_value_heads()),
            _ => None,
        };
        if let Some(heads) = heads {
            let rows = tensor.shape[0];
            if !rows.is_multiple_of(2 * heads) {
                let wanted = format!("rows of {heads} heads in pairs");
                return Err(Error::input(file.place(name), wanted, rows.to_string()));
            }
            data = unturned(&data, rows, heads);
        }
        tensors.insert(here(name), HostTensor { shape: tensor.shape.clone(), data });
    }
    Ok(tensors)
}

/// Rows in the order that `transformers` has them. Numbers that turn together lie side by side in the file,
/// and half a head apart here.
fn unturned(data: &[f32], rows: usize, heads: usize) -> Vec<f32> {
    let (width, head) = (data.len() / rows, rows / heads);
    let source = |row: usize| {
        let (head_at, place) = (row / head * head, row % head);
        head_at + place % (head / 2) * 2 + place / (head / 2)
    };
    (0..rows).flat_map(|row| &data[source(row) * width..][..width]).copied().collect()
}

/// The name that `transformers` gives a tensor; its own if it has none.
fn here(name: &str) -> String {
    if let Some((_, here)) = OUTSIDE.iter().find(|(there, _)| *there == name) {
        return (*here).to_owned();
    }
    let inside = name.strip_prefix("blk.").and_then(|rest| {
        let (layer, rest) = rest.split_once('.')?;
        let (part, kind) = rest.rsplit_once('.')?;
        let (_, here) = INSIDE.iter().find(|(there, _)| *there == part)?;
        Some(format!("model.layers.{layer}.{here}.{kind}"))
    });
    inside.unwrap_or_else(|| name.to_owned())
}
