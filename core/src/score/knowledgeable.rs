//! What a unit is worth to the task and to the student at once, and which units are kept by it.
//!
//! Yang, Zhang, Song 2022, "Sparse Teachers Can Be Dense with Knowledge" (STARK), section 3; small
//! constants from its code.
//!
//! ```text
//! S = λ · P / (‖P‖₂ + 1e-7) + (1 − λ) · Q / (‖Q‖₂ + 1e-7)         norms per layer, heads and neurons apart
//! ```
//!
//! P is expressiveness, the sensitivity of the teacher's own loss; Q is friendliness, that of its
//! divergence from a trained student.

/// Keeps a layer without any score from being divided by 0.
const LEAST: f64 = 1e-7;

/// S of `[layers][units]`.
pub fn blend(expressive: &[Vec<f64>], friendly: &[Vec<f64>], lambda: f64) -> Vec<Vec<f64>> {
    let layers = normalised(expressive).into_iter().zip(normalised(friendly));
    let mixed = |(p, q): (f64, f64)| lambda * p + (1.0 - lambda) * q;
    layers.map(|(p, q)| p.into_iter().zip(q).map(mixed).collect()).collect()
}

/// Every layer by its ℓ2 norm.
pub fn normalised(scores: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let one = |layer: &Vec<f64>| {
        let norm = layer.iter().map(|score| score * score).sum::<f64>().sqrt() + LEAST;
        layer.iter().map(|score| score / norm).collect()
    };
    scores.iter().map(one).collect()
}

/// Which units stay when some per cent are removed, the lowest scores of all layers together: round(per cent ·
/// units / 100) of them, half to even; of equal ones the first.
pub fn keep(scores: &[Vec<f64>], percent: f64) -> Vec<Vec<bool>> {
    let mut order: Vec<(usize, usize)> =
        scores.iter().enumerate().flat_map(|(layer, units)| (0..units.len()).map(move |unit| (layer, unit))).collect();
    let removed = (percent * order.len() as f64 / 100.0).round_ties_even() as usize;
    order.sort_by(|a, b| scores[a.0][a.1].total_cmp(&scores[b.0][b.1]));
    let mut kept: Vec<Vec<bool>> = scores.iter().map(|units| vec![true; units.len()]).collect();
    for &(layer, unit) in order.iter().take(removed) {
        kept[layer][unit] = false;
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        // ‖(3, 4)‖ = 5 and ‖(0, 0)‖ = 0; ‖(5, 12)‖ = 13 and ‖(8, 6)‖ = 10.
        let found = blend(&[vec![3.0, 4.0], vec![0.0, 0.0]], &[vec![5.0, 12.0], vec![8.0, 6.0]], 0.25);
        let wanted = [[0.25 * 0.6 + 0.75 * 5.0 / 13.0, 0.25 * 0.8 + 0.75 * 12.0 / 13.0], [0.75 * 0.8, 0.75 * 0.6]];
        for (found, wanted) in found.concat().into_iter().zip(wanted.concat()) {
            assert!((found - wanted).abs() < 1e-7, "{found} {wanted}");
        }
    }

    #[test]
    fn the_lowest_of_all_layers_go() {
        let scores = [vec![0.5, 0.1], vec![0.1, 0.9], vec![0.3]];
        assert_eq!(keep(&scores, 0.0).concat(), [true; 5]);
        assert_eq!(keep(&scores, 20.0), [vec![true, false], vec![true, true], vec![true]]);
        assert_eq!(keep(&scores, 60.0), [vec![true, false], vec![false, true], vec![false]]);
        assert_eq!(keep(&scores, 100.0).concat(), [false; 5]);
        // 2.5 of 5 is 2, the even one.
        assert_eq!(keep(&scores, 50.0).concat().iter().filter(|kept| !**kept).count(), 2);
        // 31.5 of 70 is 32, though 0.45 · 70 is less than 31.5 in binary.
        assert_eq!(keep(&[vec![0.0; 70]], 45.0).concat().iter().filter(|kept| !**kept).count(), 32);
    }
}
