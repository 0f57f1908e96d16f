//! One step, one review: what a teacher, whole or sparse, and a label pull at.

use retort_core::Result;

use super::{
    Exhibit, Knob, Knobs, Recorded, Shown,
    numbers::{kl, log_softmax, signed, softmax, variance},
    picture,
    read::{Reviews, missing, short},
};
use crate::draw::{Axis, Bars, Caption, Column, Role, Value};

pub const EXHIBIT: Exhibit =
    Exhibit { name: "sparse-teachers/step", recorded: &["answers.json"], own: &[], run: None, knobs, show };

/// The students among the models; the others are teachers by how much of them is gone.
const STUDENTS: usize = 2;
const STAGES: [&str; 4] =
    ["Forward: the logits", "The answers at temperature T", "The two terms", "The slopes on the logits"];

fn knobs(recorded: &Recorded) -> Result<Vec<Knob>> {
    let all = Reviews::read(recorded, "answers.json")?;
    let levels = all.models.len().saturating_sub(STUDENTS + 1);
    Ok(vec![
        Knob::choice("review", "Review", all.reviews.iter().map(|review| short(&review.text))),
        Knob::choice("student", "Student", all.models.iter().take(STUDENTS).cloned()),
        Knob::range("temperature", "T", [1.0, 10.0], 0.5, 4.0, ""),
        Knob::range("alpha", "α, the weight of the teacher", [0.0, 1.0], 0.05, 0.9, ""),
        Knob::range("gone", "Gone of the teacher", [0.0, 10.0 * levels as f64], 10.0, 0.0, "%"),
        Knob::time("part", "Part of the step", STAGES.len(), STAGES.len() - 1),
    ])
}

/// What one review comes to.
pub struct Pull {
    /// Softened answers of teacher and student.
    pub answers: [Vec<f64>; 2],
    /// CE(y, q), and T² KL(p ‖ q) of the softened ones, before they are weighed.
    pub terms: [f64; 2],
    /// Their slopes on the student's logits, weighed.
    pub slopes: [Vec<f64>; 2],
}

/// Of logits up to a constant, at T, with α of the soft term.
pub fn pull(teacher: &[f64], student: &[f64], label: usize, t: f64, alpha: f64) -> Pull {
    let answers = [teacher, student].map(|logits| softmax(logits, t));
    let own = softmax(student, 1.0);
    let terms = [-log_softmax(student, 1.0)[label], t * t * kl(&answers[0], &answers[1])];
    let right = |class: usize| f64::from(u8::from(class == label));
    let hard = own.iter().enumerate().map(|(class, q)| (1.0 - alpha) * (q - right(class))).collect();
    let soft = answers[1].iter().zip(&answers[0]).map(|(q, p)| alpha * t * (q - p)).collect();
    Pull { answers, terms, slopes: [hard, soft] }
}

fn show(recorded: &Recorded, knobs: &Knobs) -> Result<Shown> {
    let all = Reviews::read(recorded, "answers.json")?;
    let [t, alpha, gone] = ["temperature", "alpha", "gone"].map(|key| knobs.of(key));
    let review = all.reviews.get(knobs.place("review")).ok_or_else(|| missing("answers.json", "such a review"))?;
    let of = |model: usize| {
        let answer = review.answers.get(model).ok_or_else(|| missing("answers.json", "an answer of such a teacher"))?;
        // Logits up to a constant, and with a mean of 0.
        let logits: Vec<f64> = answer.iter().map(|p| p.max(1e-30).ln()).collect();
        let mean = logits.iter().sum::<f64>() / logits.len() as f64;
        Ok(logits.into_iter().map(|logit| logit - mean).collect::<Vec<f64>>())
    };
    let teacher = of(STUDENTS + (gone / 10.0) as usize)?;
    let whole = of(STUDENTS)?;
    let student = of(knobs.place("student"))?;
    let Pull { answers, terms, slopes } = pull(&teacher, &student, review.label, t, alpha);
    let bars = |title: &str, axis: &str, groups: &[String], columns: Vec<(&str, Role, Vec<f64>)>| Bars {
        caption: Caption::new(title, format!("Of the review “{}”.", short(&review.text))),
        axis: Axis::new(axis),
        groups: groups.to_vec(),
        columns: columns
            .into_iter()
            .map(|(name, role, values)| Column {
                name: name.into(),
                role,
                values: values.into_iter().map(Value::new).collect(),
            })
            .collect(),
        ..Bars::default()
    };
    let both = |one: &[f64], other: &[f64]| {
        vec![("teacher", Role::Teacher, one.to_vec()), ("student", Role::Student, other.to_vec())]
    };
    let weighed = [(1.0 - alpha) * terms[0], alpha * terms[1]];
    let sum: Vec<f64> = slopes[0].iter().zip(&slopes[1]).map(|(hard, soft)| hard + soft).collect();
    let terms_named = ["label", "teacher"].map(String::from);
    let pictures = [
        bars(STAGES[0], "logit, mean 0", &all.labels, both(&teacher, &student)),
        bars(STAGES[1], "probability", &all.labels, both(&answers[0], &answers[1])),
        bars(STAGES[2], "weighed, nats", &terms_named, vec![("term", Role::Third, weighed.to_vec())]),
        bars(
            STAGES[3],
            "∂L/∂logit",
            &all.labels,
            vec![
                ("label", Role::Control, slopes[0].clone()),
                ("teacher", Role::Teacher, slopes[1].clone()),
                ("both", Role::Student, sum.clone()),
            ],
        ),
    ];
    let right = &all.labels[review.label];
    let told = vec![
        format!("“{}” It is {right}.", review.text),
        format!(
            "Without {gone:.0} % of its heads and neurons the teacher’s variance on this review is {:.4}; the whole one’s is {:.4}.",
            variance(&softmax(&teacher, 1.0)),
            variance(&softmax(&whole, 1.0))
        ),
        format!(
            "The slope in the logit of {right} is {} from the label and {} from the teacher: {}.",
            signed(slopes[0][review.label], 3),
            signed(slopes[1][review.label], 3),
            signed(sum[review.label], 3)
        ),
    ];
    let equation = format!(
        "L = (1 − α) CE + α T² KL = {:.2} · {:.3} + {alpha:.2} · {:.3} = {:.3}",
        1.0 - alpha,
        terms[0],
        terms[1],
        weighed[0] + weighed[1]
    );
    let shown = pictures.into_iter().take(knobs.place("part") + 1).map(|bars| picture(bars)).collect();
    Ok(Shown::new(shown, told).with(equation))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_article_s_text() {
        // Logits (2, 0) and (0, 0) at T = 4 with α = 0.9, the first class right.
        let Pull { answers, slopes, .. } = pull(&[2.0, 0.0], &[0.0, 0.0], 0, 4.0, 0.9);
        assert_eq!(format!("{:.3}", answers[0][0]), "0.622");
        // 0.1 · (0.5 − 1), and 0.9 · 4 · (0.5 − 0.622).
        assert!((slopes[0][0] + 0.05).abs() < 1e-12);
        assert_eq!(format!("{:.3}", slopes[1][0]), "-0.441");
        assert_eq!(format!("{:.3}", slopes[0][0] + slopes[1][0]), "-0.491");
    }

    #[test]
    fn a_slope_is_what_the_loss_rises_by() {
        let loss = |logit: f64| {
            let Pull { terms, .. } = pull(&[1.0, -0.5], &[logit, 0.25], 1, 3.0, 0.7);
            0.3 * terms[0] + 0.7 * terms[1]
        };
        let slope = (loss(0.1 + 1e-5) - loss(0.1 - 1e-5)) / 2e-5;
        let Pull { slopes, .. } = pull(&[1.0, -0.5], &[0.1, 0.25], 1, 3.0, 0.7);
        assert!((slope - slopes[0][0] - slopes[1][0]).abs() < 1e-8);
    }
}
