//! What an archive must be before it is believed.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Cursor, Read},
};

use zip::{CompressionMethod, ZipArchive};

use super::{ABOUT, ENDING, FORMAT, Item, MANIFEST, Manifest, hash};
use crate::{Error, Result, checkpoint::Files, run::Run, train::RUN};

/// Most bytes of all files together.
const MOST: u64 = 4 << 30;
/// Most bytes of the manifest.
const MOST_MANIFEST: u64 = 16 << 20;
/// Most files.
const MOST_FILES: usize = 50_000;
/// So many times its own size an archive may become, once it is no longer small.
const MOST_TIMES: u64 = 100;
/// What it may become without being asked.
const SMALL: u64 = 64 << 20;

/// A path without the ending of archives.
pub fn name_of(path: &str) -> Option<&str> {
    let cut = path.len().checked_sub(ENDING.len()).filter(|cut| *cut > 0 && path.is_char_boundary(*cut))?;
    path[cut..].eq_ignore_ascii_case(ENDING).then(|| &path[..cut])
}

/// The run's name and its files, everything compared with the manifest.
pub fn checked(at: &str, bytes: &[u8]) -> Result<(String, Files)> {
    let bad = |wanted: &str, found: String| Error::input(at, wanted, found);
    let whole = "a whole ZIP file of a run (.retort.zip)";
    let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(|error| bad(whole, error.to_string()))?;
    if zip.len() > MOST_FILES {
        return Err(bad(&format!("at most {MOST_FILES} files"), zip.len().to_string()));
    }
    if zip.has_duplicate_names() || zip.has_overlapping_files().map_err(|error| bad(whole, error.to_string()))? {
        return Err(bad("files that occur once", "some that occur twice".into()));
    }
    let places = places(at, &mut zip)?;
    let (index, size) =
        places.get(MANIFEST).copied().ok_or_else(|| bad("a run packed by Retort", "no retort.json".into()))?;
    if size > MOST_MANIFEST {
        return Err(bad("a manifest of at most 16 MiB", format!("{size} bytes")));
    }
    let manifest = manifest(at, &extract(at, &mut zip, index, MANIFEST, size)?)?;
    agree(at, &manifest, &places, bytes.len() as u64)?;
    let mut files = Files::new();
    for Item { path, bytes, sha256 } in &manifest.files {
        let content = extract(at, &mut zip, places[path].0, path, *bytes)?;
        let found = hash(&content);
        if found != *sha256 {
            return Err(Error::input(format!("{at}: {path}"), format!("the SHA-256 {sha256}"), found));
        }
        files.insert(path.clone(), content);
    }
    let text = files.get(RUN).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    Run::from_toml(&format!("{at}: {RUN}"), &text.ok_or_else(|| bad("a run", "no run.toml".into()))?)?;
    Ok((manifest.name, files))
}

/// Where every file lies in the ZIP, and how large it says that it is; nothing is unpacked yet.
fn places(at: &str, zip: &mut ZipArchive<Cursor<&[u8]>>) -> Result<BTreeMap<String, (usize, u64)>> {
    let mut places = BTreeMap::new();
    let mut known = BTreeSet::new();
    for index in 0..zip.len() {
        let entry = zip.by_index_raw(index).map_err(|error| Error::input(at, "a whole ZIP file", error.to_string()))?;
        let raw = String::from_utf8_lossy(entry.name_raw()).into_owned();
        let bad = |wanted: &str, found: &str| Error::input(format!("{at}: {}", raw.escape_debug()), wanted, found);
        if entry.is_symlink() || entry.unix_mode().is_some_and(|mode| ![0, FILE, FOLDER].contains(&(mode & KIND))) {
            return Err(bad("a plain file", "a link"));
        }
        let path = if entry.is_dir() { raw.trim_end_matches('/') } else { &raw };
        if let Some(found) = astray(path) {
            return Err(bad("a path inside the archive", found));
        }
        if entry.is_dir() {
            continue;
        }
        if entry.encrypted() || ![CompressionMethod::Stored, CompressionMethod::Deflated].contains(&entry.compression())
        {
            return Err(bad("a file that is stored or deflated", "another form"));
        }
        // Some systems take names for the same that differ in case alone.
        if !known.insert(raw.to_lowercase()) {
            return Err(bad("files that occur once", "one that occurs twice"));
        }
        places.insert(raw.clone(), (index, entry.size()));
    }
    for path in places.keys() {
        let above = path.match_indices('/').map(|(end, _)| path[..end].to_lowercase());
        if let Some(above) = above.into_iter().find(|above| known.contains(above)) {
            return Err(Error::input(format!("{at}: {path}"), "a directory above it", format!("the file {above}")));
        }
    }
    Ok(places)
}

/// Of Unix's modes: which bits say what it is, and those of files and directories.
const KIND: u32 = 0o170_000;
const FILE: u32 = 0o100_000;
const FOLDER: u32 = 0o040_000;

/// Why a path does not stay below where it begins.
fn astray(path: &str) -> Option<&'static str> {
    if path.starts_with('/') {
        return Some("an absolute path");
    }
    if path.contains(['\\', ':']) || path.chars().any(char::is_control) {
        return Some("a character that is not for paths");
    }
    let wrong =
        path.split('/').find(|part| part.is_empty() || *part == "." || part.trim_end_matches([' ', '.']).is_empty());
    wrong.map(|part| if part == ".." { "one that leads out of it" } else { "a part without a name" })
}

fn manifest(at: &str, bytes: &[u8]) -> Result<Manifest> {
    let at = format!("{at}: {MANIFEST}");
    let value: serde_json::Value =
        serde_json::from_slice(bytes).map_err(|error| Error::input(&at, "JSON", error.to_string()))?;
    let format = value.get("format").and_then(serde_json::Value::as_u64);
    if format != Some(FORMAT) {
        let found = format.map_or("none".into(), |format| format!("{format}: another version of Retort wrote it"));
        return Err(Error::input(at, format!("format {FORMAT}"), found));
    }
    serde_json::from_value(value).map_err(|error| Error::input(at, "the list of a run's files", error.to_string()))
}

/// Manifest and ZIP must name the same files of the same sizes, and not become too large.
fn agree(at: &str, manifest: &Manifest, places: &BTreeMap<String, (usize, u64)>, packed: u64) -> Result<()> {
    let mut listed = BTreeSet::new();
    let mut total = 0u64;
    for Item { path, bytes, .. } in &manifest.files {
        let at = format!("{at}: {}", path.escape_debug());
        if !listed.insert(path.as_str()) || path == MANIFEST {
            return Err(Error::input(at, "files that are listed once", "one that is listed twice"));
        }
        if path.eq_ignore_ascii_case(ABOUT) {
            return Err(Error::input(at, "files of a run", "one that is kept beside it"));
        }
        match places.get(path) {
            None => return Err(Error::input(at, "a file that the manifest names", "none")),
            Some((_, size)) if size != bytes => {
                return Err(Error::input(at, format!("{bytes} bytes"), format!("{size} bytes")));
            }
            Some(_) => total = total.saturating_add(*bytes),
        }
    }
    if let Some(path) = places.keys().find(|path| *path != MANIFEST && !listed.contains(path.as_str())) {
        return Err(Error::input(format!("{at}: {path}"), "files that the manifest names", "one that it does not"));
    }
    if total > MOST {
        return Err(Error::input(at, "at most 4 GiB of files", format!("{total} bytes")));
    }
    if total > SMALL && total > packed.saturating_mul(MOST_TIMES) {
        let found = format!("{total} bytes packed into {packed}");
        return Err(Error::input(at, format!("files at most {MOST_TIMES} times as large as the archive"), found));
    }
    Ok(())
}

/// A file's bytes, which must be as many as were said.
fn extract(at: &str, zip: &mut ZipArchive<Cursor<&[u8]>>, index: usize, path: &str, size: u64) -> Result<Vec<u8>> {
    let at = format!("{at}: {path}");
    let broken = |error: &dyn std::fmt::Display| Error::input(&at, "a whole file", error.to_string());
    let file = zip.by_index(index).map_err(|error| broken(&error))?;
    let mut bytes = vec![];
    // One more than was said is enough to know.
    file.take(size + 1).read_to_end(&mut bytes).map_err(|error| broken(&error))?;
    match bytes.len() as u64 == size {
        true => Ok(bytes),
        false => Err(Error::input(at, format!("{size} bytes"), format!("{} or more", bytes.len()))),
    }
}
