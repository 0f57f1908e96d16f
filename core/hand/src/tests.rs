//! The blocks against plain sums in f64, and shares against the whole.

#![allow(unsafe_code, reason = "pointers into vectors that are large enough")]

use crate::{Lanes, SCRATCH, Task, work};

/// Four numbers in an array.
#[derive(Clone, Copy)]
struct Plain([f32; 4]);

impl Lanes for Plain {
    fn splat(x: f32) -> Self {
        Self([x; 4])
    }

    unsafe fn load(from: *const f32) -> Self {
        Self(unsafe { from.cast::<[f32; 4]>().read() })
    }

    unsafe fn store(self, to: *mut f32) {
        unsafe { to.cast::<[f32; 4]>().write(self.0) }
    }

    fn plus(self, other: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane] + other.0[lane]))
    }

    fn plus_product(self, one: Self, other: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane] + one.0[lane] * other.0[lane]))
    }

    fn turned(rows: [Self; 4]) -> [Self; 4] {
        std::array::from_fn(|column| Self(rows.map(|row| row.0[column])))
    }
}

/// Numbers between -1 and 1, the same every time.
fn numbers(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// Matrices of `rows` by `columns`: strides of text, head, row and column.
fn strides(heads: usize, [rows, columns]: [usize; 2], lie: Lie) -> [usize; 4] {
    match lie {
        Lie::Rows => [heads * rows * columns, rows * columns, columns, 1],
        Lie::Columns => [heads * rows * columns, rows * columns, 1, rows],
        Lie::Turns => [heads * rows * columns, columns, heads * columns, 1],
        Lie::Apart => [heads * rows * columns * 2, rows * columns * 2, columns * 2, 2],
        Lie::Shared => [0, 0, columns, 1],
    }
}

/// How matrices lie: row by row, column by column, the rows of a text's heads in turns, with gaps, the same for all.
#[derive(Clone, Copy, PartialEq)]
enum Lie {
    Rows,
    Columns,
    Turns,
    Apart,
    Shared,
}

struct Case {
    task: Task,
    a: Vec<f32>,
    b: Vec<f32>,
    c: Vec<f32>,
}

impl Case {
    fn new(batch: [usize; 2], [m, n, k]: [usize; 3], [of_a, of_b, of_c]: [Lie; 3], add: bool) -> Self {
        let [texts, heads] = batch;
        let most = 2 * texts * heads;
        let (a, b, mut c) = (numbers(most * m * k, 1), numbers(most * k * n, 2), numbers(texts * heads * m * n, 3));
        let [c_text, c_head, c_row, _] = strides(heads, [m, n], of_c);
        let task = Task {
            a: a.as_ptr(),
            b: b.as_ptr(),
            c: c.as_mut_ptr(),
            reach: [0; 3],
            add: usize::from(add),
            places: [0, texts * heads],
            inner: heads,
            sizes: [m, n, k],
            a_strides: strides(heads, [m, k], of_a),
            b_strides: strides(heads, [k, n], of_b),
            c_strides: [c_text, c_head, c_row],
        };
        Self { task, a, b, c }
    }

    /// C by plain sums.
    fn wanted(&self) -> Vec<f32> {
        let Task { a_strides, b_strides, c_strides, inner, places: [_, places], sizes: [m, n, k], add, .. } = self.task;
        let mut c = self.c.clone();
        for place in 0..places {
            let (text, head) = (place / inner, place % inner);
            for row in 0..m {
                for column in 0..n {
                    let at = |strides: [usize; 4], row: usize, column: usize| {
                        text * strides[0] + head * strides[1] + row * strides[2] + column * strides[3]
                    };
                    let product =
                        |k| f64::from(self.a[at(a_strides, row, k)]) * f64::from(self.b[at(b_strides, k, column)]);
                    let [c_text, c_head, c_row] = c_strides;
                    let to = &mut c[at([c_text, c_head, c_row, 1], row, column)];
                    let before = if add == 1 { f64::from(*to) } else { 0.0 };
                    *to = (before + (0..k).map(product).sum::<f64>()) as f32;
                }
            }
        }
        c
    }

    /// C after these tasks.
    fn done(&mut self, tasks: &[Task]) -> Vec<f32> {
        let before = self.c.clone();
        // What was left behind must not matter.
        let mut scratch = vec![f32::NAN; SCRATCH];
        for task in tasks {
            unsafe { work::<Plain>(task, scratch.as_mut_ptr()) };
        }
        let after = self.c.clone();
        // The tasks know where it lies.
        self.c.copy_from_slice(&before);
        after
    }
}

/// Odd sizes, and some beyond every block.
const SIZES: [[usize; 3]; 9] =
    [[1, 1, 1], [4, 8, 4], [5, 9, 3], [3, 7, 300], [65, 12, 257], [70, 520, 2], [8, 16, 0], [0, 3, 2], [67, 33, 31]];

#[test]
fn blocks_are_plain_sums() {
    use Lie::{Apart, Columns, Rows, Shared, Turns};
    for sizes in SIZES {
        for batch in [[1, 1], [2, 3]] {
            for of_a in [Rows, Columns, Turns, Apart] {
                for of_b in [Rows, Columns, Turns, Apart, Shared] {
                    for (of_c, add) in [(Rows, false), (Rows, true), (Turns, false), (Turns, true)] {
                        let mut case = Case::new(batch, sizes, [of_a, of_b, of_c], add);
                        let task = case.task;
                        let (found, wanted) = (case.done(&[task]), case.wanted());
                        for (at, (found, wanted)) in found.iter().zip(&wanted).enumerate() {
                            let far = (found - wanted).abs() / (1.0 + wanted.abs());
                            assert!(far < 1e-5, "{sizes:?}, {batch:?}, number {at}: wanted {wanted}, found {found}");
                        }
                    }
                }
            }
        }
    }
}

/// Shares are the whole to the last bit, lie within what they say, and write nowhere twice.
#[test]
fn any_number_of_hands_computes_the_same() {
    use Lie::{Columns, Rows, Turns};
    for (batch, of_c) in [([1, 1], Rows), ([1, 5], Rows), ([1, 5], Turns), ([4, 3], Rows), ([4, 3], Turns)] {
        for of_a in [Rows, Columns, Turns] {
            for parts in 1..7 {
                let mut case = Case::new(batch, [67, 12, 31], [of_a, Rows, of_c], true);
                let whole = case.task;
                let shares = whole.split(parts);
                assert!((1..=parts).contains(&shares.len()), "{parts}: {}", shares.len());
                // The rows of the heads of one text in turns are left to one hand.
                let several = batch != [1, 5] || of_c != Turns;
                assert!(parts == 1 || !several || shares.len() > 1, "{batch:?}, {parts} parts");
                let mut end = case.c.as_ptr();
                for share in &shares {
                    assert!(share.c.cast_const() >= end, "two write to the same place");
                    end = share.c.wrapping_add(share.reach[2]);
                    assert!(share.a.wrapping_add(share.reach[0]) <= case.a.as_ptr_range().end);
                    assert!(share.b.wrapping_add(share.reach[1]) <= case.b.as_ptr_range().end);
                }
                assert_eq!(end, case.c.as_ptr_range().end.cast());
                assert_eq!(case.done(&shares), case.done(&[whole]));
            }
        }
    }
}
