use super::{cases::random, *};
use crate::noise;

/// Teacher (0, ln 2, ln 5) has p = (1/8, 2/8, 5/8); student (0, 0, ln 2) has q = (1/4, 1/4, 2/4).
/// With the label 2: p_b = (5/8, 3/8), q_b = (1/2, 1/2), p̂ = (1/3, 2/3), q̂ = (1/2, 1/2).
fn example(divergence: Divergence, temperature: f64) -> Rows {
    let logits = |values: [f64; 3]| values.map(|x| (x.ln() * temperature) as f32).to_vec();
    Rows {
        student: logits([1.0, 1.0, 2.0]),
        teacher: Some(logits([1.0, 2.0, 5.0])),
        labels: vec![2],
        classes: 3,
        temperature,
        divergence,
    }
}

/// KL of two lists of probabilities.
fn kl<const N: usize>(p: [f64; N], q: [f64; N]) -> f64 {
    p.iter().zip(q).map(|(p, q)| p * (p / q).ln()).sum()
}

fn close(got: &[f64], wanted: &[f64], allowance: f64) {
    assert_eq!(got.len(), wanted.len());
    for (got, wanted) in got.iter().zip(wanted) {
        assert!((got - wanted).abs() < allowance, "{got} is not {wanted}");
    }
}

#[test]
fn three_classes_by_hand() {
    let whole = kl([0.125, 0.25, 0.625], [0.25, 0.25, 0.5]);
    let target = kl([0.625, 0.375], [0.5, 0.5]);
    let rest = kl([1.0 / 3.0, 2.0 / 3.0], [0.5, 0.5]);
    let doubt = (0.375f64 / 0.625).ln();
    let wanted = [whole, target, rest, 2f64.ln(), doubt];
    close(&example(Divergence::Kl, 1.0).stats()[..5], &wanted, 1e-7);
    // Twice the temperature on twice the logits: the same p and q; the cross-entropy is at T = 1.
    let warm = example(Divergence::Kl, 2.0).stats();
    close(&[&warm[..3], &warm[4..5]].concat(), &[whole, target, rest, doubt], 1e-7);
    // Logits relative to ln 2 and ln 5, then their sums: 1/2 + 1/2 + 1 and 1/5 + 2/5 + 1.
    let stats = example(Divergence::Kl, 1.0).stats();
    let ln = f64::ln;
    close(&stats[5..12], &[ln(2.0), ln(2.0), ln(2.0), ln(5.0), ln(1.6), 0.0, ln(0.6)], 1e-7);
}

#[test]
fn gradients_by_hand() {
    let rows = example(Divergence::Kl, 1.0);
    // q − p
    close(&rows.gradient(&[1.0, 0.0, 0.0, 0.0]), &[0.125, 0.0, -0.125], 1e-7);
    // q_g − p_g at the label, (q_n − p_n) q̂ elsewhere
    close(&rows.gradient(&[0.0, 1.0, 0.0, 0.0]), &[0.0625, 0.0625, -0.125], 1e-7);
    // 0 at the label, q̂ − p̂ elsewhere
    close(&rows.gradient(&[0.0, 0.0, 1.0, 0.0]), &[0.5 - 1.0 / 3.0, 0.5 - 2.0 / 3.0, 0.0], 1e-7);
    close(&rows.gradient(&[0.0, 0.0, 0.0, 1.0]), &[0.25, 0.25, -0.5], 1e-7);
    // At T = 2 the soft gradient is halved.
    close(&example(Divergence::Kl, 2.0).gradient(&[1.0, 0.0, 0.0, 0.0]), &[0.0625, 0.0, -0.0625], 1e-7);
}

#[test]
fn kl_is_the_pairs_and_the_others_weighed_by_the_uncertainty() {
    for (classes, temperature, spread) in [(2, 1.0, 1.0), (9, 1.5, 3.0), (300, 4.0, 20.0), (31, 0.5, 5.0)] {
        let rows = random(20, classes, temperature, spread);
        let stats = rows.stats();
        let term = |column: usize, row: usize| stats[column * 20 + row];
        for row in (0..20).filter(|row| rows.labels[*row] != LEFT_OUT) {
            let uncertainty = 1.0 / (1.0 + (-term(4, row)).exp());
            let sum = term(1, row) + uncertainty * term(2, row);
            let room = 1e-12 * (1.0 + sum);
            assert!((term(0, row) - sum).abs() < room, "{classes} classes, {row}: {} {sum}", term(0, row));
        }
        // Reverse KL is KL with the roles exchanged, and so are its parts.
        let back = Rows {
            student: rows.teacher.clone().expect("random rows have a teacher"),
            teacher: Some(rows.student.clone()),
            divergence: Divergence::ReverseKl,
            ..rows.clone()
        };
        close(&back.stats()[..60], &stats[..60], 1e-11 * (1.0 + spread as f64));
    }
}

#[test]
fn the_others_have_no_gradient_at_the_label() {
    for divergence in Divergence::ALL {
        let rows = Rows { divergence, ..random(20, 9, 1.5, 3.0) };
        let mut upstream = vec![0.0; 4 * 20];
        upstream[2 * 20..3 * 20].fill(1.0);
        let gradient = rows.gradient(&upstream);
        for (row, &label) in rows.labels.iter().enumerate().filter(|(_, label)| **label != LEFT_OUT) {
            assert_eq!(gradient[row * 9 + label as usize], 0.0, "{divergence:?}");
        }
    }
}

#[test]
fn a_row_left_out_counts_nowhere_and_one_without_label_where_it_can() {
    let rows = Rows { labels: vec![LEFT_OUT], ..example(Divergence::Kl, 1.0) };
    assert_eq!(rows.stats()[..5], [0.0; 5]);
    assert_eq!(rows.gradient(&[1.0; 4]), [0.0; 3]);
    let rows = Rows { labels: vec![UNLABELLED], ..example(Divergence::Kl, 1.0) };
    let whole = example(Divergence::Kl, 1.0).stats()[0];
    assert_eq!(rows.stats()[..5], [whole, 0.0, 0.0, 0.0, 0.0]);
    close(&rows.gradient(&[1.0; 4]), &[0.125, 0.0, -0.125], 1e-7);
}

#[test]
fn a_label_that_is_no_class_shows() {
    for label in [3, -2] {
        let rows = Rows { labels: vec![label], ..example(Divergence::Kl, 1.0) };
        assert!(rows.stats()[..5].iter().all(|x| x.is_nan()));
        assert!(rows.gradient(&[0.0; 4]).iter().all(|x| x.is_nan()));
    }
}

#[test]
fn slopes_agree_with_the_gradient() {
    for divergence in Divergence::ALL {
        let mut rows = Rows { divergence, ..random(4, 5, 2.0, 2.0) };
        rows.labels[3] = UNLABELLED;
        let upstream = noise(8, 16);
        let value = |rows: &Rows| -> f64 { rows.stats()[..16].iter().zip(&upstream).map(|(x, &u)| x * u as f64).sum() };
        let gradient = rows.gradient(&upstream);
        let step = 1.0 / 256.0;
        for (at, wanted) in gradient.into_iter().enumerate() {
            let moved = |by: f32| {
                let mut moved = rows.clone();
                moved.student[at] += by;
                (value(&moved), moved.student[at] as f64)
            };
            let ((above, x_above), (below, x_below)) = (moved(step), moved(-step));
            let slope = (above - below) / (x_above - x_below);
            // The third derivative times step²/6 is below 3e-6 here.
            assert!((slope - wanted).abs() < 1e-5, "{divergence:?}, {at}: {slope} {wanted}");
        }
    }
}

#[test]
fn invocations_per_row() {
    assert_eq!([2, 4, 9, 64, 1_023, 1_024, 262_144].map(lanes), [1, 1, 1, 8, 128, 128, 256]);
}
