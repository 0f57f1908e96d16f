//! Histograms of one or more sets of values over the same bins.

use super::{
    axis::Axis,
    figure::{Caption, Figure, plot_height},
    frame::{self, Frame, Room},
    geometry::Rect,
    hit::Targets,
    legend::{self, Key, Sample},
    mark::Dash,
    reference::references,
    role::Role,
    ruler::Side,
    scene::{Item, Paint, Scene, Shape},
    table::{Cell, Table},
};

/// How many values lie in which bin.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Histogram {
    /// What it is called and shows.
    pub caption: Caption,
    /// What is counted.
    pub x: Axis,
    /// In what: `words`, `share of the words, %`.
    pub y: Axis,
    /// Edges of the bins in rising order, one more than there are bins.
    pub edges: Vec<f64>,
    /// The first is filled, the others are outlined.
    pub counts: Vec<Counts>,
}

/// One set of values, counted.
#[derive(Debug, Clone, PartialEq)]
pub struct Counts {
    /// What it is called.
    pub name: String,
    /// Its colour and dashes.
    pub role: Role,
    /// One for every bin.
    pub counts: Vec<f64>,
}

impl Histogram {
    /// So many bins of equal width over values, and how many of each set lie in them. What is no finite number is not
    /// counted; the highest value is in the last bin.
    pub fn counted(sets: &[(&str, Role, &[f64])], bins: usize) -> Self {
        let all = || sets.iter().flat_map(|(_, _, values)| *values).copied();
        let [low, high] = Axis::default().domain(all(), 0.0);
        let bins = bins.max(1);
        let width = (high - low) / bins as f64;
        let counts = sets.iter().map(|(name, role, values)| {
            let mut counts = vec![0.0; bins];
            for value in values.iter().filter(|value| (low..=high).contains(*value)) {
                counts[(((value - low) / width) as usize).min(bins - 1)] += 1.0;
            }
            Counts { name: (*name).to_owned(), role: *role, counts }
        });
        let edges = (0..=bins).map(|edge| low + width * edge as f64).collect();
        Self { edges, counts: counts.collect(), ..Self::default() }
    }

    fn bins(&self) -> usize {
        self.edges.len().saturating_sub(1)
    }

    fn keys(&self) -> Vec<Key> {
        if self.counts.len() < 2 {
            return vec![];
        }
        let sample = |place: usize, role: Role| if place == 0 { Sample::Area } else { Sample::Line(role.dash(), None) };
        let key = |(place, counts): (usize, &Counts)| Key {
            name: counts.name.clone(),
            role: counts.role,
            sample: sample(place, counts.role),
        };
        self.counts.iter().enumerate().map(key).collect()
    }

    fn frame(&self, size: [f64; 2], top: f64) -> Frame<'_> {
        let across = self.x.domain(self.edges.iter().copied(), 0.0);
        let most = self.counts.iter().flat_map(|counts| &counts.counts).copied().filter(|count| self.y.shows(*count));
        let most = most.fold(0.0, f64::max);
        let up = self.y.range.unwrap_or([0.0, if most > 0.0 { 1.05 * most } else { 1.0 }]);
        let below = Side::Values { axis: &self.x, domain: across, grid: false };
        let left = Side::Values { axis: &self.y, domain: up, grid: true };
        let top = top + legend::height(&self.keys(), size[0]);
        Frame::new(&Room { size, top, right: 12.0, below, left })
    }

    /// The outline of a set: up at a bin's left edge, and down at its right one.
    fn outline(&self, frame: &Frame, counts: &Counts) -> Vec<[f64; 2]> {
        let mut points = vec![];
        points.extend(self.edges.first().and_then(|edge| frame.at([*edge, 0.0])));
        for bin in 0..self.bins() {
            let count = counts.counts.get(bin).copied().filter(|count| count.is_finite()).unwrap_or(0.0);
            points.extend([bin, bin + 1].into_iter().filter_map(|edge| frame.within([self.edges[edge], count])));
        }
        points.extend(self.edges.last().and_then(|edge| frame.at([*edge, 0.0])));
        points
    }
}

impl Figure for Histogram {
    fn caption(&self) -> &Caption {
        &self.caption
    }

    fn height(&self, width: f64) -> f64 {
        let top = self.caption.heading_height(width);
        frame::height(plot_height(width), |height| self.frame([width, height], top))
    }

    fn scene(&self, width: f64, height: f64) -> Scene {
        let (mut scene, top) = self.caption.scene(width, height);
        let keys = self.keys();
        let frame = self.frame([width, height], top);
        frame.draw(&mut scene.items);
        legend::draw(&mut scene.items, &keys, top, width);
        let mut drawn = vec![];
        for (place, counts) in self.counts.iter().enumerate() {
            let outline = self.outline(&frame, counts);
            if place == 0 {
                scene.items.push(Item::new(Shape::Area(outline.clone()), Paint::tint(counts.role, 0.3)));
            }
            let dash = if place == 0 { Dash::Solid } else { counts.role.dash() };
            let width = if place == 0 { 1.25 } else { 2.0 };
            scene.items.push(Item::line(outline.clone(), Paint::line(counts.role, width, dash)));
            drawn.extend(outline);
        }
        scene.items.extend(references(&frame, &self.x, &self.y, Some(&drawn)).into_iter().flatten());
        let bin = |bin: usize| {
            let [left, right] =
                [bin, bin + 1].map(|edge| frame.within([self.edges[edge], 0.0]).map_or(frame.plot.x, |at| at[0]));
            Rect { x: left, width: right - left, ..frame.plot }
        };
        scene.targets = Targets::Boxes((0..self.bins()).map(bin).collect());
        scene
    }

    fn table(&self) -> Table {
        let title = if self.x.title.is_empty() { "value" } else { &self.x.title };
        let head = ["from", "to"].map(|end| format!("{title}: {end}"));
        let head = head.into_iter().chain(self.counts.iter().map(|counts| counts.name.clone())).collect();
        let row = |bin: usize| {
            let edges = [self.edges[bin], self.edges[bin + 1]].map(Cell::Number);
            edges
                .into_iter()
                .chain(self.counts.iter().map(|counts| Cell::of(counts.counts.get(bin).copied())))
                .collect()
        };
        Table { head, rows: (0..self.bins()).map(row).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::svg::Look, *};

    #[test]
    fn values_are_counted_in_bins_of_equal_width() {
        let sets: [(&str, Role, &[f64]); 2] =
            [("a", Role::Teacher, &[0.0, 1.0, 1.5, 4.0, f64::NAN]), ("b", Role::Student, &[2.0, 3.9])];
        let histogram = Histogram::counted(&sets, 4);
        assert_eq!(histogram.edges, [0.0, 1.0, 2.0, 3.0, 4.0]);
        assert_eq!(histogram.counts[0].counts, [1.0, 2.0, 0.0, 1.0]);
        assert_eq!(histogram.counts[1].counts, [0.0, 0.0, 1.0, 1.0]);
        assert_eq!(histogram.table().csv().lines().nth(2), Some("1,2,2,0"));
    }

    #[test]
    fn a_bin_is_hit() {
        let histogram = Histogram::counted(&[("a", Role::Teacher, &[0.0, 1.0, 1.5, 4.0])], 4);
        let scene = histogram.scene(400.0, 200.0);
        let plot = scene.target(0, 0).unwrap();
        assert_eq!(scene.hit(plot.at).unwrap().row, 0);
        assert_eq!(histogram.told(&scene.target(1, 0).unwrap())[2], ["a", "2"].map(String::from));
    }

    #[test]
    fn of_nothing_and_of_one_value_it_is_drawn_too() {
        for values in [&[][..], &[3.0], &[f64::NAN], &[0.0, 0.0]] {
            let svg = Histogram::counted(&[("a", Role::Third, values)], 8).scene(280.0, 220.0).svg("f", Look::Page);
            assert!(svg.ends_with("</svg>") && !svg.contains("NaN"), "{svg}");
        }
        let svg = Histogram::default().scene(280.0, 220.0).svg("f", Look::Page);
        assert!(!svg.contains("NaN"), "{svg}");
    }
}
