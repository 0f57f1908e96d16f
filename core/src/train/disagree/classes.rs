//! Two classifiers side by side.

use serde::{Deserialize, Serialize};

use super::super::evaluate::Predictions;
use crate::data::Example;

/// What two classifiers make of a split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OfClasses {
    /// Who is called the teacher here: `teacher`, or the assistant that teaches.
    pub teacher: String,
    /// Names of the classes.
    pub labels: Vec<String>,
    /// Sentences.
    pub examples: usize,
    /// Share of the sentences on which both choose the same class.
    pub agreement: f64,
    /// Mean KL(teacher ‖ student) at temperature 1, in nats.
    pub kl: f64,
    /// `[the teacher's class][the student's class]`: how many sentences.
    pub both: Vec<Vec<usize>>,
    /// `[the label][the teacher's class]`: how many sentences.
    pub teacher_by_label: Vec<Vec<usize>>,
    /// `[the label][the student's class]`: how many sentences.
    pub student_by_label: Vec<Vec<usize>>,
    /// The sentences with the largest KL, the largest first.
    pub most: Vec<Disputed>,
}

/// A sentence on which two classifiers disagree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Disputed {
    /// Its place in the split, counted from 0.
    pub index: usize,
    /// The sentence.
    pub text: String,
    /// The second one of a pair.
    pub pair: Option<String>,
    /// Its label, a place among the classes.
    pub label: usize,
    /// What the teacher gives each class.
    pub teacher: Vec<f64>,
    /// What the student gives each class.
    pub student: Vec<f64>,
    /// KL(teacher ‖ student) at temperature 1, in nats.
    pub kl: f64,
}

/// Compares what a teacher and a student answer to `examples`; `most` of them are told.
pub fn of_classes(
    who: &str,
    labels: &[String],
    examples: &[Example],
    [teacher, student]: [&Predictions; 2],
    most: usize,
) -> OfClasses {
    let choices = [teacher, student].map(Predictions::choices);
    let own: Vec<usize> = examples.iter().map(|one| one.label).collect();
    let count = |rows: &[usize], columns: &[usize]| {
        let mut counts = vec![vec![0; labels.len()]; labels.len()];
        rows.iter().zip(columns).for_each(|(&row, &column)| counts[row][column] += 1);
        counts
    };
    let logs = |predictions: &Predictions, row: usize| log_softmax(predictions.row(row));
    let kl = |row: usize| divergence(&logs(teacher, row), &logs(student, row));
    let mut all: Vec<(usize, f64)> = (0..examples.len()).map(|row| (row, kl(row))).collect();
    let mean = all.iter().map(|(_, kl)| kl).sum::<f64>() / examples.len().max(1) as f64;
    let same = choices[0].iter().zip(&choices[1]).filter(|(one, other)| one == other).count();
    all.sort_by(|one, other| other.1.total_cmp(&one.1));
    let told = |&(index, kl): &(usize, f64)| {
        let [teacher, student] =
            [teacher, student].map(|model| logs(model, index).iter().map(|log| log.exp()).collect());
        let Example { text, pair, label } = examples[index].clone();
        Disputed { index, text, pair, label, teacher, student, kl }
    };
    OfClasses {
        teacher: who.to_owned(),
        labels: labels.to_vec(),
        examples: examples.len(),
        agreement: same as f64 / examples.len().max(1) as f64,
        kl: mean,
        both: count(&choices[0], &choices[1]),
        teacher_by_label: count(&own, &choices[0]),
        student_by_label: count(&own, &choices[1]),
        most: all.iter().take(most).map(told).collect(),
    }
}

/// Logs of probabilities, in f64.
pub fn log_softmax(logits: &[f32]) -> Vec<f64> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max) as f64;
    let sum: f64 = logits.iter().map(|&logit| (f64::from(logit) - largest).exp()).sum();
    logits.iter().map(|&logit| f64::from(logit) - largest - sum.ln()).collect()
}

/// KL(p ‖ q) of logs of probabilities, in nats.
fn divergence(p: &[f64], q: &[f64]) -> f64 {
    p.iter().zip(q).map(|(p, q)| p.exp() * (p - q)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_sentences_by_hand() {
        let example = |text: &str, label| Example { text: text.into(), pair: None, label };
        let examples = [example("a", 0), example("b", 1), example("c", 1)];
        // p(1) of the teacher: 1/4, 3/4, 1/2 (the first of equals); of the student: 1/2, 3/4, 9/10.
        let of = |odds: [f32; 3]| Predictions {
            logits: odds.iter().flat_map(|odds| [0.0, odds.ln()]).collect(),
            classes: 2,
        };
        let (teacher, student) = (of([1.0 / 3.0, 3.0, 1.0]), of([1.0, 3.0, 9.0]));
        let labels = ["no".to_owned(), "yes".to_owned()];
        let told = of_classes("teacher", &labels, &examples, [&teacher, &student], 2);
        // The teacher chooses 0, 1, 0; the student 0, 1, 1.
        assert_eq!(told.both, [[1, 1], [0, 1]]);
        assert_eq!(
            (told.teacher_by_label, told.student_by_label),
            (vec![vec![1, 0], vec![1, 1]], vec![vec![1, 0], vec![0, 2]])
        );
        assert!((told.agreement - 2.0 / 3.0).abs() < 1e-12);
        // ½ ln(½ / ⅒) + ½ ln(½ / 9⁄10), ¾ ln(¾ / ½) + ¼ ln(¼ / ½), 0.
        let last = 0.5 * 5f64.ln() + 0.5 * (5.0f64 / 9.0).ln();
        let first = 0.75 * 1.5f64.ln() + 0.25 * 0.5f64.ln();
        let indices: Vec<usize> = told.most.iter().map(|one| one.index).collect();
        assert_eq!(indices, [2, 0]);
        assert!((told.most[0].kl - last).abs() < 1e-6 && (told.most[1].kl - first).abs() < 1e-6, "{:?}", told.most);
        assert!((told.kl - (last + first) / 3.0).abs() < 1e-6);
        assert!((told.most[0].student[1] - 0.9).abs() < 1e-6 && (told.most[1].teacher[0] - 0.75).abs() < 1e-6);
    }
}
