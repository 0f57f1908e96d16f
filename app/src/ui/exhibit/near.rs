//! What comes near the window.

use js_sys::{Array, Function, Reflect};
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use web_sys::Element;

#[wasm_bindgen]
extern "C" {
    type IntersectionObserver;
    #[wasm_bindgen(constructor, catch)]
    fn new(callback: &Function, options: &JsValue) -> Result<IntersectionObserver, JsValue>;
    #[wasm_bindgen(method)]
    fn observe(this: &IntersectionObserver, target: &Element);
    #[wasm_bindgen(method)]
    fn disconnect(this: &IntersectionObserver);
}

/// How far from the window is near.
const MARGIN: &str = "600px";

/// Calls `then` once the element is near the window; at once where the browser cannot tell.
pub fn once(element: &Element, then: impl Fn() + Clone + 'static) {
    let after = then.clone();
    let called =
        Closure::<dyn Fn(Array, IntersectionObserver)>::new(move |entries: Array, observer: IntersectionObserver| {
            let is = |entry: JsValue| Reflect::get(&entry, &"isIntersecting".into()).is_ok_and(|is| is.is_truthy());
            if entries.iter().any(is) {
                observer.disconnect();
                after();
            }
        });
    let options = js_sys::Object::new();
    let told = Reflect::set(&options, &"rootMargin".into(), &MARGIN.into());
    match IntersectionObserver::new(called.as_ref().unchecked_ref(), &options) {
        Ok(observer) if told.is_ok() => observer.observe(element),
        _ => then(),
    }
    // It lives as long as its observer.
    called.forget();
}
