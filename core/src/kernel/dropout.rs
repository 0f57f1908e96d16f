//! Dropout with a mask that every device draws alike (`shaders/src/dropout.wgsl`).

use burn::backend::{
    Autodiff, Backend, Dispatch, Flex,
    autodiff::{
        checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
        grads::Gradients,
        ops::{Backward, Ops, OpsKind},
    },
    backend_extension,
    flex::FlexTensor,
    tensor::FloatTensor,
};
use burn::tensor::{FloatDType, Tensor, TensorData};
use retort_shaders::dropout as twin;

#[cfg(feature = "gpu")]
mod cube;

/// `x · keep / (1 − p)`: each number of `x` is dropped with probability `p`, the others are scaled
/// up so that the mean stays. The mask depends on `seed` and on a number's position alone; the
/// backward pass applies the same one. `p = 0` returns `x` itself; `p = 1` drops everything.
pub fn dropout<const D: usize>(x: Tensor<D>, p: f64, seed: u64) -> Tensor<D> {
    if p <= 0.0 {
        return x;
    }
    if p >= 1.0 {
        return x * 0.0;
    }
    let x = x.cast(FloatDType::F32);
    Tensor::from_dispatch(<Dispatch as DropoutOps>::seeded_dropout(x.into_dispatch(), p, seed))
}

/// The operation on one backend.
#[backend_extension(Cube: cfg(feature = "gpu"), Flex, Autodiff)]
pub trait DropoutOps: Backend {
    /// See [`dropout`]; here 0 < p < 1.
    fn seeded_dropout(x: FloatTensor<Self>, p: f64, seed: u64) -> FloatTensor<Self>;
}

#[derive(Debug)]
struct Backwards;

impl<B: DropoutOps> Backward<B, 1> for Backwards {
    type State = (f64, u64);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let upstream = grads.consume::<B>(&ops.node);
        let (p, seed) = ops.state;
        if let [Some(parent)] = ops.parents {
            grads.register::<B>(parent.id, B::seeded_dropout(upstream, p, seed));
        }
    }
}

impl<B: DropoutOps, C: CheckpointStrategy> DropoutOps for Autodiff<B, C> {
    fn seeded_dropout(x: FloatTensor<Self>, p: f64, seed: u64) -> FloatTensor<Self> {
        let (x, node) = x.into_parts();
        let output = B::seeded_dropout(x, p, seed);
        match Backwards.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish((p, seed), output),
            OpsKind::UnTracked(prepared) => prepared.finish(output),
        }
    }
}

impl DropoutOps for Flex {
    fn seeded_dropout(x: FloatTensor<Self>, p: f64, seed: u64) -> FloatTensor<Self> {
        let x = x.to_contiguous();
        let values = x.as_slice::<f32>().expect("a contiguous f32 tensor");
        FlexTensor::from_data(TensorData::new(twin::dropout(values, p, seed), x.layout().shape().clone()))
    }
}
