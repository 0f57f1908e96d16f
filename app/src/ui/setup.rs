//! The main settings of a run, and the run file itself.

use leptos::{prelude::*, task::spawn_local};
use retort_core::{
    objective::{METHODS, Weighted},
    recipe::{RECIPES, Recipe},
    run::{Init, Run},
};
use serde_json::Value;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

use super::{
    assistants::Assistants,
    browser,
    desk::Desk,
    fields::{ChoiceField, Number, NumberField},
    procedure::Procedure,
    teachers::Teachers,
    terms::Terms,
};
use crate::{address::text_at, status::Stage};

const STUDENT: [(&str, &str, &str); 4] = [
    ("student.layers", "Layers", "transformer layers of the student"),
    ("student.hidden", "Width", "of the residual stream"),
    ("student.heads", "Heads", "attention heads; they divide the width"),
    ("student.intermediate", "Feed-forward", "width of the layer between"),
];

const TRAINING: [(&str, &str, &str, bool); 7] = [
    ("phases.0.steps", "Steps", "optimiser steps; empty: by epochs", true),
    ("phases.0.epochs", "Epochs", "passes over the texts, if steps is empty", false),
    ("phases.0.batch", "Batch", "texts per step", false),
    ("phases.0.optimizer.lr", "Learning rate", "at its peak", false),
    ("phases.0.eval_every", "Evaluate every", "so many steps", false),
    ("data.max_length", "Longest text", "in tokens; longer ones are cut", false),
    ("seed", "Seed", "of weights, order and dropout", false),
];

/// Settings and run file.
#[component]
pub fn Setup() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let locked = Signal::derive(move || {
        desk.page.with(|page| matches!(page.stage, Stage::Opening | Stage::Paused | Stage::Running))
    });
    let student = STUDENT.map(|(path, label, hint)| number(path, label, hint, false));
    let training = TRAINING.map(|(path, label, hint, optional)| number(path, label, hint, optional));
    let fields = move |list: Vec<Number>| {
        list.into_iter().map(|field| view! { <NumberField field locked /> }).collect::<Vec<_>>()
    };
    let own = Memo::new(move |_| desk.config.with(|config| config.run.student.model.clone()));
    view! {
        <section aria-labelledby="setup-title">
            <h2 id="setup-title">"Settings"</h2>
            <p class="quiet">
                "Everything chosen here stands in the address bar: the address is the run. "
                {move || locked.get().then_some("Stop the run to change them.")}
            </p>
            <fieldset>
                <legend>"Student"</legend>
                <div class="fields">
                    {fields(student.to_vec())}
                    <InitField locked />
                </div>
                {move || own.get().map(|model| view! { <p class="hint">"The run file starts from the model "<code>{model}</code>"; its shape wins."</p> })}
            </fieldset>
            <Teachers locked />
            <Assistants locked />
            <Procedure locked />
            <fieldset>
                <legend>"Objective"</legend>
                <div class="fields">
                    <RecipeField locked />
                    <MethodField locked />
                    <MethodSettings locked />
                </div>
                <Terms locked />
            </fieldset>
            <fieldset>
                <legend>"Training"</legend>
                <div class="fields">{fields(training.to_vec())}<ControlField locked /></div>
            </fieldset>
            <RunFile locked />
        </section>
    }
}

fn number(path: &str, label: &str, hint: &'static str, optional: bool) -> Number {
    Number { path: path.into(), label: label.into(), hint, optional }
}

#[component]
fn InitField(locked: Signal<bool>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let value = Memo::new(move |_| {
        desk.config.with(|config| match &config.run.student.init {
            Init::Random => "random".to_owned(),
            Init::FirstLayers => "first_layers".to_owned(),
            Init::Spread => "spread".to_owned(),
            Init::Teacher => "teacher".to_owned(),
            Init::Layers(_) => "layers".to_owned(),
        })
    });
    let choose = Callback::new(move |name: String| {
        desk.config.update(|config| {
            config.run.student.init = match name.as_str() {
                "first_layers" => Init::FirstLayers,
                "spread" => Init::Spread,
                "teacher" => Init::Teacher,
                "layers" => Init::Layers((0..config.run.student.layers).collect()),
                _ => Init::Random,
            };
        });
    });
    let hint = Signal::derive(move || match value.get().as_str() {
        "random" => "drawn by the seed".into(),
        "first_layers" | "spread" => "needs the teacher’s width".into(),
        "teacher" => "its shape is the teacher’s, not the one below".into(),
        _ => desk.config.with(|config| format!("layers {}", text_at(&config.run, "student.init.layers"))),
    });
    let options = [
        ("random", "Random"),
        ("first_layers", "Teacher’s first layers"),
        ("spread", "Teacher’s layers, spread"),
        ("teacher", "The teacher as it is"),
        ("layers", "Chosen teacher layers"),
    ];
    let options = options.map(|(name, text)| (name.to_owned(), text.to_owned())).to_vec();
    view! { <ChoiceField label="First weights" id="init" hint options value choose locked origin="student.init" /> }
}

/// Choosing a recipe replaces the phases and the student's first weights.
#[component]
fn RecipeField(locked: Signal<bool>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let value = Memo::new(move |_| desk.config.with(|config| config.run.recipe.clone().unwrap_or_default()));
    let choose = Callback::new(move |name: String| desk.follow(&name));
    let hint = Signal::derive(move || {
        let name = value.get();
        let about = RECIPES.iter().find(|recipe| recipe.name == name).and_then(|recipe| recipe.parts().ok());
        about.map_or_else(String::new, |(about, _)| format!("{}; student: {}", about.paper, about.constraint.name()))
    });
    let title = |recipe: &Recipe| recipe.parts().map_or_else(|_| recipe.name.to_owned(), |(about, _)| about.title);
    let recipes = RECIPES.iter().map(|recipe| (recipe.name.to_owned(), title(recipe)));
    let options = std::iter::once((String::new(), "None: the method below".to_owned())).chain(recipes).collect();
    view! { <ChoiceField label="Recipe" id="recipe" hint options value choose locked origin="recipe" /> }
}

#[component]
fn MethodField(locked: Signal<bool>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let value = Memo::new(move |_| desk.config.with(|config| method(&config.run)));
    let choose = Callback::new(move |name: String| {
        desk.config.update(|config| {
            let mut weighted = Weighted::new(&name);
            if let Some(Value::Object(settings)) =
                METHODS.iter().find(|entry| entry.name == name).map(|entry| (entry.defaults)())
            {
                weighted.settings = settings;
            }
            if let Some(phase) = config.run.phases.first_mut() {
                phase.objectives = vec![weighted];
            }
        });
    });
    let hint = Signal::derive(move || {
        let name = value.get();
        METHODS
            .iter()
            .find(|entry| entry.name == name)
            .map_or_else(String::new, |entry| format!("{} ({})", entry.formula, entry.paper))
    });
    let options = METHODS.iter().map(|entry| (entry.name.to_owned(), entry.name.replace('_', " "))).collect();
    view! { <ChoiceField label="Method" id="method" hint options value choose locked origin="phases.0.objectives" /> }
}

fn method(run: &Run) -> String {
    run.phases
        .first()
        .and_then(|phase| phase.objectives.first())
        .map_or_else(String::new, |weighted| weighted.method.clone())
}

/// The method's own settings, as its defaults name them.
#[component]
fn MethodSettings(locked: Signal<bool>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let method = Memo::new(move |_| desk.config.with(|config| method(&config.run)));
    move || {
        let name = method.get();
        let defaults = METHODS.iter().find(|entry| entry.name == name).map(|entry| (entry.defaults)());
        let Some(Value::Object(defaults)) = defaults else { return vec![] };
        let numbers = defaults.into_iter().filter(|(_, value)| value.is_number());
        numbers
            .map(|(key, _)| {
                let hint = match key.as_str() {
                    "temperature" => "T: softens both distributions",
                    "alpha" => "α: share of the teacher, 0 to 1",
                    _ => "",
                };
                let field = number(&format!("phases.0.objectives.0.{key}"), &capital(&key), hint, false);
                view! { <NumberField field locked /> }
            })
            .collect::<Vec<_>>()
    }
}

fn capital(key: &str) -> String {
    let text = key.replace('_', " ");
    text.char_indices().map(|(at, letter)| if at == 0 { letter.to_ascii_uppercase() } else { letter }).collect()
}

#[component]
fn ControlField(locked: Signal<bool>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    view! {
        <div class="field check">
            <label>
                <input
                    type="checkbox"
                    prop:checked=move || desk.config.with(|config| config.run.control)
                    disabled=move || locked.get()
                    on:change=move |event| desk.config.update(|config| config.run.control = event_target_checked(&event))
                />
                " Train the control too"
            </label>
            <span class="hint">"the same network, from the data alone; costs as much again"</span>
        </div>
    }
}

/// The run file: to read, to take away, to bring.
#[component]
fn RunFile(locked: Signal<bool>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let text =
        Memo::new(move |_| desk.config.with(|config| config.run.to_toml().unwrap_or_else(|error| error.to_string())));
    let load = move |event: leptos::ev::Event| {
        let Some(input) = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok()) else { return };
        let Some(file) = input.files().and_then(|files| files.get(0)) else { return };
        spawn_local(async move {
            let bytes = browser::bytes(&file).await.unwrap_or_default();
            // Bytes that are not text are not a run file either, and the reader says so.
            match Run::from_toml(&file.name(), &String::from_utf8_lossy(&bytes)) {
                Ok(run) => {
                    desk.complaint.set(None);
                    desk.config.update(|config| config.run = run);
                }
                Err(error) => desk.complaint.set(Some(error.to_string())),
            }
            // The same file can be chosen again after it was mended.
            input.set_value("");
        });
    };
    view! {
        <details class="runfile">
            <summary>"The run file"</summary>
            <p class="quiet">"The terminal takes the same file: "<code>"retort distil run.toml"</code></p>
            <pre class="scroll" tabindex="0" aria-label="Run file">{text}</pre>
            <p class="row">
                <button type="button" on:click=move |_| browser::save("run.toml", text.get_untracked().as_bytes())>"Save run.toml"</button>
                <label class="file">"Load a run file " <input type="file" accept=".toml" disabled=move || locked.get() on:change=load /></label>
            </p>
            <div role="alert">{move || desk.complaint.get().map(|text| view! { <p class="trouble">{text}</p> })}</div>
        </details>
    }
}
