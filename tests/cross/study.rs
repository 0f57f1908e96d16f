//! `retort study`: every cell once, whatever happens to the process.

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    time::SystemTime,
};

use crate::{
    cli::taught,
    program::{path, retort, said},
};

const HEAT: &str = r#"
name = "heat"
base = "student.toml"
seeds = [1, 2]

[resources]
cores = 1

[[axes]]
name = "T"
points = [
    { name = "T=1", set = ["phases.0.objectives.0.temperature=1.0"] },
    { name = "T=4", set = ["phases.0.objectives.0.temperature=4.0"] },
]
"#;

pub const CELLS: [&str; 4] = ["T-1_seed-1", "T-1_seed-2", "T-4_seed-1", "T-4_seed-2"];

/// A folder with a teacher and a study of two points and two seeds, each cell of so many steps.
pub fn bench(steps: usize) -> tempfile::TempDir {
    let folder = taught();
    let student = fs::read_to_string(folder.path().join("student.toml")).unwrap();
    fs::write(folder.path().join("student.toml"), student.replace("steps = 12", &format!("steps = {steps}"))).unwrap();
    fs::write(folder.path().join("heat.toml"), HEAT).unwrap();
    folder
}

/// The program, told to run a study and to say what happens in JSON.
pub fn study(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(path());
    command.current_dir(folder).args(["study", "heat.toml", "--device", "cpu", "--json"]).args(words);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Reads what is told until this event was told `count` times.
pub fn until(reader: &mut BufReader<ChildStdout>, event: &str, count: usize) {
    let (mut line, mut seen) = (String::new(), 0);
    while seen < count {
        line.clear();
        assert!(reader.read_line(&mut line).unwrap() > 0, "the study ended before `{event}`");
        seen += usize::from(line.contains(&format!(r#""event":"{event}""#)));
    }
}

/// Starts a study, and waits until this was told `count` times.
pub fn started(mut command: Command, event: &str, count: usize) -> (Child, BufReader<ChildStdout>) {
    let mut child = command.spawn().unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    until(&mut reader, event, count);
    (child, reader)
}

/// Cells whose logs say that they are over.
pub fn finished(study: &Path) -> BTreeSet<String> {
    let over = |cell: &&&str| {
        let log = fs::read_to_string(study.join("cells").join(cell).join("metrics.jsonl")).unwrap_or_default();
        log.contains(r#""event":"done""#)
    };
    CELLS.iter().filter(over).map(|cell| (*cell).to_owned()).collect()
}

/// Every file below a folder, with its bytes and when they were written.
fn frozen(folder: &Path) -> Vec<(String, Vec<u8>, SystemTime)> {
    let mut found = vec![];
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let written = fs::metadata(&path).unwrap().modified().unwrap();
                found.push((path.display().to_string(), fs::read(&path).unwrap(), written));
            }
        }
    }
    found.sort();
    found
}

/// Asserts that the table has every figure of every cell once, and gives it.
#[track_caller]
pub fn table(study: &Path) -> String {
    let text = fs::read_to_string(study.join("results.csv")).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("cell,T,seed,who,split,metric,value"));
    let keys: Vec<&str> = lines.map(|line| line.rsplit_once(',').unwrap().0).collect();
    let distinct: BTreeSet<&str> = keys.iter().copied().collect();
    // Five figures of the teacher, six of student and of control.
    assert_eq!((keys.len(), distinct.len()), (4 * 17, 4 * 17), "{text}");
    for cell in CELLS {
        assert_eq!(keys.iter().filter(|key| key.starts_with(&format!("{cell},"))).count(), 17, "{text}");
    }
    text
}

#[test]
fn a_study_from_run_file_to_report() {
    let folder = bench(12);
    let at = folder.path();
    let text = retort(at, &["study", "heat.toml", "--device", "cpu", "--jobs", "2", "--out", "here"]).fine();
    for wanted in ["study    heat: 4 cells in here, 0 of them finished", "(4 of 4): accuracy teacher ", "T=4"] {
        assert!(text.contains(wanted), "no `{wanted}` in\n{text}");
    }
    table(&at.join("here"));
    let report = fs::read_to_string(at.join("here/report.md")).unwrap();
    assert!(report.starts_with("# heat\n\n2 settings and 2 seeds make 4 cells; all are finished."), "{report}");
    for wanted in ["| T=1 | 2 |", "| T=4 | 2 |", "## Along T", "| - | T=4 | T=1 |", "- Seeds: 1, 2\n", "(cpu)"] {
        assert!(report.contains(wanted), "no `{wanted}` in\n{report}");
    }
    for figure in ["accuracy.svg", "difference.svg"] {
        assert!(report.contains(&format!("({figure})")));
        assert!(fs::read_to_string(at.join("here").join(figure)).unwrap().contains("T=4"));
    }
    // A cell is an ordinary run: the same run file by hand gives the same figures.
    let cell = "here/cells/T-4_seed-2";
    retort(at, &["distil", &format!("{cell}.toml"), "--device", "cpu", "--out", "hand"]).fine();
    let student = |run: &str| fs::read(at.join(run).join("student/model.safetensors")).unwrap();
    assert!(student(cell) == student("hand"));
    // Done again, nothing is.
    let before = frozen(&at.join("here/cells"));
    let report_before = fs::read(at.join("here/report.md")).unwrap();
    let text = retort(at, &["study", "heat.toml", "--device", "cpu", "--out", "here"]).fine();
    assert!(text.contains("4 of them finished") && !text.contains("started"), "{text}");
    assert!(frozen(&at.join("here/cells")) == before);
    assert_eq!(fs::read(at.join("here/report.md")).unwrap(), report_before);
}

#[cfg(unix)]
#[test]
fn a_study_that_is_killed_and_interrupted_runs_every_cell_once() {
    let folder = bench(300);
    let at = folder.path();
    let heat = at.join("studies/heat");

    let (mut child, reader) = started(study(at, &[]), "finished", 1);
    child.kill().unwrap();
    child.wait().unwrap();
    drop(reader);
    let done = finished(&heat);
    assert!((1..4).contains(&done.len()), "{done:?}");
    let before: Vec<_> = done.iter().map(|cell| frozen(&heat.join("cells").join(cell))).collect();

    let (child, reader) = started(study(at, &["--jobs", "2"]), "started", 1);
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let rest: Vec<String> = reader.lines().map_while(Result::ok).collect();
    let ended = said(&child.wait_with_output().unwrap());
    assert_eq!(ended.code, 130, "{}\n{rest:?}", ended.err);
    assert!(ended.err.contains("cells are finished in studies/heat; go on with: "), "{}", ended.err);
    assert!(finished(&heat).len() < 4, "the interrupt came too late to tell anything");

    let output = study(at, &["--jobs", "2"]).output().unwrap();
    let text = said(&output).fine();
    for (cell, before) in done.iter().zip(before) {
        assert!(frozen(&heat.join("cells").join(cell)) == before, "{cell} was finished and then touched");
        assert!(!text.contains(&format!(r#""event":"started","cell":"{cell}""#)), "{text}");
    }
    let killed = table(&heat);
    study(at, &["--out", "whole"]).output().map(|output| said(&output).fine()).unwrap();
    assert_eq!(killed, table(&at.join("whole")), "a study never stopped has the same table");
}

#[test]
fn a_run_that_is_started_twice_runs_once_and_tells_an_end_that_was_cut_off() {
    let folder = bench(30);
    let at = folder.path();
    let words = ["distil", "student.toml", "--device", "cpu", "--out", "run", "--continue", "--json"];
    let both = [0, 1].map(|_| {
        let mut command = Command::new(path());
        command.current_dir(at).args(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    });
    let told = both.map(|child| said(&child.wait_with_output().unwrap()).fine());
    assert_eq!(told.iter().filter(|told| told.is_empty()).count(), 1, "one of them had nothing to do: {told:?}");
    let log = at.join("run/metrics.jsonl");
    let whole = fs::read_to_string(&log).unwrap();
    assert_eq!(whole.matches(r#""event":"started""#).count(), 1);

    // A kill after the last checkpoint and before the last lines.
    let results = |text: &str| -> BTreeSet<String> {
        text.lines().filter(|line| line.contains(r#""split":"test""#)).map(str::to_owned).collect()
    };
    let cut = whole.find(r#""split":"test""#).unwrap();
    fs::write(&log, &whole[..cut]).unwrap();
    retort(at, &words).fine();
    let mended = fs::read_to_string(&log).unwrap();
    assert!(mended.contains(r#""event":"done""#) && results(&mended) == results(&whole), "{mended}");
    assert_eq!(retort(at, &words).fine(), "");
    assert_eq!(fs::read_to_string(&log).unwrap(), mended, "what is over is left alone");
}

#[test]
fn a_cell_that_fails_is_named_and_the_others_go_on() {
    let folder = bench(4);
    let at = folder.path();
    let point = r#"{ name = "none", set = ["teacher.model=nowhere"] },
]"#;
    fs::write(at.join("heat.toml"), HEAT.replace("seeds = [1, 2]", "seeds = 1").replace("\n]", &format!("\n{point}")))
        .unwrap();
    let ended = retort(at, &["study", "heat.toml", "--device", "cpu"]);
    assert_eq!(ended.code, 1, "{}\n{}", ended.out, ended.err);
    assert_eq!(ended.err, "retort: 1 of 3 cells failed; the same command tries them again");
    assert!(ended.out.contains("FAILED   none_seed-1: nowhere"), "{}", ended.out);
    assert!(ended.out.contains("finished T-4_seed-1 (2 of 3)"), "{}", ended.out);
    let report = fs::read_to_string(at.join("studies/heat/report.md")).unwrap();
    assert!(report.contains("2 of them are finished.") && report.contains("- Not finished: `none_seed-1`: nowhere"));
    assert!(report.contains("cannot be told: one seed has no interval"), "{report}");
    // Mended, it is all that is run.
    fs::create_dir(at.join("nowhere")).unwrap();
    for file in fs::read_dir(at.join("runs/teacher/student")).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), at.join("nowhere").join(file.file_name())).unwrap();
    }
    let text = retort(at, &["study", "heat.toml", "--device", "cpu"]).fine();
    assert!(text.contains("2 of them finished") && text.matches("started").count() == 1, "{text}");
}

#[test]
fn a_base_without_a_teacher_is_said_to_have_no_twin() {
    let folder = bench(4);
    let at = folder.path();
    fs::write(at.join("plain.toml"), "name = \"plain\"\nbase = \"teacher.toml\"\nseeds = 1\n").unwrap();
    let text = retort(at, &["study", "plain.toml", "--device", "cpu"]).fine();
    assert!(text.contains("note     no teacher, so no untaught twin"), "{text}");
    let report = fs::read_to_string(at.join("studies/plain/report.md")).unwrap();
    assert!(report.contains("There is no teacher in this study"), "{report}");
    assert!(!at.join("studies/plain/difference.svg").exists());
}

#[test]
fn mistakes_in_studies_are_answered_before_anything_is_run() {
    let folder = bench(4);
    let at = folder.path();
    let refused = |from: &str, to: &str, words: &[&str]| {
        fs::write(at.join("bad.toml"), HEAT.replace(from, to)).unwrap();
        retort(at, &[&["study", "bad.toml", "--device", "cpu"], words].concat()).refused(2)
    };
    let error = refused("seeds =", "seed =", &[]);
    assert!(error.contains("bad.toml, line 4: wanted `seeds` (or ") && error.ends_with("found `seed`"), "{error}");
    let error = refused("student.toml", "none.toml", &[]);
    assert_eq!(error, "retort: bad.toml: base none.toml: wanted a readable file, found nothing there");
    let error = refused("0.temperature=4.0", "0.temprature=4.0", &[]);
    assert!(error.contains("axis `T`, point `T=4`: ") && error.contains("temperature"), "{error}");
    let error = refused("", "", &["--on", "hyperqueue", "--jobs", "2"]);
    assert!(error.contains("--jobs: wanted none with --on hyperqueue"), "{error}");
    assert!(!at.join("studies").exists(), "nothing is written for what does not fit");

    retort(at, &["study", "heat.toml", "--device", "cpu", "--jobs", "2"]).fine();
    let before = frozen(&at.join("studies/heat"));
    let error = refused("[1, 2]", "[1, 3]", &[]);
    let wanted = "wanted what the study was started with (or another --out), found something else";
    assert_eq!(error, format!("retort: studies/heat/study.toml: {wanted}"));
    assert!(frozen(&at.join("studies/heat")) == before);
}
