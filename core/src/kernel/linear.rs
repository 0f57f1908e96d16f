//! Distillation straight from hidden states and vocabulary matrices: the `[rows, vocabulary]`
//! logits of all rows never exist at once.
//!
//! The logits of a few rows at a time are computed, reduced to their statistics, and dropped; for
//! the gradient they are computed once more. Two passes, because what a row weighs (ATKD's split,
//! say) may depend on all of them. Memory beyond the gradients themselves is `budget` bytes and 15
//! numbers a row.

use burn::tensor::{Int, Tensor};

use super::{
    RowTerms, Setting,
    logit_rows::{gradient, statistics},
};

/// A model's last step: hidden states `[rows, width]` and the matrix `[vocabulary, width]` that
/// makes logits of them.
#[derive(Debug, Clone)]
pub struct Linear {
    /// `[rows, width]`
    pub hidden: Tensor<2>,
    /// `[vocabulary, width]`
    pub weight: Tensor<2>,
}

impl Linear {
    /// The logits of rows `start..start + count`, off the graph.
    fn logits(&self, start: usize, count: usize) -> Tensor<2> {
        self.hidden.clone().narrow(0, start, count).matmul(self.weight.clone().transpose())
    }

    fn inner(&self) -> Self {
        Self { hidden: self.hidden.clone().inner(), weight: self.weight.clone().inner() }
    }
}

/// The scalar that `combine` makes of the rows' terms, with gradients for the student's hidden
/// states and matrix. `student` is on the graph; `teacher` and `labels` are not looked at beyond
/// their values. `budget` bounds the bytes that one model's logits take.
///
/// # Panics
/// When the shapes do not fit together, as Burn's own operations do.
pub fn linear_logits(
    student: &Linear,
    teacher: Option<&Linear>,
    labels: Tensor<1, Int>,
    setting: Setting,
    budget: usize,
    combine: impl FnOnce(RowTerms) -> Tensor<1>,
) -> Tensor<1> {
    let [rows, _] = student.hidden.dims();
    let [vocabulary, _] = student.weight.dims();
    let plain = student.inner();
    let labels = labels.inner();
    let chunk = (budget / (4 * vocabulary)).clamp(1, rows.max(1));
    let chunks: Vec<(usize, usize)> = (0..rows).step_by(chunk).map(|start| (start, chunk.min(rows - start))).collect();
    let pair = |start: usize, count: usize| {
        let s = plain.logits(start, count);
        let t = teacher.map_or_else(|| s.clone(), |teacher| teacher.logits(start, count));
        (s, t, labels.clone().narrow(0, start, count))
    };

    let stats = chunks.iter().map(|&(start, count)| {
        let (s, t, labels) = pair(start, count);
        statistics(s, t, labels, setting)
    });
    let stats = Tensor::cat(stats.collect(), 1);
    let leaf = Tensor::from_inner(stats.clone()).require_grad();
    let loss = combine(RowTerms::of(&leaf));
    let value = loss.clone().detach();
    let Some(upstream) = leaf.grad(&loss.backward()) else { return value };

    let mut hidden = vec![];
    let mut weight: Option<Tensor<2>> = None;
    for &(start, count) in &chunks {
        let (s, t, labels) = pair(start, count);
        let [stats, upstream] = [&stats, &upstream].map(|all| all.clone().narrow(1, start, count));
        let slopes = gradient(s, t, labels, stats, upstream, setting);
        hidden.push(slopes.clone().matmul(plain.weight.clone()));
        let more = slopes.transpose().matmul(plain.hidden.clone().narrow(0, start, count));
        weight = Some(match weight {
            Some(sum) => sum + more,
            None => more,
        });
    }
    let hidden = inject(&student.hidden, Tensor::cat(hidden, 0));
    match weight {
        Some(weight) => value + hidden + inject(&student.weight, weight),
        None => value,
    }
}

/// Zero, with this gradient for `x`.
fn inject(x: &Tensor<2>, gradient: Tensor<2>) -> Tensor<1> {
    ((x.clone() - x.clone().detach()) * Tensor::from_inner(gradient)).sum()
}
