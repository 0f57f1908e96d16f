//! Sums of functions of logits, in loops that become vector instructions; sums in f64.

use retort_shaders::{
    divergence::Divergence,
    logit_rows::{FLOOR, floored},
};

use crate::kernel::host::exp;

/// Numbers that a vector loop takes at once.
const LANES: usize = 8;

/// The largest logit that is a number.
#[inline(always)]
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

/// Sums over some of a row's classes, as `Part` in `shared/parts.wgsl`.
#[derive(Debug, Clone, Copy)]
pub struct Sums {
    pub max_s: f64,
    pub sum_s: f64,
    pub sum_1: f64,
    pub max_t: f64,
    pub sum_t: f64,
    pub gap: f64,
    pub cross: f64,
    pub back: f64,
}

/// Room for a row.
#[derive(Default)]
pub struct Room {
    /// The student's logits that were taken.
    pub s: Vec<f32>,
    /// The teacher's.
    pub t: Vec<f32>,
    weights_s: Vec<f32>,
    weights_t: Vec<f32>,
}

impl Room {
    /// Takes a row's logits, save those of the class `but`.
    pub fn take(&mut self, s: &[f32], t: &[f32], but: Option<usize>) {
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
    #[inline(always)]
    pub fn sums(&mut self, inverse: f32) -> Sums {
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
#[inline(always)]
fn weigh(logits: &[f32], inverse: f32, weights: &mut Vec<f32>) -> (f32, f64) {
    let max = largest(logits);
    weights.resize(logits.len(), 0.0);
    for (weight, &x) in weights.iter_mut().zip(logits) {
        *weight = exp((x - max) * inverse);
    }
    let weights = &weights[..];
    let [sum] = sums(weights.len(), |at| [weights[at]]);
    (max, sum)
}

impl Sums {
    /// Of no class.
    pub const NOTHING: Self = Self {
        max_s: FLOOR as f64,
        sum_s: 0.0,
        sum_1: 0.0,
        max_t: FLOOR as f64,
        sum_t: 0.0,
        gap: 0.0,
        cross: 0.0,
        back: 0.0,
    };

    /// Of one class, from its logits.
    pub fn one(s: f32, t: f32) -> Self {
        Self { max_s: s as f64, sum_s: 1.0, sum_1: 1.0, max_t: t as f64, sum_t: 1.0, ..Self::NOTHING }
    }

    /// Of these classes and those of `more`.
    pub fn and(self, more: Self, inverse: f64) -> Self {
        let (max_s, max_t) = (self.max_s.max(more.max_s), self.max_t.max(more.max_t));
        let [x, y] = [self, more].map(|sums| sums.rebased(max_s, max_t, inverse));
        Self {
            max_s,
            sum_s: x.sum_s + y.sum_s,
            sum_1: x.sum_1 + y.sum_1,
            max_t,
            sum_t: x.sum_t + y.sum_t,
            gap: x.gap + y.gap,
            cross: x.cross + y.cross,
            back: x.back + y.back,
        }
    }

    /// The same relative to larger maxima.
    fn rebased(self, max_s: f64, max_t: f64, inverse: f64) -> Self {
        let (b, a) = ((self.max_s - max_s) * inverse, (self.max_t - max_t) * inverse);
        // Of two sets of classes one has the largest already, and rows of few classes are many.
        let power = |x: f64| if x == 0.0 { 1.0 } else { x.exp() };
        let (scale_s, scale_t) = (power(b), power(a));
        Self {
            max_s,
            sum_s: self.sum_s * scale_s,
            sum_1: self.sum_1 * power(self.max_s - max_s),
            max_t,
            sum_t: self.sum_t * scale_t,
            gap: scale_t * (self.gap + self.sum_t * (a - b)),
            cross: scale_t * (self.cross + self.sum_t * b),
            back: scale_s * (self.back + self.sum_s * (b - a)),
        }
    }

    /// D and Σ q ∂D/∂q, for divergences that sums suffice for.
    pub fn divergence(&self, divergence: Divergence) -> [f64; 2] {
        let (log_s, log_t) = (self.sum_s.ln(), self.sum_t.ln());
        match divergence {
            Divergence::SoftCrossEntropy => [log_s - self.cross / self.sum_t, -1.0],
            Divergence::ReverseKl => [self.back / self.sum_s + log_t - log_s; 2],
            _ => [self.gap / self.sum_t + log_s - log_t, -1.0],
        }
    }
}

/// As [`Divergence::term`], with this file's faster exponential.
#[inline(always)]
pub fn term(divergence: Divergence, lp: f32, lq: f32) -> [f32; 2] {
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
