//! The length of a gradient of many parts, and AdamW's step along it (`shaders/src/{squares,length,adamw}.wgsl`).

use burn::backend::{
    Autodiff, AutodiffBackend, Backend, Dispatch, Flex, autodiff::checkpoint::strategy::CheckpointStrategy,
    backend_extension, tensor::FloatTensor,
};
use burn::tensor::Tensor;
use retort_shaders::adamw as twin;
pub use retort_shaders::adamw::Step;

use super::{
    composed::Kind,
    host::{self, sum, vectorised, whole},
};
use crate::platform;

#[cfg(feature = "gpu")]
mod cube;

/// √ of the sum of the squares of all numbers of all `parts`, `[1]`; nothing of no parts.
pub fn length<'a>(parts: impl Iterator<Item = &'a Tensor<1>>) -> Option<Tensor<1>> {
    if let Some(plain) = Kind::Optimizer.instead() {
        let parts: Vec<_> = parts.collect();
        return (!parts.is_empty()).then(|| (plain.length)(&parts));
    }
    let mut sums: Option<Tensor<1>> = None;
    for part in parts {
        let so_far = sums.unwrap_or_else(|| Tensor::zeros([twin::slots(platform::imitates())], &part.device()));
        let [so_far, part] = [so_far, part.clone()].map(Tensor::into_dispatch);
        sums = Some(Tensor::from_dispatch(<Dispatch as StepOps>::add_squares(so_far, part)));
    }
    sums.map(|sums| Tensor::from_dispatch(<Dispatch as StepOps>::root_of_sum(sums.into_dispatch())))
}

/// What a step makes of one parameter's weights and moments, all `[numbers]`.
pub struct Stepped {
    /// The new weights.
    pub weights: Tensor<1>,
    /// The first moment.
    pub first: Tensor<1>,
    /// The second.
    pub second: Tensor<1>,
}

/// Takes `step` along `gradient`, which is part of one of `length`, `[1]`.
pub fn adamw(
    weights: Tensor<1>,
    gradient: Tensor<1>,
    moments: [Tensor<1>; 2],
    length: Tensor<1>,
    step: Step,
) -> Stepped {
    if let Some(plain) = Kind::Optimizer.instead() {
        return (plain.adamw)(weights, gradient, moments, length, step);
    }
    let [first, second] = moments.map(Tensor::into_dispatch);
    let [weights, gradient, length] = [weights, gradient, length].map(Tensor::into_dispatch);
    let (weights, first, second) = <Dispatch as StepOps>::adamw(weights, gradient, first, second, length, step);
    let [weights, first, second] = [weights, first, second].map(Tensor::from_dispatch);
    Stepped { weights, first, second }
}

/// The operations on one backend.
#[backend_extension(Cube: cfg(feature = "gpu"), Flex, Autodiff)]
pub trait StepOps: Backend {
    /// `sums`, to which the squares of `x` are added in some order.
    fn add_squares(sums: FloatTensor<Self>, x: FloatTensor<Self>) -> FloatTensor<Self>;

    /// √ of all sums together, `[1]`.
    fn root_of_sum(sums: FloatTensor<Self>) -> FloatTensor<Self>;

    /// See [`adamw`].
    fn adamw(
        weights: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
        length: FloatTensor<Self>,
        step: Step,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

/// Nothing here is on a graph.
impl<B: StepOps, C: CheckpointStrategy> StepOps for Autodiff<B, C> {
    fn add_squares(sums: FloatTensor<Self>, x: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::from_inner(B::add_squares(sums.into_primitive(), x.into_primitive()))
    }

    fn root_of_sum(sums: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::from_inner(B::root_of_sum(sums.into_primitive()))
    }

    fn adamw(
        weights: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
        length: FloatTensor<Self>,
        step: Step,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let [weights, gradient, first, second, length] =
            [weights, gradient, first, second, length].map(|x| x.into_primitive());
        let (weights, first, second) = B::adamw(weights, gradient, first, second, length, step);
        (Self::from_inner(weights), Self::from_inner(first), Self::from_inner(second))
    }
}

/// A tensor's numbers, to be written to, and in one piece.
fn own(tensor: FloatTensor<Flex>) -> FloatTensor<Flex> {
    if tensor.is_contiguous() { tensor } else { tensor.to_contiguous() }
}

vectorised! {
    fn step_numbers<'a>(
        step: Step,
        scale: f32,
        gradient: &'a [f32],
        weights: &'a mut [f32],
        first: &'a mut [f32],
        second: &'a mut [f32],
    ) {
        let [beta1, rest1, beta2, rest2, rate, correction, eps, keep, _] = step.numbers();
        for (((w, m), v), &g) in weights.iter_mut().zip(first).zip(second).zip(gradient) {
            let g = g * scale;
            *m = beta1 * *m + rest1 * g;
            *v = beta2 * *v + rest2 * g * g;
            *w = *w * keep - rate * *m / ((*v * correction).sqrt() + eps);
        }
    }
}

impl StepOps for Flex {
    fn add_squares(sums: FloatTensor<Self>, x: FloatTensor<Self>) -> FloatTensor<Self> {
        let (mut sums, x) = (own(sums), x.to_contiguous());
        let x = whole(&x);
        // A few thousand at a time, so that small ones are not lost beside what there is.
        let squares: f64 = x.chunks(4_096).map(|x| f64::from(sum(x.len(), |at| x[at] * x[at]))).sum();
        sums.storage_mut::<f32>()[0] += squares as f32;
        sums
    }

    fn root_of_sum(sums: FloatTensor<Self>) -> FloatTensor<Self> {
        let sums = sums.to_contiguous();
        let all: f64 = whole(&sums).iter().map(|&sum| f64::from(sum)).sum();
        host::tensor(vec![all.sqrt() as f32], [1])
    }

    fn adamw(
        weights: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
        length: FloatTensor<Self>,
        step: Step,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let (mut weights, mut first, mut second) = (own(weights), own(first), own(second));
        let [.., clip] = step.numbers();
        let length = whole(&length)[0];
        let scale = if clip > 0.0 { (clip / (length + 1e-6)).min(1.0) } else { 1.0 };
        let gradient = gradient.to_contiguous();
        let gradient = whole(&gradient);
        let numbers = [&mut weights, &mut first, &mut second].map(|x| (x.storage_mut::<f32>(), 1));
        host::rows(gradient.len(), numbers, |range, [weights, first, second]| {
            step_numbers(step, scale, &gradient[range], weights, first, second);
        });
        (weights, first, second)
    }
}
