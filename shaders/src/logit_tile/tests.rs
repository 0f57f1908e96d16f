use super::*;
use crate::{
    divergence::Divergence,
    logit_rows::{LEFT_OUT, cases::random},
};

/// Teacher (0, ln 2, ln 5), student (0, 0, ln 2), label 1, at temperature 1.
fn example(divergence: Divergence) -> Rows {
    let logits = |values: [f32; 3]| values.map(f32::ln).to_vec();
    Rows {
        student: logits([1.0, 1.0, 2.0]),
        teacher: Some(logits([1.0, 2.0, 5.0])),
        labels: vec![1],
        classes: 3,
        temperature: 1.0,
        divergence,
    }
}

#[track_caller]
fn close(got: &[f64], wanted: &[f64]) {
    assert_eq!(got.len(), wanted.len());
    for (got, wanted) in got.iter().zip(wanted) {
        assert!((got - wanted).abs() < 1e-6, "{got} is not {wanted}");
    }
}

#[test]
fn tiles_by_hand() {
    let rows = example(Divergence::Kl);
    // The first class alone: maxima 0, one exp 0 each.
    close(&state(&rows, 1, 0), &[0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    // With the label the sums stay and its logits 0 and ln 2 are there.
    let ln = f64::ln;
    close(&state(&rows, 2, 0)[..10], &[0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, ln(2.0)]);
    // Classes 0 and 2: b = (−ln 2, 0) and a = (−ln 5, 0), so Σ eᵃ(a − b) = 1/5 (ln 2 − ln 5),
    // Σ eᵃ b = −1/5 ln 2, Σ eᵇ(b − a) = 1/2 (ln 5 − ln 2).
    let wanted = [ln(2.0), 1.5, 1.5, ln(5.0), 1.2, 0.2 * ln(0.4), -0.2 * ln(2.0), 0.5 * ln(2.5), 0.0, ln(2.0)];
    close(&state(&rows, 3, 0)[..10], &wanted);
}

#[test]
fn terms_of_mixtures_by_hand() {
    // p = (1/8, 1/8, 6/8), q = (1/4, 1/4, 2/4); p̂ = (1/7, 6/7), q̂ = (1/3, 2/3).
    let rows = Rows { teacher: Some([1.0f32, 1.0, 6.0].map(f32::ln).to_vec()), ..example(Divergence::Tvd) };
    let terms = |mixed| state(&rows, 3, mixed)[10..].to_vec();
    // ½|p − q| and ½ q sign(q − p); the label's class is not among the others.
    close(&terms(1), &[1.0 / 16.0, 1.0 / 8.0, 2.0 / 21.0, 1.0 / 6.0]);
    close(&terms(2), &[1.0 / 8.0, 1.0 / 4.0, 2.0 / 21.0, 1.0 / 6.0]);
    close(&terms(3), &[1.0 / 4.0, 0.0, 4.0 / 21.0, -1.0 / 6.0]);
}

/// What KL among the others and the odds of the label are, from a state alone.
#[test]
fn a_state_knows_what_the_statistics_say() {
    let rows = random(20, 9, 1.5, 3.0);
    let (state, stats) = (state(&rows, 9, 0), rows.stats());
    for row in (0..20).filter(|&row| rows.labels[row] != LEFT_OUT) {
        let [max_s, sum_s, _, max_t, sum_t, gap, _, _, s, t] =
            [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(|n| state[n * 20 + row]);
        let rest = gap / sum_t + sum_s.ln() - sum_t.ln();
        assert!((rest - stats[2 * 20 + row]).abs() < 1e-12, "{rest}");
        // log (1 − p_g)/p_g = log Σ_others exp(t/T) − t_g/T
        let doubt = sum_t.ln() + (max_t - t) / 1.5;
        assert!((doubt - stats[4 * 20 + row]).abs() < 1e-12, "{doubt}");
        let others = sum_s.ln() + (max_s - s) / 1.5;
        // −log(1 − q_g) from the same odds of the student
        let log_others = -(1.0 + (-others).exp()).ln();
        let wanted = stats[10 * 20 + row] - stats[6 * 20 + row];
        assert!((log_others - wanted).abs() < 1e-12, "{log_others} {wanted}");
    }
}
