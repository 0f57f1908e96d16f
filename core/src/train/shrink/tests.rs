use pollster::block_on;

use super::*;
use crate::{
    checkpoint,
    model::{Family, tests::values},
    platform::Store,
    run::{Run, Stage},
    train::{Chain, Event, chain::Bench, history},
};

const RUN_FILE: &str = r#"
name = "homo"
control = true
[data]
source = "DATA"
max_length = 16
[teacher]
model = "builtin:rotten-tomatoes"
[student]
init = "teacher"
dropout = 0.0
[[phases]]
steps = 12
batch = 4
eval_every = 5
log_every = 1
objectives = [
  { method = "cross_entropy" },
  { method = "logits", loss = "kl" },
  { method = "hidden", projection = true, identity = true, apart = true },
  { method = "attention_scores" },
  { method = "embeddings", projection = true, identity = true },
]
[phases.shrinking]
keep = 0.5
every = 2
"#;

fn run_of(bench: &Bench, assignments: &[&str]) -> Run {
    let run = Run::from_toml("homo.toml", &RUN_FILE.replace("DATA", &bench.at(""))).unwrap();
    assignments.iter().fold(run, |run, assignment| run.set(assignment).unwrap())
}

async fn open(bench: &Bench, run: &Run, out: &str, resume: bool) -> Result<Chain> {
    Chain::open(run.clone(), Store::open(&bench.at(out)).await?, bench.opened.clone(), resume).await
}

fn whole(bench: &Bench, run: &Run, out: &str) -> Vec<Event> {
    block_on(async {
        let mut chain = open(bench, run, out, false).await.unwrap();
        let mut events = vec![];
        while let Some(event) = chain.next().await.unwrap() {
            events.push(event);
        }
        events
    })
}

/// What happened to the learners: losses and sizes, by step.
fn course(events: &[Event]) -> Vec<String> {
    let one = |event: &Event| match event {
        Event::Step(step) => step.losses.as_ref().map(|losses| format!("{} {:?}", step.step, losses)),
        Event::Shrunk { step, who, sizes, parameters, .. } => Some(format!("{step} {who} {sizes:?} {parameters}")),
        // A teacher is told again in every sitting.
        Event::Eval(eval) if eval.who != "teacher" => {
            Some(format!("{} {} {} {}", eval.step, eval.who, eval.accuracy, eval.loss))
        }
        _ => None,
    };
    let mut all: Vec<String> = events.iter().filter_map(one).collect();
    all.sort();
    all.dedup();
    all
}

#[test]
fn the_student_begins_as_its_teacher_and_ends_narrow() {
    let bench = Bench::new();
    for by in ["platon", "sensitivity", "magnitude", "random"] {
        let run = run_of(&bench, &[&format!("phases.0.shrinking.by={by}")]);
        let events = whole(&bench, &run, by);
        let step =
            events.iter().find_map(|event| if let Event::Step(step) = event { step.losses.clone() } else { None });
        let first = step.unwrap().terms;
        for term in ["kl", "hidden 1", "hidden 2", "attention_scores", "embeddings"] {
            assert!(first[term].abs() < 1e-6, "{by}: {term} is {} at the first step", first[term]);
        }
        let kept = |event: &Event| if let Event::Step(step) = event { step.losses.as_ref()?.kept } else { None };
        let kept: Vec<f64> = events.iter().filter_map(kept).collect();
        assert!(kept.len() == 12 && kept.is_sorted_by(|a, b| a >= b) && kept[11] < 0.6, "{by}: {kept:?}");
        let last = events.iter().rev().find_map(|event| match event {
            Event::Shrunk { who, sizes, parameters, .. } if who == "student" => Some((*sizes, *parameters)),
            _ => None,
        });
        let files = block_on(checkpoint::read_dir(&bench.at(&format!("{by}/student")))).unwrap();
        let config = checkpoint::config("student", &files).unwrap();
        let (sizes, parameters) = last.unwrap();
        assert_eq!(Sizes::of(&config), sizes, "{by}");
        let teacher = block_on(checkpoint::read_dir("builtin:rotten-tomatoes")).unwrap();
        let teacher = Sizes::of(&checkpoint::config("teacher", &teacher).unwrap());
        assert_eq!(
            [2 * sizes.hidden, 2 * sizes.neurons, 2 * sizes.head],
            [teacher.hidden, teacher.neurons, teacher.head]
        );
        assert!(config.is_stock(), "{by}");
        let student = checkpoint::load_model("student", &files, &bench.opened.device).unwrap();
        assert_eq!(student.parameters(), parameters);
        // The twin shrinks as well, by its own loss.
        assert!(events.iter().any(|event| matches!(event, Event::Shrunk { who, .. } if who == "control")), "{by}");
    }
}

#[test]
fn a_slope_that_is_no_number_stops_the_cut() {
    let model = crate::model::tests::model(&burn::tensor::Device::flex());
    let from = Sizes::of(model.config());
    for by in [Importance::Sensitivity, Importance::Platon] {
        let settings = Shrinking { by, keep: Some(0.5), ..Shrinking::default() };
        let target = Sizes::target("phases.0", model.config(), &settings).unwrap();
        let mut shrink = Shrink::new(&settings, model.config(), 10, target, 1, Felt::nothing(from));
        let slopes = collect(&model).into_iter().map(|(name, (_, weights))| (name, weights * f32::NAN)).collect();
        shrink.feel(&model, &slopes);
        let error = block_on(shrink.scores(&model)).unwrap_err().to_string();
        let wanted = "wanted finite slopes, to tell what matters, found a slope that is not a number";
        assert!(error.ends_with(wanted), "{error}");
    }
}

#[test]
fn stopped_between_cuts_it_comes_to_the_same() {
    let bench = Bench::new();
    let run = run_of(&bench, &[]);
    let wanted = course(&whole(&bench, &run, "whole"));
    let mut resume = false;
    for _ in 0..20 {
        let over = block_on(async {
            let mut chain = open(&bench, &run, "sittings", resume).await.unwrap();
            let mut steps = 0;
            while let Some(event) = chain.next().await.unwrap() {
                steps += usize::from(matches!(event, Event::Step(_)));
                if steps == 3 && chain.is_told() {
                    chain.save().await.unwrap();
                    return false;
                }
            }
            true
        });
        resume = true;
        if over {
            break;
        }
    }
    let log = std::fs::read(bench.folder.path().join("sittings/metrics.jsonl")).unwrap();
    let found = course(&history(&log));
    for (found, wanted) in found.iter().zip(&wanted) {
        assert_eq!(found, wanted);
    }
    assert_eq!(found.len(), wanted.len());
}

/// A cut takes exactly the rows and columns, with the optimiser's moments.
#[test]
fn moments_go_with_their_weights() {
    let bench = Bench::new();
    let run = run_of(&bench, &["control=false", "phases.0.shrinking.by=magnitude", "phases.0.steps=2"]);
    whole(&bench, &run, "moments");
    let bytes = std::fs::read(bench.folder.path().join("moments/checkpoints/last.safetensors")).unwrap();
    let (tensors, _) = checkpoint::safetensors_read("last", &bytes).unwrap();
    let mut compared = 0;
    for (name, tensor) in &tensors {
        let Some(name) = name.strip_prefix("student.weight.") else { continue };
        let count: usize = tensor.shape.iter().product();
        for kind in ["first", "second"] {
            if let Some(moments) = tensors.get(&format!("student.{kind}.{name}")) {
                assert_eq!(moments.data.len(), count, "{kind} of {name}");
                compared += 1;
            }
        }
    }
    assert!(compared > 40);
}

#[test]
fn decoders_shrink_too() {
    let bench = Bench::new();
    for model in ["builtin:prose-small"] {
        let run = run_of(
            &bench,
            &[
                "data.source=builtin:prose",
                "data.limit=8",
                "control=false",
                "phases.0.steps=4",
                "evaluation.samples=0",
                &format!("teacher.model={model}"),
            ],
        );
        let events = whole(&bench, &run, "decoder");
        let files = block_on(checkpoint::read_dir(&bench.at("decoder/student"))).unwrap();
        let config = checkpoint::config("student", &files).unwrap();
        assert!(config.family == Family::Gpt2 && config.is_stock());
        let cuts = events.iter().filter(|event| matches!(event, Event::Shrunk { .. })).count();
        assert!(cuts > 0);
        let student = checkpoint::load_model("student", &files, &bench.opened.device).unwrap();
        for (_, tensor) in checkpoint::collect(&student).into_values() {
            assert!(values(tensor).iter().all(|weight| weight.is_finite()));
        }
    }
    assert_eq!(run_of(&bench, &[]).phases[0].stage, Stage::Task);
}

#[test]
fn what_cannot_shrink_is_refused() {
    let bench = Bench::new();
    let refused = |assignments: &[&str]| {
        let run = run_of(&bench, assignments);
        block_on(open(&bench, &run, "refused", false)).err().unwrap().to_string()
    };
    let error = refused(&["phases.0.shrinking.hidden=999"]);
    assert!(error.contains("phases.0.shrinking.hidden: wanted at most the student's "), "{error}");
    let error = refused(&["phases.0.objectives.2={ method = 'hidden' }"]);
    assert!(error.starts_with("phases.0: after shrinking: hidden: wanted a student as wide as its teacher"), "{error}");
    let run = run_of(&bench, &[]);
    let error = run.set("phases.0.shrinking.warmup=0.8").unwrap_err().to_string();
    assert!(
        error.ends_with("warmup: wanted with `cooldown` at most 1, all the steps there are, found 0.8 + 0.3"),
        "{error}"
    );
    let error = run.set("phases.0.shrinking.keep=0").unwrap_err().to_string();
    assert!(error.ends_with("keep: wanted a share above 0, at most 1: something must be left, found 0"), "{error}");
}

#[test]
fn sizes_fall_along_the_cubic_to_their_target_and_stay() {
    let settings = Shrinking { hidden: Some(8), neurons: Some(10), every: 2, cooldown: 0.2, ..Shrinking::default() };
    let config = crate::model::tests::config();
    let from = Sizes { hidden: 16, neurons: 26, head: 4 };
    let target = Sizes { hidden: 8, neurons: 10, head: 4 };
    let shrink = Shrink::new(&settings, &config, 10, target, 1, Felt::nothing(from));
    let mut now = from;
    let mut told = vec![];
    for step in 1..=10 {
        if let Some(next) = shrink.due(step, now) {
            told.push((step, next.hidden, next.neurons, next.head));
            now = next;
        }
    }
    // 8 + 8 (1 − t/8)³ and 10 + 16 (1 − t/8)³ at t = 2, 4, 6: the last few are less than half a number.
    assert_eq!(told, [(2, 11, 17, 4), (4, 9, 12, 4), (6, 8, 10, 4)]);
    // All at once, at the first opportunity.
    let once = Shrink::new(&Shrinking { cooldown: 1.0, ..settings }, &config, 10, target, 1, Felt::nothing(from));
    assert_eq!(once.due(2, from), Some(target));
}

#[test]
fn the_highest_stay_in_their_order() {
    assert_eq!(highest(&[0.1, 0.9, 0.5, 0.5], 2), [1, 2]);
    assert_eq!(highest(&[0.1, 0.9], 5), [0, 1]);
}
