//! Natively: the drivers of the system, its file system, its files.

use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
    sync::LazyLock,
};

use super::gpu::{self, Found};
use crate::{Error, Result};

/// Why the CPU device is taken where nothing else answers.
pub(super) const NO_GRAPHICS: &str = "no graphics adapter answers here, so the CPU computes";

/// One for the whole life of the program: loaders dislike instances that come and go.
static INSTANCE: LazyLock<wgpu::Instance> = LazyLock::new(|| {
    wgpu::Instance::new(wgpu::InstanceDescriptor {
        backends: wgpu::Backends::VULKAN | wgpu::Backends::METAL | wgpu::Backends::DX12,
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    })
});

/// The graphics adapters that answer.
pub(super) async fn graphics() -> Vec<Found> {
    let adapters = INSTANCE.enumerate_adapters(wgpu::Backends::all()).await;
    adapters
        .into_iter()
        .map(|adapter| Found { instance: INSTANCE.clone(), about: gpu::describe(&adapter, None), adapter })
        .collect()
}

/// The system's name and the graphics interfaces it can have.
pub(super) fn system() -> (&'static str, &'static [&'static str]) {
    match std::env::consts::OS {
        "macos" => ("macOS", &["metal"]),
        "windows" => ("Windows", &["vulkan", "dx12"]),
        "linux" => ("Linux", &["vulkan"]),
        other => (other, &["vulkan"]),
    }
}

/// Natively a lost device makes every later read-back an error, which is watch enough.
pub(super) fn watch(_device: &wgpu::Device) {}

/// The processor, as the system calls it.
pub(super) fn cpu_name() -> String {
    let described = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = described.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    match name.map(|(_, name)| name.trim()).filter(|name| !name.is_empty()) {
        Some(name) => name.to_owned(),
        None => format!("{} processor", std::env::consts::ARCH),
    }
}

/// Lets others run: natively nobody waits.
pub async fn breathe() {}

/// The files that are part of the program, found by the build script.
static BUILTIN: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/builtin.rs"));

/// A file that is part of the program, by its path below `www/assets`.
///
/// # Errors
/// [`Error::Input`] if this program was built without it.
pub async fn builtin(path: &str) -> Result<Vec<u8>> {
    let found = BUILTIN.iter().find(|(name, _)| *name == path);
    found.map(|(_, bytes)| bytes.to_vec()).ok_or_else(|| {
        Error::input(format!("builtin:{path}"), "a file that is part of this program", "none of that name; it is made by `cargo xtask assets`")
    })
}

/// A user's file.
pub(super) async fn read_file(path: &str) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| Error::input(path, "a readable file", reason(&error)))
}

/// Bytes by path, relative to one directory.
#[derive(Debug, Clone)]
pub struct Store {
    root: String,
}

impl Store {
    /// The directory `root`, made if it is not there.
    ///
    /// # Errors
    /// [`Error::Storage`] if it cannot be made.
    pub async fn open(root: &str) -> Result<Self> {
        fs::create_dir_all(root).map_err(|error| Error::storage(root, reason(&error)))?;
        Ok(Self { root: root.to_owned() })
    }

    /// The directory `root`, which must be there.
    ///
    /// # Errors
    /// [`Error::Input`] if it is not.
    pub async fn open_existing(root: &str) -> Result<Self> {
        match fs::metadata(root) {
            Ok(found) if found.is_dir() => Ok(Self { root: root.to_owned() }),
            Ok(_) => Err(Error::input(root, "a directory", "a file")),
            Err(error) => Err(Error::input(root, "a directory", reason(&error))),
        }
    }

    /// A file's bytes, or `None` if there is no such file.
    ///
    /// # Errors
    /// [`Error::Storage`] if there is one that cannot be read.
    pub async fn read(&self, path: &str) -> Result<Option<Vec<u8>>> {
        let full = self.full(path);
        match fs::read(&full) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(&full, &error)),
        }
    }

    /// Writes a whole file: whenever the process is killed, the old bytes or the new ones are there.
    ///
    /// # Errors
    /// [`Error::Storage`]; the old file is then untouched.
    pub async fn write(&self, path: &str, bytes: &[u8]) -> Result<()> {
        let full = self.full(path);
        let partial = partial(&full);
        let written = (|| {
            let parent = full.parent().unwrap_or(Path::new("."));
            fs::create_dir_all(parent)?;
            let mut file = File::create(&partial)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&partial, &full)?;
            // The rename itself must survive a power cut; only Unix can be asked for that.
            if cfg!(unix) { File::open(parent)?.sync_all() } else { Ok(()) }
        })();
        written.map_err(|error| {
            // Nothing more can be done about a left-over that cannot be removed either.
            let _ = fs::remove_file(&partial);
            failed(&full, &error)
        })
    }

    /// Adds to the end of a file, which is made if it is not there.
    ///
    /// # Errors
    /// [`Error::Storage`]; the file is then as long as before.
    pub async fn append(&self, path: &str, bytes: &[u8]) -> Result<()> {
        let full = self.full(path);
        let appended = (|| {
            if let Some(parent) = full.parent() {
                fs::create_dir_all(parent)?;
            }
            let mut file = OpenOptions::new().create(true).append(true).open(&full)?;
            let before = file.metadata()?.len();
            file.write_all(bytes).and_then(|()| file.sync_data()).inspect_err(|_| {
                // Half a line is worse than none; if this fails too, the error says so already.
                let _ = file.set_len(before);
            })
        })();
        appended.map_err(|error| failed(&full, &error))
    }

    /// Cuts a file to `len` bytes. A file that is not there has no bytes.
    ///
    /// # Errors
    /// [`Error::Storage`] if it cannot be written, [`Error::Input`] if it is shorter than that.
    pub async fn truncate(&self, path: &str, len: u64) -> Result<()> {
        let full = self.full(path);
        let found = fs::metadata(&full).map_or(0, |about| about.len());
        if found < len {
            return Err(Error::input(full.display().to_string(), format!("at least {len} bytes"), format!("{found}")));
        }
        if found == len {
            return Ok(());
        }
        let cut = OpenOptions::new().write(true).open(&full).and_then(|file| {
            file.set_len(len)?;
            file.sync_all()
        });
        cut.map_err(|error| failed(&full, &error))
    }

    /// Names in a directory, sorted; of one that is not there: none.
    ///
    /// # Errors
    /// [`Error::Storage`] if it cannot be read.
    pub async fn list(&self, dir: &str) -> Result<Vec<String>> {
        let full = self.full(dir);
        let entries = match fs::read_dir(&full) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(vec![]),
            Err(error) => return Err(failed(&full, &error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let name = entry.map_err(|error| failed(&full, &error))?.file_name();
            let name = name.to_string_lossy().into_owned();
            if !name.ends_with(PARTIAL) {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// Removes a file, if it is there.
    ///
    /// # Errors
    /// [`Error::Storage`] if it cannot be removed.
    pub async fn remove(&self, path: &str) -> Result<()> {
        let full = self.full(path);
        match fs::remove_file(&full) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(&full, &error)),
            _ => Ok(()),
        }
    }

    /// The directory's path, as it was given.
    pub fn root(&self) -> &str {
        &self.root
    }

    fn full(&self, path: &str) -> PathBuf {
        Path::new(&self.root).join(path)
    }
}

/// Ends the names of files that are being written.
const PARTIAL: &str = ".partial";

/// Beside the file, so that the rename stays within one file system.
fn partial(full: &Path) -> PathBuf {
    let mut name = full.as_os_str().to_owned();
    name.push(PARTIAL);
    name.into()
}

fn failed(path: &Path, error: &std::io::Error) -> Error {
    Error::storage(path.display().to_string(), reason(error))
}

/// The system's words, or ours where we know what to do about it.
fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "nothing there".into(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "the disk is full; what was there before is untouched".into(),
        ErrorKind::PermissionDenied => "the system gives no permission".into(),
        ErrorKind::ReadOnlyFilesystem => "the disk can only be read, not written".into(),
        ErrorKind::IsADirectory => "a directory".into(),
        _ => error.to_string(),
    }
}
