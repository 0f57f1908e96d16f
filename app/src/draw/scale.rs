//! From values to pixels and back.

/// Values along a stretch of pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// The values at its two ends; the first is less, and above zero where the scale is logarithmic.
    pub domain: [f64; 2],
    /// The pixels of its two ends, in either order.
    pub pixels: [f64; 2],
    /// Equal factors are equally far apart.
    pub logarithmic: bool,
}

impl Scale {
    /// The pixel of a value, beyond the ends too; none for what cannot be drawn.
    pub fn at(&self, value: f64) -> Option<f64> {
        let of = |value: f64| if self.logarithmic { value.ln() } else { value };
        let [low, high] = self.domain.map(of);
        let share = (of(value) - low) / (high - low);
        let [first, last] = self.pixels;
        // So far outside that nobody sees the difference, and within what SVG's readers can count.
        share.is_finite().then(|| first + (last - first) * share.clamp(-100.0, 100.0))
    }

    /// The pixel of a value, at most at an end.
    pub fn within(&self, value: f64) -> Option<f64> {
        let [low, high] = [self.pixels[0].min(self.pixels[1]), self.pixels[0].max(self.pixels[1])];
        self.at(value).map(|pixel| pixel.clamp(low, high))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_lie_between_the_ends() {
        let scale = Scale { domain: [0.0, 10.0], pixels: [64.0, 0.0], logarithmic: false };
        assert_eq!([0.0, 2.5, 10.0, 12.5].map(|value| scale.at(value).unwrap()), [64.0, 48.0, 0.0, -16.0]);
        assert_eq!(scale.within(11.0), Some(0.0));
        assert_eq!([f64::NAN, f64::INFINITY].map(|value| scale.at(value)), [None, None]);
    }

    #[test]
    fn decades_are_equally_far_apart() {
        let scale = Scale { domain: [1.0, 100.0], pixels: [0.0, 100.0], logarithmic: true };
        assert!((scale.at(10.0).unwrap() - 50.0).abs() < 1e-9);
        assert_eq!([0.0, -1.0].map(|value| scale.at(value)), [None, None]);
    }
}
