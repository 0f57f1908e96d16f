//! Rectangles, and what of a line lies within one.

/// A rectangle in pixels, y downwards.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Rect {
    /// Its left edge.
    pub x: f64,
    /// Its upper edge.
    pub y: f64,
    /// From left to right.
    pub width: f64,
    /// From top to bottom.
    pub height: f64,
}

impl Rect {
    /// By two opposite corners, in any order.
    pub fn between([x1, y1]: [f64; 2], [x2, y2]: [f64; 2]) -> Self {
        Self { x: x1.min(x2), y: y1.min(y2), width: (x2 - x1).abs(), height: (y2 - y1).abs() }
    }

    /// Its right edge.
    pub fn right(&self) -> f64 {
        self.x + self.width
    }

    /// Its lower edge.
    pub fn bottom(&self) -> f64 {
        self.y + self.height
    }

    /// Its middle.
    pub fn middle(&self) -> [f64; 2] {
        [self.x + self.width / 2.0, self.y + self.height / 2.0]
    }

    /// Does it hold the point? Edges belong to it.
    pub fn holds(&self, [x, y]: [f64; 2]) -> bool {
        (self.x..=self.right()).contains(&x) && (self.y..=self.bottom()).contains(&y)
    }

    /// The same, larger by `room` on every side.
    pub fn grown(&self, room: f64) -> Self {
        let (width, height) = ((self.width + 2.0 * room).max(0.0), (self.height + 2.0 * room).max(0.0));
        Self { x: self.x - room, y: self.y - room, width, height }
    }

    /// The part of a segment that lies within (Liang and Barsky 1984).
    pub fn clip(&self, [from, to]: [[f64; 2]; 2]) -> Option<[[f64; 2]; 2]> {
        let along = [to[0] - from[0], to[1] - from[1]];
        let (mut enters, mut leaves) = (0.0_f64, 1.0_f64);
        for (axis, [low, high]) in [[self.x, self.right()], [self.y, self.bottom()]].into_iter().enumerate() {
            if along[axis] == 0.0 {
                if !(low..=high).contains(&from[axis]) {
                    return None;
                }
                continue;
            }
            let [first, second] = [low, high].map(|edge| (edge - from[axis]) / along[axis]);
            enters = enters.max(first.min(second));
            leaves = leaves.min(first.max(second));
        }
        let at = |share: f64| [from[0] + share * along[0], from[1] + share * along[1]];
        (enters <= leaves).then(|| [at(enters), at(leaves)])
    }

    /// The parts of a line that lie within.
    pub fn clip_line(&self, line: &[[f64; 2]]) -> Vec<Vec<[f64; 2]>> {
        if line.iter().all(|point| self.holds(*point)) {
            return if line.is_empty() { vec![] } else { vec![line.to_vec()] };
        }
        let mut parts: Vec<Vec<[f64; 2]>> = vec![];
        for pair in line.windows(2) {
            let Some([from, to]) = self.clip([pair[0], pair[1]]) else { continue };
            match parts.last_mut() {
                Some(part) if part.last() == Some(&from) => part.push(to),
                _ => parts.push(vec![from, to]),
            }
        }
        parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: Rect = Rect { x: 0.0, y: 0.0, width: 1.0, height: 1.0 };

    #[test]
    fn a_segment_is_cut_at_the_edges() {
        // y = x / 2 leaves at (1, 1/2); x = 2 never enters.
        assert_eq!(UNIT.clip([[0.0, 0.0], [2.0, 1.0]]), Some([[0.0, 0.0], [1.0, 0.5]]));
        assert_eq!(UNIT.clip([[2.0, 0.0], [2.0, 1.0]]), None);
        assert_eq!(UNIT.clip([[-1.0, 0.5], [2.0, 0.5]]), Some([[0.0, 0.5], [1.0, 0.5]]));
    }

    #[test]
    fn a_line_that_leaves_and_comes_back_is_two() {
        let line = [[0.0, 0.5], [0.5, 0.5], [0.5, 2.0], [0.8, 2.0], [0.8, 0.5]];
        let parts = UNIT.clip_line(&line);
        assert_eq!(parts, [vec![[0.0, 0.5], [0.5, 0.5], [0.5, 1.0]], vec![[0.8, 1.0], [0.8, 0.5]]]);
        assert!(UNIT.clip_line(&[]).is_empty());
    }

    #[test]
    fn corners_come_in_any_order() {
        let rect = Rect::between([3.0, 1.0], [1.0, 5.0]);
        assert_eq!([rect.x, rect.y, rect.right(), rect.bottom()], [1.0, 1.0, 3.0, 5.0]);
        assert_eq!(rect.middle(), [2.0, 3.0]);
        assert!(rect.grown(1.0).holds([0.0, 6.0]) && !rect.holds([0.0, 6.0]));
    }
}
