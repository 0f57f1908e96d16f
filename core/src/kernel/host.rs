//! What the kernels' CPU halves share: numbers in one piece, rows by the processor's cores.

use burn::backend::{Flex, flex::FlexTensor, tensor::FloatTensor};
use burn::tensor::{Shape, TensorData};

/// A tensor's numbers in one piece.
pub fn whole(tensor: &FloatTensor<Flex>) -> &[f32] {
    tensor.as_slice().expect("a contiguous f32 tensor")
}

/// Numbers as a tensor.
pub fn tensor(values: Vec<f32>, shape: impl Into<Shape>) -> FloatTensor<Flex> {
    FlexTensor::from_data(TensorData::new(values, shape.into()))
}
