//! WebGPU as the browser gives it.

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};

use super::{super::here::property, Found, describe, note};

/// The one adapter that browsers show, if they show one.
pub async fn graphics() -> Vec<Found> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
        backends: wgpu::Backends::BROWSER_WEBGPU,
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    });
    let Some(name) = adapter_name().await else { return vec![] };
    let options =
        wgpu::RequestAdapterOptions { power_preference: wgpu::PowerPreference::HighPerformance, ..Default::default() };
    match instance.request_adapter(&options).await {
        Ok(adapter) => vec![Found { instance, about: describe(&adapter, Some(name)), adapter }],
        Err(error) => {
            log::warn!("the browser showed an adapter and then refused it: {error}");
            vec![]
        }
    }
}

/// What the browser tells of its adapter: vendor, architecture, device, description. wgpu keeps
/// only the last, which most browsers leave empty. `None` without WebGPU or without an adapter.
async fn adapter_name() -> Option<String> {
    let gpu = property(&property(&js_sys::global(), "navigator")?, "gpu")?;
    let request: Function = property(&gpu, "requestAdapter")?.dyn_into().ok()?;
    let options = js_sys::Object::new();
    Reflect::set(&options, &"powerPreference".into(), &"high-performance".into()).ok()?;
    let promise: Promise = request.call1(&gpu, &options).ok()?.dyn_into().ok()?;
    let adapter = JsFuture::from(promise).await.ok().filter(|adapter| !adapter.is_null() && !adapter.is_undefined())?;
    let told = |info: JsValue| {
        let words = ["vendor", "architecture", "device", "description"];
        let mut words: Vec<String> =
            words.iter().filter_map(|key| property(&info, key)?.as_string()).filter(|word| !word.is_empty()).collect();
        words.dedup();
        words.join(" ")
    };
    let name = property(&adapter, "info").map(told).unwrap_or_default();
    Some(if name.is_empty() { "a graphics adapter the browser does not name".into() } else { name })
}

/// Notes when the browser takes the device away: wgpu has one such callback, and it is Burn's.
pub fn watch(device: &wgpu::Device) {
    let Some(lost) = device.as_webgpu().and_then(|device| property(device.as_ref(), "lost")) else { return };
    let Ok(lost) = lost.dyn_into::<Promise>() else { return };
    spawn_local(async move {
        let Ok(info) = JsFuture::from(lost).await else { return };
        let message = property(&info, "message").and_then(|message| message.as_string()).unwrap_or_default();
        note(format!("the browser took the graphics device away: {message}").trim_end_matches(": ").to_owned());
    });
}
