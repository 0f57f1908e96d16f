//! Who is heard on which text.

use retort_core::{Result, run::Run};

use super::{
    Exhibit, Knob, Knobs, Own, Recorded, Shown, What, picture,
    ran::{RUN, Ran},
    read::{Review, Reviews, missing, results, short},
    recipes::{accuracies, beside},
    studied,
};
use crate::draw::{Axis, Bars, Caption, Column, Role, Value};

pub const EXHIBIT: Exhibit = Exhibit {
    name: "survey/several",
    recorded: &["reviews.json", "results.md"],
    own: &[Own { file: RUN, what: What::Run }],
    run: Some(taught),
    knobs,
    show,
};

/// Students of both teachers and of one, as the study names them; they start from the same weights.
const STUDENTS: [&str; 2] = ["several teachers", "PKD-Skip"];
/// Steps of a reader's run.
const STEPS: usize = 96;

/// Reviews of a page.
const PAGE: usize = 8;

fn knobs(recorded: &Recorded) -> Result<Vec<Knob>> {
    let pages = Reviews::read(recorded, "reviews.json")?.reviews.len().div_ceil(PAGE);
    let pages = (0..pages).map(|page| format!("{} to {}", page * PAGE + 1, (page + 1) * PAGE));
    Ok(vec![
        Knob::choice("by", "Teachers are heard by", ["weights, 1/(1 + CE)", "plain means"]),
        Knob::choice("page", "Reviews", pages),
        Knob::choice("student", "A student is taught by", ["both teachers", "the larger teacher alone"]),
    ])
}

/// A student of the chosen teachers, who are heard as chosen.
fn taught(base: &str, knobs: &Knobs) -> Result<String> {
    let name = STUDENTS[knobs.place("student").min(1)];
    let mut run = studied::at(Run::from_toml("the run file", base)?, studied::RECIPES, name)?;
    if knobs.place("by") == 1 && name == STUDENTS[0] {
        run = run.set("phases.0.objectives.0.blend=losses")?;
    }
    studied::short(run, STEPS).to_toml()
}

/// 1/(1 + CE) of every teacher on a review.
pub fn weights(review: &Review) -> Vec<f64> {
    review.answers.iter().map(|answer| 1.0 / (1.0 - answer[review.label].max(1e-30).ln())).collect()
}

/// The class of the mean answer, weighed.
fn choice(review: &Review, weights: &[f64]) -> usize {
    let sum =
        |class: usize| review.answers.iter().zip(weights).map(|(answer, weight)| weight * answer[class]).sum::<f64>();
    let classes = review.answers.first().map_or(0, Vec::len);
    (0..classes).max_by(|&one, &other| sum(one).total_cmp(&sum(other)).then(other.cmp(&one))).unwrap_or(0)
}

fn show(recorded: &Recorded, knobs: &Knobs) -> Result<Shown> {
    let all = Reviews::read(recorded, "reviews.json")?;
    let plain = knobs.place("by") == 1;
    let even = vec![1.0; all.models.len()];
    let page: Vec<&Review> = all.reviews.iter().skip(PAGE * knobs.place("page")).take(PAGE).collect();
    let first = page.first().ok_or_else(|| missing("reviews.json", "reviews of such a page"))?;
    let heard = |review: &Review| if plain { even.clone() } else { weights(review) };
    let column = |(model, role): (usize, Role)| Column {
        name: all.models[model].clone(),
        role,
        values: page.iter().map(|review| Value::new(heard(review)[model])).collect(),
    };
    let roles = [Role::Student, Role::Teacher];
    let bars = Bars {
        caption: Caption::new("How loudly each teacher is heard", "A group of bars for each review."),
        axis: Axis::new(if plain { "weight, the same for all" } else { "weight, 1/(1 + CE)" }).between(0.0, 1.0),
        title: "review".into(),
        groups: page.iter().map(|review| format!("{} ({})", short(&review.text), all.labels[review.label])).collect(),
        columns: (0..all.models.len()).zip(roles).map(column).collect(),
        level: true,
    };
    let changed: Vec<&Review> =
        all.reviews.iter().filter(|review| choice(review, &weights(review)) != choice(review, &even)).collect();
    let disagree = all.reviews.iter().filter(|review| {
        review.answers.iter().map(|answer| usize::from(answer[review.label] > 0.5)).sum::<usize>() == 1
    });
    let mut told = vec![format!(
        "On {} of {} reviews one teacher is right and the other wrong.",
        disagree.count(),
        all.reviews.len()
    )];
    told.push(match changed.len() {
        0 => "Weights and plain means choose the same class on all of them.".into(),
        count => format!(
            "Weights and plain means choose another class on {count}: {}.",
            changed.iter().map(|review| format!("“{}”", short(&review.text))).collect::<Vec<_>>().join("; ")
        ),
    });
    let results = results(recorded)?;
    let table =
        results.table("recipes", "", "untaught twin").ok_or_else(|| missing("results.md", "the chapter recipes"))?;
    let student = knobs.place("student").min(1);
    if let Some(number) = table.number(STUDENTS[student], "student") {
        let teachers = ["both", "the larger one alone"][student];
        told.push(format!("A student of {teachers} had {} % on test, over three seeds.", number.told(1)));
    }
    let mut pictures = vec![picture(bars)];
    if let Some(run) = Ran::read(recorded)? {
        let row = run.place("student").min(1);
        let mut dots = accuracies(table, "What students make of it", &STUDENTS)?;
        beside(&mut dots, &mut told, &run, STUDENTS[row], row)?;
        if row == 0 && run.place("by") == 1 {
            told.push("Your run hears both teachers alike; the study weighs them.".into());
        }
        pictures.push(picture(dots));
    }
    let ce = -first.answers[0][first.label].ln();
    let equation = format!(
        "1/(1 + CE) = 1/(1 + {ce:.3}) = {:.3}, of {} on “{}”",
        weights(first)[0],
        all.models[0],
        short(&first.text)
    );
    Ok(Shown::new(pictures, told).with(equation))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_article_s_weights() {
        // Losses of 0.1 and of 2.
        let answers = [0.1_f64, 2.0].map(|loss| vec![(-loss).exp(), 1.0 - (-loss).exp()]).to_vec();
        let review = Review { text: String::new(), label: 0, answers };
        let found = weights(&review).iter().map(|weight| format!("{weight:.3}")).collect::<Vec<_>>();
        assert_eq!(found, ["0.909", "0.333"]);
        // 0.909 · 0.905 + 0.333 · 0.135 is more than what is left; plainly (0.905 + 0.135) / 2 is too.
        assert_eq!([choice(&review, &weights(&review)), choice(&review, &[1.0, 1.0])], [0, 0]);
        let answers = vec![vec![0.6, 0.4], vec![0.2, 0.8]];
        let review = Review { text: String::new(), label: 0, answers };
        // Weights 0.662 and 0.383: 0.474 to 0.571; plainly 0.8 to 1.2.
        assert_eq!([choice(&review, &weights(&review)), choice(&review, &[1.0, 1.0])], [1, 1]);
    }
}
