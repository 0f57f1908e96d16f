//! What one sees first: the recorded run, until the laboratory is there.

use wasm_bindgen::prelude::wasm_bindgen;

fn main() {
    console_error_panic_hook::set_once();
    retort_app::ui::front::mount();
}

/// Leaves the place to the laboratory, and tells in JSON what it goes on from.
#[wasm_bindgen]
pub fn leave() -> Option<String> {
    retort_app::ui::front::leave()
}
