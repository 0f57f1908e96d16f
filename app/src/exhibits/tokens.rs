//! A sentence, word by word: what two models think could come, and what KL hears of it.

use retort_core::Result;

use super::{Exhibit, Knob, Knobs, Own, Recorded, Shown, What, picture, words};
use crate::{
    draw::{Axis, Bars, Caption, Column, Role, Sentence, Value},
    prompt::visible,
};

pub const EXHIBIT: Exhibit = Exhibit {
    name: "autoregressive/tokens",
    recorded: &[words::FILE],
    own: &[Own { file: words::FILE, what: What::Tokens }],
    run: Some(super::as_it_is),
    knobs,
    show,
};

/// Bars of a figure.
const MOST: usize = 9;

fn knobs(recorded: &Recorded) -> Result<Vec<Knob>> {
    Ok(vec![words::knob(recorded)?])
}

fn show(recorded: &Recorded, knobs: &Knobs) -> Result<Shown> {
    let text = words::text(recorded)?;
    let (token, seen) = words::chosen(&text, knobs.place("word"))?;
    let place = text.iter().position(|other| std::ptr::eq(other, token));
    let sentence = Sentence {
        caption: Caption::new("The sentence", "Words shaded by how unsure the teacher is of them."),
        title: "UNC".into(),
        words: words::shaded(&text),
        chosen: place,
    };
    let likely = words::likeliest(token, MOST);
    let column = |name: &str, role, of: &dyn Fn(usize) -> f64, count: usize| Column {
        name: name.into(),
        role,
        values: (0..count).map(|place| Value::new(of(place))).collect(),
    };
    let bars = Bars {
        caption: Caption::new(
            "What could come",
            "The likeliest words by teacher and student; the one that came is marked.",
        ),
        axis: Axis::new("probability"),
        groups: words::names(&likely),
        columns: vec![
            column("teacher, p", Role::Teacher, &|place| likely[place].teacher, likely.len()),
            column("student, q", Role::Student, &|place| likely[place].student, likely.len()),
        ],
        level: true,
        ..Bars::default()
    };
    let parts = [seen.tkd, seen.dkd, seen.uncertainty * seen.dkd];
    let terms = Bars {
        caption: Caption::new("What KL hears", "TKD, DKD, and DKD as KL weighs it."),
        axis: Axis::new("nats"),
        groups: ["TKD", "DKD", "UNC · DKD"].map(String::from).to_vec(),
        columns: vec![column("nats", Role::Third, &|place| parts[place], 3)],
        ..Bars::default()
    };
    let word = visible(token.text.trim());
    let told = vec![
        format!(
            "“{word}”: the teacher gives it {:.3}, the student {:.3}. UNC is {:.3}.",
            1.0 - seen.uncertainty,
            1.0 - seen.doubt,
            seen.uncertainty
        ),
        format!("Of its DKD of {:.3} nats KL hears {:.3}.", seen.dkd, parts[2]),
    ];
    let equation = format!(
        "KL = TKD + UNC · DKD = {:.4} + {:.3} · {:.4} = {:.4}",
        seen.tkd,
        seen.uncertainty,
        seen.dkd,
        seen.tkd + parts[2]
    );
    let mut pictures = vec![picture(sentence)];
    if !likely.is_empty() {
        pictures.push(picture(bars));
    }
    pictures.push(picture(terms));
    Ok(Shown::new(pictures, told).with(equation))
}
