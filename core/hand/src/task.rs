//! What is to be multiplied, in words that JavaScript can read as well.

use crate::block::ROWS;

/// C = A·B, or C += A·B, for some of the matrices of a batch: texts, and heads in each.
///
/// `www/hands.js` knows the first seven words of it.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Task {
    /// The first number of the batch's A, whichever matrices are meant.
    pub a: *const f32,
    /// Of its B.
    pub b: *const f32,
    /// Of its C.
    pub c: *mut f32,
    /// How many numbers of A, B and C there are from there on; known of what [`Task::split`] gives.
    pub reach: [usize; 3],
    /// Whether C is added to; 0 or 1.
    pub add: usize,
    /// The first of the matrices, and the one after the last.
    pub places: [usize; 2],
    /// Heads of a text.
    pub inner: usize,
    /// Rows of C, its columns, and what is summed over.
    pub sizes: [usize; 3],
    /// Numbers from one text, head, row and column of A to the next.
    pub a_strides: [usize; 4],
    /// The same of B.
    pub b_strides: [usize; 4],
    /// The same of C, whose columns lie side by side.
    pub c_strides: [usize; 3],
}

impl Task {
    /// The matrices of a place.
    pub fn at(&self, place: usize) -> (*const f32, *const f32, *mut f32) {
        let inner = self.inner.max(1);
        let from = |text, head| place / inner * text + place % inner * head;
        let ([a, a_head, ..], [b, b_head, ..], [c, c_head, _]) = (self.a_strides, self.b_strides, self.c_strides);
        (
            self.a.wrapping_add(from(a, a_head)),
            self.b.wrapping_add(from(b, b_head)),
            self.c.wrapping_add(from(c, c_head)),
        )
    }

    /// How many multiplications it is.
    pub fn cost(&self) -> usize {
        (self.places[1] - self.places[0]) * self.sizes.iter().product::<usize>()
    }

    /// At most so many tasks that are this one together, and write where no other does: of rows, or of matrices. Which
    /// numbers are summed in which order is the same for any count.
    pub fn split(&self, parts: usize) -> Vec<Self> {
        let [first, end] = self.places;
        let (count, inner, [m, ..]) = (end - first, self.inner, self.sizes);
        let (a, b, c) = self.at(first);
        let whole = Self { a, b, c, places: [0, count], ..*self };
        if count == 1 {
            let of = |from: usize, to: usize| {
                let (a, c) = (a.wrapping_add(from * self.a_strides[2]), c.wrapping_add(from * self.c_strides[2]));
                let [_, n, k] = self.sizes;
                Self { a, c, sizes: [to - from, n, k], ..whole }.measured()
            };
            return shares(m, parts, ROWS).map(|[from, to]| of(from, to)).collect();
        }
        let texts = first % inner == 0 && count % inner == 0;
        let each = match texts && count > inner {
            true => inner,
            // Heads of one text, each of them in one piece.
            false if first / inner == (end - 1) / inner && self.c_strides[1] >= m * self.c_strides[2] => 1,
            false => count,
        };
        let of = |from: usize, to: usize| {
            let (a, b, c) = self.at(first + from);
            Self { a, b, c, places: [0, to - from], ..whole }.measured()
        };
        shares(count, parts, each).map(|[from, to]| of(from, to)).collect()
    }

    /// With its reach, where its first matrix is the first of a text or all are of one text.
    fn measured(self) -> Self {
        let [m, n, k] = self.sizes;
        let (texts, heads) = (self.places[1].div_ceil(self.inner), self.inner.min(self.places[1]));
        let reach = |[text, head, row, column]: [usize; 4], rows: usize, columns: usize| {
            let counts = [(texts, text), (heads, head), (rows, row), (columns, column)];
            match counts.iter().any(|(count, _)| *count == 0) {
                true => 0,
                false => counts.iter().map(|(count, stride)| (count - 1) * stride).sum::<usize>() + 1,
            }
        };
        let [text, head, row] = self.c_strides;
        let reach = [reach(self.a_strides, m, k), reach(self.b_strides, k, n), reach([text, head, row, 1], m, n)];
        Self { reach, ..self }
    }
}

/// So many things in at most so many shares, of a multiple of `each` but for the last.
fn shares(count: usize, parts: usize, each: usize) -> impl Iterator<Item = [usize; 2]> {
    let share = count.div_ceil(parts.max(1)).next_multiple_of(each.max(1)).max(1);
    (0..count).step_by(share).map(move |from| [from, count.min(from + share)])
}
