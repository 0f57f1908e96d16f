//! Arithmetic of answers, in nats.

/// Logarithms of the probabilities at temperature `t`, from logits up to a constant.
pub fn log_softmax(logits: &[f64], t: f64) -> Vec<f64> {
    let most = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = logits.iter().map(|logit| ((logit - most) / t).exp()).sum();
    logits.iter().map(|logit| (logit - most) / t - sum.ln()).collect()
}

/// Probabilities at temperature `t`, from logits up to a constant.
pub fn softmax(logits: &[f64], t: f64) -> Vec<f64> {
    log_softmax(logits, t).into_iter().map(f64::exp).collect()
}

/// KL(p ‖ q); what p never says does not count.
pub fn kl(p: &[f64], q: &[f64]) -> f64 {
    p.iter().zip(q).filter(|(p, _)| **p > 0.0).map(|(p, q)| p * (p / q).ln()).sum()
}

/// The variance of probabilities, 1/C Σ (p − 1/C)².
pub fn variance(p: &[f64]) -> f64 {
    let even = 1.0 / p.len().max(1) as f64;
    p.iter().map(|p| (p - even).powi(2)).sum::<f64>() * even
}

/// With a sign: `+0.12`, `−0.12`.
pub fn signed(value: f64, digits: usize) -> String {
    let text = format!("{:.digits$}", value.abs());
    format!("{}{text}", if value < 0.0 { '−' } else { '+' })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_article_s_logits() {
        let at = |t| softmax(&[4.0, 2.0, 0.0], t).iter().map(|p| format!("{p:.3}")).collect::<Vec<_>>();
        assert_eq!(at(1.0), ["0.867", "0.117", "0.016"]);
        assert_eq!(at(2.0), ["0.665", "0.245", "0.090"]);
        assert_eq!(at(4.0), ["0.506", "0.307", "0.186"]);
        // A constant changes nothing, nor does a large one.
        assert_eq!(softmax(&[1004.0, 1002.0, 1000.0], 1.0), softmax(&[4.0, 2.0, 0.0], 1.0));
    }

    #[test]
    fn the_articles_distances() {
        // 0.9 ln 1.8 + 0.1 ln 0.2.
        assert!((kl(&[0.9, 0.1], &[0.5, 0.5]) - (0.9 * 1.8_f64.ln() + 0.1 * 0.2_f64.ln())).abs() < 1e-12);
        assert!((variance(&[0.9, 0.1]) - 0.16).abs() < 1e-12 && (variance(&[0.75, 0.25]) - 0.0625).abs() < 1e-12);
        assert_eq!([signed(0.125, 2), signed(-0.5, 1)], ["+0.12", "−0.5"]);
    }
}
