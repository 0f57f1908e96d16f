//! Products of matrices on a GPU: `shaders/src/product/*.wgsl`.

use burn::{
    backend::{TensorMetadata, tensor::FloatTensor},
    tensor::Shape,
};
use burn_cubecl::{CubeBackend, kernel::into_contiguous};
use retort_shaders::{
    columns,
    product::{self as twin, Lie},
};

use super::{Form, ProductOps, shape, sizes};
use crate::{
    kernel::{cube, work},
    platform,
};

/// Where the matrices of a tensor lie, if their rows are in one piece each and their batch in two dimensions
/// at most.
fn lie(x: &FloatTensor<CubeBackend>) -> Option<Lie> {
    let strides = x.meta.strides();
    match strides[..] {
        [row, 1] => Some(Lie { block: 0, matrix: 0, row }),
        [matrix, row, 1] => Some(Lie { block: 0, matrix, row }),
        [block, matrix, row, 1] => Some(Lie { block, matrix, row }),
        _ => None,
    }
}

/// The tensor and where its matrices lie, in a piece of their own if they lie in no way that kernels know.
fn laid(x: FloatTensor<CubeBackend>, inner: usize) -> (FloatTensor<CubeBackend>, Lie) {
    if let Some(lie) = lie(&x) {
        return (x, lie);
    }
    let x = into_contiguous(x);
    let dims = x.meta.shape().num_dims();
    let lie = Lie::packed(inner, [x.meta.shape()[dims - 2], x.meta.shape()[dims - 1]]);
    (x, lie)
}

fn launch(
    a: FloatTensor<CubeBackend>,
    b: FloatTensor<CubeBackend>,
    bias: Option<FloatTensor<CubeBackend>>,
    form: Form,
) -> FloatTensor<CubeBackend> {
    let sizes = sizes(&a.shape(), &b.shape(), form);
    let (a, lie_a) = laid(a, sizes.inner);
    let (b, lie_b) = laid(cube::unlike(b, &a), sizes.inner);
    let shape = shape(&a.shape(), sizes);
    let mut output = cube::empty(&a, shape.clone());
    let mut lie_c = Lie::packed(sizes.inner, [sizes.m, sizes.n]);
    // What is summed over lies as B does: the rows of a text's heads take turns.
    if form != Form::Nt && shape.num_dims() == 4 && lie_b.matrix < lie_b.row {
        lie_c = Lie { block: sizes.inner * sizes.m * sizes.n, matrix: sizes.n, row: sizes.inner * sizes.n };
        output.meta.strides = [lie_c.block, lie_c.matrix, lie_c.row, 1].into();
    }
    let lie = [lie_a, lie_b, lie_c];
    let (product, kernel) = twin::choose(form, sizes, lie, platform::imitates());
    let info = twin::info(sizes, lie, bias.is_some());
    let bias = bias.map_or_else(|| cube::empty(&a, Shape::from(vec![4])), into_contiguous);
    let buffers = [&a.handle, &b.handle, &bias.handle, &output.handle];
    work::computes(kernel.name, sizes.batch * sizes.m * sizes.n * sizes.k);
    cube::launch(kernel, product.groups(sizes), &a, &buffers, &info);
    output
}

/// `[rows, count]` → `[parts · count]`, each part the sums of as many rows.
pub fn sum_parts(x: &FloatTensor<CubeBackend>, [rows, count]: [usize; 2], parts: usize) -> FloatTensor<CubeBackend> {
    let output = cube::empty(x, Shape::from(vec![parts * count]));
    let info = columns::info(rows, count, parts);
    cube::launch(&columns::KERNEL, columns::groups(count, parts), x, &[&x.handle, &output.handle], &info);
    output
}

impl ProductOps for CubeBackend {
    fn product(a: FloatTensor<Self>, b: FloatTensor<Self>, form: Form) -> FloatTensor<Self> {
        launch(a, b, None, form)
    }

    fn product_and_bias(
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        form: Form,
    ) -> FloatTensor<Self> {
        launch(a, b, Some(bias), form)
    }

    fn column_sums(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let x = into_contiguous(x);
        let [rows, count] = x.shape().dims();
        // Twice where the rows are shared out: the second time the sums of their shares are added up.
        let parts = columns::parts(rows, platform::imitates());
        let sums = sum_parts(&x, [rows, count], parts);
        match parts {
            1 => sums,
            _ => sum_parts(&sums, [parts, count], 1),
        }
    }
}
