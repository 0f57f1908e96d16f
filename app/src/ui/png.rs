//! An SVG as a picture of pixels, for programs that take no SVG.

use js_sys::Function;
use leptos::prelude::document;
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use web_sys::Blob;

use super::browser;

#[wasm_bindgen]
extern "C" {
    #[derive(Clone)]
    #[wasm_bindgen(js_name = Image)]
    type Picture;
    #[wasm_bindgen(constructor, js_class = "Image")]
    fn new() -> Picture;
    #[wasm_bindgen(method, setter)]
    fn set_src(this: &Picture, src: &str);
    #[wasm_bindgen(method, setter)]
    fn set_onload(this: &Picture, then: &Function);

    type Canvas;
    #[wasm_bindgen(method, setter)]
    fn set_width(this: &Canvas, width: f64);
    #[wasm_bindgen(method, setter)]
    fn set_height(this: &Canvas, height: f64);
    #[wasm_bindgen(method, js_name = getContext)]
    fn context(this: &Canvas, kind: &str) -> Pencil;
    #[wasm_bindgen(method, js_name = toBlob)]
    fn to_blob(this: &Canvas, then: &Function);

    type Pencil;
    #[wasm_bindgen(method, js_name = drawImage)]
    fn draw(this: &Pencil, picture: &Picture, x: f64, y: f64, width: f64, height: f64);
}

/// Pixels of the picture for each of the drawing.
const SCALE: f64 = 2.0;

/// Lets the visitor save an SVG of this size as a PNG.
pub fn save(name: String, svg: &str, [width, height]: [f64; 2]) {
    let Ok(canvas) = document().create_element("canvas") else { return };
    let canvas: Canvas = canvas.unchecked_into();
    let [wide, high] = [width, height].map(|side| (SCALE * side).round());
    canvas.set_width(wide);
    canvas.set_height(high);
    let picture = Picture::new();
    let drawn = picture.clone();
    let loaded = Closure::once_into_js(move || {
        canvas.context("2d").draw(&drawn, 0.0, 0.0, wide, high);
        let made = Closure::once_into_js(move |blob: JsValue| match blob.dyn_into::<Blob>() {
            Ok(blob) => browser::save_blob(&name, &blob),
            Err(_) => log::error!("the browser made no picture of {name}"),
        });
        canvas.to_blob(made.unchecked_ref());
    });
    picture.set_onload(loaded.unchecked_ref());
    picture.set_src(&format!("data:image/svg+xml,{}", String::from(js_sys::encode_uri_component(svg))));
}
