//! The module: WebAssembly's vectors, and what JavaScript calls.

#![allow(unsafe_code, reason = "vectors and tasks come by pointers, and JavaScript knows functions by their names")]

use core::arch::wasm32::{f32x4_add, f32x4_splat, i32x4_shuffle, v128, v128_load, v128_store};

use crate::{Lanes, SCRATCH, Task, block};

#[derive(Clone, Copy)]
struct Vector(v128);

impl Lanes for Vector {
    #[inline(always)]
    fn splat(x: f32) -> Self {
        Self(f32x4_splat(x))
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: as the caller's.
        Self(unsafe { v128_load(from.cast()) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: as the caller's.
        unsafe { v128_store(to.cast(), self.0) }
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        Self(f32x4_add(self.0, other.0))
    }

    #[inline(always)]
    fn plus_product(self, one: Self, other: Self) -> Self {
        Self(product(one.0, other.0, self.0))
    }

    #[inline(always)]
    fn turned([a, b, c, d]: [Self; 4]) -> [Self; 4] {
        let [ab, cd] = [(a, b), (c, d)].map(|(one, other)| {
            (i32x4_shuffle::<0, 4, 1, 5>(one.0, other.0), i32x4_shuffle::<2, 6, 3, 7>(one.0, other.0))
        });
        [
            Self(i32x4_shuffle::<0, 1, 4, 5>(ab.0, cd.0)),
            Self(i32x4_shuffle::<2, 3, 6, 7>(ab.0, cd.0)),
            Self(i32x4_shuffle::<0, 1, 4, 5>(ab.1, cd.1)),
            Self(i32x4_shuffle::<2, 3, 6, 7>(ab.1, cd.1)),
        ]
    }
}

#[cfg(target_feature = "relaxed-simd")]
#[inline(always)]
fn product(one: v128, other: v128, add: v128) -> v128 {
    core::arch::wasm32::f32x4_relaxed_madd(one, other, add)
}

#[cfg(not(target_feature = "relaxed-simd"))]
#[inline(always)]
fn product(one: v128, other: v128, add: v128) -> v128 {
    f32x4_add(add, core::arch::wasm32::f32x4_mul(one, other))
}

/// Bytes that [`work`] needs room for.
#[unsafe(no_mangle)]
pub extern "C" fn scratch() -> usize {
    SCRATCH * size_of::<f32>()
}

/// Does a task.
///
/// # Safety
/// As [`block::work`]'s.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn work(task: *const Task, scratch: *mut f32) {
    // SAFETY: as the caller's.
    unsafe { block::work::<Vector>(&*task, scratch) }
}
