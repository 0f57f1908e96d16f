//! The same on the CPU: loops over slices that the compiler turns into vector instructions, sums
//! in f64.

use burn::backend::{
    Flex,
    flex::FlexTensor,
    tensor::{FloatTensor, IntTensor},
};
use burn::tensor::TensorData;
use retort_shaders::{
    divergence::Divergence,
    logit_rows::{FLOOR, LEFT_OUT, STATS, TERMS, UNLABELLED, floored},
};

use super::{LogitRowsOps, Setting};

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

/// Sums over some of a row's classes, as `Part` in `logit_rows.wgsl`.
#[derive(Clone, Copy)]
struct Sums {
    max_s: f64,
    sum_s: f64,
    sum_1: f64,
    max_t: f64,
    sum_t: f64,
    gap: f64,
    cross: f64,
    back: f64,
}

/// Room for a row.
#[derive(Default)]
struct Room {
    s: Vec<f32>,
    t: Vec<f32>,
    weights_s: Vec<f32>,
    weights_t: Vec<f32>,
}

impl Room {
    /// Takes a row's logits, save those of the class `but`.
    fn take(&mut self, s: &[f32], t: &[f32], but: Option<usize>) {
        let keep = |room: &mut Vec<f32>, logits: &[f32]| {
            room.clear();
            let at = but.unwrap_or(logits.len());
            room.extend(logits.iter().take(at).map(|&x| floored(x)));
            room.extend(logits.iter().skip(at + 1).map(|&x| floored(x)));
        };
        keep(&mut self.s, s);
        keep(&mut self.t, t);
    }

    /// exp((x − max) / T) of all that was taken, and their sums.
    fn sums(&mut self, inverse: f32) -> Sums {
        let (max_s, sum_s) = weigh(&self.s, inverse, &mut self.weights_s);
        let sum_1 = if inverse == 1.0 { sum_s } else { weigh(&self.s, 1.0, &mut self.weights_t).1 };
        let (max_t, sum_t) = weigh(&self.t, inverse, &mut self.weights_t);
        let count = self.t.len();
        let (s, t) = (&self.s[..count.min(self.s.len())], &self.t[..]);
        let (weights_s, weights_t) = (&self.weights_s[..s.len()], &self.weights_t[..count]);
        let [gap, cross, back] = sums(count, |at| {
            let a = (t[at] - max_t) * inverse;
            let b = (s[at] - max_s) * inverse;
            [weights_t[at] * (a - b), weights_t[at] * b, weights_s[at] * (b - a)]
        });
        Sums { max_s: max_s as f64, sum_s, sum_1, max_t: max_t as f64, sum_t, gap, cross, back }
    }
}

/// exp((x − max) · `inverse`) of every logit into `weights`; the largest logit, and the sum.
fn weigh(logits: &[f32], inverse: f32, weights: &mut Vec<f32>) -> (f32, f64) {
    let max = largest(logits);
    weights.clear();
    weights.extend(logits.iter().map(|&x| exp((x - max) * inverse)));
    let weights = &weights[..];
    let [sum] = sums(weights.len(), |at| [weights[at]]);
    (max, sum)
}

impl Sums {
    /// With the logits of one more class.
    fn and(self, s: f32, t: f32, inverse: f64) -> Self {
        let (s, t) = (s as f64, t as f64);
        let (max_s, max_t) = (self.max_s.max(s), self.max_t.max(t));
        let (move_s, move_t) = ((self.max_s - max_s) * inverse, (self.max_t - max_t) * inverse);
        let (scale_s, scale_t) = (move_s.exp(), move_t.exp());
        let (b, a) = ((s - max_s) * inverse, (t - max_t) * inverse);
        Self {
            max_s,
            sum_s: self.sum_s * scale_s + b.exp(),
            sum_1: self.sum_1 * (self.max_s - max_s).exp() + (s - max_s).exp(),
            max_t,
            sum_t: self.sum_t * scale_t + a.exp(),
            gap: scale_t * (self.gap + self.sum_t * (move_t - move_s)) + a.exp() * (a - b),
            cross: scale_t * (self.cross + self.sum_t * move_s) + a.exp() * b,
            back: scale_s * (self.back + self.sum_s * (move_s - move_t)) + b.exp() * (b - a),
        }
    }

    /// D and Σ q ∂D/∂q, for divergences that sums suffice for.
    fn divergence(&self, divergence: Divergence) -> [f64; 2] {
        let (log_s, log_t) = (self.sum_s.ln(), self.sum_t.ln());
        match divergence {
            Divergence::SoftCrossEntropy => [log_s - self.cross / self.sum_t, -1.0],
            Divergence::ReverseKl => [self.back / self.sum_s + log_t - log_s; 2],
            _ => [self.gap / self.sum_t + log_s - log_t, -1.0],
        }
    }
}

/// What a row's losses are computed from, beside its logits.
#[derive(Clone, Copy)]
struct Job {
    teaches: bool,
    inverse: f64,
    divergence: Divergence,
}

impl Job {
    fn new(setting: Setting) -> Self {
        let Setting { teaches, temperature, divergence } = setting;
        Self { teaches, inverse: ((1.0 / temperature) as f32) as f64, divergence }
    }

    /// The statistics of one row, in the order of `stats`.
    fn stats(self, s: &[f32], t: &[f32], label: i32, room: &mut Room) -> [f64; STATS] {
        let (d, inverse) = (self.divergence, self.inverse);
        let class = usize::try_from(label).ok().filter(|&class| class < s.len());
        room.take(s, t, class);
        let rest = room.sums(inverse as f32);
        let mine = class.map(|class| (floored(s[class]), if self.teaches { floored(t[class]) } else { 0.0 }));
        let whole = mine.map_or(rest, |(s, t)| rest.and(s, t, inverse));
        let (log_s, log_t) = (whole.sum_s.ln(), whole.sum_t.ln());
        let rest_s = (rest.max_s - whole.max_s) * inverse + rest.sum_s.ln();
        let rest_t = (rest.max_t - whole.max_t) * inverse + rest.sum_t.ln();
        let mut log_1 = whole.sum_1.ln();

        let [mut value, mut mean, mut others, mut rest_mean] = [0.0; 4];
        if self.teaches && d.mixes() {
            let shift_s = [whole.max_s * inverse + log_s, whole.max_s * inverse + rest_s];
            let shift_t = [whole.max_t * inverse + log_t, whole.max_t * inverse + rest_t];
            for (&s, &t) in room.s.iter().zip(&room.t) {
                let (b, a) = (s as f64 * inverse, t as f64 * inverse);
                let [all, slope] = term(d, (a - shift_t[0]) as f32, (b - shift_s[0]) as f32);
                let [apart, apart_slope] = term(d, (a - shift_t[1]) as f32, (b - shift_s[1]) as f32);
                value += all as f64;
                mean += slope as f64;
                others += apart as f64;
                rest_mean += apart_slope as f64;
            }
        } else if self.teaches {
            [value, mean] = whole.divergence(d);
            [others, rest_mean] = rest.divergence(d);
        }
        let (mut terms, mut pair) = ([value, 0.0, 0.0, 0.0, 0.0], 0.0);
        if let Some((s, t)) = mine {
            let b = (s as f64 - whole.max_s) * inverse - log_s;
            terms[3] = log_1 - (s as f64 - whole.max_s);
            if self.teaches {
                let a = (t as f64 - whole.max_t) * inverse - log_t;
                let hit = d.term(a, b);
                let miss = d.term(rest_t - log_t, rest_s - log_s);
                if d.mixes() {
                    terms[0] += hit[0];
                    mean += hit[1];
                }
                terms[1] = hit[0] + miss[0];
                terms[2] = others;
                terms[4] = rest_t - log_t - a;
                pair = hit[1] - b.exp() * (hit[1] + miss[1]);
            }
        } else {
            rest_mean = 0.0;
        }
        match label {
            LEFT_OUT => terms = [0.0; 5],
            UNLABELLED => {}
            _ if class.is_none() => {
                log_1 = f64::NAN;
                terms = [f64::NAN; 5];
            }
            _ => {}
        }
        let [value, target, others, hard, doubt] = terms;
        [
            value,
            target,
            others,
            hard,
            doubt,
            whole.max_s,
            log_s,
            log_1,
            whole.max_t,
            log_t,
            rest_s,
            rest_t,
            mean,
            pair,
            rest_mean,
        ]
    }

    /// The gradient of one row into `output`. `stats` and `upstream` are the row's.
    fn gradient(
        self,
        s: &[f32],
        t: &[f32],
        label: i32,
        stats: [f32; STATS],
        upstream: [f32; TERMS],
        output: &mut [f32],
    ) {
        let [_, _, _, _, _, max_s, log_s, log_1, max_t, log_t, rest_s, rest_t, mean, pair, rest_mean] = stats;
        let [all, target, rest, hard] = match label {
            UNLABELLED => [upstream[0], 0.0, 0.0, 0.0],
            _ => upstream,
        };
        let class = usize::try_from(label).ok().filter(|&class| class < s.len());
        for (output, &s) in output.iter_mut().zip(s) {
            *output = hard * exp(floored(s) - max_s - log_1);
        }
        if let Some(class) = class {
            output[class] -= hard;
        }
        if !self.teaches {
            return;
        }
        let (d, inverse) = (self.divergence, self.inverse as f32);
        let logits = |s: f32, t: f32| ((floored(s) - max_s) * inverse, (floored(t) - max_t) * inverse);
        let all = all * inverse;
        if all != 0.0 {
            for ((output, &s), &t) in output.iter_mut().zip(s).zip(t) {
                let (b, a) = logits(s, t);
                *output += all
                    * match d {
                        Divergence::Kl | Divergence::SoftCrossEntropy => exp(b - log_s) - exp(a - log_t),
                        _ => term(d, a - log_t, b - log_s)[1] - exp(b - log_s) * mean,
                    };
            }
        }
        let Some(class) = class.filter(|_| target != 0.0 || rest != 0.0) else { return };
        let (target, rest) = (target * inverse * pair, rest * inverse);
        for (at, ((output, &s), &t)) in output.iter_mut().zip(s).zip(t).enumerate() {
            let (b, a) = logits(s, t);
            let q = exp(b - rest_s);
            *output += match at == class {
                true => target,
                false => rest * (term(d, a - rest_t, b - rest_s)[1] - q * rest_mean) - target * q,
            };
        }
    }
}

/// As [`Divergence::term`], with this file's faster exponential.
#[inline(always)]
fn term(divergence: Divergence, lp: f32, lq: f32) -> [f32; 2] {
    let (p, q) = (exp(lp), exp(lq));
    let share = divergence.share() as f32;
    let log_mixed = |p_share: f32| {
        let (a, b) = (lp + p_share.ln(), lq + (1.0 - p_share).ln());
        let (small, large) = if a < b { (a, b) } else { (b, a) };
        large + (1.0 + exp(small - large)).ln()
    };
    match divergence {
        Divergence::Kl => [p * (lp - lq), -p],
        Divergence::SoftCrossEntropy => [-p * lq, -p],
        Divergence::ReverseKl => [q * (lq - lp); 2],
        Divergence::Js(_) => {
            let m = log_mixed(share);
            let back = (1.0 - share) * q * (lq - m);
            [share * p * (lp - m) + back, back]
        }
        Divergence::SkewKl(_) => {
            let m = log_mixed(share);
            [p * (lp - m), -(1.0 - share) * exp(lp + lq - m)]
        }
        Divergence::SkewReverseKl(_) => {
            let m = log_mixed(1.0 - share);
            let value = q * (lq - m);
            [value, value - share * exp(2.0 * lq - m)]
        }
        Divergence::Tvd if p == q => [0.0; 2],
        Divergence::Tvd => [0.5 * (p - q).abs(), 0.5 * q * (q - p).signum()],
    }
}

impl LogitRowsOps for Flex {
    fn logit_rows(
        student: FloatTensor<Self>,
        teacher: FloatTensor<Self>,
        labels: IntTensor<Self>,
        setting: Setting,
    ) -> FloatTensor<Self> {
        let [rows, classes] = student.layout().shape().dims();
        let (student, teacher, labels) = (student.to_contiguous(), teacher.to_contiguous(), labels.to_contiguous());
        let (student, teacher) = (whole(&student), whole(&teacher));
        let labels = labels.as_slice::<i32>().expect("contiguous i32 labels");
        let (job, mut room) = (Job::new(setting), Room::default());
        let mut stats = vec![0.0; STATS * rows];
        for (row, &label) in labels.iter().enumerate() {
            let at = row * classes..(row + 1) * classes;
            let t = if job.teaches { &teacher[at.clone()] } else { &[] };
            let numbers = job.stats(&student[at], t, label, &mut room);
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
        setting: Setting,
    ) -> FloatTensor<Self> {
        let [rows, classes] = student.layout().shape().dims();
        let [student, teacher, stats, upstream] = [student, teacher, stats, upstream].map(|x| x.to_contiguous());
        let [student, teacher, stats, upstream] = [&student, &teacher, &stats, &upstream].map(whole);
        let labels = labels.to_contiguous();
        let labels = labels.as_slice::<i32>().expect("contiguous i32 labels");
        let job = Job::new(setting);
        let mut output = vec![0.0; rows * classes];
        for (row, &label) in labels.iter().enumerate().filter(|(_, label)| **label != LEFT_OUT) {
            let at = row * classes..(row + 1) * classes;
            let t = if job.teaches { &teacher[at.clone()] } else { &[] };
            let stats = std::array::from_fn(|column| stats[column * rows + row]);
            let upstream = std::array::from_fn(|term| upstream[term * rows + row]);
            job.gradient(&student[at.clone()], t, label, stats, upstream, &mut output[at]);
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
