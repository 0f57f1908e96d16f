//! What is done with a run file: one distillation, or STARK's stages with a sweep of sparse teachers.

use leptos::prelude::*;
use retort_core::run::Stark;

use super::{
    desk::Desk,
    fields::{ChoiceField, TypedField},
};
use crate::address::{listed, text_at, with_list};

const STARK: &str = "stark";

/// Further sweeps of STARK: key, name, what it is.
const SWEEPS: [(&str, &str, &str); 3] = [
    ("random", "Random teachers too", "as much is gone, but drawn: the control of the scores"),
    ("unstructured", "Single weights too", "gone by the same scores, instead of heads and neurons"),
    ("auto", "STARK-AUTO too", "one teacher whose level the scores themselves tell"),
];

/// The choice of a procedure, and its settings.
#[component]
pub fn Procedure(
    /// The run is open: nothing can be changed.
    locked: Signal<bool>,
) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let stark = Memo::new(move |_| desk.config.with(|config| config.run.stark.is_some()));
    let value = Memo::new(move |_| if stark.get() { STARK.to_owned() } else { String::new() });
    let choose = Callback::new(move |name: String| {
        desk.config.update(|config| config.run.stark = (name == STARK).then(Stark::default));
    });
    let hint = Signal::derive(move || {
        if stark.get() {
            "Yang, Zhang, Song 2022: one student for every sparse teacher"
        } else {
            "one student, taught once"
        }
        .to_owned()
    });
    let options = [("", "Distil once"), (STARK, "STARK")].map(|(name, text)| (name.into(), text.into()));
    view! {
        <fieldset>
            <legend>"Procedure"</legend>
            <div class="fields">
                <ChoiceField label="Procedure" id="procedure" hint options=options.to_vec() value choose locked />
                <Show when=move || stark.get()>
                    <List path="stark.levels" label="Sparsities" hint="per cent of heads and neurons that go, rising" locked />
                    <List path="stark.lambdas" label="λ" hint="what the teacher itself feels against what its student feels, 0 to 1" locked />
                    {SWEEPS.map(|(key, label, hint)| view! { <Sweep key label hint locked /> })}
                </Show>
            </div>
        </fieldset>
    }
}

/// Numbers in a row.
#[component]
fn List(path: &'static str, label: &'static str, hint: &'static str, locked: Signal<bool>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let shown = Memo::new(move |_| desk.config.with(|config| listed(&config.run, path)));
    let change = Callback::new(move |text: String| {
        let run = desk.config.with_untracked(|config| with_list(&config.run, path, &text))?;
        desk.config.update(|config| config.run = run);
        Ok(())
    });
    view! { <TypedField id=path.replace('.', "-") label hint shown change locked /> }
}

/// A sweep that can be switched on.
#[component]
fn Sweep(key: &'static str, label: &'static str, hint: &'static str, locked: Signal<bool>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let path = format!("stark.{key}");
    let checked = {
        let path = path.clone();
        move || desk.config.with(|config| text_at(&config.run, &path) == "true")
    };
    let change = move |event| {
        let assignment = format!("{path}={}", event_target_checked(&event));
        match desk.config.with_untracked(|config| config.run.set(&assignment)) {
            Ok(run) => desk.config.update(|config| config.run = run),
            Err(error) => desk.complaint.set(Some(error.to_string())),
        }
    };
    view! {
        <div class="field check">
            <label><input type="checkbox" prop:checked=checked disabled=move || locked.get() on:change=change />" "{label}</label>
            <span class="hint">{hint}</span>
        </div>
    }
}
