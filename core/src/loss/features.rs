//! Losses of what models show of their inside. `mask` is `[batch, length]`, 1 for a token and 0 for
//! padding; the teacher's tensors are constants.

use burn::tensor::{Tensor, activation::log_softmax};

use crate::kernel::{Form, product};

/// Added to what softmax must not see.
const HIDDEN: f64 = -1e9;
/// Below this a vector has no direction (PyTorch's `cosine_similarity`).
const LENGTH: f64 = 1e-8;

/// Mean squared difference over tokens and width: `[batch, length, width]` each.
pub fn hidden_mse(teacher: Tensor<3>, student: Tensor<3>, mask: &Tensor<2>) -> Tensor<1> {
    let width = student.dims()[2] as f64;
    let squared = (student - teacher).powf_scalar(2.0).sum_dim(2).squeeze_dim::<2>(2);
    mean(squared / width, mask.clone())
}

/// 1 − cosine, mean over tokens: `[batch, length, width]` each.
pub fn hidden_cosine(teacher: Tensor<3>, student: Tensor<3>, mask: &Tensor<2>) -> Tensor<1> {
    let length = |x: &Tensor<3>| x.clone().powf_scalar(2.0).sum_dim(2).sqrt().clamp_min(LENGTH);
    let lengths = length(&teacher) * length(&student);
    let cosine = ((teacher * student).sum_dim(2) / lengths).squeeze_dim::<2>(2);
    mean(cosine * -1.0 + 1.0, mask.clone())
}

/// ‖tᵢ/‖tᵢ‖ − sᵢ/‖sᵢ‖‖² of the first tokens, mean over the batch: `[batch, length, width]` each.
pub fn first_token_mse(teacher: Tensor<3>, student: Tensor<3>) -> Tensor<1> {
    let direction = |x: Tensor<3>| {
        let first = x.narrow(1, 0, 1).squeeze_dim::<2>(1);
        let length = first.clone().powf_scalar(2.0).sum_dim(1).sqrt().clamp_min(LENGTH);
        first / length
    };
    (direction(student) - direction(teacher)).powf_scalar(2.0).sum_dim(1).mean()
}

/// Mean squared difference of pre-softmax scores over heads and pairs of real tokens:
/// `[batch, heads, query, key]` each.
pub fn scores_mse(teacher: Tensor<4>, student: Tensor<4>, mask: &Tensor<2>) -> Tensor<1> {
    let heads = student.dims()[1] as f64;
    let squared = (student - teacher).powf_scalar(2.0).sum_dim(1).squeeze_dim::<3>(1);
    let pairs = mask.clone().unsqueeze_dim::<3>(2) * mask.clone().unsqueeze_dim::<3>(1);
    (squared * pairs.clone()).sum() / (pairs.sum() * heads)
}

/// KL of the teacher's attention rows to the student's, from pre-softmax scores
/// `[batch, heads, query, key]`: over real keys, mean over heads and real queries. `causal` hides
/// the keys behind each query.
pub fn attention_kl(teacher: Tensor<4>, student: Tensor<4>, mask: &Tensor<2>, causal: bool) -> Tensor<1> {
    let [_, heads, length, _] = student.dims();
    let keys = mask.clone().unsqueeze_dims::<4>(&[1, 2]);
    let mut hidden = (keys * -1.0 + 1.0) * HIDDEN;
    if causal {
        let later = Tensor::<2>::ones([length, length], &mask.device()).triu(1) * HIDDEN;
        hidden = hidden + later.unsqueeze::<4>();
    }
    let log = |scores: Tensor<4>| log_softmax(scores + hidden.clone(), 3);
    let (log_p, log_q) = (log(teacher), log(student));
    let rows = (log_p.clone().exp() * (log_p - log_q)).sum_dim(3).squeeze_dim::<3>(3);
    let rows = rows.sum_dim(1).squeeze_dim::<2>(1) / heads as f64;
    mean(rows, mask.clone())
}

/// The scores x xᵀ / √width of queries, keys or values, regrouped into `heads` relation heads:
/// `[batch, model's heads, length, head]` → `[batch, heads, length, length]`.
pub fn relations(x: Tensor<4>, heads: usize) -> Tensor<4> {
    let [batch, theirs, length, size] = x.dims();
    let width = theirs * size / heads;
    let x = x.swap_dims(1, 2).reshape([batch, length, heads, width]).swap_dims(1, 2);
    product(x.clone(), x, Form::Nt) / (width as f64).sqrt()
}

/// KL of the teacher's relations to the student's (see [`relations`], [`attention_kl`]). The two
/// may differ in width; `heads` divides both.
pub fn relation_kl(teacher: Tensor<4>, student: Tensor<4>, mask: &Tensor<2>, heads: usize, causal: bool) -> Tensor<1> {
    attention_kl(relations(teacher, heads), relations(student, heads), mask, causal)
}

/// The mean of `values` where `mask` is 1.
fn mean(values: Tensor<2>, mask: Tensor<2>) -> Tensor<1> {
    (values * mask.clone()).sum() / mask.sum().clamp_min(1.0)
}
