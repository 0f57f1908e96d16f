//! The divergences of two distributions, as `shared/divergence.wgsl` knows them, in `f64`.
//!
//! p is the teacher, q the student. Each is a sum over classes of a function of p and q, so it
//! applies to all classes, to the pair (label, all others), and to the others among themselves.

/// How far a student's distribution q is from its teacher's p.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Divergence {
    /// KL(p ‖ q).
    Kl,
    /// −Σ p log q.
    SoftCrossEntropy,
    /// KL(q ‖ p).
    ReverseKl,
    /// β KL(p ‖ m) + (1 − β) KL(q ‖ m) with m = βp + (1 − β)q, 0 < β < 1.
    Js(f64),
    /// KL(p ‖ αp + (1 − α)q), 0 < α < 1.
    SkewKl(f64),
    /// KL(q ‖ αq + (1 − α)p), 0 < α < 1.
    SkewReverseKl(f64),
    /// ½ Σ |p − q|.
    Tvd,
}

impl Divergence {
    /// One of each, for tests.
    pub const ALL: [Self; 7] = [
        Self::Kl,
        Self::SoftCrossEntropy,
        Self::ReverseKl,
        Self::Js(0.3),
        Self::SkewKl(0.1),
        Self::SkewReverseKl(0.2),
        Self::Tvd,
    ];

    /// The number the kernels know it by.
    pub fn kind(self) -> u32 {
        match self {
            Self::Kl => 0,
            Self::SoftCrossEntropy => 1,
            Self::ReverseKl => 2,
            Self::Js(_) => 3,
            Self::SkewKl(_) => 4,
            Self::SkewReverseKl(_) => 5,
            Self::Tvd => 6,
        }
    }

    /// β or α; 0 where there is none.
    pub fn share(self) -> f64 {
        match self {
            Self::Js(share) | Self::SkewKl(share) | Self::SkewReverseKl(share) => share,
            Self::Kl | Self::SoftCrossEntropy | Self::ReverseKl | Self::Tvd => 0.0,
        }
    }

    /// Whether it compares with a mixture or a difference of p and q, which must both be
    /// normalised before.
    pub fn mixes(self) -> bool {
        self.kind() >= 3
    }

    /// One class's part of the sum, and its q · ∂D/∂q (up to a multiple of q), from log p and
    /// log q.
    pub fn term(self, lp: f64, lq: f64) -> [f64; 2] {
        let (p, q) = (lp.exp(), lq.exp());
        let log_mixed = |share: f64| {
            let (a, b) = (lp + share.ln(), lq + (1.0 - share).ln());
            let largest = a.max(b);
            largest + ((a - largest).exp() + (b - largest).exp()).ln()
        };
        match self {
            Self::Kl => [p * (lp - lq), -p],
            Self::SoftCrossEntropy => [-p * lq, -p],
            Self::ReverseKl => [q * (lq - lp); 2],
            Self::Js(beta) => {
                let m = log_mixed(beta);
                let back = (1.0 - beta) * q * (lq - m);
                [beta * p * (lp - m) + back, back]
            }
            Self::SkewKl(alpha) => {
                let m = log_mixed(alpha);
                [p * (lp - m), -(1.0 - alpha) * (lp + lq - m).exp()]
            }
            Self::SkewReverseKl(alpha) => {
                let m = log_mixed(1.0 - alpha);
                let value = q * (lq - m);
                [value, value - alpha * (2.0 * lq - m).exp()]
            }
            Self::Tvd if p == q => [0.0; 2],
            Self::Tvd => [0.5 * (p - q).abs(), 0.5 * q * (q - p).signum()],
        }
    }

    /// The divergence of two distributions given by their logarithms, and Σ q ∂D/∂q.
    pub fn of(self, log_p: &[f64], log_q: &[f64]) -> [f64; 2] {
        log_p.iter().zip(log_q).map(|(&lp, &lq)| self.term(lp, lq)).fold([0.0; 2], |[x, y], [a, b]| [x + a, y + b])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// p = (1/4, 3/4), q = (1/2, 1/2).
    fn example(divergence: Divergence) -> f64 {
        let [log_p, log_q] = [[0.25f64, 0.75], [0.5, 0.5]].map(|values| values.map(f64::ln));
        divergence.of(&log_p, &log_q)[0]
    }

    #[test]
    fn two_classes_by_hand() {
        let ln = f64::ln;
        let close = |divergence, wanted: f64| {
            let got = example(divergence);
            assert!((got - wanted).abs() < 1e-12, "{divergence:?}: {got} {wanted}");
        };
        close(Divergence::Kl, 0.25 * ln(0.5) + 0.75 * ln(1.5));
        close(Divergence::SoftCrossEntropy, ln(2.0));
        close(Divergence::ReverseKl, 0.5 * ln(2.0) + 0.5 * ln(2.0 / 3.0));
        // m = (3/8, 5/8)
        let to_m = 0.25 * ln(2.0 / 3.0) + 0.75 * ln(1.2);
        close(Divergence::Js(0.5), 0.5 * to_m + 0.5 * (0.5 * ln(4.0 / 3.0) + 0.5 * ln(0.8)));
        close(Divergence::SkewKl(0.5), to_m);
        close(Divergence::SkewReverseKl(0.5), 0.5 * ln(4.0 / 3.0) + 0.5 * ln(0.8));
        close(Divergence::Tvd, 0.25);
    }

    /// Pairs of distributions, log p and log q, over 2 to 41 classes, from nearly uniform to nearly sure.
    fn pairs() -> impl Iterator<Item = [Vec<f64>; 2]> {
        (0..300).map(|seed| {
            let (classes, spread) = (2 + seed as usize % 40, 0.1 * 1.025f64.powi(seed));
            [seed, seed + 1_000].map(|seed| {
                let logits: Vec<f64> = crate::noise(seed as u64, classes).iter().map(|&x| x as f64 * spread).collect();
                let sum = logits.iter().map(|x| x.exp()).sum::<f64>().ln();
                logits.iter().map(|x| x - sum).collect()
            })
        })
    }

    fn value(divergence: Divergence, log_p: &[f64], log_q: &[f64]) -> f64 {
        divergence.of(log_p, log_q)[0]
    }

    /// KL(p ‖ αp + (1 − α)q) = KL(p ‖ q) − Σ p log(1 + α(p/q − 1)), and log(1 + x) ≤ x, so it falls
    /// short of KL by at most α Σ p (p/q − 1); by convexity it is never above (1 − α)·KL.
    #[test]
    fn skewed_divergences_tend_to_the_plain_ones() {
        for [log_p, log_q] in pairs() {
            type Skewed = fn(f64) -> Divergence;
            let skewed: [(_, Skewed, _, _); 2] = [
                (Divergence::Kl, Divergence::SkewKl, &log_p, &log_q),
                (Divergence::ReverseKl, Divergence::SkewReverseKl, &log_q, &log_p),
            ];
            for (plain, skew, first, second) in skewed {
                let plain = value(plain, &log_p, &log_q);
                let most: f64 = first.iter().zip(second).map(|(x, y)| x.exp() * ((x - y).exp() - 1.0)).sum();
                for alpha in [0.5, 1e-2, 1e-4, 1e-8] {
                    let skewed = value(skew(alpha), &log_p, &log_q);
                    let room = 1e-12 * (1.0 + plain);
                    assert!(skewed <= (1.0 - alpha) * plain + room, "{skewed} at {alpha}, {plain}");
                    assert!(plain - skewed <= alpha * most + room, "{skewed} at {alpha}, {plain}, {most}");
                }
            }
        }
    }

    #[test]
    fn equal_distributions_are_no_distance_apart() {
        let log_p = [0.2f64, 0.3, 0.5].map(f64::ln);
        for divergence in Divergence::ALL {
            let [value, _] = divergence.of(&log_p, &log_p);
            let entropy: f64 = log_p.iter().map(|x| -x.exp() * x).sum();
            let wanted = if divergence == Divergence::SoftCrossEntropy { entropy } else { 0.0 };
            assert!((value - wanted).abs() < 1e-12, "{divergence:?}: {value}");
        }
    }

    #[test]
    fn half_and_half_is_symmetric_and_variation_stays_below_one() {
        let mut largest: f64 = 0.0;
        for [log_p, log_q] in pairs() {
            let js = |x: &[f64], y: &[f64]| value(Divergence::Js(0.5), x, y);
            assert!((js(&log_p, &log_q) - js(&log_q, &log_p)).abs() < 1e-12);
            assert!((-1e-12..=2f64.ln() + 1e-12).contains(&js(&log_p, &log_q)));
            let variation = value(Divergence::Tvd, &log_p, &log_q);
            assert!((variation - value(Divergence::Tvd, &log_q, &log_p)).abs() < 1e-12);
            assert!((0.0..=1.0 + 1e-12).contains(&variation), "{variation}");
            // Pinsker: TVD² ≤ KL/2.
            assert!(variation * variation <= value(Divergence::Kl, &log_p, &log_q) / 2.0 + 1e-12);
            largest = largest.max(variation);
        }
        assert!(largest > 0.99, "{largest}: some are nearly apart");
    }
}
