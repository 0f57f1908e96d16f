//! The graphics drivers of the system.

use std::sync::LazyLock;

use super::{Found, describe};

/// One for the whole life of the program: loaders dislike instances that come and go.
static INSTANCE: LazyLock<wgpu::Instance> = LazyLock::new(|| {
    wgpu::Instance::new(wgpu::InstanceDescriptor {
        backends: wgpu::Backends::VULKAN | wgpu::Backends::METAL | wgpu::Backends::DX12,
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    })
});

/// The graphics adapters that answer.
pub async fn graphics() -> Vec<Found> {
    let adapters = INSTANCE.enumerate_adapters(wgpu::Backends::all()).await;
    adapters
        .into_iter()
        .map(|adapter| Found { instance: INSTANCE.clone(), about: describe(&adapter, None), adapter })
        .collect()
}

/// Natively a lost device makes every later read-back an error, which is watch enough.
pub fn watch(_device: &wgpu::Device) {}
