//! The live figure: accuracy or perplexity, and losses, over optimiser steps, of the visitor's run or
//! the recorded one.

use leptos::prelude::*;

use super::{chart::Chart, shown::OnShow};
use crate::state::{View, charts};

/// The charts, the progress, and what they show.
#[component]
pub fn Figure() -> impl IntoView {
    let OnShow { view: shown, live, recording, weighed: (weighed, _) } = expect_context();
    let asks_words = Memo::new(move |_| shown.with(View::asks_words));
    let has_words = Memo::new(move |_| shown.with(|view| view.asks_words() || !view.perplexity.x.is_empty()));
    let accuracy = Memo::new(move |_| shown.with(charts::accuracy));
    let perplexity = Memo::new(move |_| shown.with(charts::perplexity));
    let losses = Memo::new(move |_| shown.with(|view| charts::losses(view, weighed.get())));
    let weighable = Memo::new(move |_| shown.with(View::tells_weights));
    view! {
        <figure class="live" aria-labelledby="figure-title">
            <div class="figure-head">
                <h2 id="figure-title" class="running">
                    <span class="badge" class:on=live>{move || if live.get() { "Your run" } else { "Recorded run" }}</span>
                    " "{move || shown.with(what)}
                </h2>
                <Show when=move || !live.get()>
                    <button type="button" class="small" on:click=move |_| recording.toggle()>
                        {move || recording.verb()}
                    </button>
                </Show>
            </div>
            <progress
                aria-label="Optimiser steps taken"
                max=move || shown.with(|view| view.steps().max(1))
                value=move || shown.with(|view| view.step)
            ></progress>
            <div class="charts">
                <Show when=move || !asks_words.get()>
                    <Chart lines=accuracy name="accuracy" />
                </Show>
                <Show when=move || has_words.get()>
                    <Chart lines=perplexity name="perplexity" />
                </Show>
                <Chart lines=losses name="losses">
                    <Show when=move || weighable.get()><Weighing /></Show>
                </Chart>
            </div>
            <figcaption>
                <p class="verdict" aria-live="polite">{move || shown.with(View::verdict)}</p>
                <p class="quiet">{move || if asks_words.get() { OF_WORDS } else { OF_CLASSES }}</p>
            </figcaption>
        </figure>
    }
}

const OF_CLASSES: &str = "All over optimiser steps. Accuracy is the share of right answers on sentences kept apart from training; \
    the teacher does not change, it is the line to be reached. The student’s loss is a weighted sum: how far it is from the \
    teacher’s probabilities (a divergence) and from the labels (cross-entropy). The control has the labels only.";

const OF_WORDS: &str = "All over optimiser steps. Perplexity is between how many equally likely words a model would waver on texts kept \
    apart from training: less is better. The teacher does not change, it is the line to be reached. The student’s loss is a \
    weighted sum of its terms: how far it is from the teacher’s next-word probabilities (a divergence) and from the texts \
    (cross-entropy). A control has the texts only.";

/// Which run this is, where it is computed, and how fast.
fn what(view: &View) -> String {
    let Some(started) = &view.started else { return "No run yet.".to_owned() };
    let software =
        if started.adapter.software { ", a software adapter: its speed says nothing about GPUs" } else { "" };
    let speed = view.rates.map_or_else(String::new, |[steps, texts, tokens]| {
        let tokens = if tokens > 0.0 { format!(", {tokens:.0} tokens") } else { String::new() };
        format!("; {steps:.1} steps, {texts:.0} texts{tokens} per second")
    });
    let memory = format!("; about {:.0} MB", started.memory_bytes as f64 / 1e6);
    let hop = view.hop().map_or_else(String::new, |hop| format!(", {hop}"));
    format!("Run “{}”{hop}, on {}{software}{speed}{memory}.", started.name, started.adapter.name)
}

/// Draws each term as it is, or as it is weighed in the sum.
#[component]
fn Weighing() -> impl IntoView {
    let (now, choose) = expect_context::<OnShow>().weighed;
    let choice = move |weighed: bool, text: &'static str| {
        view! {
            <label>
                <input
                    type="radio"
                    name="losses"
                    prop:checked=move || now.get() == weighed
                    on:change=move |_| choose.set(weighed)
                />
                " "{text}
            </label>
        }
    };
    view! {
        <div class="choice" role="radiogroup" aria-label="The terms are drawn">
            {choice(false, "as they are")}
            {choice(true, "weighed in the sum")}
        </div>
    }
}
