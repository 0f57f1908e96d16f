//! A hundred steps on Retort's kernels, against the same in Burn's own operations (`--plain`).

use retort_core::train::Event;

use crate::program::{retort, root};

/// Total and control's loss of every step of a part of the demonstration.
fn losses(arguments: &[&str]) -> Vec<f64> {
    let folder = tempfile::tempdir().unwrap();
    let demo = root().join("www/presets/demo.toml");
    let mut all = vec!["distil", demo.to_str().unwrap(), "--json", "--out", "out"];
    for set in ["phases.0.steps=100", "phases.0.batch=8", "phases.0.log_every=1", "phases.0.eval_every=100"] {
        all.extend(["--set", set]);
    }
    all.extend(arguments);
    let told = retort(folder.path(), &all).fine();
    let steps = told.lines().filter_map(|line| match serde_json::from_str(line).unwrap() {
        Event::Step(step) => step.losses,
        _ => None,
    });
    let losses: Vec<f64> = steps.flat_map(|losses| [losses.total, losses.control.unwrap()]).collect();
    assert_eq!(losses.len(), 200, "{told}");
    losses
}

/// The largest relative difference.
fn apart(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs() / b.abs()).fold(0.0, f64::max)
}

#[test]
fn a_hundred_steps_are_those_of_the_plain_path() {
    let plain = losses(&["--device", "cpu", "--plain"]);
    let ours = losses(&["--device", "cpu"]);
    let off = apart(&ours, &plain);
    println!("CPU: {off:.1e}");
    // Were they the same to the bit, the switch would do nothing.
    assert!(off > 0.0 && off < 1e-5, "{off:.1e}");

    let devices = retort(root(), &["devices", "--json"]).fine();
    match ["vulkan", "metal", "dx12"].into_iter().find(|api| devices.contains(&format!("\"{api}\""))) {
        Some(api) => {
            let off = apart(&losses(&["--device", api]), &plain);
            println!("{api}: {off:.1e}");
            assert!(off < 1e-4, "{off:.1e}");
        }
        None => {
            let required = std::env::var("RETORT_REQUIRE_GPU").is_ok_and(|value| value == "1");
            assert!(!required, "RETORT_REQUIRE_GPU=1, but there is no adapter");
            println!("SKIPPED on the GPU: no adapter on this machine");
        }
    }
}

#[test]
fn kinds_of_kernels_have_names() {
    let folder = tempfile::tempdir().unwrap();
    let demo = root().join("www/presets/demo.toml");
    let said = retort(folder.path(), &["distil", demo.to_str().unwrap(), "--plain", "norm"]);
    let told = said.refused(2);
    assert!(told.contains("wanted `norms`") && told.ends_with("found `norm`"), "{told}");
}
