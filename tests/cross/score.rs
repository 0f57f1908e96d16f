//! What units matter, told by the program.

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
