//! In a browser: WebGPU, the origin-private file system, files fetched beside the page. Works in
//! a page and in a dedicated worker alike.

use js_sys::{Array, AsyncIterator, Function, IteratorNext, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    File, FileSystemCreateWritableOptions, FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetFileOptions,
    FileSystemReadWriteOptions, FileSystemRemoveOptions, MessageChannel, Response,
};

#[path = "web_files.rs"]
mod files;
#[path = "web_hands.rs"]
mod products;
#[path = "web_shared.rs"]
mod shared;

use files::{directory, origin, split, stream, sync_access};

pub use products::multiply;
pub(super) use products::{cpu_name, get_hands};
pub use shared::{Lock, persist, quota};

use super::stored::{About, Entry};
use crate::{Error, Result};

/// Why the CPU device is taken where nothing else answers.
pub(super) const NO_GRAPHICS: &str =
    "this browser offers no WebGPU adapter, so the CPU computes; recent Chrome, Edge, Safari and Firefox have WebGPU";

/// The system's name and the graphics interfaces it can have.
pub(super) fn system() -> (&'static str, &'static [&'static str]) {
    ("the web", &["webgpu"])
}

/// What a module with 32-bit addresses can reach.
pub(super) fn memory_bytes() -> Option<u64> {
    Some(1 << 32)
}

/// Memory of a module grows and never shrinks, so there is nothing to watch.
pub fn watch_memory() -> Option<u64> {
    None
}

/// See [`watch_memory`].
pub fn most_memory() -> Option<u64> {
    None
}

/// How much memory the module has, in bytes.
pub fn memory_now() -> Option<u64> {
    let memory: js_sys::WebAssembly::Memory = wasm_bindgen::memory().unchecked_into();
    let buffer: js_sys::ArrayBuffer = memory.buffer().unchecked_into();
    Some(buffer.byte_length().into())
}

/// How many pieces of work are done at once: a module without threads has one pair of hands, but for products.
pub fn hands() -> usize {
    1
}

/// Does every piece of work, one after the other.
pub fn share<T>(pieces: Vec<T>, work: &impl Fn(T)) {
    pieces.into_iter().for_each(work);
}

/// Lets the page paint and the worker hear its messages: a turn of the event loop. A promise
/// alone would not do, since promises are settled before the page gets its turn.
pub async fn breathe() {
    let Ok(channel) = MessageChannel::new() else { return };
    let turn = Promise::new(&mut |resolve, _| {
        channel.port1().set_onmessage(Some(&resolve));
        if channel.port2().post_message(&JsValue::NULL).is_err() {
            // Nothing will come: go on at once.
            let _ = resolve.call0(&JsValue::NULL);
        }
    });
    // The promise is only ever resolved.
    let _ = JsFuture::from(turn).await;
    channel.port1().close();
}

#[wasm_bindgen]
extern "C" {
    /// Where a file of this version of the page is, as its boot script says.
    #[wasm_bindgen(catch, js_namespace = retort)]
    fn address(path: &str) -> Result<String, JsValue>;
}

/// A file that lies beside the page, by its path below `assets`.
///
/// # Errors
/// [`Error::Input`] if the server has none, [`Error::Storage`] if it does not answer.
pub async fn builtin(path: &str) -> Result<Vec<u8>> {
    let url = address(&format!("assets/{path}"))
        .map_err(|error| Error::storage(path, format!("this page does not know its files ({})", words(&error))))?;
    let silent = |error: JsValue| Error::storage(&url, format!("the server does not answer ({})", words(&error)));
    let global = js_sys::global();
    let fetch = property(&global, "fetch").and_then(|fetch| fetch.dyn_into::<Function>().ok());
    let fetch = fetch.ok_or_else(|| Error::storage(&url, "this browser cannot fetch files"))?;
    let promise = fetch.call1(&global, &url.as_str().into()).map_err(silent)?;
    let response: Response = JsFuture::from(Promise::from(promise)).await.map_err(silent)?.unchecked_into();
    if !response.ok() {
        return Err(Error::input(
            format!("builtin:{path}"),
            "a file beside the page",
            format!("the server's answer {} to {url}", response.status()),
        ));
    }
    let body = JsFuture::from(response.array_buffer().map_err(silent)?).await.map_err(silent)?;
    Ok(Uint8Array::new(&body).to_vec())
}

/// A page sees no disk: only what it was given.
pub(super) async fn read_file(path: &str) -> Result<Vec<u8>> {
    Err(Error::input(path, "a file given to this page", "none of that name"))
}

/// Bytes by path, relative to one directory of the origin-private file system.
#[derive(Debug, Clone)]
pub struct Store {
    root: String,
    dir: FileSystemDirectoryHandle,
}

impl Store {
    /// The directory `root`, made if it is not there.
    ///
    /// # Errors
    /// [`Error::Storage`] if the browser gives no storage.
    pub async fn open(root: &str) -> Result<Self> {
        let dir = directory(&origin(root).await?, root, true).await.map_err(|error| failed(root, &error))?;
        Ok(Self { root: root.to_owned(), dir })
    }

    /// The directory `root`, which must be there.
    ///
    /// # Errors
    /// [`Error::Input`] if it is not.
    pub async fn open_existing(root: &str) -> Result<Self> {
        let found = directory(&origin(root).await?, root, false).await;
        let dir = found.map_err(|error| Error::input(root, "a directory in this browser's storage", reason(&error)))?;
        Ok(Self { root: root.to_owned(), dir })
    }

    /// A file's bytes, or `None` if there is no such file.
    ///
    /// # Errors
    /// [`Error::Storage`] if there is one that cannot be read.
    pub async fn read(&self, path: &str) -> Result<Option<Vec<u8>>> {
        self.head(path, u64::MAX).await
    }

    /// The first bytes of a file, at most so many, or `None` if there is no such file.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub async fn head(&self, path: &str, most: u64) -> Result<Option<Vec<u8>>> {
        match self.bytes(path, most).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if missing(&error) => Ok(None),
            Err(error) => Err(self.failed(path, &error)),
        }
    }

    async fn bytes(&self, path: &str, most: u64) -> Result<Vec<u8>, JsValue> {
        let handle = self.file(path, false).await?;
        let file: File = JsFuture::from(handle.get_file()).await?.unchecked_into();
        let some = file.slice_with_f64_and_f64(0.0, file.size().min(most as f64))?;
        let buffer = JsFuture::from(some.array_buffer()).await?;
        Ok(Uint8Array::new(&buffer).to_vec())
    }

    /// Writes a whole file. The browser puts the new bytes in place when the stream closes:
    /// whenever the tab is closed, the old bytes or the new ones are there.
    ///
    /// # Errors
    /// [`Error::Storage`]; the old file is then untouched.
    pub async fn write(&self, path: &str, bytes: &[u8]) -> Result<()> {
        let written = async {
            let handle = self.file(path, true).await?;
            stream(&handle, FileSystemCreateWritableOptions::new(), bytes, 0.0).await
        };
        written.await.map_err(|error| self.failed(path, &error))
    }

    /// Adds to the end of a file, which is made if it is not there.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn append(&self, path: &str, bytes: &[u8]) -> Result<()> {
        let appended = async {
            let handle = self.file(path, true).await?;
            if let Some(access) = sync_access(&handle).await? {
                let options = FileSystemReadWriteOptions::new();
                let written = access.get_size().and_then(|end| {
                    options.set_at(end);
                    let written = access.write_with_u8_array_and_options(bytes, &options).and_then(|count| {
                        // Some browsers write what there is room for, and say no more.
                        if count < bytes.len() as f64 { Err(shared::full()) } else { access.flush() }
                    });
                    if written.is_err() {
                        // Half a line is worse than none; if this fails too, the error says so already.
                        let _ = access.truncate_with_f64(end);
                    }
                    written
                });
                access.close();
                return written;
            }
            let file: File = JsFuture::from(handle.get_file()).await?.unchecked_into();
            let keep = FileSystemCreateWritableOptions::new();
            keep.set_keep_existing_data(true);
            stream(&handle, keep, bytes, file.size()).await
        };
        appended.await.map_err(|error| self.failed(path, &error))
    }

    /// Takes a file for writing, of which there is one writer at a time; nothing while another tab has it.
    ///
    /// # Errors
    /// [`Error::Storage`] if the browser refuses to say.
    pub async fn hold(&self, path: &str) -> Result<Option<Lock>> {
        shared::hold(&self.place(path)).await.map_err(|error| self.failed(path, &error))
    }

    /// Whether somebody else, or this very tab, holds what [`Store::hold`] takes.
    ///
    /// # Errors
    /// As [`Store::hold`].
    pub async fn is_held(&self, path: &str) -> Result<bool> {
        shared::is_held(&self.place(path)).await.map_err(|error| self.failed(path, &error))
    }

    /// Cuts a file to `len` bytes. A file that is not there has no bytes.
    ///
    /// # Errors
    /// [`Error::Storage`] if it cannot be written, [`Error::Input`] if it is shorter than that.
    pub async fn truncate(&self, path: &str, len: u64) -> Result<()> {
        let bytes = self.read(path).await?.unwrap_or_default();
        let found = bytes.len() as u64;
        if found < len {
            return Err(Error::input(path, format!("at least {len} bytes"), format!("{found}")));
        }
        if found == len {
            return Ok(());
        }
        // Shorter than what was just read into memory.
        self.write(path, &bytes[..len as usize]).await
    }

    /// Names in a directory, sorted; of one that is not there: none.
    ///
    /// # Errors
    /// [`Error::Storage`] if it cannot be read.
    pub async fn list(&self, dir: &str) -> Result<Vec<String>> {
        let names = async {
            let keys: AsyncIterator = directory(&self.dir, dir, false).await?.keys();
            let mut names = Vec::new();
            loop {
                let next: IteratorNext = JsFuture::from(keys.next()?).await?.unchecked_into();
                if next.done() {
                    names.sort();
                    return Ok(names);
                }
                names.extend(next.value().as_string());
            }
        };
        match names.await {
            Err(error) if missing(&error) => Ok(vec![]),
            other => other.map_err(|error: JsValue| self.failed(dir, &error)),
        }
    }

    /// What is in a directory, sorted by name; of one that is not there: nothing.
    ///
    /// # Errors
    /// [`Error::Storage`] if it cannot be read.
    pub async fn entries(&self, dir: &str) -> Result<Vec<Entry>> {
        let entries = async {
            let values: AsyncIterator = directory(&self.dir, dir, false).await?.values();
            let mut entries = vec![];
            loop {
                let next: IteratorNext = JsFuture::from(values.next()?).await?.unchecked_into();
                if next.done() {
                    entries.sort_by(|one: &Entry, other| one.name.cmp(&other.name));
                    return Ok(entries);
                }
                let handle = next.value();
                let said = |key| property(&handle, key).and_then(|said| said.as_string()).unwrap_or_default();
                let file = match said("kind").as_str() {
                    "file" => {
                        let handle: FileSystemFileHandle = handle.clone().unchecked_into();
                        let file: File = JsFuture::from(handle.get_file()).await?.unchecked_into();
                        Some(About { bytes: file.size() as u64, modified: file.last_modified() as u64 })
                    }
                    _ => None,
                };
                entries.push(Entry { name: said("name"), file });
            }
        };
        match entries.await {
            Err(error) if missing(&error) => Ok(vec![]),
            other => other.map_err(|error: JsValue| self.failed(dir, &error)),
        }
    }

    /// Removes a directory with everything in it, if it is there.
    ///
    /// # Errors
    /// [`Error::Storage`] if it cannot be removed.
    pub async fn remove_all(&self, dir: &str) -> Result<()> {
        let removed = async {
            let (parent, name) = split(dir);
            let parent = directory(&self.dir, parent, false).await?;
            let everything = FileSystemRemoveOptions::new();
            everything.set_recursive(true);
            JsFuture::from(parent.remove_entry_with_options(name, &everything)).await
        };
        match removed.await {
            Err(error) if !missing(&error) => Err(self.failed(dir, &error)),
            _ => Ok(()),
        }
    }

    /// Removes a file, if it is there.
    ///
    /// # Errors
    /// [`Error::Storage`] if it cannot be removed.
    pub async fn remove(&self, path: &str) -> Result<()> {
        let removed = async {
            let (parent, name) = split(path);
            let parent = directory(&self.dir, parent, false).await?;
            JsFuture::from(parent.remove_entry(name)).await
        };
        match removed.await {
            Err(error) if !missing(&error) => Err(self.failed(path, &error)),
            _ => Ok(()),
        }
    }

    /// The directory's path, as it was given.
    pub fn root(&self) -> &str {
        &self.root
    }

    async fn file(&self, path: &str, create: bool) -> Result<FileSystemFileHandle, JsValue> {
        let (parent, name) = split(path);
        let parent = directory(&self.dir, parent, create).await?;
        let options = FileSystemGetFileOptions::new();
        options.set_create(create);
        Ok(JsFuture::from(parent.get_file_handle_with_options(name, &options)).await?.unchecked_into())
    }

    fn place(&self, path: &str) -> String {
        format!("{}/{path}", self.root.trim_end_matches('/'))
    }

    fn failed(&self, path: &str, error: &JsValue) -> Error {
        failed(&self.place(path), error)
    }
}

/// A property that is there.
pub(super) fn property(of: &JsValue, key: &str) -> Option<JsValue> {
    Reflect::get(of, &key.into()).ok().filter(|value| !value.is_undefined() && !value.is_null())
}

fn missing(error: &JsValue) -> bool {
    property(error, "name").and_then(|name| name.as_string()).is_some_and(|name| name == "NotFoundError")
}

fn failed(path: &str, error: &JsValue) -> Error {
    Error::storage(path, reason(error))
}

/// The browser's words, or ours where we know what to do about it.
fn reason(error: &JsValue) -> String {
    match property(error, "name").and_then(|name| name.as_string()).as_deref() {
        Some("NotFoundError") => "nothing there".into(),
        Some("QuotaExceededError") => "this browser's storage is full; what was there before is untouched".into(),
        Some("NoModificationAllowedError") => "another tab is writing this file".into(),
        Some("NotAllowedError" | "SecurityError") => "the browser gives this page no storage".into(),
        _ => words(error),
    }
}

/// What a JavaScript error says of itself.
fn words(error: &JsValue) -> String {
    let parts: Array = ["name", "message"].iter().filter_map(|key| property(error, key)).collect();
    match parts.join(": ").as_string() {
        Some(text) if !text.is_empty() => text,
        _ => format!("{error:?}"),
    }
}
