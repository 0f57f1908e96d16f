//! The optimiser on a GPU: `shaders/src/adamw*.wgsl`.

use burn::{backend::tensor::FloatTensor, tensor::Shape};
use burn_cubecl::{CubeBackend, kernel::into_contiguous};
use retort_shaders::{adamw as twin, lanes};

use super::{Step, StepOps};
use crate::{kernel::cube, platform};

/// The tensor itself if nobody else holds it, otherwise a copy: to be written to.
fn mine(tensor: FloatTensor<CubeBackend>) -> FloatTensor<CubeBackend> {
    let tensor = into_contiguous(tensor);
    if tensor.can_mut() { tensor } else { tensor.copy() }
}

impl StepOps for CubeBackend {
    fn add_squares(sums: FloatTensor<Self>, x: FloatTensor<Self>) -> FloatTensor<Self> {
        let (sums, x) = (mine(sums), into_contiguous(x));
        let [slots, count] = [&sums, &x].map(|x| x.meta.shape().num_elements());
        let info = [count as u32, slots as u32];
        cube::launch(&twin::SQUARES, twin::groups(slots), &x, &[&x.handle, &sums.handle], &info);
        sums
    }

    fn root_of_sum(sums: FloatTensor<Self>) -> FloatTensor<Self> {
        let sums = into_contiguous(sums);
        let output = cube::empty(&sums, Shape::from(vec![1]));
        let (kernel, _) = lanes::choose(&twin::LENGTH, 1, platform::imitates());
        let count = sums.meta.shape().num_elements() as u32;
        cube::launch(kernel, [1, 1, 1], &sums, &[&sums.handle, &output.handle], &[count]);
        output
    }

    fn adamw(
        weights: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
        length: FloatTensor<Self>,
        step: Step,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let [weights, gradient, length] = [weights, gradient, length].map(into_contiguous);
        let [first, second] = [first, second].map(mine);
        let count = weights.meta.shape().num_elements();
        let output = cube::empty(&weights, weights.meta.shape().clone());
        let buffers = [&weights, &gradient, &first, &second, &length, &output].map(|tensor| &tensor.handle);
        cube::launch(&twin::STEP, twin::groups(count), &weights, &buffers, &step.info(count));
        (output, first, second)
    }
}
