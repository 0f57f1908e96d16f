//! What the tabs of one origin share in a browser: locks, and room.

use js_sys::{Array, Error as JsError, Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::StorageManager;

use super::{super::stored::Quota, property};

/// Something that this tab alone holds, until it drops this or is closed, however it is closed.
#[derive(Debug)]
pub struct Lock {
    /// Settles the promise for as long as which the browser holds the lock.
    release: Option<Function>,
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Some(release) = &self.release {
            // It only settles a promise.
            let _ = release.call0(&JsValue::NULL);
        }
    }
}

/// How long a tab that was just closed may take to let go, in milliseconds.
const PATIENCE: f64 = 1500.0;

/// Takes the lock of this name; nothing while another has it. A browser without locks gives everything.
pub(super) async fn hold(name: &str) -> Result<Option<Lock>, JsValue> {
    let Some((locks, request)) = method("locks", "request") else { return Ok(Some(Lock { release: None })) };
    let options = Object::new();
    match deadline() {
        Some(signal) => Reflect::set(&options, &"signal".into(), &signal)?,
        None => Reflect::set(&options, &"ifAvailable".into(), &JsValue::TRUE)?,
    };
    let answer = Promise::new(&mut |resolve, reject| {
        let given = Closure::once_into_js(move |lock: JsValue| -> JsValue {
            let mut release = JsValue::NULL;
            let held = if lock.is_null() {
                JsValue::UNDEFINED
            } else {
                Promise::new(&mut |settle, _| release = settle.into()).into()
            };
            // A promise is settled by whatever it is given.
            let _ = resolve.call1(&JsValue::NULL, &release);
            held
        });
        match request.call3(&locks, &name.into(), &options, &given) {
            // It lasts as long as the lock is held.
            Ok(asked) => spawn_local(async move {
                if let Err(error) = JsFuture::from(Promise::from(asked)).await {
                    let _ = reject.call1(&JsValue::NULL, &error);
                }
            }),
            Err(error) => {
                let _ = reject.call1(&JsValue::NULL, &error);
            }
        }
    });
    let name_of = |error: &JsValue| property(error, "name").and_then(|name| name.as_string());
    match JsFuture::from(answer).await {
        Ok(release) => Ok(release.dyn_into::<Function>().ok().map(|release| Lock { release: Some(release) })),
        Err(error) if name_of(&error).is_some_and(|name| name == "TimeoutError" || name == "AbortError") => Ok(None),
        Err(error) => Err(error),
    }
}

/// A signal that ends the waiting for a lock.
fn deadline() -> Option<JsValue> {
    let signals = property(&js_sys::global(), "AbortSignal")?;
    let timeout: Function = property(&signals, "timeout")?.dyn_into().ok()?;
    timeout.call1(&signals, &PATIENCE.into()).ok()
}

/// Whether anybody has the lock of this name.
pub(super) async fn is_held(name: &str) -> Result<bool, JsValue> {
    let Some((locks, query)) = method("locks", "query") else { return Ok(false) };
    let state = JsFuture::from(Promise::from(query.call0(&locks)?)).await?;
    let held: Array = property(&state, "held").map(JsCast::unchecked_into).unwrap_or_default();
    Ok(held.iter().any(|lock| property(&lock, "name").is_some_and(|known| known == name)))
}

/// How much room there is, where the browser tells.
pub async fn quota() -> Option<Quota> {
    let storage: StorageManager = of_navigator("storage")?.unchecked_into();
    let estimate = JsFuture::from(storage.estimate().ok()?).await.ok()?;
    let bytes = |key| property(&estimate, key)?.as_f64().map(|bytes| bytes as u64);
    let persisted = JsFuture::from(storage.persisted().ok()?).await.is_ok_and(|kept| kept.is_truthy());
    Some(Quota { used: bytes("usage")?, total: bytes("quota")?, persisted })
}

/// Asks the browser to keep what is stored when room becomes scarce; whether it will. Only a page may ask.
pub async fn persist() -> bool {
    let Some((storage, persist)) = method("storage", "persist") else { return false };
    let Ok(asked) = persist.call0(&storage) else { return false };
    JsFuture::from(Promise::from(asked)).await.is_ok_and(|kept| kept.is_truthy())
}

/// Something that the browser's `navigator` has.
pub(super) fn of_navigator(key: &str) -> Option<JsValue> {
    property(&property(&js_sys::global(), "navigator")?, key)
}

fn method(of: &str, name: &str) -> Option<(JsValue, Function)> {
    let of = of_navigator(of)?;
    let method = property(&of, name)?.dyn_into().ok()?;
    Some((of, method))
}

/// What browsers throw where there is no more room.
pub(super) fn full() -> JsValue {
    let error = JsError::new("no room");
    error.set_name("QuotaExceededError");
    error.into()
}
