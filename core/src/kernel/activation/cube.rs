//! Activations on a GPU: `shaders/src/activation*.wgsl`.

use burn::backend::tensor::FloatTensor;
use burn_cubecl::{CubeBackend, kernel::into_contiguous};
use retort_shaders::activation as twin;

use super::{ActivationOps, Bend};
use crate::kernel::cube;

impl ActivationOps for CubeBackend {
    fn activation(x: FloatTensor<Self>, bend: Bend) -> FloatTensor<Self> {
        let x = into_contiguous(x);
        let count = x.meta.shape().num_elements();
        let output = cube::empty(&x, x.meta.shape().clone());
        let buffers = [&x.handle, &output.handle];
        cube::launch(&twin::FORWARD, twin::groups(count), &x, &buffers, &twin::info(count, bend));
        output
    }

    fn activation_grad(x: FloatTensor<Self>, upstream: FloatTensor<Self>, bend: Bend) -> FloatTensor<Self> {
        let x = into_contiguous(x);
        let upstream = cube::apart(upstream, &x);
        let count = x.meta.shape().num_elements();
        let output = cube::empty(&x, x.meta.shape().clone());
        let buffers = [&x.handle, &upstream.handle, &output.handle];
        cube::launch(&twin::GRADIENT, twin::groups(count), &x, &buffers, &twin::info(count, bend));
        output
    }
}
