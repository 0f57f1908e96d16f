//! One step, one review: what a teacher, whole or sparse, and a label pull at.

use retort_core::{Result, run::Run, train::Apart};

use super::{
    Exhibit, Knob, Knobs, Own, Recorded, Shown, What,
    numbers::{kl, log_softmax, signed, softmax, variance},
    picture,
    procedure::{STEPS, of_levels},
    ran::{STEP, step},
    read::{Reviews, missing, short},
    studied,
};
use crate::draw::{Axis, Bars, Caption, Column, Role, Value};

pub const EXHIBIT: Exhibit = Exhibit {
    name: "sparse-teachers/step",
    recorded: &["answers.json"],
    own: &[Own { file: STEP, what: What::Apart }],
    run: Some(taught),
    knobs,
    show,
};

/// The students among the models; the others are teachers by how much of them is gone.
const STUDENTS: usize = 2;
const STAGES: [&str; 4] =
    ["Forward: the logits", "The answers at temperature T", "The two terms", "The slopes on the logits"];

/// A student of the whole teacher; where something is to go, then another of the sparse one.
fn taught(base: &str, knobs: &Knobs) -> Result<String> {
    let gone = knobs.of("gone");
    if gone > 0.0 {
        return of_levels(base, vec![gone], false);
    }
    let run = Run { stark: None, ..Run::from_toml("the run file", base)? };
    studied::short(run, STEPS).to_toml()
}

fn knobs(recorded: &Recorded) -> Result<Vec<Knob>> {
    let all = Reviews::read(recorded, "answers.json")?;
    let levels = all.models.len().saturating_sub(STUDENTS + 1);
    let mut knobs = vec![
        Knob::choice("review", "Review", all.reviews.iter().map(|review| short(&review.text))),
        Knob::choice("student", "Student", all.models.iter().take(STUDENTS).cloned()),
        Knob::range("temperature", "T", [1.0, 10.0], 0.5, 4.0, ""),
        Knob::range("alpha", "α, the weight of the teacher", [0.0, 1.0], 0.05, 0.9, ""),
        Knob::range("gone", "Gone of the teacher", [0.0, 10.0 * levels as f64], 10.0, 0.0, "%"),
        Knob::time("part", "Part of the step", STAGES.len(), STAGES.len() - 1),
    ];
    // A step of the reader's has one review and one student; what goes is chosen for the next run.
    if recorded.contains_key(STEP) {
        knobs.retain(|knob| !["review", "student"].contains(&knob.key));
    }
    Ok(knobs)
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

/// A sentence, what both models answer to it up to a constant, and what is told of it.
struct Case {
    text: String,
    labels: Vec<String>,
    label: usize,
    teacher: Vec<f64>,
    student: Vec<f64>,
    told: String,
}

/// The review that is chosen.
fn review(recorded: &Recorded, knobs: &Knobs) -> Result<Case> {
    let all = Reviews::read(recorded, "answers.json")?;
    let gone = knobs.of("gone");
    let review = all.reviews.get(knobs.place("review")).ok_or_else(|| missing("answers.json", "such a review"))?;
    let of = |model: usize| {
        let answer = review.answers.get(model).ok_or_else(|| missing("answers.json", "an answer of such a teacher"))?;
        Ok(level(answer.iter().map(|p| p.max(1e-30).ln()).collect()))
    };
    let teacher = of(STUDENTS + (gone / 10.0) as usize)?;
    let whole = of(STUDENTS)?;
    let told = format!(
        "Without {gone:.0} % of its heads and neurons the teacher’s variance on this review is {:.4}; the whole one’s is {:.4}.",
        variance(&softmax(&teacher, 1.0)),
        variance(&softmax(&whole, 1.0))
    );
    Ok(Case {
        text: review.text.clone(),
        labels: all.labels.clone(),
        label: review.label,
        teacher,
        student: of(knobs.place("student"))?,
        told,
    })
}

/// The sentence of a step of the reader's.
fn own(apart: &Apart) -> Result<Case> {
    let wrong = || missing(STEP, "a class with the logits of a teacher and a student");
    let row = apart.rows.first().ok_or_else(wrong)?;
    let teacher = row.classes.iter().map(|class| class.teacher_logit).collect::<Option<Vec<_>>>();
    let teacher = level(teacher.ok_or_else(wrong)?);
    let pieces: Vec<&str> =
        apart.tokens.iter().map(|token| &token[..]).filter(|token| !token.starts_with('[')).collect();
    let told = format!(
        "Step {} of your run: the teacher’s variance on this review is {:.4}. With its own T and α the step’s loss is {:.3}.",
        apart.step + 1,
        variance(&softmax(&teacher, 1.0)),
        apart.total
    );
    Ok(Case {
        text: pieces.join(" ").replace(" ##", ""),
        labels: row.classes.iter().map(|class| class.name.clone()).collect(),
        label: row.label.filter(|label| *label < teacher.len()).ok_or_else(wrong)?,
        student: level(row.classes.iter().map(|class| class.student_logit).collect()),
        teacher,
        told,
    })
}

/// Logits up to a constant, with a mean of 0.
fn level(logits: Vec<f64>) -> Vec<f64> {
    let mean = logits.iter().sum::<f64>() / logits.len() as f64;
    logits.into_iter().map(|logit| logit - mean).collect()
}

fn show(recorded: &Recorded, knobs: &Knobs) -> Result<Shown> {
    let [t, alpha] = ["temperature", "alpha"].map(|key| knobs.of(key));
    let case = match step(recorded)? {
        Some(apart) => own(&apart)?,
        None => review(recorded, knobs)?,
    };
    let Case { text, labels, label, teacher, student, told } = case;
    let Pull { answers, terms, slopes } = pull(&teacher, &student, label, t, alpha);
    let bars = |title: &str, axis: &str, groups: &[String], columns: Vec<(&str, Role, Vec<f64>)>| Bars {
        caption: Caption::new(title, format!("Of the review “{}”.", short(&text))),
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
        bars(STAGES[0], "logit, mean 0", &labels, both(&teacher, &student)),
        bars(STAGES[1], "probability", &labels, both(&answers[0], &answers[1])),
        bars(STAGES[2], "weighed, nats", &terms_named, vec![("term", Role::Third, weighed.to_vec())]),
        bars(
            STAGES[3],
            "∂L/∂logit",
            &labels,
            vec![
                ("label", Role::Control, slopes[0].clone()),
                ("teacher", Role::Teacher, slopes[1].clone()),
                ("both", Role::Student, sum.clone()),
            ],
        ),
    ];
    let right = &labels[label];
    let told = vec![
        format!("“{text}” It is {right}."),
        told,
        format!(
            "The slope in the logit of {right} is {} from the label and {} from the teacher: {}.",
            signed(slopes[0][label], 3),
            signed(slopes[1][label], 3),
            signed(sum[label], 3)
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
