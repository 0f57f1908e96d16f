//! The same on the CPU: loops over slices that the compiler turns into vector instructions, sums
//! in f64.

use burn::backend::{
    Flex,
    flex::FlexTensor,
    tensor::{FloatTensor, IntTensor},
};
use burn::tensor::TensorData;
use retort_shaders::logit_rows::{FLOOR, LEFT_OUT, STATS, floored};

use super::LogitRowsOps;

/// e^x for x up to 88, within 2e-7 of its size; 0 below −87; NaN of NaN. Without branches, which
/// the C library's cannot do without (Cephes' expf; Moshier 1989). A loop around it becomes vector
/// instructions only once it is inlined there.
#[inline(always)]
fn exp(x: f32) -> f32 {
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

/// A tensor's numbers in one piece.
fn whole(tensor: &FloatTensor<Flex>) -> &[f32] {
    tensor.as_slice().expect("a contiguous f32 tensor")
}

/// Numbers that a vector loop takes at once.
const LANES: usize = 8;

/// The largest logit that is a number.
fn largest(logits: &[f32]) -> f32 {
    let larger = |max: f32, x: f32| if x > max { x } else { max };
    if logits.len() < LANES {
        return logits.iter().copied().fold(FLOOR, larger);
    }
    let (chunks, rest) = logits.as_chunks::<LANES>();
    let mut lanes = [FLOOR; LANES];
    for chunk in chunks {
        for (max, &x) in lanes.iter_mut().zip(chunk) {
            *max = larger(*max, x);
        }
    }
    lanes.iter().chain(rest).copied().fold(FLOOR, larger)
}

/// Σ of N terms, each a function of the position.
#[inline(always)]
fn sums<const N: usize>(count: usize, terms: impl Fn(usize) -> [f32; N]) -> [f64; N] {
    if count < LANES {
        return (0..count).map(terms).fold([0.0; N], |sum, term| std::array::from_fn(|at| sum[at] + term[at] as f64));
    }
    let mut lanes = [[0.0f64; LANES]; N];
    let whole = count - count % LANES;
    for start in (0..whole).step_by(LANES) {
        for lane in 0..LANES {
            for (sum, term) in lanes.iter_mut().zip(terms(start + lane)) {
                sum[lane] += term as f64;
            }
        }
    }
    for (lane, at) in (whole..count).enumerate() {
        for (sum, term) in lanes.iter_mut().zip(terms(at)) {
            sum[lane] += term as f64;
        }
    }
    lanes.map(|sum| sum.iter().sum())
}

/// exp((x − `max`) · `inverse`) of every logit into `weights`, and log of their sum.
fn softmax(logits: &[f32], max: f32, inverse: f32, weights: &mut [f32]) -> f64 {
    for (weight, &x) in weights.iter_mut().zip(logits) {
        *weight = exp((floored(x) - max) * inverse);
    }
    let weights = &*weights;
    let [sum] = sums(weights.len(), |at| [weights[at]]);
    sum.ln()
}

/// The statistics of one row, in the order of `stats`. `weights` is room for as many numbers as
/// there are classes.
fn row_stats(s: &[f32], t: Option<&[f32]>, label: i32, inverse: f32, weights: &mut [f32]) -> [f64; STATS] {
    let max_s = largest(s);
    let log_s = softmax(s, max_s, inverse, weights);
    let mut log_1 = if inverse == 1.0 { log_s } else { softmax(s, max_s, 1.0, weights) };
    let (mut max_t, mut log_t, mut kd, mut soft) = (0.0, 0.0, 0.0, 0.0);
    if let Some(t) = t {
        max_t = largest(t);
        log_t = softmax(t, max_t, inverse, weights);
        let (t, weights) = (&t[..s.len()], &weights[..s.len()]);
        let [gap, cross] = sums(s.len(), |at| {
            let a = (floored(t[at]) - max_t) * inverse;
            let b = (floored(s[at]) - max_s) * inverse;
            [weights[at] * (a - b), weights[at] * b]
        });
        let sum = log_t.exp();
        kd = gap / sum + log_s - log_t;
        soft = log_s - cross / sum;
    }
    let mut terms = [0.0; 3];
    if (0..s.len() as i32).contains(&label) {
        terms = [kd, soft, log_1 - (floored(s[label as usize]) - max_s) as f64];
    } else if label != LEFT_OUT {
        log_1 = f64::NAN;
        terms = [f64::NAN; 3];
    }
    [terms[0], terms[1], terms[2], max_s as f64, log_s, log_1, max_t as f64, log_t]
}

impl LogitRowsOps for Flex {
    fn logit_rows(
        student: FloatTensor<Self>,
        teacher: FloatTensor<Self>,
        labels: IntTensor<Self>,
        teaches: bool,
        temperature: f64,
    ) -> FloatTensor<Self> {
        let [rows, classes] = student.layout().shape().dims();
        let (student, teacher, labels) = (student.to_contiguous(), teacher.to_contiguous(), labels.to_contiguous());
        let (student, teacher) = (whole(&student), whole(&teacher));
        let labels = labels.as_slice::<i32>().expect("contiguous i32 labels");
        let (mut stats, mut weights) = (vec![0.0; STATS * rows], vec![0.0; classes]);
        for (row, &label) in labels.iter().enumerate() {
            let at = row * classes..(row + 1) * classes;
            let t = teaches.then(|| &teacher[at.clone()]);
            let numbers = row_stats(&student[at], t, label, (1.0 / temperature) as f32, &mut weights);
            for (column, number) in numbers.into_iter().enumerate() {
                stats[column * rows + row] = number as f32;
            }
        }
        FlexTensor::from_data(TensorData::new(stats, [STATS, rows]))
    }

    fn logit_rows_grad(
        student: FloatTensor<Self>,
        teacher: FloatTensor<Self>,
        labels: IntTensor<Self>,
        stats: FloatTensor<Self>,
        upstream: FloatTensor<Self>,
        teaches: bool,
        temperature: f64,
    ) -> FloatTensor<Self> {
        let [rows, classes] = student.layout().shape().dims();
        let [student, teacher, stats, upstream] = [student, teacher, stats, upstream].map(|x| x.to_contiguous());
        let [student, teacher, stats, upstream] = [&student, &teacher, &stats, &upstream].map(whole);
        let labels = labels.to_contiguous();
        let labels = labels.as_slice::<i32>().expect("contiguous i32 labels");
        let inverse = (1.0 / temperature) as f32;
        let mut output = vec![0.0; rows * classes];
        for (row, &label) in labels.iter().enumerate().filter(|(_, label)| **label != LEFT_OUT) {
            let [max_s, log_s, log_1, max_t, log_t] = [3, 4, 5, 6, 7].map(|column| stats[column * rows + row]);
            let [kd, soft, hard] = [0, 1, 2].map(|term| upstream[term * rows + row]);
            let soft = (kd + soft) * inverse;
            let at = row * classes..(row + 1) * classes;
            let (s, output) = (&student[at.clone()], &mut output[at.clone()]);
            for (output, &s) in output.iter_mut().zip(s) {
                *output = hard * exp(floored(s) - max_s - log_1);
            }
            if let Some(output) = usize::try_from(label).ok().and_then(|label| output.get_mut(label)) {
                *output -= hard;
            }
            if teaches {
                for ((output, &s), &t) in output.iter_mut().zip(s).zip(&teacher[at]) {
                    let q = exp((floored(s) - max_s) * inverse - log_s);
                    let p = exp((floored(t) - max_t) * inverse - log_t);
                    *output += soft * (q - p);
                }
            }
        }
        FlexTensor::from_data(TensorData::new(output, [rows, classes]))
    }
}

#[cfg(test)]
mod tests {
    use super::exp;

    #[test]
    fn powers_of_e() {
        for x in (-8_699..8_800).map(|x| x as f32 / 100.0) {
            let wanted = (x as f64).exp();
            assert!((exp(x) as f64 / wanted - 1.0).abs() < 2e-7, "{x}: {} {wanted}", exp(x));
        }
        assert_eq!([exp(0.0), exp(-88.0), exp(-1e30), exp(f32::NEG_INFINITY)], [1.0, 0.0, 0.0, 0.0]);
        assert!(exp(f32::NAN).is_nan());
    }
}
