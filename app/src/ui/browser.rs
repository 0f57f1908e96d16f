//! The few things asked of the browser itself.

use js_sys::{Array, Function, Promise, Uint8Array};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobPropertyBag, File, HtmlAnchorElement, Response, Url, UrlSearchParams};

/// The part of the address behind `#`, with it.
pub fn hash() -> String {
    window().location().hash().unwrap_or_default()
}

/// The query's pairs, decoded.
pub fn query() -> Vec<(String, String)> {
    let search = window().location().search().unwrap_or_default();
    let Ok(params) = UrlSearchParams::new_with_str(&search) else { return vec![] };
    let pair = |entry: JsValue| {
        let entry: Array = entry.dyn_into().ok()?;
        Some((entry.get(0).as_string()?, entry.get(1).as_string()?))
    };
    js_sys::try_iter(&params).ok().flatten().into_iter().flatten().flatten().filter_map(pair).collect()
}

/// Puts pairs in the address bar without a new entry in the history.
pub fn set_query(pairs: &[(&str, String)]) {
    let Ok(params) = UrlSearchParams::new() else { return };
    for (key, value) in pairs {
        params.append(key, value);
    }
    let address = format!("?{}{}", String::from(params.to_string()), hash());
    if let Ok(history) = window().history()
        && let Err(error) = history.replace_state_with_url(&JsValue::NULL, "", Some(&address))
    {
        log::warn!("the address bar refused {address}: {error:?}");
    }
}

/// The whole address of a page beside this one, with these pairs.
pub fn beside(page: &str, pairs: &[(&str, String)]) -> String {
    let here = window().location().href().unwrap_or_default();
    let folder = here.split(['?', '#']).next().and_then(|path| path.rsplit_once('/')).map_or("", |(folder, _)| folder);
    let query = UrlSearchParams::new().map_or_else(
        |_| String::new(),
        |params| {
            pairs.iter().for_each(|(key, value)| params.append(key, value));
            params.to_string().into()
        },
    );
    format!("{folder}/{page}?{query}")
}

#[wasm_bindgen]
extern "C" {
    /// Where a file of this version of the page is, by its path in the sources.
    #[wasm_bindgen(js_namespace = retort)]
    pub fn address(path: &str) -> String;
}

/// What the page's scripts have a function for, by its name; `None` where there is none.
pub fn call(name: &str) -> Option<JsValue> {
    let scripts = js_sys::Reflect::get(&window(), &"retort".into()).ok()?;
    let function: Function = js_sys::Reflect::get(&scripts, &name.into()).ok()?.dyn_into().ok()?;
    function.call0(&scripts).ok()
}

/// A file of this version of the page, as text; `None` when it is not there.
pub async fn fetch_text(path: &str) -> Option<String> {
    text_at(&address(path)).await
}

/// What is at an address, as text; `None` when nothing is.
pub async fn text_at(address: &str) -> Option<String> {
    let response: Response = JsFuture::from(window().fetch_with_str(address)).await.ok()?.dyn_into().ok()?;
    if !response.ok() {
        return None;
    }
    JsFuture::from(response.text().ok()?).await.ok()?.as_string()
}

/// Waits.
pub async fn pause(time: std::time::Duration) {
    let mut over = |resolve: Function, _| {
        set_timeout(
            move || {
                // The promise is only ever resolved.
                let _ = resolve.call0(&JsValue::NULL);
            },
            time,
        );
    };
    let _ = JsFuture::from(Promise::new(&mut over)).await;
}

/// The bytes of a file the visitor chose.
pub async fn bytes(file: &File) -> Option<Vec<u8>> {
    let buffer = JsFuture::from(file.array_buffer()).await.ok()?;
    Some(Uint8Array::new(&buffer).to_vec())
}

/// Lets the visitor save bytes under a name.
pub fn save(name: &str, bytes: &[u8]) {
    let parts = Array::of1(&Uint8Array::from(bytes));
    let kind = BlobPropertyBag::new();
    kind.set_type("application/octet-stream");
    if let Ok(blob) = Blob::new_with_u8_array_sequence_and_options(&parts, &kind) {
        save_blob(name, &blob);
    }
}

/// The same of what is a blob already.
pub fn save_blob(name: &str, blob: &Blob) {
    let Ok(url) = Url::create_object_url_with_blob(blob) else { return };
    if let Ok(Ok(link)) = document().create_element("a").map(JsCast::dyn_into::<HtmlAnchorElement>) {
        link.set_href(&url);
        link.set_download(name);
        link.click();
    }
    // The download holds the blob by now; an address that is already gone is no loss.
    set_timeout(
        move || {
            let _ = Url::revoke_object_url(&url);
        },
        std::time::Duration::from_secs(10),
    );
}

/// Whether a media query holds.
pub fn media(query: &str) -> bool {
    window().match_media(query).ok().flatten().is_some_and(|list| list.matches())
}

/// Puts a text on the clipboard.
pub fn copy(text: &str) {
    // Where the browser refuses, the text is still there to be selected.
    let _ = window().navigator().clipboard().write_text(text);
}
