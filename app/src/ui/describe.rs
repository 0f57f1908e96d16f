//! What is going to run, looked at before it starts: the data as they are read, the models, the memory.

use std::{sync::Arc, time::Duration};

use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*};
use retort_core::train::{Description, HopSketch, Knob, Memory, Texts};

use super::{
    desk::Desk,
    drawing::{Drawing, Shown},
    results::grouped,
};
use crate::state::found::{classes, lengths};

/// So long nothing must change before the worker is asked.
const PATIENCE: Duration = Duration::from_millis(500);

/// The section; asks again whenever something is chosen, while `shown`.
#[component]
pub fn Described(shown: Signal<bool>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let pending = StoredValue::new(None::<TimeoutHandle>);
    Effect::new(move || {
        desk.config.track();
        desk.uploads.track();
        if !(desk.ready.get() && shown.get()) {
            return;
        }
        pending.update_value(|pending| {
            pending.take().iter().for_each(TimeoutHandle::clear);
            *pending = set_timeout_with_handle(move || desk.describe(), PATIENCE).ok();
        });
    });
    let description = Memo::new(move |_| desk.page.with(|page| page.description.clone()));
    view! {
        <section class="described" aria-labelledby="described-title">
            <h2 id="described-title">"Before it starts"</h2>
            {move || match description.get() {
                None => view! { <p class="quiet">"Reading the data and the models’ shapes…"</p> }.into_any(),
                Some(description) => told(&description).into_any(),
            }}
        </section>
    }
}

fn told(description: &Description) -> impl IntoView + use<> {
    let Description { problems, notes, texts, hops, steps, .. } = description.clone();
    let problems = problems.into_iter().map(|text| view! { <p class="trouble">{text}</p> }).collect::<Vec<_>>();
    let notes = notes.into_iter().map(|text| view! { <p class="quiet">{text}</p> }).collect::<Vec<_>>();
    let steps = steps.map(|steps| view! { <p>{format!("{} optimiser steps in all.", grouped(steps))}</p> });
    view! {
        <div role="status">{problems}</div>
        {texts.as_ref().map(data)}
        {hops.iter().map(hop).collect::<Vec<_>>()}
        {steps}
        {notes}
    }
}

/// The data as they are read.
fn data(texts: &Texts) -> impl IntoView + use<> {
    let splits = texts.splits.iter().map(|split| format!("{} in {}", grouped(split.examples), split.name));
    let splits = splits.collect::<Vec<_>>().join(", ");
    let figure = |figure: Option<Shown>, name: &'static str| {
        figure.map(|figure| {
            let title = figure.caption().title.clone();
            view! { <div><h3>{title}</h3><Drawing figure=Signal::stored(figure) name /></div> }
        })
    };
    let balance = figure(classes(texts).map(|bars| Arc::new(bars) as Shown), "classes");
    let lengths = figure(lengths(texts).map(|counts| Arc::new(counts) as Shown), "lengths");
    let cut = texts.splits.first().filter(|split| split.counted > 0).map(|split| {
        format!(
            "Texts to train on have {:.0} tokens on the mean, the longest {}; {:.1} % are cut at {}.",
            split.mean,
            grouped(split.longest),
            100.0 * split.cut,
            texts.max_length
        )
    });
    let files = texts.files.iter().map(|file| {
        let taken = [("text", &file.text), ("second text", &file.pair), ("label", &file.label), ("response", &file.response)];
        let taken = taken.into_iter().filter_map(|(what, column)| column.as_ref().map(|column| format!("{column} is the {what}")));
        let taken = taken.collect::<Vec<_>>().join(", ");
        view! { <li><code>{file.file.clone()}</code>{format!(": {} rows for {}", grouped(file.rows), file.split)}{(!taken.is_empty()).then(|| format!("; {taken}"))}</li> }
    });
    let samples = texts.splits.first().map(|split| {
        let rows = split.samples.iter().map(|sample| {
            view! {
                <tr>
                    <td>{sample.text.clone()}{sample.pair.clone().map(|pair| view! { <br/><span class="quiet">{pair}</span> })}</td>
                    <td>{sample.label.clone()}</td>
                </tr>
            }
        });
        rows.collect::<Vec<_>>()
    });
    view! {
        <h3>"The data"</h3>
        <p>{splits}". "{cut}</p>
        <ul class="files">{files.collect::<Vec<_>>()}</ul>
        <div class="charts">{balance}{lengths}</div>
        <details>
            <summary>"Some of the texts"</summary>
            <div class="scroll" tabindex="0" role="region" aria-label="Some of the texts to train on">
                <table><thead><tr><th scope="col">"text"</th><th scope="col">"label"</th></tr></thead><tbody>{samples}</tbody></table>
            </div>
        </details>
    }
}

/// A hop: its models, and what a step needs.
fn hop(hop: &HopSketch) -> impl IntoView + use<> {
    let rows = hop.models.iter().map(|model| {
        view! {
            <tr>
                <th scope="row" class=model.who.clone()>{model.who.clone()}</th>
                <td>{model.family.clone()}</td>
                <td>{model.layers}</td>
                <td>{model.hidden}</td>
                <td>{model.heads}</td>
                <td>{model.intermediate}</td>
                <td>{grouped(model.parameters as usize)}</td>
            </tr>
        }
    });
    let rows = rows.collect::<Vec<_>>();
    let heads = ["family", "layers", "width", "heads", "feed-forward", "parameters"];
    view! {
        <h3>{format!("{} teaches {}", hop.teacher, hop.learner)}</h3>
        <div class="scroll" tabindex="0" role="region" aria-label=format!("Models of the hop of {}", hop.learner)>
            <table>
                <thead><tr><th scope="col">"model"</th>{heads.map(|head| view! { <th scope="col">{head}</th> })}</tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        {memory(&hop.memory)}
    }
}

/// What a step needs, against what there is; and what makes room.
fn memory(memory: &Memory) -> impl IntoView + use<> {
    let share = (100.0 * memory.strain).min(100.0);
    let state = match memory.strain {
        strain if strain > 1.0 => "too much",
        strain if strain > 0.8 => "close",
        _ => "fits",
    };
    let mib = |bytes: u64| format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20));
    let parts =
        memory.parts.iter().map(|part| format!("{} {}", part.what, mib(part.bytes))).collect::<Vec<_>>().join(", ");
    let limit = match memory.memory_bytes {
        Some(bytes) => format!("of {}", mib(bytes)),
        None => format!(
            "; the largest tensor, {}, has {} of the {} that the device binds at once",
            memory.largest.what,
            mib(memory.largest.bytes),
            mib(memory.binding_bytes)
        ),
    };
    let knobs = memory.knobs.iter().map(|it| knob(it.clone())).collect::<Vec<_>>();
    view! {
        <p>
            "Memory of a step: about "{mib(memory.total_bytes)}" "{limit}": "<strong>{state}</strong>"."
        </p>
        <meter class="memory" min="0" max="100" low="60" high="80" optimum="0" value=share aria-label="Share of the tightest limit that a step takes"></meter>
        <p class="quiet">{parts}</p>
        {(!knobs.is_empty()).then(|| view! { <p>"What makes room:"</p><ul class="knobs">{knobs}</ul> })}
    }
}

/// A change that makes room, and a button that makes it.
fn knob(knob: Knob) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let text = format!("{}: {:.0} % of the limit. {}", knob.told(), 100.0 * knob.strain, knob.cost);
    let turn = move |_| {
        let changed = desk.config.with_untracked(|config| {
            knob.sets.iter().try_fold(config.run.clone(), |run, (key, value)| run.set(&format!("{key}={value}")))
        });
        match changed {
            Ok(run) => desk.config.update(|config| config.run = run),
            Err(error) => desk.complaint.set(Some(error.to_string())),
        }
    };
    view! { <li>{text}" "<button type="button" class="small" on:click=turn>"Do that"</button></li> }
}
