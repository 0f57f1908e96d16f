//! What can be looked at: a run before its start, attention, disagreements, a step taken apart.

use std::{fs, path::Path};

use crate::{
    cli::{events, losses, taught},
    program::retort,
};
use retort_core::train::{Apart, Attention, Description, Disagreements};

/// What the program tells as JSON.
fn told(at: &Path, words: &[&str]) -> String {
    retort(at, &[words, &["--device", "cpu", "--json"]].concat()).fine()
}

#[test]
fn a_plan_is_the_run_that_would_start_and_leaves_nothing() {
    let folder = taught();
    let at = folder.path();
    let plan: Description = serde_json::from_str(&told(at, &["distil", "student.toml", "--plan"])).unwrap();
    assert_eq!((plan.problems.len(), plan.steps), (0, Some(12)));
    let text = retort(at, &["distil", "student.toml", "--plan", "--device", "cpu"]).fine();
    for part in ["It can start.", "label \"label\"", "negative 32, positive 32", "student: bert, 1 layers of 16"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert!(!at.join("runs/student").exists());

    let words = ["distil", "student.toml", "--plan", "--device", "cpu", "--set", "data.source=nowhere", "--set"];
    let said = retort(at, &[&words[..], &["teacher.model=nobody"]].concat());
    assert_eq!(said.code, 2);
    assert!(said.out.contains("nowhere: wanted") && said.out.contains("nobody"), "{}\n{}", said.out, said.err);
}

#[test]
fn models_are_looked_at_side_by_side() {
    let folder = taught();
    let at = folder.path();
    let words = ["attention", "runs/teacher/student", "the film is warm", "--teacher", "runs/teacher/student"];
    let attention: Attention = serde_json::from_str(&told(at, &words)).unwrap();
    assert_eq!((attention.models.len(), attention.models[0].layers.len()), (2, 2));
    assert_eq!(attention.models[0].layers, attention.models[1].layers);
    let count = attention.tokens.len();
    for row in attention.models[0].layers.iter().flatten().flatten() {
        assert!(row.len() == count && (row.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{row:?}");
    }
    let text = retort(at, &[&words[..], &["--layer", "2", "--head", "1", "--device", "cpu"]].concat()).fine();
    assert!(text.contains("layer 2, head 1") && !text.contains("layer 1,"), "{text}");
    assert_eq!(text.lines().filter(|line| line.contains('|')).count(), 2 * count);
    let error = retort(at, &[&words[..], &["--head", "3", "--device", "cpu"]].concat()).refused(2);
    assert!(error.starts_with("retort: --layer, --head: wanted"), "{error}");
    let words = ["attention", "runs/teacher/student", " ", "--device", "cpu"];
    assert!(retort(at, &words).refused(2).contains("wanted a text to look at"));
}

#[test]
fn teacher_and_student_of_a_run_are_compared() {
    let folder = taught();
    let at = folder.path();
    retort(at, &["distil", "student.toml", "--device", "cpu"]).fine();
    let log = fs::read(at.join("runs/student/metrics.jsonl")).unwrap();
    let text = told(at, &["disagree", "runs/student", "--most", "3"]);
    let Disagreements::Classes(classes) = serde_json::from_str(&text).unwrap() else { panic!("words") };
    assert_eq!((classes.examples, classes.most.len()), (16, 3));
    for counts in [&classes.both, &classes.teacher_by_label, &classes.student_by_label] {
        assert_eq!(counts.iter().flatten().sum::<usize>(), 16);
    }
    let same: usize = (0..2).map(|class| classes.both[class][class]).sum();
    assert_eq!(classes.agreement, same as f64 / 16.0);
    // So is where they look.
    let attention: Attention = serde_json::from_str(&told(at, &["attention", "runs/student", "a warm film"])).unwrap();
    let who: Vec<&str> = attention.models.iter().map(|model| model.who.as_str()).collect();
    assert_eq!(who, ["teacher", "student"]);
    let text = retort(at, &["disagree", "runs/student", "--device", "cpu"]).fine();
    assert!(text.contains("16 sentences of dev") && text.contains("the teacher's class"), "{text}");
    assert_eq!(fs::read(at.join("runs/student/metrics.jsonl")).unwrap(), log);
    assert!(retort(at, &["disagree", "data", "--device", "cpu"]).refused(2).contains("data: wanted a run, found none"));
}

#[test]
fn a_step_is_taken_apart_after_some_others() {
    let folder = taught();
    let at = folder.path();
    let text = told(at, &["step", "student.toml", "--after", "2", "--example", "5"]);
    let apart: Apart = serde_json::from_str(&text).unwrap();
    assert_eq!((apart.step, apart.of_phase, apart.followed.steps), (2, [2, 12], 3));
    let sum: f64 = apart.terms.iter().map(|term| term.weighted).sum();
    assert!((sum - apart.total).abs() < 1e-6, "{sum} {}", apart.total);
    let own =
        ["step", "student.toml", "--text", "the film is warm", "--label", "positive", "--weight", "classifier.bias:1"];
    let text = retort(at, &[&own[..], &["--device", "cpu"]].concat()).fine();
    for part in ["weight   classifier.bias[1], step 1", "layer 1 attention", "\"positive\" is asked for", "T=2: p"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert!(!at.join("runs/student").exists());

    // A run that stands somewhere is looked at there, and goes on as if it had not been.
    let whole = events(&retort(at, &["distil", "student.toml", "--device", "cpu", "--json"]).fine());
    let error = retort(at, &["step", "runs/student", "--device", "cpu"]).refused(2);
    assert!(error.ends_with("wanted a step to come, found a run whose steps are all taken"), "{error}");
    assert_eq!(losses(&whole).len(), 12);
    let error = retort(at, &["step", "student.toml", "--after", "13", "--device", "cpu"]).refused(2);
    assert!(error.contains("--after: wanted at most 12 steps, found 13"), "{error}");
}
