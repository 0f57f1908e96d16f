//! A straight line in the values that parts the points of a plane.

use super::{
    frame::Frame,
    mark::Dash,
    role::Role,
    scene::{Anchor, Item, Paint, Shape, Words},
    text,
};

/// Where `weights[0] · x + weights[1] · y` is a constant.
#[derive(Debug, Clone, PartialEq)]
pub struct Cut {
    /// Of x and of y.
    pub weights: [f64; 2],
    /// What the sum is on the line.
    pub sum: f64,
    /// What is written beside it; may be empty.
    pub label: String,
}

/// A line is drawn in so many parts: on a logarithmic axis it bends.
const PARTS: usize = 96;

impl Cut {
    /// The line y = a + b · x.
    pub fn rising(a: f64, b: f64, label: impl Into<String>) -> Self {
        Self { weights: [-b, 1.0], sum: a, label: label.into() }
    }

    /// The line, and what is written at one of its ends.
    pub(super) fn draw(&self, frame: &Frame) -> Vec<Item> {
        let [across, up] = frame.scales();
        let [[left, right], [low, high]] = [across.domain, up.domain];
        let [a, b] = self.weights;
        // Along the axis that the line crosses at the greater angle.
        let steep = (a * (right - left)).abs() > (b * (high - low)).abs();
        let [from, to] = if steep { [low, high] } else { [left, right] };
        let logarithmic = if steep { up.logarithmic } else { across.logarithmic };
        let along = |part: usize| {
            let share = part as f64 / PARTS as f64;
            if logarithmic { from * (to / from).powf(share) } else { from + share * (to - from) }
        };
        let at = |value: f64| match steep {
            true => [(self.sum - b * value) / a, value],
            false => [value, (self.sum - a * value) / b],
        };
        let parts = if across.logarithmic || up.logarithmic { 1 } else { PARTS };
        let pixels: Vec<Option<[f64; 2]>> = (0..=PARTS).step_by(parts).map(|part| frame.at(at(along(part)))).collect();
        let runs = pixels.split(Option::is_none).filter(|run| run.len() > 1);
        let lines: Vec<Vec<[f64; 2]>> = runs
            .flat_map(|run| frame.plot.clip_line(&run.iter().flatten().copied().collect::<Vec<_>>()))
            .filter(|line| line.len() > 1)
            .collect();
        // Beside the upper end, on the side to which the line does not go.
        let ends = lines.iter().flatten().copied();
        let upper = ends.clone().min_by(|one, other| one[1].total_cmp(&other[1]));
        let falls = upper.is_some_and(|[x, _]| ends.clone().all(|[other, _]| other >= x));
        let label = upper.filter(|_| !self.label.is_empty()).map(|[x, y]| {
            let plot = &frame.plot;
            let wide = text::width(&self.label, text::SIZE);
            let y = (y - 4.0).clamp(plot.y + 12.0, plot.bottom() - 6.0);
            let (x, anchor) = match falls {
                true => ((x + 10.0).min(plot.right() - wide), Anchor::Start),
                false => ((x - 10.0).max(plot.x + wide), Anchor::End),
            };
            Item::words(Words::new(&self.label, [x, y], anchor).halo(), Role::Quiet)
        });
        let line =
            (!lines.is_empty()).then(|| Item::new(Shape::Lines(lines), Paint::line(Role::Quiet, 1.5, Dash::Short)));
        line.into_iter().chain(label).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{axis::Axis, frame::Room, ruler::Side},
        *,
    };

    /// Where the line begins and ends, as shares of the plot to the right and upwards.
    fn ends(cut: &Cut, logarithmic: bool) -> Option<[[f64; 2]; 2]> {
        let axis = Axis { logarithmic, ..Axis::default() };
        let side = Side::Values { axis: &axis, domain: [if logarithmic { 0.01 } else { 0.0 }, 1.0], grid: false };
        let frame = Frame::new(&Room { size: [400.0, 300.0], top: 0.0, right: 12.0, below: side, left: side });
        let plot = frame.plot;
        let Some(Shape::Lines(lines)) = cut.draw(&frame).first().map(|item| item.shape.clone()) else { return None };
        let share = |[x, y]: [f64; 2]| [(x - plot.x) / plot.width, (plot.bottom() - y) / plot.height];
        let round = |at: [f64; 2]| at.map(|value| (value * 1000.0).round() / 1000.0);
        Some([round(share(lines[0][0])), round(share(*lines[0].last()?))])
    }

    #[test]
    fn it_goes_from_edge_to_edge() {
        let cut = |weights, sum| Cut { weights, sum, label: String::new() };
        // x / 2 + y / 2 = 1/4 from (0, 1/2) to (1/2, 0).
        assert_eq!(ends(&cut([0.5, 0.5], 0.25), false), Some([[0.0, 0.5], [0.5, 0.0]]));
        assert_eq!(ends(&cut([1.0, 0.0], 0.3), false), Some([[0.3, 0.0], [0.3, 1.0]]));
        assert_eq!(ends(&cut([0.0, 1.0], 5.0), false), None);
        assert_eq!(ends(&Cut::rising(0.25, 0.5, ""), false), Some([[0.0, 0.25], [1.0, 0.75]]));
        // y = x is straight between logarithms, too.
        assert_eq!(ends(&Cut::rising(0.0, 1.0, ""), true), Some([[0.0, 0.0], [1.0, 1.0]]));
    }

    #[test]
    fn a_cut_of_nothing_is_nowhere() {
        assert_eq!(ends(&Cut { weights: [0.0, 0.0], sum: 1.0, label: "nowhere".into() }, false), None);
    }
}
