//! The step to come of the open run, taken apart on one example without being taken.

use std::sync::Arc;

use leptos::prelude::*;

use super::{
    desk::Desk,
    exhibit::{Seen, Turn},
};
use crate::{
    exhibits::{APART, Exhibit, Knobs, Recorded},
    protocol::ToWorker,
    state::specimen::Form,
    status::Stage,
};

/// The exhibit that shows it.
const EXHIBIT: &str = "homotopic/step";

/// The section.
#[component]
pub fn Apart() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let open = Memo::new(move |_| desk.page.with(|page| page.is_open() && page.stage != Stage::Over));
    let form = RwSignal::new(Form::default());
    let wrong = RwSignal::new(None::<String>);
    let ask = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        match form.with_untracked(Form::specimen) {
            Ok(example) => {
                wrong.set(None);
                desk.send(&ToWorker::Apart { example, which: None });
            }
            Err(error) => wrong.set(Some(error.to_string())),
        }
    };
    let there = Memo::new(move |_| desk.page.with(|page| page.apart.is_some()));
    view! {
        <section class="apart" aria-labelledby="apart-title">
            <h2 id="apart-title">"The next step, taken apart"</h2>
            <p>"What the next optimiser step would do if it were taken on one text alone. It is not taken: the run stays as it is."</p>
            <form novalidate on:submit=ask>
                <Example form />
                <p class="row">
                    <button type="submit" disabled=move || !open.get()>"Take the next step apart"</button>
                    <Show when=move || !open.get()><span class="quiet">"Open a run that has steps left."</span></Show>
                    <span class="wrong" role="alert">{move || wrong.get()}</span>
                </p>
            </form>
            <Show when=move || there.get()><Parts /></Show>
        </section>
    }
}

/// Which text.
#[component]
fn Example(form: RwSignal<Form>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let own = Memo::new(move |_| form.with(|form| form.own));
    let labels = Memo::new(move |_| {
        desk.page.with(|page| page.view.started.as_ref().map(|started| started.labels.clone()).unwrap_or_default())
    });
    // The first class is chosen until another is.
    Effect::new(move || {
        let first = labels.with(|labels| labels.first().cloned().unwrap_or_default());
        form.update(|form| form.label = first);
    });
    let second = move || labels.with(Vec::is_empty) || desk.config.with(|config| config.run.data.pair.is_some());
    let count = move || {
        let texts = desk.page.with(|page| page.view.started.as_ref().map(|started| started.examples[0]));
        texts.filter(|_| !labels.with(Vec::is_empty)).map(|count| format!(" of {count}"))
    };
    let options = move || {
        let option = |name: String| view! { <option value=name.clone()>{name.clone()}</option> };
        labels.get().into_iter().map(option).collect::<Vec<_>>()
    };
    let kind = move |name: &'static str, value: bool| {
        view! {
            <label>
                <input type="radio" name="apart-of" prop:checked=move || own.get() == value
                    on:change=move |_| form.update(|form| form.own = value) />
                " "{name}
            </label>
        }
    };
    view! {
        <fieldset>
            <legend>"On which text"</legend>
            <p class="row">{kind("One to train on", false)}{kind("One of my own", true)}</p>
            <Show when=move || !own.get()>
                <label>"Its number"{count}" "
                    <input type="number" min="1" step="1" prop:value=move || form.with(|form| form.number.clone())
                        on:input=move |event| form.update(|form| form.number = event_target_value(&event)) />
                </label>
            </Show>
            <Show when=move || own.get()>
                <label class="wide">"The text"
                    <textarea rows="2" prop:value=move || form.with(|form| form.text.clone())
                        on:input=move |event| form.update(|form| form.text = event_target_value(&event))></textarea>
                </label>
                <Show when=second>
                    <label class="wide">"The second text, or the response; may be empty"
                        <textarea rows="2" prop:value=move || form.with(|form| form.pair.clone())
                            on:input=move |event| form.update(|form| form.pair = event_target_value(&event))></textarea>
                    </label>
                </Show>
                <Show when=move || !labels.with(Vec::is_empty)>
                    <label>"Its class "
                        <select on:change=move |event| form.update(|form| form.label = event_target_value(&event))>{options}</select>
                    </label>
                </Show>
            </Show>
        </fieldset>
    }
}

/// The parts of the step, to go forward and back through.
#[component]
fn Parts() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let exhibit = Exhibit::find(EXHIBIT);
    let recorded = Memo::new(move |_| {
        let text = desk.page.with(|page| serde_json::to_string(&[page.apart.as_ref()?]).ok());
        Arc::new(text.map(|text| Recorded::from([(APART.to_owned(), text)])).unwrap_or_default())
    });
    let knobs = Memo::new(move |_| {
        recorded.with(|recorded| exhibit.and_then(|exhibit| (exhibit.knobs)(recorded).ok())).unwrap_or_default()
    });
    // From the beginning; another example is seen from where one is.
    let mut first = Knobs::start(&knobs.get_untracked());
    knobs.with_untracked(|knobs| knobs.iter().for_each(|knob| first.set(knob, 0.0)));
    let chosen = RwSignal::new(first);
    let step =
        move || desk.page.with(|page| page.apart.as_ref().map(|apart| format!("Step {} of the run.", apart.step + 1)));
    view! {
        <div class="exhibit">
            <p class="quiet" role="status">{step}</p>
            <div class="knobs">{move || knobs.get().into_iter().map(|knob| view! { <Turn knob chosen /> }).collect::<Vec<_>>()}</div>
            {exhibit.map(|exhibit| view! { <Seen exhibit data=recorded chosen name="step".to_owned() /> })}
        </div>
    }
}
