//! Units are taken out of models, by the program.

use std::{fs, path::Path};

use serde_json::Value;

use crate::{cli::taught, program::retort};

const PRUNE: [&str; 6] = ["prune", "runs/teacher/student", "--data", "data", "--device", "cpu"];

fn prune(at: &Path, more: &[&str]) -> String {
    retort(at, &[&PRUNE[..], more].concat()).fine()
}

#[test]
fn what_is_left_is_smaller_and_computes_the_same() {
    let folder = taught();
    let at = folder.path();
    // Two layers of two heads and 32 neurons: of 4 heads one goes, of 64 neurons 16.
    let text = prune(at, &["--percent", "25", "--out", "small"]);
    assert!(text.contains("within 1e-5") && text.contains("yes  a small directory for Retort"), "{text}");
    let map: Value = serde_json::from_slice(&fs::read(at.join("small/sparsity.json")).unwrap()).unwrap();
    let layers = map["kept"]["layers"].as_array().unwrap();
    let left = |key: &str| layers.iter().map(|layer| layer[key].as_array().unwrap().len()).sum::<usize>();
    assert_eq!([left("heads"), left("neurons")], [3, 48]);
    let size = |path: &str| fs::metadata(at.join(path)).unwrap().len();
    assert!(size("small/compact/model.safetensors") < size("runs/teacher/student/model.safetensors"));
    // The small one and the one with zeros are one model.
    let eval = |dir: &str| retort(at, &["eval", dir, "--data", "data", "--device", "cpu", "--json"]).fine();
    let [small, dense]: [Value; 2] = ["small/compact", "small"].map(|dir| serde_json::from_str(&eval(dir)).unwrap());
    assert_eq!(small["accuracy"], dense["accuracy"]);
    assert!((small["loss"].as_f64().unwrap() - dense["loss"].as_f64().unwrap()).abs() < 1e-5);
    let error = retort(at, &[&PRUNE[..], &["--out", "small"]].concat()).refused(2);
    assert_eq!(error, "retort: small: wanted an empty directory or none, found one with files in it");
}

#[test]
fn an_uneven_student_is_taken_home_with_zeros_and_compact() {
    let folder = taught();
    let at = folder.path();
    prune(at, &["--percent", "25", "--out", "small", "--onnx"]);
    let sets = ["--set", "student.model=small/compact", "--set", "phases.0.steps=2", "--out", "runs/uneven"];
    retort(at, &[&["train", "teacher.toml", "--device", "cpu"], &sets[..]].concat()).fine();
    retort(at, &["export", "runs/uneven", "home", "--onnx"]).fine();
    let size = |path: &str| fs::metadata(at.join(path)).unwrap().len();
    assert!(size("home/compact/model.safetensors") < size("home/model.safetensors"));
    assert_eq!(size("home/model.onnx"), size("small/model.onnx"), "the graph is of the small one");
    retort(at, &["predict", "home/compact", "a warm film", "--device", "cpu"]).fine();
}

#[test]
fn the_plan_is_told_before_anything_is_done() {
    let folder = taught();
    let at = folder.path();
    let plan =
        |more: &[&str]| -> Value { serde_json::from_str(&prune(at, &[&["--plan", "--json"], more].concat())).unwrap() };
    let even = plan(&["--heads", "0", "--neurons", "50", "--spread", "layer"]);
    assert_eq!(even["layers"][1], serde_json::json!([[2, 32], [2, 16]]));
    assert!(even["targets"]["stock"].is_null() && even["targets"].as_object().unwrap().len() == 3);
    let uneven = plan(&["--percent", "40"]);
    assert!(uneven["targets"]["stock"].is_string() && uneven["targets"]["padded"].is_null());
    assert!(uneven["operations"][1].as_u64() < uneven["operations"][0].as_u64());
    let others = plan(&["--by", "random", "--seed", "3"]);
    assert_ne!(others["layers"], plan(&["--by", "magnitude", "--neurons", "10"])["layers"]);
}

#[test]
fn what_cannot_be_pruned_is_refused() {
    let folder = taught();
    let at = folder.path();
    let refused = |more: &[&str]| retort(at, &[&PRUNE[..], &["--plan"], more].concat()).refused(2);
    assert_eq!(
        refused(&["--percent", "100"]),
        "retort: --heads: wanted something that is left of the model, found nothing"
    );
    let told = retort(at, &["score", "builtin:rotten-tomatoes", "--data", "data", "--device", "cpu", "--json"]).fine();
    fs::write(at.join("scores.json"), told).unwrap();
    let error = refused(&["--scores", "scores.json"]);
    assert!(error.contains("scores.json: wanted scores of the model (") && error.contains("found those of builtin:"));
}

const STARK: &str = "\n[stark]\nlevels = [25, 50]\n";

/// Writes `stark.toml`: the student's run file, shorter, with sparse teachers.
fn lay(at: &Path) {
    let student = fs::read_to_string(at.join("student.toml")).unwrap().replace("steps = 12", "steps = 4");
    fs::write(at.join("stark.toml"), student.replace("name = \"student\"", "name = \"stark\"") + STARK).unwrap();
}

#[test]
fn sparse_teachers_teach_and_are_compared() {
    let folder = taught();
    let at = folder.path();
    lay(at);
    let text = retort(at, &["stark", "stark.toml", "--device", "cpu"]).fine();
    for wanted in ["[1 of 6] trial", "[2 of 6] scores", "[6 of 6] random: the teacher without 50 %", "(best on dev)"] {
        assert!(text.contains(wanted), "no `{wanted}` in\n{text}");
    }
    let report: Value = serde_json::from_slice(&fs::read(at.join("runs/stark/report.json")).unwrap()).unwrap();
    let arms: Vec<&str> = report["arms"].as_array().unwrap().iter().map(|arm| arm["name"].as_str().unwrap()).collect();
    assert_eq!(arms, ["lambda-0.5", "random"]);
    for figure in ["scores", "students", "teachers"] {
        assert!(fs::read_to_string(at.join(format!("runs/stark/{figure}.svg"))).unwrap().starts_with("<svg"));
    }
    // What is over is told again, and nothing is done twice.
    let log = fs::read(at.join("runs/stark/random-50/metrics.jsonl")).unwrap();
    let again = retort(at, &["stark", "stark.toml", "--device", "cpu", "--resume", "--json"]).fine();
    assert!(again.lines().last().unwrap().contains("\"told\":\"done\""), "{again}");
    assert_eq!(fs::read(at.join("runs/stark/random-50/metrics.jsonl")).unwrap(), log);
    // The best student by dev is taken home; that of a level is a model like any other.
    retort(at, &["export", "runs/stark", "home"]).fine();
    let log = fs::read_to_string(at.join("home/metrics.jsonl")).unwrap();
    assert!(log.contains("\"event\":\"done\""), "{log}");
    retort(at, &["predict", "home", "a warm film", "--device", "cpu"]).fine();
    retort(at, &["predict", "runs/stark/lambda-0.5-50", "a warm film", "--device", "cpu"]).fine();
}

#[test]
fn what_sparse_teachers_cannot_teach_is_refused_before_the_trial() {
    let folder = taught();
    let at = folder.path();
    lay(at);
    let maps = "phases.0.objectives=[{ method = \"attention_scores\" }]";
    let words =
        ["stark", "stark.toml", "--device", "cpu", "--out", "refused", "--set", maps, "--set", "student.heads=2"];
    let error = retort(at, &words).refused(2);
    let wanted = "retort: phases.0: attention_scores: wanted models with all their heads, whose maps can be compared, \
                  found a teacher of whose heads some are gone";
    assert_eq!(error, wanted);
    assert!(!at.join("refused/run.toml").exists());
}

#[test]
fn seeds_are_told_together() {
    let folder = taught();
    let at = folder.path();
    lay(at);
    let words = ["stark", "stark.toml", "--device", "cpu", "--seeds", "2", "--continue", "--set", "stark.levels=[50]"];
    // One seed is there already, as it is alone.
    let alone = ["--set", "stark.levels=[50]", "--set", "seed=1", "--out", "runs/stark/seed-1"];
    retort(at, &[&words[..4], &alone].concat()).fine();
    let log = fs::read(at.join("runs/stark/seed-1/random-50/metrics.jsonl")).unwrap();
    let text = retort(at, &words).fine();
    assert!(text.contains("Seed 2 of 2") && text.contains("2 seeds. On test the whole teacher has "), "{text}");
    assert_eq!(fs::read(at.join("runs/stark/seed-1/random-50/metrics.jsonl")).unwrap(), log);
    let read = |path: &str| -> Value { serde_json::from_slice(&fs::read(at.join(path)).unwrap()).unwrap() };
    let together = read("runs/stark/report.json");
    let of = |seed: u64| {
        let report = read(&format!("runs/stark/seed-{seed}/report.json"));
        report["arms"][1]["levels"][1]["student"][1]["accuracy"].as_f64().unwrap()
    };
    let random = &together["sweeps"][1];
    assert_eq!(random["name"], "random");
    let mean = random["levels"][0]["student"]["mean"].as_f64().unwrap();
    assert!((mean - (of(1) + of(2)) / 2.0).abs() < 1e-12, "{random}");
    assert_eq!(together["pairs"][0]["difference"]["count"], 2);
    for figure in ["students", "confidence"] {
        assert!(fs::read_to_string(at.join(format!("runs/stark/{figure}.svg"))).unwrap().starts_with("<svg"));
    }
    let error = retort(at, &[&words[..6], &["--set", "seed=7"]].concat()).refused(2);
    assert_eq!(error, "retort: --set: wanted another key than seed, with --seeds, found seed");
}

#[test]
fn a_student_shrinks_from_its_teacher() {
    let folder = taught();
    let at = folder.path();
    let homo =
        "name = \"homo\"\n[data]\nsource = \"data\"\nmax_length = 24\n[teacher]\nmodel = \"runs/teacher/student\"\n";
    fs::write(at.join("homo.toml"), homo).unwrap();
    let set = |assignment: &'static str| ["--set", assignment];
    let sets = [
        set("phases.0.stage=task"),
        set("phases.0.steps=8"),
        set("phases.0.batch=8"),
        set("phases.0.shrinking.every=2"),
        set("phases.1.steps=4"),
        set("phases.1.batch=8"),
    ]
    .concat();
    let text = retort(at, &[&["homodistil", "homo.toml", "--device", "cpu"], &sets[..]].concat()).fine();
    assert!(text.contains("smaller  at step ") && text.contains("times fewer parameters"), "{text}");
    let config: Value = serde_json::from_slice(&fs::read(at.join("runs/homo/student/config.json")).unwrap()).unwrap();
    assert_eq!([&config["hidden_size"], &config["intermediate_size"]], [8, 16]);
    for figure in ["discrepancy", "size"] {
        assert!(fs::read_to_string(at.join(format!("runs/homo/{figure}.svg"))).unwrap().starts_with("<svg"));
    }
}
