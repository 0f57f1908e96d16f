//! Values to compare with, as lines across a plot.

use super::{
    axis::{Axis, Reference},
    frame::Frame,
    geometry::Rect,
    mark::Dash,
    place::apart,
    role::Role,
    scene::{Anchor, Item, Paint, Words},
    text,
};

/// The lines of the axis below and of the axis to the left; then what is written beside them, which is to lie above
/// the data. `data` are points that a label had better not cover; without them, level lines are named elsewhere.
pub fn references(frame: &Frame, below: &Axis, left: &Axis, data: Option<&[[f64; 2]]>) -> [Vec<Item>; 2] {
    let plot = &frame.plot;
    let inside = |pixel: Option<f64>, low: f64, high: f64| pixel.filter(|pixel| (low..=high).contains(pixel));
    let pen = |role: Role| Paint::line(role, 1.25, if role == Role::Quiet { Dash::Short } else { role.dash() });
    let mut lines = vec![];
    let (mut uprights, mut levels) = (vec![], vec![]);
    for reference in &below.references {
        let Some(x) = inside(frame.x(reference.at), plot.x, plot.right()) else { continue };
        lines.push(Item::line(vec![[x, plot.y], [x, plot.bottom()]], pen(reference.role)));
        uprights.push((x, reference));
    }
    for reference in &left.references {
        let Some(y) = inside(frame.y(reference.at), plot.y, plot.bottom()) else { continue };
        lines.push(Item::line(vec![[plot.x, y], [plot.right(), y]], pen(reference.role)));
        levels.push((y, reference));
    }
    let mut labels = beside_uprights(plot, &uprights);
    labels.extend(data.into_iter().flat_map(|data| above_levels(plot, &levels, data)));
    [lines, labels]
}

/// Beside the upper ends; where two would meet, the later one is lower.
fn beside_uprights(plot: &Rect, uprights: &[(f64, &Reference)]) -> Vec<Item> {
    let mut placed: Vec<(f64, [f64; 2])> = vec![];
    let mut items = vec![];
    for (x, reference) in uprights.iter().filter(|(_, reference)| !reference.label.is_empty()) {
        let wide = text::width(&reference.label, text::SIZE) + 5.0;
        let (at, anchor) = match x + wide > plot.right() && x - wide >= plot.x {
            true => (x - 5.0, Anchor::End),
            false => (x + 5.0, Anchor::Start),
        };
        let label = text::fit(&reference.label, text::SIZE, plot.width - 10.0);
        let mut words = Words::new(label, [at, plot.y + 11.0], anchor).halo();
        let meets = |ends: [f64; 2], y: f64, placed: &[(f64, [f64; 2])]| {
            placed.iter().any(|(there, [from, to])| *there == y && *from < ends[1] + 6.0 && ends[0] < *to + 6.0)
        };
        while meets(words.ends(), words.at[1], &placed) {
            words.at[1] += text::LINE;
        }
        placed.push((words.at[1], words.ends()));
        items.push(Item::words(words, reference.role));
    }
    items
}

/// Above the lines, at the end where less lies in the way; below a line that is too high for that.
fn above_levels(plot: &Rect, levels: &[(f64, &Reference)], data: &[[f64; 2]]) -> Vec<Item> {
    let levels: Vec<&(f64, &Reference)> = levels.iter().filter(|(_, reference)| !reference.label.is_empty()).collect();
    let wanted: Vec<f64> = levels.iter().map(|(y, _)| if y - plot.y < 14.0 { y + 13.0 } else { y - 5.0 }).collect();
    let places = apart(&wanted, 14.0, [plot.y + 9.0, plot.bottom() - 4.0]);
    let item = |((_, reference), y): (&&(f64, &Reference), f64)| {
        let label = text::fit(&reference.label, text::SIZE, plot.width - 8.0);
        let words = [(plot.x + 4.0, Anchor::Start), (plot.right() - 4.0, Anchor::End)]
            .map(|(x, anchor)| Words::new(&label, [x, y], anchor).halo());
        let covered = |words: &Words| {
            let [left, right] = words.ends();
            let rect = Rect { x: left, y: y - 10.0, width: right - left, height: 13.0 };
            data.iter().filter(|point| rect.holds(**point)).count()
        };
        let [first, last] = words;
        let words = if covered(&last) < covered(&first) { last } else { first };
        Item::words(words, reference.role)
    };
    levels.iter().zip(places).map(item).collect()
}

#[cfg(test)]
mod tests {
    use super::{
        super::frame::Room,
        super::{ruler::Side, scene::Shape},
        *,
    };

    fn drawn(below: &Axis, left: &Axis, data: &[[f64; 2]]) -> (Rect, [Vec<Item>; 2]) {
        let side = |axis| Side::Values { axis, domain: [0.0, 10.0], grid: false };
        let size = [400.0, 200.0];
        let frame = Frame::new(&Room { size, top: 0.0, right: 12.0, below: side(below), left: side(left) });
        (frame.plot, references(&frame, below, left, Some(data)))
    }

    fn words(items: &[Item]) -> Vec<&Words> {
        let words = |item: &Item| matches!(item.shape, Shape::Text(_));
        assert!(items.iter().all(words));
        items.iter().filter_map(|item| if let Shape::Text(words) = &item.shape { Some(words) } else { None }).collect()
    }

    #[test]
    fn a_label_goes_where_less_is_in_its_way() {
        let axis = Axis::default().with(5.0, "teacher", Role::Teacher);
        let (plot, [lines, labels]) = drawn(&Axis::default(), &axis, &[]);
        assert_eq!((lines.len(), words(&labels)[0].anchor), (1, Anchor::Start));
        let at = [plot.x + 10.0, plot.middle()[1] - 6.0];
        let (_, [_, labels]) = drawn(&Axis::default(), &axis, &[at]);
        assert_eq!(words(&labels)[0].anchor, Anchor::End);
    }

    #[test]
    fn labels_do_not_meet() {
        let near = Axis::default().with(5.0, "one", Role::Quiet).with(5.1, "other", Role::Quiet);
        let (_, [_, labels]) = drawn(&near, &near, &[]);
        let words = words(&labels);
        assert_eq!(words[1].at[1] - words[0].at[1], 16.0);
        assert!((words[2].at[1] - words[3].at[1]).abs() >= 14.0 - 1e-9);
    }

    #[test]
    fn what_lies_outside_is_not_drawn() {
        let axis = Axis::default().with(50.0, "far", Role::Quiet).with(f64::NAN, "nowhere", Role::Quiet);
        let (_, [lines, labels]) = drawn(&axis, &axis, &[]);
        assert!(lines.is_empty() && labels.is_empty());
    }
}
