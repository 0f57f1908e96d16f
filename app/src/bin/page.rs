//! What one sees. It computes nothing: the worker, a module of its own, does.

fn main() {
    console_error_panic_hook::set_once();
    // A second logger is the only thing that can fail here, and there is none.
    let _ = console_log::init_with_level(log::Level::Warn);
    retort_app::ui::mount();
}
