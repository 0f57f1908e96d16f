//! One sentence, and what each model makes of it as the student learns.

use std::time::Duration;

use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*};

use super::desk::Desk;
use crate::{
    protocol::ToWorker,
    state::rank,
    status::{Page, Stage},
};

const EXAMPLES: [&str; 3] = [
    "A warm and funny film that never loses its way.",
    "Two hours I would like to have back.",
    "Not as bad as the trailer, which is faint praise.",
];

/// The sentence box.
#[component]
pub fn Sentence() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let text = RwSignal::new(EXAMPLES[0].to_owned());
    let pair = RwSignal::new(String::new());
    let pending = StoredValue::new(None::<TimeoutHandle>);
    let pairs = Memo::new(move |_| desk.config.with(|config| config.run.data.pair.is_some()));
    let open = Memo::new(move |_| desk.page.with(Page::is_open));
    let ask = move || {
        let pair = pairs.get_untracked().then(|| pair.get_untracked());
        desk.send(&ToWorker::Predict { text: text.get_untracked(), pair });
    };
    // Once the models are there, and a moment after each change.
    Effect::new(move || {
        text.track();
        pair.track();
        if !open.get() {
            return;
        }
        pending.update_value(|pending| {
            pending.take().iter().for_each(TimeoutHandle::clear);
            *pending = set_timeout_with_handle(ask, Duration::from_millis(200)).ok();
        });
    });
    let examples = EXAMPLES.map(|example| {
        view! { <button type="button" class="small" on:click=move |_| text.set(example.into())>{example}</button> }
    });
    view! {
        <section aria-labelledby="sentence-title">
            <h2 id="sentence-title">"Try a sentence"</h2>
            <label class="wide">"A sentence"
                <textarea rows="2" prop:value=text on:input=move |event| text.set(event_target_value(&event))></textarea>
            </label>
            <Show when=move || pairs.get()>
                <label class="wide">"The second sentence of the pair"
                    <textarea rows="2" prop:value=pair on:input=move |event| pair.set(event_target_value(&event))></textarea>
                </label>
            </Show>
            <p class="examples">{Vec::from(examples)}</p>
            <Show
                when=move || open.get()
                fallback=|| view! { <Load /> }
            >
                <Answers />
            </Show>
        </section>
    }
}

/// What stands for the answers before there are models.
#[component]
pub fn Load() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let busy = move || desk.page.with(|page| !page.ready || page.stage != Stage::Closed);
    view! {
        <p>
            "The models answer as soon as they are there: "
            <button type="button" class="small" disabled=busy on:click=move |_| desk.open_run()>"Load them without training"</button>
        </p>
    }
}

/// A column per model, a row per class.
#[component]
fn Answers() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let prediction =
        Memo::new(move |_| desk.page.with(|page| page.prediction.clone().map(|(_, prediction)| prediction)));
    let step = Memo::new(move |_| desk.page.with(|page| page.view.step));
    move || {
        let Some(prediction) = prediction.get() else {
            return view! { <p class="quiet">"Asking the models…"</p> }.into_any();
        };
        let mut models = prediction.models.clone();
        models.sort_by_key(|(who, _)| rank(who));
        let called = |who: &str| desk.page.with_untracked(|page| page.view.called(who).to_owned());
        let head = models
            .iter()
            .map(|(who, _)| view! { <th scope="col" class=kind(who)>{called(who)}</th> })
            .collect::<Vec<_>>();
        let rows = prediction.labels.iter().enumerate().map(|(class, label)| {
            let cells = models.iter().map(|(who, shares)| {
                let share = shares.get(class).copied().unwrap_or_default();
                let top = shares.iter().all(|other| *other <= share);
                let percent = format!("{:.1} %", 100.0 * share);
                view! {
                    <td class=kind(who)>
                        <span class="share" class:top=top>{percent}</span>
                        <span class="bar" aria-hidden="true"><span style:width=format!("{:.1}%", 100.0 * share)></span></span>
                    </td>
                }
            });
            view! { <tr><th scope="row">{label.clone()}</th>{cells.collect::<Vec<_>>()}</tr> }
        });
        let rows = rows.collect::<Vec<_>>();
        view! {
            <div class="scroll" tabindex="0" role="region" aria-label="Probabilities by model">
                <table class="answers">
                    <caption>"Probability of each class, " {move || format!("at step {}", step.get())}</caption>
                    <thead><tr><td></td>{head}</tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            <p class="quiet">"As the models read it: " <span class="tokens">{prediction.tokens.join(" ")}</span></p>
        }
        .into_any()
    }
}

/// `assistant` of `assistant-1`.
pub fn kind(who: &str) -> String {
    who.split('-').next().unwrap_or_default().to_owned()
}
