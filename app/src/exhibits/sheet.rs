//! Several pictures as one SVG that stands alone.

use super::Shown;
use crate::draw::Look;

/// Between pictures, and above each for its title, in pixels.
const ROOM: [f64; 2] = [16.0, 30.0];
/// White around every printed picture.
const MARGIN: f64 = 12.0;

/// Width of a sheet in pixels.
const WIDTH: f64 = 760.0;

/// All pictures on a sheet, two beside each other where there are several.
pub fn sheet(shown: &Shown) -> String {
    let width = WIDTH;
    let columns = shown.pictures.len().clamp(1, 2);
    let wide = (width - ROOM[0] * (columns - 1) as f64) / columns as f64;
    let (mut top, mut inside) = (0.0, String::new());
    for (row, pictures) in shown.pictures.chunks(columns).enumerate() {
        let mut highest: f64 = 0.0;
        for (column, figure) in pictures.iter().enumerate() {
            let inner = wide - 2.0 * MARGIN;
            let high = figure.height(inner);
            let [x, y] = [column as f64 * (wide + ROOM[0]), top];
            let title = escaped(&figure.caption().title);
            let svg = figure.scene(inner, high).svg(&format!("figure-{row}-{column}"), Look::Print);
            inside += &format!(
                "<text x=\"{}\" y=\"{}\" font-size=\"14\" font-weight=\"bold\" fill=\"#1b1f23\">{title}</text>",
                x + MARGIN,
                y + 20.0
            );
            inside += &svg.replacen("<svg ", &format!("<svg x=\"{x}\" y=\"{}\" ", y + ROOM[1]), 1);
            highest = highest.max(high + 2.0 * MARGIN + ROOM[1]);
        }
        top += highest;
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {top}\" width=\"{width}\" height=\"{top}\" \
         font-family=\"system-ui, sans-serif\"><rect width=\"{width}\" height=\"{top}\" fill=\"#ffffff\"/>{inside}</svg>\n"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
