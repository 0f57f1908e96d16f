//! Lines over something in per cent, and maps, as SVG.

use crate::draw::{Axis, Caption, Figure as _, Heat, Lines, Point, Role, Series};

/// A line of a figure.
pub struct Line {
    /// What it is called.
    pub name: String,
    /// Where, how high, and the interval, if there is one.
    pub points: Vec<(f64, f64, Option<[f64; 2]>)>,
}

/// Values over per cent: a line for each, their intervals as bars.
pub fn lines(lines: &[Line], below: &str, beside: &str) -> String {
    let widest = lines.iter().flat_map(|line| &line.points).map(|(x, _, _)| *x).fold(0.0, f64::max);
    let names: Vec<&str> = lines.iter().map(|line| &line.name[..]).collect();
    let figure = Lines {
        caption: Caption::new(format!("{beside}, by {below}"), format!("Lines: {}.", names.join("; "))),
        x: Axis::new(below).between(0.0, widest),
        y: Axis::new(beside),
        series: lines.iter().enumerate().map(series).collect(),
        cursor: None,
    };
    figure.print(720.0)
}

/// What is no number is left out, and the line goes on.
fn series((place, line): (usize, &Line)) -> Series {
    let known = line.points.iter().filter(|(_, value, _)| value.is_finite());
    let points = known.map(|&(x, y, interval)| Point { x, y, interval }).collect();
    let series = Series::new(&line.name, Role::of(place), points);
    // From the seventh on colours come back, with the dashes and marks of others.
    let other = Role::of(place + place / 6);
    Series { dash: other.dash(), mark: series.mark.map(|_| other.mark()), ..series }
}

/// Rows of cells, the darker the larger.
pub fn map(rows: &[Vec<f64>], below: &str, beside: &str) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let names = |count: usize| (0..count).map(|place| place.to_string()).collect();
    let figure = Heat {
        caption: Caption::new(format!("Scores by {beside} and {below}"), "The darker, the higher."),
        titles: [beside.to_owned(), below.to_owned(), "score".to_owned()],
        rows: names(rows.len()),
        columns: names(columns),
        values: rows.to_vec(),
        digits: Some(2),
        ..Heat::default()
    };
    figure.print((80.0 + 48.0 * columns as f64).clamp(280.0, 1200.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_of_nothing_is_a_figure() {
        assert!(lines(&[], "x", "y").starts_with("<svg"));
        let odd = Line { name: "odd".into(), points: vec![(1.0, f64::NAN, None), (2.0, f64::INFINITY, None)] };
        assert!(lines(&[odd], "x", "y").starts_with("<svg"));
        assert!(map(&[], "x", "y").starts_with("<svg"));
    }

    #[test]
    fn no_two_of_a_dozen_lines_look_alike() {
        let line = |place: usize| series((place, &Line { name: String::new(), points: vec![] }));
        let looks: Vec<_> = (0..12).map(line).map(|series| (series.role, series.dash, series.mark)).collect();
        assert!(looks.iter().enumerate().all(|(place, look)| !looks[..place].contains(look)), "{looks:?}");
    }
}
