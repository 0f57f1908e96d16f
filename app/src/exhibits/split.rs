//! The split into easy and hard words, and what the loss weighs.

use retort_core::Result;

use super::{Exhibit, Knob, Knobs, Own, Recorded, Shown, What, picture, words};
use crate::{
    draw::{Axis, Bars, Caption, Column, Dash, Lines, Point, Role, Series, Value},
    prompt::visible,
};

pub const EXHIBIT: Exhibit = Exhibit {
    name: "autoregressive/split",
    recorded: &[words::FILE],
    own: &[Own { file: words::FILE, what: What::Tokens }],
    run: Some(super::as_it_is),
    knobs,
    show,
};

fn knobs(_: &Recorded) -> Result<Vec<Knob>> {
    Ok(vec![
        Knob::range("k", "k, the share of hard words", [0.0, 1.0], 0.05, 0.5, ""),
        Knob::range("lambda", "λ, the weight of the easy side", [0.0, 1.0], 0.05, 0.2, ""),
    ])
}

/// Which words are hard: the share k of the largest UNC. Ties are hard.
pub fn hard(uncertain: &[f64], k: f64) -> Vec<bool> {
    let mut order = uncertain.to_vec();
    order.sort_by(f64::total_cmp);
    let position = ((1.0 - k) * order.len().saturating_sub(1) as f64).floor() as usize;
    uncertain.iter().map(|unc| order.get(position).is_some_and(|border| unc >= border)).collect()
}

/// What the TKD and the DKD of every word weigh in the loss of adaptive teaching.
pub fn weights(hard: &[bool], lambda: f64) -> Vec<[f64; 2]> {
    let many = hard.iter().filter(|hard| **hard).count();
    let [easy, many] = [hard.len() - many, many].map(|count| count.max(1) as f64);
    let of = |hard: &bool| match hard {
        true => [(1.0 - lambda) / many; 2],
        false => [0.0, lambda / easy],
    };
    hard.iter().map(of).collect()
}

fn show(recorded: &Recorded, knobs: &Knobs) -> Result<Shown> {
    let [k, lambda] = ["k", "lambda"].map(|key| knobs.of(key));
    let text = words::text(recorded)?;
    let mut all: Vec<_> = text.iter().filter_map(|token| Some((visible(token.text.trim()), token.seen?))).collect();
    all.sort_by(|one, other| one.1.uncertainty.total_cmp(&other.1.uncertainty));
    let unc: Vec<f64> = all.iter().map(|(_, seen)| seen.uncertainty).collect();
    let hard = hard(&unc, k);
    let weights = weights(&hard, lambda);
    let count = all.len() as f64;
    let easy = hard.iter().filter(|hard| !**hard).count();
    let place = |index: usize| index as f64 + 1.0;
    let border = easy as f64 + 0.5;
    let order = Lines {
        caption: Caption::new(
            "Words in the order of UNC",
            "Easy ones on the left of the border, hard ones on the right.",
        ),
        x: Axis::new("word, by its rank").whole().with(border, "easy | hard", Role::Accent),
        y: Axis::new("UNC").between(0.0, 1.0),
        series: vec![Series {
            dash: Dash::Solid,
            ..Series::new(
                "UNC",
                Role::Teacher,
                unc.iter().enumerate().map(|(index, unc)| Point::new(place(index), *unc)).collect(),
            )
        }],
        cursor: None,
    };
    let bars = |title: &str, of: &dyn Fn(usize) -> [f64; 2]| Bars {
        caption: Caption::new(title, "The weight of every word’s TKD and DKD in the loss."),
        axis: Axis::new("weight, times the words"),
        title: "word, by its rank".into(),
        groups: (1..=all.len()).map(|rank| rank.to_string()).collect(),
        columns: [("TKD", Role::Control), ("DKD", Role::Student)]
            .into_iter()
            .enumerate()
            .map(|(part, (name, role))| Column {
                name: name.into(),
                role,
                values: (0..all.len()).map(|word| Value::new(count * of(word)[part])).collect(),
            })
            .collect(),
        ..Bars::default()
    };
    let pictures = vec![
        picture(order),
        picture(bars("Under KL", &|word| [1.0 / count, unc[word] / count])),
        picture(bars("Under ATKD", &|word| weights[word])),
    ];
    let parts = all.iter().zip(&weights).map(|((_, seen), [target, rest])| target * seen.tkd + rest * seen.dkd);
    let loss: f64 = parts.sum();
    let kl = all.iter().map(|(_, seen)| seen.kl).sum::<f64>() / count;
    let mean = |wanted: bool, of: &dyn Fn(&retort_core::train::Seen) -> f64| {
        let group: Vec<f64> =
            all.iter().zip(&hard).filter(|(_, hard)| **hard == wanted).map(|((_, seen), _)| of(seen)).collect();
        group.iter().sum::<f64>() / group.len().max(1) as f64
    };
    let words: Vec<&str> = all.iter().take(easy).rev().take(4).map(|(word, _)| word.as_str()).collect();
    let mut told = vec![format!("{easy} of {count} words are easy, {} are hard.", all.len() - easy)];
    if !words.is_empty() {
        told.push(format!("The last easy ones: {}.", words.into_iter().rev().collect::<Vec<_>>().join(", ")));
    }
    told.push(format!("The mean of KL over the same words is {kl:.3}."));
    let equation = format!(
        "L = λ · mean DKD of easy + (1 − λ) · mean (TKD + DKD) of hard = {lambda:.2} · {:.3} + {:.2} · {:.3} = {loss:.3}",
        mean(false, &|seen| seen.dkd),
        1.0 - lambda,
        mean(true, &|seen| seen.tkd + seen.dkd)
    );
    Ok(Shown::new(pictures, told).with(equation))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_article_s_weights() {
        // Of n = 4 words two are hard, those from the one at position ⌊0.7 · 3⌋ on.
        let hard = hard(&[0.1, 0.9, 0.2, 0.8], 0.3);
        assert_eq!(hard, [false, true, false, true]);
        // A DKD weighs 0.4/n in an easy word and 1.6/n in a hard one, and a hard one's TKD as much.
        let weights = weights(&hard, 0.2);
        for (found, wanted) in weights.concat().into_iter().zip([0.0, 0.1, 0.4, 0.4, 0.0, 0.1, 0.4, 0.4]) {
            assert!((found - wanted).abs() < 1e-12, "{found} {wanted}");
        }
    }

    #[test]
    fn with_k_at_its_ends_all_words_or_the_last_are_hard() {
        let at = |k| hard(&[0.3, 0.1, 0.2, 0.3], k);
        assert_eq!(at(1.0), [true; 4]);
        // Ties are hard.
        assert_eq!(at(0.0), [true, false, false, true]);
    }
}
