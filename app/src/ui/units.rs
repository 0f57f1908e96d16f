//! What the teacher's heads and neurons matter: maps, the plane of both scores, heads that can be taken out, and
//! the smaller teacher, measured.

use std::sync::Arc;

use leptos::prelude::*;
use retort_core::{
    score::{By, Scores, keep},
    train::{Physical, Weighed, Without},
};

use super::{
    desk::Desk,
    drawing::{Drawing, Shown},
    results::grouped,
};
use crate::{
    protocol::ToWorker,
    state::units::{plane, shade},
};

/// What units can be scored by: name and text.
const SCORES: [(By, &str, &str); 3] = [
    (By::Sensitivity, "sensitivity", "slopes of the loss"),
    (By::Magnitude, "magnitude", "the size of their weights"),
    (By::Random, "random", "a draw, to compare with"),
];

/// The section.
#[component]
pub fn Units() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let open = Memo::new(move |_| desk.page.with(|page| page.is_open() && page.view.has_teacher()));
    let weighed = Memo::new(move |_| desk.page.with(|page| page.weighed.clone()));
    let (lambda, percent) = (RwSignal::new(0.5), RwSignal::new(30.0));
    let by = RwSignal::new(By::Sensitivity);
    let choose = move |event| {
        let name = event_target_value(&event);
        by.set(SCORES.iter().find(|(_, known, _)| *known == name).map_or(By::Sensitivity, |(by, ..)| *by));
    };
    let options = SCORES.map(|(_, name, text)| view! { <option value=name>{text}</option> });
    let scores = Memo::new(move |_| weighed.get().map(|weighed| weighed.scores.with_lambda(lambda.get())));
    view! {
        <section class="units" aria-labelledby="units-title">
            <h2 id="units-title">"What matters in the teacher"</h2>
            <p>
                "The slope of the loss in a factor on every head and neuron, over dev: what each matters to the teacher itself "
                "(expressive), and to what it tells the student (friendly). λ blends the two; the units with the lowest scores can go."
            </p>
            <p class="row">
                <label>"By " <select on:change=choose>{options}</select></label>
                <button type="button" disabled=move || !open.get() on:click=move |_| desk.send(&ToWorker::Weigh { by: by.get_untracked() })>
                    {move || if weighed.with(Option::is_some) { "Score the units again" } else { "Score the units" }}
                </button>
                <Show when=move || !open.get()>
                    <span class="quiet">" Open a run with a teacher first."</span>
                </Show>
            </p>
            {move || scores.get().map(|scores| view! {
                <Sliders lambda percent blends=!scores.heads.felt.friendly.is_empty() />
                <Heads scores=scores.clone() percent=percent.get() />
                <Neurons scores=scores.clone() percent=percent.get() />
                <p>
                    <button type="button" disabled=move || !open.get() on:click=move |_| {
                        desk.send(&ToWorker::Physical { percent: percent.get_untracked(), lambda: lambda.get_untracked() });
                    }>"Make it physical"</button>
                    <span class="quiet">" Slices the marked units out of the teacher’s matrices and measures what is left."</span>
                </p>
            })}
            <BothScores scores percent />
            {move || desk.page.with(|page| page.without.clone()).map(|without| {
                let predicted = weighed.with(|weighed| predicted(weighed.as_ref(), &without));
                view! { <Gone without predicted /> }
            })}
            {move || desk.page.with(|page| page.physical.clone()).map(|physical| view! { <Left physical /> })}
        </section>
    }
}

fn predicted(weighed: Option<&Weighed>, without: &Without) -> Option<f64> {
    weighed?.predicted.get(without.layer)?.get(without.head).copied()
}

#[component]
fn Sliders(lambda: RwSignal<f64>, percent: RwSignal<f64>, blends: bool) -> impl IntoView {
    let number = |event: &leptos::ev::Event| event_target_value(event).parse::<f64>().unwrap_or_default();
    view! {
        <div class="sliders">
            <label>{move || format!("λ {:.2}: weight of what the teacher itself feels", lambda.get())}
                <input type="range" min="0" max="1" step="0.05" disabled=!blends prop:value=lambda
                    on:input=move |event| lambda.set(number(&event)) />
            </label>
            <label>{move || format!("{:.0} % of heads and of neurons go", percent.get())}
                <input type="range" min="0" max="90" step="5" prop:value=percent
                    on:input=move |event| percent.set(number(&event)) />
            </label>
        </div>
    }
}

/// Layer by head; a head is a button that takes it out.
#[component]
fn Heads(scores: Scores, percent: f64) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let rows = scores.heads.score;
    let kept = keep(&rows, percent);
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let head = (0..columns).map(|head| view! { <th scope="col">{format!("head {head}")}</th> }).collect::<Vec<_>>();
    let row = |(layer, scores): (usize, &Vec<f64>)| {
        let cell = |(head, score): (usize, &f64)| {
            let stays = kept[layer][head];
            let name = format!(
                "Layer {layer}, head {head}: score {score:.2}{}. Take it out",
                if stays { "" } else { ", goes" }
            );
            let shade = format!("{:.0}%", shade(*score, &rows));
            let ask = move |_| desk.send(&ToWorker::Without { layer, head });
            view! {
                <td><button type="button" class="unit" class:gone=!stays style=("--score", shade) aria-label=name on:click=ask>
                    {format!("{score:.2}")}
                </button></td>
            }
        };
        let cells = scores.iter().enumerate().map(cell).collect::<Vec<_>>();
        view! { <tr><th scope="row">{format!("layer {layer}")}</th>{cells}</tr> }
    };
    let body = rows.iter().enumerate().map(row).collect::<Vec<_>>();
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label="Scores of the heads">
            <table class="heads">
                <caption>"Heads by their scores; struck through: goes. A click takes one out and measures the loss."</caption>
                <thead><tr><td></td>{head}</tr></thead>
                <tbody>{body}</tbody>
            </table>
        </div>
    }
}

/// Layer by neuron, a stripe for each, in falling order.
#[component]
fn Neurons(scores: Scores, percent: f64) -> impl IntoView {
    let rows = scores.neurons.score;
    let kept = keep(&rows, percent);
    let columns = rows.iter().map(Vec::len).max().unwrap_or(1).max(1);
    let left: Vec<String> = kept.iter().map(|row| row.iter().filter(|kept| **kept).count().to_string()).collect();
    let label = format!("Neurons that stay, layer by layer: {}", left.join(", "));
    let row = |(layer, scores): (usize, &Vec<f64>)| {
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        let stripe = |(place, unit): (usize, usize)| {
            let (shade, gone) = (format!("{:.0}%", shade(scores[unit], &rows)), !kept[layer][unit]);
            view! { <rect x=place y=layer * 12 width="1" height="10" class="unit" class:gone=gone style=("--score", shade) /> }
        };
        order.into_iter().enumerate().map(stripe).collect::<Vec<_>>()
    };
    let stripes = rows.iter().enumerate().map(row).collect::<Vec<_>>();
    view! {
        <figure class="neurons">
            <svg viewBox=format!("0 0 {columns} {}", rows.len() * 12) preserveAspectRatio="none" role="img" aria-label=label>
                {stripes}
            </svg>
            <figcaption>"Neurons, a row for each layer, the highest scores first; pale: goes."</figcaption>
        </figure>
    }
}

/// Heads and neurons by both of their scores, and the line below which heads go.
#[component]
fn BothScores(scores: Memo<Option<Scores>>, percent: RwSignal<f64>) -> impl IntoView {
    let blends = move || scores.with(|scores| scores.as_ref().is_some_and(|it| !it.heads.felt.friendly.is_empty()));
    let figure = Signal::derive(move || {
        let plane = scores.with(|scores| scores.as_ref().map(|scores| plane(scores, percent.get())));
        Arc::new(plane.unwrap_or_default()) as Shown
    });
    view! { <Show when=blends><div class="plane"><Drawing figure name="units" /></div></Show> }
}

/// The teacher without a head.
#[component]
fn Gone(without: Without, predicted: Option<f64>) -> impl IntoView {
    let Without { layer, head, rise, labels, probabilities: [before, after] } = without;
    let predicted =
        predicted.map_or(String::new(), |predicted| format!(", {predicted:+.4} were predicted from the slope"));
    let rows = labels.iter().zip(before.iter().zip(&after)).map(|(label, (before, after))| {
        let percent = |share: &f64| format!("{:.1} %", 100.0 * share);
        view! { <tr><th scope="row">{label.clone()}</th><td>{percent(before)}</td><td>{percent(after)}</td></tr> }
    });
    let rows = rows.collect::<Vec<_>>();
    view! {
        <div class="without" aria-live="polite">
            <p>{format!("Without head {head} of layer {layer} the teacher’s loss on dev changes by {rise:+.4}{predicted}.")}</p>
            {(!rows.is_empty()).then(|| view! {
                <table>
                    <caption>"What the teacher makes of the sentence above"</caption>
                    <thead><tr><td></td><th scope="col">"whole"</th><th scope="col">"without it"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            })}
        </div>
    }
}

/// The smaller teacher.
#[component]
fn Left(physical: Physical) -> impl IntoView {
    let change = |[before, after]: [usize; 2]| match before == after {
        true => before.to_string(),
        false => format!("{before} → {after}"),
    };
    let rows = physical.layers.iter().enumerate().map(|(layer, [then, now])| {
        view! {
            <tr>
                <th scope="row">{format!("layer {layer}")}</th>
                <td>{change([then[0], now[0]])}</td>
                <td>{change([then[1], now[1]])}</td>
            </tr>
        }
    });
    let rows = rows.collect::<Vec<_>>();
    let [before, after] = physical.parameters;
    let [slow, fast] = physical.milliseconds;
    let [whole, left] = physical.accuracy.map(|share| 100.0 * share);
    let apart = match physical.difference {
        0.0 => "exactly".to_owned(),
        apart => format!("within {apart:.1e} of"),
    };
    view! {
        <div class="physical" aria-live="polite">
            <table>
                <caption>"The smaller teacher"</caption>
                <thead><tr><td></td><th scope="col">"heads"</th><th scope="col">"neurons"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table>
            <p>
                {format!(
                    "{} → {} parameters, {} → {} bytes; {slow:.1} → {fast:.1} ms for a batch; {whole:.1} % → {left:.1} % right on dev. \
                     Its logits are {apart} those of the whole teacher with the same units silenced.",
                    grouped(before),
                    grouped(after),
                    grouped(4 * before),
                    grouped(4 * after),
                )}
            </p>
        </div>
    }
}
