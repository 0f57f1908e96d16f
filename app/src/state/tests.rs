//! The view of a run, event by event.

use retort_core::{
    platform::Adapter,
    train::{Hop, Losses},
};

use super::*;

pub(crate) fn started(resumed_at: usize) -> Event {
    let adapter = r#"{"name":"","api":"cpu","kind":"cpu","driver":"","software":false,"max_buffer_bytes":0,
        "max_binding_bytes":0,"max_workgroups":0,"features":[],"limits":{},"note":""}"#;
    Event::Started(Started {
        name: "r".into(),
        seed: 1,
        adapter: serde_json::from_str::<Adapter>(adapter).unwrap(),
        steps: 9,
        resumed_at,
        examples: [4, 4, 4],
        labels: vec!["no".into(), "yes".into()],
        parameters: [10, 5],
        init_hash: String::new(),
        data_hash: String::new(),
        memory_bytes: 0,
        notes: vec![],
        hop: None,
        others: vec![],
    })
}

fn step(step: usize, total: f64) -> Event {
    let terms = BTreeMap::from([("kd".to_owned(), total / 2.0)]);
    let losses = Some(Losses { total, terms, grad_norm: 1.0, ..Losses::default() });
    Event::Step(Step { step, phase: 0, lr: 0.1, losses, seconds: 0.5, examples: 4, tokens: 40 })
}

pub(crate) fn eval(step: usize, who: &str, split: &str, accuracy: f64) -> Event {
    Event::Eval(Eval {
        step,
        who: who.into(),
        split: split.into(),
        accuracy,
        interval: [accuracy - 0.02, accuracy + 0.02],
        loss: 0.5,
        f1: accuracy,
        mcc: 0.0,
        examples: 100,
        ..Eval::default()
    })
}

/// Figures of 100 words with this perplexity.
pub(super) fn words(step: usize, who: &str, split: &str, perplexity: f64) -> Event {
    let Event::Eval(eval) = eval(step, who, split, 0.3) else { panic!("no figures") };
    Event::Eval(Eval { loss: perplexity.ln(), uncertainty: vec![5; 20], ..eval })
}

#[test]
fn a_resumed_run_forgets_the_steps_it_repeats() {
    let mut view = View::of(&[started(0), step(1, 0.9), step(2, 0.8), step(3, 0.7)]);
    view.apply(&started(2));
    assert_eq!((view.step, view.losses.x.len()), (2, 2));
    view.apply(&step(3, 0.6));
    assert_eq!(view.losses.y[TOTAL], [Some(0.9), Some(0.8), Some(0.6)]);
    assert_eq!(view.losses.y["kd"].last(), Some(&Some(0.3)));
}

#[test]
fn a_new_run_starts_from_nothing() {
    let view = View::of(&[started(0), step(1, 0.9), eval(1, "student", "test", 0.7), started(0)]);
    assert_eq!(view, View::of(&[started(0)]));
}

/// A hop that `learner` learns in, after those in `before`.
fn hop(number: usize, learner: &str, teacher: &str, before: &[&str]) -> Event {
    let Event::Started(start) = started(0) else { panic!("no start") };
    let before = before.iter().map(|who| ((*who).to_owned(), 20)).collect();
    let hop = Hop { learner: learner.into(), teacher: teacher.into(), number, of: 2 };
    Event::Started(Started { hop: Some(hop), others: before, ..start })
}

#[test]
fn a_chain_is_over_with_its_last_hop() {
    let done = Event::Done { steps: 9, seconds: 1.0 };
    let mut view = View::of(&[hop(1, "assistant-1", "teacher", &[]), eval(0, "teacher", "dev", 0.8), step(1, 0.9)]);
    view.apply(&eval(9, "student", "test", 0.78));
    view.apply(&done);
    assert_eq!((view.done, view.hop().as_deref()), (None, Some("hop 1 of 2, assistant-1")));
    assert_eq!(view.called("student"), "assistant-1");
    let text = view.verdict().unwrap();
    assert!(text.starts_with("On 100 test sentences assistant-1 is right on 78.0 %"), "{text}");

    view.apply(&hop(2, "student", "assistant-1", &["teacher"]));
    assert_eq!((view.test.len(), view.losses.x.len()), (0, 0), "the hop begins anew");
    for (who, accuracy) in [("teacher", 0.8), ("assistant-1", 0.78), ("student", 0.75), ("control", 0.7)] {
        view.apply(&eval(9, who, "test", accuracy));
    }
    view.apply(&done);
    assert_eq!((view.done, view.called("student")), (Some((9, 1.0)), "student"));
    assert_eq!(view.models(), ["teacher", "assistant-1", "student", "control"]);
    let parameters = |who| view.started.as_ref().unwrap().parameters_of(who);
    assert_eq!(["teacher", "assistant-1", "student", "control"].map(parameters), [20, 10, 5, 5]);
    let text = view.verdict().unwrap();
    assert!(text.contains("75.0 %, its teacher on 80.0 %, assistant-1 on 78.0 %, the same network"), "{text}");
}

#[test]
fn models_stand_in_the_order_of_the_chain() {
    let mut names = ["control", "companion-1", "assistant-10", "student", "assistant-2", "teacher"];
    names.sort_by_key(|who| rank(who));
    assert_eq!(names, ["teacher", "assistant-2", "assistant-10", "student", "companion-1", "control"]);
    assert_eq!(names.map(learns), [false, false, false, true, true, true]);
}

#[test]
fn words_have_a_chart_of_their_own() {
    let Event::Started(start) = started(0) else { panic!("no start") };
    let plain = Event::Started(Started { labels: vec![], ..start });
    let mut view = View::of(&[plain, words(0, "teacher", "dev", 20.0), words(0, "student", "dev", 900.0)]);
    assert!(view.asks_words() && view.figures_of_words());
    assert!((view.perplexity.last("student").unwrap() - 900.0).abs() < 1e-9);
    assert_eq!((view.accuracy.x.len(), view.evaluations), (0, 1));

    // Words before the task: both charts, and the figures are those of the stage.
    view = View::of(&[started(0), eval(0, "teacher", "dev", 0.8), words(4, "student", "dev words", 70.0)]);
    assert!(!view.asks_words() && view.figures_of_words());
    view.apply(&eval(9, "student", "dev", 0.7));
    assert!(!view.figures_of_words());
    assert_eq!((view.perplexity.x.as_slice(), view.accuracy.x.as_slice()), ([4.0].as_slice(), [0.0, 9.0].as_slice()));
}

#[test]
fn terms_are_kept_raw_and_weighed() {
    let mut view = View::of(&[started(0), step(1, 0.9)]);
    assert!(!view.tells_weights());
    let Event::Step(step) = step(2, 0.8) else { panic!("no step") };
    let losses = Losses {
        total: 0.8,
        terms: BTreeMap::from([("hidden".into(), 0.2), ("kd".into(), 1.2)]),
        weighted: BTreeMap::from([("hidden".into(), 0.2), ("kd".into(), 0.6)]),
        grad_norm: 1.0,
        control: Some(0.7),
        kept: None,
    };
    view.apply(&Event::Step(Step { losses: Some(losses), ..step }));
    assert!(view.tells_weights());
    assert_eq!((view.losses.last("kd"), view.weighed.last("kd")), (Some(1.2), Some(0.6)));
    let ends = [TOTAL, CONTROL_LOSS].map(|name| view.weighed.last(name));
    assert_eq!(ends, [Some(0.8), Some(0.7)]);
    view.apply(&started(1));
    assert!(view.weighed.x.is_empty() && view.losses.x == [1.0]);
}
