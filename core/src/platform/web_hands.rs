//! Who multiplies in a browser: a small module on this module's memory, and more of the kind in workers of their own where
//! the page has threads. `www/hands.js` has them.

use std::cell::OnceCell;

use js_sys::WebAssembly::Memory;
use retort_hand::{SCRATCH, Task};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};

/// Multiplications of a share: below it, telling another hand takes longer than computing.
const ENOUGH: usize = 1 << 19;

/// Bytes of the module's stack, of which it needs few.
const STACK: usize = 1 << 14;

#[wasm_bindgen]
extern "C" {
    type Hands;

    /// How many there are.
    #[wasm_bindgen(method, getter)]
    fn count(this: &Hands) -> usize;

    /// Whether they multiply and add at once.
    #[wasm_bindgen(method, getter)]
    fn relaxed(this: &Hands) -> bool;

    /// Does tasks that lie in a row, several at once.
    #[wasm_bindgen(method)]
    fn work(this: &Hands, tasks: *const Task, count: usize);

    /// The hands, on a memory in which they have room between two addresses.
    #[wasm_bindgen(catch, js_namespace = retort, js_name = hands)]
    async fn hands(memory: Memory, from: usize, to: usize) -> Result<JsValue, JsValue>;
}

thread_local! {
    /// None where they could not be had, so that nobody asks again.
    static HANDS: OnceCell<Option<Hands>> = const { OnceCell::new() };
}

/// Looks for who multiplies. Without them, this module does it.
pub async fn get_hands() {
    if HANDS.with(|hands| hands.get().is_some()) {
        return;
    }
    let room =
        Box::leak(vec![0u128; (SCRATCH * size_of::<f32>() + STACK).div_ceil(16)].into_boxed_slice()).as_ptr_range();
    let came = hands(wasm_bindgen::memory().unchecked_into(), room.start.addr(), room.end.addr()).await;
    if let Err(error) = &came {
        log::warn!("products are computed without the modules for them: {}", super::words(error));
    }
    // If somebody else asked meanwhile, those are as good.
    HANDS.with(|hands| hands.set(came.ok().map(JsCast::unchecked_into)).ok());
}

/// Browsers do not name the processor: what computes on it.
pub fn cpu_name() -> String {
    HANDS.with(|hands| {
        let hands = hands.get().and_then(Option::as_ref);
        let threads = match hands.map_or(1, Hands::count) {
            1 => "1 thread".to_owned(),
            many => format!("{many} threads"),
        };
        let relaxed = if hands.is_some_and(Hands::relaxed) { ", relaxed SIMD" } else { "" };
        format!("the processor, in WebAssembly, {threads}{relaxed}")
    })
}

/// Does a task, if there are hands for it.
///
/// # Safety
/// A and B can be read, and C can be written; where it is added to, it can be read.
#[allow(unsafe_code, reason = "the hands follow the task's pointers")]
pub unsafe fn multiply(task: &Task) -> bool {
    HANDS.with(|hands| {
        let Some(hands) = hands.get().and_then(Option::as_ref) else { return false };
        match hands.count().min(task.cost() / ENOUGH) {
            0 | 1 => hands.work(task, 1),
            parts => {
                let shares = task.split(parts);
                hands.work(shares.as_ptr(), shares.len());
            }
        }
        true
    })
}
