//! Dropout on a GPU: `shaders/src/dropout.wgsl`.

use burn::backend::tensor::FloatTensor;
use burn_cubecl::{CubeBackend, kernel::into_contiguous};
use retort_shaders::{dropout as twin, grid};

use super::DropoutOps;
use crate::kernel::cube;

impl DropoutOps for CubeBackend {
    fn seeded_dropout(x: FloatTensor<Self>, p: f64, seed: u64) -> FloatTensor<Self> {
        let x = into_contiguous(x);
        let count = x.meta.shape().num_elements();
        let output = cube::empty(&x, x.meta.shape().clone());
        let groups = grid(count.div_ceil(twin::GROUP));
        cube::launch(&twin::KERNEL, groups, &x, &[&x.handle, &output.handle], &twin::info(count, p, seed));
        output
    }
}
