//! Graphics adapters through wgpu, the same natively and in the browser.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use burn::tensor::{Device, wgpu::WgpuSetup};

use super::{Adapter, Opened, locked};
use crate::{Error, Result};

#[cfg(not(target_arch = "wasm32"))]
#[path = "native.rs"]
mod here;
#[cfg(target_arch = "wasm32")]
#[path = "web.rs"]
mod here;

pub use here::graphics;

/// An adapter that could be opened.
pub struct Found {
    pub instance: wgpu::Instance,
    pub adapter: wgpu::Adapter,
    pub about: Adapter,
}

/// What went wrong on a device since it was opened, outside any call that could have said so.
static TROUBLE: Mutex<Option<String>> = Mutex::new(None);

/// Whether the adapter that was opened last imitates graphics hardware on a processor.
static IMITATES: AtomicBool = AtomicBool::new(false);

/// Whether kernels should be made for an adapter that imitates graphics hardware. They compute the same
/// everywhere; what differs is how fast.
pub fn imitates() -> bool {
    IMITATES.load(Ordering::Relaxed)
}

/// The devices that are open, to be shared: a device may be registered with Burn only once.
static OPEN: Mutex<Vec<Opened>> = Mutex::new(Vec::new());

/// The first thing that went wrong on a graphics device since it was opened, if anything: memory
/// that ran out, an operation refused, a device lost. What was computed since is not to be
/// trusted. To be asked after every read-back; [`super::open`] starts over with a fresh device.
pub fn trouble() -> Option<String> {
    locked(&TROUBLE).clone()
}

/// Notes trouble; the first is the cause, the rest are its consequences.
fn note(what: String) {
    log::error!("{what}");
    locked(&TROUBLE).get_or_insert(what);
}

/// Requests the adapter's device and registers it with Burn, or returns the one that is open.
pub(super) async fn open(found: Found, why: String) -> Result<Opened> {
    if trouble().is_some() {
        locked(&OPEN).clear();
        *locked(&TROUBLE) = None;
    }
    let same = |open: &&Opened| open.adapter.name == found.about.name && open.adapter.api == found.about.api;
    let known = locked(&OPEN).iter().find(same).cloned();
    let mut opened = match known {
        Some(opened) => opened,
        None => {
            let (device, _) = register(&found).await?;
            let opened = Opened { device, adapter: found.about };
            locked(&OPEN).push(opened.clone());
            opened
        }
    };
    IMITATES.store(opened.adapter.software, Ordering::Relaxed);
    opened.adapter.note = why;
    Ok(opened)
}

/// Everything the adapter can do, and all of its limits: what Burn's kernels expect.
async fn register(found: &Found) -> Result<(Device, wgpu::Device)> {
    let refused = |reason: String| Error::device(&found.about.name, format!("the driver refused a device: {reason}"));
    let features = found
        .adapter
        .features()
        .difference(wgpu::Features::MAPPABLE_PRIMARY_BUFFERS)
        .difference(wgpu::Features::all_experimental_mask());
    let (device, queue) = found
        .adapter
        .request_device(&wgpu::DeviceDescriptor {
            label: Some("retort"),
            required_features: features,
            required_limits: found.adapter.limits(),
            // Burn pools its buffers itself.
            memory_hints: wgpu::MemoryHints::MemoryUsage,
            ..Default::default()
        })
        .await
        .map_err(|error| refused(error.to_string()))?;
    let setup = WgpuSetup {
        instance: found.instance.clone(),
        adapter: found.adapter.clone(),
        device: device.clone(),
        queue,
        backend: found.adapter.get_info().backend,
    };
    let registered = Device::wgpu_options().setup(setup).init().map_err(|error| refused(error.to_string()))?;
    // After Burn's own handler, which panics. Its handler for lost devices stays: it makes every
    // later read-back an error.
    device.on_uncaptured_error(Arc::new(|error: wgpu::Error| note(sentence(&error))));
    here::watch(&device);
    Ok((registered, device))
}

fn sentence(error: &wgpu::Error) -> String {
    let text = error.to_string();
    let line = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    match error {
        wgpu::Error::OutOfMemory { .. } => {
            "the device ran out of memory; a smaller batch, shorter sentences or a smaller model need less".into()
        }
        wgpu::Error::Validation { .. } => format!("the device refused an operation: {line}"),
        wgpu::Error::Internal { .. } => format!("the graphics driver failed: {line}"),
    }
}

/// An adapter in our words. The browser names it in its own way, hence `name`.
fn describe(adapter: &wgpu::Adapter, name: Option<String>) -> Adapter {
    let info = adapter.get_info();
    let limits = adapter.limits();
    let name = name.unwrap_or(info.name);
    let software = info.device_type == wgpu::DeviceType::Cpu || imitation(&name) || imitation(&info.driver);
    let kind = match info.device_type {
        _ if software => "software",
        wgpu::DeviceType::DiscreteGpu => "discrete",
        wgpu::DeviceType::IntegratedGpu => "integrated",
        wgpu::DeviceType::VirtualGpu => "virtual",
        wgpu::DeviceType::Cpu => "software",
        wgpu::DeviceType::Other => "other",
    };
    let api = match info.backend {
        wgpu::Backend::BrowserWebGpu => "webgpu".to_owned(),
        other => other.to_str().to_owned(),
    };
    Adapter {
        name,
        api,
        kind: kind.into(),
        driver: format!("{} {}", info.driver, info.driver_info).trim().to_owned(),
        software,
        max_buffer_bytes: limits.max_buffer_size,
        max_binding_bytes: limits.max_storage_buffer_binding_size,
        max_workgroups: limits.max_compute_workgroups_per_dimension,
        features: adapter.features().iter().filter_map(|feature| feature.as_str()).map(str::to_owned).collect(),
        limits: compute_limits(&limits),
        memory_bytes: None,
        note: String::new(),
    }
}

/// Names under which programs that imitate a graphics adapter are known.
fn imitation(name: &str) -> bool {
    let name = name.to_lowercase();
    ["llvmpipe", "lavapipe", "swiftshader", "basic render", "warp adapter", "softpipe"]
        .iter()
        .any(|known| name.contains(known))
}

fn compute_limits(limits: &wgpu::Limits) -> BTreeMap<String, u64> {
    macro_rules! table {
        ($($name:ident),* $(,)?) => { BTreeMap::from([$((stringify!($name).to_owned(), u64::from(limits.$name))),*]) };
    }
    table!(
        max_bind_groups,
        max_bindings_per_bind_group,
        max_buffer_size,
        max_compute_invocations_per_workgroup,
        max_compute_workgroup_size_x,
        max_compute_workgroup_size_y,
        max_compute_workgroup_size_z,
        max_compute_workgroup_storage_size,
        max_compute_workgroups_per_dimension,
        max_storage_buffer_binding_size,
        max_storage_buffers_per_shader_stage,
        max_uniform_buffer_binding_size,
        min_storage_buffer_offset_alignment,
    )
}

#[cfg(test)]
mod tests {
    use burn::tensor::Tensor;

    use super::*;
    use crate::{
        platform::{DeviceChoice, adapters, open},
        readback,
    };

    #[test]
    fn imitations_are_known_by_name() {
        for name in ["llvmpipe (LLVM 15.0.6, 256 bits)", "google swiftshader", "Microsoft Basic Render Driver"] {
            assert!(imitation(name), "{name}");
        }
        for name in ["NVIDIA H200", "Apple M3", "AMD Radeon RX 7900 XTX", "Intel Arc"] {
            assert!(!imitation(name), "{name}");
        }
    }

    /// The interface of some graphics adapter here; prints why a test skips.
    fn any_graphics() -> Option<DeviceChoice> {
        let found = pollster::block_on(adapters()).unwrap().into_iter().find(|adapter| adapter.api != "cpu");
        if found.is_none() {
            assert!(std::env::var_os("RETORT_REQUIRE_GPU").is_none(), "no graphics adapter answers on this machine");
            println!("skipped: no graphics adapter answers on this machine");
        }
        found.map(|adapter| adapter.api.parse().unwrap())
    }

    #[test]
    fn a_graphics_device_computes_and_is_opened_once() {
        let Some(choice) = any_graphics() else { return };
        let first = pollster::block_on(open(choice)).unwrap();
        let second = pollster::block_on(open(choice)).unwrap();
        assert_eq!(first.device, second.device);
        assert!(first.adapter.max_workgroups >= 65_535 && first.adapter.max_binding_bytes >= 128 << 20);
        // 1 + 2 + … + 100
        let sum = Tensor::<1, burn::tensor::Int>::arange(1..101, &first.device).sum();
        assert_eq!(sum.into_scalar::<i32>(), 5050);
    }

    /// In a process of its own: a lost device would be everybody's.
    #[test]
    fn a_lost_device_is_an_error_and_not_a_panic() {
        const CHILD: &str = "RETORT_TEST_LOSE_DEVICE";
        let Some(_) = any_graphics() else { return };
        if std::env::var_os(CHILD).is_some() {
            return lose_a_device();
        }
        let name = "platform::gpu::tests::a_lost_device_is_an_error_and_not_a_panic";
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env(CHILD, "1")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn lose_a_device() {
        pollster::block_on(async {
            let found = here::graphics().await.into_iter().next().unwrap();
            let (device, handle) = register(&found).await.unwrap();
            let ones = Tensor::<1>::ones([64], &device);
            assert_eq!(ones.clone().sum().into_scalar_async::<f32>().await.unwrap(), 64.0);
            assert_eq!(trouble(), None);
            handle.destroy();
            handle.poll(wgpu::PollType::wait_indefinitely()).unwrap();
            let error = readback::read(ones * 2.0).await.unwrap_err();
            assert!(matches!(error, Error::Device { .. }), "{error}");
            // A buffer that no adapter can give: an error outside any call.
            let (_device, handle) = register(&found).await.unwrap();
            let size = handle.limits().max_buffer_size * 2;
            let usage = wgpu::BufferUsages::STORAGE;
            let asked = wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false };
            let _refused = handle.create_buffer(&asked);
            let told = trouble().unwrap();
            assert!(told.starts_with("the device refused an operation: "), "{told}");
            // Whoever opens again gets a device that works.
            let again = super::open(found, String::new()).await.unwrap();
            let sum = Tensor::<1>::ones([7], &again.device).sum();
            assert_eq!(sum.into_scalar_async::<f32>().await.unwrap(), 7.0);
            assert_eq!(trouble(), None);
        });
    }
}
