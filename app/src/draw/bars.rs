//! Bars in groups, upright or level.

use super::{
    axis::Axis,
    block::block,
    ends,
    figure::{Caption, Figure, plot_height},
    frame::{self, Frame, Room},
    geometry::Rect,
    hit::Targets,
    legend::{self, Key, Sample},
    mark::Dash,
    reference::references,
    role::Role,
    ruler::{Side, slot},
    scene::{Item, Paint, Scene, Shape},
    series::whisker,
    table::{Cell, Table},
};

/// Bars from zero, a group for each name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bars {
    /// What it is called and shows.
    pub caption: Caption,
    /// What the bars measure. Its references lie across the bars.
    pub axis: Axis,
    /// What the groups are; may be empty.
    pub title: String,
    /// Names of the groups.
    pub groups: Vec<String>,
    /// A bar for every group.
    pub columns: Vec<Column>,
    /// Bars go to the right and groups downwards: for long names.
    pub level: bool,
}

/// The bars of one kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// What it is called.
    pub name: String,
    /// Its colour and its hatching.
    pub role: Role,
    /// One for every group.
    pub values: Vec<Value>,
}

/// A value, perhaps with an interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Value {
    /// What is not a finite number has no bar.
    pub value: f64,
    /// From where to where it may lie.
    pub interval: Option<[f64; 2]>,
}

impl Value {
    /// A value without an interval.
    pub fn new(value: f64) -> Self {
        Self { value, interval: None }
    }
}

/// How much of a slot its bars take.
const SHARE: f64 = 0.72;
/// The widest bar in pixels.
const WIDEST: f64 = 44.0;

impl Bars {
    fn keys(&self) -> Vec<Key> {
        if self.columns.len() < 2 {
            return vec![];
        }
        let key = |column: &Column| Key { name: column.name.clone(), role: column.role, sample: Sample::Block };
        self.columns.iter().map(key).collect()
    }

    fn frame(&self, size: [f64; 2], top: f64) -> Frame<'_> {
        let values = self.columns.iter().flat_map(|column| &column.values).filter(|value| value.value.is_finite());
        let all = values.flat_map(|value| std::iter::once(value.value).chain(value.interval.into_iter().flatten()));
        let all = all.chain(self.axis.references.iter().map(|reference| reference.at));
        let reach = all.filter(|value| self.axis.shows(*value));
        let reach = reach.fold([0.0_f64; 2], |[low, high], value| [low.min(value), high.max(value)]);
        let domain = match (self.axis.range, reach) {
            (Some(range), _) => range,
            (None, [0.0, 0.0]) => [0.0, 1.0],
            (None, ends) => ends.map(|end| 1.05 * end),
        };
        let values = Side::Values { axis: &self.axis, domain, grid: true };
        let names = Side::Names { title: &self.title, names: &self.groups };
        let [below, left] = if self.level { [values, names] } else { [names, values] };
        let top = top + legend::height(&self.keys(), size[0]);
        let named = self.axis.references.iter().map(|reference| &reference.label[..]);
        let right = ends::room(named, size[0]).filter(|_| !self.level).unwrap_or(12.0);
        Frame::new(&Room { size, top, right, below, left })
    }

    /// A bar, and the strokes of its interval.
    fn bar(&self, frame: &Frame, group: usize, column: usize) -> Option<(Rect, Vec<Vec<[f64; 2]>>)> {
        let value = self.columns.get(column)?.values.get(group)?;
        let slot = if self.level { frame.plot.height } else { frame.plot.width } / self.groups.len() as f64;
        let count = self.columns.len() as f64;
        let wide = (SHARE * slot / count).min(WIDEST);
        let start = if self.level { frame.plot.y } else { frame.plot.x };
        let from = start + slot * (group as f64 + 0.5) + wide * (column as f64 - count / 2.0);
        let gap = if wide > 6.0 { 1.0 } else { 0.0 };
        let along = |value: f64| match self.level {
            true => frame.within([value, 0.0]).map(|at| at[0]),
            false => frame.within([0.0, value]).map(|at| at[1]),
        };
        let point = |along: f64, across: f64| if self.level { [along, across] } else { [across, along] };
        let [zero, end] = [along(0.0)?, along(value.value)?];
        let rect = Rect::between(point(zero, from + gap), point(end, from + wide - gap));
        let middle = from + wide / 2.0;
        let ends = value.interval.and_then(|[low, high]| Some([along(low)?, along(high)?]));
        let interval = ends.map(|[low, high]| whisker(point(low, middle), point(high, middle)));
        Some((rect, interval.unwrap_or_default()))
    }
}

impl Figure for Bars {
    fn caption(&self) -> &Caption {
        &self.caption
    }

    fn height(&self, width: f64) -> f64 {
        let row = (18.0 * self.columns.len() as f64 + 14.0).max(slot(&self.groups, width));
        let plot = if self.level { row * self.groups.len().max(1) as f64 } else { plot_height(width) };
        let top = self.caption.heading_height(width);
        frame::height(plot, |height| self.frame([width, height], top))
    }

    fn scene(&self, width: f64, height: f64) -> Scene {
        let (mut scene, top) = self.caption.scene(width, height);
        let keys = self.keys();
        let frame = self.frame([width, height], top);
        frame.draw(&mut scene.items);
        legend::draw(&mut scene.items, &keys, top, width);
        let (mut halos, mut intervals, mut tips) = (vec![], vec![], vec![]);
        for group in 0..self.groups.len() {
            for (place, column) in self.columns.iter().enumerate() {
                let Some((rect, interval)) = self.bar(&frame, group, place) else { continue };
                scene.items.extend(block(rect, column.role));
                tips.push(rect);
                halos.extend(interval.first().cloned());
                intervals.extend(interval);
            }
        }
        if !intervals.is_empty() {
            let line = |width, role| Paint::line(role, width, Dash::Solid);
            scene.items.push(Item::new(Shape::Lines(halos), line(3.0, Role::Ground)));
            scene.items.push(Item::new(Shape::Lines(intervals), line(1.25, Role::Ink)));
        }
        let corners: Vec<[f64; 2]> = tips.iter().flat_map(|rect| [[rect.x, rect.y], [rect.right(), rect.y]]).collect();
        let none = Axis::default();
        let [below, left] = if self.level { [&self.axis, &none] } else { [&none, &self.axis] };
        let named = if self.level { None } else { ends::names(&frame.plot, &ends::compared(&frame)) };
        let named = named.filter(|_| frame.plot.right() < width - 12.5);
        let corners = named.is_none().then_some(&corners[..]);
        scene.items.extend(references(&frame, below, left, corners).into_iter().flatten());
        scene.items.extend(named.into_iter().flatten());
        let slot = |group: usize| {
            let share = 1.0 / self.groups.len() as f64;
            let plot = frame.plot;
            match self.level {
                true => Rect { y: plot.y + plot.height * share * group as f64, height: plot.height * share, ..plot },
                false => Rect { x: plot.x + plot.width * share * group as f64, width: plot.width * share, ..plot },
            }
        };
        scene.targets = Targets::Boxes((0..self.groups.len()).map(slot).collect());
        scene
    }

    fn table(&self) -> Table {
        let whole = |column: &Column| column.values.iter().any(|value| value.interval.is_some());
        let mut head = vec![self.title.clone()];
        for column in &self.columns {
            head.push(column.name.clone());
            if whole(column) {
                head.extend([": from", ": to"].map(|end| format!("{}{end}", column.name)));
            }
        }
        let row = |(group, name): (usize, &String)| {
            let mut row = vec![Cell::Text(name.clone())];
            for column in &self.columns {
                let value = column.values.get(group);
                row.push(Cell::of(value.map(|value| value.value)));
                if whole(column) {
                    let ends = value.and_then(|value| value.interval);
                    row.extend([0, 1].map(|end| Cell::of(ends.map(|ends| ends[end]))));
                }
            }
            row
        };
        Table { head, rows: self.groups.iter().enumerate().map(row).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::svg::Look, *};

    fn bars(values: &[f64]) -> Bars {
        let column = |name: &str, role, times: f64| {
            let values = values.iter().map(|value| Value::new(times * value)).collect();
            Column { name: name.into(), role, values }
        };
        Bars {
            caption: Caption::new("Rouge", "By recipe."),
            axis: Axis::new("ROUGE-L"),
            groups: (0..values.len()).map(|place| format!("recipe {place}")).collect(),
            columns: vec![column("student", Role::Student, 1.0), column("control", Role::Control, 0.5)],
            ..Bars::default()
        }
    }

    #[test]
    fn bars_begin_at_zero_and_are_as_long_as_their_values() {
        for level in [false, true] {
            let bars = Bars { level, ..bars(&[10.0, -20.0]) };
            let frame = bars.frame([400.0, 300.0], 0.0);
            let long = |group, column| {
                let (rect, _) = bars.bar(&frame, group, column).unwrap();
                if level { rect.width } else { rect.height }
            };
            assert!((long(1, 0) - 2.0 * long(0, 0)).abs() < 1e-9 && (long(0, 0) - 2.0 * long(0, 1)).abs() < 1e-9);
        }
        let bars = bars(&[10.0]);
        let frame = bars.frame([400.0, 300.0], 0.0);
        let (rect, _) = bars.bar(&frame, 0, 0).unwrap();
        assert_eq!(rect.bottom(), frame.plot.bottom());
    }

    #[test]
    fn a_group_is_hit_as_a_whole_and_tells_all_its_bars() {
        let mut bars = bars(&[1.0, 2.0]);
        bars.columns[0].values[1].interval = Some([1.5, 2.5]);
        let scene = bars.scene(400.0, 300.0);
        let hit = scene.hit([300.0, 100.0]).unwrap();
        let told = bars.told(&hit);
        assert_eq!(
            told[1..],
            [["student", "2"], ["student: from", "1.5"], ["student: to", "2.5"], ["control", "1"]]
                .map(|pair| pair.map(String::from))
        );
    }

    #[test]
    fn odd_values_are_bars_too() {
        for values in [&[][..], &[0.0], &[f64::NAN, 1.0], &[f64::INFINITY], &[-3.0, -2.0], &[1e-9], &[1e12]] {
            for level in [false, true] {
                let bars = Bars { level, ..bars(values) };
                let svg = bars.scene(280.0, bars.height(280.0)).svg("f", Look::Page);
                assert!(!svg.contains("NaN") && !svg.contains("inf"), "{values:?}: {svg}");
                assert_eq!(bars.table().rows.len(), values.len());
            }
        }
    }
}
