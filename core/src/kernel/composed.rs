//! The kernels' mathematics in Burn's own operations, differentiated by Burn: what the kernels are
//! checked against and measured against.

use burn::tensor::{Int, Tensor, activation::log_softmax};
use retort_shaders::logit_rows::LEFT_OUT;

use super::RowTerms;

/// As [`super::logit_rows`], for labels that are classes or −100 and for logits without infinities.
pub fn logit_rows(
    student: Tensor<2>,
    teacher: Option<Tensor<2>>,
    labels: Tensor<1, Int>,
    temperature: f64,
) -> RowTerms {
    let counts = labels.clone().not_equal_elem(LEFT_OUT).float();
    let row_sum = |terms: Tensor<2>| terms.sum_dim(1).squeeze_dim::<1>(1) * counts.clone();
    let log_q = log_softmax(student.clone() / temperature, 1);
    let (kd, soft) = match teacher {
        Some(teacher) => {
            let log_p = log_softmax(teacher / temperature, 1);
            let p = log_p.clone().exp();
            (row_sum(p.clone() * (log_p - log_q.clone())), row_sum(-p * log_q))
        }
        None => (counts.zeros_like(), counts.zeros_like()),
    };
    let at_label = log_softmax(student, 1).gather(1, labels.clamp_min(0).unsqueeze_dim(1));
    RowTerms { kd, soft, hard: row_sum(-at_label) }
}
