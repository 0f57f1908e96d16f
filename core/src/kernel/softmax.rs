//! Softmax of attention's scores (`shaders/src/softmax*.wgsl`).

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
use burn::tensor::{FloatDType, Shape, Tensor};
use retort_shaders::softmax::Rows;

use super::{
    composed::Kind,
    host::{self, exp, extents, sum, vectorised, whole},
};

#[cfg(feature = "gpu")]
mod cube;

/// softmax(scores / divisor + mask) over the last dimension: `[batch, heads, query, key]`, with a mask
/// `[1 or batch, 1, 1 or query, key]`. The mask is a constant.
///
/// # Panics
/// When the shapes do not fit together.
pub fn masked_softmax(scores: Tensor<4>, mask: Tensor<4>, divisor: f64) -> Tensor<4> {
    let ([batch, _, queries, keys], [texts, heads, rows, width]) = (scores.dims(), mask.dims());
    let fits = heads == 1 && width == keys && [1, batch].contains(&texts) && [1, queries].contains(&rows);
    assert!(fits, "softmax: a mask {:?} for scores {:?}", mask.dims(), scores.dims());
    if let Some(plain) = Kind::Softmax.instead() {
        return (plain.masked_softmax)(scores, mask, divisor);
    }
    let [scores, mask] = [scores, mask.detach()].map(|x| x.cast(FloatDType::F32).into_dispatch());
    Tensor::from_dispatch(<Dispatch as SoftmaxOps>::masked_softmax(scores, mask, divisor))
}

/// Which row of the mask belongs to which row of the scores.
fn rows(scores: &Shape, mask: &Shape) -> Rows {
    let [_, heads, queries, _] = scores.dims();
    Rows { inner: queries, outer: heads * queries, by_text: mask[0] > 1, by_row: mask[2] > 1 }
}

/// The operations on one backend.
#[backend_extension(Cube: cfg(feature = "gpu"), Flex, Autodiff)]
pub trait SoftmaxOps: Backend {
    /// See [`masked_softmax`].
    fn masked_softmax(scores: FloatTensor<Self>, mask: FloatTensor<Self>, divisor: f64) -> FloatTensor<Self>;

    /// The slope in the scores, given the outcome.
    fn softmax_grad(probs: FloatTensor<Self>, upstream: FloatTensor<Self>, divisor: f64) -> FloatTensor<Self>;
}

#[derive(Debug)]
struct Backwards;

impl<B: SoftmaxOps> Backward<B, 1> for Backwards {
    type State = (FloatTensor<B>, f64);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let upstream = grads.consume::<B>(&ops.node);
        let (probs, divisor) = ops.state;
        if let [Some(parent)] = ops.parents {
            grads.register::<B>(parent.id, B::softmax_grad(probs, upstream, divisor));
        }
    }
}

impl<B: SoftmaxOps, C: CheckpointStrategy> SoftmaxOps for Autodiff<B, C> {
    fn masked_softmax(scores: FloatTensor<Self>, mask: FloatTensor<Self>, divisor: f64) -> FloatTensor<Self> {
        let (scores, node) = scores.into_parts();
        let output = B::masked_softmax(scores, mask.into_primitive(), divisor);
        match Backwards.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish((output.clone(), divisor), output),
            OpsKind::UnTracked(prepared) => prepared.finish(output),
        }
    }

    fn softmax_grad(probs: FloatTensor<Self>, upstream: FloatTensor<Self>, divisor: f64) -> FloatTensor<Self> {
        // First order only: the gradient is a constant of the graph.
        Self::from_inner(B::softmax_grad(probs.into_primitive(), upstream.into_primitive(), divisor))
    }
}

vectorised! {
    /// Rows from `first` on.
    fn softmax_rows<'a>(
        first: usize,
        x: &'a [f32],
        mask: &'a [f32],
        width: usize,
        inverse: f32,
        place: Rows,
        output: &'a mut [f32],
    ) {
        for (at, (x, output)) in x.chunks_exact(width).zip(output.chunks_exact_mut(width)).enumerate() {
            let mask = &mask[place.start(first + at, width)..][..width];
            let mut most = f32::MIN;
            for ((y, &x), &mask) in output.iter_mut().zip(x).zip(mask) {
                *y = x * inverse + mask;
                most = if *y > most { *y } else { most };
            }
            output.iter_mut().for_each(|y| *y = exp(*y - most));
            let scale = 1.0 / sum(width, |at| output[at]);
            output.iter_mut().for_each(|y| *y *= scale);
        }
    }
}

vectorised! {
    /// The slopes of some rows.
    fn softmax_grad_rows<'a>(p: &'a [f32], upstream: &'a [f32], width: usize, inverse: f32, output: &'a mut [f32]) {
        let rows = p.chunks_exact(width).zip(upstream.chunks_exact(width));
        for ((p, up), output) in rows.zip(output.chunks_exact_mut(width)) {
            let mean = sum(width, |at| p[at] * up[at]);
            for ((y, &p), &up) in output.iter_mut().zip(p).zip(up) {
                *y = (up - mean) * p * inverse;
            }
        }
    }
}

impl SoftmaxOps for Flex {
    fn masked_softmax(scores: FloatTensor<Self>, mask: FloatTensor<Self>, divisor: f64) -> FloatTensor<Self> {
        let (scores, mask) = (scores.to_contiguous(), mask.to_contiguous());
        let shape = scores.layout().shape().clone();
        let place = rows(&shape, mask.layout().shape());
        let [count, width] = extents(&shape);
        let (x, mask, inverse) = (whole(&scores), whole(&mask), (1.0 / divisor) as f32);
        let mut output = vec![0.0; count * width];
        host::rows(count, [(&mut output, width)], |rows, [output]| {
            softmax_rows(rows.start, &x[rows.start * width..rows.end * width], mask, width, inverse, place, output);
        });
        host::tensor(output, shape)
    }

    fn softmax_grad(probs: FloatTensor<Self>, upstream: FloatTensor<Self>, divisor: f64) -> FloatTensor<Self> {
        let (probs, upstream) = (probs.to_contiguous(), upstream.to_contiguous());
        let shape = probs.layout().shape().clone();
        let [count, width] = extents(&shape);
        let (p, up, inverse) = (whole(&probs), whole(&upstream), (1.0 / divisor) as f32);
        let mut output = vec![0.0; count * width];
        host::rows(count, [(&mut output, width)], |rows, [output]| {
            let [p, up] = [p, up].map(|all| &all[rows.start * width..rows.end * width]);
            softmax_grad_rows(p, up, width, inverse, output);
        });
        host::tensor(output, shape)
    }
}
