//! Twin of `logit_rows.wgsl` and `logit_rows_grad.wgsl`: distillation losses of rows of logits.
//! [`crate::logit_tile`] is the way to the same of a vocabulary in tiles.

use crate::{Kernel, divergence::Divergence, import::resolve};

pub(crate) mod cases;

/// The terms and the row statistics.
pub const FORWARD: Kernel = Kernel { name: "logit_rows", source, cases: cases::forward };

/// Their gradient with respect to the student.
pub const GRADIENT: Kernel = Kernel { name: "logit_rows_grad", source: source_grad, cases: cases::gradient };

/// WGSL of the forward kernel.
pub fn source() -> String {
    resolve(include_str!("logit_rows.wgsl"))
}

/// WGSL of the gradient kernel.
pub fn source_grad() -> String {
    resolve(include_str!("logit_rows_grad.wgsl"))
}

/// Invocations per workgroup.
pub const GROUP: usize = 256;
/// Numbers per row in `stats`: the terms, then what the gradient needs.
pub const STATS: usize = 15;
/// The first of them: D(p, q), D(p_b, q_b), D(p̂, q̂), cross-entropy. The fifth, log (1 − p_g)/p_g, is
/// the teacher's alone and has no gradient.
pub const TERMS: usize = 4;
/// The label of a row that no loss counts (PyTorch's `ignore_index`).
pub const LEFT_OUT: i32 = -100;
/// The label of a row that counts but has none: only D(p, q) is known of it.
pub const UNLABELLED: i32 = -1;
/// Logits below this count as this, so that masks keep differences finite.
pub const FLOOR: f32 = -1e30;

/// A mask's logit as the kernels see it. NaN passes through.
#[inline]
pub fn floored(logit: f32) -> f32 {
    if logit < FLOOR { FLOOR } else { logit }
}

/// Invocations that share a row: about one for eight classes, a power of two. More of them would
/// spend longer on merging their parts than on reading logits.
pub fn lanes(classes: usize) -> usize {
    (classes / 8).max(1).next_power_of_two().min(GROUP)
}

/// Rows of logits with their labels.
#[derive(Debug, Clone)]
pub struct Rows {
    /// `[rows, classes]`
    pub student: Vec<f32>,
    /// `[rows, classes]`; without it only the cross-entropy is not 0.
    pub teacher: Option<Vec<f32>>,
    /// `[rows]`; a class, [`LEFT_OUT`] or [`UNLABELLED`].
    pub labels: Vec<i32>,
    /// Classes.
    pub classes: usize,
    /// T.
    pub temperature: f64,
    /// D.
    pub divergence: Divergence,
}

/// The classes at hand: all of them, or a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first.
    pub first: usize,
    /// How many.
    pub count: usize,
    /// All classes there are.
    pub vocabulary: usize,
}

impl Span {
    /// All classes.
    pub fn whole(vocabulary: usize) -> Self {
        Self { first: 0, count: vocabulary, vocabulary }
    }

    /// Where a label is among them, if it is.
    pub fn place(self, label: i32) -> Option<usize> {
        let place = usize::try_from(label).ok()?.checked_sub(self.first)?;
        (place < self.count).then_some(place)
    }
}

/// The info buffer for `lanes` invocations a row.
pub fn info(
    rows: usize,
    classes: Span,
    lanes: usize,
    teacher: bool,
    temperature: f64,
    divergence: Divergence,
) -> [u32; 9] {
    let inverse = (1.0 / temperature) as f32;
    let share = divergence.share() as f32;
    let [rows, count, lanes, first, vocabulary] =
        [rows, classes.count, lanes, classes.first, classes.vocabulary].map(|number| number as u32);
    let [inverse, share] = [inverse, share].map(f32::to_bits);
    [rows, count, lanes, first, vocabulary, teacher as u32, inverse, divergence.kind(), share]
}

/// One row in `f64`: logarithms of probabilities, of all classes and of all but the label's.
pub(crate) struct Row {
    pub(crate) log_p: Vec<f64>,
    pub(crate) log_q: Vec<f64>,
    /// At temperature 1.
    log_q_1: Vec<f64>,
    /// Largest logit and log Σ exp((x − max) / T): of the student, at T and at 1, of the teacher.
    student: (f64, f64, f64),
    teacher: (f64, f64),
    pub(crate) label: Option<Label>,
}

/// A label's class g and what it splits the classes into.
pub(crate) struct Label {
    pub(crate) class: usize,
    /// log(1 − p_g) and log(1 − q_g)
    others: [f64; 2],
    /// log p̂ and log q̂, at the label −∞.
    pub(crate) log_p: Vec<f64>,
    pub(crate) log_q: Vec<f64>,
}

impl Rows {
    /// The info buffer for some of the classes and `lanes` invocations a row.
    pub fn info(&self, classes: Span, lanes: usize) -> [u32; 9] {
        info(self.labels.len(), classes, lanes, self.teacher.is_some(), self.temperature, self.divergence)
    }

    /// `stats`, `[15, rows]`, as `logit_rows.wgsl` describes them.
    pub fn stats(&self) -> Vec<f64> {
        let rows = self.labels.len();
        let mut stats = vec![0.0; STATS * rows];
        for row in 0..rows {
            for (column, number) in self.row_stats(row).into_iter().enumerate() {
                stats[column * rows + row] = number;
            }
        }
        stats
    }

    fn row_stats(&self, at: usize) -> [f64; STATS] {
        let row = self.row(at);
        let d = self.divergence;
        let [value, mean] = d.of(&row.log_p, &row.log_q);
        let (max_s, log_s, mut log_1) = row.student;
        let (max_t, log_t) = row.teacher;
        let mut terms = [value, 0.0, 0.0, 0.0, 0.0];
        let (mut rest, mut pair, mut rest_mean) = ([log_s, log_t], 0.0, 0.0);
        if let Some(label) = &row.label {
            let hit = d.term(row.log_p[label.class], row.log_q[label.class]);
            let miss = d.term(label.others[0], label.others[1]);
            let [others, slope] = label.over(d);
            terms =
                [value, hit[0] + miss[0], others, -row.log_q_1[label.class], label.others[0] - row.log_p[label.class]];
            pair = hit[1] - row.log_q[label.class].exp() * (hit[1] + miss[1]);
            rest = [log_s + label.others[1], log_t + label.others[0]];
            rest_mean = slope;
        }
        match self.labels[at] {
            LEFT_OUT => terms = [0.0; 5],
            UNLABELLED => {}
            _ if row.label.is_none() => {
                terms = [f64::NAN; 5];
                log_1 = f64::NAN;
            }
            _ => {}
        }
        if self.teacher.is_none() {
            terms = [0.0, 0.0, 0.0, terms[3], 0.0];
        }
        let [value, target, others, hard, doubt] = terms;
        [value, target, others, hard, doubt, max_s, log_s, log_1, max_t, log_t, rest[0], rest[1], mean, pair, rest_mean]
    }

    /// `[rows, classes]`: the gradient of Σ upstream · terms with respect to the student, for one
    /// upstream gradient of each term per row, `[4, rows]`.
    pub fn gradient(&self, upstream: &[f32]) -> Vec<f64> {
        let rows = self.labels.len();
        let mut gradient = Vec::with_capacity(rows * self.classes);
        for at in 0..rows {
            let weights = [0, 1, 2, 3].map(|term| upstream[term * rows + at] as f64);
            gradient.extend(match self.labels[at] {
                LEFT_OUT => vec![0.0; self.classes],
                UNLABELLED => self.row_gradient(&self.row(at), [weights[0], 0.0, 0.0, 0.0]),
                _ if self.row(at).label.is_none() => vec![f64::NAN; self.classes],
                _ => self.row_gradient(&self.row(at), weights),
            });
        }
        gradient
    }

    fn row_gradient(&self, row: &Row, [all, target, rest, hard]: [f64; 4]) -> Vec<f64> {
        let d = self.divergence;
        let softmaxed = |slopes: Vec<f64>, log_q: &[f64]| -> Vec<f64> {
            let mean: f64 = slopes.iter().sum();
            slopes.iter().zip(log_q).map(|(slope, lq)| slope - lq.exp() * mean).collect()
        };
        let slopes = |p: &[f64], q: &[f64]| p.iter().zip(q).map(|(&lp, &lq)| d.term(lp, lq)[1]).collect::<Vec<f64>>();
        let whole = softmaxed(slopes(&row.log_p, &row.log_q), &row.log_q);
        let teaches = if self.teacher.is_some() { 1.0 / self.temperature } else { 0.0 };
        let Some(label) = &row.label else {
            return whole.into_iter().map(|slope| all * slope * teaches).collect();
        };
        let [p_g, q_g] = [row.log_p[label.class], row.log_q[label.class]];
        let pair = softmaxed(slopes(&[p_g, label.others[0]], &[q_g, label.others[1]]), &[q_g, label.others[1]]);
        let others = label.slopes(d);
        (0..self.classes)
            .map(|class| {
                let here = class == label.class;
                let split = if here { target * pair[0] } else { target * pair[1] * label.log_q[class].exp() };
                let onehot = if here { 1.0 } else { 0.0 };
                (all * whole[class] + split + rest * others[class]) * teaches
                    + hard * (row.log_q_1[class].exp() - onehot)
            })
            .collect()
    }

    /// A row's logits, student's and teacher's.
    pub(crate) fn logits(&self, at: usize) -> [Vec<f64>; 2] {
        let logits = |all: &[f32]| -> Vec<f64> {
            all[at * self.classes..][..self.classes].iter().map(|&x| floored(x) as f64).collect()
        };
        [logits(&self.student), self.teacher.as_ref().map_or(vec![0.0; self.classes], |teacher| logits(teacher))]
    }

    pub(crate) fn row(&self, at: usize) -> Row {
        let [s, t] = self.logits(at);
        let (max_s, log_q, log_s) = softmax(&s, self.temperature, None);
        let (_, log_q_1, log_1) = softmax(&s, 1.0, None);
        let (max_t, log_p, log_t) = softmax(&t, self.temperature, None);
        let label = usize::try_from(self.labels[at]).ok().filter(|&class| class < self.classes).map(|class| {
            let others = [&log_p, &log_q].map(|all| {
                let kept = all.iter().enumerate().filter(|(at, _)| *at != class).map(|(_, x)| *x);
                log_sum(&kept.collect::<Vec<f64>>())
            });
            let (_, log_p, _) = softmax(&t, self.temperature, Some(class));
            let (_, log_q, _) = softmax(&s, self.temperature, Some(class));
            Label { class, others, log_p, log_q }
        });
        Row { log_p, log_q, log_q_1, student: (max_s, log_s, log_1), teacher: (max_t, log_t), label }
    }
}

impl Label {
    /// The others' logarithms, without the label's.
    fn kept(&self) -> [Vec<f64>; 2] {
        let without = |all: &[f64]| {
            all.iter().enumerate().filter(|(at, _)| *at != self.class).map(|(_, x)| *x).collect::<Vec<f64>>()
        };
        [without(&self.log_p), without(&self.log_q)]
    }

    fn over(&self, divergence: Divergence) -> [f64; 2] {
        let [log_p, log_q] = self.kept();
        divergence.of(&log_p, &log_q)
    }

    /// The gradient with respect to every logit, times T; 0 at the label.
    fn slopes(&self, divergence: Divergence) -> Vec<f64> {
        let [_, mean] = self.over(divergence);
        let classes = self.log_p.iter().zip(&self.log_q).enumerate();
        classes
            .map(|(at, (&lp, &lq))| match at == self.class {
                true => 0.0,
                false => divergence.term(lp, lq)[1] - lq.exp() * mean,
            })
            .collect()
    }
}

/// log Σ exp
fn log_sum(values: &[f64]) -> f64 {
    let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    max + values.iter().map(|x| (x - max).exp()).sum::<f64>().ln()
}

/// The largest logit, log softmax(x / T), and log Σ exp((x − max) / T), over all classes `but` one.
fn softmax(logits: &[f64], temperature: f64, but: Option<usize>) -> (f64, Vec<f64>, f64) {
    let kept = |at: &usize| Some(*at) != but;
    let max = (0..logits.len()).filter(kept).map(|at| logits[at]).fold(f64::NEG_INFINITY, f64::max);
    let scaled: Vec<f64> = logits.iter().map(|x| (x - max) / temperature).collect();
    let log_sum = (0..logits.len()).filter(kept).map(|at| scaled[at].exp()).sum::<f64>().ln();
    let log = |at: usize| if kept(&at) { scaled[at] - log_sum } else { f64::NEG_INFINITY };
    (max, (0..logits.len()).map(log).collect(), log_sum)
}

#[cfg(test)]
mod tests;
