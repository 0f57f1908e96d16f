//! Natively: the drivers of the system, its file system, its files.

use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

use rayon::prelude::*;

use super::process;
pub use super::process::Lock;
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
mod tests {
    use pollster::block_on;

    use super::*;

    fn store() -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().unwrap();
        let store = block_on(Store::open(dir.path().join("run").to_str().unwrap())).unwrap();
        (dir, store)
    }

    #[test]
    fn bytes_come_back_and_names_are_listed() {
        let (_dir, store) = store();
        block_on(async {
            assert_eq!(store.read("checkpoints/last").await.unwrap(), None);
            assert_eq!(store.list("checkpoints").await.unwrap(), Vec::<String>::new());
            store.write("checkpoints/last", b"one").await.unwrap();
            store.write("checkpoints/last", b"two").await.unwrap();
            store.write("checkpoints/best", b"").await.unwrap();
            assert_eq!(store.read("checkpoints/last").await.unwrap().unwrap(), b"two");
            assert_eq!(store.list("checkpoints").await.unwrap(), ["best", "last"]);
            store.remove("checkpoints/best").await.unwrap();
            store.remove("checkpoints/best").await.unwrap();
            assert_eq!(store.list("checkpoints").await.unwrap(), ["last"]);
        });
    }

    #[test]
    fn lines_are_appended_and_cut() {
        let (_dir, store) = store();
        block_on(async {
            store.truncate("metrics.jsonl", 0).await.unwrap();
            store.append("metrics.jsonl", b"12345\n").await.unwrap();
            store.append("metrics.jsonl", b"678").await.unwrap();
            assert_eq!(store.read("metrics.jsonl").await.unwrap().unwrap(), b"12345\n678");
            store.truncate("metrics.jsonl", 6).await.unwrap();
            assert_eq!(store.read("metrics.jsonl").await.unwrap().unwrap(), b"12345\n");
            let error = store.truncate("metrics.jsonl", 7).await.unwrap_err().to_string();
            assert!(error.ends_with("metrics.jsonl: wanted at least 7 bytes, found 6"), "{error}");
        });
    }

    #[test]
    fn what_a_kill_left_half_written_is_not_seen() {
        let (_dir, store) = store();
        block_on(async {
            store.write("last", b"whole").await.unwrap();
            // What a kill in the middle of a write leaves behind.
            fs::write(partial(&store.full("last")), b"ha").unwrap();
            assert_eq!(store.read("last").await.unwrap().unwrap(), b"whole");
            assert_eq!(store.list("").await.unwrap(), ["last"]);
            store.write("last", b"next").await.unwrap();
            assert_eq!(store.read("last").await.unwrap().unwrap(), b"next");
        });
    }

    /// `/dev/full` is a disk without room.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_one_sentence_and_harms_nothing() {
        let (_dir, store) = store();
        block_on(async {
            store.write("last", b"whole").await.unwrap();
            std::os::unix::fs::symlink("/dev/full", partial(&store.full("last"))).unwrap();
            let error = store.write("last", b"next").await.unwrap_err().to_string();
            assert!(error.ends_with("last: the disk is full; what was there before is untouched"), "{error}");
            assert_eq!(store.read("last").await.unwrap().unwrap(), b"whole");

            std::os::unix::fs::symlink("/dev/full", store.full("metrics")).unwrap();
            let error = store.append("metrics", b"line").await.unwrap_err().to_string();
            assert!(error.ends_with("metrics: the disk is full; what was there before is untouched"), "{error}");
        });
    }

    #[cfg(unix)]
    #[test]
    fn a_directory_without_permission_is_one_sentence_and_harms_nothing() {
        use std::os::unix::fs::PermissionsExt;
        let (_dir, store) = store();
        block_on(async {
            store.write("last", b"whole").await.unwrap();
            fs::set_permissions(store.root(), fs::Permissions::from_mode(0o555)).unwrap();
            let written = store.write("last", b"next").await;
            fs::set_permissions(store.root(), fs::Permissions::from_mode(0o755)).unwrap();
            match written {
                // The superuser may write everywhere.
                Ok(()) => println!("skipped: this user needs no permission"),
                Err(error) => {
                    assert!(error.to_string().ends_with("last: the system gives no permission"), "{error}");
                    assert_eq!(store.read("last").await.unwrap().unwrap(), b"whole");
                }
            }
        });
    }

    #[test]
    fn a_file_where_a_directory_should_be_is_an_error() {
        let (dir, _store) = store();
        let file = dir.path().join("file");
        fs::write(&file, b"").unwrap();
        block_on(async {
            let error = Store::open_existing(file.to_str().unwrap()).await.unwrap_err().to_string();
            assert!(error.ends_with("file: wanted a directory, found a file"), "{error}");
            let error = Store::open_existing(dir.path().join("none").to_str().unwrap()).await.unwrap_err().to_string();
            assert!(error.ends_with("none: wanted a directory, found nothing there"), "{error}");
            assert!(matches!(Store::open(file.join("run").to_str().unwrap()).await, Err(Error::Storage { .. })));
        });
    }

    #[test]
    fn files_that_are_not_there_are_clear_errors() {
        let error = block_on(builtin("rotten-tomatoes/none")).unwrap_err().to_string();
        assert!(
            error.starts_with("builtin:rotten-tomatoes/none: wanted a file that is part of this program"),
            "{error}"
        );
        let error = block_on(read_file("/none/at/all")).unwrap_err().to_string();
        assert_eq!(error, "/none/at/all: wanted a readable file, found nothing there");
    }
}
