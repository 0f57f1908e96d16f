//! Where an axis is marked: at multiples of 1, 2 or 5 times a power of ten, or at powers of ten.

use super::{
    number::{even, exponent, factors},
    scale::Scale,
    text,
};

/// A mark of an axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Tick {
    /// Its value.
    pub value: f64,
    /// Its pixel.
    pub at: f64,
    /// What is written there.
    pub label: String,
}

/// At most `most` ticks of a scale.
pub fn ticks(scale: &Scale, whole: bool, most: usize) -> Vec<Tick> {
    let (values, labels) = match scale.logarithmic {
        false => {
            let values = linear(scale.domain, whole, most);
            let labels = even(&values);
            (values, labels)
        }
        true => logarithmic(scale.domain, most),
    };
    let tick = |(value, label)| scale.at(value).map(|at| Tick { value, at, label });
    values.into_iter().zip(labels).filter_map(tick).collect()
}

/// As many ticks as can stand side by side, ten at most, so that no label touches the next.
pub fn across(scale: &Scale, whole: bool) -> Vec<Tick> {
    let room = |ticks: &[Tick]| {
        ticks.windows(2).all(|pair| {
            let halves = pair.iter().map(|tick| text::width(&tick.label, text::SIZE) / 2.0).sum::<f64>();
            (pair[1].at - pair[0].at).abs() >= halves + 1.5 * text::SIZE
        })
    };
    let sparse = (scale.pixels[1] - scale.pixels[0]).abs() / 36.0;
    let most = (sparse as usize).clamp(2, 10);
    (2..=most).rev().map(|most| ticks(scale, whole, most)).find(|ticks| room(ticks)).unwrap_or_else(|| {
        let mut ticks = ticks(scale, whole, 2);
        ticks.truncate(1);
        ticks
    })
}

fn linear([low, high]: [f64; 2], whole: bool, most: usize) -> Vec<f64> {
    let steps = |power: i32| [1.0, 2.0, 5.0].map(|times| times * 10_f64.powi(power));
    let first = exponent((high - low) / most.max(1) as f64);
    let fits = |step: f64| {
        // An end that is a multiple but for the last bit counts.
        let [from, to] = [(low / step - 1e-9).ceil(), (high / step + 1e-9).floor()];
        (to - from + 1.0 <= most as f64 && !(whole && step < 1.0)).then_some((from, to, step))
    };
    let found = (first - 1..first + 20).flat_map(steps).find_map(fits);
    let Some((from, to, step)) = found.filter(|(from, to, _)| from <= to) else { return vec![] };
    (0..=(to - from) as usize).map(|place| clean(from + place as f64, step)).collect()
}

/// A multiple of a step without the noise of the last bits: 3 · 0.1 is 0.3.
fn clean(times: f64, step: f64) -> f64 {
    let power = exponent(step);
    let whole = times * (step / 10_f64.powi(power)).round();
    if power < 0 { whole / 10_f64.powi(-power) } else { whole * 10_f64.powi(power) }
}

/// Powers of ten where there are enough of them, with two and five times them where there are few; less than that,
/// and equal steps tell more.
fn logarithmic([low, high]: [f64; 2], most: usize) -> (Vec<f64>, Vec<String>) {
    let decades = exponent(low) - 1..=exponent(high) + 1;
    let of = |times: &'static [f64], every: i32| -> Vec<f64> {
        let powers = decades.clone().filter(move |power| power.rem_euclid(every) == 0);
        let all = powers.flat_map(|power| times.iter().map(move |times| clean(*times, 10_f64.powi(power))));
        all.filter(|value| (low * (1.0 - 1e-9)..=high * (1.0 + 1e-9)).contains(value)).collect()
    };
    let sets: [&[f64]; 4] = [&[1.0, 2.0, 5.0], &[1.0, 5.0], &[1.0, 3.0], &[1.0]];
    let dense = sets.into_iter().map(|times| of(times, 1));
    let sparse = (2..700).map(|every| of(&[1.0], every));
    let enough = |values: &Vec<f64>| values.len() >= most.min(3) && values.len() <= most;
    // Four decades and more speak for themselves.
    let decades = std::iter::once(of(&[1.0], 1)).filter(|values| values.len() > 3);
    if let Some(values) = decades.chain(dense).chain(sparse).find(enough) {
        let labels = factors(&values);
        return (values, labels);
    }
    let values: Vec<f64> = linear([low, high], false, most).into_iter().filter(|value| *value > 0.0).collect();
    let labels = even(&values);
    (values, labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(domain: [f64; 2], logarithmic: bool, most: usize) -> Vec<String> {
        let scale = Scale { domain, pixels: [0.0, 1000.0], logarithmic };
        ticks(&scale, false, most).into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn steps_are_one_two_or_five() {
        assert_eq!(labels([0.0, 1.0], false, 6), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels([0.0, 1.0], false, 5), ["0.0", "0.5", "1.0"]);
        assert_eq!(labels([-12.0, 31.0], false, 6), ["−10", "0", "10", "20", "30"]);
        assert_eq!(labels([81.3, 82.9], false, 4), ["81.5", "82.0", "82.5"]);
        assert_eq!(labels([0.0, 1e300], false, 3), ["0", "0.5·10³⁰⁰", "10³⁰⁰"]);
        assert_eq!(
            labels([0.0, 3e-7], false, 4),
            ["0", "1·10⁻⁷", "2·10⁻⁷", "3·10⁻⁷"].map(|label| label.replace("1·", ""))
        );
    }

    #[test]
    fn ticks_are_exact() {
        assert_eq!(linear([0.0, 0.5], false, 6), [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]);
        assert_eq!(linear([0.0, 3.0], true, 8), [0.0, 1.0, 2.0, 3.0]);
    }

    #[test]
    fn decades_are_marked_and_what_lies_between_where_it_fits() {
        assert_eq!(labels([1.0, 1e6], true, 8), ["1", "10", "10²", "10³", "10⁴", "10⁵", "10⁶"]);
        assert_eq!(labels([1.0, 1e6], true, 4), ["1", "10²", "10⁴", "10⁶"]);
        assert_eq!(labels([3.0, 150.0], true, 6), ["5", "10", "20", "50", "100"]);
        assert_eq!(labels([20.0, 42.0], true, 6), ["20", "25", "30", "35", "40"]);
        assert_eq!(labels([1e-5, 1e-3], true, 4), ["10⁻⁵", "10⁻⁴", "10⁻³"]);
    }

    #[test]
    fn labels_side_by_side_never_touch() {
        for logarithmic in [false, true] {
            for width in [60.0, 200.0, 900.0] {
                for domain in [[1.0, 1.1], [1.0, 5e7], [0.5, 123_456.0]] {
                    let scale = Scale { domain, pixels: [0.0, width], logarithmic };
                    let ticks = across(&scale, false);
                    assert!(!ticks.is_empty(), "{domain:?} {width}");
                    for pair in ticks.windows(2) {
                        let [left, right] = [&pair[0], &pair[1]].map(|tick| text::width(&tick.label, text::SIZE) / 2.0);
                        assert!(pair[0].at + left < pair[1].at - right, "{domain:?} {width}: {ticks:?}");
                    }
                }
            }
        }
    }
}
