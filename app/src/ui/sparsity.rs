//! The teacher while some of it goes at random: how right and how sure it is, as a slider is moved.

use std::sync::Arc;

use leptos::prelude::*;
use retort_core::train::Gone;

use super::{
    desk::Desk,
    drawing::{Drawing, Shown},
};
use crate::{
    protocol::{FromWorker, ToWorker},
    state::sparse::{FIGURES, Figure, Points, draws, next, plane, told},
};

/// Draws that the button adds.
const MORE: u64 = 5;
/// Most that can go, in per cent.
const MOST: f64 = 90.0;

/// The section.
#[component]
pub fn Sparsity() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let open =
        Memo::new(move |_| desk.page.with(|page| page.is_open() && page.view.has_teacher() && !page.view.asks_words()));
    let points = Memo::new(move |_| desk.page.with(|page| page.sparse.clone()));
    let (percent, gone) = (RwSignal::new(0.0), RwSignal::new(Gone::Weights));
    // Answers that are on their way: while there are some, the slider may move on without a question for every place.
    let coming = RwSignal::new(0_usize);
    desk.listen(move |message| match message {
        FromWorker::Sparse { .. } => coming.update(|coming| *coming = coming.saturating_sub(1)),
        FromWorker::Refused { ask, .. } if ask == "sparse" => coming.set(0),
        FromWorker::Failed { .. } | FromWorker::Crashed { .. } | FromWorker::Opened { .. } => coming.set(0),
        _ => {}
    });
    let ask = move |percent: f64, seeds: Vec<u64>| {
        coming.update(|coming| *coming += seeds.len());
        desk.send(&ToWorker::Sparse { gone: gone.get_untracked(), percent, seeds });
    };
    let wanted = RwSignal::new(None::<(Gone, f64)>);
    Effect::new(move || {
        let Some((kind, place)) = wanted.get().filter(|_| coming.get() == 0 && open.get_untracked()) else { return };
        wanted.set(None);
        let lacks = |place: f64| points.with_untracked(|points: &Points| draws(points, kind, place).next().is_none());
        // The whole teacher, to compare with, comes first.
        if place > 0.0 && lacks(0.0) {
            ask(0.0, vec![1]);
        }
        if lacks(place) {
            ask(place, vec![1]);
        }
    });
    let move_to = move |event| {
        percent.set(event_target_value(&event).parse::<f64>().unwrap_or(0.0).clamp(0.0, MOST));
        wanted.set(Some((gone.get_untracked(), percent.get_untracked())));
    };
    let more = move |_| {
        let (kind, place) = (gone.get_untracked(), percent.get_untracked());
        ask(place, points.with_untracked(|points| next(points, kind, place, MORE)));
    };
    let busy = move || !open.get() || coming.get() > 0;
    let kind = move |name: &'static str, value: Gone| {
        view! {
            <label>
                <input type="radio" name="sparse-of" prop:checked=move || gone.get() == value disabled=move || !open.get()
                    on:change=move |_| {
                        gone.set(value);
                        wanted.set(Some((value, percent.get_untracked())));
                    } />
                " "{name}
            </label>
        }
    };
    let pictures = move || {
        let picture = |(name, of): (&'static str, Figure)| {
            let figure =
                Signal::derive(move || Arc::new(points.with(|points| plane(points, percent.get(), of))) as Shown);
            view! { <div><h3>{of.0}</h3><Drawing figure name /></div> }
        };
        ["sparse-right", "sparse-sure"].into_iter().zip(FIGURES).map(picture).collect::<Vec<_>>()
    };
    view! {
        <section class="sparsity" aria-labelledby="sparsity-title">
            <h2 id="sparsity-title">"The teacher, thinned at random"</h2>
            <p>"A share of the teacher’s weights or units is set to zero, drawn at random, and what is left is asked about dev. The run’s own teacher stays whole."</p>
            <fieldset>
                <legend>"What goes"</legend>
                <p class="row">{kind("weights", Gone::Weights)}{kind("heads and neurons", Gone::Units)}</p>
                <label>{move || format!("{} % go", percent.get())}
                    <input type="range" min="0" max=MOST step="1" disabled=move || !open.get() prop:value=percent on:input=move_to />
                </label>
                <p class="row">
                    <button type="button" disabled=busy on:click=more>{format!("{MORE} more draws")}</button>
                    <Show when=move || !open.get()><span class="quiet">"Open a run whose teacher chooses among classes."</span></Show>
                </p>
            </fieldset>
            <p aria-live="polite">{move || points.with(|points| told(points, gone.get(), percent.get()))}</p>
            <Show when=move || !points.with(Vec::is_empty)><div class="maps">{pictures()}</div></Show>
        </section>
    }
}
