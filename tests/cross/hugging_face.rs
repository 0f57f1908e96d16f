//! What Retort writes, stock `transformers` loads without a word and computes alike.

use std::{env, fs, path::Path, process::Command};

use burn::tensor::{Device, Int, Tensor, TensorData};
use retort_core::{
    checkpoint::{from_layers, new_model},
    generate::{Generation, generate},
    model::{
        Config, Family, Inputs, Model, Task, Wants,
        onnx::{ONNX, onnx},
    },
    prune::{Cut, files},
};

const LENGTH: usize = 7;

/// Two sentences, one of them padded.
const IDS: [[i32; LENGTH]; 2] = [[2, 17, 8, 3, 41, 9, 3], [2, 30, 31, 3, 0, 0, 0]];
const TYPES: [[i32; LENGTH]; 2] = [[0, 0, 0, 0, 1, 1, 1], [0; LENGTH]];
const MASK: [[f32; LENGTH]; 2] = [[1.0; LENGTH], [1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0]];

fn config() -> Config {
    let labels = ["bad".to_owned(), "so-so".to_owned(), "good".to_owned()];
    let mut config = Config::classifier(50, 16, &labels).with_shape(3, 24, 3, 40, 0.1);
    // Large enough that every weight shows in the logits.
    config.initializer_range = 0.3;
    config
}

fn logits(model: &Model, device: &Device) -> Vec<f32> {
    let ids = Tensor::<2, Int>::from_data(TensorData::from(IDS), device);
    let types = Tensor::<2, Int>::from_data(TensorData::from(TYPES), device);
    let mask = Tensor::<2>::from_data(TensorData::from(MASK), device);
    let inputs = Inputs { ids: &ids, types: &types, mask: &mask };
    let trace = model.forward(inputs, &Wants::default(), None, None);
    trace.logits().into_data().try_to_vec().expect("32-bit numbers")
}

/// Texts to go on with, of different lengths.
fn prompts() -> Vec<Vec<u32>> {
    vec![vec![2, 17, 8, 3, 41], vec![30], vec![9, 3, 12]]
}

/// Saves the model beside its logits and lets `transformers` judge.
fn check(python: &str, model: &Model) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let files = pollster::block_on(files(model, &Device::flex())).expect("weights are read back");
    for (name, bytes) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().expect("a directory")).expect("the directory is writable");
        fs::write(path, bytes).expect("the directory is writable");
    }
    let graph = pollster::block_on(onnx(model)).expect("weights are read back");
    fs::write(dir.path().join(ONNX), graph).expect("the directory is writable");
    let mut case =
        serde_json::json!({ "ids": IDS, "types": TYPES, "mask": MASK, "logits": logits(model, &Device::flex()) });
    if !model.config().family.is_encoder() {
        let settings = Generation { max_new: 6, stop: Some(vec![]), ..Generation::default() };
        let added = pollster::block_on(generate(model, &prompts(), &settings, &mut |_, _| ())).expect("text");
        (case["prompts"], case["added"]) = (prompts().into(), added.into());
    }
    let path = dir.path().join("case.json");
    fs::write(&path, case.to_string()).expect("the directory is writable");

    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("hugging_face/check.py");
    let output = Command::new(python).arg(script).arg(dir.path()).arg(&path).output().expect("Python starts");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    println!("{}", said.trim());
}

/// A family and what its configuration says beside the shape.
const FAMILIES: &[(&str, &str, &str)] = &[
    ("distilbert", "DistilBertForSequenceClassification", ""),
    ("distilbert", "DistilBertForMaskedLM", ""),
    ("gpt2", "GPT2LMHeadModel", ""),
    (
        "gpt2",
        "GPT2LMHeadModel",
        r#""scale_attn_by_inverse_layer_idx": true, "tie_word_embeddings": false, "activation_function": "relu""#,
    ),
    ("opt", "OPTForCausalLM", ""),
    ("opt", "OPTForCausalLM", r#""do_layer_norm_before": false, "enable_bias": false, "tie_word_embeddings": false"#),
    ("opt", "OPTForCausalLM", r#""_remove_final_layer_norm": true, "activation_function": "gelu""#),
    ("gpt_neox", "GPTNeoXForCausalLM", ""),
    (
        "gpt_neox",
        "GPTNeoXForCausalLM",
        r#""use_parallel_residual": false, "rotary_pct": 0.5, "rotary_emb_base": 500, "attention_bias": false"#,
    ),
    (
        "gpt_neox",
        "GPTNeoXForCausalLM",
        r#""rope_parameters": {"partial_rotary_factor": 1.0}, "tie_word_embeddings": true"#,
    ),
    ("llama", "LlamaForCausalLM", ""),
    (
        "llama",
        "LlamaForCausalLM",
        r#""num_key_value_heads": 1, "head_dim": 6, "rope_theta": 50.0, "tie_word_embeddings": true"#,
    ),
    (
        "llama",
        "LlamaForCausalLM",
        r#""attention_bias": true, "mlp_bias": true, "hidden_act": "gelu_pytorch_tanh", "num_key_value_heads": 2"#,
    ),
];

/// The model of one of [`FAMILIES`], small and with large weights.
fn of_family(family: &str, architecture: &str, also: &str) -> Model {
    let comma = if also.is_empty() { "" } else { "," };
    let json = format!(
        r#"{{"model_type": "{family}", "architectures": ["{architecture}"], "vocab_size": 50,
            "bos_token_id": 1, "eos_token_id": 2, "hidden_size": 32, "num_attention_heads": 4,
            "n_embd": 32, "n_head": 4, "dim": 32, "n_heads": 4
            {comma} {also}}}"#
    );
    let named = format!("{architecture} with {also}");
    let mut config = Config::from_json(&named, json.as_bytes()).expect("a configuration");
    (config.num_hidden_layers, config.intermediate_size, config.max_position_embeddings) = (3, 40, 16);
    config.initializer_range = 0.3;
    new_model(&config, 3, &Device::flex()).expect("a model")
}

#[test]
fn hugging_face_loads_what_retort_writes() {
    let Ok(python) = env::var("RETORT_PYTHON") else {
        println!("not compared with transformers: RETORT_PYTHON names no Python that has it");
        return;
    };
    let device = Device::flex();
    let classifier = new_model(&config(), 1, &device).expect("a model");
    check(&python, &classifier);
    check(&python, &from_layers(&classifier, &[0, 2], 0.0, &device).expect("a student"));
    let mut config = config();
    config.architectures = vec!["BertForMaskedLM".into()];
    check(&python, &new_model(&config, 2, &device).expect("a model"));
    for (family, architecture, also) in FAMILIES {
        check(&python, &of_family(family, architecture, also));
    }
    for family in Family::ALL {
        let config = Config::of(family, 50, 16, 0, Some(2)).with_shape(3, 32, 4, 40, 0.0);
        let task = if family.is_encoder() { Task::MaskedLm } else { Task::CausalLm };
        let mut config = config.with_task(task, &[]).expect("a head");
        config.initializer_range = 0.3;
        let model = new_model(&config, 3, &device).expect("a model");
        for cut in cuts(&config) {
            check(&python, &cut.apply("the cut", &model, &device).expect("a smaller model"));
        }
    }
}

/// Layers that differ, one of them without heads and one without neurons; layers alike; a narrower model.
fn cuts(config: &Config) -> [Cut; 3] {
    let whole = Cut::nothing(config);
    let (mut uneven, mut even, mut narrow) = (whole.clone(), whole.clone(), whole);
    uneven.layers[0].heads.drain(1..3);
    uneven.layers[1].heads.clear();
    uneven.layers[1].neurons.retain(|neuron| neuron % 5 != 0);
    uneven.layers[2].neurons.clear();
    even.layers.iter_mut().for_each(|layer| layer.neurons.truncate(24));
    // As wide as three heads of eight, or as four of six.
    narrow.hidden.retain(|number| number % 4 != 2);
    let turns = config.turns();
    for layer in &mut narrow.layers {
        match turns {
            true => layer.heads.truncate(3),
            false => layer.heads.iter_mut().for_each(|head| {
                head.scores.drain(2..4);
                head.values.truncate(6);
            }),
        }
    }
    [uneven, even, narrow]
}
