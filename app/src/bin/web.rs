//! The page and its worker: one module, started in both places.

use wasm_bindgen::JsCast;

fn main() {
    console_error_panic_hook::set_once();
    // A second logger is the only thing that can fail here, and there is none.
    let _ = console_log::init_with_level(log::Level::Warn);
    if js_sys::global().has_type::<web_sys::DedicatedWorkerGlobalScope>() {
        retort_app::worker::start();
    } else {
        retort_app::ui::mount();
    }
}
