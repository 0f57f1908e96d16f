//! One message between page and worker: JSON, and files as byte arrays beside it.

use js_sys::{Array, Object, Reflect, Uint8Array};
use retort_core::checkpoint::Files;
use serde::{Serialize, de::DeserializeOwned};
use wasm_bindgen::{JsCast, JsValue};

/// Packs a message for `postMessage`.
///
/// # Errors
/// What JavaScript says when it cannot make an object.
pub fn pack<T: Serialize>(message: &T, files: &Files) -> Result<JsValue, JsValue> {
    let json = serde_json::to_string(message).map_err(|error| JsValue::from_str(&error.to_string()))?;
    let list: Array = files
        .iter()
        .map(|(name, bytes)| JsValue::from(Array::of2(&name.as_str().into(), &Uint8Array::from(bytes.as_slice()))))
        .collect();
    let packed = Object::new();
    Reflect::set(&packed, &"json".into(), &json.into())?;
    Reflect::set(&packed, &"files".into(), &list)?;
    Ok(packed.into())
}

/// Unpacks what [`pack`] packed; `None` for anything else.
pub fn unpack<T: DeserializeOwned>(packed: &JsValue) -> Option<(T, Files)> {
    let json = Reflect::get(packed, &"json".into()).ok()?.as_string()?;
    let message = serde_json::from_str(&json).ok()?;
    let list: Array = Reflect::get(packed, &"files".into()).ok()?.dyn_into().ok()?;
    let file = |pair: JsValue| {
        let pair: Array = pair.dyn_into().ok()?;
        Some((pair.get(0).as_string()?, pair.get(1).dyn_into::<Uint8Array>().ok()?.to_vec()))
    };
    Some((message, list.iter().filter_map(file).collect()))
}

/// The memory behind a packed message's files, to be handed over instead of copied.
pub fn buffers(packed: &JsValue) -> Option<Array> {
    let list: Array = Reflect::get(packed, &"files".into()).ok()?.dyn_into().ok()?;
    let buffer = |pair: JsValue| {
        Some(JsValue::from(pair.dyn_into::<Array>().ok()?.get(1).dyn_into::<Uint8Array>().ok()?.buffer()))
    };
    Some(list.iter().filter_map(buffer).collect())
}
