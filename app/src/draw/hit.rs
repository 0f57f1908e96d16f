//! What lies under a pointer, and what beside it: for hovering, and for a cursor moved by keys.

use super::{
    geometry::Rect,
    mark::{Dash, Mark},
    role::Role,
    scene::{Item, Paint, Scene, Shape},
};

/// Something pointed at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// Its row in the figure's table.
    pub row: usize,
    /// Its column among the values of that row; 0 where rows are pointed at as a whole.
    pub column: usize,
    /// Its middle in pixels.
    pub at: [f64; 2],
}

/// What of a scene can be pointed at.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Targets {
    /// Nothing.
    #[default]
    None,
    /// The nearest of upright lines, one for each row, from left to right.
    Across {
        /// Where lines are.
        plot: Rect,
        /// Their pixels, none less than the one before.
        xs: Vec<f64>,
    },
    /// The nearest point, one for each row; what is not drawn has none.
    Points(Vec<Option<[f64; 2]>>),
    /// Rectangles, one for each row.
    Boxes(Vec<Rect>),
    /// Equal cells.
    Cells {
        /// All of them together.
        plot: Rect,
        /// From top to bottom.
        rows: usize,
        /// From left to right.
        columns: usize,
    },
}

/// How far from a point a pointer may be, in pixels.
const REACH: f64 = 24.0;

impl Scene {
    /// What lies at a place, or nearest to it.
    pub fn hit(&self, [x, y]: [f64; 2]) -> Option<Hit> {
        match &self.targets {
            Targets::None => None,
            Targets::Across { plot, xs } => {
                let next = xs.partition_point(|at| *at < x);
                let near = [next.checked_sub(1), Some(next)].into_iter().flatten().filter(|row| *row < xs.len());
                let row = near.min_by(|a, b| (xs[*a] - x).abs().total_cmp(&(xs[*b] - x).abs()))?;
                plot.grown(REACH).holds([x, y]).then(|| self.target(row, 0)).flatten()
            }
            Targets::Points(points) => {
                let far = |[px, py]: [f64; 2]| (px - x).hypot(py - y);
                let near = points.iter().enumerate().filter_map(|(row, at)| at.map(|at| (row, far(at))));
                let (row, far) = near.min_by(|(_, a), (_, b)| a.total_cmp(b))?;
                (far <= REACH).then(|| self.target(row, 0)).flatten()
            }
            Targets::Boxes(boxes) => self.target(boxes.iter().position(|rect| rect.holds([x, y]))?, 0),
            Targets::Cells { plot, rows, columns } => {
                let place = |share: f64, of: usize| ((share * of as f64) as usize).min(of.saturating_sub(1));
                plot.holds([x, y]).then(|| {
                    let row = place((y - plot.y) / plot.height, *rows);
                    self.target(row, place((x - plot.x) / plot.width, *columns))
                })?
            }
        }
    }

    /// The target of a row, and a column where there are any.
    pub fn target(&self, row: usize, column: usize) -> Option<Hit> {
        let at = match &self.targets {
            Targets::None => None,
            Targets::Across { plot, xs } => xs.get(row).map(|x| [*x, plot.middle()[1]]),
            Targets::Points(points) => points.get(row).copied().flatten(),
            Targets::Boxes(boxes) => boxes.get(row).map(Rect::middle),
            Targets::Cells { plot, rows, columns } => (row < *rows && column < *columns).then(|| {
                let middle = |place: usize, of: usize| (place as f64 + 0.5) / of as f64;
                [plot.x + plot.width * middle(column, *columns), plot.y + plot.height * middle(row, *rows)]
            }),
        };
        at.map(|at| Hit { row, column, at })
    }

    /// Where a cursor is after so many moves to the right and down; from nowhere, at the first target. In cells both
    /// ways count, elsewhere either way goes to the next or to the one before.
    pub fn moved(&self, from: Option<&Hit>, right: isize, down: isize) -> Option<Hit> {
        let Some(from) = from else { return self.drawn(0, 1) };
        let place = |from: usize, by: isize, of: usize| from.saturating_add_signed(by).min(of.saturating_sub(1));
        match &self.targets {
            Targets::None => None,
            Targets::Cells { rows, columns, .. } => {
                self.target(place(from.row, down, *rows), place(from.column, right, *columns))
            }
            Targets::Across { xs, .. } => self.target(place(from.row, right + down, xs.len()), 0),
            Targets::Boxes(boxes) => self.target(place(from.row, right + down, boxes.len()), 0),
            Targets::Points(points) => {
                let to = place(from.row, right + down, points.len());
                self.drawn(to, (right + down).signum()).or(Some(*from))
            }
        }
    }

    /// Only a line or a frame about a target, to lie over the scene.
    pub fn ringed(&self, hit: &Hit) -> Option<Self> {
        let paint = Paint::line(Role::Ink, 1.5, Dash::Solid);
        let item = match &self.targets {
            Targets::None => return None,
            Targets::Across { plot, .. } => Item::line(vec![[hit.at[0], plot.y], [hit.at[0], plot.bottom()]], paint),
            Targets::Points(_) => Item::new(Shape::Marks(Mark::Ring, 7.0, vec![hit.at]), paint),
            Targets::Boxes(boxes) => Item::new(Shape::Rects(vec![*boxes.get(hit.row)?]), paint),
            Targets::Cells { plot, rows, columns } => {
                let [width, height] = [plot.width / *columns as f64, plot.height / *rows as f64];
                let [x, y] = [hit.at[0] - width / 2.0, hit.at[1] - height / 2.0];
                Item::new(Shape::Rects(vec![Rect { x, y, width, height }]), paint)
            }
        };
        Some(Self { items: vec![item], targets: Targets::None, ..self.clone() })
    }

    /// The first target that there is from a row on, in a direction.
    fn drawn(&self, row: usize, way: isize) -> Option<Hit> {
        let Targets::Points(points) = &self.targets else { return self.target(row, 0) };
        let rows = std::iter::successors(Some(row), |row| row.checked_add_signed(way).filter(|_| way != 0));
        rows.take_while(|row| *row < points.len()).find_map(|row| self.target(row, 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLOT: Rect = Rect { x: 0.0, y: 0.0, width: 100.0, height: 40.0 };

    fn scene(targets: Targets) -> Scene {
        Scene { targets, ..Scene::default() }
    }

    fn row(hit: Option<Hit>) -> Option<usize> {
        hit.map(|hit| hit.row)
    }

    #[test]
    fn the_nearest_line_is_hit() {
        let scene = scene(Targets::Across { plot: PLOT, xs: vec![0.0, 10.0, 100.0] });
        assert_eq!([-5.0, 4.0, 6.0, 54.0, 56.0].map(|x| row(scene.hit([x, 20.0]))), [0, 0, 1, 1, 2].map(Some));
        assert_eq!(scene.hit([50.0, 90.0]), None);
        assert_eq!(scene.hit([6.0, 3.0]).unwrap().at, [10.0, 20.0]);
    }

    #[test]
    fn points_out_of_reach_are_not_hit() {
        let scene = scene(Targets::Points(vec![Some([0.0, 0.0]), None, Some([30.0, 0.0])]));
        assert_eq!(row(scene.hit([16.0, 0.0])), Some(2));
        // 30 − 24 is the least x that reaches the second.
        assert_eq!(scene.hit([60.0, 0.0]), None);
        // Keys pass over what is not drawn.
        let first = scene.moved(None, 0, 0);
        let second = scene.moved(first.as_ref(), 1, 0);
        assert_eq!([row(first), row(second), row(scene.moved(second.as_ref(), 1, 0))], [0, 2, 2].map(Some));
        assert_eq!(row(scene.moved(second.as_ref(), -1, 0)), Some(0));
    }

    #[test]
    fn cells_have_rows_and_columns() {
        let scene = scene(Targets::Cells { plot: PLOT, rows: 2, columns: 4 });
        // 30 / 25 and 25 / 20 are in the second column and row.
        let hit = scene.hit([30.0, 25.0]).unwrap();
        assert_eq!((hit.row, hit.column, hit.at), (1, 1, [37.5, 30.0]));
        let moved = scene.moved(Some(&hit), 9, -1).unwrap();
        assert_eq!((moved.row, moved.column), (0, 3));
        assert_eq!(row(scene.hit([100.0, 40.0])), Some(1));
    }

    #[test]
    fn of_nothing_nothing_is_hit() {
        for targets in [
            Targets::None,
            Targets::Across { plot: PLOT, xs: vec![] },
            Targets::Points(vec![]),
            Targets::Boxes(vec![]),
            Targets::Cells { plot: PLOT, rows: 0, columns: 0 },
        ] {
            let scene = scene(targets);
            assert_eq!((scene.hit([1.0, 1.0]), scene.moved(None, 1, 0)), (None, None));
        }
    }
}
