//! Ranks on a GPU: `shaders/src/ranks.wgsl`.

use burn::{
    backend::tensor::{FloatTensor, IntTensor},
    tensor::Shape,
};
use burn_cubecl::{CubeBackend, kernel::into_contiguous};
use retort_shaders::{grid, ranks as twin};

use super::RanksOps;
use crate::kernel::cube;

impl RanksOps for CubeBackend {
    fn group_ranks(values: FloatTensor<Self>, groups: IntTensor<Self>) -> FloatTensor<Self> {
        let (values, groups) = (into_contiguous(values), into_contiguous(groups));
        let count = values.meta.shape()[0];
        let output = cube::empty(&values, Shape::from(vec![2, count]));
        let buffers = [&values.handle, &groups.handle, &output.handle];
        cube::launch(&twin::KERNEL, grid(count.div_ceil(twin::GROUP)), &values, &buffers, &[count as u32]);
        output
    }
}
