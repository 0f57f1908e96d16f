//! The matrices of a student that becomes smaller.

use retort_core::train::shrink::Sizes;

/// A matrix then and now.
pub struct Matrix {
    /// What it belongs to.
    pub name: &'static str,
    /// Columns and rows, then.
    pub then: [usize; 2],
    /// Columns and rows, now.
    pub now: [usize; 2],
}

/// The two kinds of matrices that a layer has: width by a head's numbers, and width by neurons.
pub fn boxes(then: Sizes, now: Sizes) -> [Matrix; 2] {
    [
        Matrix { name: "a head", then: [then.hidden, then.head], now: [now.hidden, now.head] },
        Matrix { name: "feed-forward", then: [then.hidden, then.neurons], now: [now.hidden, now.neurons] },
    ]
}

/// Whether a term says how far the student is from its teacher: in its answers, or layer by layer.
pub fn tells_distance(term: &str) -> bool {
    term == "kl" || term.starts_with("hidden")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_losses_those_that_tell_a_distance_are_drawn() {
        let told = ["total", "hidden 1", "kl", "cross_entropy", "control"].map(tells_distance);
        assert_eq!(told, [false, true, true, false, false]);
    }

    #[test]
    fn boxes_have_the_models_sizes() {
        let then = Sizes { hidden: 128, neurons: 256, head: 32 };
        let now = Sizes { hidden: 64, neurons: 100, head: 16 };
        let [head, wide] = boxes(then, now);
        assert_eq!((head.then, head.now), ([128, 32], [64, 16]));
        assert_eq!((wide.then, wide.now), ([128, 256], [64, 100]));
    }
}
