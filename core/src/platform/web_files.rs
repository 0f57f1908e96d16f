//! Handles of the origin-private file system: directories, and the two ways into a file.

use js_sys::Uint8Array;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    FileSystemCreateWritableOptions, FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetDirectoryOptions,
    FileSystemSyncAccessHandle, FileSystemWritableFileStream, StorageManager,
};

use super::{property, shared};
use crate::{Error, Result};

/// The root of the browser's storage for this origin.
pub(super) async fn origin(asked: &str) -> Result<FileSystemDirectoryHandle> {
    let none =
        || Error::storage(asked, "this browser gives this page no storage (a private window, or an old browser)");
    let storage = shared::of_navigator("storage").filter(|storage| property(storage, "getDirectory").is_some());
    let storage: StorageManager = storage.ok_or_else(none)?.unchecked_into();
    Ok(JsFuture::from(storage.get_directory()).await.map_err(|_| none())?.unchecked_into())
}

/// A directory below another, by its path.
pub(super) async fn directory(
    from: &FileSystemDirectoryHandle,
    path: &str,
    create: bool,
) -> Result<FileSystemDirectoryHandle, JsValue> {
    let options = FileSystemGetDirectoryOptions::new();
    options.set_create(create);
    let mut at = from.clone();
    for name in path.split('/').filter(|name| !name.is_empty() && *name != ".") {
        at = JsFuture::from(at.get_directory_handle_with_options(name, &options)).await?.unchecked_into();
    }
    Ok(at)
}

/// Writes bytes at a position through a stream and closes it, or gives the stream up.
pub(super) async fn stream(
    handle: &FileSystemFileHandle,
    options: FileSystemCreateWritableOptions,
    bytes: &[u8],
    position: f64,
) -> Result<(), JsValue> {
    let writable = JsFuture::from(handle.create_writable_with_options(&options)).await?;
    let writable: FileSystemWritableFileStream = writable.unchecked_into();
    let written = async {
        JsFuture::from(writable.seek_with_f64(position)?).await?;
        JsFuture::from(writable.write_with_js_u8_array(&Uint8Array::from(bytes))?).await?;
        JsFuture::from(writable.close()).await
    };
    match written.await {
        Ok(_) => Ok(()),
        Err(error) => {
            // The new bytes are dropped; if that fails too, the stream was closed by the error.
            let _ = JsFuture::from(writable.abort()).await;
            Err(error)
        }
    }
}

/// The quick way into a file, which workers have and pages do not.
pub(super) async fn sync_access(handle: &FileSystemFileHandle) -> Result<Option<FileSystemSyncAccessHandle>, JsValue> {
    if property(handle, "createSyncAccessHandle").is_none() {
        return Ok(None);
    }
    Ok(Some(JsFuture::from(handle.create_sync_access_handle()).await?.unchecked_into()))
}

/// Directory and name of a path.
pub(super) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}
