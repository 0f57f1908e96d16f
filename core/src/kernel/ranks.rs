//! Ranks within groups, on the device (`shaders/src/ranks.wgsl`).

use burn::backend::{
    Autodiff, AutodiffBackend, Backend, Dispatch, Flex,
    autodiff::checkpoint::strategy::CheckpointStrategy,
    backend_extension,
    flex::FlexTensor,
    tensor::{FloatTensor, IntTensor},
};
use burn::tensor::{FloatDType, Int, IntDType, Tensor, TensorData};

#[cfg(feature = "gpu")]
mod cube;

/// For each number of `values`, `[count]`, how many of its group are no larger (itself included),
/// and how large its group is. Numbers of a negative group are left out: both are 0. Without
/// gradients.
pub fn ranks(values: Tensor<1>, groups: Tensor<1, Int>) -> [Tensor<1>; 2] {
    let [count] = values.dims();
    let values = values.detach().cast(FloatDType::F32);
    let both = Tensor::<2>::from_dispatch(<Dispatch as RanksOps>::group_ranks(
        values.into_dispatch(),
        groups.cast(IntDType::I32).into_dispatch(),
    ));
    [0, 1].map(|at: usize| both.clone().slice(at..at + 1).reshape([count]))
}

/// The operation on one backend.
#[backend_extension(Cube: cfg(feature = "gpu"), Flex, Autodiff)]
pub trait RanksOps: Backend {
    /// See [`ranks`]: `[count]` → `[2, count]`.
    fn group_ranks(values: FloatTensor<Self>, groups: IntTensor<Self>) -> FloatTensor<Self>;
}

impl<B: RanksOps, C: CheckpointStrategy> RanksOps for Autodiff<B, C> {
    fn group_ranks(values: FloatTensor<Self>, groups: IntTensor<Self>) -> FloatTensor<Self> {
        Self::from_inner(B::group_ranks(values.into_primitive(), groups))
    }
}

impl RanksOps for Flex {
    fn group_ranks(values: FloatTensor<Self>, groups: IntTensor<Self>) -> FloatTensor<Self> {
        let (values, groups) = (values.to_contiguous(), groups.to_contiguous());
        let values = values.as_slice::<f32>().expect("contiguous f32 numbers");
        let groups = groups.as_slice::<i32>().expect("contiguous i32 groups");
        let ranks = sorted(values, groups);
        FlexTensor::from_data(TensorData::new(ranks, [2, values.len()]))
    }
}

/// The twin's numbers in n log n.
fn sorted(values: &[f32], groups: &[i32]) -> Vec<f32> {
    let count = values.len();
    let mut order: Vec<usize> = (0..count).filter(|&at| groups[at] >= 0).collect();
    order.sort_by(|&a, &b| groups[a].cmp(&groups[b]).then(values[a].total_cmp(&values[b])));
    let mut ranks = vec![0.0; 2 * count];
    for members in order.chunk_by(|&a, &b| groups[a] == groups[b]) {
        let mut below = 0;
        for equals in members.chunk_by(|&a, &b| values[a] == values[b]) {
            below += equals.len();
            for &at in equals {
                ranks[at] = below as f32;
                ranks[count + at] = members.len() as f32;
            }
        }
    }
    ranks
}
