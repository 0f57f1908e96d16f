//! What the kernels' CPU halves share: numbers in one piece, rows shared out among the processor's cores, and
//! loops that become its widest vector instructions.

use std::ops::Range;

use burn::backend::{Flex, flex::FlexTensor, tensor::FloatTensor};
use burn::tensor::{Shape, TensorData};

use crate::platform;

/// A tensor's numbers in one piece.
pub fn whole(tensor: &FloatTensor<Flex>) -> &[f32] {
    tensor.as_slice().expect("a contiguous f32 tensor")
}

/// Rows, and numbers of each.
pub fn extents(shape: &Shape) -> [usize; 2] {
    let width = shape[shape.num_dims() - 1];
    [shape.num_elements() / width.max(1), width]
}

/// Numbers as a tensor.
pub fn tensor(values: Vec<f32>, shape: impl Into<Shape>) -> FloatTensor<Flex> {
    FlexTensor::from_data(TensorData::new(values, shape.into()))
}

/// Numbers below which sharing them out takes longer than going through them.
const ENOUGH: usize = 1 << 14;

/// Has `make` fill `rows` rows of every output, which comes with the numbers of a row: on all cores where
/// there is enough to do. `make` is given which rows, and theirs of every output.
pub fn rows<const N: usize>(
    rows: usize,
    outputs: [(&mut [f32], usize); N],
    make: impl Fn(Range<usize>, [&mut [f32]; N]) + Sync,
) {
    let width = outputs.iter().map(|(_, width)| *width).max().unwrap_or(0);
    rows_of(rows * width, rows, outputs, make);
}

/// As [`rows`], where there are so many `numbers` to go through.
pub fn rows_of<const N: usize>(
    numbers: usize,
    rows: usize,
    outputs: [(&mut [f32], usize); N],
    make: impl Fn(Range<usize>, [&mut [f32]; N]) + Sync,
) {
    let parts = platform::hands().min(numbers.div_ceil(ENOUGH)).max(1);
    let each = rows.div_ceil(parts).max(1);
    let (mut outputs, mut pieces, mut first) = (outputs, vec![], 0);
    while first < rows {
        let count = each.min(rows - first);
        let piece = outputs.each_mut().map(|(rest, width)| {
            let (piece, after) = std::mem::take(rest).split_at_mut(count * *width);
            *rest = after;
            piece
        });
        pieces.push((first..first + count, piece));
        first += count;
    }
    platform::share(pieces, &|(range, piece)| make(range, piece));
}

/// Makes a function whose loops become the widest vector instructions that the processor has. What they call
/// must be `#[inline(always)]`.
macro_rules! vectorised {
    ($(#[$meta:meta])* fn $name:ident<$life:lifetime>($($argument:ident: $type:ty),+ $(,)?) $body:block) => {
        $(#[$meta])*
        #[allow(clippy::too_many_arguments, reason = "what a loop needs, which no type of its own would explain")]
        fn $name<$life>($($argument: $type),+) {
            struct Work<$life>($($type),+);
            impl<$life> pulp::NullaryFnOnce for Work<$life> {
                type Output = ();

                #[inline(always)]
                fn call(self) {
                    let Self($($argument),+) = self;
                    $body
                }
            }
            pulp::Arch::new().dispatch(Work($($argument),+));
        }
    };
}

pub(super) use vectorised;

/// Sums that a loop keeps apart, for vector instructions.
const LANES: usize = 16;

/// Σ of `of` over the positions below `count`, in f32, in 16 sums.
#[inline(always)]
pub fn sum(count: usize, of: impl Fn(usize) -> f32) -> f32 {
    let mut lanes = [0.0; LANES];
    let whole = count - count % LANES;
    for start in (0..whole).step_by(LANES) {
        for (lane, sum) in lanes.iter_mut().enumerate() {
            *sum += of(start + lane);
        }
    }
    for at in whole..count {
        lanes[at - whole] += of(at);
    }
    lanes.iter().sum()
}

/// e^x for x up to 88, within 2e-7 of its size; 0 below −87; NaN of NaN. Without branches, which
/// the C library's cannot do without (Cephes' expf; Moshier 1989). A loop around it becomes vector
/// instructions only once it is inlined there.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    /// 1.5 · 2²³: adding it rounds to an integer, which is then in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let inside = if x < -87.0 { -87.0 } else { x };
    let shifted = inside * std::f32::consts::LOG2_E + ROUND;
    let whole = shifted - ROUND;
    // ln 2 in two pieces, the first exact in 9 bits.
    let rest = inside - whole * 0.693_359_4 + whole * 2.121_944_4e-4;
    let series = [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5]
        .into_iter()
        .fold(1.987_569_1e-4, |sum, next| sum * rest + next);
    let power = f32::from_bits(shifted.to_bits().wrapping_add(127).wrapping_shl(23));
    let result = (series * rest * rest + rest + 1.0) * power;
    if x < -87.0 { 0.0 } else { result }
}

/// erf within a few units in the last place, without branches, as `shaders/src/shared/activation.wgsl`.
#[inline(always)]
pub fn erf(x: f32) -> f32 {
    let t = if x.abs() < 4.0 { x.abs() } else { 4.0 };
    let s = t * t;
    let near = [4.991_194_2e-3, -2.676_813_5e-2, 1.128_199_25e-1, -3.761_253_4e-1, 1.283_791_7e-1]
        .into_iter()
        .fold(-5.967_617_e-4, |sum, next| sum * s + next);
    let far = (-1.728_534_7e-5 * t + 3.831_972e-4) * s + (-3.883_964_4e-3 * t + 2.425_462_2e-2);
    let far = ((far * t - 1.067_778_8e-1) * t - 6.348_468_7e-1) * t - 1.287_171_2e-1;
    let size = if t > 0.921_875 { 1.0 - exp(far * t - t) } else { near * t + t };
    size.copysign(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_e() {
        for x in (-8_699..8_800).map(|x| x as f32 / 100.0) {
            let wanted = f64::from(x).exp();
            assert!((f64::from(exp(x)) / wanted - 1.0).abs() < 2e-7, "{x}: {} {wanted}", exp(x));
        }
        assert_eq!([exp(0.0), exp(-88.0), exp(-1e30), exp(f32::NEG_INFINITY)], [1.0, 0.0, 0.0, 0.0]);
        assert!(exp(f32::NAN).is_nan());
    }

    #[test]
    fn erf_is_that_of_the_library() {
        for at in -6_000..=6_000 {
            let x = at as f32 * 1e-3;
            let wanted = libm::erf(x.into());
            assert!((f64::from(erf(x)) - wanted).abs() < 3e-7 * wanted.abs().max(1e-3), "{x}: {} {wanted}", erf(x));
        }
    }

    #[test]
    fn every_row_is_made_once() {
        for count in [0, 1, 5, 1_000] {
            let (mut wide, mut narrow) = (vec![0.0; count * 40], vec![0.0; count]);
            rows(count, [(&mut wide, 40), (&mut narrow, 1)], |range, [wide, narrow]| {
                for (row, (wide, narrow)) in range.zip(wide.chunks_mut(40).zip(narrow)) {
                    wide.iter_mut().for_each(|x| *x += row as f32);
                    *narrow += row as f32;
                }
            });
            assert!(wide.iter().enumerate().all(|(at, x)| *x == (at / 40) as f32));
            assert!(narrow.iter().enumerate().all(|(at, x)| *x == at as f32));
        }
    }

    #[test]
    fn sums_of_any_count() {
        for count in [0, 1, 15, 16, 17, 100] {
            assert_eq!(sum(count, |at| at as f32), (0..count).sum::<usize>() as f32);
        }
    }
}
