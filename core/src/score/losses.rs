//! The loss that units of a teacher are scored by, beside its own cross-entropy.

use burn::tensor::{Int, Tensor, activation::log_softmax};
use retort_shaders::logit_rows::LEFT_OUT;

/// How far a trained student is from its teacher: T² · KL(p ‖ q), mean over the `counted` rows, `[1]`. Here
/// the student is the constant, and the teacher is differentiated through its own probabilities; so it
/// matters that this is KL and not the cross-entropy, from which it differs by the teacher's entropy.
pub fn friendly(
    teacher: Tensor<2>,
    student: Tensor<2>,
    labels: Tensor<1, Int>,
    temperature: f64,
    counted: usize,
) -> Tensor<1> {
    let counts = labels.not_equal_elem(LEFT_OUT).float();
    let [log_p, log_q] = [teacher, student].map(|logits| log_softmax(logits / temperature, 1));
    let rows = (log_p.clone().exp() * (log_p - log_q)).sum_dim(1).squeeze_dim::<1>(1);
    (rows * counts).sum() * (temperature * temperature / counted.max(1) as f64)
}
