//! What Retort's kernels move and compute, for whoever watches.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::platform::locked;

/// What the launches of a kernel added up to.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Work {
    /// Of everything that is bound, once.
    pub bytes: u64,
    /// Multiplications with their additions, of matrix products.
    pub operations: u64,
}

static WATCHED: AtomicBool = AtomicBool::new(false);
static DONE: Mutex<BTreeMap<&'static str, Work>> = Mutex::new(BTreeMap::new());

/// Notes a launch that binds so many bytes.
pub fn note(kernel: &'static str, bytes: impl FnOnce() -> u64) {
    if WATCHED.load(Ordering::Relaxed) {
        locked(&DONE).entry(kernel).or_default().bytes += bytes();
    }
}

/// Notes what a launch computes.
pub fn computes(kernel: &'static str, operations: usize) {
    if WATCHED.load(Ordering::Relaxed) {
        locked(&DONE).entry(kernel).or_default().operations += operations as u64;
    }
}

/// Begins to watch.
pub fn watch() {
    locked(&DONE).clear();
    WATCHED.store(true, Ordering::Relaxed);
}

/// Watches no longer; what was done meanwhile, by kernel.
pub fn watched() -> BTreeMap<&'static str, Work> {
    WATCHED.store(false, Ordering::Relaxed);
    std::mem::take(&mut *locked(&DONE))
}
