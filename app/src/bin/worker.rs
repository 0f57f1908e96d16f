//! What computes, in a worker beside the page.

fn main() {
    construct();
    console_error_panic_hook::set_once();
    // A second logger is the only thing that can fail here, and there is none.
    let _ = console_log::init_with_level(log::Level::Warn);
    retort_app::worker::start();
}

/// Runs what registers itself before the program begins (`inventory`), once. Where nobody names
/// `__wasm_call_ctors`, the linker has every call from JavaScript run all of it again: of an object's
/// reference, say, of which a launch of a kernel makes dozens.
fn construct() {
    #[allow(unsafe_code, reason = "the linker's own function, which takes and gives nothing")]
    unsafe {
        unsafe extern "C" {
            fn __wasm_call_ctors();
        }
        __wasm_call_ctors();
    }
}
