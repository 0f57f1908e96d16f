//! The table of figures, with their intervals.

use leptos::prelude::*;
use retort_core::train::Eval;

use super::shown::OnShow;
use crate::state::View;

/// Figures of the run on show.
#[component]
pub fn Results() -> impl IntoView {
    let OnShow { view: shown, live, .. } = expect_context();
    let words = Memo::new(move |_| shown.with(View::figures_of_words));
    view! {
        <section aria-labelledby="results-title">
            <h2 id="results-title">"Results" {move || (!live.get()).then_some(" of the recorded run")}</h2>
            <div class="scroll" tabindex="0" role="region" aria-label="Results, as a table">
                <table class="results">
                    <thead><tr>{move || head(words.get())}</tr></thead>
                    <tbody>{move || shown.with(|view| rows(view, words.get()))}</tbody>
                </table>
            </div>
            <p class="quiet">{move || if words.get() { OF_WORDS } else { OF_CLASSES }}</p>
            <p class="quiet">{move || shown.with(about)}</p>
        </section>
    }
}

const OF_CLASSES: &str = "In brackets: 95 % interval (Wilson score). Dev chooses the weights that are kept; test is looked at once, at the end. \
    F1, Matthews and agreement are those of test, of dev before there is one.";

const OF_WORDS: &str = "Perplexity is the exponential of the mean cross-entropy; the share of next words right is that of the likeliest \
    ones. Dev chooses the weights that are kept; test is looked at once, at the end. At the end the models also write: ROUGE-L \
    compares that with the data; likelihood risk is how unlikely the teacher finds what the student writes, coverage risk how \
    unlikely the student finds what the teacher writes, both in nats a token. All but perplexity are of test, of dev before there is one.";

fn head(words: bool) -> Vec<impl IntoView> {
    let names: &[&str] = if words {
        &[
            "Model",
            "Parameters",
            "Dev perplexity",
            "Test perplexity",
            "Next words right",
            "ROUGE-L",
            "Likelihood risk",
            "Coverage risk",
            "Agrees with teacher",
        ]
    } else {
        &["Model", "Parameters", "Dev accuracy", "Test accuracy", "F1", "Matthews", "Agrees with teacher"]
    };
    names.iter().map(|name| view! { <th scope="col">{*name}</th> }).collect()
}

fn rows(view: &View, words: bool) -> Vec<impl IntoView + use<>> {
    let row = |who: &str| {
        let (dev, test) = (view.dev.get(who), view.test.get(who));
        let best = test.or(dev);
        let parameters = view.started.as_ref().map(|started| started.parameters_of(who));
        let agreement = best.and_then(|eval| eval.agreement).map(percent);
        let cells = if words {
            let perplexity = |eval: Option<&Eval>| eval.and_then(Eval::perplexity).map(|value| format!("{value:.2}"));
            let right = best.filter(|eval| eval.perplexity().is_some()).map(|eval| percent(eval.accuracy));
            let written = best.and_then(|eval| eval.written.as_ref());
            let risks =
                [written.and_then(|it| it.likelihood_risk), written.and_then(|it| it.coverage_risk)].map(figure);
            let [likelihood, coverage] = risks;
            vec![perplexity(dev), perplexity(test), right, figure(written.map(|it| it.rouge_l)), likelihood, coverage]
        } else {
            vec![accuracy(dev), accuracy(test), figure(best.map(|eval| eval.f1)), figure(best.map(|eval| eval.mcc))]
        };
        let cells = [vec![parameters.map(grouped)], cells, vec![agreement]].concat();
        let cells = cells.into_iter().map(|text| view! { <td>{text.unwrap_or_else(|| "–".to_owned())}</td> });
        view! { <tr><th scope="row">{view.called(who).to_owned()}</th>{cells.collect::<Vec<_>>()}</tr> }
    };
    view.models().into_iter().map(row).collect()
}

fn figure(value: Option<f64>) -> Option<String> {
    value.map(|value| format!("{value:.3}"))
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

fn accuracy(eval: Option<&Eval>) -> Option<String> {
    eval.filter(|eval| eval.perplexity().is_none()).map(|eval| {
        let [low, high] = eval.interval.map(|share| 100.0 * share);
        format!("{} ({low:.1}–{high:.1})", percent(eval.accuracy))
    })
}

fn about(view: &View) -> Option<String> {
    let started = view.started.as_ref()?;
    let [train, dev, test] = started.examples.map(grouped);
    let mut text = format!(
        "{train} {} to train on, {dev} in dev, {test} in test. Seed {}. Estimated memory on the device: {} MB.",
        if view.asks_words() { "texts" } else { "sentences" },
        started.seed,
        started.memory_bytes / 1_000_000
    );
    for note in &started.notes {
        text += &format!(" {note}");
    }
    if let Some(step) = view.early_stop {
        text += &format!(" Stopped early at step {step}: dev figures no longer got better.");
    }
    if let Some((steps, seconds)) = view.done {
        text += &format!(" {steps} steps in {seconds:.0} s, evaluation included");
        text += if started.adapter.software { ", on a software adapter." } else { "." };
    }
    Some(text)
}

/// 12345 as 12 345, with a space that does not break.
pub fn grouped(number: usize) -> String {
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
