use pollster::block_on;

use super::*;
use crate::train::chain::Bench;

const RUN_FILE: &str = r#"
name = "sparse"
control = true
[data]
source = "DATA"
max_length = 16
[teacher]
model = "builtin:rotten-tomatoes"
[student]
layers = 1
hidden = 64
heads = 4
intermediate = 128
init = "first_layers"
[[phases]]
objectives = [{ method = "kd" }]
steps = 4
batch = 4
eval_every = 2
log_every = 1
[stark]
levels = [25, 50]
unstructured = true
auto = true
"#;

fn run_of(bench: &Bench) -> Run {
    Run::from_toml("stark.toml", &RUN_FILE.replace("DATA", &bench.at(""))).unwrap()
}

async fn open(bench: &Bench, run: &Run, out: &str, resume: bool) -> Result<Stark> {
    let store = Store::open(&bench.at(out)).await?;
    Stark::open(run.clone(), store, bench.opened.clone(), resume).await
}

/// To the end.
async fn whole(bench: &Bench, run: &Run, out: &str) -> Vec<Told> {
    let mut stark = open(bench, run, out, false).await.unwrap();
    let mut all = vec![];
    while let Some(told) = stark.next().await.unwrap() {
        all.push(told);
    }
    all
}

fn report(told: &[Told]) -> Report {
    match told.last() {
        Some(Told::Done { report }) => (**report).clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_student_starts_from_the_trials_weights() {
    let bench = Bench::new();
    let all = block_on(whole(&bench, &run_of(&bench), "whole"));
    let report = report(&all);
    let names: Vec<&str> = report.arms.iter().map(|arm| arm.name.as_str()).collect();
    assert_eq!(names, ["auto-0.5", "lambda-0.5", "unstructured-0.5", "random"]);
    for arm in &report.arms {
        assert_eq!(arm.levels[0], report.trial);
        assert!(arm.levels.iter().all(|level| level.init_hash == report.trial.init_hash), "{}", arm.name);
        // The more is gone, the smaller the teacher, and the whole one is the largest.
        assert!(arm.levels.windows(2).all(|pair| pair[1].parameters < pair[0].parameters), "{}", arm.name);
    }
    assert!(report.trial.control.is_some() && report.arms[0].levels[1].control.is_none());
    assert!(report.trial.confidence.unwrap() > 0.0);
    // The directory of a level is that of a run, which says who taught.
    let text = std::fs::read_to_string(bench.at("whole/random-50/run.toml")).unwrap();
    let run = Run::from_toml("run.toml", &text).unwrap();
    assert!(run.stark.is_none() && run.teacher.unwrap().model.ends_with("random-50/teacher"));
    let teacher = block_on(checkpoint::read_dir(&bench.at("whole/random-50/teacher"))).unwrap();
    let sizes = checkpoint::config("teacher", &teacher).unwrap().sizes();
    let whole = checkpoint::read_dir("builtin:rotten-tomatoes");
    let before = checkpoint::config("teacher", &block_on(whole).unwrap()).unwrap().sizes();
    let heads = |sizes: &[crate::model::Size]| sizes.iter().map(|size| size.heads).sum::<usize>();
    assert_eq!(2 * heads(&sizes), heads(&before));
}

#[test]
fn stopped_anywhere_it_comes_to_the_same() {
    let bench = Bench::new();
    let run = run_of(&bench);
    let wanted = report(&block_on(whole(&bench, &run, "whole")));
    // So many steps in a sitting: inside of runs, at their ends, and over several of them.
    for sitting in [1, 4, 6] {
        let out = format!("sittings-{sitting}");
        let mut told = vec![];
        let mut resume = false;
        for _ in 0..200 {
            let mut stark = block_on(open(&bench, &run, &out, resume)).unwrap();
            resume = true;
            let mut steps = 0;
            while let Some(next) = block_on(stark.next()).unwrap() {
                steps += usize::from(matches!(&next, Told::Run { event } if matches!(**event, Event::Step(_))));
                told.push(next);
                if steps >= sitting && stark.is_told() {
                    block_on(stark.save()).unwrap();
                    break;
                }
            }
            if matches!(told.last(), Some(Told::Done { .. })) {
                break;
            }
        }
        assert_eq!(report(&told), wanted, "{sitting} steps in a sitting");
    }
}

#[test]
fn a_pruned_teacher_is_a_student_too() {
    let bench = Bench::new();
    let run = run_of(&bench).set("stark.student=70").unwrap().set("stark.levels=[30]").unwrap();
    let run = run.set("stark.unstructured=false").unwrap().set("stark.auto=false").unwrap();
    let report = report(&block_on(whole(&bench, &run, "pruned")));
    let files = block_on(checkpoint::read_dir(&bench.at("pruned/init"))).unwrap();
    let config = checkpoint::config("init", &files).unwrap();
    let heads: usize = config.sizes().iter().map(|size| size.heads).sum();
    let all = config.num_attention_heads * config.num_hidden_layers;
    assert_eq!(all - heads, (0.7 * all as f64).round_ties_even() as usize);
    assert_eq!(config.hidden_dropout_prob, run.student.dropout);
    assert_eq!(report.arms.len(), 2);
}

#[test]
fn what_does_not_fit_is_refused_before_anything_is_written() {
    let bench = Bench::new();
    let run = run_of(&bench);
    let refused = |assignment: &str| run.set(assignment).unwrap_err().to_string();
    assert!(refused("stark.lambdas=[1.5]").ends_with("stark.lambdas.0: wanted a share from 0 to 1, found 1.5"));
    assert!(refused("stark.levels=[30, 100]").contains("stark.levels: wanted rising per cent"));
    assert!(refused("stark.split=test").contains("stark.split: wanted `dev` or `train`"));
    let lonely = Run { teacher: None, ..run.clone() };
    let error = block_on(open(&bench, &lonely, "refused", false)).err().unwrap().to_string();
    assert!(error.ends_with("stark: wanted a [teacher] that teaches the student itself, found no teacher"), "{error}");
    let wide = run.set("student.init={ layers = [7] }").unwrap();
    let error = block_on(open(&bench, &wide, "refused", false)).err().unwrap().to_string();
    assert!(error.contains("student.init"), "{error}");
    assert!(!bench.folder.path().join("refused/run.toml").exists());
}

/// Scores that lie in the directory but are of another teacher.
#[test]
fn scores_of_another_teacher_are_refused() {
    let bench = Bench::new();
    let run = run_of(&bench).set("stark.levels=[30]").unwrap().set("stark.auto=false").unwrap();
    let mut stark = block_on(open(&bench, &run, "other", false)).unwrap();
    while !matches!(block_on(stark.next()).unwrap(), Some(Told::Scored { .. })) {}
    let path = bench.folder.path().join("other").join(SCORES);
    let mut scores: Scores = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    scores.model_hash = "0".repeat(64);
    std::fs::write(&path, serde_json::to_vec(&scores).unwrap()).unwrap();
    let mut stark = block_on(open(&bench, &run, "other", true)).unwrap();
    let error = loop {
        match block_on(stark.next()) {
            Ok(Some(_)) => {}
            Ok(None) => panic!("scores of another teacher were taken"),
            Err(error) => break error.to_string(),
        }
    };
    assert!(error.contains("scores.json: wanted scores of the model (") && error.contains("(000000000000)"), "{error}");
}
