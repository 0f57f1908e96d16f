//! The live figure: accuracy or perplexity, and losses, over optimiser steps, of the visitor's run or
//! the recorded one.

use leptos::prelude::*;

use super::{chart::Chart, desk::Desk, recorded::Recording};
use crate::{
    draw::{Axis, Caption, Dash, Lines, Point, Role, Series},
    state::{CONTROL_LOSS, Curves, TOTAL, View, learns},
};

/// A model's colour; its dashes and marks come with it, so that no sign is needed alone.
pub fn role(name: &str) -> Role {
    match name.split('-').next().unwrap_or_default() {
        "teacher" | "tutor" => Role::Teacher,
        "student" => Role::Student,
        "control" => Role::Control,
        "companion" => Role::Fourth,
        _ => Role::Third, // assistants
    }
}

/// Colour and dashes of a loss: of the sum, of the control, or of the term of this number.
pub fn look_of_loss(name: &str, number: usize) -> (Role, Dash) {
    const ROLES: [Role; 5] = [Role::Third, Role::Fourth, Role::Fifth, Role::Teacher, Role::Quiet];
    const DASHES: [Dash; 3] = [Dash::Mixed, Dash::Short, Dash::Long];
    match name {
        TOTAL => (Role::Student, Dash::Solid),
        CONTROL_LOSS => (Role::Control, Dash::Short),
        // 5 and 3 have no common factor: fifteen terms look different.
        _ => (ROLES[number % ROLES.len()], DASHES[number % DASHES.len()]),
    }
}

/// What is measured on dev: `y` is its axis.
fn figures(view: &View, curves: &Curves, title: &str, y: Axis) -> Lines {
    let mut lines = Lines { caption: Caption::new(title, ""), x: steps(), y, ..Lines::default() };
    for name in view.models() {
        let (label, role) = (view.called(name).to_owned(), role(name));
        match (learns(name), curves.y.get(name), curves.last(name)) {
            (true, Some(column), _) => lines.series.push(Series::of(label, role, &curves.x, column)),
            // One number for the whole run: a line to be reached.
            (false, _, Some(value)) => {
                let ends = [curves.x.first(), curves.x.last()].into_iter().flatten();
                let points = ends.map(|x| Point::new(*x, value)).collect();
                lines.series.push(Series { mark: None, ..Series::new(label, role, points) });
            }
            _ => {}
        }
    }
    lines
}

/// The axis of optimiser steps.
pub fn steps() -> Axis {
    Axis::new("step").whole()
}

fn losses(view: &View, weighed: bool) -> Lines {
    let curves = if weighed && view.tells_weights() { &view.weighed } else { &view.losses };
    let (learner, words) = (view.called("student"), view.asks_words());
    let terms = || curves.y.keys().map(String::as_str).filter(|name| ![TOTAL, CONTROL_LOSS].contains(name));
    // A sum of one term is that term.
    let total = curves.y.contains_key(TOTAL) && terms().count() != 1;
    let control = curves.y.contains_key(CONTROL_LOSS);
    let names = total.then_some(TOTAL).into_iter().chain(terms()).chain(control.then_some(CONTROL_LOSS));
    let line = |(place, name): (usize, &str)| {
        let (role, dash) = look_of_loss(name, place.saturating_sub(usize::from(total)));
        let label = match name {
            TOTAL => format!("{learner}, sum"),
            CONTROL_LOSS if words => "control, texts".to_owned(),
            CONTROL_LOSS => "control, labels".to_owned(),
            other => format!("{learner}, {}", spoken(other, words)),
        };
        Series { dash, mark: None, ..Series::of(label, role, &curves.x, &curves.y[name]) }
    };
    let series = names.enumerate().map(line).collect();
    let caption = Caption::new("Training losses", "");
    Lines { caption, x: steps(), y: Axis::new("nats"), series, ..Lines::default() }
}

fn spoken(term: &str, words: bool) -> String {
    match term {
        "kd" => "teacher".into(),
        "cross_entropy" | "ce" => if words { "texts" } else { "labels" }.into(),
        other => other.replace('_', " "),
    }
}

/// The charts, the progress, and what they show.
#[component]
pub fn Figure() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let recording = expect_context::<Recording>();
    let shown = Memo::new(move |_| {
        if desk.page.with(|page| page.live) { desk.page.with(|page| page.view.clone()) } else { recording.view.get() }
    });
    let live = move || desk.page.with(|page| page.live);
    let asks_words = Memo::new(move |_| shown.with(View::asks_words));
    let has_words = Memo::new(move |_| shown.with(|view| view.asks_words() || !view.perplexity.x.is_empty()));
    let accuracy =
        Memo::new(move |_| shown.with(|view| figures(view, &view.accuracy, "Accuracy on dev", Axis::new("% right"))));
    let perplexity = Memo::new(move |_| {
        shown.with(|view| figures(view, &view.perplexity, "Perplexity on dev", Axis::new("perplexity").logarithmic()))
    });
    let weighed = Memo::new(move |_| desk.config.with(|config| config.weighed));
    let losses = Memo::new(move |_| shown.with(|view| losses(view, weighed.get())));
    let weighable = Memo::new(move |_| shown.with(View::tells_weights));
    view! {
        <figure class="live" aria-labelledby="figure-title">
            <div class="figure-head">
                <h2 id="figure-title" class="running">
                    <span class="badge" class:on=live>{move || if live() { "Your run" } else { "Recorded run" }}</span>
                    " "{move || shown.with(what)}
                </h2>
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
    let desk = expect_context::<Desk>();
    let choice = move |weighed: bool, text: &'static str| {
        view! {
            <label>
                <input
                    type="radio"
                    name="losses"
                    prop:checked=move || desk.config.with(|config| config.weighed == weighed)
                    on:change=move |_| desk.config.update(|config| config.weighed = weighed)
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
