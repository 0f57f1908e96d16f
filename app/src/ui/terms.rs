//! The terms of every phase, each with a switch and a weight.

use leptos::prelude::*;
use retort_core::{
    Result,
    objective::METHODS,
    run::{Phase, Run},
};
use web_sys::HtmlInputElement;

use super::{desk::Desk, fields::TypedField};
use crate::terms::{Line, Terms as State, reads, settings};

/// What is switched and weighed: a term's phase, its place there, and what does not change about it.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    phase: usize,
    place: usize,
    method: String,
    settings: String,
}

/// A list of terms for every phase.
#[component]
pub fn Terms(
    /// The run is open: nothing can be changed.
    locked: Signal<bool>,
) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let refused = RwSignal::new(None::<String>);
    let phases = Memo::new(move |_| desk.terms.with(|terms| terms.phases.len()));
    // Anything that is taken settles what was refused.
    Effect::watch(move || desk.config.with(|config| config.run.clone()), move |_, _, _| refused.set(None), false);
    let list = move |phase: usize| {
        let keys = Memo::new(move |_| desk.terms.with(|terms| keys(terms, phase)));
        let empty = move || keys.with(Vec::is_empty);
        let title = Memo::new(move |_| desk.config.with(|config| title(&config.run, phase)));
        view! {
            <h3 id=format!("terms-{phase}")>{title}</h3>
            <div role="group" aria-labelledby=format!("terms-{phase}")>
                <For each=move || keys.get() key=Clone::clone let:key>
                    <Term key refused locked />
                </For>
            </div>
            <Show when=empty>
                <p class="hint">"The run file names no term: the phase learns from the teacher (kd), or from the data where there is none."</p>
            </Show>
        }
    };
    view! {
        <div role="group" aria-label="Terms">
            <p class="hint">
                "Every phase learns a weighted sum of these terms. One that is switched off is not in the run file; it stays here to be switched on again."
            </p>
            {move || (0..phases.get()).map(list).collect::<Vec<_>>()}
            <div role="alert">{move || refused.get().map(|text| view! { <p class="trouble">{text}</p> })}</div>
        </div>
    }
}

fn keys(terms: &State, phase: usize) -> Vec<Key> {
    let lines = terms.phases.get(phase).into_iter().flatten().enumerate();
    let key = |(place, Line { term, .. }): (usize, &Line)| Key {
        phase,
        place,
        method: term.method.clone(),
        settings: settings(&term.settings),
    };
    lines.map(key).collect()
}

fn title(run: &Run, phase: usize) -> String {
    let about = |phase: &Phase| match reads(phase) {
        "" => phase.name.clone(),
        what => format!("{}, on {what}", phase.name),
    };
    format!("Phase {}: {}", phase + 1, run.phases.get(phase).map_or_else(String::new, about))
}

/// A term with its switch and its weight.
#[component]
fn Term(
    key: Key,
    /// Where it is said that a phase must keep a term.
    refused: RwSignal<Option<String>>,
    locked: Signal<bool>,
) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let Key { phase, place, method, settings } = key;
    let line = Memo::new(move |_| desk.terms.with(|terms| terms.phases.get(phase)?.get(place).cloned()));
    let on = Memo::new(move |_| line.with(|line| line.as_ref().is_some_and(|line| line.on)));
    let shown =
        Signal::derive(move || line.with(|line| line.as_ref().map_or(String::new(), |it| it.term.weight.to_string())));
    let change = move |edit: &dyn Fn(&mut State, &Run) -> Result<Run>| -> Result<()> {
        let mut terms = desk.terms.get_untracked();
        let run = desk.config.with_untracked(|config| edit(&mut terms, &config.run))?;
        desk.terms.set(terms);
        desk.config.update(|config| config.run = run);
        Ok(())
    };
    let switch = move |event| {
        let wanted = event_target_checked(&event);
        if let Err(error) = change(&|terms, run| terms.switch(run, phase, place, wanted)) {
            event_target::<HtmlInputElement>(&event).set_checked(!wanted);
            refused.set(Some(error.to_string()));
        }
    };
    let weigh = Callback::new(move |text: String| change(&|terms, run| terms.weigh(run, phase, place, &text)));
    let formula = METHODS.iter().find(|entry| entry.name == method).map_or("", |entry| entry.formula);
    let id = format!("term-{phase}-{place}");
    view! {
        <div class="term" class:off=move || !on.get() role="group" aria-label=method.clone()>
            <div class="what">
                <label>
                    <input type="checkbox" prop:checked=on disabled=move || locked.get() on:change=switch />
                    " "{method.replace('_', " ")}
                </label>
                <code class="settings">{settings}</code>
                <span class="hint">{formula}</span>
            </div>
            <TypedField id label="Weight" hint="" shown change=weigh locked />
        </div>
    }
}
