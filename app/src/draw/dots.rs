//! Means with their intervals and what they are means of, a row for each setting.

use super::{
    axis::Axis,
    figure::{Caption, Figure},
    frame::{self, Frame, Room},
    geometry::Rect,
    hit::Targets,
    legend::{self, Key, Sample},
    mark::{Dash, Mark},
    reference::references,
    role::Role,
    ruler::{Side, slot},
    scene::{Item, Paint, Scene, Shape},
    table::{Cell, Table},
};

/// A row for each name, with a mean of every lane in it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Dots {
    /// What it is called and shows.
    pub caption: Caption,
    /// What lies across.
    pub axis: Axis,
    /// What the rows are; may be empty.
    pub title: String,
    /// Names of the rows, from top to bottom.
    pub rows: Vec<String>,
    /// What has a mean in every row, or in some of them.
    pub lanes: Vec<Lane>,
    /// What a single value is, for the legend: `one seed`.
    pub single: String,
}

/// The means of one kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Lane {
    /// What it is called.
    pub name: String,
    /// Its colour.
    pub role: Role,
    /// What its means look like. An upright stroke goes through the whole row.
    pub mark: Mark,
    /// One for every row, where there is one.
    pub means: Vec<Option<Mean>>,
}

/// A mean.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mean {
    /// Itself.
    pub value: f64,
    /// From where to where it may lie.
    pub interval: Option<[f64; 2]>,
    /// What it is the mean of.
    pub each: Vec<f64>,
}

/// Heights in pixels: of a lane, and of a row without its lanes.
const HEIGHTS: [f64; 2] = [18.0, 16.0];
/// Half of the width of a mean's mark, and of a single value's.
const SIZES: [f64; 2] = [5.0, 2.0];

impl Dots {
    fn means(&self) -> impl Iterator<Item = &Mean> {
        self.lanes.iter().flat_map(|lane| lane.means.iter().flatten())
    }

    fn keys(&self) -> Vec<Key> {
        let key = |lane: &Lane| {
            let sample = match lane.mark {
                Mark::Tick => Sample::Mark(Mark::Tick, 8.0),
                mark => Sample::Line(lane.role.dash(), Some(mark)),
            };
            Key { name: lane.name.clone(), role: lane.role, sample }
        };
        let single = self.means().any(|mean| !mean.each.is_empty()).then(|| Key {
            name: self.single.clone(),
            role: Role::Quiet,
            sample: Sample::Mark(Mark::Disc, SIZES[1]),
        });
        self.lanes.iter().map(key).chain(single).collect()
    }

    fn frame(&self, size: [f64; 2], top: f64) -> Frame<'_> {
        let all = self.means().flat_map(|mean| {
            std::iter::once(mean.value).chain(mean.interval.into_iter().flatten()).chain(mean.each.iter().copied())
        });
        let below = Side::Values { axis: &self.axis, domain: self.axis.domain(all, 0.05), grid: true };
        let left = Side::Names { title: &self.title, names: &self.rows };
        let top = top + legend::height(&self.keys(), size[0]);
        Frame::new(&Room { size, top, right: 12.0, below, left })
    }

    /// Lanes that have a height of their own.
    fn stacked(&self) -> usize {
        self.lanes.iter().filter(|lane| lane.mark != Mark::Tick).count().max(1)
    }

    /// The mean of a lane in a row, with all that belongs to it.
    fn draw(&self, frame: &Frame, row: Rect, place: usize, mean: &Mean) -> Vec<Item> {
        let lane = &self.lanes[place];
        let plot = frame.plot.grown(0.5);
        let at = |value: f64, y: f64| frame.x(value).map(|x| [x, y]).filter(|at| plot.holds(*at));
        let solid = |width: f64| Paint::line(lane.role, width, Dash::Solid);
        if lane.mark == Mark::Tick {
            let ends = [row.y + 3.0, row.bottom() - 3.0].map(|y| at(mean.value, y));
            return ends
                .into_iter()
                .collect::<Option<_>>()
                .map(|ends| Item::line(ends, solid(2.0)))
                .into_iter()
                .collect();
        }
        let above = self.lanes[..place].iter().filter(|lane| lane.mark != Mark::Tick).count();
        let y = row.y + row.height * (above as f64 + 0.5) / self.stacked() as f64 + 1.0;
        let mut items = vec![];
        let ends = mean.interval.map(|ends| ends.map(|end| frame.within([end, 0.0])));
        if let Some([Some([low, _]), Some([high, _])]) = ends {
            items.push(Item::line(vec![[low, y], [high, y]], Paint::line(lane.role, 2.0, lane.role.dash())));
            let caps = [low, high].map(|x| vec![[x, y - 4.0], [x, y + 4.0]]);
            items.push(Item::new(Shape::Lines(caps.into()), solid(1.5)));
        }
        let each: Vec<[f64; 2]> = mean.each.iter().filter_map(|value| at(*value, y - 8.0)).collect();
        if !each.is_empty() {
            items.push(Item::new(Shape::Marks(Mark::Disc, SIZES[1], each), Paint::fill(Role::Quiet)));
        }
        let middle = at(mean.value, y).map(|at| Shape::Marks(lane.mark, SIZES[0], vec![at]));
        items.extend(middle.map(|shape| Item::new(shape, Paint::mark(lane.role, lane.mark))));
        items
    }
}

impl Figure for Dots {
    fn caption(&self) -> &Caption {
        &self.caption
    }

    fn height(&self, width: f64) -> f64 {
        let row = (HEIGHTS[0] * self.stacked() as f64 + HEIGHTS[1]).max(slot(&self.rows, width));
        let top = self.caption.heading_height(width);
        frame::height(row * self.rows.len().max(1) as f64, |height| self.frame([width, height], top))
    }

    fn scene(&self, width: f64, height: f64) -> Scene {
        let (mut scene, top) = self.caption.scene(width, height);
        let keys = self.keys();
        let frame = self.frame([width, height], top);
        frame.draw(&mut scene.items);
        legend::draw(&mut scene.items, &keys, top, width);
        let plot = frame.plot;
        let high = plot.height / self.rows.len().max(1) as f64;
        let row = |row: usize| Rect { y: plot.y + high * row as f64, height: high, ..plot };
        let edges = (1..self.rows.len()).map(|place| vec![[plot.x, row(place).y], [plot.right(), row(place).y]]);
        scene.items.push(Item::new(Shape::Lines(edges.collect()), Paint::line(Role::Grid, 1.0, Dash::Solid)));
        let [lines, labels] = references(&frame, &self.axis, &Axis::default(), None);
        scene.items.extend(lines);
        for place in 0..self.rows.len() {
            for (lane, means) in self.lanes.iter().enumerate() {
                let mean = means.means.get(place).and_then(Option::as_ref);
                scene.items.extend(mean.into_iter().flat_map(|mean| self.draw(&frame, row(place), lane, mean)));
            }
        }
        scene.items.extend(labels);
        scene.targets = Targets::Boxes((0..self.rows.len()).map(row).collect());
        scene
    }

    fn table(&self) -> Table {
        let names = self.lanes.iter().flat_map(|lane| ["", ": from", ": to"].map(|end| format!("{}{end}", lane.name)));
        let row = |(place, name): (usize, &String)| {
            let cells = self.lanes.iter().flat_map(|lane| {
                let mean = lane.means.get(place).and_then(Option::as_ref);
                let end = |end: usize| mean.and_then(|mean| mean.interval).map(|ends| ends[end]);
                [mean.map(|mean| mean.value), end(0), end(1)].map(Cell::of)
            });
            std::iter::once(Cell::Text(name.clone())).chain(cells).collect()
        };
        let head = std::iter::once(self.title.clone()).chain(names).collect();
        Table { head, rows: self.rows.iter().enumerate().map(row).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::svg::Look, *};

    fn dots() -> Dots {
        let mean = |value: f64| Some(Mean { value, interval: Some([value - 2.0, value + 2.0]), each: vec![value; 3] });
        let lane = |name: &str, role: Role, mark, means: [Option<Mean>; 2]| Lane {
            name: name.into(),
            role,
            mark,
            means: means.into(),
        };
        Dots {
            caption: Caption::new("Accuracy", "By temperature."),
            axis: Axis::new("accuracy, %"),
            rows: vec!["T=1".into(), "T=4 & <narrow>".into()],
            lanes: vec![
                lane("student", Role::Student, Mark::Disc, [mean(75.0), mean(78.0)]),
                lane("control", Role::Control, Mark::Square, [mean(70.0), None]),
                lane("teacher", Role::Ink, Mark::Tick, [mean(82.0), None]),
            ],
            single: "one seed".into(),
            ..Dots::default()
        }
    }

    #[test]
    fn every_single_value_has_its_dot() {
        let scene = dots().scene(600.0, dots().height(600.0));
        let marks = scene.items.iter().filter_map(|item| match &item.shape {
            Shape::Marks(_, size, at) if *size == SIZES[1] => Some(at.len()),
            _ => None,
        });
        // Three means of three, one dot in the legend; a stroke through the row has none.
        assert_eq!(marks.sum::<usize>(), 3 * 3 + 1);
        let svg = scene.svg("f", Look::Page);
        for wanted in ["T=4 &amp; &lt;narrow&gt;", "one seed", "teacher", "accuracy, %"] {
            assert!(svg.contains(wanted), "no {wanted} in {svg}");
        }
    }

    #[test]
    fn a_row_tells_what_is_known() {
        let scene = dots().scene(600.0, 200.0);
        let told = dots().told(&scene.target(1, 0).unwrap());
        assert_eq!(
            told[1..],
            [["student", "78"], ["student: from", "76"], ["student: to", "80"]].map(|pair| pair.map(String::from))
        );
    }

    #[test]
    fn a_figure_of_no_rows_is_a_figure() {
        let none = Dots::default();
        assert!(none.scene(280.0, none.height(280.0)).svg("f", Look::Print).ends_with("</svg>"));
    }
}
