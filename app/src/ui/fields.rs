//! Form fields over the run file: each is a path into it, as `--set` takes.

use leptos::prelude::*;
use retort_core::Result;

use super::desk::Desk;
use crate::address::{text_at, without};

/// A number in the run file.
#[derive(Debug, Clone)]
pub struct Number {
    /// Where it is.
    pub path: String,
    /// What it is called.
    pub label: String,
    /// What it means, in a few words.
    pub hint: &'static str,
    /// Whether an empty field takes it out of the run file.
    pub optional: bool,
}

/// A number in the run file, with its label, its hint, and what is wrong with it if something is.
#[component]
pub fn NumberField(
    /// Which.
    field: Number,
    /// The run is open: nothing can be changed.
    locked: Signal<bool>,
) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let Number { path, label, hint, optional } = field;
    let id = path.replace('.', "-");
    let shown = {
        let path = path.clone();
        Memo::new(move |_| desk.config.with(|config| text_at(&config.run, &path)))
    };
    let change = Callback::new(move |text: String| {
        let run = desk.config.with_untracked(|config| match text.trim() {
            "" if optional => without(&config.run, &path),
            text => config.run.set(&format!("{path}={text}")),
        })?;
        desk.config.update(|config| config.run = run);
        Ok(())
    });
    view! { <TypedField id label hint shown change locked /> }
}

/// Something that is typed, and what is wrong with it if something is.
#[component]
pub fn TypedField(
    /// Identifies the field on the page.
    id: String,
    /// What it is called.
    #[prop(into)]
    label: String,
    /// What it means, in a few words.
    hint: &'static str,
    /// The value now.
    #[prop(into)]
    shown: Signal<String>,
    /// Takes a new one, or says what is wrong with it.
    change: Callback<String, Result<()>>,
    /// Nothing can be changed.
    locked: Signal<bool>,
) -> impl IntoView {
    let wrong = RwSignal::new(None::<String>);
    let (hint_id, wrong_id) = (format!("{id}-hint"), format!("{id}-wrong"));
    let described = format!("{hint_id} {wrong_id}");
    // Another value from elsewhere, a preset say, settles what was wrong with this one.
    Effect::watch(move || shown.get(), move |_, _, _| wrong.set(None), false);
    let change = move |event| {
        let error = change.run(event_target_value(&event)).err();
        wrong.set(error.map(|error| error.to_string().trim_start_matches("--set: ").to_owned()));
    };
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <input
                id=id
                type="text"
                inputmode="decimal"
                autocomplete="off"
                prop:value=shown
                disabled=move || locked.get()
                aria-invalid=move || wrong.with(Option::is_some).then_some("true")
                aria-describedby=described
                on:change=change
            />
            <span class="hint" id=hint_id>{hint}</span>
            <span class="wrong" id=wrong_id role="alert">{move || wrong.get()}</span>
        </div>
    }
}

/// A choice among words in the run file; `None` stands for words that are not offered.
#[component]
pub fn ChoiceField(
    /// What it is called.
    label: &'static str,
    /// Identifies the field on the page.
    id: &'static str,
    /// What it means, in a few words.
    #[prop(into)]
    hint: Signal<String>,
    /// Value and text of each.
    options: Vec<(String, String)>,
    /// The value now.
    value: Memo<String>,
    /// Takes a new one.
    choose: Callback<String>,
    /// The run is open: nothing can be changed.
    locked: Signal<bool>,
) -> impl IntoView {
    let options = options.into_iter().map(move |(name, text)| {
        let this = name.clone();
        view! { <option value=name prop:selected=move || value.with(|value| *value == this)>{text}</option> }
    });
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <select
                id=id
                disabled=move || locked.get()
                aria-describedby=format!("{id}-hint")
                on:change=move |event| choose.run(event_target_value(&event))
            >
                {options.collect::<Vec<_>>()}
            </select>
            <span class="hint" id=format!("{id}-hint")>{hint}</span>
        </div>
    }
}
