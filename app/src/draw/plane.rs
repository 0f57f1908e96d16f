//! Points in a plane, by classes, with a line that parts them.

use super::{
    axis::Axis,
    figure::{Caption, Figure},
    frame::{self, Frame, Room},
    hit::{Hit, Targets},
    legend::{self, Key, Sample},
    mark::{Dash, Mark},
    reference::references,
    role::Role,
    ruler::Side,
    scene::{Anchor, Item, Paint, Scene, Shape, Words},
    table::{Cell, Table},
    text,
};

/// Points by two of their values.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plane {
    /// What it is called and shows.
    pub caption: Caption,
    /// What lies across.
    pub x: Axis,
    /// What lies upwards.
    pub y: Axis,
    /// What points can be.
    pub classes: Vec<Class>,
    /// Up to some thousands.
    pub points: Vec<Dot>,
    /// A straight line in the values.
    pub cut: Option<Cut>,
}

/// What a point can be.
#[derive(Debug, Clone, PartialEq)]
pub struct Class {
    /// What it is called.
    pub name: String,
    /// Its colour.
    pub role: Role,
    /// Its shape.
    pub mark: Mark,
}

/// A point.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Dot {
    /// Where.
    pub at: [f64; 2],
    /// Its place among the classes.
    pub class: usize,
    /// What it is called.
    pub name: String,
}

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

impl Cut {
    /// The line y = a + b · x.
    pub fn rising(a: f64, b: f64, label: impl Into<String>) -> Self {
        Self { weights: [-b, 1.0], sum: a, label: label.into() }
    }
}

/// More points than this are drawn smaller and let each other shine through.
const MANY: usize = 600;
/// A line is drawn in so many parts: on a logarithmic axis it bends.
const PARTS: usize = 96;

impl Plane {
    fn class(&self, dot: &Dot) -> Option<&Class> {
        self.classes.get(dot.class)
    }

    fn size(&self) -> f64 {
        if self.points.len() > MANY { 2.0 } else { 3.5 }
    }

    fn keys(&self) -> Vec<Key> {
        let key =
            |class: &Class| Key { name: class.name.clone(), role: class.role, sample: Sample::Mark(class.mark, 4.0) };
        if self.classes.len() > 1 { self.classes.iter().map(key).collect() } else { vec![] }
    }

    fn frame(&self, size: [f64; 2], top: f64) -> Frame<'_> {
        let known = || self.points.iter().filter(|dot| self.x.shows(dot.at[0]) && self.y.shows(dot.at[1]));
        let across = self.x.domain(known().map(|dot| dot.at[0]), 0.04);
        let up = self.y.domain(known().map(|dot| dot.at[1]), 0.04);
        let below = Side::Values { axis: &self.x, domain: across, grid: true };
        let left = Side::Values { axis: &self.y, domain: up, grid: true };
        let top = top + legend::height(&self.keys(), size[0]);
        Frame::new(&Room { size, top, right: 12.0, below, left })
    }

    fn dots(&self, frame: &Frame) -> Vec<Option<[f64; 2]>> {
        let plot = frame.plot.grown(0.5);
        self.points.iter().map(|dot| frame.at(dot.at).filter(|at| plot.holds(*at))).collect()
    }

    /// The line, and what is written at one of its ends.
    fn line(&self, frame: &Frame) -> Vec<Item> {
        let Some(cut) = &self.cut else { return vec![] };
        let [[left, right], [low, high]] = frame.domains();
        let [a, b] = cut.weights;
        // Along the axis that the line crosses at the greater angle.
        let steep = (a * (right - left)).abs() > (b * (high - low)).abs();
        let [from, to] = if steep { [low, high] } else { [left, right] };
        let logarithmic = if steep { self.y.logarithmic } else { self.x.logarithmic };
        let along = |part: usize| {
            let share = part as f64 / PARTS as f64;
            if logarithmic { from * (to / from).powf(share) } else { from + share * (to - from) }
        };
        let at = |value: f64| match steep {
            true => [(cut.sum - b * value) / a, value],
            false => [value, (cut.sum - a * value) / b],
        };
        let parts = if self.x.logarithmic || self.y.logarithmic { 1 } else { PARTS };
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
        let label = upper.filter(|_| !cut.label.is_empty()).map(|[x, y]| {
            let plot = &frame.plot;
            let wide = text::width(&cut.label, text::SIZE);
            let y = (y - 4.0).clamp(plot.y + 12.0, plot.bottom() - 6.0);
            let (x, anchor) = match falls {
                true => ((x + 10.0).min(plot.right() - wide), Anchor::Start),
                false => ((x - 10.0).max(plot.x + wide), Anchor::End),
            };
            Item::words(Words::new(&cut.label, [x, y], anchor).halo(), Role::Quiet)
        });
        let line =
            (!lines.is_empty()).then(|| Item::new(Shape::Lines(lines), Paint::line(Role::Quiet, 1.5, Dash::Short)));
        line.into_iter().chain(label).collect()
    }

    fn row(&self, dot: &Dot) -> Vec<Cell> {
        let class = self.class(dot).map_or(Cell::Nothing, |class| Cell::Text(class.name.clone()));
        let [x, y] = dot.at.map(|value| Cell::of(Some(value)));
        vec![Cell::Text(dot.name.clone()), x, y, class]
    }

    fn head(&self) -> Vec<String> {
        let title = |axis: &Axis, name: &str| if axis.title.is_empty() { name.to_owned() } else { axis.title.clone() };
        vec!["point".into(), title(&self.x, "x"), title(&self.y, "y"), "class".into()]
    }
}

impl Figure for Plane {
    fn caption(&self) -> &Caption {
        &self.caption
    }

    fn height(&self, width: f64) -> f64 {
        let top = self.caption.heading_height(width);
        frame::height((0.6 * width).clamp(180.0, 400.0), |height| self.frame([width, height], top))
    }

    fn scene(&self, width: f64, height: f64) -> Scene {
        let (mut scene, top) = self.caption.scene(width, height);
        let keys = self.keys();
        let frame = self.frame([width, height], top);
        frame.draw(&mut scene.items);
        legend::draw(&mut scene.items, &keys, top, width);
        let dots = self.dots(&frame);
        let drawn: Vec<[f64; 2]> = dots.iter().flatten().copied().collect();
        let [lines, labels] = references(&frame, &self.x, &self.y, Some(&drawn));
        scene.items.extend(lines);
        for (place, class) in self.classes.iter().enumerate() {
            let of = self.points.iter().zip(&dots).filter(|(dot, _)| dot.class == place).filter_map(|(_, at)| *at);
            let mut paint = Paint::mark(class.role, class.mark);
            if let Some((role, share)) = &mut paint.fill
                && *role != Role::Ground
                && self.points.len() > MANY
            {
                *share = 0.6;
            }
            scene.items.push(Item::new(Shape::Marks(class.mark, self.size(), of.collect()), paint));
        }
        scene.items.extend(self.line(&frame));
        scene.items.extend(labels);
        scene.targets = Targets::Points(dots);
        scene
    }

    fn table(&self) -> Table {
        Table { head: self.head(), rows: self.points.iter().map(|dot| self.row(dot)).collect() }
    }

    fn told(&self, hit: &Hit) -> Vec<[String; 2]> {
        let rows = self.points.get(hit.row).map(|dot| self.row(dot)).into_iter().collect();
        Table { head: self.head(), rows }.told(0)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::svg::Look, *};

    fn plane(points: &[[f64; 2]]) -> Plane {
        let class = |name: &str, role: Role| Class { name: name.into(), role, mark: role.mark() };
        let dot = |(place, at): (usize, &[f64; 2])| Dot { at: *at, class: place % 2, name: format!("head {place}") };
        Plane {
            caption: Caption::new("Heads", "By both scores."),
            x: Axis::new("expressive").between(0.0, 1.0),
            y: Axis::new("friendly").between(0.0, 1.0),
            classes: vec![class("stays", Role::Student), class("goes", Role::Control)],
            points: points.iter().enumerate().map(dot).collect(),
            cut: None,
        }
    }

    #[test]
    fn the_nearest_point_is_told() {
        let plane = plane(&[[0.2, 0.3], [0.8, 0.9], [f64::NAN, 0.0]]);
        let scene = plane.scene(400.0, 300.0);
        let at = scene.target(1, 0).unwrap().at;
        let hit = scene.hit([at[0] + 3.0, at[1] - 3.0]).unwrap();
        let wanted = [["point", "head 1"], ["expressive", "0.8"], ["friendly", "0.9"], ["class", "goes"]];
        assert_eq!(plane.told(&hit), wanted.map(|pair| pair.map(String::from)));
        assert_eq!(scene.target(2, 0), None);
    }

    #[test]
    fn the_cut_goes_from_edge_to_edge() {
        let ends = |cut: Cut, logarithmic: bool| {
            let mut plane = Plane { cut: Some(cut), ..plane(&[]) };
            (plane.x.logarithmic, plane.y.logarithmic) = (logarithmic, logarithmic);
            let low = if logarithmic { 0.01 } else { 0.0 };
            let side = |axis| Side::Values { axis, domain: [low, 1.0], grid: false };
            let size = [400.0, 300.0];
            let frame = Frame::new(&Room { size, top: 0.0, right: 12.0, below: side(&plane.x), left: side(&plane.y) });
            let items = plane.line(&frame);
            let plot = frame.plot;
            let Some(Shape::Lines(lines)) = items.first().map(|item| item.shape.clone()) else { return None };
            let share = |[x, y]: [f64; 2]| [(x - plot.x) / plot.width, (plot.bottom() - y) / plot.height];
            let round = |at: [f64; 2]| at.map(|value| (value * 1000.0).round() / 1000.0);
            Some([round(share(lines[0][0])), round(share(*lines[0].last()?))])
        };
        // x / 2 + y / 2 = 1/4 from (0, 1/2) to (1/2, 0).
        let cut = |weights, sum| Cut { weights, sum, label: String::new() };
        assert_eq!(ends(cut([0.5, 0.5], 0.25), false), Some([[0.0, 0.5], [0.5, 0.0]]));
        assert_eq!(ends(cut([1.0, 0.0], 0.3), false), Some([[0.3, 0.0], [0.3, 1.0]]));
        assert_eq!(ends(cut([0.0, 1.0], 5.0), false), None);
        assert_eq!(ends(Cut::rising(0.25, 0.5, ""), false), Some([[0.0, 0.25], [1.0, 0.75]]));
        // y = x is straight between logarithms, too.
        assert_eq!(ends(Cut::rising(0.0, 1.0, ""), true), Some([[0.0, 0.0], [1.0, 1.0]]));
    }

    #[test]
    fn odd_points_are_left_out() {
        for points in
            [&[][..], &[[0.5, 0.5]], &[[f64::NAN, 1.0], [f64::INFINITY, 0.0]], &[[-1.0, 0.0], [1e200, 1e-200]]]
        {
            for logarithmic in [false, true] {
                let mut plane = plane(points);
                (plane.x, plane.y) = (Axis::new("x"), Axis { logarithmic, ..Axis::new("y") });
                plane.cut = Some(Cut::rising(0.0, 1.0, "even"));
                let svg = plane.scene(280.0, 240.0).svg("f", Look::Page);
                assert!(!svg.contains("NaN") && !svg.contains("inf"), "{points:?}: {svg}");
            }
        }
    }

    #[test]
    fn five_thousand_points_are_a_few_bytes_each() {
        let points: Vec<[f64; 2]> =
            (0..5000).map(|place| [f64::from(place) / 5000.0, f64::from(place % 71) / 71.0]).collect();
        assert!(plane(&points).scene(640.0, 400.0).svg("f", Look::Page).len() < 5000 * 48);
    }
}
