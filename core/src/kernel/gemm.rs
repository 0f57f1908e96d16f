//! Products of matrices on the processor: by the `gemm` crate on one core, but for browsers, where `retort-hand` is faster.

use retort_hand::Task;

use crate::platform;

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

/// C = A·B, whatever was there: `row` numbers from one of C's rows to the next.
pub fn set(c: &mut [f32], row: usize, a: View, b: View, sizes: Sizes) {
    run(c, row, a, b, sizes, false);
}

/// C += A·B.
pub fn add(c: &mut [f32], row: usize, a: View, b: View, sizes: Sizes) {
    run(c, row, a, b, sizes, true);
}

/// # Panics
/// When a matrix reaches beyond its numbers.
fn run(c: &mut [f32], row: usize, a: View, b: View, [m, n, k]: Sizes, held: bool) {
    assert!(m * n == 0 || (m - 1) * row + n <= c.len(), "C stays within its numbers");
    assert!(a.holds(m, k) && b.holds(k, n), "A and B stay within theirs");
    let task = Task {
        a: a.numbers.as_ptr(),
        b: b.numbers.as_ptr(),
        c: c.as_mut_ptr(),
        reach: [0; 3],
        add: usize::from(held),
        places: [0, 1],
        inner: 1,
        sizes: [m, n, k],
        a_strides: [0, 0, a.row, a.column],
        b_strides: [0, 0, b.row, b.column],
        c_strides: [0, 0, row],
    };
    #[allow(unsafe_code, reason = "a task has pointers")]
    // SAFETY: all three stay within their numbers, which are there.
    unsafe {
        work(&task);
    }
}

/// Does a task, by whoever is best at it here.
///
/// # Safety
/// A and B can be read, and C can be written; where it is added to, it can be read.
#[allow(unsafe_code, reason = "a task has pointers")]
pub unsafe fn work(task: &Task) {
    // SAFETY: as the caller's.
    if unsafe { platform::multiply(task) } {
        return;
    }
    let [m, n, k] = task.sizes;
    let steps = |[.., row, column]: [usize; 4]| [row as isize, column as isize];
    let ([a_row, a_column], [b_row, b_column]) = (steps(task.a_strides), steps(task.b_strides));
    let (c_row, add) = (task.c_strides[2] as isize, task.add != 0);
    for place in task.places[0]..task.places[1] {
        let (a, b, c) = task.at(place);
        // SAFETY: as the caller's.
        unsafe {
            gemm::gemm(
                m,
                n,
                k,
                c,
                1,
                c_row,
                add,
                a,
                a_column,
                a_row,
                b,
                b_column,
                b_row,
                f32::from(add),
                1.0,
                false,
                false,
                false,
                gemm::Parallelism::None,
            );
        }
    }
}
