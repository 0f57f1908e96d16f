//! A run's curves over optimiser steps, as the page and the report draw them.

use super::{CONTROL_LOSS, Curves, TOTAL, View, learns};
use crate::draw::{Axis, Caption, Dash, Lines, Point, Role, Series};

/// A model's colour; its dashes and marks come with it, so that no sign is needed alone.
pub fn role(name: &str) -> Role {
    match name.split('-').next().unwrap_or_default() {
        "teacher" | "tutor" => Role::Teacher,
        "student" => Role::Student,
        "control" => Role::Control,
        "companion" => Role::Fourth,
        _ => Role::Third, // assistants
    }
}

/// Colour and dashes of a loss: of the sum, of the control, or of the term of this number.
pub fn look_of_loss(name: &str, number: usize) -> (Role, Dash) {
    const ROLES: [Role; 5] = [Role::Third, Role::Fourth, Role::Fifth, Role::Teacher, Role::Quiet];
    const DASHES: [Dash; 3] = [Dash::Mixed, Dash::Short, Dash::Long];
    match name {
        TOTAL => (Role::Student, Dash::Solid),
        CONTROL_LOSS => (Role::Control, Dash::Short),
        // 5 and 3 have no common factor: fifteen terms look different.
        _ => (ROLES[number % ROLES.len()], DASHES[number % DASHES.len()]),
    }
}

/// How often the models are right on dev, in percent.
pub fn accuracy(view: &View) -> Lines {
    judged(view, &view.accuracy, "Accuracy on dev", Axis::new("% right"))
}

/// Between how many equally likely words the models waver on dev.
pub fn perplexity(view: &View) -> Lines {
    judged(view, &view.perplexity, "Perplexity on dev", Axis::new("perplexity").logarithmic())
}

/// What is measured on dev: `y` is its axis.
fn judged(view: &View, curves: &Curves, title: &str, y: Axis) -> Lines {
    let mut lines = Lines { caption: Caption::new(title, ""), x: steps(), y, ..Lines::default() };
    for name in view.models() {
        let (label, role) = (view.called(name).to_owned(), role(name));
        match (learns(name), curves.y.get(name), curves.last(name)) {
            (true, Some(column), _) => lines.series.push(Series::of(label, role, &curves.x, column)),
            // One number for the whole run: a line to be reached.
            (false, _, Some(value)) => {
                let ends = [curves.x.first(), curves.x.last()].into_iter().flatten();
                let points = ends.map(|x| Point::new(*x, value)).collect();
                lines.series.push(Series { mark: None, ..Series::new(label, role, points) });
            }
            _ => {}
        }
    }
    lines
}

/// The axis of optimiser steps.
pub fn steps() -> Axis {
    Axis::new("step").whole()
}

/// The losses that are trained on, each as it is or as it is weighed in the sum.
pub fn losses(view: &View, weighed: bool) -> Lines {
    let curves = if weighed && view.tells_weights() { &view.weighed } else { &view.losses };
    let (learner, words) = (view.called("student"), view.asks_words());
    let terms = || curves.y.keys().map(String::as_str).filter(|name| ![TOTAL, CONTROL_LOSS].contains(name));
    // A sum of one term is that term.
    let total = curves.y.contains_key(TOTAL) && terms().count() != 1;
    let control = curves.y.contains_key(CONTROL_LOSS);
    let names = total.then_some(TOTAL).into_iter().chain(terms()).chain(control.then_some(CONTROL_LOSS));
    let line = |(place, name): (usize, &str)| {
        let (role, dash) = look_of_loss(name, place.saturating_sub(usize::from(total)));
        let label = match name {
            TOTAL => format!("{learner}, sum"),
            CONTROL_LOSS if words => "control, texts".to_owned(),
            CONTROL_LOSS => "control, labels".to_owned(),
            other => format!("{learner}, {}", spoken(other, words)),
        };
        Series { dash, mark: None, ..Series::of(label, role, &curves.x, &curves.y[name]) }
    };
    let series = names.enumerate().map(line).collect();
    let caption = Caption::new("Training losses", "");
    Lines { caption, x: steps(), y: Axis::new("nats"), series, ..Lines::default() }
}

fn spoken(term: &str, words: bool) -> String {
    match term {
        "kd" => "teacher".into(),
        "cross_entropy" | "ce" => if words { "texts" } else { "labels" }.into(),
        other => other.replace('_', " "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::tests::{eval, started};

    #[test]
    fn who_teaches_is_a_line_to_be_reached() {
        let mut events = vec![started(0), eval(0, "teacher", "dev", 0.8)];
        events.extend([(3, 0.6), (6, 0.7)].map(|(step, student)| eval(step, "student", "dev", student)));
        let lines = accuracy(&View::of(&events));
        let points =
            |place: usize| lines.series[place].points.iter().map(|point| (point.x, point.y)).collect::<Vec<_>>();
        let close = |found: Vec<(f64, f64)>, wanted: [(f64, f64); 2]| {
            found.iter().zip(wanted).all(|(one, other)| one.0 == other.0 && (one.1 - other.1).abs() < 1e-9)
        };
        assert_eq!(lines.series.iter().map(|series| series.role).collect::<Vec<_>>(), [Role::Teacher, Role::Student]);
        assert!(close(points(0), [(0.0, 80.0), (6.0, 80.0)]), "{:?}", points(0));
        assert_eq!(points(1).len(), 2);
        assert!(close(points(1), [(3.0, 60.0), (6.0, 70.0)]), "{:?}", points(1));
        assert!(perplexity(&View::of(&events)).series.is_empty());
    }
}
