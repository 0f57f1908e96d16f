//! Line charts.

use super::{
    axis::Axis,
    ends::{self, End},
    figure::{Caption, Figure, plot_height},
    frame::{self, Frame, Room},
    geometry::Rect,
    hit::{Hit, Targets},
    legend::{self, Key, Sample},
    mark::{Dash, Mark},
    number,
    place::apart,
    reference::references,
    role::Role,
    ruler::Side,
    scene::{Anchor, Item, Paint, Scene, Shape, Words},
    series::{Point, Series},
    table::{Cell, Table},
};

/// Series over a common axis.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lines {
    /// What it is called and shows.
    pub caption: Caption,
    /// What lies across.
    pub x: Axis,
    /// What lies upwards.
    pub y: Axis,
    /// The lines; later ones lie above.
    pub series: Vec<Series>,
    /// Where values are read: at the x nearest to this one.
    pub cursor: Option<f64>,
}

impl Lines {
    /// Every x at which a series has a value, in rising order: a row of the table and a target each.
    pub fn xs(&self) -> Vec<f64> {
        let drawn = self.series.iter().flat_map(|series| &series.points).filter(|point| self.shows(point));
        let mut xs: Vec<f64> = drawn.map(|point| point.x).collect();
        xs.sort_by(f64::total_cmp);
        xs.dedup();
        xs
    }

    /// Only the cursor and what is read there, to lie over a scene of the same size without one.
    pub fn overlay(&self, width: f64, height: f64) -> Scene {
        let (mut scene, top) = self.caption.scene(width, height);
        scene.items.clear();
        let (frame, _) = self.frame([width, height], top);
        scene.items.extend(self.read(&frame));
        scene
    }

    fn shows(&self, point: &Point) -> bool {
        self.x.shows(point.x) && self.y.shows(point.y)
    }

    /// The frame, and labels at the ends of lines where they fit.
    fn frame(&self, size: [f64; 2], top: f64) -> (Frame<'_>, Option<Vec<Item>>) {
        let points = || self.series.iter().flat_map(|series| &series.points).filter(|point| self.shows(point));
        let across = self.x.domain(points().map(|point| point.x), 0.0);
        let heights = |point: &Point| [point.y; 1].into_iter().chain(point.interval.into_iter().flatten());
        let up = self.y.domain(points().flat_map(heights), 0.05);
        let below = Side::Values { axis: &self.x, domain: across, grid: false };
        let left = Side::Values { axis: &self.y, domain: up, grid: true };
        let compared = self.y.references.iter().map(|reference| &reference.label);
        let names = self.series.iter().map(|series| &series.name).chain(compared).map(|name| &name[..]);
        if let Some(right) = ends::room(names, size[0]) {
            let frame = Frame::new(&Room { size, top, right, below, left });
            if let Some(labels) = self.ends(&frame) {
                return (frame, Some(labels));
            }
        }
        let top = top + legend::height(&self.keys(), size[0]);
        (Frame::new(&Room { size, top, right: 12.0, below, left }), None)
    }

    /// Names where the lines end; none if a line ends elsewhere, or too many of them at the same height.
    fn ends(&self, frame: &Frame) -> Option<Vec<Item>> {
        let plot = &frame.plot;
        let last = |series: &Series| series.runs(frame).into_iter().flatten().rfind(|at| plot.grown(1.0).holds(*at));
        let end = |series| {
            let [_, y] = last(series).filter(|[x, _]| plot.right() - x <= 0.06 * plot.width)?;
            Some(End { name: &series.name, role: series.role, y })
        };
        let mut found = self.series.iter().map(end).collect::<Option<Vec<End>>>()?;
        found.extend(ends::compared(frame));
        ends::names(plot, &found)
    }

    fn keys(&self) -> Vec<Key> {
        let key = |series: &Series| Key {
            name: series.name.clone(),
            role: series.role,
            sample: Sample::Line(series.dash, series.mark),
        };
        self.series.iter().map(key).collect()
    }

    /// The cursor's line, a mark on every series, and the values beside them.
    fn read(&self, frame: &Frame) -> Vec<Item> {
        let plot = &frame.plot;
        let found = self
            .cursor
            .and_then(|wanted| self.xs().into_iter().min_by(|a, b| (a - wanted).abs().total_cmp(&(b - wanted).abs())));
        let Some((x, at)) = found.and_then(|x| Some((x, frame.x(x)?))) else { return vec![] };
        let values = self.series.iter().filter_map(|series| {
            let point = series.points.iter().rfind(|point| point.x == x && self.shows(point))?;
            Some((series.role, point.y, frame.y(point.y).filter(|y| plot.grown(1.0).holds([at, *y]))?))
        });
        let values: Vec<(Role, f64, f64)> = values.collect();
        let mut items =
            vec![Item::line(vec![[at, plot.y], [at, plot.bottom()]], Paint::line(Role::Quiet, 1.0, Dash::Solid))];
        for (role, _, y) in &values {
            let paint = Paint::fill(*role).edged(Role::Ground);
            items.push(Item::new(Shape::Marks(Mark::Disc, 4.5, vec![[at, *y]]), paint));
        }
        let wanted: Vec<f64> = values.iter().map(|(_, _, y)| y + 4.0).collect();
        let places = apart(&wanted, 14.0, [plot.y + 22.0, plot.bottom() - 4.0]);
        let (to, anchor) = if at > plot.middle()[0] { (at - 9.0, Anchor::End) } else { (at + 9.0, Anchor::Start) };
        let mut write = |text: String, y: f64, role: Role| {
            let words = Words::new(text, [to, y], anchor);
            let [left, right] = words.ends();
            let behind = Rect { x: left - 3.0, y: y - 10.5, width: right - left + 6.0, height: 14.0 };
            items.push(Item::new(Shape::Rect(behind, 2.0), Paint::tint(Role::Ground, 0.85)));
            items.push(Item::words(words, role));
        };
        write(number::short(x), plot.y + 8.0, Role::Quiet);
        for ((role, value, _), y) in values.iter().zip(places) {
            write(number::short(*value), y, *role);
        }
        items
    }

    /// Which series have intervals.
    fn intervals(&self) -> Vec<bool> {
        let any = |series: &Series| series.points.iter().any(|point| point.interval.is_some());
        self.series.iter().map(any).collect()
    }

    /// A row of the table, of a point of each series.
    fn row<'a>(x: f64, intervals: &[bool], point: impl Fn(usize) -> Option<&'a Point>) -> Vec<Cell> {
        let mut row = vec![Cell::Number(x)];
        for (place, interval) in intervals.iter().enumerate() {
            let point = point(place);
            row.push(Cell::of(point.map(|point| point.y)));
            if *interval {
                let ends = point.and_then(|point| point.interval);
                row.extend([0, 1].map(|end| Cell::of(ends.map(|ends| ends[end]))));
            }
        }
        row
    }

    fn head(&self) -> Vec<String> {
        let across = if self.x.title.is_empty() { "x" } else { &self.x.title };
        let names = self.series.iter().zip(self.intervals()).flat_map(|(series, interval)| {
            let ends = ["", ": from", ": to"].into_iter().take(if interval { 3 } else { 1 });
            ends.map(|end| format!("{}{end}", series.name)).collect::<Vec<_>>()
        });
        std::iter::once(across.to_owned()).chain(names).collect()
    }
}

impl Figure for Lines {
    fn caption(&self) -> &Caption {
        &self.caption
    }

    fn height(&self, width: f64) -> f64 {
        let top = self.caption.heading_height(width);
        frame::height(plot_height(width), |height| self.frame([width, height], top).0)
    }

    fn marked(&self, hit: &Hit, scene: &Scene) -> Option<Scene> {
        let cursor = self.xs().get(hit.row).copied();
        cursor.map(|_| Self { cursor, ..self.clone() }.overlay(scene.width, scene.height))
    }

    fn scene(&self, width: f64, height: f64) -> Scene {
        let (mut scene, top) = self.caption.scene(width, height);
        let (frame, labels) = self.frame([width, height], top);
        frame.draw(&mut scene.items);
        if labels.is_none() {
            legend::draw(&mut scene.items, &self.keys(), top, width);
        }
        let strokes: Vec<Item> = self.series.iter().flat_map(|series| series.strokes(&frame)).collect();
        let drawn = strokes.iter().flat_map(|item| match &item.shape {
            Shape::Lines(lines) => lines.concat(),
            Shape::Marks(_, _, at) => at.clone(),
            _ => vec![],
        });
        let drawn: Vec<[f64; 2]> = drawn.collect();
        let unnamed = labels.is_none().then_some(&drawn[..]);
        let [compared, notes] = references(&frame, &self.x, &self.y, unnamed);
        scene.items.extend(self.series.iter().flat_map(|series| series.spread(&frame)));
        scene.items.extend(compared.into_iter().chain(strokes).chain(notes).chain(labels.into_iter().flatten()));
        scene.items.extend(self.read(&frame));
        let xs = self.xs().into_iter().map(|x| frame.x(x).unwrap_or(frame.plot.x)).collect();
        scene.targets = Targets::Across { plot: frame.plot, xs };
        scene
    }

    fn table(&self) -> Table {
        let sorted = |series: &Series| {
            let mut points: Vec<Point> = series.points.iter().filter(|point| self.shows(point)).copied().collect();
            points.sort_by(|one, other| one.x.total_cmp(&other.x));
            points
        };
        let sorted: Vec<Vec<Point>> = self.series.iter().map(sorted).collect();
        let at = |x: f64, place: usize| {
            let end = sorted[place].partition_point(|point| point.x <= x);
            sorted[place][..end].last().filter(|point| point.x == x)
        };
        let intervals = self.intervals();
        let rows = self.xs().into_iter().map(|x| Self::row(x, &intervals, |place| at(x, place)));
        Table { head: self.head(), rows: rows.collect() }
    }

    fn told(&self, hit: &Hit) -> Vec<[String; 2]> {
        let Some(&x) = self.xs().get(hit.row) else { return vec![] };
        let at = |place: usize| self.series[place].points.iter().rfind(|point| point.x == x && self.shows(point));
        Table { head: self.head(), rows: vec![Self::row(x, &self.intervals(), at)] }.told(0)
    }
}

#[cfg(test)]
mod tests;
