//! What every binding to a WGSL kernel does: buffers, scalars, the launch.

use burn::tensor::Shape;
use burn_cubecl::{
    kernel::into_contiguous,
    template::{KernelSource, SourceKernel, SourceTemplate},
    tensor::CubeTensor,
};
use cubecl::{
    prelude::*,
    server::{Handle, KernelArguments},
};

/// A kernel of `retort-shaders` as CubeCL wants it.
#[derive(Clone, Copy)]
pub struct Wgsl {
    /// Its name, which tells compiled kernels apart.
    pub name: &'static str,
    /// Its text.
    pub source: fn() -> String,
    /// Invocations per workgroup, as in the text.
    pub group: usize,
}

impl KernelSource for Wgsl {
    fn source(&self) -> SourceTemplate {
        SourceTemplate::new((self.source)())
    }

    fn id(&self) -> KernelId {
        KernelId::new::<Self>().info(self.name)
    }

    fn lang(&self) -> &'static str {
        "wgsl"
    }
}

/// Queues `kernel` over `groups` workgroups. `info` becomes the last binding.
pub fn launch(kernel: Wgsl, groups: [u32; 3], on: &CubeTensor, buffers: &[&Handle], info: &[u32]) {
    let info = on.client.create_from_slice(bytemuck::cast_slice(info));
    let bindings = buffers.iter().copied().chain([&info]).map(|handle| handle.clone().binding()).collect();
    let [x, y, z] = groups;
    on.client.launch(
        Box::new(SourceKernel::new(kernel, CubeDim::new_1d(kernel.group as u32))),
        CubeCount::Static(x, y, z),
        KernelArguments::new().with_buffers(bindings),
    );
}

/// A tensor on `like`'s device with nothing in it yet.
pub fn empty(like: &CubeTensor, shape: Shape) -> CubeTensor {
    let buffer = like.client.empty(shape.num_elements() * like.dtype.size());
    CubeTensor::new_contiguous(like.client.clone(), like.device.clone(), shape, buffer, like.dtype)
}

/// `tensor`, row by row and in memory of its own. WebGPU refuses a dispatch that binds the same
/// bytes twice for writing, and every binding of ours counts as written.
pub fn apart(tensor: CubeTensor, from: &CubeTensor) -> CubeTensor {
    let tensor = into_contiguous(tensor);
    let memory = |tensor: &CubeTensor| tensor.handle.memory.clone().binding().id();
    if memory(&tensor) == memory(from) { tensor.copy() } else { tensor }
}
