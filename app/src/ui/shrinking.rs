//! A student that becomes smaller, drawn to scale: its matrices inside of those that it began with.

use leptos::prelude::*;

use super::{chart::Chart, desk::Desk, results::grouped};
use crate::{
    draw::{Axis, Caption, Dash, Lines, Role, Series},
    state::{
        Curves, Shrunk,
        boxes::{Matrix, boxes, tells_distance},
        charts::{look_of_loss, steps},
    },
};

/// Pixels of the longer side of a box that is whole.
const SIDE: f64 = 120.0;

/// Shown once the student has become smaller.
#[component]
pub fn Shrinking() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let cuts = Memo::new(move |_| desk.page.with(|page| page.view.shrunk.clone()));
    let distance = Memo::new(move |_| desk.page.with(|page| distance(&page.view.losses)));
    // Without a choice the latest cut.
    let chosen = RwSignal::new(None::<usize>);
    Effect::new(move || {
        if cuts.with(Vec::is_empty) {
            chosen.set(None);
        }
    });
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
                <div class="charts">
                    <Chart lines=distance name="distance" />
                </div>
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
fn distance(losses: &Curves) -> Lines {
    let line = |(place, name): (usize, &String)| {
        let (role, dash) = if name == "kl" { (Role::Student, Dash::Solid) } else { look_of_loss(name, place) };
        Series { dash, mark: None, ..Series::of(name.clone(), role, &losses.x, &losses.y[name]) }
    };
    let series = losses.y.keys().filter(|name| tells_distance(name)).enumerate().map(line).collect();
    let caption =
        Caption::new("Distance from the teacher", "KL of the answers, and mean squared error of hidden states");
    Lines { caption, x: steps(), y: Axis::new("KL in nats; hidden states, MSE by layer"), series, ..Lines::default() }
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
