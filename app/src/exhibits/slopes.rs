//! One step at one word: what each part of the divergence pulls at.

use retort_core::{Result, train::Likely};

use super::{Exhibit, Knob, Knobs, Own, Recorded, Shown, What, numbers::signed, picture, words};
use crate::{
    draw::{Axis, Bars, Caption, Column, Role, Value},
    prompt::visible,
};

pub const EXHIBIT: Exhibit = Exhibit {
    name: "autoregressive/step",
    recorded: &[words::FILE],
    own: &[Own { file: words::FILE, what: What::Tokens }],
    run: Some(super::as_it_is),
    knobs,
    show,
};

/// Bars of a figure.
const MOST: usize = 7;
const PARTS: [&str; 4] = ["Forward: logits and answers", "The pair", "The others", "The slopes"];

fn knobs(recorded: &Recorded) -> Result<Vec<Knob>> {
    Ok(vec![
        words::knob(recorded)?,
        Knob::choice(
            "as",
            "The word is taught",
            ["by KL", "as an easy word: DKD alone", "as a hard word: TKD and DKD"],
        ),
        Knob::time("part", "Part of the step", PARTS.len(), PARTS.len() - 1),
    ])
}

/// Slopes of TKD and of DKD in the logit of a word: of the target, or of another with `p` and `q`.
pub fn slopes(target: [f64; 2], other: Option<[f64; 2]>) -> [f64; 2] {
    let [p_g, q_g] = target;
    match other {
        None => [q_g - p_g, 0.0],
        Some([p, q]) => {
            let [p, q] = [p / (1.0 - p_g), q / (1.0 - q_g)];
            [(p_g - q_g) * q, q - p]
        }
    }
}

fn show(recorded: &Recorded, knobs: &Knobs) -> Result<Shown> {
    let text = words::text(recorded)?;
    let (token, seen) = words::chosen(&text, knobs.place("word"))?;
    let likely = words::likeliest(token, MOST);
    if likely.is_empty() {
        return Err(super::read::missing(
            words::FILE,
            "the likeliest words, of a smaller vocabulary or a shorter text",
        ));
    }
    let target = [1.0 - seen.uncertainty, 1.0 - seen.doubt];
    let names = words::names(&likely);
    let bars = |title: &str, axis: &str, groups: Vec<String>, columns: Vec<(&str, Role, Vec<f64>)>| Bars {
        caption: Caption::new(title, format!("At the word “{}”.", visible(token.text.trim()))),
        axis: Axis::new(axis),
        groups,
        columns: columns
            .into_iter()
            .map(|(name, role, values)| Column {
                name: name.into(),
                role,
                values: values.into_iter().map(Value::new).collect(),
            })
            .collect(),
        level: true,
        ..Bars::default()
    };
    let both = |teacher: Vec<f64>, student: Vec<f64>| {
        vec![("teacher", Role::Teacher, teacher), ("student", Role::Student, student)]
    };
    let of = |map: &dyn Fn(f64) -> f64| {
        [0, 1].map(|model| {
            likely.iter().map(|word| map(if model == 0 { word.teacher } else { word.student })).collect::<Vec<f64>>()
        })
    };
    let [p, q] = of(&|p| p);
    let [lp, lq] = of(&|p| p.max(1e-30).ln());
    let others: Vec<&str> =
        names.iter().zip(&likely).filter(|(_, word)| !word.target).map(|(name, _)| name.as_str()).collect();
    let among = |model: usize| {
        let rest = 1.0 - target[model];
        let of = |word: &&&Likely| if model == 0 { word.teacher / rest } else { word.student / rest };
        likely.iter().filter(|word| !word.target).collect::<Vec<_>>().iter().map(of).collect::<Vec<f64>>()
    };
    let slope = |word: &Likely| slopes(target, (!word.target).then_some([word.teacher, word.student]));
    let factors = match knobs.place("as") {
        0 => [1.0, seen.uncertainty],
        1 => [0.0, 1.0],
        _ => [1.0, 1.0],
    };
    let part = |part: usize| likely.iter().map(|word| factors[part] * slope(word)[part]).collect::<Vec<f64>>();
    let pairs = ["the word", "all others"].map(String::from).to_vec();
    let pair = |at: f64| vec![at, 1.0 - at];
    let pictures = vec![
        vec![
            picture(bars("Logits, up to a constant", "ln p", names.clone(), both(lp, lq))),
            picture(bars("Answers", "probability", names.clone(), both(p, q))),
        ],
        vec![picture(bars(PARTS[1], "probability", pairs, both(pair(target[0]), pair(target[1]))))],
        vec![picture(bars(
            PARTS[2],
            "share among the others",
            others.iter().map(|name| (*name).to_owned()).collect(),
            both(among(0), among(1)),
        ))],
        vec![picture(bars(
            PARTS[3],
            "slope on the student’s logit",
            names,
            vec![("TKD", Role::Control, part(0)), ("DKD", Role::Student, part(1))],
        ))],
    ];
    let word = visible(token.text.trim());
    let told = vec![
        format!(
            "“{word}”: p_g = {:.3}, q_g = {:.3}. TKD’s slope in it is {}; DKD’s is 0.",
            target[0],
            target[1],
            signed(target[1] - target[0], 4)
        ),
        match knobs.place("as") {
            0 => format!("KL weighs DKD by UNC, {:.3}.", seen.uncertainty),
            1 => "Taught as easy, its TKD is silent: its own logit has no slope.".to_owned(),
            _ => "Taught as hard, both parts count in full.".to_owned(),
        },
    ];
    let equation = format!(
        "TKD = p_g ln(p_g/q_g) + (1 − p_g) ln((1 − p_g)/(1 − q_g)) = {:.4}; KL = TKD + UNC · DKD = {:.4} + {:.3} · {:.4} = {:.4}",
        seen.tkd,
        seen.tkd,
        seen.uncertainty,
        seen.dkd,
        seen.tkd + seen.uncertainty * seen.dkd
    );
    let shown = pictures.into_iter().take(knobs.place("part") + 1).flatten().collect();
    Ok(Shown::new(shown, told).with(equation))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_article_s_three_words() {
        let target = [0.7, 0.5];
        let near = |found: [f64; 2], wanted: [f64; 2]| {
            assert!(
                found.iter().zip(wanted).all(|(found, wanted)| (found - wanted).abs() < 1e-12),
                "{found:?} {wanted:?}"
            );
        };
        near(slopes(target, None), [-0.2, 0.0]);
        // q̂ = 1/2 each, p̂ = (2/3, 1/3).
        near(slopes(target, Some([0.2, 0.25])), [0.1, -1.0 / 6.0]);
        near(slopes(target, Some([0.1, 0.25])), [0.1, 1.0 / 6.0]);
        // With UNC before DKD they are q − p.
        let [target, rest] = slopes(target, Some([0.2, 0.25]));
        assert!((target + 0.3 * rest - 0.05).abs() < 1e-12);
    }
}
