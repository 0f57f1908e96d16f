//! Attention's softmax on a GPU: `shaders/src/softmax*.wgsl`.

use burn::backend::tensor::FloatTensor;
use burn_cubecl::{CubeBackend, kernel::into_contiguous};
use retort_shaders::{lanes, softmax as twin};

use super::{SoftmaxOps, rows};
use crate::{
    kernel::{cube, host::extents},
    platform,
};

impl SoftmaxOps for CubeBackend {
    fn masked_softmax(scores: FloatTensor<Self>, mask: FloatTensor<Self>, divisor: f64) -> FloatTensor<Self> {
        let (scores, mask) = (into_contiguous(scores), into_contiguous(mask));
        let place = rows(scores.meta.shape(), mask.meta.shape());
        let [count, width] = extents(scores.meta.shape());
        let output = cube::empty(&scores, scores.meta.shape().clone());
        let buffers = [&scores.handle, &mask.handle, &output.handle];
        let (kernel, groups) = lanes::choose(&twin::FORWARD, count, platform::imitates());
        cube::launch(kernel, groups, &scores, &buffers, &twin::info(count, width, divisor, place));
        output
    }

    fn softmax_grad(probs: FloatTensor<Self>, upstream: FloatTensor<Self>, divisor: f64) -> FloatTensor<Self> {
        let probs = into_contiguous(probs);
        let upstream = cube::apart(upstream, &probs);
        let [count, width] = extents(probs.meta.shape());
        let output = cube::empty(&probs, probs.meta.shape().clone());
        let buffers = [&probs.handle, &upstream.handle, &output.handle];
        let (kernel, groups) = lanes::choose(&twin::GRADIENT, count, platform::imitates());
        cube::launch(kernel, groups, &probs, &buffers, &twin::info_grad(count, width, divisor));
        output
    }
}
