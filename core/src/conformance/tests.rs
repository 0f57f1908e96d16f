use std::collections::HashMap;

use burn::tensor::Device;
use pollster::block_on;
use safetensors::{Dtype, serialize, tensor::TensorView};

use super::*;
use crate::platform;

/// The folder named by `RETORT_CONFORMANCE`, or else the cases of the repository.
fn folder() -> String {
    let ours = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/conformance");
    std::env::var("RETORT_CONFORMANCE").unwrap_or_else(|_| ours.to_owned())
}

fn outcomes(device: &Device) -> Vec<Outcome> {
    let store = block_on(Store::open_existing(&folder())).unwrap();
    let mut outcomes = vec![];
    block_on(run_folder(&store, device, &mut |outcome| outcomes.push(outcome))).unwrap();
    outcomes
}

#[track_caller]
fn all_pass(on: &str, outcomes: &[Outcome]) {
    for outcome in outcomes {
        println!("{on}: {:<32} {:>8.4}  {}", outcome.case, outcome.worst, outcome.detail);
    }
    let wrong: Vec<&Outcome> = outcomes.iter().filter(|outcome| !outcome.passed).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(outcomes.len() >= 54, "{} cases: every operation is among 54 of them", outcomes.len());
}

#[test]
fn the_cpu_computes_what_pytorch_computed() {
    all_pass("cpu", &outcomes(&Device::flex()));
}

#[test]
fn a_gpu_computes_what_pytorch_computed() {
    let adapters = block_on(platform::adapters()).unwrap();
    let Some(adapter) = adapters.iter().find(|adapter| adapter.api != "cpu") else {
        let required = std::env::var("RETORT_REQUIRE_GPU").is_ok_and(|value| value == "1");
        assert!(!required, "RETORT_REQUIRE_GPU=1, but there is no adapter");
        println!("SKIPPED: no adapter on this machine");
        return;
    };
    let opened = block_on(platform::open(adapter.api.parse().unwrap())).unwrap();
    all_pass(&opened.adapter.name, &outcomes(&opened.device));
}

/// A case with one number in and one out.
fn case(asked: &str, wanted: f32) -> Vec<u8> {
    let (labels, wanted) = ([1i64.to_le_bytes(), 0i64.to_le_bytes()].concat(), wanted.to_le_bytes());
    let tensors = [
        ("in.labels", TensorView::new(Dtype::I64, vec![2], &labels).unwrap()),
        ("in.predictions", TensorView::new(Dtype::I64, vec![2], &labels).unwrap()),
        ("out.accuracy", TensorView::new(Dtype::F32, vec![], &wanted).unwrap()),
    ];
    serialize(tensors, Some(HashMap::from([("case".to_owned(), asked.to_owned())]))).unwrap()
}

fn run(bytes: &[u8]) -> Outcome {
    block_on(run_case("a case", bytes, &|_| Box::pin(async { Ok(vec![]) }), &Device::flex()))
}

const ASKED: &str = r#"{"op": "metric_classification", "params": {}}"#;

#[test]
fn right_passes_wrong_and_nan_fail() {
    // Both predictions are right: the accuracy is 1. Allowed is 1e-6 + 1e-4 · |want|.
    assert!(run(&case(ASKED, 1.0)).passed);
    assert!(run(&case(ASKED, 1.000_09)).passed);
    let outcome = run(&case(ASKED, 1.001));
    assert!(!outcome.passed && !outcome.unknown);
    assert!((outcome.worst - 9.89).abs() < 0.01, "{outcome:?}"); // 0.001 / (1e-6 + 1.001e-4)
    assert!(!run(&case(ASKED, f32::NAN)).passed);
}

#[test]
fn what_is_not_known_fails_and_says_so() {
    for (asked, detail) in [
        (r#"{"op": "telepathy"}"#, "the operation `telepathy` is not known"),
        (r#"{"op": "logit_loss", "params": {"loss": "guess"}}"#, "the loss `guess` is not known"),
    ] {
        let outcome = run(&case(asked, 1.0));
        assert!(!outcome.passed && outcome.unknown, "{outcome:?}");
        assert_eq!(outcome.detail, detail);
    }
}

#[test]
fn a_file_that_is_no_case_fails_in_words() {
    let outcome = run(b"nonsense");
    assert!(!outcome.passed && !outcome.unknown);
    assert!(outcome.detail.starts_with("a case: wanted a conformance case, found "), "{outcome:?}");
    // Asks for logits, which are not there.
    let outcome = run(&case(r#"{"op": "logit_loss", "params": {"loss": "kd"}}"#, 1.0));
    assert_eq!(outcome.detail, "a case: wanted a tensor in.student, found none");
}

#[test]
fn an_answer_of_another_size_or_none_fails() {
    let case = Case::read("a case", &case(ASKED, 1.0)).unwrap();
    let one = |values: Vec<f32>| BTreeMap::from([("accuracy".to_owned(), Answer::whole(values))]);
    assert_eq!(compare(&case, &one(vec![1.0])).0, 0.0);
    assert_eq!(compare(&case, &one(vec![1.0, 1.0])).0, f64::INFINITY);
    assert_eq!(compare(&case, &one(vec![f32::NAN])).0, f64::INFINITY);
    assert_eq!(compare(&case, &BTreeMap::new()).0, f64::INFINITY);
}
