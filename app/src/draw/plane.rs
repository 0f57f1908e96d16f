//! Points in a plane, by classes, with a line that parts them.

use super::{
    axis::Axis,
    cut::Cut,
    figure::{Caption, Figure},
    frame::{self, Frame, Room},
    hit::{Hit, Targets},
    legend::{self, Key, Sample},
    mark::Mark,
    reference::references,
    role::Role,
    ruler::Side,
    scene::{Item, Paint, Scene, Shape},
    table::{Cell, Table},
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

/// More points than this are drawn smaller and let each other shine through.
const MANY: usize = 600;

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
        scene.items.extend(self.cut.iter().flat_map(|cut| cut.draw(&frame)));
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
