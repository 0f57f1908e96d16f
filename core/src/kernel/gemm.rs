//! One product of matrices on the processor, on one core: the `gemm` crate.

use std::mem::MaybeUninit;

/// A matrix in memory.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// From its first number on.
    pub numbers: &'a [f32],
    /// From one row to the next.
    pub row: usize,
    /// From one column to the next.
    pub column: usize,
}

impl<'a> View<'a> {
    /// Row by row.
    pub fn rows(numbers: &'a [f32], row: usize) -> Self {
        Self { numbers, row, column: 1 }
    }

    /// Its rows for columns.
    pub fn transposed(self) -> Self {
        Self { row: self.column, column: self.row, ..self }
    }

    fn holds(self, rows: usize, columns: usize) -> bool {
        rows * columns == 0 || (rows - 1) * self.row + (columns - 1) * self.column < self.numbers.len()
    }
}

/// Rows of C, columns of C, products of a sum.
pub type Sizes = [usize; 3];

/// C = A·B where nothing was before: `row` numbers from one of C's rows to the next.
pub fn fill(c: &mut [MaybeUninit<f32>], row: usize, a: View, b: View, sizes: Sizes) {
    run(c, row, a, b, sizes, false);
}

/// C = A·B, whatever was there.
pub fn set(c: &mut [f32], row: usize, a: View, b: View, sizes: Sizes) {
    run(uninitialised(c), row, a, b, sizes, false);
}

/// C += A·B.
pub fn add(c: &mut [f32], row: usize, a: View, b: View, sizes: Sizes) {
    run(uninitialised(c), row, a, b, sizes, true);
}

/// The same numbers. Only this file writes to them, and only numbers.
fn uninitialised(numbers: &mut [f32]) -> &mut [MaybeUninit<f32>] {
    #[allow(unsafe_code, reason = "there is no safe way to forget that numbers are there")]
    // SAFETY: a number is one that may be there, and none is taken away.
    unsafe {
        &mut *(std::ptr::from_mut(numbers) as *mut [MaybeUninit<f32>])
    }
}

/// # Panics
/// When a matrix reaches beyond its numbers.
fn run(c: &mut [MaybeUninit<f32>], row: usize, a: View, b: View, [m, n, k]: Sizes, held: bool) {
    assert!(m * n == 0 || (m - 1) * row + n <= c.len(), "C stays within its numbers");
    assert!(a.holds(m, k) && b.holds(k, n), "A and B stay within theirs");
    #[allow(unsafe_code, reason = "gemm takes pointers")]
    // SAFETY: all three stay within their numbers, and C is read only where it was there before.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            c.as_mut_ptr().cast(),
            1,
            row as isize,
            held,
            a.numbers.as_ptr(),
            a.column as isize,
            a.row as isize,
            b.numbers.as_ptr(),
            b.column as isize,
            b.row as isize,
            f32::from(held),
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}
