//! Losses of rows of logits, for labels that are classes or −100 and for logits without infinities.

use burn::tensor::{Int, Tensor, activation::log_softmax};
use retort_shaders::logit_rows::LEFT_OUT;

use super::super::{Divergence, RowTerms};

/// As [`super::super::logit_rows`].
pub fn terms(
    student: Tensor<2>,
    teacher: Option<Tensor<2>>,
    labels: Tensor<1, Int>,
    temperature: f64,
    divergence: Divergence,
) -> RowTerms {
    let [apart, hard] = losses(student.clone(), teacher.clone(), labels.clone(), temperature, divergence);
    let [target, rest, unsure] = match teacher {
        Some(teacher) => split(student, teacher, labels, temperature, divergence),
        None => [(); 3].map(|()| apart.zeros_like()),
    };
    let doubt = (unsure.clone() / (-unsure + 1.0)).log().detach();
    RowTerms { divergence: apart, target, rest, hard, doubt }
}

/// D(p, q) and the cross-entropy of every row, `[rows]`.
pub fn losses(
    student: Tensor<2>,
    teacher: Option<Tensor<2>>,
    labels: Tensor<1, Int>,
    temperature: f64,
    divergence: Divergence,
) -> [Tensor<1>; 2] {
    let counts = counts(&labels);
    let apart = match teacher {
        Some(teacher) => {
            let log_q = log_softmax(student.clone() / temperature, 1);
            let log_p = log_softmax(teacher / temperature, 1);
            row_sum(term(divergence, log_p, log_q)) * counts.clone()
        }
        None => counts.zeros_like(),
    };
    let at_label = log_softmax(student, 1).gather(1, labels.clamp_min(0).unsqueeze_dim(1));
    [apart, -row_sum(at_label) * counts]
}

/// D of the pairs (label, all others), D among the others, and the teacher's uncertainty.
pub fn split(
    student: Tensor<2>,
    teacher: Tensor<2>,
    labels: Tensor<1, Int>,
    temperature: f64,
    divergence: Divergence,
) -> [Tensor<1>; 3] {
    let counts = counts(&labels);
    let [_, classes] = student.dims();
    let labels = labels.clamp_min(0).unsqueeze_dim::<2>(1);
    let hit: Tensor<2> = Tensor::<1, Int>::arange(0..classes as i64, &student.device())
        .unsqueeze_dim::<2>(0)
        .expand(student.dims())
        .equal(labels.clone().expand(student.dims()))
        .float();
    // Logarithms of the probabilities at the label, of all others, and among the others.
    let parts = |logits: Tensor<2>| {
        let scaled = logits / temperature;
        let whole = log_softmax(scaled.clone(), 1);
        let among = log_softmax(scaled - hit.clone() * 1e9, 1);
        let at_label = whole.clone().gather(1, labels.clone());
        // Any other class tells by how much all and the others are normalised differently; summed
        // over the others, so that every logit has its gradient.
        let others = (whole.exp() * (hit.clone() * -1.0 + 1.0)).sum_dim(1).log();
        (at_label, others, among)
    };
    let ((hit_p, others_p, among_p), (hit_q, others_q, among_q)) = (parts(teacher), parts(student));
    let target = term(divergence, hit_p, hit_q) + term(divergence, others_p.clone(), others_q);
    let rest = term(divergence, among_p, among_q) * (hit * -1.0 + 1.0);
    [row_sum(target) * counts.clone(), row_sum(rest) * counts.clone(), row_sum(others_p.exp()) * counts]
}

/// 1 for a row that counts.
fn counts(labels: &Tensor<1, Int>) -> Tensor<1> {
    labels.clone().not_equal_elem(LEFT_OUT).float()
}

fn row_sum(terms: Tensor<2>) -> Tensor<1> {
    terms.sum_dim(1).squeeze_dim::<1>(1)
}

/// Each class's part of the divergence.
fn term(divergence: Divergence, log_p: Tensor<2>, log_q: Tensor<2>) -> Tensor<2> {
    let (p, q) = (log_p.clone().exp(), log_q.clone().exp());
    let share = divergence.share();
    let log_mixed = |share: f64| (p.clone() * share + q.clone() * (1.0 - share)).clamp_min(1e-37).log();
    match divergence {
        Divergence::Kl => p * (log_p - log_q),
        Divergence::SoftCrossEntropy => -p * log_q,
        Divergence::ReverseKl => q * (log_q - log_p),
        Divergence::Js(_) => {
            let m = log_mixed(share);
            p * (log_p - m.clone()) * share + q * (log_q - m) * (1.0 - share)
        }
        Divergence::SkewKl(_) => p.clone() * (log_p - log_mixed(share)),
        Divergence::SkewReverseKl(_) => q.clone() * (log_q - log_mixed(1.0 - share)),
        Divergence::Tvd => (p - q).abs() * 0.5,
    }
}
