//! Scores of units as maps and as a plane with a line.

/// How strongly a score is coloured, in per cent of the largest.
pub fn shade(score: f64, rows: &[Vec<f64>]) -> f64 {
    let most = rows.iter().flatten().fold(f64::MIN_POSITIVE, |most, score| score.max(most));
    (100.0 * score / most).clamp(0.0, 100.0)
}

/// Between the highest score that goes and the lowest that stays.
pub fn cut(scores: &[Vec<f64>], kept: &[Vec<bool>]) -> Option<f64> {
    let all = || scores.iter().flatten().zip(kept.iter().flatten());
    let gone = all().filter(|(_, kept)| !**kept).map(|(score, _)| *score).reduce(f64::max)?;
    let stays = all().filter(|(_, kept)| **kept).map(|(score, _)| *score).reduce(f64::min)?;
    Some(f64::midpoint(gone, stays))
}

/// Where the line λ x + (1 − λ) y = c enters and leaves the unit square; none where it does not.
pub fn ends(c: f64, lambda: f64) -> Option<[[f64; 2]; 2]> {
    let mut found = vec![];
    for edge in [0.0, 1.0] {
        if lambda < 1.0 {
            let y = (c - lambda * edge) / (1.0 - lambda);
            found.push([edge, y]);
        }
        if lambda > 0.0 {
            let x = (c - (1.0 - lambda) * edge) / lambda;
            found.push([x, edge]);
        }
    }
    found.retain(|point| point.iter().all(|value| (-1e-9..=1.0 + 1e-9).contains(value)));
    match found.as_slice() {
        [first, .., last] if first != last => Some([*first, *last]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use retort_core::score::keep;

    use super::*;

    #[test]
    fn the_line_lies_between_what_goes_and_what_stays() {
        let scores = [vec![0.1, 0.5], vec![0.3, 0.9]];
        assert_eq!(cut(&scores, &keep(&scores, 50.0)), Some(0.4));
        assert_eq!(cut(&scores, &keep(&scores, 0.0)), None);
        // x / 2 + y / 2 = 1/4 from (0, 1/2) to (1/2, 0).
        let [a, b] = ends(0.25, 0.5).unwrap();
        assert_eq!([a, b], [[0.0, 0.5], [0.5, 0.0]]);
        assert_eq!(ends(0.3, 1.0), Some([[0.3, 0.0], [0.3, 1.0]]));
        assert_eq!(ends(2.0, 0.5), None);
    }

    #[test]
    fn the_largest_score_has_the_full_shade() {
        let rows = [vec![0.0, 0.5], vec![2.0]];
        assert_eq!([shade(2.0, &rows), shade(0.5, &rows), shade(0.0, &rows)], [100.0, 25.0, 0.0]);
    }
}
