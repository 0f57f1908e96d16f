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
