//! Layer norm on a GPU: `shaders/src/norm*.wgsl`.

use burn::{backend::tensor::FloatTensor, tensor::Shape};
use burn_cubecl::{CubeBackend, kernel::into_contiguous};
use retort_shaders::{columns, lanes, norm as twin};

use super::NormOps;
use crate::{
    kernel::{cube, host::extents, product::cube::sum_parts},
    platform,
};

impl NormOps for CubeBackend {
    fn norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        eps: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let [x, weight, bias] = [x, weight, bias].map(into_contiguous);
        let [rows, width] = extents(x.meta.shape());
        let output = cube::empty(&x, x.meta.shape().clone());
        let norms = cube::empty(&x, Shape::from(vec![rows, 2]));
        let buffers = [&x, &weight, &bias, &output, &norms].map(|tensor| &tensor.handle);
        let (kernel, groups) = lanes::choose(&twin::FORWARD, rows, platform::imitates());
        cube::launch(kernel, groups, &x, &buffers, &twin::info(rows, width, eps));
        (output, norms)
    }

    fn norm_grad(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        norms: FloatTensor<Self>,
        upstream: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let [x, weight, norms] = [x, weight, norms].map(into_contiguous);
        let upstream = cube::apart(upstream, &x);
        let [rows, width] = extents(x.meta.shape());
        let output = cube::empty(&x, x.meta.shape().clone());
        let buffers = [&x, &weight, &norms, &upstream, &output].map(|tensor| &tensor.handle);
        let (kernel, groups) = lanes::choose(&twin::GRADIENT, rows, platform::imitates());
        cube::launch(kernel, groups, &x, &buffers, &twin::info(rows, width, 0.0));
        output
    }

    fn norm_columns(
        x: FloatTensor<Self>,
        norms: FloatTensor<Self>,
        upstream: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let [x, norms] = [x, norms].map(into_contiguous);
        let upstream = cube::apart(upstream, &x);
        let [rows, width] = extents(x.meta.shape());
        let parts = columns::parts(rows, platform::imitates());
        let [weights, biases] = [(); 2].map(|()| cube::empty(&x, Shape::from(vec![parts * width])));
        let buffers = [&x, &norms, &upstream, &weights, &biases].map(|tensor| &tensor.handle);
        let info = columns::info(rows, width, parts);
        cube::launch(&twin::COLUMNS, columns::groups(width, parts), &x, &buffers, &info);
        match parts {
            1 => (weights, biases),
            _ => (sum_parts(&weights, [parts, width], 1), sum_parts(&biases, [parts, width], 1)),
        }
    }
}
