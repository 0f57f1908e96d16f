//! What Retort writes, stock `transformers` loads without a word and computes alike.

use std::{env, fs, path::Path, process::Command};

use burn::tensor::{Device, Int, Tensor, TensorData};
use retort_core::{
    checkpoint::{from_layers, new_model, save_model},
    model::{Config, Inputs, Model, Wants},
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
    trace.logits.into_data().try_to_vec().expect("32-bit numbers")
}

/// Saves the model beside its logits and lets `transformers` judge.
fn check(python: &str, model: &Model) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let files = pollster::block_on(save_model(model)).expect("weights are read back");
    for (name, bytes) in files {
        fs::write(dir.path().join(name), bytes).expect("the directory is writable");
    }
    let case =
        serde_json::json!({ "ids": IDS, "types": TYPES, "mask": MASK, "logits": logits(model, &Device::flex()) });
    let path = dir.path().join("case.json");
    fs::write(&path, case.to_string()).expect("the directory is writable");

    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("hugging_face/check.py");
    let output = Command::new(python).arg(script).arg(dir.path()).arg(&path).output().expect("Python starts");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    println!("{}", said.trim());
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
}
