//! A student that becomes smaller, drawn to scale: its matrices inside of those that it began with.

use leptos::prelude::*;
use retort_core::train::shrink::Sizes;

use super::{desk::Desk, results::grouped};

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
    let last = Memo::new(move |_| desk.page.with(|page| page.view.shrunk.last().copied()));
    view! {
        {move || last.get().map(|shrunk| {
            let (then, now) = (shrunk.from, shrunk.sizes);
            let caption = format!(
                "Step {}: width {} of {}, {} of {} neurons a layer, {} of {} numbers a head; {} parameters.",
                shrunk.step,
                now.hidden,
                then.hidden,
                now.neurons,
                then.neurons,
                now.head,
                then.head,
                grouped(shrunk.parameters)
            );
            view! {
                <section class="shrinking" aria-labelledby="shrinking-title">
                    <h2 id="shrinking-title">"The student, becoming smaller"</h2>
                    <div class="boxes">{boxes(then, now).map(drawn)}</div>
                    <p aria-live="polite">{caption}</p>
                </section>
            }
        })}
    }
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
    fn boxes_have_the_models_sizes() {
        let then = Sizes { hidden: 128, neurons: 256, head: 32 };
        let now = Sizes { hidden: 64, neurons: 100, head: 16 };
        let [head, wide] = boxes(then, now);
        assert_eq!((head.then, head.now), ([128, 32], [64, 16]));
        assert_eq!((wide.then, wide.now), ([128, 256], [64, 100]));
    }
}
