//! Scores of units as maps and as a plane with a line.

use retort_core::score::{Scores, keep};

use crate::draw::{Axis, Caption, Class, Cut, Dot, Mark, Plane, Role};

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

/// What units can be in the plane: what they are, and whether they go.
const CLASSES: [(&str, Role, Mark); 4] = [
    ("heads", Role::Student, Mark::Disc),
    ("heads that go", Role::Control, Mark::Ring),
    ("neurons", Role::Quiet, Mark::Square),
    ("neurons that go", Role::Fourth, Mark::Cross),
];

/// Units by what they matter to the teacher, to the right, and to what it tells its student, upwards, each a share of
/// its layer's norm; and the line below which heads go when some per cent of them are to.
pub fn plane(scores: &Scores, percent: f64) -> Plane {
    let classes = CLASSES.map(|(name, role, mark)| Class { name: name.into(), role, mark }).to_vec();
    let mut points = vec![];
    for (kind, scored, name) in [(2, &scores.neurons, "neuron"), (0, &scores.heads, "head")] {
        let [p, q] = [1.0, 0.0].map(|lambda| scored.felt.score(lambda));
        let kept = keep(&scored.score, percent);
        for (layer, kept) in kept.iter().enumerate() {
            points.extend(kept.iter().enumerate().map(|(unit, stays)| Dot {
                at: [p[layer][unit], q[layer][unit]],
                class: kind + usize::from(!stays),
                name: format!("layer {layer}, {name} {unit}"),
            }));
        }
    }
    let lambda = scores.scoring.lambda;
    let line = cut(&scores.heads.score, &keep(&scores.heads.score, percent));
    let cut = line.map(|sum| Cut { weights: [lambda, 1.0 - lambda], sum, label: format!("λ {lambda:.2}") });
    Plane {
        caption: Caption::new(
            "Heads and neurons by both scores",
            "Expressiveness to the right, friendliness upwards, each a share of its layer's norm; heads below the line go.",
        ),
        x: Axis::new("expressive: what it matters to the teacher"),
        y: Axis::new("friendly: what it matters to the student"),
        classes,
        points,
        cut,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_lies_between_what_goes_and_what_stays() {
        let scores = [vec![0.1, 0.5], vec![0.3, 0.9]];
        assert_eq!(cut(&scores, &keep(&scores, 50.0)), Some(0.4));
        assert_eq!(cut(&scores, &keep(&scores, 0.0)), None);
    }

    #[test]
    fn units_lie_at_both_of_their_scores() {
        let felt = serde_json::json!({"expressive": [[3.0, 4.0]], "friendly": [[8.0, 6.0]], "score": [[0.7, 0.7]]});
        let scores = serde_json::json!({
            "model": "a", "model_hash": "", "student": "b", "student_hash": "", "data_hash": "", "split": "dev",
            "by": "sensitivity", "lambda": 0.75, "heads": felt, "neurons": felt,
        });
        let scores: Scores = serde_json::from_value(scores).unwrap();
        let plane = plane(&scores.with_lambda(0.75), 50.0);
        // Norms 5 and 10: (0.6, 0.8) and (0.8, 0.6), which score 0.65 and 0.75 at λ = 0.75.
        let heads: Vec<&Dot> = plane.points.iter().filter(|dot| dot.name.contains("head")).collect();
        let near = |[a, b]: [f64; 2], [c, d]: [f64; 2]| (a - c).abs() < 1e-6 && (b - d).abs() < 1e-6;
        assert!(near(heads[0].at, [0.6, 0.8]) && near(heads[1].at, [0.8, 0.6]), "{heads:?}");
        assert_eq!([heads[0].class, heads[1].class], [1, 0]);
        let cut = plane.cut.unwrap();
        assert!((cut.sum - 0.7).abs() < 1e-6, "{}", cut.sum);
    }

    #[test]
    fn the_largest_score_has_the_full_shade() {
        let rows = [vec![0.0, 0.5], vec![2.0]];
        assert_eq!([shade(2.0, &rows), shade(0.5, &rows), shade(0.0, &rows)], [100.0, 25.0, 0.0]);
    }
}
