//! The runs that the browser keeps: a list, and what can be done with each.

use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

use super::{browser, desk::Desk};
use crate::{
    protocol::{Stored, ToWorker},
    report::{Account, html, markdown, of_run},
    state::{
        compared::Compared,
        kept::{day, figures, size},
    },
    status::Stage,
};

/// The section.
#[component]
pub fn Library(shown: Signal<bool>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    // What is kept may have changed in another tab.
    Effect::new(move || {
        if shown.get() && desk.ready.get() {
            desk.send(&ToWorker::Runs);
        }
    });
    let runs = Memo::new(move |_| desk.page.with(|page| page.runs.clone()));
    let quota = move || {
        desk.page.with(|page| page.quota).map(|quota| {
            let lasting = if quota.persisted {
                "The browser promised to keep them."
            } else {
                "A browser short of room may clear them: save what matters as an archive."
            };
            format!("{} of {} that this site may use are taken. {lasting}", size(quota.used), size(quota.total))
        })
    };
    let import = move |event: leptos::ev::Event| {
        let Some(input) = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok()) else { return };
        let Some(file) = input.files().and_then(|files| files.get(0)) else { return };
        spawn_local(async move {
            if let Some(bytes) = browser::bytes(&file).await {
                desk.send_with(&ToWorker::Import, &[(file.name(), bytes)].into());
            }
            input.set_value("");
        });
    };
    view! {
        <section class="library" aria-labelledby="library-title">
            <h2 id="library-title">"Your runs"</h2>
            <p>"Every run is kept in this browser, with its checkpoints, until you delete it. An archive is the whole run in one file: "<code>"retort distil FILE --resume"</code>" goes on with it, and what "<code>"retort archive"</code>" makes can be opened here."</p>
            <p class="row">
                <label class="file">"Open an archive " <input type="file" accept=".zip" on:change=import /></label>
            </p>
            {move || if runs.with(Vec::is_empty) {
                view! { <p class="quiet">"None yet: the first one appears here as soon as it is opened."</p> }.into_any()
            } else {
                view! { <ul class="runs">{runs.get().into_iter().map(|stored| view! { <Kept stored /> }).collect::<Vec<_>>()}</ul> }.into_any()
            }}
            <p class="quiet">{quota}</p>
        </section>
    }
}

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Html,
    Markdown,
}

impl Form {
    /// Writes the report of a run, and lets the visitor save it; of Markdown with its figures beside it.
    fn save(self, it: &Compared) -> retort_core::Result<()> {
        let account = Account { title: &it.title, run: &it.run, events: &it.events, before: &[], provenance: None };
        let document = of_run(&account)?;
        match self {
            Self::Html => browser::save(&format!("{}.html", it.id), html(&document).as_bytes()),
            Self::Markdown => {
                let (text, figures) = markdown(&document, &it.id);
                browser::save(&format!("{}.md", it.id), text.as_bytes());
                figures.iter().for_each(|(name, svg)| browser::save(name, svg.as_bytes()));
            }
        }
        Ok(())
    }
}

/// One run.
#[component]
fn Kept(stored: Stored) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let id = StoredValue::new(stored.id.clone());
    let mine = Memo::new(move |_| {
        desk.page.with(|page| {
            page.stage != Stage::Closed && page.open.as_ref().is_some_and(|(open, _)| *open == id.get_value())
        })
    });
    let busy = Memo::new(move |_| {
        desk.page.with(|page| matches!(page.stage, Stage::Running | Stage::Opening | Stage::Testing))
    });
    let sure = RwSignal::new(false);
    let elsewhere = stored.open;
    let rename = move |event| desk.send(&ToWorker::Rename { id: id.get_value(), title: event_target_value(&event) });
    let verb = if stored.done { "Open" } else { "Go on" };
    let origin =
        stored.branched_from.as_ref().map(|from| format!(" Branched from “{}” at step {}.", from.title, from.step));
    let about = format!(
        "{} · {} · {} of {} steps{} · {} · {}",
        stored.id,
        stored.procedure.clone().or(stored.recipe.clone()).unwrap_or_else(|| "no recipe".into()),
        stored.step,
        stored.steps,
        stored.hop.as_ref().map_or_else(String::new, |hop| format!(" ({hop})")),
        size(stored.bytes),
        day(stored.changed),
    );
    let branch = move |_| desk.branch(&id.get_value());
    // Its log is asked for anew: it may have grown.
    let wanted = RwSignal::new(None::<Form>);
    let ask = move |form: Form| {
        desk.page.update(|page| {
            page.looked.remove(&id.get_value());
        });
        wanted.set(Some(form));
        desk.send(&ToWorker::Look { id: id.get_value() });
    };
    Effect::new(move || {
        let Some(form) = wanted.get() else { return };
        if let Some(run) = desk.page.with(|page| page.looked.get(&id.get_value()).cloned()) {
            wanted.set(None);
            if let Err(error) = form.save(&run) {
                desk.complaint.set(Some(error.to_string()));
            }
        }
    });
    view! {
        <li>
            <label>"Name " <input type="text" prop:value=stored.title.clone() maxlength="120" on:change=rename /></label>
            <p class="quiet">{about}{origin}</p>
            <p>{figures(&stored.figures)}</p>
            {stored.trouble.clone().map(|text| view! { <p class="trouble">{text}</p> })}
            <p class="row">
                <button type="button" class="small" disabled=move || busy.get() || mine.get() || elsewhere on:click=move |_| desk.resume(id.get_value())>{verb}</button>
                <button type="button" class="small" disabled=move || busy.get() || stored.step == 0 on:click=branch title="A new run with the settings of the form, from this one’s checkpoint">"Branch"</button>
                <button type="button" class="small" on:click=move |_| desk.send(&ToWorker::Archive { id: id.get_value() })>"Save the archive"</button>
                <button type="button" class="small" on:click=move |_| ask(Form::Html)>"Save a report (HTML)"</button>
                <button type="button" class="small" on:click=move |_| ask(Form::Markdown)>"Save a report (Markdown)"</button>
                <Show when=move || sure.get() fallback=move || view! {
                    <button type="button" class="small" disabled=move || mine.get() || elsewhere on:click=move |_| sure.set(true)>"Delete"</button>
                }>
                    <button type="button" class="small danger" on:click=move |_| desk.send(&ToWorker::Delete { id: id.get_value() })>"Really delete it"</button>
                    <button type="button" class="small" on:click=move |_| sure.set(false)>"Keep it"</button>
                </Show>
                {move || if mine.get() { "Open here." } else if elsewhere { "Open in another tab." } else { "" }}
            </p>
        </li>
    }
}
