//! Numbers as they are read: few digits, thousands apart by a narrow space, powers of ten.

/// Between thousands: narrow, and no line breaks at it.
const SPACE: char = '\u{202f}';
const MINUS: char = '−';

/// With four digits that count, without zeros at the end; whole numbers whole. Nothing known is a dash.
pub fn short(value: f64) -> String {
    if !value.is_finite() {
        return if value.is_nan() { "–".into() } else { format!("{}∞", if value < 0.0 { "−" } else { "" }) };
    }
    if value.fract() == 0.0 && value.abs() < 1e15 {
        return plain(value, 0);
    }
    let exponent = exponent(value);
    match (-4..7).contains(&exponent) {
        true => trimmed(&plain(value, (3 - exponent).max(0) as usize)).to_owned(),
        false => scientific(value, exponent, 3),
    }
}

/// Labels of ticks that are equally far apart: all with the digits that tell them apart.
pub fn even(ticks: &[f64]) -> Vec<String> {
    let most = ticks.iter().fold(0.0_f64, |most, tick| most.max(tick.abs()));
    let step = ticks.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(f64::INFINITY, f64::min);
    let step = if step.is_finite() && step > 0.0 { step } else { most };
    let digits = |step: f64| (-exponent(step)).max(0) as usize;
    if most == 0.0 || (1e-3..1e6).contains(&most) {
        return ticks.iter().map(|tick| plain(*tick, if most == 0.0 { 0 } else { digits(step) })).collect();
    }
    if (1e6..1e9).contains(&most) && step >= 1e4 {
        let label = |tick: f64| if tick == 0.0 { "0".into() } else { plain(tick / 1e6, digits(step / 1e6)) + " M" };
        return ticks.iter().map(|tick| label(*tick)).collect();
    }
    if (1e6..1e9).contains(&most) {
        return ticks.iter().map(|tick| plain(*tick, digits(step))).collect();
    }
    let exponent = exponent(most);
    ticks.iter().map(|tick| scientific(*tick, exponent, digits(step / 10_f64.powi(exponent)))).collect()
}

/// Labels of ticks a factor apart: as powers of ten where one of them is far from 1, otherwise in full.
pub fn factors(ticks: &[f64]) -> Vec<String> {
    let far = ticks.iter().any(|tick| !(-3..6).contains(&exponent(*tick)));
    let label = |tick: f64| match exponent(tick) {
        exponent if far && !(0..2).contains(&exponent) => scientific(tick, exponent, 2),
        exponent => trimmed(&plain(tick, (2 - exponent).max(0) as usize)).to_owned(),
    };
    ticks.iter().map(|tick| label(*tick)).collect()
}

/// The power of ten that the value is at least.
pub fn exponent(value: f64) -> i32 {
    if value == 0.0 || !value.is_finite() {
        return 0;
    }
    // 1000 has a logarithm a little below 3.
    (value.abs().log10() + 1e-9).floor() as i32
}

/// With so many digits behind the point.
pub fn plain(value: f64, digits: usize) -> String {
    let text = format!("{:.digits$}", value.abs());
    let (whole, rest) = text.split_once('.').map_or((&text[..], None), |(whole, rest)| (whole, Some(rest)));
    let mut out = String::new();
    if value < 0.0 && text.bytes().any(|byte| (b'1'..=b'9').contains(&byte)) {
        out.push(MINUS);
    }
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && whole.len() > 4 && (whole.len() - place) % 3 == 0 {
            out.push(SPACE);
        }
        out.push(digit);
    }
    if let Some(rest) = rest {
        out.push('.');
        out += rest;
    }
    out
}

fn trimmed(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

/// `2.5·10⁻⁵`; a power of ten without its one.
fn scientific(value: f64, exponent: i32, digits: usize) -> String {
    if value == 0.0 {
        return "0".into();
    }
    // Two steps: ten to the three hundred and tenth is more than there is.
    let share = value / 10_f64.powi(exponent / 2) / 10_f64.powi(exponent - exponent / 2);
    let power: String = exponent.to_string().chars().map(raised).collect();
    let share = plain(share, digits);
    match trimmed(&share) {
        "1" => format!("10{power}"),
        "−1" => format!("−10{power}"),
        share => format!("{share}·10{power}"),
    }
}

fn raised(digit: char) -> char {
    match digit {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        digit => digit.to_digit(10).and_then(|digit| char::from_u32(0x2070 + digit)).unwrap_or(digit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_digits_count() {
        let told = [0.0, 0.91347, -2.5, 1234.0, 12_345.678, 1e6, 0.000_034_56, 1.5e9, 2.5e20, 9.99996].map(short);
        let thousands = "12\u{202f}346";
        let wanted = [
            "0",
            "0.9135",
            "−2.5",
            "1234",
            thousands,
            "1\u{202f}000\u{202f}000",
            "3.456·10⁻⁵",
            "1\u{202f}500\u{202f}000\u{202f}000",
            "2.5·10²⁰",
            "10",
        ];
        assert_eq!(told, wanted);
        assert_eq!([f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(short), ["–", "∞", "−∞"]);
    }

    #[test]
    fn ticks_have_the_digits_of_their_step() {
        assert_eq!(even(&[0.0, 0.2, 0.4]), ["0.0", "0.2", "0.4"]);
        assert_eq!(even(&[-10.0, 0.0, 10.0]), ["−10", "0", "10"]);
        assert_eq!(even(&[0.0, 10_000.0]), ["0", "10\u{202f}000"]);
        assert_eq!(even(&[0.0, 500_000.0, 1e6]), ["0", "0.5 M", "1.0 M"]);
        assert_eq!(even(&[0.0, 2e-5, 4e-5]), ["0", "2·10⁻⁵", "4·10⁻⁵"]);
        assert_eq!(even(&[0.0, 5e9, 1e10]), ["0", "0.5·10¹⁰", "10¹⁰"]);
        assert_eq!(even(&[0.0]), ["0"]);
    }

    #[test]
    fn factors_are_powers_of_ten_where_one_is_far_from_one() {
        assert_eq!(factors(&[2e-3, 0.5, 20.0, 5000.0]), ["0.002", "0.5", "20", "5000"]);
        assert_eq!(factors(&[1e-5, 1e-3, 1.0, 10.0, 1000.0]), ["10⁻⁵", "10⁻³", "1", "10", "10³"]);
        assert_eq!(factors(&[2e300]), ["2·10³⁰⁰"]);
        assert_eq!([1000.0, 999.0, 0.001].map(exponent), [3, 2, -3]);
    }

    #[test]
    fn nothing_is_less_than_nothing() {
        assert_eq!(plain(-0.001, 2), "0.00");
    }
}
