//! Names to the right of a plot, each as high as what it names.

use super::{
    frame::Frame,
    geometry::Rect,
    place::apart,
    role::Role,
    scene::{Anchor, Item, Words},
    text,
};

/// A name, its colour, and how high it wants to be, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct End<'a> {
    /// What is written.
    pub name: &'a str,
    /// Its colour.
    pub role: Role,
    /// Where what it names ends.
    pub y: f64,
}

/// Names may take this share of a figure's width,
const SHARE: f64 = 0.3;
/// move so many pixels away from what they name,
const MOVED: f64 = 24.0;
/// and are at least so far apart.
const APART: f64 = 15.0;

/// The pixels that names need to the right of a plot; none where that is too much.
pub fn room<'a>(names: impl Iterator<Item = &'a str>, width: f64) -> Option<f64> {
    let widest = names.map(|name| text::width(name, text::SIZE)).reduce(f64::max)?;
    Some(widest + 14.0).filter(|room| *room <= SHARE * width)
}

/// The names; none of them where they would be too far from what they name.
pub fn names(plot: &Rect, ends: &[End]) -> Option<Vec<Item>> {
    let wanted: Vec<f64> = ends.iter().map(|end| end.y + 4.0).collect();
    let places = apart(&wanted, APART, [plot.y + 6.0, plot.bottom() + 4.0]);
    let near = places.iter().zip(&wanted).all(|(place, wanted)| (place - wanted).abs() <= MOVED);
    let mut sorted = places.clone();
    sorted.sort_by(f64::total_cmp);
    let clear = sorted.windows(2).all(|pair| pair[1] - pair[0] > APART - 1.0);
    let item =
        |(end, y): (&End, f64)| Item::words(Words::new(end.name, [plot.right() + 9.0, y], Anchor::Start), end.role);
    (near && clear).then(|| ends.iter().zip(places).map(item).collect())
}

/// The ends of the lines that compare with values along the left side.
pub fn compared<'a>(frame: &'a Frame) -> Vec<End<'a>> {
    let references = frame.left_axis().into_iter().flat_map(|axis| &axis.references);
    let named = references.filter(|reference| !reference.label.is_empty());
    let end = named.filter_map(|reference| {
        let y = frame.y(reference.at).filter(|y| (frame.plot.y..=frame.plot.bottom()).contains(y))?;
        Some(End { name: &reference.label, role: reference.role, y })
    });
    end.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLOT: Rect = Rect { x: 40.0, y: 10.0, width: 200.0, height: 100.0 };

    fn end(y: f64) -> End<'static> {
        End { name: "student", role: Role::Student, y }
    }

    #[test]
    fn names_are_beside_their_ends_or_nowhere() {
        assert_eq!(names(&PLOT, &[end(20.0), end(80.0)]).map(|items| items.len()), Some(2));
        assert_eq!(names(&PLOT, &[]).map(|items| items.len()), Some(0));
        // Six at one height: the outer ones would be 37 pixels away.
        assert_eq!(names(&PLOT, &[end(60.0); 6]), None);
        // Nine need 8 · 15 = 120 pixels.
        let crowd: Vec<End> = (0..9).map(|place| end(10.0 + 12.0 * f64::from(place))).collect();
        assert_eq!(names(&PLOT, &crowd), None);
    }

    #[test]
    fn long_names_take_too_much() {
        assert_eq!(room(["a student of many words"].into_iter(), 320.0), None);
        // 45.72 and 14.
        assert!((room(["student"].into_iter(), 320.0).unwrap() - 59.72).abs() < 1e-9);
        assert_eq!(room([].into_iter(), 320.0), None);
    }
}
