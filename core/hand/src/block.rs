//! Products block by block: what is multiplied again and again lies packed in the processor's nearest memory, and four rows
//! and eight columns of C stay in its registers meanwhile.

#![allow(unsafe_code, reason = "matrices come by pointers, since they lie in anybody's memory")]

use crate::Task;

/// Rows of C at once.
pub const ROWS: usize = 4;
/// Columns of C at once: two vectors.
const COLUMNS: usize = 8;
/// What is summed over at once: a strip of B of that depth and its rows of A stay in the first cache.
const DEPTH: usize = 256;
/// Rows of a packed block of A.
const TALL: usize = 64;
/// Columns of a packed block of B.
const WIDE: usize = 512;

/// Numbers that [`work`] needs room for: packed A, packed B, and what stands out of C.
pub const SCRATCH: usize = (TALL + WIDE) * DEPTH + ROWS * COLUMNS;

/// A vector of four numbers.
pub trait Lanes: Copy {
    /// The same number four times.
    fn splat(x: f32) -> Self;
    /// Four numbers as they lie in memory.
    ///
    /// # Safety
    /// They can be read.
    unsafe fn load(from: *const f32) -> Self;
    /// Puts them there.
    ///
    /// # Safety
    /// They can be written.
    unsafe fn store(self, to: *mut f32);
    /// Lane by lane.
    fn plus(self, other: Self) -> Self;
    /// With a product added, lane by lane.
    fn plus_product(self, one: Self, other: Self) -> Self;
    /// Rows as columns.
    fn turned(rows: [Self; 4]) -> [Self; 4];
}

/// A matrix: where it begins, and numbers from one row and column to the next.
#[derive(Clone, Copy)]
struct Matrix {
    from: *const f32,
    row: usize,
    column: usize,
}

impl Matrix {
    fn at(self, row: usize, column: usize) -> *const f32 {
        self.from.wrapping_add(row * self.row + column * self.column)
    }
}

/// Does a task.
///
/// # Safety
/// Its matrices lie where it says and C lies apart from the others; there is room for [`SCRATCH`] numbers.
pub unsafe fn work<L: Lanes>(task: &Task, scratch: *mut f32) {
    let ([.., a_row, a_column], [.., b_row, b_column]) = (task.a_strides, task.b_strides);
    for place in task.places[0]..task.places[1] {
        let (a, b, c) = task.at(place);
        let a = Matrix { from: a, row: a_row, column: a_column };
        let b = Matrix { from: b, row: b_row, column: b_column };
        // SAFETY: as the caller's.
        unsafe { product::<L>(task.sizes, a, b, c, task.c_strides[2], task.add != 0, scratch) };
    }
}

/// One product.
///
/// # Safety
/// As [`work`]'s.
unsafe fn product<L: Lanes>(
    [m, n, k]: [usize; 3],
    a: Matrix,
    b: Matrix,
    c: *mut f32,
    c_row: usize,
    add: bool,
    scratch: *mut f32,
) {
    let (packed_a, packed_b) = (scratch, scratch.wrapping_add(TALL * DEPTH));
    let edge = scratch.wrapping_add((TALL + WIDE) * DEPTH);
    if k == 0 && !add {
        for row in 0..m {
            // SAFETY: C has these rows.
            unsafe { c.add(row * c_row).write_bytes(0, n) };
        }
    }
    for inner in (0..k).step_by(DEPTH) {
        let depth = DEPTH.min(k - inner);
        let add = add || inner > 0;
        for right in (0..n).step_by(WIDE) {
            let wide = WIDE.min(n - right);
            for column in (0..wide).step_by(4) {
                let strip = column / COLUMNS * COLUMNS * depth + column % COLUMNS;
                let from = Matrix { from: b.at(inner, right + column), row: b.column, column: b.row };
                // SAFETY: within B, and within the room for a block of it.
                unsafe { pack::<L>(from, 4.min(wide - column), depth, packed_b.add(strip), COLUMNS) };
            }
            for down in (0..m).step_by(TALL) {
                let tall = TALL.min(m - down);
                for row in (0..tall).step_by(ROWS) {
                    let from = Matrix { from: a.at(down + row, inner), ..a };
                    // SAFETY: within A, and within the room for a block of it.
                    unsafe { pack::<L>(from, ROWS.min(tall - row), depth, packed_a.add(row * depth), ROWS) };
                }
                for column in (0..wide).step_by(COLUMNS) {
                    for row in (0..tall).step_by(ROWS) {
                        // SAFETY: both strips are packed, and C has these rows and columns.
                        unsafe {
                            let (a, b) = (packed_a.add(row * depth), packed_b.add(column * depth));
                            let to = c.add((down + row) * c_row + right + column);
                            match (ROWS.min(tall - row), COLUMNS.min(wide - column)) {
                                (ROWS, COLUMNS) => tile::<L>(depth, a, b, to, c_row, add),
                                (rows, columns) => {
                                    tile::<L>(depth, a, b, edge, COLUMNS, false);
                                    trim(edge, [rows, columns], to, c_row, add);
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Four rows or fewer side by side, column by column; zeros where there are fewer.
///
/// # Safety
/// The matrix has these rows and columns, and there is room for four numbers every `step`.
#[inline(never)]
unsafe fn pack<L: Lanes>(from: Matrix, rows: usize, columns: usize, to: *mut f32, step: usize) {
    let mut done = 0;
    // SAFETY: as the caller's: four rows, and columns below their count.
    unsafe {
        if rows == 4 && from.row == 1 {
            for column in 0..columns {
                L::load(from.at(0, column)).store(to.add(column * step));
            }
            done = columns;
        } else if rows == 4 && from.column == 1 {
            while done + 4 <= columns {
                let turned = L::turned([0, 1, 2, 3].map(|row| L::load(from.at(row, done))));
                for (ahead, lanes) in turned.into_iter().enumerate() {
                    lanes.store(to.add((done + ahead) * step));
                }
                done += 4;
            }
        }
        for column in done..columns {
            for row in 0..4 {
                let x = if row < rows { *from.at(row, column) } else { 0.0 };
                *to.add(column * step + row) = x;
            }
        }
    }
}

/// What a packed strip of A and one of B come to, written to C or added to it. A function of its own: browsers then compile
/// nothing else together with this loop, and better code takes over in the middle of a product. The loop is not unrolled: the
/// compiler would take several steps' numbers into vectors at once, and browsers, which keep its order, would have to put the
/// sums on the stack in every step.
///
/// # Safety
/// Both strips have that depth, and C has all rows and columns of a tile.
#[inline(never)]
unsafe fn tile<L: Lanes>(depth: usize, mut a: *const f32, mut b: *const f32, c: *mut f32, c_row: usize, add: bool) {
    let mut sums = [[L::splat(0.0); 2]; ROWS];
    for _ in 0..depth {
        // SAFETY: as the caller's.
        unsafe {
            let lanes = [L::load(b), L::load(b.add(4))];
            for (row, sums) in sums.iter_mut().enumerate() {
                let a = L::splat(*a.add(row));
                *sums = [sums[0].plus_product(a, lanes[0]), sums[1].plus_product(a, lanes[1])];
            }
        }
        (a, b) = (a.wrapping_add(ROWS), b.wrapping_add(COLUMNS));
    }
    for (row, sums) in sums.into_iter().enumerate() {
        for (half, sum) in sums.into_iter().enumerate() {
            // SAFETY: as the caller's.
            unsafe {
                let to = c.add(row * c_row + half * 4);
                if add { L::load(to).plus(sum) } else { sum }.store(to);
            }
        }
    }
}

/// Writes a tile that lies in memory to C, or adds it, where C ends sooner.
///
/// # Safety
/// C has these rows and columns.
unsafe fn trim(from: *const f32, [rows, columns]: [usize; 2], to: *mut f32, step: usize, add: bool) {
    for row in 0..rows {
        for column in 0..columns {
            // SAFETY: as the caller's.
            unsafe {
                let (x, to) = (*from.add(row * COLUMNS + column), to.add(row * step + column));
                *to = if add { *to + x } else { x };
            }
        }
    }
}
