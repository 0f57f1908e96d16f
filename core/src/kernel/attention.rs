//! Attention without its matrices (`shaders/src/attention/*.wgsl`): Dao et al. 2022, "FlashAttention".

use burn::backend::{
    Autodiff, AutodiffBackend, Backend, Dispatch,
    autodiff::{
        checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
        grads::Gradients,
        ops::{Backward, Ops, OpsKind},
    },
    backend_extension,
    tensor::FloatTensor,
};
use burn::tensor::{Device, FloatDType, Shape, Tensor};
pub use retort_shaders::attention::Setting;
use retort_shaders::attention::{Sizes, choose};

use super::composed::Kind;
use crate::platform;

#[cfg(feature = "gpu")]
mod cube;
mod host;

/// Numbers of a layer's matrices that adapters do not bind in one piece, 128 MiB of them. Below, a program that imitates
/// graphics is faster with them, and takes seconds to compile the kernels.
const MANY: usize = 1 << 25;

/// Whether graphics adapters do without so many numbers of matrices, for heads of this `size`.
pub fn attends(size: usize, numbers: usize) -> bool {
    let imitated = platform::imitates();
    choose(size, imitated).is_some() && (!imitated || numbers >= MANY)
}

/// Whether [`attention`] is to be asked on a device, for heads of this `size` and so many numbers of matrices.
pub fn fuses(size: usize, numbers: usize, device: &Device) -> bool {
    Kind::Attention.instead().is_none() && (*device == Device::flex() || attends(size, numbers))
}

/// softmax(q·kᵀ / divisor + mask)·v of every head: queries `[batch, heads, query, size]`, keys and values
/// `[batch, groups, key, size]` of as many heads or a divisor of that, and a mask `[1 or batch, 1, 1 or query, key]`,
/// which is a constant → `[batch, query, heads, size]`. Drops a share of the probabilities, by their places among
/// `[batch, heads, query, key]`, as [`super::dropout`] would. Neither pass makes a matrix of queries by keys.
///
/// # Panics
/// When the shapes do not fit together, or the device has no kernel for heads of this size ([`attends`]).
pub fn attention(q: Tensor<4>, k: Tensor<4>, v: Tensor<4>, mask: Tensor<4>, setting: Setting) -> Tensor<4> {
    let [q, k, v, mask] = [q, k, v, mask.detach()].map(|x| x.cast(FloatDType::F32).into_dispatch());
    Tensor::from_dispatch(<Dispatch as AttentionOps>::attend(q, k, v, mask, setting).0)
}

/// How many there are of everything, and numbers from one text's mask to the next and from one query's.
fn sizes(q: &Shape, k: &Shape, v: &Shape, mask: &Shape) -> (Sizes, [usize; 2]) {
    let ([texts, heads, queries, size], [.., groups, keys, _]) = (q.dims(), k.dims::<4>());
    let [of_texts, one, of_queries, width] = mask.dims();
    let fits = k.dims() == [texts, groups, keys, size] && v == k && heads.is_multiple_of(groups);
    let hides = one == 1 && width == keys && [1, texts].contains(&of_texts) && [1, queries].contains(&of_queries);
    assert!(fits && hides, "attention of {q:?} to {k:?} and {v:?} with a mask {mask:?}");
    let sizes = Sizes { texts, heads, groups, queries, keys, size };
    (sizes, sizes.mask(of_texts > 1, of_queries > 1))
}

/// The operations on one backend.
#[backend_extension(Cube: cfg(feature = "gpu"), Flex, Autodiff)]
pub trait AttentionOps: Backend {
    /// See [`attention`]; and log Σ exp of every query's scores, `[batch, query, heads]`.
    fn attend(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        mask: FloatTensor<Self>,
        setting: Setting,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// The slopes in q, k and v, given what [`AttentionOps::attend`] gave.
    #[allow(clippy::too_many_arguments, reason = "operations take tensors one by one")]
    fn attend_grad(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        mask: FloatTensor<Self>,
        context: FloatTensor<Self>,
        logs: FloatTensor<Self>,
        upstream: FloatTensor<Self>,
        setting: Setting,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

#[derive(Debug)]
struct Backwards;

impl<B: AttentionOps> Backward<B, 3> for Backwards {
    /// q, k, v, the mask, the context and the logs.
    type State = ([FloatTensor<B>; 6], Setting);

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let upstream = grads.consume::<B>(&ops.node);
        let ([q, k, v, mask, context, logs], setting) = ops.state;
        let (of_q, of_k, of_v) = B::attend_grad(q, k, v, mask, context, logs, upstream, setting);
        for (parent, slope) in ops.parents.into_iter().zip([of_q, of_k, of_v]) {
            if let Some(parent) = parent {
                grads.register::<B>(parent.id, slope);
            }
        }
    }
}

impl<B: AttentionOps, C: CheckpointStrategy> AttentionOps for Autodiff<B, C> {
    fn attend(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        mask: FloatTensor<Self>,
        setting: Setting,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let ((q, of_q), (k, of_k), (v, of_v)) = (q.into_parts(), k.into_parts(), v.into_parts());
        let mask = mask.into_primitive();
        let (context, logs) = B::attend(q.clone(), k.clone(), v.clone(), mask.clone(), setting);
        let output = match Backwards.prepare::<C>([of_q, of_k, of_v]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                prepared.finish(([q, k, v, mask, context.clone(), logs.clone()], setting), context)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(context),
        };
        (output, Self::from_inner(logs))
    }

    fn attend_grad(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        mask: FloatTensor<Self>,
        context: FloatTensor<Self>,
        logs: FloatTensor<Self>,
        upstream: FloatTensor<Self>,
        setting: Setting,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        // First order only: gradients are constants of the graph.
        let [q, k, v, mask, context, logs, upstream] =
            [q, k, v, mask, context, logs, upstream].map(|x| x.into_primitive());
        let (of_q, of_k, of_v) = B::attend_grad(q, k, v, mask, context, logs, upstream, setting);
        (Self::from_inner(of_q), Self::from_inner(of_k), Self::from_inner(of_v))
    }
}
