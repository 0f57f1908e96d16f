//! The table of figures, with their intervals.

use leptos::prelude::*;
use retort_core::train::Eval;

use super::{desk::Desk, recorded::Recording};
use crate::state::View;

/// Figures of the run on show.
#[component]
pub fn Results() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let recording = expect_context::<Recording>();
    let shown = Memo::new(move |_| {
        if desk.page.with(|page| page.live) { desk.page.with(|page| page.view.clone()) } else { recording.view.get() }
    });
    let recorded = move || !desk.page.with(|page| page.live);
    view! {
        <section aria-labelledby="results-title">
            <h2 id="results-title">"Results" {move || recorded().then_some(" of the recorded run")}</h2>
            <div class="scroll" tabindex="0" role="region" aria-label="Results, as a table">
                <table class="results">
                    <thead>
                        <tr>
                            <th scope="col">"Model"</th>
                            <th scope="col">"Parameters"</th>
                            <th scope="col">"Dev accuracy"</th>
                            <th scope="col">"Test accuracy"</th>
                            <th scope="col">"F1"</th>
                            <th scope="col">"Matthews"</th>
                            <th scope="col">"Agrees with teacher"</th>
                        </tr>
                    </thead>
                    <tbody>{move || shown.with(rows)}</tbody>
                </table>
            </div>
            <p class="quiet">
                "In brackets: 95 % interval (Wilson score). Dev chooses the weights that are kept; test is looked at once, at the end. "
                "F1, Matthews and agreement are those of test, of dev before there is one."
            </p>
            <p class="quiet">{move || shown.with(about)}</p>
        </section>
    }
}

fn rows(view: &View) -> Vec<impl IntoView + use<>> {
    view.models()
        .into_iter()
        .map(|who| {
            let (dev, test) = (view.dev.get(who), view.test.get(who));
            let best = test.or(dev);
            let parameters = view.started.as_ref().map(|started| started.parameters_of(who));
            let figure = |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.3}"));
            view! {
                <tr>
                    <th scope="row">{view.called(who).to_owned()}</th>
                    <td>{parameters.map_or("–".to_owned(), grouped)}</td>
                    <td>{accuracy(dev)}</td>
                    <td>{accuracy(test)}</td>
                    <td>{figure(best.map(|eval| eval.f1))}</td>
                    <td>{figure(best.map(|eval| eval.mcc))}</td>
                    <td>{best.and_then(|eval| eval.agreement).map_or("–".to_owned(), |share| format!("{:.1} %", 100.0 * share))}</td>
                </tr>
            }
        })
        .collect()
}

fn accuracy(eval: Option<&Eval>) -> String {
    eval.map_or("–".to_owned(), |eval| {
        let [low, high] = eval.interval.map(|share| 100.0 * share);
        format!("{:.1} % ({low:.1}–{high:.1})", 100.0 * eval.accuracy)
    })
}

fn about(view: &View) -> Option<String> {
    let started = view.started.as_ref()?;
    let [train, dev, test] = started.examples.map(grouped);
    let mut text = format!(
        "{train} sentences to train on, {dev} in dev, {test} in test. Seed {}. Estimated memory on the device: {} MB.",
        started.seed,
        started.memory_bytes / 1_000_000
    );
    for note in &started.notes {
        text += &format!(" {note}");
    }
    if let Some(step) = view.early_stop {
        text += &format!(" Stopped early at step {step}: dev accuracy no longer rose.");
    }
    if let Some((steps, seconds)) = view.done {
        text += &format!(" {steps} steps in {seconds:.0} s, evaluation included");
        text += if started.adapter.software { ", on a software adapter." } else { "." };
    }
    Some(text)
}

/// 12345 as 12 345, with a space that does not break.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}
