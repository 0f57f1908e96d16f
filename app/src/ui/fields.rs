//! Form fields over the run file: each is a path into it, as `--set` takes.

use leptos::prelude::*;
use retort_core::Result;

use super::desk::Desk;
use crate::address::{reset, same_at, text_at, without};

/// What a field is in the preset, and the way back to it once it differs.
#[component]
fn Origin(
    /// Where it is in the run file.
    path: String,
    /// What it is called.
    label: String,
    /// Nothing can be changed.
    locked: Signal<bool>,
) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let path = StoredValue::new(path);
    let differs = Memo::new(move |_| {
        desk.config.with(|config| desk.base.with(|base| !same_at(&config.run, base, &path.read_value())))
    });
    let was = Memo::new(move |_| {
        let text = desk.base.with(|base| text_at(base, &path.read_value()));
        if text.is_empty() { "nothing".to_owned() } else { text }
    });
    let back = move |_| {
        let run = desk
            .config
            .with_untracked(|config| desk.base.with_untracked(|base| reset(&config.run, base, &path.read_value())));
        match run {
            Ok(run) => desk.config.update(|config| config.run = run),
            Err(error) => desk.complaint.set(Some(error.to_string())),
        }
    };
    let name = move || format!("Reset {label} to the preset’s {}", was.get());
    view! {
        <span class="origin" class:differs=move || differs.get()>
            {move || if differs.get() { format!("preset: {}", was.get()) } else { "as in the preset".to_owned() }}
            <Show when=move || differs.get() && !locked.get()>
                <button type="button" class="reset" aria-label=name.clone() on:click=back>"Reset"</button>
            </Show>
        </span>
    }
}

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
    let origin = path.clone();
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
    view! { <TypedField id label hint shown change locked origin /> }
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
    /// Where it is in the run file, if the way back to the preset is to be shown.
    #[prop(optional, into)]
    origin: Option<String>,
) -> impl IntoView {
    let named = label.clone();
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
            {origin.map(|path| view! { <Origin path label=named locked /> })}
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
    /// Where it is in the run file, if the way back to the preset is to be shown.
    #[prop(optional, into)]
    origin: Option<String>,
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
            {origin.map(|path| view! { <Origin path label=label.to_owned() locked /> })}
        </div>
    }
}
