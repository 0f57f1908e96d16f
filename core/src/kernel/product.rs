//! Products of matrices (`shaders/src/product/*.wgsl`) and what layers make of them.

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
use burn::tensor::{FloatDType, Shape, Tensor};
pub use retort_shaders::product::Form;
use retort_shaders::product::Sizes;

use super::composed::Kind;

#[cfg(feature = "gpu")]
pub(super) mod cube;

pub(super) mod host;

/// How a layer's weights lie in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weights {
    /// `[out, in]`: most models.
    OutIn,
    /// `[in, out]`: GPT-2.
    InOut,
}

/// x Wᵀ + b, or x W + b, over the last dimension: `[…, in]` → `[…, out]`.
pub fn affine<const D: usize>(x: Tensor<D>, weight: Tensor<2>, bias: Option<Tensor<1>>, lie: Weights) -> Tensor<D> {
    let mut dims = x.dims();
    let rows = dims[..D - 1].iter().product();
    let x: Tensor<2> = x.reshape([rows, dims[D - 1]]);
    let (form, outputs) = match lie {
        Weights::OutIn => (Form::Nt, weight.dims()[0]),
        Weights::InOut => (Form::Nn, weight.dims()[1]),
    };
    dims[D - 1] = outputs;
    if let Some(plain) = Kind::Products.instead() {
        return (plain.affine)(x, weight, bias, lie).reshape(dims);
    }
    let [x, weight] = [x, weight].map(|x| x.cast(FloatDType::F32).into_dispatch());
    let product = match bias {
        Some(bias) => {
            <Dispatch as ProductOps>::product_and_bias(x, weight, bias.cast(FloatDType::F32).into_dispatch(), form)
        }
        None => <Dispatch as ProductOps>::product(x, weight, form),
    };
    Tensor::<2>::from_dispatch(product).reshape(dims)
}

/// Products of the matrices of two batches of the same size, `[…, rows, columns]`, by `form`.
pub fn product<const D: usize>(a: Tensor<D>, b: Tensor<D>, form: Form) -> Tensor<D> {
    if let Some(plain) = Kind::Products.instead() {
        let [a, b] = [a, b].map(Tensor::unsqueeze::<4>);
        let product = (plain.product)(a, b, form);
        let dims: [usize; D] = std::array::from_fn(|at| product.dims()[4 - D + at]);
        return product.reshape(dims);
    }
    let [a, b] = [a, b].map(|x| x.cast(FloatDType::F32).into_dispatch());
    Tensor::from_dispatch(<Dispatch as ProductOps>::product(a, b, form))
}

/// The sizes of a product, of the shapes of A and B.
///
/// # Panics
/// When they do not fit together, as Burn's own product does.
fn sizes(a: &Shape, b: &Shape, form: Form) -> Sizes {
    let last = |shape: &Shape| {
        let dims = shape.num_dims();
        [shape[dims - 2], shape[dims - 1]]
    };
    let (m, k) = match (form, last(a)) {
        (Form::Tn, [k, m]) => (m, k),
        (_, [m, k]) => (m, k),
    };
    let (n, depth) = match (form, last(b)) {
        (Form::Nt, [n, k]) => (n, k),
        (_, [k, n]) => (n, k),
    };
    let batch = a.num_elements() / (m * k).max(1);
    assert!(k == depth && b.num_elements() == batch * n * k, "product {form:?} of {a:?} and {b:?}");
    let inner = if a.num_dims() > 2 { a[a.num_dims() - 3] } else { 1 };
    Sizes { batch, inner, m, n, k }
}

/// That of C: A's batch of matrices.
fn shape(a: &Shape, sizes: Sizes) -> Shape {
    let mut shape = a.clone();
    let dims = shape.num_dims();
    (shape[dims - 2], shape[dims - 1]) = (sizes.m, sizes.n);
    shape
}

/// The operations on one backend.
#[backend_extension(Cube: cfg(feature = "gpu"), Flex, Autodiff)]
pub trait ProductOps: Backend {
    /// C of batches of matrices, by `form`.
    fn product(a: FloatTensor<Self>, b: FloatTensor<Self>, form: Form) -> FloatTensor<Self>;

    /// C of one pair of matrices, `bias` added to every row.
    fn product_and_bias(
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        form: Form,
    ) -> FloatTensor<Self>;

    /// Sums of the columns of a matrix: `[rows, n]` → `[n]`.
    fn column_sums(x: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// The gradients of A and B, given that of C; computed only if asked for.
fn slopes<B: ProductOps>(
    [a, b]: [FloatTensor<B>; 2],
    upstream: FloatTensor<B>,
    form: Form,
    wanted: [bool; 2],
) -> [Option<FloatTensor<B>>; 2] {
    let up = || upstream.clone();
    match form {
        Form::Nt => {
            [wanted[0].then(|| B::product(up(), b, Form::Nn)), wanted[1].then(|| B::product(up(), a, Form::Tn))]
        }
        Form::Nn => {
            [wanted[0].then(|| B::product(up(), b, Form::Nt)), wanted[1].then(|| B::product(a, up(), Form::Tn))]
        }
        Form::Tn => {
            [wanted[0].then(|| B::product(b, up(), Form::Nt)), wanted[1].then(|| B::product(a, up(), Form::Nn))]
        }
    }
}

#[derive(Debug)]
struct ProductBackwards;

impl<B: ProductOps> Backward<B, 2> for ProductBackwards {
    type State = ([FloatTensor<B>; 2], Form);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let upstream = grads.consume::<B>(&ops.node);
        let (pair, form) = ops.state;
        let wanted = ops.parents.each_ref().map(Option::is_some);
        for (parent, slope) in ops.parents.into_iter().zip(slopes::<B>(pair, upstream, form, wanted)) {
            if let (Some(parent), Some(slope)) = (parent, slope) {
                grads.register::<B>(parent.id, slope);
            }
        }
    }
}

#[derive(Debug)]
struct BiasBackwards;

impl<B: ProductOps> Backward<B, 3> for BiasBackwards {
    type State = ([FloatTensor<B>; 2], Form);

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let upstream = grads.consume::<B>(&ops.node);
        let (pair, form) = ops.state;
        let [a, b, bias] = ops.parents;
        let wanted = [a.is_some(), b.is_some()];
        let along = bias.is_some().then(|| B::column_sums(upstream.clone()));
        let [slope_a, slope_b] = slopes::<B>(pair, upstream, form, wanted);
        for (parent, slope) in [(a, slope_a), (b, slope_b), (bias, along)] {
            if let (Some(parent), Some(slope)) = (parent, slope) {
                grads.register::<B>(parent.id, slope);
            }
        }
    }
}

impl<B: ProductOps, C: CheckpointStrategy> ProductOps for Autodiff<B, C> {
    fn product(a: FloatTensor<Self>, b: FloatTensor<Self>, form: Form) -> FloatTensor<Self> {
        let ((a, node_a), (b, node_b)) = (a.into_parts(), b.into_parts());
        let output = B::product(a.clone(), b.clone(), form);
        match ProductBackwards.prepare::<C>([node_a, node_b]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish(([a, b], form), output),
            OpsKind::UnTracked(prepared) => prepared.finish(output),
        }
    }

    fn product_and_bias(
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        form: Form,
    ) -> FloatTensor<Self> {
        let ((a, node_a), (b, node_b), (bias, node_bias)) = (a.into_parts(), b.into_parts(), bias.into_parts());
        let output = B::product_and_bias(a.clone(), b.clone(), bias, form);
        match BiasBackwards.prepare::<C>([node_a, node_b, node_bias]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish(([a, b], form), output),
            OpsKind::UnTracked(prepared) => prepared.finish(output),
        }
    }

    fn column_sums(x: FloatTensor<Self>) -> FloatTensor<Self> {
        // First order only: a gradient is a constant of the graph.
        Self::from_inner(B::column_sums(x.into_primitive()))
    }
}
