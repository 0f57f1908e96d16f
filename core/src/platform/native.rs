//! Natively: the drivers of the system, its file system, its files.

use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Read, Write},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use rayon::prelude::*;
use retort_hand::Task;

pub use super::process::Lock;
use super::{
    process,
    stored::{About, Entry, Quota},
};
use crate::{Error, Result};

/// Why the CPU device is taken where nothing else answers.
pub(super) const NO_GRAPHICS: &str = "no graphics adapter answers here, so the CPU computes";

/// The system's name and the graphics interfaces it can have.
pub(super) fn system() -> (&'static str, &'static [&'static str]) {
    match std::env::consts::OS {
        "macos" => ("macOS", &["metal"]),
        "windows" => ("Windows", &["vulkan", "dx12"]),
        "linux" => ("Linux", &["vulkan"]),
        other => (other, &["vulkan"]),
    }
}

/// The processor, as the system calls it.
pub(super) fn cpu_name() -> String {
    let described = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = described.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    match name.map(|(_, name)| name.trim()).filter(|name| !name.is_empty()) {
        Some(name) => name.to_owned(),
        None => format!("{} processor", std::env::consts::ARCH),
    }
}

/// The machine's memory, where the system has a file that tells.
pub(super) fn memory_bytes() -> Option<u64> {
    let described = fs::read_to_string("/proc/meminfo").ok()?;
    let total = described.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = total.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// A line of what the system says of this program, in bytes.
fn said(key: &str) -> Option<u64> {
    let described = fs::read_to_string("/proc/self/status").ok()?;
    let line = described.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// Begins to watch how much memory this program has, and tells how much it has now, in bytes; on
/// Linux.
pub fn watch_memory() -> Option<u64> {
    fs::write("/proc/self/clear_refs", "5").ok()?;
    said("VmRSS")
}

/// The most memory that this program had since [`watch_memory`], in bytes.
pub fn most_memory() -> Option<u64> {
    said("VmHWM")
}

/// How much memory this program has now, in bytes; on Linux.
pub fn memory_now() -> Option<u64> {
    said("VmRSS")
}

/// How much room a browser gives: natively there is no such limit.
pub async fn quota() -> Option<Quota> {
    None
}

/// Asks a browser to keep what is stored: natively it is kept.
pub async fn persist() -> bool {
    true
}

/// Lets others run: natively nobody waits.
pub async fn breathe() {}

/// How many pieces of work are done at once.
pub fn hands() -> usize {
    rayon::current_num_threads()
}

/// Does every piece of work, several at once.
pub fn share<T: Send>(pieces: Vec<T>, work: &(impl Fn(T) + Sync)) {
    match pieces.len() {
        0 | 1 => pieces.into_iter().for_each(work),
        _ => pieces.into_par_iter().for_each(work),
    }
}

/// Looks for who multiplies: natively nobody has to be fetched.
pub(super) async fn get_hands() {}

/// Does a task where there is something better for it than the `gemm` crate: natively there is not.
///
/// # Safety
/// None is needed.
#[allow(unsafe_code, reason = "the browser's side follows the task's pointers")]
pub unsafe fn multiply(_: &Task) -> bool {
    false
}

/// The files that are part of the program, found by the build script.
static BUILTIN: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/builtin.rs"));

/// A file that is part of the program, by its path below `www/assets`.
///
/// # Errors
/// [`Error::Input`] if this program was built without it.
pub async fn builtin(path: &str) -> Result<Vec<u8>> {
    let found = BUILTIN.iter().find(|(name, _)| *name == path);
    found.map(|(_, bytes)| bytes.to_vec()).ok_or_else(|| {
        Error::input(
            format!("builtin:{path}"),
            "a file that is part of this program",
            "none of that name; it is made by `cargo xtask assets`",
        )
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

    /// The first bytes of a file, at most so many, or `None` if there is no such file.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub async fn head(&self, path: &str, most: u64) -> Result<Option<Vec<u8>>> {
        let full = self.full(path);
        let mut bytes = vec![];
        match File::open(&full).and_then(|file| file.take(most).read_to_end(&mut bytes)) {
            Ok(_) => Ok(Some(bytes)),
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

    /// Takes a file for writing, of which there is one writer at a time; nothing while another process has
    /// it.
    ///
    /// # Errors
    /// [`Error::Storage`] if the file system has no locks.
    pub async fn hold(&self, path: &str) -> Result<Option<Lock>> {
        let full = self.full(&format!("{path}.lock"));
        if let Some(parent) = full.parent() {
            fs::create_dir_all(parent).map_err(|error| failed(&full, &error))?;
        }
        process::lock(&full.display().to_string())
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

    /// What is in a directory, sorted by name; of one that is not there: nothing.
    ///
    /// # Errors
    /// [`Error::Storage`] if it cannot be read.
    pub async fn entries(&self, dir: &str) -> Result<Vec<Entry>> {
        let mut entries = vec![];
        for name in self.list(dir).await? {
            let full = self.full(dir).join(&name);
            // What is gone by now was a file that somebody replaced.
            let Ok(about) = fs::metadata(&full) else { continue };
            let since = about.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
            let modified = since.map_or(0, |since| since.as_millis() as u64);
            let file = (!about.is_dir()).then_some(About { bytes: about.len(), modified });
            entries.push(Entry { name, file });
        }
        Ok(entries)
    }

    /// Removes a directory with everything in it, if it is there.
    ///
    /// # Errors
    /// [`Error::Storage`] if it cannot be removed.
    pub async fn remove_all(&self, dir: &str) -> Result<()> {
        let full = self.full(dir);
        match fs::remove_dir_all(&full) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(&full, &error)),
            _ => Ok(()),
        }
    }

    /// Whether somebody else holds what [`Store::hold`] takes.
    ///
    /// # Errors
    /// [`Error::Storage`] if the file system has no locks.
    pub async fn is_held(&self, path: &str) -> Result<bool> {
        let full = self.full(&format!("{path}.lock"));
        Ok(full.exists() && process::lock(&full.display().to_string())?.is_none())
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
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "the disk is full; what was there before is untouched".into()
        }
        ErrorKind::PermissionDenied => "the system gives no permission".into(),
        ErrorKind::ReadOnlyFilesystem => "the disk can only be read, not written".into(),
        ErrorKind::IsADirectory => "a directory".into(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
#[path = "native_tests.rs"]
mod tests;
