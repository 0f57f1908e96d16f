//! A run as one file: a ZIP of its directory, with everything that is needed to look at it, to go on with it or to
//! repeat it.
//!
//! ```text
//! retort.json                 the manifest: format, version, name, and of every file its size and SHA-256
//! run.toml, metrics.jsonl, …  the run directory as it lies
//! uploads/                    the user's own files that the run reads, by the names in its run file
//! ```
//!
//! What comes from elsewhere is believed only once it is checked: everything is read, measured and compared with the
//! manifest before the first byte is written.

use std::io::{Cursor, Write as _};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

use crate::{
    Error, Result,
    checkpoint::Files,
    platform::Store,
    train::{RUN, run_of, uploads},
};

mod check;
mod sources;
#[cfg(test)]
mod tests;

use check::{checked, name_of};
pub use sources::sources;

/// How the names of archives end.
pub const ENDING: &str = ".retort.zip";
/// What whoever keeps several runs writes beside each of them: it stays where it was written.
pub const ABOUT: &str = "about.json";
/// The manifest's name.
const MANIFEST: &str = "retort.json";
/// The format that is written, and the only one that is read.
const FORMAT: u64 = 1;

/// What an archive says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Manifest {
    format: u64,
    /// Retort's version.
    retort: String,
    /// What the run is called.
    name: String,
    files: Vec<Item>,
}

/// A file of the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Item {
    path: String,
    bytes: u64,
    /// SHA-256 in lower-case hexadecimal digits.
    sha256: String,
}

/// Packs the run in a store. `own` are files of the user's that the run reads, by the names in its run file: they
/// go below `uploads/`, unless they lie there already. `title` is what the run is called, where not by its own name.
///
/// # Errors
/// [`Error::Input`] when there is no run; [`Error::Storage`] when it cannot be read.
pub async fn pack(store: &Store, own: &Files, title: Option<&str>) -> Result<Vec<u8>> {
    let run = run_of(store).await?.ok_or_else(|| Error::input(store.root(), "a run", "none"))?;
    let mut files = Files::new();
    for (path, _) in store.walk("").await?.into_iter().filter(|(path, _)| belongs(path)) {
        // What is gone by now was replaced while we looked.
        files.extend(store.read(&path).await?.map(|bytes| (path, bytes)));
    }
    for (name, bytes) in own {
        files.entry(uploads::path(name)).or_insert_with(|| bytes.clone());
    }
    let item = |(path, bytes): (&String, &Vec<u8>)| Item {
        path: path.clone(),
        bytes: bytes.len() as u64,
        sha256: hash(bytes),
    };
    let manifest = Manifest {
        format: FORMAT,
        retort: env!("CARGO_PKG_VERSION").into(),
        name: title.unwrap_or(&run.name).to_owned(),
        files: files.iter().map(item).collect(),
    };
    zipped(&manifest, &files).map_err(|error| Error::storage(format!("{}{ENDING}", manifest.name), error))
}

/// Locks are of this machine, and what is half written is of no use.
fn belongs(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    ![MANIFEST, ABOUT].contains(&path) && name != "lock" && !name.ends_with(".lock") && !name.ends_with(ENDING)
}

/// The same files make the same bytes: no time is written down.
fn zipped(manifest: &Manifest, files: &Files) -> std::io::Result<Vec<u8>> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        // Weights hardly become smaller, whatever the effort.
        .compression_level(Some(1))
        .last_modified_time(DateTime::DEFAULT);
    let mut zip = ZipWriter::new(Cursor::new(vec![]));
    let json = serde_json::to_vec_pretty(manifest)?;
    for (path, bytes) in [(&MANIFEST.to_owned(), &json)].into_iter().chain(files) {
        zip.start_file(path.as_str(), options)?;
        zip.write_all(bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}

/// What an archive holds, once it is checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Archive {
    /// What the run is called.
    pub name: String,
    files: Files,
}

impl Archive {
    /// Reads and checks an archive; `at` names it in errors.
    ///
    /// # Errors
    /// [`Error::Input`] for whatever is not an archive of a run as [`pack`] makes it: paths that lead elsewhere, names
    /// that come twice, links, sizes that are too large or not what was said, wrong hashes, no run.
    pub fn read(at: &str, bytes: &[u8]) -> Result<Self> {
        let (name, files) = checked(at, bytes)?;
        Ok(Self { name, files })
    }

    /// Writes the run into a store without one. It is there once its run file is, which comes last.
    ///
    /// # Errors
    /// [`Error::Input`] when there is a run; [`Error::Storage`] when it cannot be written.
    pub async fn lay(&self, store: &Store) -> Result<()> {
        if store.read(RUN).await?.is_some() {
            return Err(Error::input(store.root(), "a directory without a run", "a run"));
        }
        let last = self.files.get_key_value(RUN);
        for (path, bytes) in self.files.iter().filter(|(path, _)| *path != RUN).chain(last) {
            store.write(path, bytes).await?;
        }
        Ok(())
    }
}

/// Checks an archive and writes the run in it into a store without one; what it is called. `at` names the archive in
/// errors.
///
/// # Errors
/// As [`Archive::read`] and [`Archive::lay`]. Before everything is checked nothing is written.
pub async fn unpack(at: &str, bytes: &[u8], store: &Store) -> Result<String> {
    let archive = Archive::read(at, bytes)?;
    archive.lay(store).await?;
    Ok(archive.name)
}

/// Whether a path is that of an archive.
pub fn is_archive(path: &str) -> bool {
    name_of(path).is_some()
}

/// Where an archive is unpacked beside itself: its path without the ending.
pub fn beside(path: &str) -> Option<&str> {
    name_of(path)
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
