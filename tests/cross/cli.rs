//! The command line, run as a process.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
};

use crate::program::{path, retort, said};
use retort_core::train::Event;

/// Sentences that two words decide.
fn sentences(count: usize, shift: usize) -> String {
    let good = ["warm", "funny", "bright", "tender"];
    let bad = ["dull", "flat", "cold", "noisy"];
    let rest = ["the", "film", "is", "a", "story", "of", "people", "who", "walk", "at", "night"];
    let mut text = String::from("text\tlabel\n");
    for index in 0..count {
        let seed = index * 7 + shift;
        let words: Vec<&str> =
            (0..4 + seed % 5).map(|place| rest[(seed + place * (1 + seed % 3)) % rest.len()]).collect();
        let (word, label) = if index % 2 == 0 { (good[seed % 4], "positive") } else { (bad[seed % 4], "negative") };
        text.push_str(&format!("{} {word}\t{label}\n", words.join(" ")));
    }
    text
}

const TEACHER: &str = r#"
name = "teacher"
[data]
source = "data"
tokenizer = "tokenizer.json"
max_length = 24
[student]
layers = 2
hidden = 16
heads = 2
intermediate = 32
[[phases]]
steps = 12
batch = 8
eval_every = 6
log_every = 3
"#;

const STUDENT: &str = r#"
name = "student"
control = true
[data]
source = "data"
max_length = 24
[teacher]
model = "runs/teacher/student"
[student]
layers = 1
hidden = 16
heads = 2
intermediate = 32
[[phases]]
steps = 12
batch = 8
eval_every = 6
log_every = 1
[[phases.objectives]]
method = "kd"
"#;

/// A folder with sentences, a vocabulary, run files, and no run yet.
pub fn bench() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    fs::create_dir(at.join("data")).unwrap();
    for (name, count) in [("train", 64), ("dev", 16), ("test", 16)] {
        fs::write(at.join(format!("data/{name}.tsv")), sentences(count, name.len())).unwrap();
    }
    fs::write(at.join("teacher.toml"), TEACHER).unwrap();
    fs::write(at.join("student.toml"), STUDENT).unwrap();
    retort(at, &["vocabulary", "data", "tokenizer.json", "--size", "120"]).fine();
    folder
}

/// The same with a trained teacher.
pub fn taught() -> tempfile::TempDir {
    let folder = bench();
    retort(folder.path(), &["train", "teacher.toml", "--device", "cpu"]).fine();
    folder
}

pub fn events(text: &str) -> Vec<Event> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

/// Loss and gradient norm of every logged step.
pub fn losses(events: &[Event]) -> Vec<(usize, f64, f64)> {
    let step = |event: &Event| match event {
        Event::Step(step) => step.losses.as_ref().map(|losses| (step.step, losses.total, losses.grad_norm)),
        _ => None,
    };
    events.iter().filter_map(step).collect()
}

pub fn log(folder: &Path, run: &str) -> Vec<Event> {
    retort_core::train::history(&fs::read(folder.join(run).join("metrics.jsonl")).unwrap())
}

#[test]
fn devices_are_listed_and_the_cpu_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let text = retort(folder.path(), &["devices"]).fine();
    assert!(text.contains("--device cpu") && text.contains("--device auto takes"), "{text}");
    let text = retort(folder.path(), &["devices", "--json"]).fine();
    let last: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(last["api"], "cpu");
}

#[test]
fn a_device_that_is_not_there_is_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = if cfg!(target_os = "macos") { "dx12" } else { "metal" };
    let said = retort(folder.path(), &["eval", "builtin:rotten-tomatoes", "--device", elsewhere]);
    let error = said.refused(1);
    assert!(error.contains("does not exist on") && error.contains("(cpu)"), "{error}");
    let said = retort(folder.path(), &["eval", "builtin:rotten-tomatoes", "--device", "cuda"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("auto, vulkan, metal, dx12, webgpu or cpu"), "{}", said.err);
}

#[test]
fn methods_are_listed_with_formula_and_paper() {
    let folder = tempfile::tempdir().unwrap();
    let text = retort(folder.path(), &["methods"]).fine();
    assert!(text.contains("tinybert       both") && text.contains("relations         Σ_{Z ∈ q,k,v} KL"), "{text}");
    for line in retort(folder.path(), &["methods", "--json"]).fine().lines() {
        let told: serde_json::Value = serde_json::from_str(line).unwrap();
        let recipe = told["matches"].is_object() && told["constraint"].is_string();
        assert!(recipe || told["defaults"].is_object() && told["paper"].is_string(), "{line}");
    }
    // What is printed of a recipe below the first empty line is a run file.
    let text = retort(folder.path(), &["methods", "tinybert"]).fine();
    assert!(text.contains("Jiao et al. 2020") && text.contains("same heads"), "{text}");
    let file = text.split_once("left out:\n\n").unwrap().1;
    assert_eq!(retort_core::run::Run::from_toml("run.toml", file).unwrap().phases.len(), 3);
    let text = retort(folder.path(), &["methods", "atkd"]).fine();
    assert!(text.contains("Zhong") && text.contains("lambda = 0.2"), "{text}");
    let error = retort(folder.path(), &["methods", "tinybirt"]).refused(2);
    assert!(error.contains("wanted `tinybert` (or "), "{error}");
}

#[test]
fn a_device_is_measured() {
    let folder = tempfile::tempdir().unwrap();
    let text = retort(folder.path(), &["bench", "--quick", "--device", "cpu", "--json"]).fine();
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["adapter"]["api"], "cpu");
    let rows = report["rows"].as_array().unwrap();
    for wanted in ["matmul", "copy", "loss", "vocabulary", "relations"] {
        assert!(rows.iter().any(|row| row["name"].as_str().unwrap().contains(wanted)), "no {wanted} in {text}");
    }
    let timed = rows.iter().filter(|row| row["unit"] != "MiB");
    for row in timed {
        assert!(row["value"].as_f64().unwrap() > 0.0 && row["runs"].as_u64().unwrap() >= 3, "{row}");
    }
}

#[test]
fn a_distillation_from_sentences_to_student() {
    let folder = taught();
    let at = folder.path();
    let text = retort(at, &["distil", "student.toml", "--device", "cpu"]).fine();
    for wanted in ["on test", "95 % interval", "teacher ", "student ", "control ", "times fewer parameters"] {
        assert!(text.contains(wanted), "no `{wanted}` in\n{text}");
    }
    for file in ["run.toml", "run.json", "metrics.jsonl", "student/model.safetensors", "student/README.md"] {
        assert!(at.join("runs/student").join(file).is_file(), "{file}");
    }
    // The log says what the machines are told: the same run again, as JSON.
    let text = retort(at, &["distil", "student.toml", "--device", "cpu", "--out", "again", "--json"]).fine();
    let told = events(&text);
    assert!(
        matches!(told.first(), Some(Event::Started(_))) && matches!(told.last(), Some(Event::Done { steps: 12, .. }))
    );
    assert_eq!(losses(&told).len(), 12);
    assert_eq!(losses(&told), losses(&log(at, "runs/student")), "the same run file, seed and device: the same losses");

    let figures =
        retort(at, &["eval", "runs/student", "--data", "data", "--max-length", "24", "--device", "cpu", "--json"]);
    let figures: serde_json::Value = serde_json::from_str(&figures.fine()).unwrap();
    let test = told.iter().find_map(|event| match event {
        Event::Eval(eval) if eval.who == "student" && eval.split == "test" => Some(eval.accuracy),
        _ => None,
    });
    assert_eq!(figures["accuracy"].as_f64(), test, "a saved student is the student that was measured");

    let words = ["predict", "runs/student", "a warm film", "--teacher", "runs/teacher", "--device", "cpu", "--json"];
    let answer: serde_json::Value = serde_json::from_str(&retort(at, &words).fine()).unwrap();
    for model in answer["models"].as_array().unwrap() {
        let sum: f64 = model["probabilities"].as_object().unwrap().values().filter_map(|value| value.as_f64()).sum();
        assert!((sum - 1.0).abs() < 1e-6, "{model}");
    }
    assert_eq!(answer["models"].as_array().unwrap().len(), 2);

    retort(at, &["export", "runs/student", "exported"]).fine();
    let same = |file: &str| {
        fs::read(at.join("exported").join(file)).unwrap()
            == fs::read(at.join("runs/student/student").join(file)).unwrap()
    };
    assert!(same("model.safetensors") && same("config.json") && same("tokenizer.json"));
    let error = retort(at, &["export", "runs/student", "exported"]).refused(2);
    assert!(error.contains("wanted an empty directory or none"), "{error}");
}

#[test]
fn sentences_can_come_through_a_pipe() {
    let folder = taught();
    let mut child = Command::new(path())
        .current_dir(folder.path())
        .args(["predict", "runs/teacher", "--device", "cpu"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"a warm film\n\na dull film\n").unwrap();
    let text = said(&child.wait_with_output().unwrap()).fine();
    assert_eq!(
        text.lines().filter(|line| line.contains("positive 0.") && line.contains("negative 0.")).count(),
        2,
        "{text}"
    );
}

#[test]
fn a_run_is_never_written_over() {
    let folder = taught();
    let at = folder.path();
    let before = fs::read(at.join("runs/teacher/metrics.jsonl")).unwrap();
    let error = retort(at, &["train", "teacher.toml", "--device", "cpu"]).refused(2);
    assert!(error.contains("runs/teacher: wanted a directory without a run, or --resume"), "{error}");
    assert_eq!(fs::read(at.join("runs/teacher/metrics.jsonl")).unwrap(), before);
    let error = retort(at, &["train", "teacher.toml", "--device", "cpu", "--out", "none", "--resume"]).refused(2);
    assert!(error.contains("none: wanted a directory"), "{error}");
    assert!(!at.join("none").exists());
}

#[test]
fn settings_are_replaced_and_mistakes_are_answered() {
    let folder = taught();
    let at = folder.path();
    let set = ["train", "teacher.toml", "--device", "cpu", "--json", "--out", "short", "--set", "phases.0.steps=2"];
    assert_eq!(losses(&events(&retort(at, &set).fine())).last().unwrap().0, 2);
    let error = retort(at, &["train", "teacher.toml", "--out", "no", "--set", "phases.0.stepz=2"]).refused(2);
    assert!(error.contains("stepz") && error.contains("steps"), "{error}");
    let error = retort(at, &["train", "none.toml"]).refused(2);
    assert_eq!(error, "retort: none.toml: wanted a readable file, found nothing there");
    let error = retort(at, &["train", "student.toml"]).refused(2);
    assert!(error.contains("wanted no [teacher] (or use `retort distil`)"), "{error}");
    let error = retort(at, &["distil", "teacher.toml"]).refused(2);
    assert!(error.contains("wanted a [teacher] (or use `retort train`)"), "{error}");
    let error = retort(at, &["eval", "no-such-model", "--data", "data", "--device", "cpu"]).refused(2);
    assert!(error.contains("no-such-model"), "{error}");
    assert!(!at.join("no").exists(), "nothing is written for what does not fit");
}

/// Starts a run that goes on for long, and waits until it has told `count` steps.
#[cfg(unix)]
fn started(folder: &Path, out: &str, count: usize) -> (std::process::Child, BufReader<std::process::ChildStdout>) {
    let mut child = Command::new(path())
        .current_dir(folder)
        .args(["distil", "student.toml", "--device", "cpu", "--json", "--out", out, "--set", "phases.0.steps=400"])
        .args(["--set", "phases.0.eval_every=5"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    let (mut line, mut seen) = (String::new(), 0);
    while seen < count {
        line.clear();
        assert!(reader.read_line(&mut line).unwrap() > 0, "the run ended too early");
        seen += usize::from(line.contains(r#""event":"step""#));
    }
    (child, reader)
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_is_saved_and_goes_on_to_the_same_losses() {
    let folder = taught();
    let at = folder.path();
    let (child, reader) = started(at, "cut", 8);
    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupt.success());
    // Whoever closes the pipe ends the run; so it is read to its end.
    let rest: Vec<String> = reader.lines().map_while(Result::ok).collect();
    let ended = said(&child.wait_with_output().unwrap());
    assert_eq!(ended.code, 130, "{}", ended.err);
    assert!(
        ended.err.contains("saved in cut; go on with: ") && ended.err.trim_end().ends_with("--resume"),
        "{}",
        ended.err
    );
    let stopped = losses(&log(at, "cut")).last().unwrap().0;
    assert!((8..400).contains(&stopped), "stopped after step {stopped}, {} events later", rest.len());

    let words = ["--device", "cpu", "--json", "--set", "phases.0.steps=400", "--set", "phases.0.eval_every=5", "--out"];
    let run = |out: &str, more: &[&str]| {
        let all = [&["distil", "student.toml"], &words[..], &[out], more].concat();
        retort(at, &all).fine()
    };
    let resumed = events(&run("cut", &["--resume"]));
    let Some(Event::Started(first)) = resumed.first() else { panic!("no start") };
    assert_eq!(first.resumed_at, stopped);
    run("whole", &[]);
    assert_eq!(losses(&log(at, "cut")), losses(&log(at, "whole")));
}

#[cfg(unix)]
#[test]
fn a_killed_run_goes_on_from_its_last_checkpoint_to_the_same_losses() {
    let folder = taught();
    let at = folder.path();
    let (mut child, reader) = started(at, "killed", 13);
    child.kill().unwrap();
    child.wait().unwrap();
    drop(reader);
    // A kill in the middle of a write leaves a part of the new file beside the old one, and half a
    // line in the log.
    fs::write(at.join("killed/checkpoints/last.safetensors.partial"), b"half").unwrap();
    let mut log_file = fs::OpenOptions::new().append(true).open(at.join("killed/metrics.jsonl")).unwrap();
    log_file.write_all(br#"{"event":"step","st"#).unwrap();

    let words =
        ["distil", "student.toml", "--device", "cpu", "--set", "phases.0.steps=400", "--set", "phases.0.eval_every=5"];
    retort(at, &[&words[..], &["--out", "killed", "--resume"]].concat()).fine();
    retort(at, &[&words[..], &["--out", "whole"]].concat()).fine();
    assert_eq!(losses(&log(at, "killed")), losses(&log(at, "whole")));
}

/// As a user who may not write there: the superuser may write everywhere.
#[cfg(unix)]
#[test]
fn a_read_only_directory_is_one_sentence() {
    use std::os::unix::{fs::PermissionsExt, process::CommandExt};
    let folder = taught();
    let at = folder.path();
    let program = at.join("retort");
    fs::copy(path(), &program).unwrap();
    fs::create_dir(at.join("shut")).unwrap();
    for (path, mode) in [("", 0o755), ("retort", 0o755), ("shut", 0o555)] {
        fs::set_permissions(at.join(path), fs::Permissions::from_mode(mode)).unwrap();
    }
    let mut command = Command::new(&program);
    command.current_dir(at).args(["train", "teacher.toml", "--device", "cpu", "--out", "shut/run"]);
    let superuser = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
    if superuser {
        command.uid(65_534).gid(65_534);
    }
    let error = said(&command.output().unwrap()).refused(1);
    assert_eq!(error, "retort: shut/run: the system gives no permission");
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(path())
        .current_dir(folder.path())
        .arg("methods")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ended = said(&child.wait_with_output().unwrap());
    assert!(!ended.err.contains("panicked"), "{}", ended.err);
}
