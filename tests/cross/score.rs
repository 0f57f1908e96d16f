//! What units matter, told by the program.

use std::path::Path;

use retort_core::checkpoint;
use serde_json::Value;

use crate::{cli::taught, program::retort};

fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(values) => values.iter().flat_map(numbers).collect(),
        value => vec![value.as_f64().unwrap()],
    }
}

#[test]
fn heads_and_neurons_are_scored_and_removed() {
    let folder = taught();
    let at = folder.path();
    let words =
        ["score", "runs/teacher/student", "--data", "data", "--device", "cpu", "--measure", "--accumulate", "example"];
    let text = retort(at, &words).fine();
    assert!(text.contains("runs/teacher/student on dev: expressive") && text.contains("(Pearson)"), "{text}");
    let told: Value = serde_json::from_str(&retort(at, &[&words[..], &["--json"]].concat()).fine()).unwrap();
    // Two layers of two heads and 32 neurons; every layer's scores have the norm 1.
    assert_eq!(told["model_hash"].as_str().unwrap().len(), 64);
    for (units, count) in [("heads", 2), ("neurons", 32)] {
        for layer in told[units]["score"].as_array().unwrap() {
            let scores = numbers(layer);
            assert_eq!(scores.len(), count);
            let norm = scores.iter().map(|score| score * score).sum::<f64>().sqrt();
            assert!((norm - 1.0).abs() < 1e-3 && scores.iter().all(|score| *score >= 0.0), "{units}: {scores:?}");
        }
        assert!(told[units]["friendly"].is_null());
    }
    let removals = told["removals"].as_array().unwrap();
    assert_eq!(removals.len(), 4);
    assert!(removals.iter().any(|one| one["measured"].as_f64().unwrap().abs() > 1e-6), "{removals:?}");
    // What one of many neurons is worth, a slope tells well.
    let words =
        ["score", "builtin:rotten-tomatoes", "--measure=neurons", "--data", "data", "--device", "cpu", "--json"];
    let neurons: Value = serde_json::from_str(&retort(at, &words).fine()).unwrap();
    assert_eq!(neurons["removals"].as_array().unwrap().len(), 512);
    let correlation = neurons["correlation"].as_f64().unwrap();
    assert!(correlation > 0.9, "{correlation}");
}

#[test]
fn single_weights_and_the_width_are_scored_too() {
    let folder = taught();
    let at = folder.path();
    let words = ["score", "runs/teacher/student", "--data", "data", "--device", "cpu", "--weights", "--out", "scores"];
    let text = retort(at, &words).fine();
    assert!(text.contains("width    the numbers of the residual stream"), "{text}");
    let read = |path: &str| {
        let bytes = std::fs::read(at.join(path)).unwrap();
        checkpoint::safetensors_read(path, &bytes).unwrap().0
    };
    let (model, felt) = (read("runs/teacher/student/model.safetensors"), read("scores/weights.safetensors"));
    for (name, scores) in &felt {
        assert_eq!(scores.shape, model[name].shape, "{name}");
        // By its matrix's norm.
        let norm = scores.data.iter().map(|score| f64::from(*score).powi(2)).sum::<f64>().sqrt();
        assert!(scores.data.iter().all(|score| *score >= 0.0) && norm < 1.001, "{name}: {norm}");
    }
    let told: Value = serde_json::from_slice(&std::fs::read(at.join("scores/scores.json")).unwrap()).unwrap();
    let hidden = numbers(&told["hidden"]);
    assert_eq!(hidden.len(), model["bert.embeddings.word_embeddings.weight"].shape[1]);
    assert!(std::fs::read_to_string(at.join("scores/heads.svg")).unwrap().starts_with("<svg"));

    retort(at, &[&words[..], &["--by", "magnitude"]].concat()).fine();
    for (name, scores) in read("scores/weights.safetensors") {
        let sizes: Vec<f32> = model[&name].data.iter().map(|weight| weight.abs()).collect();
        assert_eq!(scores.data, sizes, "{name}");
    }
    let error = retort(at, &[&words[..], &["--by", "random"]].concat()).refused(2);
    assert_eq!(error, "retort: --by: wanted sensitivity or magnitude, for single weights, found random");
}

/// Writes `value` into one tensor of a model.
fn fill(at: &Path, model: &str, name: &str, value: f32) {
    let path = at.join(model).join("model.safetensors");
    let (mut tensors, metadata) = checkpoint::safetensors_read(model, &std::fs::read(&path).unwrap()).unwrap();
    tensors.get_mut(name).unwrap().data.fill(value);
    std::fs::write(path, checkpoint::safetensors_write(&tensors, metadata).unwrap()).unwrap();
}

#[test]
fn slopes_that_are_no_numbers_are_told_and_not_sorted() {
    let folder = taught();
    let at = folder.path();
    // Finite weights whose products are not.
    fill(at, "runs/teacher/student", "bert.encoder.layer.0.intermediate.dense.weight", 3e38);
    let words = ["runs/teacher/student", "--data", "data", "--device", "cpu"];
    for command in [&["score"][..], &["score", "--weights", "--out", "scores"], &["prune", "--out", "cut"]] {
        let error = retort(at, &[&command[..1], &words, &command[1..]].concat()).refused(2);
        assert!(error.contains("wanted finite slopes of its loss, found a slope that is not a number"), "{error}");
    }
}

#[test]
fn weights_are_removed_at_random() {
    let folder = taught();
    let at = folder.path();
    let words =
        ["pilot", "runs/teacher/student", "--data", "data", "--device", "cpu", "--sparsities", "0,50", "--seeds", "2"];
    let text = retort(at, &[&words[..], &["--out", "figures"]].concat()).fine();
    assert!(text.contains("50.0 %") && text.contains("on dev"), "{text}");
    let told: Value = serde_json::from_str(&retort(at, &[&words[..], &["--json"]].concat()).fine()).unwrap();
    let written = std::fs::read_to_string(at.join("figures/pilot.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), told, "drawn by the seeds");
    let points = told[0]["points"].as_array().unwrap();
    let of = |key: &str| points.iter().map(|point| point[key].as_f64().unwrap()).collect::<Vec<f64>>();
    assert_eq!(of("sparsity"), [0.0, 0.0, 0.5, 0.5]);
    let sure = of("confidence");
    assert!(sure[0] == sure[1] && sure[2] != sure[0] && sure[2] != sure[3], "{sure:?}");
    for figure in ["accuracy", "confidence"] {
        let svg = std::fs::read_to_string(at.join(format!("figures/{figure}.svg"))).unwrap();
        assert!(svg.starts_with("<svg") && svg.contains("runs/teacher/student"), "{figure}");
    }
    let error = retort(at, &[&words[..6], &["--sparsities", "100"]].concat()).refused(2);
    assert_eq!(error, "retort: --sparsities: wanted per cent from 0 to below 100, found 100");
}

#[test]
fn what_cannot_be_scored_is_refused() {
    let folder = taught();
    let at = folder.path();
    let refused = |more: &[&str]| {
        let words = ["score", "runs/teacher/student", "--data", "data", "--device", "cpu"];
        retort(at, &[&words[..], more].concat()).refused(2)
    };
    assert_eq!(refused(&["--lambda", "1.5"]), "retort: --lambda: wanted a share from 0 to 1, found 1.5");
    assert_eq!(refused(&["--temperature", "0"]), "retort: --temperature: wanted a number above 0, found 0");
    let error = refused(&["--student", "builtin:rotten-tomatoes"]);
    assert!(error.contains("builtin:rotten-tomatoes"), "{error}");
}

#[test]
fn a_student_of_other_classes_is_no_trial() {
    let folder = taught();
    let at = folder.path();
    // The same two labels, the other way round.
    std::fs::create_dir(at.join("other")).unwrap();
    for entry in std::fs::read_dir(at.join("runs/teacher/student")).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, at.join("other").join(path.file_name().unwrap())).unwrap();
    }
    let config = at.join("other/config.json");
    let mut told: Value = serde_json::from_slice(&std::fs::read(&config).unwrap()).unwrap();
    told["id2label"] = serde_json::json!({ "0": "positive", "1": "negative" });
    told["label2id"] = serde_json::json!({ "positive": 0, "negative": 1 });
    std::fs::write(&config, told.to_string()).unwrap();
    let words = ["score", "runs/teacher/student", "--student", "other", "--data", "data", "--device", "cpu"];
    let error = retort(at, &words).refused(2);
    assert!(error.starts_with("retort: other: wanted ") && error.contains("negative, positive"), "{error}");
}
