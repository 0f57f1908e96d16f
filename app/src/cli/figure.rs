//! Lines over something in per cent, and maps, as SVG.

use plotters::prelude::*;

pub type Drawn<T> = std::result::Result<T, DrawingAreaErrorKind<std::io::Error>>;

/// A line of a figure.
pub struct Line {
    /// In the legend.
    pub name: String,
    /// Where, how high, and the interval, if there is one.
    pub points: Vec<(f64, f64, Option<[f64; 2]>)>,
}

const COLOURS: [RGBColor; 6] = [
    RGBColor(0x0b, 0x5c, 0xad),
    RGBColor(0xa8, 0x45, 0x00),
    RGBColor(0x2d, 0x7d, 0x46),
    RGBColor(0x6b, 0x3f, 0xa0),
    RGBColor(0x8a, 0x6d, 0x00),
    RGBColor(0xa6, 0x1e, 0x4d),
];

/// Values over per cent: a line for each, their intervals as bars.
pub fn lines(lines: &[Line], below: &str, beside: &str) -> Drawn<String> {
    let ends = |(_, value, interval): &(f64, f64, Option<[f64; 2]>)| interval.unwrap_or([*value; 2]);
    let points = || lines.iter().flat_map(|line| &line.points);
    let values = || points().flat_map(ends).filter(|value| value.is_finite());
    let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
    // Of nothing, an empty chart: from one infinity to the other no axis has an end.
    let [low, high] = if low.is_finite() && high.is_finite() { [low, high] } else { [0.0, 1.0] };
    let room = ((high - low) * 0.08).max(1e-6);
    let widest = points().map(|(x, _, _)| *x).fold(1e-6, f64::max);
    let mut svg = String::new();
    {
        let canvas = SVGBackend::with_string(&mut svg, (720, 420)).into_drawing_area();
        canvas.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&canvas)
            .margin(16)
            .x_label_area_size(44)
            .y_label_area_size(64)
            .build_cartesian_2d(0.0..widest * 1.02, low - room..high + room)?;
        chart.configure_mesh().light_line_style(WHITE).x_desc(below).y_desc(beside).draw()?;
        for (place, line) in lines.iter().enumerate() {
            let colour = COLOURS[place % COLOURS.len()];
            let path = line.points.iter().filter(|(_, value, _)| value.is_finite()).map(|(x, value, _)| (*x, *value));
            let path = path.collect::<Vec<_>>();
            chart
                .draw_series([PathElement::new(path, colour.stroke_width(2))])?
                .label(&line.name)
                .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 18, y)], colour.stroke_width(2)));
            chart.draw_series(line.points.iter().filter(|(_, value, _)| value.is_finite()).map(|point| {
                let [low, high] = ends(point);
                PathElement::new(vec![(point.0, low), (point.0, high)], colour.stroke_width(1))
            }))?;
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::LowerLeft)
            .border_style(BLACK)
            .background_style(WHITE.filled())
            .draw()?;
        canvas.present()?;
    }
    Ok(svg)
}

/// Rows of cells, the darker the larger.
pub fn map(rows: &[Vec<f64>], below: &str, beside: &str) -> Drawn<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(1).max(1);
    let most = rows.iter().flatten().fold(f64::MIN_POSITIVE, |most, score| score.max(most));
    let mut svg = String::new();
    {
        let size = (80 + 48 * columns as u32, 60 + 40 * rows.len() as u32);
        let canvas = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        canvas.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&canvas)
            .margin(8)
            .x_label_area_size(32)
            .y_label_area_size(40)
            .build_cartesian_2d(0..columns, 0..rows.len().max(1))?;
        chart.configure_mesh().disable_mesh().x_desc(below).y_desc(beside).draw()?;
        let cells = rows.iter().enumerate().flat_map(|(row, scores)| {
            scores.iter().enumerate().map(move |(column, score)| {
                let shade = |full: u8| (255.0 - (255.0 - f64::from(full)) * score / most) as u8;
                let colour = RGBColor(shade(0x0b), shade(0x5c), shade(0xad));
                Rectangle::new([(column, row), (column + 1, row + 1)], colour.filled())
            })
        });
        chart.draw_series(cells)?;
        canvas.present()?;
    }
    Ok(svg)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_of_nothing_is_a_figure() {
        assert!(lines(&[], "x", "y").unwrap().starts_with("<svg"));
        let odd = Line { name: "odd".into(), points: vec![(1.0, f64::NAN, None), (2.0, f64::INFINITY, None)] };
        assert!(lines(&[odd], "x", "y").unwrap().starts_with("<svg"));
        assert!(map(&[], "x", "y").unwrap().starts_with("<svg"));
    }
}
