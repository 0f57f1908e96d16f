//! What a network bends its numbers with, forwards and backwards in one pass each
//! (`shaders/src/activation.wgsl`).

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
pub use retort_shaders::activation::Bend;

use super::{
    composed::Kind,
    host::{self, erf, exp, vectorised, whole},
};

#[cfg(feature = "gpu")]
mod cube;

/// `bend` of every number.
pub fn activation<const D: usize>(x: Tensor<D>, bend: Bend) -> Tensor<D> {
    if let Some(plain) = Kind::Activations.instead() {
        let dims = x.dims();
        return (plain.activation)(x.flatten(0, D - 1), bend).reshape(dims);
    }
    let x = x.cast(FloatDType::F32).into_dispatch();
    Tensor::from_dispatch(<Dispatch as ActivationOps>::activation(x, bend))
}

/// The operations on one backend.
#[backend_extension(Cube: cfg(feature = "gpu"), Flex, Autodiff)]
pub trait ActivationOps: Backend {
    /// See [`activation`].
    fn activation(x: FloatTensor<Self>, bend: Bend) -> FloatTensor<Self>;

    /// `upstream` times the slope at `x`.
    fn activation_grad(x: FloatTensor<Self>, upstream: FloatTensor<Self>, bend: Bend) -> FloatTensor<Self>;
}

#[derive(Debug)]
struct Backwards;

impl<B: ActivationOps> Backward<B, 1> for Backwards {
    type State = (FloatTensor<B>, Bend);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let upstream = grads.consume::<B>(&ops.node);
        let (x, bend) = ops.state;
        if let [Some(parent)] = ops.parents {
            grads.register::<B>(parent.id, B::activation_grad(x, upstream, bend));
        }
    }
}

impl<B: ActivationOps, C: CheckpointStrategy> ActivationOps for Autodiff<B, C> {
    fn activation(x: FloatTensor<Self>, bend: Bend) -> FloatTensor<Self> {
        let (x, node) = x.into_parts();
        let output = B::activation(x.clone(), bend);
        match Backwards.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish((x, bend), output),
            OpsKind::UnTracked(prepared) => prepared.finish(output),
        }
    }

    fn activation_grad(x: FloatTensor<Self>, upstream: FloatTensor<Self>, bend: Bend) -> FloatTensor<Self> {
        // First order only: the gradient is a constant of the graph.
        Self::from_inner(B::activation_grad(x.into_primitive(), upstream.into_primitive(), bend))
    }
}

/// √(8/π)
const TWICE: f32 = 2.0 * std::f32::consts::FRAC_2_SQRT_PI * std::f32::consts::FRAC_1_SQRT_2;

#[inline(always)]
fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(if x > -80.0 { -x } else { 80.0 }))
}

/// Value and slope.
#[inline(always)]
fn gelu(x: f32) -> [f32; 2] {
    let below = 0.5 * erf(x * std::f32::consts::FRAC_1_SQRT_2) + 0.5;
    [x * below, below + x * 0.398_942_3 * exp(-0.5 * x * x)]
}

#[inline(always)]
fn gelu_new(x: f32) -> [f32; 2] {
    let share = sigmoid(TWICE * (x + 0.044_715 * x * x * x));
    [x * share, share + x * share * (1.0 - share) * TWICE * (1.0 + 0.134_145 * x * x)]
}

#[inline(always)]
fn silu(x: f32) -> [f32; 2] {
    let share = sigmoid(x);
    [x * share, share + x * share * (1.0 - share)]
}

#[inline(always)]
fn relu(x: f32) -> [f32; 2] {
    [x.max(0.0), if x > 0.0 { 1.0 } else { 0.0 }]
}

/// The same loop for every bend by its name, so that each becomes vector instructions: what is handed over as
/// a value is called.
macro_rules! by_name {
    ($bend:expr, $name:ident => $body:block) => {
        match $bend {
            Bend::Gelu => {
                use self::gelu as $name;
                $body
            }
            Bend::GeluNew => {
                use self::gelu_new as $name;
                $body
            }
            Bend::Silu => {
                use self::silu as $name;
                $body
            }
            Bend::Relu => {
                use self::relu as $name;
                $body
            }
        }
    };
}

vectorised! {
    fn values<'a>(bend: Bend, x: &'a [f32], output: &'a mut [f32]) {
        by_name!(bend, bent => {
            for (y, &x) in output.iter_mut().zip(x) {
                *y = bent(x)[0];
            }
        });
    }
}

vectorised! {
    fn slopes<'a>(bend: Bend, x: &'a [f32], upstream: &'a [f32], output: &'a mut [f32]) {
        by_name!(bend, bent => {
            for ((y, &x), &up) in output.iter_mut().zip(x).zip(upstream) {
                *y = up * bent(x)[1];
            }
        });
    }
}

impl ActivationOps for Flex {
    fn activation(x: FloatTensor<Self>, bend: Bend) -> FloatTensor<Self> {
        let x = x.to_contiguous();
        let numbers = whole(&x);
        let mut output = vec![0.0; numbers.len()];
        host::rows(numbers.len(), [(&mut output, 1)], |range, [output]| values(bend, &numbers[range], output));
        host::tensor(output, x.layout().shape().clone())
    }

    fn activation_grad(x: FloatTensor<Self>, upstream: FloatTensor<Self>, bend: Bend) -> FloatTensor<Self> {
        let (x, upstream) = (x.to_contiguous(), upstream.to_contiguous());
        let (numbers, up) = (whole(&x), whole(&upstream));
        let mut output = vec![0.0; numbers.len()];
        host::rows(numbers.len(), [(&mut output, 1)], |range, [output]| {
            slopes(bend, &numbers[range.clone()], &up[range], output);
        });
        host::tensor(output, x.layout().shape().clone())
    }
}
