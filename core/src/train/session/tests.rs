//! What is asked of a run in the middle of it: the answers are right, and the run does not notice.

use pollster::block_on;
use serde_json::json;

use super::super::{
    Apart, Chain, Disagreements, Event, Gone, Specimen, Which,
    apart::{Class, Row},
    chain::Bench,
};
use crate::{
    objective::Weighted,
    platform::{self, DeviceChoice, Store},
    run::{Evaluation, Run},
};

const RUN_FILE: &str = r#"
name = "asked"
control = true
[data]
source = "DATA"
max_length = 16
[teacher]
model = "builtin:rotten-tomatoes"
[student]
layers = 1
hidden = 8
heads = 2
intermediate = 16
[[phases]]
objectives = [{ method = "kd", temperature = 2.0, alpha = 0.75 }]
steps = 4
batch = 4
eval_every = 4
log_every = 1
optimizer = { lr = 0.01, clip = 0.5, warmup = 0.5 }
[[phases]]
objectives = [{ method = "kd", weight = 0.5 }, { method = "hidden", projection = true, map = [[0, 1]], weight = 2.0 }]
steps = 2
batch = 4
eval_every = 4
log_every = 1
"#;

fn run(bench: &Bench) -> Run {
    Run::from_toml("asked.toml", &RUN_FILE.replace("DATA", &bench.at(""))).unwrap()
}

async fn open(bench: &Bench, run: &Run, out: &str) -> Chain {
    let store = Store::open(&bench.at(out)).await.unwrap();
    Chain::open(run.clone(), store, bench.opened.clone(), false).await.unwrap()
}

/// Goes on until so many steps are taken.
async fn take(chain: &mut Chain, steps: usize) {
    let mut taken = 0;
    while taken < steps {
        taken += usize::from(matches!(chain.next().await.unwrap().unwrap(), Event::Step(_)));
    }
}

fn close(one: f64, other: f64, within: f64) {
    assert!((one - other).abs() <= within * other.abs().max(1.0), "{one} {other}");
}

/// (1 − α) CE + α T² KL of one sentence at the student's logits `s`.
fn kd(row: &Row, s: &[f64], label: usize, [t, alpha]: [f64; 2]) -> f64 {
    let logs = |logits: &[f64], t: f64| -> Vec<f64> {
        let sum: f64 = logits.iter().map(|logit| (logit / t).exp()).sum();
        logits.iter().map(|logit| logit / t - sum.ln()).collect()
    };
    let z: Vec<f64> = row.classes.iter().map(|class| class.teacher_logit.unwrap()).collect();
    let (p, q) = (logs(&z, t), logs(s, t));
    let kl: f64 = p.iter().zip(&q).map(|(p, q)| p.exp() * (p - q)).sum();
    alpha * t * t * kl - (1.0 - alpha) * logs(s, 1.0)[label]
}

fn sound(apart: &Apart) {
    let weighted: f64 = apart.terms.iter().map(|term| term.weighted).sum();
    close(weighted, apart.total, 1e-6);
    for term in &apart.terms {
        close(term.weighted, term.value * term.weight, 1e-6);
    }
    let norm = apart.groups.iter().map(|group| group.gradient.powi(2)).sum::<f64>().sqrt();
    close(norm, apart.gradient_norm, 1e-5);
    close(apart.clip_factor, (apart.clip / (apart.gradient_norm + 1e-6)).min(1.0), 1e-9);
    assert!(apart.after.is_finite() && apart.after != apart.before, "{}", apart.after);
    if apart.followed.steps == 1 {
        // Nothing but this example has a say.
        assert!(apart.after < apart.before, "{} {}", apart.after, apart.before);
    }

    // Loshchilov and Hutter, algorithm 2.
    let one = &apart.followed;
    let g = one.gradient * apart.clip_factor;
    let [b1, b2] = one.betas;
    let m = b1 * one.first[0] + (1.0 - b1) * g;
    let v = b2 * one.second[0] + (1.0 - b2) * g * g;
    let hats = [m / (1.0 - b1.powi(one.steps as i32)), v / (1.0 - b2.powi(one.steps as i32))];
    for (told, wanted) in [
        (one.clipped, g),
        (one.first[1], m),
        (one.second[1], v),
        (one.first_corrected, hats[0]),
        (one.second_corrected, hats[1]),
    ] {
        assert!((told - wanted).abs() <= 1e-5 * wanted.abs().max(1e-9), "{told} {wanted}");
    }
    let updated = one.weight - apart.lr * (one.decay * one.weight + hats[0] / (hats[1].sqrt() + one.eps));
    assert!((one.updated - updated).abs() < 1e-6, "{} {updated}", one.updated);
}

#[test]
fn a_step_is_the_sum_of_its_parts() {
    let bench = Bench::new();
    block_on(async {
        let mut chain = open(&bench, &run(&bench), "parts").await;
        let asked = Specimen::Train { index: 3 };
        let first = chain.take_apart(&asked, None).await.unwrap();
        assert_eq!((first.step, first.of_phase, first.followed.first[0]), (0, [0, 4], 0.0));
        sound(&first);
        take(&mut chain, 3).await;
        let apart = chain.take_apart(&asked, None).await.unwrap();
        assert_eq!((apart.step, apart.of_phase, apart.followed.steps), (3, [3, 4], 4));
        assert!(apart.followed.second[0] > 0.0);
        sound(&apart);
        let names: Vec<&str> = apart.groups.iter().map(|group| group.name.as_str()).collect();
        assert_eq!(names, ["embeddings", "layer 1 attention", "layer 1 feed-forward", "head"]);
        assert!(apart.groups.iter().all(|group| group.update > 0.0 && group.weights > 0.0));
        assert_eq!(apart.temperatures, [1.0, 2.0]);
        assert_eq!(apart.tokens.first().map(String::as_str), Some("[CLS]"));

        // Sentence 3 is labelled 0.
        let (row, label) = (&apart.rows[0], 0);
        assert_eq!((apart.rows.len(), row.label, row.classes.len()), (1, Some(label), 2));
        let s: Vec<f64> = row.classes.iter().map(|class| class.student_logit).collect();
        close(apart.total, kd(row, &s, label, [2.0, 0.75]), 1e-5);
        for (at, Class { teacher, student, gradient, .. }) in row.classes.iter().enumerate() {
            // α T (q − p) + (1 − α)(q − y)
            let right = f64::from(u8::from(at == label));
            let formula = 0.75 * 2.0 * (student[1] - teacher[1]) + 0.25 * (student[0] - right);
            close(*gradient, formula, 1e-5);
            let moved = |by: f64| {
                let s: Vec<f64> =
                    s.iter().enumerate().map(|(place, s)| if place == at { s + by } else { *s }).collect();
                kd(row, &s, label, [2.0, 0.75])
            };
            close(*gradient, (moved(1e-4) - moved(-1e-4)) / 2e-4, 1e-5);
        }

        // One's own sentence, and a weight of one's choice.
        let which = Which { name: "classifier.bias".into(), index: 1 };
        let own = Specimen::Own { text: "the film is warm".into(), pair: None, label: Some("positive".into()) };
        let apart = chain.take_apart(&own, Some(&which)).await.unwrap();
        sound(&apart);
        assert_eq!((&apart.followed.which, &apart.followed.place[..]), (&which, &[1][..]));
        assert_eq!((apart.followed.decay, apart.rows[0].label), (0.0, Some(1)));
        // Of the bias of a class, the slope is that of its logit.
        close(apart.followed.gradient, apart.rows[0].classes[1].gradient, 1e-5);

        // The second phase has a matrix beside the student.
        take(&mut chain, 1).await;
        let apart = chain.take_apart(&asked, None).await.unwrap();
        assert_eq!((apart.phase, apart.of_phase), (1, [0, 2]));
        sound(&apart);
        let methods: Vec<&str> = apart.terms.iter().map(|term| term.method.as_str()).collect();
        assert_eq!(methods, ["kd", "kd", "hidden"]);
        assert_eq!(apart.groups.last().map(|group| group.name.as_str()), Some("projections"));
    });
}

#[test]
fn a_run_that_is_asked_goes_on_as_if_it_were_not() {
    let bench = Bench::new();
    let run = run(&bench);
    block_on(async {
        let mut ends = vec![];
        for (out, asks) in [("quiet", false), ("asked", true)] {
            let mut chain = open(&bench, &run, out).await;
            let (mut events, mut taken) = (vec![], 0);
            loop {
                if asks {
                    // Once all steps are taken there is none to come.
                    let apart = chain.take_apart(&Specimen::Train { index: events.len() % 20 }, None).await;
                    taken += usize::from(apart.is_ok());
                    chain.disagreements(2).await.unwrap();
                    chain.attention("the film is warm", None).await.unwrap();
                    chain.sparse(Gone::Weights, 30.0, 1).await.unwrap();
                    chain.sparse(Gone::Units, 30.0, 1).await.unwrap();
                }
                let Some(event) = chain.next().await.unwrap() else { break };
                events.push(match event {
                    Event::Step(step) => json!([step.step, step.lr, step.losses]).to_string(),
                    Event::Eval(eval) => json!([eval.who, eval.step, eval.loss, eval.accuracy]).to_string(),
                    Event::Started(_) | Event::Done { .. } => String::new(),
                    other => json!(other).to_string(),
                });
            }
            assert!(!asks || taken > 10, "{taken}");
            let student = std::fs::read(bench.at(&format!("{out}/student/model.safetensors"))).unwrap();
            ends.push((events, student));
        }
        assert_eq!(ends[0].0, ends[1].0);
        assert!(ends[0].1 == ends[1].1, "the students differ");
    });
}

/// There the optimiser writes into its moments where nobody else holds them.
#[test]
fn on_a_graphics_adapter_the_run_does_not_notice_either() {
    let mut bench = Bench::new();
    bench.opened = match block_on(platform::open(DeviceChoice::Vulkan)) {
        Ok(opened) => opened,
        Err(error) if std::env::var_os("RETORT_REQUIRE_GPU").is_none() => return println!("skipped: {error}"),
        Err(error) => panic!("{error}"),
    };
    let run = run(&bench);
    block_on(async {
        let mut all = vec![];
        for (out, asks) in [("quiet", 0), ("asked", 2)] {
            let mut chain = open(&bench, &run, out).await;
            let (mut losses, mut told) = (vec![], vec![]);
            while losses.len() < 3 {
                for _ in 0..asks {
                    told.push(chain.take_apart(&Specimen::Train { index: 3 }, None).await.unwrap());
                }
                if let Some(Event::Step(step)) = chain.next().await.unwrap() {
                    losses.push(step.losses);
                }
            }
            for pair in told.chunks(2) {
                assert_eq!(pair[0].followed, pair[1].followed);
                assert_eq!(pair[0].total, pair[1].total);
            }
            told.iter().for_each(sound);
            all.push(losses);
        }
        assert_eq!(all[0], all[1]);
    });
}

#[test]
fn a_teacher_without_nothing_is_the_teacher_and_draws_differ() {
    let bench = Bench::new();
    block_on(async {
        let mut chain = open(&bench, &run(&bench), "sparse").await;
        let mut told = None;
        while told.is_none() {
            told = match chain.next().await.unwrap().unwrap() {
                Event::Eval(eval) if (eval.who.as_str(), eval.split.as_str()) == ("teacher", "dev") => Some(eval),
                _ => None,
            };
        }
        let whole = told.unwrap().accuracy;
        for gone in [Gone::Weights, Gone::Units] {
            let none = chain.sparse(gone, 0.0, 1).await.unwrap();
            assert_eq!((none.accuracy, none.sparsity), (whole, 0.0));
            let [one, same, other] = [
                chain.sparse(gone, 40.0, 1).await,
                chain.sparse(gone, 40.0, 1).await,
                chain.sparse(gone, 40.0, 2).await,
            ]
            .map(Result::unwrap);
            assert_eq!(one, same);
            assert!(one.confidence != other.confidence && one.confidence != none.confidence, "{one:?} {other:?}");
            let refused = chain.sparse(gone, 100.0, 1).await.unwrap_err().to_string();
            assert_eq!(refused, "the sparsity: wanted per cent from 0 to below 100, found 100");
        }
    });
}

#[test]
fn what_cannot_be_taken_apart_is_refused() {
    let bench = Bench::new();
    block_on(async {
        let mut chain = open(&bench, &run(&bench), "refused").await;
        let own = |text: &str, label: Option<&str>| Specimen::Own {
            text: text.into(),
            pair: None,
            label: label.map(str::to_owned),
        };
        let which = |name: &str, index| Some(Which { name: name.into(), index });
        for (example, weight, wanted) in [
            (
                Specimen::Train { index: 20 },
                None,
                "the example: wanted one of the 20 that are learned from, counted from 0, found 20",
            ),
            (own("warm", None), None, "the example's label: wanted negative or positive, found none"),
            (own("warm", Some("good")), None, "the example's label: wanted negative or positive, found `good`"),
            (own(" ", Some("1")), None, "the example: wanted a text, found none"),
            (
                own("warm", Some("1")),
                which("classifier.bias", 2),
                "the weight: wanted one of the 2 numbers of classifier.bias, found 2",
            ),
        ] {
            assert_eq!(chain.take_apart(&example, weight.as_ref()).await.unwrap_err().to_string(), wanted);
        }
        let error = chain.take_apart(&own("warm", Some("1")), which("w", 0).as_ref()).await.unwrap_err().to_string();
        assert!(error.starts_with("the weight: wanted a parameter that receives a gradient, such as "), "{error}");
        while chain.next().await.unwrap().is_some() {}
        let error = chain.take_apart(&Specimen::Train { index: 0 }, None).await.unwrap_err().to_string();
        assert_eq!(error, "the run: wanted a step to come, found a run whose steps are all taken");
    });
}

#[test]
fn a_run_can_be_looked_at_without_a_trace() {
    let bench = Bench::new();
    block_on(async {
        let mut chain = open(&bench, &run(&bench), "whole").await;
        while chain.next().await.unwrap().is_some() {}
        let Disagreements::Classes(live) = chain.disagreements(3).await.unwrap() else { panic!("words") };
        assert_eq!((live.examples, live.most.len(), live.labels.len()), (6, 3, 2));
        assert_eq!(live.both.iter().flatten().sum::<usize>(), 6);
        assert!(live.most.is_sorted_by(|one, other| one.kl >= other.kl) && live.most[0].kl > 0.0);
        drop(chain);
        let files = || {
            let all = std::fs::read_dir(bench.at("whole")).unwrap().map(|entry| entry.unwrap());
            let mut all: Vec<_> = all.map(|entry| (entry.file_name(), entry.metadata().unwrap().len())).collect();
            all.sort();
            all
        };
        let before = files();
        let store = Store::open_existing(&bench.at("whole")).await.unwrap();
        let looked = Chain::look(store, bench.opened.clone()).await.unwrap();
        let Disagreements::Classes(again) = looked.disagreements(3).await.unwrap() else { panic!("words") };
        assert_eq!(again, live);
        let attention = looked.attention("the film is warm", None).await.unwrap();
        let shapes: Vec<(&str, usize, usize)> = attention
            .models
            .iter()
            .map(|model| (model.who.as_str(), model.layers.len(), model.layers[0].len()))
            .collect();
        assert_eq!(shapes, [("teacher", 2, 4), ("student", 1, 2)]);
        assert_eq!(files(), before);
        let empty = Store::open(&bench.at("none")).await.unwrap();
        let error = Chain::look(empty, bench.opened.clone()).await.err().unwrap().to_string();
        assert!(error.ends_with("none: wanted a run, found none"), "{error}");
    });
}

#[test]
fn a_step_of_words_tells_the_rows_that_count() {
    let bench = Bench::new();
    block_on(async {
        let mut run = run(&bench);
        let tokenizer = bench.writes(&mut run).await;
        run.phases.truncate(1);
        run.phases[0].objectives = vec![Weighted::new("atkd")];
        run.phases[0].optimizer.lr = 1e-4;
        run.evaluation = Evaluation { samples: 0, ..Evaluation::default() };
        let mut totals = vec![];
        for logits in ["whole", "tiles"] {
            let run = run.set(&format!("phases.0.logits={logits}")).unwrap();
            let mut chain = open(&bench, &run, logits).await;
            let apart = chain.take_apart(&Specimen::Train { index: 0 }, None).await.unwrap();
            sound(&apart);
            assert!(apart.counted > 8 && apart.rows.len() == apart.counted, "{}", apart.counted);
            for row in &apart.rows {
                let rest = row.rest.as_ref().unwrap();
                assert_eq!((row.classes.len(), rest.classes), (12, tokenizer.vocab_size() - 12));
                let whole = row.classes.iter().map(|class| class.student[0]).sum::<f64>() + rest.student[0];
                close(whole, 1.0, 1e-6);
                // Whatever moves all logits of a row alike moves nothing.
                let slopes = row.classes.iter().map(|class| class.gradient).sum::<f64>() + rest.gradient;
                assert!(slopes.abs() < 1e-5, "{slopes}");
                assert!(row.classes.iter().any(|class| Some(class.class) == row.label));
            }
            totals.push(apart.total);
            let Disagreements::Words(words) = chain.disagreements(1).await.unwrap() else { panic!("classes") };
            assert!(words.words > 50 && words.most.len() == 1 && words.kl > 0.0);
            let own = Specimen::Own { text: "the story is warm".into(), pair: None, label: None };
            sound(&chain.take_apart(&own, None).await.unwrap());
        }
        close(totals[0], totals[1], 1e-5);
    });
}
