//! Layer norm (`shaders/src/norm*.wgsl`): Ba, Kiros and Hinton 2016.

use burn::backend::{
    Autodiff, AutodiffBackend, Backend, Dispatch, Flex,
    autodiff::{
        checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
        grads::Gradients,
        ops::{Backward, Ops, OpsKind},
    },
    backend_extension,
    tensor::FloatTensor,
};
use burn::tensor::{FloatDType, Tensor};

use super::{
    composed::Kind,
    host::{self, extents, sum, vectorised, whole},
};

#[cfg(feature = "gpu")]
mod cube;

/// (x − mean) / √(variance + ε) · weight + bias over the last dimension.
pub fn layer_norm<const D: usize>(x: Tensor<D>, weight: Tensor<1>, bias: Tensor<1>, eps: f64) -> Tensor<D> {
    if let Some(plain) = Kind::Norms.instead() {
        let dims = x.dims();
        let rows = x.reshape([-1, dims[D - 1] as i32]);
        return (plain.layer_norm)(rows, weight, bias, eps).reshape(dims);
    }
    let x = x.cast(FloatDType::F32).into_dispatch();
    let [weight, bias] = [weight, bias].map(|x| x.cast(FloatDType::F32).into_dispatch());
    Tensor::from_dispatch(<Dispatch as NormOps>::norm(x, weight, bias, eps).0)
}

/// The operations on one backend.
#[backend_extension(Cube: cfg(feature = "gpu"), Flex, Autodiff)]
pub trait NormOps: Backend {
    /// See [`layer_norm`]; and mean and 1 / √(variance + ε) of every row, `[rows, 2]`.
    fn norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        eps: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// The slope in x.
    fn norm_grad(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        norms: FloatTensor<Self>,
        upstream: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// The slopes in weight and bias.
    fn norm_columns(
        x: FloatTensor<Self>,
        norms: FloatTensor<Self>,
        upstream: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

#[derive(Debug)]
struct Backwards;

impl<B: NormOps> Backward<B, 3> for Backwards {
    /// x, weight, norms.
    type State = [FloatTensor<B>; 3];

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let upstream = grads.consume::<B>(&ops.node);
        let [x, weight, norms] = ops.state;
        let [of_x, of_weight, of_bias] = ops.parents;
        if of_weight.is_some() || of_bias.is_some() {
            let (weights, biases) = B::norm_columns(x.clone(), norms.clone(), upstream.clone());
            for (parent, slope) in [(of_weight, weights), (of_bias, biases)] {
                if let Some(parent) = parent {
                    grads.register::<B>(parent.id, slope);
                }
            }
        }
        if let Some(parent) = of_x {
            grads.register::<B>(parent.id, B::norm_grad(x, weight, norms, upstream));
        }
    }
}

impl<B: NormOps, C: CheckpointStrategy> NormOps for Autodiff<B, C> {
    fn norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        eps: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let ((x, of_x), (weight, of_weight), (bias, of_bias)) =
            (x.into_parts(), weight.into_parts(), bias.into_parts());
        let (output, norms) = B::norm(x.clone(), weight.clone(), bias, eps);
        let output = match Backwards.prepare::<C>([of_x, of_weight, of_bias]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish([x, weight, norms.clone()], output),
            OpsKind::UnTracked(prepared) => prepared.finish(output),
        };
        (output, Self::from_inner(norms))
    }

    fn norm_grad(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        norms: FloatTensor<Self>,
        upstream: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        // First order only: gradients are constants of the graph.
        let [x, weight, norms, upstream] = [x, weight, norms, upstream].map(|x| x.into_primitive());
        Self::from_inner(B::norm_grad(x, weight, norms, upstream))
    }

    fn norm_columns(
        x: FloatTensor<Self>,
        norms: FloatTensor<Self>,
        upstream: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let [x, norms, upstream] = [x, norms, upstream].map(|x| x.into_primitive());
        let (weights, biases) = B::norm_columns(x, norms, upstream);
        (Self::from_inner(weights), Self::from_inner(biases))
    }
}

vectorised! {
    /// Some rows, and what normalises them.
    fn norm_rows<'a>(
        x: &'a [f32],
        weight: &'a [f32],
        bias: &'a [f32],
        eps: f32,
        output: &'a mut [f32],
        norms: &'a mut [f32],
    ) {
        let width = weight.len();
        let rows = x.chunks_exact(width).zip(output.chunks_exact_mut(width));
        for ((x, y), norms) in rows.zip(norms.chunks_exact_mut(2)) {
            let mean = sum(width, |at| x[at]) / width as f32;
            let variance = sum(width, |at| (x[at] - mean) * (x[at] - mean)) / width as f32;
            let scale = 1.0 / (variance + eps).sqrt();
            for (((y, &x), &weight), &bias) in y.iter_mut().zip(x).zip(weight).zip(bias) {
                *y = (x - mean) * scale * weight + bias;
            }
            norms.copy_from_slice(&[mean, scale]);
        }
    }
}

vectorised! {
    /// The slopes of some rows.
    fn norm_grad_rows<'a>(
        x: &'a [f32],
        weight: &'a [f32],
        norms: &'a [f32],
        upstream: &'a [f32],
        output: &'a mut [f32],
    ) {
        let width = weight.len();
        let rows = x.chunks_exact(width).zip(upstream.chunks_exact(width));
        for (((x, up), norms), y) in rows.zip(norms.chunks_exact(2)).zip(output.chunks_exact_mut(width)) {
            let [mean, scale] = [norms[0], norms[1]];
            let mean_g = sum(width, |at| up[at] * weight[at]) / width as f32;
            let mean_gn = sum(width, |at| up[at] * weight[at] * (x[at] - mean)) * scale / width as f32;
            for (((y, &x), &up), &weight) in y.iter_mut().zip(x).zip(up).zip(weight) {
                *y = scale * (up * weight - mean_g - (x - mean) * scale * mean_gn);
            }
        }
    }
}

vectorised! {
    /// Adds the slopes of all rows.
    fn norm_column_sums<'a>(
        x: &'a [f32],
        norms: &'a [f32],
        upstream: &'a [f32],
        weights: &'a mut [f32],
        biases: &'a mut [f32],
    ) {
        let width = weights.len();
        let rows = x.chunks_exact(width).zip(upstream.chunks_exact(width));
        for ((x, up), norms) in rows.zip(norms.chunks_exact(2)) {
            for (((weight, bias), &x), &up) in weights.iter_mut().zip(biases.iter_mut()).zip(x).zip(up) {
                *weight += up * (x - norms[0]) * norms[1];
                *bias += up;
            }
        }
    }
}

impl NormOps for Flex {
    fn norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        eps: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let [x, weight, bias] = [x, weight, bias].map(|x| x.to_contiguous());
        let [count, width] = extents(x.layout().shape());
        let [numbers, weight, bias] = [&x, &weight, &bias].map(whole);
        let (mut output, mut norms) = (vec![0.0; count * width], vec![0.0; 2 * count]);
        host::rows(count, [(&mut output, width), (&mut norms, 2)], |rows, [output, norms]| {
            norm_rows(&numbers[rows.start * width..rows.end * width], weight, bias, eps as f32, output, norms);
        });
        (host::tensor(output, x.layout().shape().clone()), host::tensor(norms, [count, 2]))
    }

    fn norm_grad(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        norms: FloatTensor<Self>,
        upstream: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let [x, weight, norms, upstream] = [x, weight, norms, upstream].map(|x| x.to_contiguous());
        let [count, width] = extents(x.layout().shape());
        let [numbers, weight, norms, upstream] = [&x, &weight, &norms, &upstream].map(whole);
        let mut output = vec![0.0; count * width];
        host::rows(count, [(&mut output, width)], |rows, [output]| {
            let [numbers, upstream] = [numbers, upstream].map(|all| &all[rows.start * width..rows.end * width]);
            norm_grad_rows(numbers, weight, &norms[2 * rows.start..2 * rows.end], upstream, output);
        });
        host::tensor(output, x.layout().shape().clone())
    }

    fn norm_columns(
        x: FloatTensor<Self>,
        norms: FloatTensor<Self>,
        upstream: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let [x, norms, upstream] = [x, norms, upstream].map(|x| x.to_contiguous());
        let [_, width] = extents(x.layout().shape());
        let (mut weights, mut biases) = (vec![0.0; width], vec![0.0; width]);
        norm_column_sums(whole(&x), whole(&norms), whole(&upstream), &mut weights, &mut biases);
        (host::tensor(weights, [width]), host::tensor(biases, [width]))
    }
}
