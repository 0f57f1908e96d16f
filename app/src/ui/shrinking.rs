//! A student that becomes smaller, drawn to scale: its matrices inside of those that it began with.

use leptos::prelude::*;
use retort_core::train::shrink::Sizes;

use super::{
    chart::{Chart, Line, Plot},
    curves::look_of_loss,
    desk::Desk,
    results::grouped,
};
use crate::state::{Curves, Shrunk};

/// Pixels of the longer side of a box that is whole.
const SIDE: f64 = 120.0;

/// A matrix then and now.
struct Matrix {
    name: &'static str,
    /// Columns and rows, then.
    then: [usize; 2],
    /// Columns and rows, now.
    now: [usize; 2],
}

/// The two kinds of matrices that a layer has: width by a head's numbers, and width by neurons.
fn boxes(then: Sizes, now: Sizes) -> [Matrix; 2] {
    [
        Matrix { name: "a head", then: [then.hidden, then.head], now: [now.hidden, now.head] },
        Matrix { name: "feed-forward", then: [then.hidden, then.neurons], now: [now.hidden, now.neurons] },
    ]
}

/// Shown once the student has become smaller.
#[component]
pub fn Shrinking() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let cuts = Memo::new(move |_| desk.page.with(|page| page.view.shrunk.clone()));
    let distance = Memo::new(move |_| desk.page.with(|page| distance(&page.view.losses)));
    // Without a choice the latest cut.
    let chosen = RwSignal::new(None::<usize>);
    let last = move || cuts.with(Vec::len).saturating_sub(1);
    let at = Memo::new(move |_| chosen.get().unwrap_or(usize::MAX).min(last()));
    let choose = move |event| {
        let place = event_target_value(&event).parse().ok();
        chosen.set(place.filter(|place| *place < last()));
    };
    view! {
        <Show when=move || !cuts.with(Vec::is_empty)>
            <section class="shrinking" aria-labelledby="shrinking-title">
                <h2 id="shrinking-title">"The student, becoming smaller"</h2>
                {move || cuts.with(|cuts| cuts.get(at.get()).copied()).map(|cut| view! {
                    <div class="boxes">{boxes(cut.from, cut.sizes).map(drawn)}</div>
                    <p aria-live="polite">{caption(&cut)}</p>
                })}
                <label class="wide">{move || format!("Cut {} of {}", at.get() + 1, last() + 1)}
                    <input type="range" min="0" max=last step="1" prop:value=at on:input=choose />
                </label>
                <Chart plot=distance title="Distance from the teacher" unit="KL in nats; hidden states, MSE by layer" digits=3 />
            </section>
        </Show>
    }
}

fn caption(cut: &Shrunk) -> String {
    let (then, now) = (cut.from, cut.sizes);
    format!(
        "Step {}: width {} of {}, {} of {} neurons a layer, {} of {} numbers a head; {} parameters.",
        cut.step,
        now.hidden,
        then.hidden,
        now.neurons,
        then.neurons,
        now.head,
        then.head,
        grouped(cut.parameters)
    )
}

/// How far the student is from its teacher at every step: in its answers, and layer by layer.
fn distance(losses: &Curves) -> Plot {
    let tells = |name: &&String| *name == "kl" || name.starts_with("hidden");
    let line = |(place, name): (usize, &String)| {
        let (colour, dash) = if name == "kl" { ("--student", &[][..]) } else { look_of_loss(name, place) };
        Line { label: name.clone(), colour, dash, marks: false, y: losses.y[name].clone() }
    };
    let lines = losses.y.keys().filter(tells).enumerate().map(line).collect();
    Plot { x: losses.x.clone(), lines, rows: losses.thinned(40) }
}

/// A box inside of its outline, to scale.
fn drawn(of: Matrix) -> impl IntoView {
    let scale = SIDE / of.then.iter().copied().max().unwrap_or(1).max(1) as f64;
    let [then, now] = [of.then, of.now].map(|sizes| sizes.map(|size| (size as f64 * scale).max(1.0)));
    let label = format!("{}: {} by {}, at first {} by {}", of.name, of.now[0], of.now[1], of.then[0], of.then[1]);
    let frame = format!("0 0 {} {}", then[0] + 2.0, then[1] + 2.0);
    view! {
        <figure>
            <svg viewBox=frame width=then[0] + 2.0 height=then[1] + 2.0 role="img" aria-label=label>
                <rect class="then" x="1" y="1" width=then[0] height=then[1] />
                <rect class="now" x="1" y="1" width=now[0] height=now[1] />
            </svg>
            <figcaption>{of.name}</figcaption>
        </figure>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_losses_those_that_tell_a_distance_are_drawn() {
        let mut losses = Curves::default();
        for name in ["total", "hidden 1", "kl", "cross_entropy"] {
            losses.push(1, name, 0.5);
        }
        let plot = distance(&losses);
        assert_eq!(plot.lines.iter().map(|line| line.label.as_str()).collect::<Vec<_>>(), ["hidden 1", "kl"]);
        assert_eq!((plot.x, plot.rows), (vec![1.0], vec![0]));
    }

    #[test]
    fn boxes_have_the_models_sizes() {
        let then = Sizes { hidden: 128, neurons: 256, head: 32 };
        let now = Sizes { hidden: 64, neurons: 100, head: 16 };
        let [head, wide] = boxes(then, now);
        assert_eq!((head.then, head.now), ([128, 32], [64, 16]));
        assert_eq!((wide.then, wide.now), ([128, 256], [64, 100]));
    }
}
