//! Twin of `ranks.wgsl`: ranks of numbers within groups.

use crate::{Case, Kernel, grid, noise, words};

/// The kernel.
pub const KERNEL: Kernel = Kernel { name: "ranks", source, cases };

/// Its WGSL.
pub fn source() -> String {
    include_str!("ranks.wgsl").to_string()
}

/// Invocations per workgroup.
pub const GROUP: usize = 256;

/// For each number, how many of its group are no larger, and how large the group is: `[2, count]`.
/// Both are 0 for a number of a negative group.
pub fn ranks(values: &[f32], groups: &[i32]) -> Vec<f32> {
    let fellows = |at: usize| (0..values.len()).filter(move |&other| groups[at] >= 0 && groups[other] == groups[at]);
    let below = (0..values.len()).map(|at| fellows(at).filter(|&other| values[other] <= values[at]).count() as f32);
    below.chain((0..values.len()).map(|at| fellows(at).count() as f32)).collect()
}

fn cases() -> Vec<Case> {
    let case = |name: &str, values: Vec<f32>, groups: Vec<i32>| {
        let wanted = ranks(&values, &groups).into_iter().map(f64::from).collect();
        let count = values.len();
        let members = groups.iter().map(|&group| group as u32).collect();
        Case {
            name: name.into(),
            buffers: vec![words(&values), members, vec![0; 2 * count], vec![count as u32]],
            output: 2,
            groups: grid(count.div_ceil(GROUP)),
            wanted,
            allowance: [0.0; 2],
        }
    };
    let mut repeated = noise(3, 700);
    repeated[100..200].fill(0.25);
    vec![
        case("one number", vec![3.0], vec![0]),
        case("one group, ties", repeated, vec![0; 700]),
        case("groups and numbers left out", noise(4, 500), (0..500).map(|at| at % 4 - 1).collect()),
        case("more than one workgroup", noise(5, 3_000), (0..3_000).map(|at| at / 700).collect()),
    ]
}

#[cfg(test)]
mod tests {
    use super::ranks;

    #[test]
    fn by_hand() {
        // Group 0 holds 5, 1, 5; group 1 holds 2; the 9 is left out.
        let got = ranks(&[5.0, 2.0, 1.0, 9.0, 5.0], &[0, 1, 0, -1, 0]);
        assert_eq!(got, [3.0, 1.0, 1.0, 0.0, 3.0, 3.0, 1.0, 3.0, 0.0, 3.0]);
    }
}
