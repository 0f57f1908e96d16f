//! Runs as files: packed, unpacked elsewhere, gone on with to the same losses; and archives that are none.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use retort_core::train::Event;

use crate::{
    cli::{events, log, losses, taught},
    program::{path, retort},
};

/// The student's run, of so many steps, evaluated every five.
const STEPS: [&str; 6] = ["--set", "phases.0.steps=20", "--set", "phases.0.eval_every=5", "--device", "cpu"];

/// A folder where the run `cut` was stopped half-way: its log ends and its checkpoint lies at step 10.
fn cut_short(at: &Path) {
    let whole = [&["distil", "student.toml", "--out", "whole"][..], &STEPS].concat();
    retort(at, &whole).fine();
    let cut = [&["distil", "student.toml", "--out", "cut", "--json"][..], &STEPS].concat();
    killed_at(at, &cut, |line| matches!(serde_json::from_str(line), Ok(Event::Saved { step: 10, .. })));
}

#[test]
fn a_run_goes_on_from_its_archive_without_anything_else() {
    let folder = taught();
    let at = folder.path();
    cut_short(at);
    let said = retort(at, &["archive", "cut"]).fine();
    assert!(said.starts_with("cut.retort.zip: ") && said.contains("retort distil cut.retort.zip --resume"), "{said}");
    // Somewhere else, where neither the data nor the teacher are.
    let elsewhere = tempfile::tempdir().unwrap();
    fs::copy(at.join("cut.retort.zip"), elsewhere.path().join("moved.retort.zip")).unwrap();
    let there = elsewhere.path();
    let error = retort(there, &["distil", "moved.retort.zip"]).refused(2);
    assert!(error.contains("--resume to go on with an archive"), "{error}");
    let ended = retort(there, &["distil", "moved.retort.zip", "--resume", "--device", "cpu", "--json"]);
    assert_eq!(ended.err, "retort: moved.retort.zip is unpacked into moved");
    let told = events(&ended.fine());
    let Some(Event::Started(started)) = told.first() else { panic!("no start") };
    assert!((10..20).contains(&started.resumed_at), "{}", started.resumed_at);
    assert_eq!(losses(&log(there, "moved")), losses(&log(at, "whole")));
    assert!(there.join("moved/uploads/runs/teacher/student/model.safetensors").is_file());
    // Over, and packed again: it can be done once more from what lies in it.
    let again = retort(there, &["distil", "moved.retort.zip", "--resume", "--device", "cpu", "--json"]);
    assert_eq!(again.err, "retort: moved.retort.zip was unpacked into moved before; going on there");
    again.fine();
    retort(there, &["archive", "moved", "--out", "packed/twice.retort.zip"]).fine();
    let said = retort(there, &["archive", "packed/twice.retort.zip"]).fine();
    assert!(said.starts_with("student lies in packed/twice;"), "{said}");
    retort(there, &["distil", "packed/twice/run.toml", "--out", "repeated", "--device", "cpu"]).fine();
    assert_eq!(losses(&log(there, "repeated")), losses(&log(at, "whole")));
    assert!(there.join("repeated/uploads/data/train.tsv").is_file(), "its own files go with it");
}

/// Starts a command, reads what it tells until a line is the one, and kills it there.
fn killed_at(at: &Path, words: &[&str], wanted: impl Fn(&str) -> bool) {
    let mut child =
        Command::new(path()).current_dir(at).args(words).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| wanted(&line)), "the run ended too early");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn sparse_teachers_move_with_their_students() {
    let folder = taught();
    let at = folder.path();
    let student = fs::read_to_string(at.join("student.toml")).unwrap().replace("steps = 12", "steps = 4");
    fs::write(at.join("stark.toml"), student + "\n[stark]\nlevels = [50]\nrandom = false\n").unwrap();
    retort(at, &["stark", "stark.toml", "--device", "cpu", "--out", "whole"]).fine();
    // Stopped in the run of a sparse teacher's student, whose run file says where both lie.
    let level = std::cell::Cell::new(false);
    killed_at(at, &["stark", "stark.toml", "--device", "cpu", "--out", "cut", "--json"], |line| {
        level.set(level.get() || line.contains("\"stage\":\"level\""));
        level.get() && line.contains("\"event\":\"step\"")
    });
    assert!(fs::read_to_string(at.join("cut/lambda-0.5-50/run.toml")).unwrap().contains("\"cut/init\""));
    retort(at, &["archive", "cut"]).fine();
    let elsewhere = tempfile::tempdir().unwrap();
    let there = elsewhere.path();
    fs::copy(at.join("cut.retort.zip"), there.join("far.retort.zip")).unwrap();
    retort(there, &["stark", "far.retort.zip", "--resume", "--device", "cpu", "--json"]).fine();
    let report = |at: &Path| fs::read_to_string(at.join("report.json")).unwrap();
    assert_eq!(report(&there.join("far")), report(&at.join("whole")));
    assert!(fs::read_to_string(there.join("far/lambda-0.5-50/run.toml")).unwrap().contains("\"far/init\""));
    retort(there, &["report", "far"]).fine();
    let page = fs::read_to_string(there.join("far/report.html")).unwrap();
    assert!(page.contains("On test the student of the whole teacher has") && page.contains("<svg"), "{page}");
}

#[test]
fn an_archive_is_refused_before_anything_is_written() {
    let folder = taught();
    let at = folder.path();
    let error = retort(at, &["archive", "data"]).refused(2);
    assert_eq!(error, "retort: data: wanted a run, found none");
    let error = retort(at, &["archive", "runs/teacher", "--out", "a.zip"]).refused(2);
    assert_eq!(error, "retort: --out: wanted a name that ends in .retort.zip, found `a.zip`");
    retort(at, &["archive", "runs/teacher", "--out", "teacher.retort.zip"]).fine();
    let error = retort(at, &["archive", "teacher.retort.zip", "--out", "runs/teacher"]).refused(2);
    assert_eq!(error, "retort: runs/teacher: wanted a directory without a run, found a run");
    let bytes = fs::read(at.join("teacher.retort.zip")).unwrap();
    fs::write(at.join("half.retort.zip"), &bytes[..bytes.len() / 2]).unwrap();
    for command in [&["archive", "half.retort.zip"][..], &["train", "half.retort.zip", "--resume"]] {
        let error = retort(at, command).refused(2);
        assert!(error.starts_with("retort: half.retort.zip: wanted a whole ZIP file of a run"), "{error}");
        assert!(!at.join("half").exists());
    }
    // One byte of a packed file.
    let mut changed = bytes.clone();
    let name = b"checkpoints/last.safetensors";
    let place = bytes.windows(name.len()).position(|window| window == name).unwrap() + name.len() + 100;
    changed[place] ^= 1;
    fs::write(at.join("changed.retort.zip"), &changed).unwrap();
    let error = retort(at, &["archive", "changed.retort.zip", "--out", "changed"]).refused(2);
    assert!(error.starts_with("retort: changed.retort.zip: checkpoints/last.safetensors: wanted "), "{error}");
    assert!(!at.join("changed").exists());
}

#[test]
fn a_run_branches_from_another_one_s_checkpoint() {
    let folder = taught();
    let at = folder.path();
    let words = ["distil", "student.toml", "--device", "cpu"];
    retort(at, &words).fine();
    let longer = ["--from", "runs/student", "--set", "phases.0.steps=18", "--set", "phases.0.optimizer.lr=0.001"];
    let further =
        |out: &str, more: &[&str]| retort(at, &[&words[..], &longer, &["--out", out, "--json"], more].concat());
    let told = events(&further("further", &[]).fine());
    let Some(Event::Started(started)) = told.first() else { panic!("no start") };
    assert_eq!(started.resumed_at, 12);
    assert_eq!(losses(&log(at, "further")).len(), 18);
    assert_eq!(losses(&log(at, "further"))[..12], losses(&log(at, "runs/student")));
    let about: serde_json::Value = serde_json::from_slice(&fs::read(at.join("further/run.json")).unwrap()).unwrap();
    assert_eq!(about["branched_from"]["name"], "student");
    further("best", &["--best"]).fine();
    let error = further("no", &["--set", "student.hidden=32"]).refused(2);
    assert!(error.starts_with("retort: student.hidden: wanted 16, as in the run that it starts from"), "{error}");
    let error = further("further", &[]).refused(2);
    assert!(error.starts_with("retort: further: wanted a directory without a run"), "{error}");
    let error = retort(at, &[&words[..], &["--from", "runs/student", "--out", "no"]].concat()).refused(2);
    assert_eq!(error, "retort: phases.0.steps: wanted more than the 12 that were taken, found 12");
    assert!(fs::read_dir(at.join("no")).is_ok_and(|mut files| files.next().is_none()), "nothing is written");
}

#[test]
fn a_report_is_one_page_or_markdown_with_figures() {
    let folder = taught();
    let at = folder.path();
    retort(at, &["distil", "student.toml", "--device", "cpu"]).fine();
    assert_eq!(retort(at, &["report", "runs/student"]).fine(), "runs/student/report.html\n");
    let page = fs::read_to_string(at.join("runs/student/report.html")).unwrap();
    for wanted in ["<!doctype html>", "Student against its untaught twin, on test: cannot be told:", "n = 1", "<svg"] {
        assert!(page.contains(wanted), "no {wanted}");
    }
    assert!(!page.contains("<script"));
    retort(at, &["report", "runs/student", "--out", "told/student.md"]).fine();
    let text = fs::read_to_string(at.join("told/student.md")).unwrap();
    assert!(text.contains("![Accuracy on dev](student-accuracy.svg)") && text.contains("```toml"), "{text}");
    for figure in ["student-accuracy.svg", "student-losses.svg"] {
        assert!(fs::read_to_string(at.join("told").join(figure)).unwrap().starts_with("<svg"), "{figure}");
    }
    let error = retort(at, &["report", "runs/student", "--out", "a.pdf"]).refused(2);
    assert!(error.contains("a name that ends in .html or .md"), "{error}");
    let error = retort(at, &["report", "data"]).refused(2);
    assert_eq!(error, "retort: data: wanted the directory of a run or of a study, found neither");
}
