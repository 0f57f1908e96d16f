//! What every binding to a WGSL kernel does: buffers, numbers, the launch.

use burn::tensor::Shape;
use burn_cubecl::{kernel::into_contiguous, tensor::CubeTensor};
use cubecl::{
    CubeKernel, PrecompiledSource,
    ir::{ElemType, Scope, UIntKind, metadata::Info},
    prelude::*,
    server::{Handle, KernelArguments, MetadataBindingInfo},
};

use retort_shaders::Kernel;

use super::work;

/// A kernel of `retort-shaders` as CubeCL wants it.
struct Wgsl(&'static Kernel);

impl KernelMetadata for Wgsl {
    fn name(&self) -> &'static str {
        self.0.name
    }

    fn id(&self) -> KernelId {
        KernelId::new::<Self>().info(self.0.name)
    }

    fn address_type(&self) -> ElemType {
        UIntKind::U32.into()
    }
}

impl CubeKernel for Wgsl {
    /// Nothing is compiled of it: the text stands for itself, and says how large its workgroups are.
    fn define(&self) -> KernelDefinition {
        let settings = KernelSettings::new(CubeDim::new_single().0, ExecutionMode::Checked, AddressType::U32);
        KernelDefinition { body: Scope::root(settings.clone()), settings, info: Info::default() }
    }

    fn source(&self) -> Option<PrecompiledSource> {
        let source = (self.0.source)();
        Some(PrecompiledSource { source, entrypoint_name: "main".into(), lang: "wgsl" })
    }
}

/// Queues `kernel` over `groups` workgroups. `info` becomes the last binding: CubeCL keeps the buffers of
/// numbers that come again, so that a launch writes none and nothing need be submitted before it.
pub fn launch(kernel: &'static Kernel, groups: [u32; 3], on: &CubeTensor, buffers: &[&Handle], info: &[u32]) {
    work::note(kernel.name, || buffers.iter().map(|buffer| buffer.size()).sum());
    let words = info.chunks(2).map(|pair| u64::from(pair[0]) | pair.get(1).map_or(0, |&high| u64::from(high) << 32));
    let bindings = buffers.iter().map(|&handle| handle.clone().binding()).collect();
    let [x, y, z] = groups;
    on.client.launch(
        Box::new(Wgsl(kernel)),
        CubeCount::Static(x, y, z),
        KernelArguments::new().with_buffers(bindings).with_info(MetadataBindingInfo::custom(words.collect())),
    );
}

/// A tensor on `like`'s device with nothing in it yet.
pub fn empty(like: &CubeTensor, shape: Shape) -> CubeTensor {
    let buffer = like.client.empty(shape.num_elements() * like.dtype.size());
    CubeTensor::new_contiguous(like.client.clone(), like.device.clone(), shape, buffer, like.dtype)
}

/// `tensor`, in memory of its own, however it lies.
pub fn unlike(tensor: CubeTensor, from: &CubeTensor) -> CubeTensor {
    let memory = |tensor: &CubeTensor| tensor.handle.memory.clone().binding().id();
    if memory(&tensor) == memory(from) { tensor.copy() } else { tensor }
}

/// `tensor`, row by row and in memory of its own. WebGPU refuses a dispatch that binds the same
/// bytes twice for writing, and every binding of ours counts as written.
pub fn apart(tensor: CubeTensor, from: &CubeTensor) -> CubeTensor {
    unlike(into_contiguous(tensor), from)
}
