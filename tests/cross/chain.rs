//! Teacher assistants: a chain from one command, stopped and continued in any hop.

use std::{fs, path::Path};

use retort_core::train::Event;

use crate::{
    cli::{events, log, losses, taught},
    program::retort,
};

/// A run of two assistants, with hops of so many steps.
fn chain(steps: usize) -> tempfile::TempDir {
    let folder = taught();
    let student = fs::read_to_string(folder.path().join("student.toml")).unwrap();
    let chain =
        student.replace("name = \"student\"", "name = \"chain\"").replace("steps = 12", &format!("steps = {steps}"));
    let shape = |layers, hidden| format!("[[assistants]]\nlayers = {layers}\nhidden = {hidden}\n");
    let assistants = shape(2, 12) + &shape(1, 12) + "intermediate = 16\n";
    fs::write(folder.path().join("chain.toml"), chain + &assistants).unwrap();
    folder
}

/// Who learns in the hops that were told, in order.
fn learners(told: &[Event]) -> Vec<String> {
    let learner = |event: &Event| match event {
        Event::Started(started) => Some(started.learner().to_owned()),
        _ => None,
    };
    told.iter().filter_map(learner).collect()
}

#[test]
fn a_chain_from_teacher_to_student_in_one_command() {
    let folder = chain(4);
    let at = folder.path();
    let text = retort(at, &["distil", "chain.toml", "--device", "cpu"]).fine();
    for wanted in [
        "hop      1 of 3: teacher teaches assistant-1",
        "hop      2 of 3: assistant-1 teaches assistant-2",
        "hop      3 of 3: assistant-2 teaches student",
    ] {
        assert!(text.contains(wanted), "no `{wanted}` in\n{text}");
    }
    let table = text.split_once("on test").unwrap().1;
    let rows: Vec<&str> = table.lines().skip(2).take(5).map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(rows, ["teacher", "assistant-1", "assistant-2", "student", "control"], "{text}");
    // An assistant's directory is a run's, and what lies in it a model.
    retort(at, &["predict", "runs/chain/assistant-2", "a warm film", "--device", "cpu"]).fine();
    let card = fs::read_to_string(at.join("runs/chain/student/README.md")).unwrap();
    assert!(card.contains("by way of 2 teacher assistants"), "{card}");
    let short =
        |steps: &str| ["distil", "chain.toml", "--device", "cpu", "--continue", "--set", steps].map(str::to_owned);
    assert_eq!(retort(at, &short("seed=1").each_ref().map(String::as_str)).fine(), "", "a chain that is over");
}

#[cfg(unix)]
#[test]
fn a_chain_goes_on_in_the_hop_where_it_was_stopped() {
    use crate::recipes::interrupted;

    let (folder, steps) = (chain(80), 80);
    let at = folder.path();
    let words = |out: &str| {
        ["distil", "chain.toml", "--device", "cpu", "--json", "--continue", "--out", out].map(str::to_owned).to_vec()
    };
    let run = |out: &str| {
        let words = words(out);
        events(&retort(at, &words.iter().map(String::as_str).collect::<Vec<_>>()).fine())
    };
    let everyone = ["assistant-1", "assistant-2", "student"];
    let whole = run("whole");
    assert_eq!(learners(&whole), everyone);
    for (hop, dir) in ["assistant-1", "assistant-2", ""].into_iter().enumerate() {
        let out = format!("cut-{hop}");
        interrupted(at, &words(&out), hop * steps + 9);
        let stopped = losses(&log(at, &format!("{out}/{dir}"))).last().unwrap().0;
        assert!((9..steps).contains(&stopped), "stopped at step {stopped}");
        if hop == 0 {
            let error = retort(at, &["export", &out, "exported"]).refused(2);
            assert!(
                error.ends_with("wanted a run that has come to its student, found one at hop 1 of 3, assistant-1"),
                "{error}"
            );
        }
        let told = run(&out);
        assert_eq!(learners(&told), everyone[hop..], "a finished hop is not run again");
        let Some(Event::Started(started)) = told.first() else { panic!("no start") };
        assert_eq!(started.resumed_at, stopped);
        for dir in ["assistant-1", "assistant-2", ""] {
            let told = |out: &str| losses(&log(at, &format!("{out}/{dir}")));
            assert_eq!(told(&out), told("whole"), "stopped in hop {}, {dir}", hop + 1);
        }
    }
}

#[test]
fn a_study_compares_a_chain_with_the_way_straight() {
    let folder = chain(3);
    let at = folder.path();
    let text = r#"
name = "way"
base = "chain.toml"
seeds = 1
[[axes]]
name = "way"
points = [{ name = "straight", set = ["assistants=[]"] }, { name = "by assistants" }]
"#;
    fs::write(at.join("way.toml"), text).unwrap();
    retort(at, &["study", "way.toml", "--device", "cpu", "--json"]).fine();
    let table = fs::read_to_string(at.join("studies/way/results.csv")).unwrap();
    let who = |cell: &str| -> Vec<&str> {
        let rows = table.lines().filter(|line| line.starts_with(cell) && line.contains(",accuracy,"));
        rows.map(|line| line.split(',').nth(3).unwrap()).collect()
    };
    assert_eq!(who("straight_"), ["teacher", "student", "control"], "{table}");
    assert_eq!(who("by-assistants_"), ["teacher", "assistant-1", "assistant-2", "student", "control"], "{table}");
}

/// Runs the chain with one value replaced and returns the sentence it is refused with.
fn refused(at: &Path, assignment: &str) -> String {
    let words = ["distil", "chain.toml", "--device", "cpu", "--out", "refused", "--set", assignment];
    let error = retort(at, &words).refused(2);
    assert!(!at.join("refused/run.toml").exists(), "something was written for `{assignment}`");
    error
}

#[test]
fn an_assistant_that_does_not_fit_is_refused_before_any_hop() {
    let folder = chain(4);
    let at = folder.path();
    let error = refused(at, "assistants.1.heads=5");
    assert_eq!(error, "retort: --set: assistants.1.heads: wanted a divisor of the width 12, found 5");
    let error = refused(at, "phases.0.objectives=[{ method = \"hidden\" }]");
    assert!(
        error.starts_with("retort: assistants.0: phases.0: hidden: wanted a student as wide as its teacher, 16,"),
        "{error}"
    );
    let error = refused(at, "assistants.1.init={ layers = [2] }");
    assert_eq!(error, "retort: assistants.1.init: wanted layers of the teacher, 0 to 1, found 2");
    let error = retort(at, &["distil", "chain.toml", "--device", "cpu", "--set", "assistants.0.layer=2"]).refused(2);
    assert!(error.contains("wanted `layers` (or "), "{error}");
}
