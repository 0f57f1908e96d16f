//! Twin of `columns.wgsl`: sums of the columns of parts of a matrix.

use crate::{Case, Kernel, noise, words};

/// The kernel.
pub const KERNEL: Kernel = Kernel { name: "columns", source, cases };

/// Its WGSL.
pub fn source() -> String {
    include_str!("columns.wgsl").to_string()
}

/// Invocations of a workgroup: columns, parts.
const GROUP: [usize; 2] = [16, 4];

/// How many parts to share the rows out into, so that there is work for the whole device.
pub fn parts(rows: usize, imitated: bool) -> usize {
    if imitated { 1 } else { rows.div_ceil(64).clamp(1, 64) }
}

/// Workgroups.
pub fn groups(columns: usize, parts: usize) -> [u32; 3] {
    [columns.div_ceil(GROUP[0]) as u32, parts.div_ceil(GROUP[1]) as u32, 1]
}

/// The info buffer.
pub fn info(rows: usize, columns: usize, parts: usize) -> [u32; 4] {
    [rows, columns, rows.div_ceil(parts), parts].map(|number| number as u32)
}

/// `[rows, columns]` → `[parts, columns]`
pub fn sums(x: &[f32], [rows, columns]: [usize; 2], parts: usize) -> Vec<f64> {
    let each = rows.div_ceil(parts);
    let mut sums = vec![0.0; parts * columns];
    for (at, x) in x.iter().enumerate() {
        let (row, column) = (at / columns, at % columns);
        sums[row / each * columns + column] += f64::from(*x);
    }
    sums
}

fn cases() -> Vec<Case> {
    let shapes = [([1, 1], 1), ([3, 5], 1), ([70, 33], 1), ([70, 33], 7), ([5, 17], 4)];
    let case = |([rows, columns], parts): ([usize; 2], usize)| {
        let x = noise(5, rows * columns);
        Case {
            name: format!("{rows} × {columns} in {parts} parts"),
            buffers: vec![words(&x), vec![0; parts * columns], info(rows, columns, parts).to_vec()],
            output: 1,
            groups: groups(columns, parts),
            wanted: sums(&x, [rows, columns], parts),
            // At most 70 numbers below 1.
            allowance: [4e-6, 1e-6],
        }
    };
    shapes.into_iter().map(case).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        assert_eq!(sums(&x, [3, 2], 1), [9.0, 12.0]);
        assert_eq!(sums(&x, [3, 2], 2), [4.0, 6.0, 5.0, 6.0]);
        assert_eq!(info(3, 2, 2), [3, 2, 2, 2]);
    }
}
