//! Filled areas that are told apart without their colours: by how they are hatched.

use super::{
    geometry::Rect,
    mark::Dash,
    role::Role,
    scene::{Item, Paint, Shape},
};

/// From one hatching line to the next, in pixels.
const APART: f64 = 5.0;

/// A block in the colour and the hatching of a role.
pub fn block(rect: Rect, role: Role) -> Vec<Item> {
    let slopes: &[f64] = match role {
        Role::Teacher => &[],
        Role::Control => &[-1.0],
        Role::Third => &[1.0],
        Role::Fourth => &[1.0, -1.0],
        Role::Fifth => &[0.0],
        _ => return vec![Item::new(Shape::Rect(rect, 0.0), Paint::fill(role))],
    };
    let share = if slopes.is_empty() { 0.3 } else { 0.12 };
    // The edge lies within the block.
    let inner = rect.grown(-0.75);
    let mut items = vec![Item::new(Shape::Rect(inner, 0.0), Paint::tint(role, share).edged(role))];
    let lines: Vec<Vec<[f64; 2]>> = slopes.iter().flat_map(|slope| hatching(&inner, *slope)).collect();
    if !lines.is_empty() {
        items.push(Item::new(Shape::Lines(lines), Paint::line(role, 1.0, Dash::Solid)));
    }
    items
}

/// Parallel lines within a block, in the same places whatever blocks there are.
fn hatching(rect: &Rect, slope: f64) -> Vec<Vec<[f64; 2]>> {
    let step = if slope == 0.0 { APART } else { APART * std::f64::consts::SQRT_2 };
    let crossing = |x: f64, y: f64| y - slope * x;
    let corners = [
        crossing(rect.x, rect.y),
        crossing(rect.right(), rect.y),
        crossing(rect.x, rect.bottom()),
        crossing(rect.right(), rect.bottom()),
    ];
    let low = corners.iter().copied().fold(f64::INFINITY, f64::min);
    let high = corners.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let places = (low / step).ceil() as i64..=(high / step).floor() as i64;
    let ends = [rect.x, rect.right()];
    let lines = places.map(|place| ends.map(|x| [x, place as f64 * step + slope * x]));
    lines.filter_map(|line| rect.clip(line)).map(Vec::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECT: Rect = Rect { x: 0.0, y: 0.0, width: 20.0, height: 12.0 };

    #[test]
    fn level_lines_are_five_apart() {
        let lines = hatching(&RECT, 0.0);
        assert_eq!(lines, [0.0, 5.0, 10.0].map(|y| vec![[0.0, y], [20.0, y]]));
    }

    #[test]
    fn hatching_stays_within_its_block() {
        for slope in [1.0, -1.0] {
            let lines = hatching(&RECT, slope);
            // y − x goes from −20 to 12 and y + x from 0 to 32, in steps of 7.07 through 0.
            assert_eq!(lines.len(), if slope > 0.0 { 4 } else { 5 }, "{lines:?}");
            assert!(lines.iter().flatten().all(|point| RECT.grown(1e-9).holds(*point)));
        }
    }

    #[test]
    fn only_the_student_and_what_has_no_role_of_its_own_is_solid() {
        assert_eq!(block(RECT, Role::Student).len(), 1);
        assert_eq!(block(RECT, Role::Teacher).len(), 1);
        assert_eq!(block(RECT, Role::Control).len(), 2);
    }
}
