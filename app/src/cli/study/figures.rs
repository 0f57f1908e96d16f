//! Figures of a study as SVG: a row for every setting, shapes and labels as well as colours.

use plotters::{
    coord::types::RangedCoordf64,
    element::DashedPathElement,
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};
use retort_core::{
    Error, Result,
    study::{Findings, Metric, Plan, Study, Summary, differences, summary},
};

/// Everything is drawn on white, so that it can be read on a dark page, too.
const INK: RGBColor = RGBColor(0x22, 0x27, 0x2e);
const FAINT: RGBColor = RGBColor(0xd8, 0xdc, 0xe2);
const STUDENT: RGBColor = RGBColor(0x0b, 0x5c, 0xad);
const TWIN: RGBColor = RGBColor(0xa8, 0x45, 0x00);

/// Sizes in pixels.
const WIDTH: u32 = 860;
const TOP: u32 = 76;
const ROW: u32 = 48;
const BOTTOM: u32 = 56;
const RIGHT: u32 = 28;
/// Longest label in characters; longer ones are cut.
const LABEL: usize = 44;

type Canvas<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Plot<'a> = DrawingArea<SVGBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// A figure beside the report.
pub struct Figure {
    /// What it shows.
    pub title: &'static str,
    /// Its file.
    pub file: &'static str,
    /// Its text.
    pub svg: String,
}

/// One setting of a figure.
struct Row<'a> {
    label: &'a str,
    lanes: Vec<Lane>,
    /// The teacher's mean.
    teacher: Option<f64>,
}

/// One mean with its interval and its seeds, as they are shown.
struct Lane {
    mark: Mark,
    summary: Summary,
    seeds: Vec<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// A disc on a solid line.
    Student,
    /// A square on a dashed line.
    Twin,
}

/// Draws what there is: accuracies, and, where there are twins, differences.
///
/// # Errors
/// [`Error::Storage`] when the library refuses.
pub fn draw(study: &Study, plan: &Plan, findings: &Findings) -> Result<Vec<Figure>> {
    let rows = |lanes: &dyn Fn(usize) -> (Vec<Lane>, Option<f64>)| -> Vec<Row> {
        let settings = plan.settings.iter().enumerate();
        let rows = settings.map(|(index, setting)| (setting, lanes(index)));
        rows.map(|(setting, (lanes, teacher))| Row { label: &setting.label, lanes, teacher }).collect()
    };
    let metric = findings.metric;
    let shown = |value: f64| metric.shown(value);
    let better = |value: f64| metric.better(value);
    let values = rows(&|index| {
        let found = &findings.settings[index];
        let both = [(Mark::Student, &found.students), (Mark::Twin, &found.controls)];
        let lanes =
            both.into_iter().filter_map(|(mark, values)| lane(mark, values.values().copied().map(shown).collect()));
        (lanes.collect(), found.teacher.map(|teacher| shown(teacher.mean)))
    });
    let gain = rows(&|index| {
        let found = &findings.settings[index];
        let gains = differences(&found.students, &found.controls).into_iter().map(better);
        (lane(Mark::Student, gains.collect()).into_iter().collect(), None)
    });
    let mut figures = vec![];
    let mut add = |title: &'static str, file: &'static str, axis: String, rows: &[Row], zero: bool| -> Result<()> {
        if rows.iter().any(|row| !row.lanes.is_empty()) {
            let heading = format!("{}: {}", study.name, title.to_lowercase());
            let svg = figure(&heading, &axis, rows, zero).map_err(|error| Error::storage(file, error))?;
            figures.push(Figure { title, file, svg });
        }
        Ok(())
    };
    let (name, unit) = (metric.name(), metric.unit());
    let (title, file) = match metric {
        Metric::Accuracy => ("Accuracy", "accuracy.svg"),
        _ => ("Students and twins", "students.svg"),
    };
    add(title, file, format!("{name} on {}, {unit}", findings.split), &values, false)?;
    add(
        "Student less untaught twin",
        "difference.svg",
        format!("how much better on {}, {}", findings.split, metric.step()),
        &gain,
        true,
    )?;
    Ok(figures)
}

fn lane(mark: Mark, seeds: Vec<f64>) -> Option<Lane> {
    summary(&seeds).map(|summary| Lane { mark, summary, seeds })
}

type Drawn<T> = std::result::Result<T, DrawingAreaErrorKind<std::io::Error>>;

fn figure(heading: &str, axis: &str, rows: &[Row], zero: bool) -> Drawn<String> {
    let mut svg = String::new();
    let left = 24 + 7 * rows.iter().map(|row| row.label.chars().count().min(LABEL)).max().unwrap_or(0) as u32;
    {
        let height = TOP + ROW * rows.len() as u32 + BOTTOM;
        let canvas = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        canvas.fill(&WHITE)?;
        let [low, high] = range(rows, zero);
        let mut chart = ChartBuilder::on(&canvas)
            .margin_top(TOP)
            .margin_left(left)
            .margin_right(RIGHT)
            .margin_bottom(4)
            .x_label_area_size(BOTTOM - 4)
            .build_cartesian_2d(low..high, 0.0..rows.len() as f64)?;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .y_labels(0)
            .x_labels(9)
            .x_label_formatter(&|value| format!("{}", (value * 10.0).round() / 10.0))
            .x_desc(axis)
            .label_style(("sans-serif", 14, &INK))
            .bold_line_style(FAINT)
            .light_line_style(TRANSPARENT)
            .axis_style(INK)
            .draw()?;
        let plot = chart.plotting_area();
        let style = ("sans-serif", 18, &INK).into_text_style(&canvas);
        canvas.draw(&Text::new(heading.to_owned(), (12, 10), style))?;
        legend(&canvas, rows, zero)?;
        if zero {
            let ends = [(0.0, 0.0), (0.0, rows.len() as f64)].map(|end| plot.map_coordinate(&end));
            canvas.draw(&PathElement::new(ends.to_vec(), INK.stroke_width(1)))?;
        }
        for (index, row) in rows.iter().enumerate() {
            draw_row(&canvas, plot, row, (rows.len() - 1 - index) as f64, left as i32, [low, high])?;
        }
        canvas.present()?;
    }
    Ok(svg)
}

/// One row, whose lower edge is at `base`.
fn draw_row(canvas: &Canvas, plot: &Plot, row: &Row, base: f64, left: i32, ends: [f64; 2]) -> Drawn<()> {
    let at = |x: f64, y: f64| plot.map_coordinate(&(x, base + y));
    let label = match row.label.char_indices().nth(LABEL - 1) {
        Some((end, last)) if end + last.len_utf8() < row.label.len() => format!("{}…", &row.label[..end]),
        _ => row.label.to_owned(),
    };
    let style = ("sans-serif", 14, &INK).into_text_style(canvas).pos(Pos::new(HPos::Right, VPos::Center));
    canvas.draw(&Text::new(label, (left - 10, at(ends[0], 0.5).1), style))?;
    canvas.draw(&PathElement::new(vec![at(ends[0], 0.0), at(ends[1], 0.0)], FAINT.stroke_width(1)))?;
    if let Some(teacher) = row.teacher {
        canvas.draw(&PathElement::new(vec![at(teacher, 0.0), at(teacher, 1.0)], INK.stroke_width(2)))?;
    }
    for (lane, y) in row.lanes.iter().zip(if row.lanes.len() == 1 { [0.5, 0.5] } else { [0.7, 0.3] }) {
        if let Some([low, high]) = lane.summary.interval {
            interval(canvas, lane.mark, [low, high].map(|end| at(end.clamp(ends[0], ends[1]), y)))?;
        }
        for &seed in &lane.seeds {
            let (x, above) = at(seed, y);
            canvas.draw(&Circle::new((x, above - 8), 2, INK.filled()))?;
        }
        mark(canvas, lane.mark, at(lane.summary.mean, y))?;
    }
    Ok(())
}

/// A line with two ends; a twin's is dashed.
fn interval(canvas: &Canvas, mark: Mark, [low, high]: [(i32, i32); 2]) -> Drawn<()> {
    let style = colour(mark).stroke_width(2);
    match mark {
        Mark::Student => canvas.draw(&PathElement::new(vec![low, high], style))?,
        Mark::Twin => canvas.draw(&DashedPathElement::new(vec![low, high], 5, 4, style))?,
    }
    for (x, y) in [low, high] {
        canvas.draw(&PathElement::new(vec![(x, y - 5), (x, y + 5)], style))?;
    }
    Ok(())
}

fn mark(canvas: &Canvas, mark: Mark, (x, y): (i32, i32)) -> Drawn<()> {
    match mark {
        Mark::Student => canvas.draw(&Circle::new((x, y), 5, colour(mark).filled())),
        Mark::Twin => {
            canvas.draw(&Rectangle::new([(x - 5, y - 5), (x + 5, y + 5)], WHITE.filled()))?;
            canvas.draw(&Rectangle::new([(x - 5, y - 5), (x + 5, y + 5)], colour(mark).stroke_width(2)))
        }
    }
}

fn colour(mark: Mark) -> RGBColor {
    match mark {
        Mark::Student => STUDENT,
        Mark::Twin => TWIN,
    }
}

/// What the shapes mean, in a line below the heading.
fn legend(canvas: &Canvas, rows: &[Row], zero: bool) -> Drawn<()> {
    let y = 48;
    let text = |x: i32, words: &str| {
        let style = ("sans-serif", 14, &INK).into_text_style(canvas).pos(Pos::new(HPos::Left, VPos::Center));
        canvas.draw(&Text::new(words.to_owned(), (x, y), style))
    };
    let line = |which: Mark, x: i32| {
        interval(canvas, which, [(x, y), (x + 32, y)])?;
        mark(canvas, which, (x + 16, y))
    };
    line(Mark::Student, 14)?;
    text(54, if zero { "mean of the paired differences, 95 % interval" } else { "student, 95 % interval" })?;
    let mut x = if zero { 370 } else { 220 };
    if rows.iter().any(|row| row.lanes.len() > 1) {
        line(Mark::Twin, x)?;
        text(x + 40, "untaught twin")?;
        x += 152;
    }
    canvas.draw(&Circle::new((x + 4, y), 2, INK.filled()))?;
    text(x + 14, "one seed")?;
    x += 96;
    if rows.iter().any(|row| row.teacher.is_some()) {
        canvas.draw(&PathElement::new(vec![(x, y - 9), (x, y + 9)], INK.stroke_width(2)))?;
        text(x + 8, "teacher")?;
    }
    Ok(())
}

/// The ends of the axis: everything that is drawn, and some room.
fn range(rows: &[Row], zero: bool) -> [f64; 2] {
    let mut values: Vec<f64> = if zero { vec![0.0] } else { vec![] };
    for row in rows {
        values.extend(row.teacher);
        for lane in &row.lanes {
            values.extend(&lane.seeds);
            values.extend(lane.summary.interval.into_iter().flatten());
        }
    }
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let room = if high > low { 0.05 * (high - low) } else { 0.5 };
    let [low, high] = [low - room, high + room];
    // No share lies outside, and no loss worth drawing; an interval of two seeds may.
    if zero { [low.max(-100.0), high.min(100.0)] } else { [low.max(-1.0), high.min(101.0)] }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane_of(mark: Mark, seeds: &[f64]) -> Lane {
        lane(mark, seeds.iter().map(|value| 100.0 * value).collect()).unwrap()
    }

    fn rows() -> Vec<Row<'static>> {
        vec![
            Row {
                label: "T=1 & <narrow>",
                lanes: vec![lane_of(Mark::Student, &[0.75, 0.8]), lane_of(Mark::Twin, &[0.7, 0.72])],
                teacher: Some(82.0),
            },
            Row { label: "T=4", lanes: vec![lane_of(Mark::Student, &[0.78])], teacher: None },
        ]
    }

    #[test]
    fn a_figure_has_a_background_labels_and_a_mark_for_every_seed() {
        let svg = figure("name: accuracy", "accuracy on test, %", &rows(), false).unwrap();
        assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"), "{svg}");
        assert!(svg.contains("#FFFFFF") && !svg.contains("currentColor"), "{svg}");
        for wanted in ["T=1 &amp; &lt;narrow&gt;", "T=4", "accuracy on test, %", "untaught twin", "one seed", "teacher"]
        {
            assert!(svg.contains(wanted), "no {wanted} in {svg}");
        }
        // Five seeds, two students and one in the legend of each.
        assert_eq!(svg.matches("<circle").count(), 5 + 2 + 2, "{svg}");
    }

    #[test]
    fn the_axis_holds_all_that_is_drawn_and_no_more_than_there_can_be() {
        // Mean 77.5, half 12.706 · 3.5355 / √2 = 31.8; room 5 % of 109.3 − 45.7.
        let [low, high] = range(&rows(), false);
        assert!((low - (45.735 - 3.177)).abs() < 0.01, "{low}");
        assert_eq!(high, 101.0);
        let gains = [Row { label: "a", lanes: vec![lane_of(Mark::Student, &[0.01])], teacher: None }];
        assert_eq!(range(&gains, true), [-0.05, 1.05]);
    }
}
