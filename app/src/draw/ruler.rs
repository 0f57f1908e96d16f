//! One side of a plot: numbers along it, or names, and the room they take.

use super::{
    axis::Axis,
    scale::Scale,
    text,
    ticks::{across, ticks},
};

/// What lies along a side.
#[derive(Debug, Clone, Copy)]
pub enum Side<'a> {
    /// Numbers.
    Values {
        /// What they are.
        axis: &'a Axis,
        /// The ends.
        domain: [f64; 2],
        /// Draw a line through the plot at every tick.
        grid: bool,
    },
    /// Equal slots with names.
    Names {
        /// What they name; may be empty.
        title: &'a str,
        /// From left to right, or from top to bottom.
        names: &'a [String],
    },
}

/// A side that is laid out.
#[derive(Debug, Clone)]
pub struct Ruler {
    /// From values to pixels; of names, from their places.
    pub scale: Scale,
    /// Pixels, and what is written at each in how many lines.
    pub labels: Vec<(f64, Vec<String>)>,
    /// The labels are turned, too long to stand side by side.
    pub slanted: bool,
}

/// Names beside a plot take at most this share of a figure's width, and so many lines.
pub const NAMES: (f64, usize) = (0.36, 3);

/// The least height of a row, in pixels, whose name is broken into lines beside the plot of a figure of this width.
pub fn slot(names: &[String], width: f64) -> f64 {
    let lines = names.iter().map(|name| text::wrap(name, text::SIZE, NAMES.0 * width, NAMES.1).len());
    text::LINE * lines.max().unwrap_or(1) as f64 + 6.0
}

/// How far slanted labels are turned, in degrees.
pub const SLANT: f64 = 40.0;
/// The longest slanted label in pixels.
const LONGEST: f64 = 110.0;

impl<'a> Side<'a> {
    /// What is written beside all of it.
    pub fn title(&self) -> &'a str {
        match self {
            Self::Values { axis, .. } => &axis.title,
            Self::Names { title, .. } => title,
        }
    }

    fn scale(&self, pixels: [f64; 2]) -> Scale {
        match self {
            Self::Values { axis, domain, .. } => Scale { domain: *domain, pixels, logarithmic: axis.logarithmic },
            Self::Names { names, .. } => Scale { domain: [0.0, names.len().max(1) as f64], pixels, logarithmic: false },
        }
    }

    /// Laid out upright from one pixel to another, for labels of at most `room` pixels.
    pub fn upright(&self, [top, bottom]: [f64; 2], room: f64) -> Ruler {
        let labels = |scale: &Scale| match self {
            Self::Values { axis, .. } => {
                let most = ((bottom - top) / 36.0) as usize;
                let ticks = ticks(scale, axis.whole, most.clamp(2, 8));
                ticks.into_iter().map(|tick| (tick.at, vec![tick.label])).collect()
            }
            Self::Names { names, .. } => {
                let slot = (bottom - top) / names.len().max(1) as f64;
                let lines = ((slot / text::LINE) as usize).clamp(1, NAMES.1);
                // Where slots are lower than letters, some of the names must do.
                let every = (text::LINE / slot.max(0.1)).ceil().max(1.0) as usize;
                let label = |(place, name): (usize, &String)| {
                    (top + slot * (place as f64 + 0.5), text::wrap(name, text::SIZE, room, lines))
                };
                names.iter().enumerate().step_by(every).map(label).collect()
            }
        };
        let pixels = if matches!(self, Self::Names { .. }) { [top, bottom] } else { [bottom, top] };
        let scale = self.scale(pixels);
        Ruler { labels: labels(&scale), scale, slanted: false }
    }

    /// Laid out level from one pixel to another.
    pub fn level(&self, [left, right]: [f64; 2]) -> Ruler {
        let scale = self.scale([left, right]);
        let names = match self {
            Self::Values { axis, .. } => {
                let ticks = across(&scale, axis.whole);
                let labels = ticks.into_iter().map(|tick| (tick.at, vec![tick.label])).collect();
                return Ruler { labels, scale, slanted: false };
            }
            Self::Names { names, .. } => *names,
        };
        let slot = (right - left) / names.len().max(1) as f64;
        let middle = |place: usize| left + slot * (place as f64 + 0.5);
        let word =
            |name: &String| name.split_whitespace().map(|word| text::width(word, text::SIZE)).fold(0.0, f64::max);
        let room = slot - 8.0;
        let short = names.iter().all(|name| {
            let whole = text::wrap(name, text::SIZE, room, usize::MAX);
            word(name) <= room && whole.len() <= 3
        });
        let every = if short { 1 } else { (text::LINE / slot.max(0.1)).ceil().max(1.0) as usize };
        let label = |(place, name): (usize, &String)| {
            let lines = match short {
                true => text::wrap(name, text::SIZE, room, 3),
                false => vec![text::fit(name, text::SIZE, LONGEST)],
            };
            (middle(place), lines)
        };
        Ruler { labels: names.iter().enumerate().step_by(every).map(label).collect(), scale, slanted: !short }
    }
}

impl Ruler {
    /// The widest line of its labels.
    pub fn widest(&self) -> f64 {
        self.labels.iter().flat_map(|(_, lines)| lines).map(|line| text::width(line, text::SIZE)).fold(0.0, f64::max)
    }

    /// How much of the height below a plot level labels take.
    pub fn depth(&self) -> f64 {
        match self.slanted {
            true => 14.0 + self.widest() * SLANT.to_radians().sin(),
            false => 8.0 + text::LINE * self.labels.iter().map(|(_, lines)| lines.len()).max().unwrap_or(0) as f64,
        }
    }

    /// How far level labels stick out to the left and to the right of the pixels they are laid out along.
    pub fn overhang(&self, [left, right]: [f64; 2]) -> [f64; 2] {
        let ends = self.labels.iter().map(|(at, lines)| {
            let wide = lines.iter().map(|line| text::width(line, text::SIZE)).fold(0.0, f64::max);
            match self.slanted {
                true => [at - wide * SLANT.to_radians().cos() - 4.0, at + 4.0],
                false => [at - wide / 2.0, at + wide / 2.0],
            }
        });
        ends.fold([0.0, 0.0], |[a, b], [from, to]| [a.max(left - from), b.max(to - right)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn names_stand_in_the_middle_of_their_slots() {
        let names = names(&["a", "b"]);
        let ruler = Side::Names { title: "", names: &names }.level([0.0, 100.0]);
        assert_eq!(ruler.labels, [(25.0, vec!["a".to_owned()]), (75.0, vec!["b".to_owned()])]);
        assert!(!ruler.slanted && ruler.depth() == 24.0);
        let ruler = Side::Names { title: "", names: &names }.upright([10.0, 50.0], 99.0);
        assert_eq!(ruler.labels.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [20.0, 40.0]);
    }

    #[test]
    fn long_names_are_slanted_and_stick_out_to_the_left() {
        let names = names(&["distillation", "distillation", "distillation"]);
        let ruler = Side::Names { title: "", names: &names }.level([0.0, 150.0]);
        assert!(ruler.slanted);
        let wide = text::width("distillation", 12.0);
        let [left, right] = ruler.overhang([0.0, 150.0]);
        // cos 40° is 0.766, and the first slot's middle is at 25.
        assert!((left - (wide * 0.766 + 4.0 - 25.0)).abs() < 0.1 && right == 0.0, "{left}");
    }

    #[test]
    fn slots_lower_than_letters_share_names() {
        let many: Vec<String> = (0..100).map(|place| place.to_string()).collect();
        // Two pixels each: every eighth.
        let ruler = Side::Names { title: "", names: &many }.upright([0.0, 200.0], 50.0);
        assert_eq!(ruler.labels.len(), 13);
    }
}
