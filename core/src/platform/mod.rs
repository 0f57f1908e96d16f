//! Where the program runs: natively or in a browser. The rest of the core does not know.
//!
//! Both sides offer the same: devices, a byte store, built-in files, a way to let others run. Only
//! natively there are other [`process`]es, and [`folder`]s to be shown to them.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fmt,
    str::FromStr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use web_time::{SystemTime, UNIX_EPOCH};

use crate::{Error, Result};

#[cfg(not(target_arch = "wasm32"))]
pub mod folder;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(not(feature = "gpu"))]
#[path = "no_gpu.rs"]
mod gpu;
#[cfg(not(target_arch = "wasm32"))]
#[path = "native.rs"]
mod here;
#[cfg(target_arch = "wasm32")]
#[path = "web.rs"]
mod here;
#[cfg(not(target_arch = "wasm32"))]
pub mod process;
mod stored;

pub use gpu::{imitates, trouble};
pub use here::{Lock, Store, breathe, builtin, memory_now, most_memory, persist, quota, watch_memory};
pub(crate) use here::{hands, multiply, share};
pub use stored::{About, Entry, Quota};

/// What `--device` and the page's `device` parameter accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceChoice {
    /// A real graphics adapter if there is one, the CPU otherwise.
    #[default]
    Auto,
    /// Vulkan; a software driver too if there is no other.
    Vulkan,
    /// Metal (macOS).
    Metal,
    /// Direct3D 12 (Windows).
    Dx12,
    /// The browser's WebGPU, on a software adapter too.
    Webgpu,
    /// The CPU, without any graphics driver.
    Cpu,
}

impl DeviceChoice {
    const ALL: [(Self, &str); 6] = [
        (Self::Auto, "auto"),
        (Self::Vulkan, "vulkan"),
        (Self::Metal, "metal"),
        (Self::Dx12, "dx12"),
        (Self::Webgpu, "webgpu"),
        (Self::Cpu, "cpu"),
    ];
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::ALL.iter().find(|(choice, _)| choice == self).map_or("auto", |(_, name)| name);
        f.pad(name)
    }
}

impl FromStr for DeviceChoice {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.iter().find(|(_, name)| name.eq_ignore_ascii_case(text));
        found
            .map(|(choice, _)| *choice)
            .ok_or_else(|| Error::input("device", "auto, vulkan, metal, dx12, webgpu or cpu", format!("`{text}`")))
    }
}

/// Something that can compute, as it describes itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Adapter {
    /// The maker's name for it.
    pub name: String,
    /// `vulkan`, `metal`, `dx12`, `webgpu` or `cpu`.
    pub api: String,
    /// `discrete`, `integrated`, `virtual`, `software`, `cpu` or `other`.
    pub kind: String,
    /// Driver and its version, where the system tells.
    pub driver: String,
    /// A graphics adapter that a program on the CPU imitates: its speed says nothing about GPUs.
    pub software: bool,
    /// Largest buffer in bytes.
    pub max_buffer_bytes: u64,
    /// Largest part of a buffer that a kernel can see at once, in bytes.
    pub max_binding_bytes: u64,
    /// Most workgroups along one dimension of a dispatch.
    pub max_workgroups: u32,
    /// Memory that tensors can have in all, in bytes, where it is known.
    pub memory_bytes: Option<u64>,
    /// Optional abilities, by their WebGPU or wgpu names.
    pub features: Vec<String>,
    /// The limits that matter to compute, by their wgpu names.
    pub limits: BTreeMap<String, u64>,
    /// Why `auto` chose it; empty otherwise.
    pub note: String,
}

impl fmt::Display for Adapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let software = if self.software { ", software" } else { "" };
        match self.api.as_str() {
            "cpu" => write!(f, "{} (cpu)", self.name),
            api => write!(f, "{} ({api}{software})", self.name),
        }
    }
}

/// A device, ready for tensors.
#[derive(Debug, Clone)]
pub struct Opened {
    /// Without autodiff.
    pub device: Device,
    /// What it is.
    pub adapter: Adapter,
}

/// Opens the device of one's choice. A second call for the same adapter returns the same device,
/// unless it was lost in between.
///
/// # Errors
/// [`Error::Device`] names what there is when the choice is not among it, or says why the driver
/// refused.
pub async fn open(choice: DeviceChoice) -> Result<Opened> {
    here::get_hands().await;
    if choice == DeviceChoice::Cpu {
        return Ok(Opened { device: Device::flex(), adapter: cpu(String::new()) });
    }
    let graphics = gpu::graphics().await;
    let known: Vec<Adapter> = graphics.iter().map(|found| found.about.clone()).collect();
    let (position, note) = pick(choice, &known)?;
    match position.and_then(|position| graphics.into_iter().nth(position)) {
        Some(found) => gpu::open(found, note).await,
        None => Ok(Opened { device: Device::flex(), adapter: cpu(note) }),
    }
}

/// Everything that can compute here; the CPU device is always the last one.
///
/// # Errors
/// None at present.
pub async fn adapters() -> Result<Vec<Adapter>> {
    here::get_hands().await;
    let mut all: Vec<Adapter> = gpu::graphics().await.into_iter().map(|found| found.about).collect();
    all.push(cpu(String::new()));
    Ok(all)
}

/// What a choice comes to: the position of a graphics adapter, or `None` for the CPU device, and
/// why if the choice was ours.
fn pick(choice: DeviceChoice, known: &[Adapter]) -> Result<(Option<usize>, String)> {
    if choice == DeviceChoice::Cpu {
        return Ok((None, String::new()));
    }
    let api = choice.to_string();
    let best = known
        .iter()
        .enumerate()
        .filter(|(_, adapter)| match choice {
            DeviceChoice::Auto => !adapter.software,
            _ => adapter.api == api,
        })
        // The first of the best kind.
        .min_by_key(|(_, adapter)| rank(adapter))
        .map(|(position, _)| position);
    match (choice, best) {
        (DeviceChoice::Auto, Some(position)) => {
            Ok((Some(position), format!("chosen as the best graphics adapter here ({})", known[position].kind)))
        }
        (DeviceChoice::Auto, None) => Ok((None, why_cpu(known))),
        (_, Some(position)) => Ok((Some(position), String::new())),
        (_, None) => Err(absent(&api, known)),
    }
}

fn rank(adapter: &Adapter) -> usize {
    let order = ["discrete", "integrated", "virtual", "other"];
    order.iter().position(|kind| adapter.kind == *kind).unwrap_or(order.len())
}

fn why_cpu(known: &[Adapter]) -> String {
    match known.first() {
        Some(software) => format!(
            "the only graphics adapter here, {}, is a program that imitates one; the CPU itself is faster",
            software.name
        ),
        None => here::NO_GRAPHICS.to_owned(),
    }
}

fn absent(api: &str, known: &[Adapter]) -> Error {
    let mut there: Vec<String> = known.iter().map(Adapter::to_string).collect();
    there.push(cpu(String::new()).to_string());
    let (system, apis) = here::system();
    let why = if apis.contains(&api) {
        "no adapter answers to this interface".to_owned()
    } else {
        format!("this interface does not exist on {system}")
    };
    Error::device(api, format!("{why}; there are: {}", there.join("; ")))
}

/// Burn's plain Rust backend.
fn cpu(note: String) -> Adapter {
    // No allocation of Rust's may be larger.
    let most = isize::MAX as u64;
    Adapter {
        name: here::cpu_name(),
        api: "cpu".into(),
        kind: "cpu".into(),
        driver: "Burn flex".into(),
        software: false,
        max_buffer_bytes: most,
        max_binding_bytes: most,
        max_workgroups: u32::MAX,
        memory_bytes: here::memory_bytes(),
        features: vec![],
        limits: BTreeMap::new(),
        note,
    }
}

static OFFERED: Mutex<BTreeMap<String, Vec<u8>>> = Mutex::new(BTreeMap::new());

/// Lets [`read_file`] answer to `name` with these bytes: how the page passes on a user's files.
pub fn offer(name: impl Into<String>, bytes: Vec<u8>) {
    locked(&OFFERED).insert(name.into(), bytes);
}

/// Offers files for as long as this lives: what was offered under their names before is offered again afterwards.
pub struct Lent(Vec<(String, Option<Vec<u8>>)>);

impl Lent {
    /// Offers these files.
    pub fn new(files: BTreeMap<String, Vec<u8>>) -> Self {
        let mut offered = locked(&OFFERED);
        Self(files.into_iter().map(|(name, bytes)| (name.clone(), offered.insert(name, bytes))).collect())
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut offered = locked(&OFFERED);
        for (name, before) in self.0.drain(..) {
            match before {
                Some(bytes) => offered.insert(name, bytes),
                None => offered.remove(&name),
            };
        }
    }
}

thread_local! {
    /// What was read since somebody began to watch.
    static WATCHED: RefCell<Option<BTreeMap<String, Vec<u8>>>> = const { RefCell::new(None) };
}

/// A user's file: one that was [`offer`]ed, else one from disk.
///
/// # Errors
/// [`Error::Input`] if there is no such file.
pub async fn read_file(path: &str) -> Result<Vec<u8>> {
    let offered = locked(&OFFERED).get(path).cloned();
    let bytes = match offered {
        Some(bytes) => bytes,
        None => here::read_file(path).await?,
    };
    WATCHED.with_borrow_mut(|watched| {
        watched.iter_mut().for_each(|files| {
            files.insert(path.to_owned(), bytes.clone());
        });
    });
    Ok(bytes)
}

/// The user's files that `work` reads on this thread, by the names that it asks for.
pub async fn watched<T>(work: impl Future<Output = T>) -> (T, BTreeMap<String, Vec<u8>>) {
    WATCHED.replace(Some(BTreeMap::new()));
    let came = work.await;
    (came, WATCHED.take().unwrap_or_default())
}

/// The time, in milliseconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

/// The commit this program was built from; `unknown` outside a checkout.
pub fn source_commit() -> &'static str {
    env!("RETORT_COMMIT")
}

/// What the mutex holds; nothing of ours panics half-way through a change.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adapter(name: &str, api: &str, kind: &str) -> Adapter {
        Adapter {
            name: name.into(),
            api: api.into(),
            kind: kind.into(),
            software: kind == "software",
            ..cpu(String::new())
        }
    }

    #[test]
    fn every_choice_is_read_back_from_its_name() {
        for (choice, name) in DeviceChoice::ALL {
            assert_eq!(choice.to_string(), name);
            assert_eq!(name.to_uppercase().parse::<DeviceChoice>().unwrap(), choice);
        }
        let error = "cuda".parse::<DeviceChoice>().unwrap_err().to_string();
        assert_eq!(error, "device: wanted auto, vulkan, metal, dx12, webgpu or cpu, found `cuda`");
    }

    #[test]
    fn auto_takes_the_strongest_real_adapter() {
        let known = [
            adapter("llvmpipe", "vulkan", "software"),
            adapter("Iris", "vulkan", "integrated"),
            adapter("H200", "vulkan", "discrete"),
            adapter("H100", "vulkan", "discrete"),
        ];
        let (position, note) = pick(DeviceChoice::Auto, &known).unwrap();
        assert_eq!(position, Some(2));
        assert!(note.contains("discrete"), "{note}");
    }

    #[test]
    fn auto_prefers_the_cpu_to_a_software_adapter_and_says_so() {
        let (position, note) = pick(DeviceChoice::Auto, &[adapter("llvmpipe", "vulkan", "software")]).unwrap();
        assert_eq!(position, None);
        assert!(note.contains("llvmpipe") && note.contains("CPU"), "{note}");
        let (position, note) = pick(DeviceChoice::Auto, &[]).unwrap();
        assert_eq!(position, None);
        assert_eq!(note, here::NO_GRAPHICS);
    }

    #[test]
    fn a_named_interface_takes_software_only_when_there_is_no_other() {
        let software = adapter("llvmpipe", "vulkan", "software");
        let real = adapter("Iris", "vulkan", "integrated");
        let only = [software.clone()];
        assert_eq!(pick(DeviceChoice::Vulkan, &only).unwrap(), (Some(0), String::new()));
        assert_eq!(pick(DeviceChoice::Vulkan, &[software, real]).unwrap(), (Some(1), String::new()));
    }

    #[test]
    fn a_missing_interface_is_an_error_that_lists_what_there_is() {
        let known = [adapter("llvmpipe", "vulkan", "software")];
        let elsewhere = if cfg!(target_os = "macos") { DeviceChoice::Dx12 } else { DeviceChoice::Metal };
        let error = pick(elsewhere, &known).unwrap_err().to_string();
        assert!(error.contains("does not exist on") && error.contains("llvmpipe (vulkan, software)"), "{error}");
        assert!(error.contains("(cpu)"), "{error}");
    }

    #[test]
    fn the_cpu_is_always_there_and_computes() {
        let all = pollster::block_on(adapters()).unwrap();
        assert_eq!(all.last().unwrap().api, "cpu");
        let opened = pollster::block_on(open(DeviceChoice::Cpu)).unwrap();
        let sum = burn::tensor::Tensor::<1>::ones([5], &opened.device).sum();
        assert_eq!(sum.into_scalar::<f32>(), 5.0);
    }

    #[test]
    fn an_offered_file_answers_to_its_name() {
        offer("offered.tsv", b"text\tlabel".to_vec());
        assert_eq!(pollster::block_on(read_file("offered.tsv")).unwrap(), b"text\tlabel");
    }

    #[test]
    fn a_lent_file_is_taken_back() {
        let read = |name: &str| pollster::block_on(read_file(name)).ok();
        offer("lent.tsv", b"before".to_vec());
        let files = ["lent.tsv", "lent-too.tsv"].map(|name| (name.to_owned(), b"now".to_vec()));
        let lent = Lent::new(BTreeMap::from(files));
        assert_eq!([read("lent.tsv"), read("lent-too.tsv")], [Some(b"now".to_vec()), Some(b"now".to_vec())]);
        drop(lent);
        assert_eq!([read("lent.tsv"), read("lent-too.tsv")], [Some(b"before".to_vec()), None]);
    }
}
