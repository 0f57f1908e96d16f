//! Teachers fine-tuned together under one head, and a student that learns from all of them.

use std::{fs, path::Path};

use retort_core::{checkpoint::safetensors_read, train::Event};

use crate::{
    cli::{events, log, losses, taught},
    program::retort,
};

/// A folder with a run file of three models under one head.
fn company() -> tempfile::TempDir {
    let folder = taught();
    let teacher = fs::read_to_string(folder.path().join("teacher.toml")).unwrap();
    let shape = |layers, heads| format!("[[companions]]\nlayers = {layers}\nhidden = 16\nheads = {heads}\n");
    let together = teacher.replace("name = \"teacher\"", "name = \"together\"") + &shape(2, 2) + &shape(1, 4);
    fs::write(folder.path().join("together.toml"), together).unwrap();
    folder
}

const TRAIN: [&str; 4] = ["train", "together.toml", "--device", "cpu"];

/// The tensors of a head as a directory has them: pooler and classifier.
fn head(dir: &Path) -> Vec<(String, Vec<f32>)> {
    let bytes = fs::read(dir.join("model.safetensors")).unwrap();
    let (tensors, _) = safetensors_read("a model", &bytes).unwrap();
    let of_head = |name: &str| name.contains("pooler") || name.starts_with("classifier");
    tensors.into_iter().filter(|(name, _)| of_head(name)).map(|(name, tensor)| (name, tensor.data)).collect()
}

#[test]
fn three_models_learn_under_one_head_and_teach_a_fourth() {
    let folder = company();
    let at = folder.path();
    let text = retort(at, &TRAIN).fine();
    for wanted in ["student ", ", companion-1 ", "companion-2 test", "Its companion lies in runs/together/companion-2."]
    {
        assert!(text.contains(wanted), "no `{wanted}` in\n{text}");
    }
    let told = log(at, "runs/together");
    for event in &told {
        if let Event::Step(step) = event
            && let Some(losses) = &step.losses
        {
            for terms in [&losses.terms, &losses.weighted] {
                let sum: f64 = terms.values().sum();
                assert!((losses.total - sum).abs() < 1e-6 && terms.len() == 3, "{losses:?}");
            }
        }
    }
    let dir = |name: &str| at.join("runs/together").join(name);
    let shared = head(&dir("student"));
    assert_eq!(shared.len(), 4);
    for name in ["companion-1", "companion-2"] {
        assert!(head(&dir(name)) == shared, "{name} has another head");
        let words = [
            "eval",
            &format!("runs/together/{name}"),
            "--data",
            "data",
            "--max-length",
            "24",
            "--device",
            "cpu",
            "--json",
        ];
        let figures: serde_json::Value = serde_json::from_str(&retort(at, &words).fine()).unwrap();
        let test = told.iter().find_map(|event| match event {
            Event::Eval(eval) if eval.who == name && eval.split == "test" => Some(eval.accuracy),
            _ => None,
        });
        assert_eq!(figures["accuracy"].as_f64(), test, "{name} is the model that was measured");
    }
    retort(at, &["export", "runs/together", "exported"]).fine();
    assert_eq!(
        fs::read(at.join("exported/companion-2/model.safetensors")).unwrap(),
        fs::read(dir("companion-2/model.safetensors")).unwrap()
    );

    let student = fs::read_to_string(at.join("student.toml")).unwrap();
    let taught = student.replace(
        "model = \"runs/teacher/student\"",
        "model = \"runs/together/student\"\nothers = [\"runs/together/companion-1\", \"runs/together/companion-2\"]",
    );
    let (first, _) = taught.split_once("[[phases]]").unwrap();
    let phases = "[[phases]]\nsteps = 4\nbatch = 8\nlog_every = 1\nobjectives = [{ method = \"multi_teacher\", hidden = true }, { method = \"cross_entropy\" }]\n";
    fs::write(at.join("fourth.toml"), first.replace("hidden = 16", "hidden = 12") + phases).unwrap();
    let told = events(&retort(at, &["distil", "fourth.toml", "--device", "cpu", "--json"]).fine());
    assert_eq!(losses(&told).len(), 4);
    let hidden: Vec<f64> = told
        .iter()
        .filter_map(|event| if let Event::Step(step) = event { step.losses.as_ref() } else { None })
        .map(|losses| losses.terms["multi_teacher_hidden"])
        .collect();
    assert!(hidden.iter().all(|loss| loss.is_finite() && *loss > 0.0), "{hidden:?}");
    // A teacher whose layers do not fit is named.
    let words = ["distil", "fourth.toml", "--device", "cpu", "--out", "no", "--set"];
    let map = "phases.0.objectives.0.map=[[0, 1]]";
    let error = retort(at, &[&words[..], &[map]].concat()).refused(2);
    assert!(
        error.contains(
            "multi_teacher of teacher.others.1.map: wanted student layers below 1 and teacher layers below 1"
        ),
        "{error}"
    );
}

#[cfg(unix)]
#[test]
fn companions_go_on_from_where_they_stopped_to_the_same_losses() {
    use crate::recipes::interrupted;

    let folder = company();
    let at = folder.path();
    let words = |out: &str| -> Vec<String> {
        let more =
            ["--json", "--continue", "--set", "phases.0.steps=90", "--set", "phases.0.log_every=1", "--out", out];
        TRAIN.iter().chain(&more).map(|word| (*word).to_owned()).collect()
    };
    let run = |out: &str| {
        let words = words(out);
        retort(at, &words.iter().map(String::as_str).collect::<Vec<_>>()).fine()
    };
    interrupted(at, &words("cut"), 20);
    let stopped = losses(&log(at, "cut")).last().unwrap().0;
    assert!((20..90).contains(&stopped), "stopped at step {stopped}");
    run("cut");
    run("whole");
    assert_eq!(losses(&log(at, "cut")), losses(&log(at, "whole")));
    let weights = |out: &str| fs::read(at.join(out).join("companion-1/model.safetensors")).unwrap();
    assert_eq!(weights("cut"), weights("whole"));
}

#[test]
fn companions_that_cannot_share_a_head_are_refused() {
    let folder = company();
    let at = folder.path();
    let refused = |assignment: &str| {
        let error = retort(at, &[&TRAIN[..], &["--out", "no", "--set", assignment]].concat()).refused(2);
        assert!(!at.join("no/run.toml").exists(), "something was written for `{assignment}`");
        error
    };
    assert_eq!(
        refused("companions.1.hidden=32"),
        "retort: companions.1.hidden: wanted the student's width of 16, to share its head, found 32"
    );
    assert_eq!(
        refused("companions.0.family=distilbert"),
        "retort: companions.0.family: wanted the student's family, `bert`, to share its head, found `distilbert`"
    );
    assert_eq!(
        refused("companions.0.heads=3"),
        "retort: --set: companions.0.heads: wanted a divisor of the width 16, found 3"
    );
    assert!(refused("phases.0.stage=text").contains("phases.0.stage: wanted the stage `task`, since companions share"));
    let words = ["distil", "together.toml", "--device", "cpu", "--set", "teacher.model=runs/teacher/student"];
    let error = retort(at, &words).refused(2);
    assert!(error.contains("companions: wanted no [teacher]"), "{error}");
}
