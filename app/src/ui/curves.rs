//! The live figure: accuracy and losses over optimiser steps, of the visitor's run or the recorded one.

use leptos::prelude::*;

use super::{
    chart::{Chart, Line, Plot},
    desk::Desk,
    recorded::Recording,
};
use crate::state::{CONTROL_LOSS, TOTAL, View, learns};

/// Colour, dashes and marks of a series: three signs, so that none is needed alone.
fn look(name: &str) -> (&'static str, &'static [u32], bool) {
    match name {
        "teacher" => ("--teacher", &[2, 4], false),
        assistant if assistant.starts_with("assistant") => ("--third", &[2, 4], false),
        companion if companion.starts_with("companion") => ("--third", &[8, 3, 2, 3], true),
        "student" | TOTAL => ("--student", &[], name == "student"),
        "control" => ("--control", &[8, 5], true),
        "kd" => ("--third", &[8, 3, 2, 3], false),
        _ => ("--fourth", &[3, 3], false),
    }
}

fn accuracy(view: &View) -> Plot {
    let curves = &view.accuracy;
    let line = |name: &str| {
        let y = match learns(name) {
            true => curves.y.get(name)?.clone(),
            // One number for the whole run: a line to be reached.
            false => vec![curves.last(name)?.into(); curves.x.len()],
        };
        let (colour, dash, marks) = look(name);
        Some(Line { label: view.called(name).to_owned(), colour, dash, marks, y })
    };
    Plot { x: curves.x.clone(), lines: view.models().into_iter().filter_map(line).collect(), rows: curves.thinned(40) }
}

fn losses(view: &View) -> Plot {
    let (curves, learner) = (&view.losses, view.called("student"));
    let mut names: Vec<&String> = curves.y.keys().collect();
    names.sort_by_key(|name| match name.as_str() {
        TOTAL => 0,
        CONTROL_LOSS => 2,
        _ => 1,
    });
    // A sum of one term is that term.
    if names.iter().filter(|name| name.as_str() != CONTROL_LOSS).count() == 2 {
        names.retain(|name| name.as_str() != TOTAL);
    }
    let line = |name: &String| {
        let (colour, dash, marks) = look(name);
        let label = match name.as_str() {
            TOTAL => format!("{learner}, sum"),
            CONTROL_LOSS => "control, labels".to_owned(),
            other => format!("{learner}, {}", spoken(other)),
        };
        Line { label, colour, dash, marks: marks && name != CONTROL_LOSS, y: curves.y[name].clone() }
    };
    Plot { x: curves.x.clone(), lines: names.into_iter().map(line).collect(), rows: curves.thinned(40) }
}

fn spoken(term: &str) -> String {
    match term {
        "kd" => "teacher".into(),
        "cross_entropy" | "ce" => "labels".into(),
        other => other.replace('_', " "),
    }
}

/// Both charts, the progress, and what they show.
#[component]
pub fn Figure() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let recording = expect_context::<Recording>();
    let shown = Memo::new(move |_| {
        if desk.page.with(|page| page.live) { desk.page.with(|page| page.view.clone()) } else { recording.view.get() }
    });
    let live = move || desk.page.with(|page| page.live);
    let accuracy = Memo::new(move |_| shown.with(accuracy));
    let losses = Memo::new(move |_| shown.with(losses));
    let what = move || {
        shown.with(|view| match &view.started {
            None => "No run yet.".to_owned(),
            Some(started) => {
                let software = if started.adapter.software {
                    ", a software adapter: its speed says nothing about GPUs"
                } else {
                    ""
                };
                let speed = view.step_seconds.filter(|seconds| *seconds > 0.0);
                let speed = speed.map_or(String::new(), |seconds| format!(", {:.1} steps per second", 1.0 / seconds));
                let hop = view.hop().map_or_else(String::new, |hop| format!(", {hop}"));
                format!("Run “{}”{hop}, on {}{software}{speed}.", started.name, started.adapter.name)
            }
        })
    };
    view! {
        <figure class="live" aria-labelledby="figure-title">
            <div class="figure-head">
                <p id="figure-title">
                    <span class="badge" class:on=live>{move || if live() { "Your run" } else { "Recorded run" }}</span>
                    " "{what}
                </p>
                <Show when=move || !live()>
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
                <Chart plot=accuracy title="Accuracy on dev" unit="%" digits=1 />
                <Chart plot=losses title="Training losses" unit="nats" digits=3 />
            </div>
            <figcaption>
                <p class="verdict" aria-live="polite">{move || shown.with(View::verdict)}</p>
                <p class="quiet">
                    "Both over optimiser steps. Accuracy is the share of right answers on sentences kept apart from training; "
                    "the teacher does not change, it is the line to be reached. The student’s loss is a weighted sum: how far it is from the "
                    "teacher’s probabilities (a divergence) and from the labels (cross-entropy). The control has the labels only."
                </p>
            </figcaption>
        </figure>
    }
}
