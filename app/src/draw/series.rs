//! One line of a chart: its points, and the strokes that draw them.

use super::{
    decimate::thinned,
    frame::Frame,
    mark::{Dash, Mark},
    role::Role,
    scene::{Item, Paint, Shape},
};

/// A named series of points.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// What it is called.
    pub name: String,
    /// Its colour.
    pub role: Role,
    /// How its line is broken.
    pub dash: Dash,
    /// What marks its points, if anything does.
    pub mark: Option<Mark>,
    /// How its intervals are drawn.
    pub spread: Spread,
    /// In the order in which the line goes through them.
    pub points: Vec<Point>,
}

/// A point, perhaps with an interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Where.
    pub x: f64,
    /// How high; what is not a finite number is a gap in the line.
    pub y: f64,
    /// From where to where it may lie.
    pub interval: Option<[f64; 2]>,
}

/// How intervals are drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Spread {
    /// As an upright bar at every point.
    #[default]
    Bars,
    /// As a band about the line.
    Band,
}

/// A series of more points has no marks, unless it is asked to.
const MARKED: usize = 24;
/// Marks are at least so far apart, in pixels.
const APART: f64 = 24.0;

impl Point {
    /// A point without an interval.
    pub fn new(x: f64, y: f64) -> Self {
        Self { x, y, interval: None }
    }
}

impl Series {
    /// A series with the dashes of its role, and its marks where points are few.
    pub fn new(name: impl Into<String>, role: Role, points: Vec<Point>) -> Self {
        let mark = (points.len() <= MARKED).then(|| role.mark());
        Self { name: name.into(), role, dash: role.dash(), mark, spread: Spread::Bars, points }
    }

    /// A series of two columns; where there is no value, the line goes on to the next.
    pub fn of(name: impl Into<String>, role: Role, xs: &[f64], ys: &[Option<f64>]) -> Self {
        let points = xs.iter().zip(ys).filter_map(|(x, y)| y.map(|y| Point::new(*x, y)));
        Self::new(name, role, points.collect())
    }

    /// The pixels of its points in runs without gaps.
    pub(super) fn runs(&self, frame: &Frame) -> Vec<Vec<[f64; 2]>> {
        let pixels: Vec<Option<[f64; 2]>> = self.points.iter().map(|point| frame.at([point.x, point.y])).collect();
        let runs = pixels.split(Option::is_none).filter(|run| !run.is_empty());
        runs.map(|run| run.iter().flatten().copied().collect()).collect()
    }

    /// The band or the bars of its intervals.
    pub(super) fn spread(&self, frame: &Frame) -> Vec<Item> {
        let ends = |point: &Point| {
            let [low, high] = point.interval.filter(|_| point.y.is_finite())?;
            Some([frame.within([point.x, low])?, frame.within([point.x, high])?])
        };
        let ends: Vec<Option<[[f64; 2]; 2]>> = self.points.iter().map(ends).collect();
        match self.spread {
            Spread::Band => {
                let runs = ends.split(Option::is_none).filter(|run| run.len() > 1);
                let area = |run: &[Option<[[f64; 2]; 2]>]| {
                    let edge =
                        |which: usize| thinned(&run.iter().flatten().map(|ends| ends[which]).collect::<Vec<_>>());
                    let corners = edge(1).into_iter().chain(edge(0).into_iter().rev()).collect();
                    Item::new(Shape::Area(corners), Paint::tint(self.role, 0.18))
                };
                runs.map(area).collect()
            }
            Spread::Bars => {
                let plot = frame.plot.grown(0.5);
                let inside = ends.iter().flatten().filter(|[low, _]| plot.holds(*low));
                let bars: Vec<Vec<[f64; 2]>> = inside.flat_map(|[low, high]| whisker(*low, *high)).collect();
                let paint = Paint::line(self.role, 1.25, Dash::Solid);
                if bars.is_empty() { vec![] } else { vec![Item::new(Shape::Lines(bars), paint)] }
            }
        }
    }

    /// Its line, and the marks on it.
    pub(super) fn strokes(&self, frame: &Frame) -> Vec<Item> {
        let runs = self.runs(frame);
        let plot = frame.plot.grown(0.5);
        let lines: Vec<Vec<[f64; 2]>> =
            runs.iter().filter(|run| run.len() > 1).flat_map(|run| plot.clip_line(&thinned(run))).collect();
        let mut items = vec![];
        if !lines.is_empty() {
            // Where a line goes up and down within every pixel's column, a thinner one shows more of it.
            let dense = lines.iter().map(Vec::len).sum::<usize>() as f64 > 2.0 * plot.width;
            let paint = Paint::line(self.role, if dense { 1.25 } else { 2.0 }, self.dash);
            items.push(Item::new(Shape::Lines(lines), paint));
        }
        let marks: Vec<[f64; 2]> = match self.mark {
            Some(_) => sparse(runs.iter().flatten().copied()),
            // A point between two gaps would be invisible.
            None => runs.iter().filter(|run| run.len() == 1).flatten().copied().collect(),
        };
        let marks: Vec<[f64; 2]> = marks.into_iter().filter(|at| plot.holds(*at)).collect();
        if !marks.is_empty() {
            let mark = self.mark.unwrap_or(Mark::Disc);
            items.push(Item::new(Shape::Marks(mark, 3.5, marks), Paint::mark(self.role, mark)));
        }
        items
    }
}

/// An upright or level line with short ends across it.
pub fn whisker(from: [f64; 2], to: [f64; 2]) -> Vec<Vec<[f64; 2]>> {
    let across = |[x, y]: [f64; 2]| match from[0] == to[0] {
        true => vec![[x - 3.0, y], [x + 3.0, y]],
        false => vec![[x, y - 4.0], [x, y + 4.0]],
    };
    vec![vec![from, to], across(from), across(to)]
}

/// The points without those too near to the one before.
fn sparse(points: impl Iterator<Item = [f64; 2]>) -> Vec<[f64; 2]> {
    let mut out: Vec<[f64; 2]> = vec![];
    let mut all = vec![];
    for point in points {
        all.push(point);
        if out.last().is_none_or(|last| (point[0] - last[0]).hypot(point[1] - last[1]) >= APART) {
            out.push(point);
        }
    }
    // A few marks that are near each other say more than that there are few.
    if all.len() <= MARKED { all } else { out }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{axis::Axis, frame::Room, ruler::Side},
        *,
    };

    fn frame(axis: &Axis) -> Frame<'_> {
        let side = Side::Values { axis, domain: [0.0, 10.0], grid: false };
        Frame::new(&Room { size: [400.0, 200.0], top: 0.0, right: 12.0, below: side, left: side })
    }

    fn series(ys: &[f64]) -> Series {
        let points = ys.iter().enumerate().map(|(x, y)| Point::new(x as f64, *y)).collect();
        Series { mark: None, ..Series::new("student", Role::Student, points) }
    }

    #[test]
    fn what_is_no_number_parts_the_line() {
        let axis = Axis::default();
        let frame = frame(&axis);
        let runs = series(&[1.0, 2.0, f64::NAN, 3.0, f64::INFINITY, 4.0, 5.0]).runs(&frame);
        assert_eq!(runs.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1, 2]);
        // Two lines, and a mark for the point between the gaps.
        let items = series(&[1.0, 2.0, f64::NAN, 3.0, f64::INFINITY, 4.0, 5.0]).strokes(&frame);
        assert!(matches!(&items[0].shape, Shape::Lines(lines) if lines.len() == 2));
        assert!(matches!(&items[1].shape, Shape::Marks(_, _, at) if at.len() == 1));
        assert!(series(&[]).strokes(&frame).is_empty());
    }

    #[test]
    fn a_value_that_is_missing_does_not_part_it() {
        let series = Series::of("a", Role::Third, &[0.0, 1.0, 2.0], &[Some(1.0), None, Some(2.0)]);
        assert_eq!(series.points, [Point::new(0.0, 1.0), Point::new(2.0, 2.0)]);
    }

    #[test]
    fn a_band_goes_there_above_and_back_below() {
        let axis = Axis::default();
        let frame = frame(&axis);
        let mut band = series(&[2.0, 3.0]);
        band.spread = Spread::Band;
        for point in &mut band.points {
            point.interval = Some([point.y - 1.0, point.y + 1.0]);
        }
        let wanted = [[0.0, 3.0], [1.0, 4.0], [1.0, 2.0], [0.0, 1.0]].map(|point| frame.at(point).unwrap());
        assert_eq!(band.spread(&frame)[0].shape, Shape::Area(wanted.to_vec()));
        band.spread = Spread::Bars;
        // Two bars of three strokes.
        assert!(matches!(&band.spread(&frame)[0].shape, Shape::Lines(lines) if lines.len() == 6));
    }

    #[test]
    fn many_marks_are_thinned_and_few_are_not() {
        let line = |count: i32| sparse((0..count).map(|x| [f64::from(x), 0.0])).len();
        // 0, 24, 48, 72, 96.
        assert_eq!([line(24), line(100)], [24, 5]);
    }
}
