//! `retort study --on hyperqueue`, with a real server and two workers on the loopback.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use retort_core::train::Event;

use crate::{
    program::{retort, root, said},
    study::{CELLS, bench, finished, started, study, table, until},
};

/// The Python that has HyperQueue, if there is one.
fn python() -> Option<String> {
    let given = env::var("RETORT_HQ").unwrap_or_else(|_| "python3".into());
    let there = Command::new(&given).args(["-c", "import hyperqueue"]).output().is_ok_and(|out| out.status.success());
    if !there {
        assert!(env::var_os("RETORT_REQUIRE_HQ").is_none(), "`{given}` has no package `hyperqueue`");
        println!("SKIPPED: `{given}` has no package `hyperqueue` (RETORT_HQ may name another Python)");
    }
    there.then_some(given)
}

/// A server or a worker, as a process of its own; it ends with this.
struct Part(Child);

impl Part {
    fn start(python: &str, words: &[&Path], role: &str) -> Self {
        let mut child = Command::new(python)
            .arg(root().join("tests/cross/cluster.py"))
            .arg(role)
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = lines.map_while(Result::ok).any(|line| line == "ready");
        let part = Self(child);
        assert!(ready, "the {role} does not start");
        part
    }

    /// Without a word to anybody.
    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[track_caller]
fn wait_for(what: &str, holds: impl Fn() -> bool) {
    let since = Instant::now();
    while !holds() {
        assert!(since.elapsed() < Duration::from_secs(120), "no {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn job(heat: &Path) -> serde_json::Value {
    serde_json::from_slice::<serde_json::Value>(&fs::read(heat.join("hyperqueue.json")).unwrap()).unwrap()["job"]
        .clone()
}

/// How often a cell was started, and the steps that it had behind it each time.
fn starts(heat: &Path, cell: &str) -> Vec<usize> {
    let log = fs::read_to_string(heat.join("cells").join(cell).join("metrics.jsonl")).unwrap();
    let events = log.lines().filter_map(|line| serde_json::from_str::<Event>(line).ok());
    events
        .filter_map(|event| if let Event::Started(started) = event { Some(started.resumed_at) } else { None })
        .collect()
}

#[cfg(unix)]
#[test]
fn when_a_worker_is_killed_no_cell_is_lost_and_none_is_counted_twice() {
    let Some(python) = python() else { return };
    let folder = bench(400);
    let (at, heat) = (folder.path(), folder.path().join("studies/heat"));
    let [server, one, two] = ["server", "one", "two"].map(|name| at.join(name));
    let _server = Part::start(&python, &[&server], "server");
    let mut killed = Part::start(&python, &[&one, &server], "worker");
    let _other = Part::start(&python, &[&two, &server], "worker");
    let on = |words: &[&str]| {
        let mut command = study(at, &[&["--on", "hyperqueue"], words].concat());
        command.env("RETORT_HQ", &python).env("HQ_SERVER_DIR", &server);
        command
    };

    // The one who watches goes away; the cells go on.
    let (child, reader) = started(on(&[]), "started", 1);
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    // Whoever closes the pipe ends the study; so it is read to its end.
    assert!(reader.lines().all(|line| line.is_ok()));
    let ended = said(&child.wait_with_output().unwrap());
    assert_eq!(ended.code, 130, "{}", ended.err);
    assert!(ended.err.contains("HyperQueue goes on with the others (`hq job cancel 1` stops them)"), "{}", ended.err);
    let first = job(&heat);

    // Back again, it finds the same job; then one worker dies with a cell that has a checkpoint.
    let (child, mut reader) = started(on(&[]), "started", 2);
    let saved = |cell: &&&str| heat.join("cells").join(cell).join("checkpoints/last.safetensors").is_file();
    wait_for("two cells with a checkpoint", || CELLS.iter().filter(saved).count() >= 2);
    assert!(finished(&heat).len() < 3, "too late to kill anything");
    killed.kill();
    until(&mut reader, "written", 1);
    said(&child.wait_with_output().unwrap()).fine();
    assert_eq!(job(&heat), first, "a job that goes on is not submitted again");

    assert_eq!(finished(&heat).len(), 4);
    let all: Vec<Vec<usize>> = CELLS.iter().map(|cell| starts(&heat, cell)).collect();
    assert_eq!(all.iter().filter(|starts| starts.len() == 2 && starts[1] > 0).count(), 1, "one went on: {all:?}");
    assert_eq!(all.iter().filter(|starts| **starts == [0]).count(), 3, "the others ran once: {all:?}");
    let queued = table(&heat);
    let local = study(at, &["--jobs", "2", "--out", "local"]).output().unwrap();
    said(&local).fine();
    assert_eq!(queued, table(&at.join("local")), "the same table as without any queue");
}

#[test]
fn what_is_missing_is_one_sentence() {
    let folder = bench(4);
    let at = folder.path();
    let refused = |python: &str| {
        let mut command = study(at, &["--on", "hyperqueue"]);
        command.env("RETORT_HQ", python).env("HQ_SERVER_DIR", at.join("no-server"));
        said(&command.output().unwrap()).refused(2)
    };
    let error = refused("no-such-python");
    assert!(error.contains("`pip install hyperqueue`") && error.contains("`no-such-python`: "), "{error}");
    let Some(python) = python() else { return };
    let error = refused(&python);
    assert!(error.contains("`hq server start`, then `hq worker start`"), "{error}");
    // Without a queue it is run here.
    retort(at, &["study", "heat.toml", "--device", "cpu", "--jobs", "2"]).fine();
}
