//! One answer, warmer and colder.

use serde::Deserialize;

use retort_core::Result;

use super::{
    Exhibit, Knob, Knobs, Own, Recorded, Shown, What,
    numbers::softmax,
    picture,
    read::{json, missing},
};
use crate::{
    draw::{Axis, Bars, Caption, Column, Role, Value},
    exhibits::read::short,
};

pub const EXHIBIT: Exhibit = Exhibit {
    name: "survey/temperature",
    recorded: &["next-word.json", "sentence.json"],
    own: &[Own { file: "sentence.json", what: What::Prediction }],
    run: Some(super::as_it_is),
    knobs,
    show,
};

/// What a teacher makes of a sentence.
#[derive(Deserialize)]
struct Asked {
    text: String,
    prediction: Answered,
}

/// The answers, by model.
#[derive(Deserialize)]
struct Answered {
    labels: Vec<String>,
    models: Vec<(String, Vec<f64>)>,
}

/// The word that comes next, by a language model.
#[derive(Deserialize)]
struct NextWord {
    text: String,
    /// The likeliest words, the likeliest first.
    words: Vec<String>,
    /// Logarithms of the probabilities of all words, the likeliest first.
    logs: Vec<f64>,
}

/// What is asked, with its answers by name and their logits up to a constant; those without a name are told together.
struct Question {
    text: String,
    names: Vec<String>,
    logits: Vec<f64>,
}

fn knobs(_: &Recorded) -> Result<Vec<Knob>> {
    Ok(vec![
        Knob::choice(
            "of",
            "Answers of",
            ["a language model, on the next word", "a classifier, on a sentence", "the article’s three logits"],
        ),
        Knob::range("temperature", "T", [0.5, 15.0], 0.5, 1.0, ""),
    ])
}

fn question(recorded: &Recorded, of: usize) -> Result<Question> {
    match of {
        0 => {
            let NextWord { text, words, logs } = json(recorded, "next-word.json")?;
            Ok(Question { text, names: words, logits: logs })
        }
        1 => {
            let Asked { text, prediction } = json(recorded, "sentence.json")?;
            let (_, answer) =
                prediction.models.first().ok_or_else(|| missing("sentence.json", "an answer of a teacher"))?;
            let logits = answer.iter().map(|p| p.max(1e-30).ln()).collect();
            Ok(Question { text, names: prediction.labels, logits })
        }
        _ => Ok(Question {
            text: "logits 4, 2 and 0".into(),
            names: ["first", "second", "third"].map(String::from).to_vec(),
            logits: vec![4.0, 2.0, 0.0],
        }),
    }
}

fn show(recorded: &Recorded, knobs: &Knobs) -> Result<Shown> {
    let t = knobs.of("temperature");
    let Question { text, mut names, logits } = question(recorded, knobs.place("of"))?;
    let told = names.len().min(logits.len());
    let at = |t: f64| {
        let p = softmax(&logits, t);
        let rest: f64 = p[told..].iter().sum();
        let mut shown = p[..told].to_vec();
        shown.extend((told < logits.len()).then_some(rest));
        shown
    };
    let [own, warm] = [1.0, t].map(at);
    if told < logits.len() {
        names.push(format!("the other {}", logits.len() - told));
    }
    let column = |name: String, role, values: &[f64]| Column {
        name,
        role,
        values: values.iter().copied().map(Value::new).collect(),
    };
    let bars = Bars {
        caption: Caption::new(
            format!("Probabilities at T = {t}"),
            format!("Of “{}”, beside those at T = 1, in the same order.", short(&text)),
        ),
        axis: Axis::new("probability").between(0.0, 1.0),
        groups: names.clone(),
        columns: vec![
            column("T = 1".into(), Role::Quiet, &own),
            column(if t == 1.0 { "as chosen".into() } else { format!("T = {t}") }, Role::Teacher, &warm),
        ],
        level: true,
        ..Bars::default()
    };
    let mut sentences = vec![match knobs.place("of") {
        0 => format!("“{text} …” What comes next? There are {} words.", logits.len()),
        1 => format!("“{text}”"),
        _ => "Three classes with logits 4, 2 and 0.".to_owned(),
    }];
    let ratio = |p: &[f64]| p[told.saturating_sub(2).min(1)] / p[told.saturating_sub(1).min(2)].max(1e-300);
    if told > 2 {
        sentences.push(format!(
            "The second is {:.3} and the third {:.3}: {:.2} times as likely, at T = 1 {:.2} times.",
            warm[1],
            warm[2],
            ratio(&warm),
            ratio(&own)
        ));
    } else if told == 2 {
        sentences.push(format!("With two classes one number says it all: {:.3}, at T = 1 {:.3}.", warm[0], own[0]));
    }
    let sum: f64 = logits.iter().map(|logit| ((logit - logits[0]) / t).exp()).sum();
    let equation = format!("p₁ = e^(z₁/T) / Σ e^(z/T) = 1 / {sum:.3} = {:.3}, with T = {t}", warm[0]);
    Ok(Shown::new(vec![picture(bars)], sentences).with(equation))
}
