//! Stages of a procedure: boxes with arrows from each to the next, in as many rows as they need.

use super::{
    figure::{Caption, Figure},
    geometry::Rect,
    hit::Targets,
    mark::Dash,
    role::Role,
    scene::{Anchor, Item, Paint, Scene, Shape, Words},
    table::{Cell, Table},
    text,
};

/// Stages, one after the other.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Boxes {
    /// What it is called and shows.
    pub caption: Caption,
    /// From the first to the last.
    pub stages: Vec<Stage>,
}

/// A stage.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// A word or two.
    pub title: String,
    /// What is done there; may be empty.
    pub text: String,
    /// The colour of its edge.
    pub role: Role,
}

impl Stage {
    /// A stage of no particular colour.
    pub fn new(title: impl Into<String>, text: impl Into<String>) -> Self {
        Self { title: title.into(), text: text.into(), role: Role::Quiet }
    }
}

/// The narrowest and the widest box in pixels.
const WIDTHS: [f64; 2] = [128.0, 216.0];
/// Between boxes of a row, and between rows, in pixels: an arrow's length.
const GAPS: [f64; 2] = [34.0, 34.0];
/// Between a box's edge and its text, in pixels.
const PAD: f64 = 12.0;

/// A box with its text as it is broken into lines.
struct Laid {
    rect: Rect,
    title: Vec<String>,
    text: Vec<String>,
}

impl Boxes {
    fn layout(&self, width: f64, top: f64) -> Vec<Laid> {
        let count = self.stages.len();
        if count == 0 {
            return vec![];
        }
        let fit = |wide: f64| (((width + GAPS[0]) / (wide + GAPS[0])) as usize).clamp(1, count);
        // As few rows as there can be, and those evenly filled.
        let rows = count.div_ceil(fit(WIDTHS[0]));
        let across = count.div_ceil(rows);
        let wide = (width - GAPS[0] * (across - 1) as f64) / across as f64;
        let wide = wide.min(if across == 1 { 360.0_f64.min(width) } else { WIDTHS[1] }) - 2.0;
        let lines = |text: &str, size: f64| text::wrap(text, size, wide - 2.0 * PAD, usize::MAX);
        let broken =
            self.stages.iter().map(|stage| (lines(&stage.title, 1.12 * text::SIZE), lines(&stage.text, text::SIZE)));
        let broken: Vec<(Vec<String>, Vec<String>)> = broken.collect();
        let mut y = top + 1.0;
        let mut laid = vec![];
        for row in broken.chunks(across) {
            let most = row.iter().map(|(title, text)| title.len() + text.len()).max().unwrap_or(0);
            let height = 2.0 * PAD + text::LINE * most as f64 - 2.0;
            for (place, (title, text)) in row.iter().enumerate() {
                let rect = Rect { x: 1.0 + (wide + GAPS[0]) * place as f64, y, width: wide, height };
                laid.push(Laid { rect, title: title.clone(), text: text.clone() });
            }
            y += height + GAPS[1];
        }
        laid
    }
}

/// From one box to the next: to the right, or down and back to the left.
fn arrow(from: &Rect, to: &Rect) -> [Item; 2] {
    let (line, way) = if to.y == from.y {
        (vec![[from.right() + 5.0, from.middle()[1]], [to.x - 5.0, from.middle()[1]]], [1.0, 0.0])
    } else {
        let [start, end] = [[from.middle()[0], from.bottom() + 5.0], [to.middle()[0], to.y - 5.0]];
        let half = f64::midpoint(from.bottom(), to.y);
        let line =
            if start[0] == end[0] { vec![start, end] } else { vec![start, [start[0], half], [end[0], half], end] };
        (line, [0.0, 1.0])
    };
    let [x, y] = line.last().copied().unwrap_or_default();
    // Seven pixels long and as wide, the line ends within.
    let side = |by: f64| [x - 7.0 * way[0] + by * way[1], y - 7.0 * way[1] + by * way[0]];
    let mut line = line;
    if let Some(end) = line.last_mut() {
        *end = [x - 4.0 * way[0], y - 4.0 * way[1]];
    }
    [
        Item::line(line, Paint::line(Role::Quiet, 1.5, Dash::Solid)),
        Item::new(Shape::Area(vec![[x, y], side(3.5), side(-3.5)]), Paint::fill(Role::Quiet)),
    ]
}

impl Figure for Boxes {
    fn caption(&self) -> &Caption {
        &self.caption
    }

    fn height(&self, width: f64) -> f64 {
        let top = self.caption.heading_height(width);
        self.layout(width, top).last().map_or(top + 1.0, |last| last.rect.bottom() + 1.0)
    }

    fn scene(&self, width: f64, height: f64) -> Scene {
        let (mut scene, top) = self.caption.scene(width, height);
        let laid = self.layout(width, top);
        scene.items.extend(laid.windows(2).flat_map(|pair| arrow(&pair[0].rect, &pair[1].rect)));
        for (stage, Laid { rect, title, text }) in self.stages.iter().zip(&laid) {
            scene.items.push(Item::new(Shape::Rect(*rect, 6.0), Paint::tint(stage.role, 0.07).edged(stage.role)));
            let lines = title.iter().map(|line| (line, true)).chain(text.iter().map(|line| (line, false)));
            for (place, (line, bold)) in lines.enumerate() {
                let at = [rect.x + PAD, rect.y + PAD + 11.0 + text::LINE * place as f64];
                scene.items.push(Item::words(Words { bold, ..Words::new(line, at, Anchor::Start) }, Role::Ink));
            }
        }
        scene.targets = Targets::Boxes(laid.into_iter().map(|laid| laid.rect).collect());
        scene
    }

    fn table(&self) -> Table {
        let row = |stage: &Stage| [&stage.title, &stage.text].map(|text| Cell::Text(text.clone())).into();
        Table { head: ["stage", "what"].map(String::from).into(), rows: self.stages.iter().map(row).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxes(count: usize) -> Boxes {
        let stage = |place: usize| Stage::new(format!("stage {place}"), "what is done here, in a few words");
        Boxes { caption: Caption::new("STARK", "Its stages."), stages: (0..count).map(stage).collect() }
    }

    fn rows(count: usize, width: f64) -> Vec<usize> {
        let laid = boxes(count).layout(width, 0.0);
        laid.chunk_by(|one, other| one.rect.y == other.rect.y).map(<[Laid]>::len).collect()
    }

    #[test]
    fn rows_are_few_and_evenly_filled() {
        // 128 and 34: four boxes need 614 pixels, two 290.
        assert_eq!(rows(4, 640.0), [4]);
        assert_eq!(rows(5, 640.0), [3, 2]);
        assert_eq!(rows(4, 300.0), [2, 2]);
        assert_eq!(rows(3, 280.0), [1, 1, 1]);
        assert!(rows(0, 280.0).is_empty());
    }

    #[test]
    fn every_stage_but_the_first_is_pointed_at() {
        let scene = boxes(5).scene(640.0, boxes(5).height(640.0));
        let heads = scene.items.iter().filter(|item| matches!(item.shape, Shape::Area(_))).count();
        assert_eq!(heads, 4);
        assert!(scene.hit([10.0, 10.0]).is_some_and(|hit| hit.row == 0));
        assert_eq!(boxes(2).told(&scene.target(1, 0).unwrap())[0], ["stage", "stage 1"].map(String::from));
    }

    #[test]
    fn an_arrow_ends_before_the_box_it_points_at() {
        let at = |x: f64, y: f64| Rect { x, y, width: 100.0, height: 40.0 };
        let tip = |from, to| match &arrow(&from, &to)[1].shape {
            Shape::Area(corners) => corners[0],
            _ => [f64::NAN; 2],
        };
        assert_eq!(tip(at(0.0, 0.0), at(134.0, 0.0)), [129.0, 20.0]);
        assert_eq!(tip(at(134.0, 0.0), at(0.0, 74.0)), [50.0, 69.0]);
    }

    #[test]
    fn text_stays_within_its_box() {
        for width in [280.0, 640.0, 1000.0] {
            for Laid { rect, title, text } in boxes(4).layout(width, 0.0) {
                let widest = title.iter().chain(&text).map(|line| text::width(line, text::SIZE)).fold(0.0, f64::max);
                assert!(widest <= rect.width - 2.0 * PAD && rect.right() <= width, "{width}");
            }
        }
    }
}
