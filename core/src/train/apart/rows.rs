//! Rows of logits as probabilities, with their gradients.

use retort_shaders::logit_rows::LEFT_OUT;

use super::{Class, Rest, Row};
use crate::train::disagree::log_softmax;

/// Most rows that are told.
pub const ROWS: usize = 64;
/// Most classes of a row that are told.
const CLASSES: usize = 12;

/// The places of the first rows that count.
pub fn counting(labels: &[i32]) -> Vec<usize> {
    let counts = labels.iter().enumerate().filter(|(_, label)| **label != LEFT_OUT);
    counts.map(|(place, _)| place).take(ROWS).collect()
}

/// A row as it was read back, `[classes]` each.
pub struct Read<'a> {
    pub teacher: Option<&'a [f32]>,
    pub student: &'a [f32],
    pub gradient: &'a [f32],
}

impl Read<'_> {
    /// The row at `place`, of which `label` is asked for; a negative one is none. Names come from `name`.
    pub fn told(&self, place: usize, label: i32, temperatures: &[f64], name: impl Fn(usize) -> String) -> Row {
        let heated = |logits: &[f32]| -> Vec<Vec<f64>> {
            let at = |t: &f64| {
                let logits: Vec<f32> = logits.iter().map(|&logit| (f64::from(logit) / t) as f32).collect();
                log_softmax(&logits).iter().map(|log| log.exp()).collect()
            };
            temperatures.iter().map(at).collect()
        };
        let (teacher, student) = (self.teacher.map(heated), heated(self.student));
        let of = |all: &[Vec<f64>], class: usize| -> Vec<f64> { all.iter().map(|row| row[class]).collect() };
        let label = usize::try_from(label).ok();
        let shown = self.shown(label, teacher.as_ref().map(|teacher| &teacher[0][..]), &student[0]);
        let class = |&class: &usize| Class {
            class,
            name: name(class),
            teacher_logit: self.teacher.map(|logits| logits[class].into()),
            student_logit: self.student[class].into(),
            teacher: teacher.as_ref().map_or(vec![], |teacher| of(teacher, class)),
            student: of(&student, class),
            gradient: self.gradient[class].into(),
        };
        let hidden: Vec<usize> = (0..self.student.len()).filter(|class| !shown.contains(class)).collect();
        let sum = |all: &[Vec<f64>]| -> Vec<f64> {
            all.iter().map(|row| hidden.iter().map(|&class| row[class]).sum::<f64>()).collect()
        };
        let rest = (!hidden.is_empty()).then(|| Rest {
            classes: hidden.len(),
            teacher: teacher.as_deref().map_or(vec![], sum),
            student: sum(&student),
            gradient: hidden.iter().map(|&class| f64::from(self.gradient[class])).sum(),
        });
        Row { place, label, wanted: label.map(&name), classes: shown.iter().map(class).collect(), rest }
    }

    /// Every class where there are few; else those that either model finds likeliest, and what is asked for.
    fn shown(&self, label: Option<usize>, teacher: Option<&[f64]>, student: &[f64]) -> Vec<usize> {
        let mut order: Vec<usize> = (0..student.len()).collect();
        if order.len() <= CLASSES {
            return order;
        }
        let likely = |class: usize| teacher.map_or(0.0, |teacher| teacher[class]).max(student[class]);
        order.sort_by(|&one, &other| likely(other).total_cmp(&likely(one)));
        order.truncate(CLASSES);
        if let Some(label) = label.filter(|label| !order.contains(label)) {
            order[CLASSES - 1] = label;
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_classes_are_all_told_and_of_many_the_likeliest_and_the_label() {
        let two = Read { teacher: Some(&[0.0, 0.0]), student: &[0.0, 9f32.ln()], gradient: &[0.25, -0.25] };
        let row = two.told(0, 1, &[1.0, 2.0], |class| format!("c{class}"));
        assert_eq!((row.rest, row.wanted.as_deref(), row.classes.len()), (None, Some("c1"), 2));
        // 9 : 1, and at T = 2 the root of it, 3 : 1.
        let close = |one: &[f64], other: &[f64]| one.iter().zip(other).all(|(one, other)| (one - other).abs() < 1e-6);
        assert!(close(&row.classes[1].student, &[0.9, 0.75]) && close(&row.classes[1].teacher, &[0.5, 0.5]));

        let student: Vec<f32> = (0..20).map(|class| class as f32).collect();
        let gradient = vec![0.5; 20];
        let many = Read { teacher: None, student: &student, gradient: &gradient };
        let row = many.told(3, 2, &[1.0], |class| class.to_string());
        let shown: Vec<usize> = row.classes.iter().map(|class| class.class).collect();
        assert_eq!(shown, [19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 2]);
        let rest = row.rest.unwrap();
        assert_eq!((rest.classes, rest.gradient, rest.teacher.len()), (8, 4.0, 0));
        let told: f64 = row.classes.iter().map(|class| class.student[0]).sum();
        assert!((told + rest.student[0] - 1.0).abs() < 1e-9);
        assert_eq!(many.told(0, -1, &[1.0], |class| class.to_string()).wanted, None);
    }

    #[test]
    fn rows_that_are_left_out_do_not_count() {
        assert_eq!(counting(&[LEFT_OUT, -1, 3, LEFT_OUT]), [1, 2]);
        assert_eq!(counting(&[0; 100]).len(), ROWS);
    }
}
