//! The visitor's own texts in, the student out.

use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

use super::{browser, columns::Columns, desk::Desk, pasted::Pasted};
use crate::{preset::Preset, protocol::ToWorker, state::kept::size, status::Stage};

/// The splits, and what each is for.
pub const SPLITS: [(&str, &str); 3] =
    [("train", "to train on"), ("dev", "to choose the weights that are kept"), ("test", "for the figures at the end")];

/// Makes bytes the file of a split.
pub fn take(desk: Desk, split: &str, mut name: String, bytes: Vec<u8>) {
    desk.config.update(|config| {
        let data = &mut config.run.data;
        data.source = String::new();
        let splits = [("train", &mut data.train), ("dev", &mut data.dev), ("test", &mut data.test)];
        // Two files of one name must be told apart.
        if splits.iter().any(|(other, file)| *other != split && file.as_ref() == Some(&name)) {
            name = format!("{split}-{name}");
        }
        for (_, file) in splits.into_iter().filter(|(other, _)| *other == split) {
            *file = Some(name.clone());
        }
    });
    desk.look_at(name.clone(), bytes.clone());
    desk.uploads.update(|files| {
        files.insert(name, bytes);
    });
}

/// Files of the visitor's own, and their columns.
#[component]
pub fn Own() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let locked = Signal::derive(move || {
        desk.page.with(|page| matches!(page.stage, Stage::Opening | Stage::Paused | Stage::Running))
    });
    let load = move |split: &'static str, event: leptos::ev::Event| {
        let Some(input) = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok()) else { return };
        let Some(file) = input.files().and_then(|files| files.get(0)) else { return };
        spawn_local(async move {
            if let Some(bytes) = browser::bytes(&file).await {
                take(desk, split, file.name(), bytes);
            }
        });
    };
    let inputs = SPLITS.map(|(split, use_of)| {
        let chosen = move || {
            desk.config.with(|config| match split {
                "train" => config.run.data.train.clone(),
                "dev" => config.run.data.dev.clone(),
                _ => config.run.data.test.clone(),
            })
        };
        view! {
            <div class="field">
                <label for=format!("own-{split}")>{split}</label>
                <input
                    id=format!("own-{split}")
                    type="file"
                    accept=".tsv,.csv,.jsonl,.txt"
                    disabled=locked
                    aria-describedby=format!("own-{split}-hint")
                    on:change=move |event| load(split, event)
                />
                <span class="hint" id=format!("own-{split}-hint")>
                    {use_of}{move || chosen().map(|name| format!("; now: {name}"))}
                </span>
            </div>
        }
    });
    let back = move |_| {
        desk.uploads.update(std::collections::BTreeMap::clear);
        desk.config.update(|config| {
            let preset = Preset::find(&config.preset).and_then(|preset| preset.run().ok());
            config.run.data = preset.unwrap_or_default().data;
        });
    };
    let own = Memo::new(move |_| desk.config.with(|config| config.run.data.source.is_empty()));
    view! {
        <section aria-labelledby="own-title">
            <h2 id="own-title">"Your own texts"</h2>
            <p>
                "Files in TSV, CSV or JSONL, with a sentence and a label in each row; for language models plain text (TXT), "
                "or a prompt and a response in each row. They are read here and stay here. "
                "A file to train on is enough: a part of it is then set aside for dev and test. "
                "A teacher answers for its own classes only: with other labels than the teacher’s, take the teacher out of the run file and train without one."
            </p>
            <fieldset><legend>"Files and columns"</legend>
                <div class="fields">{inputs.into_iter().collect_view()}<Columns locked /></div>
                <Pasted locked />
                <Show when=move || own.get()>
                    <p class="hint">
                        "The address bar names your files but does not hold them. "
                        <button type="button" class="small" disabled=locked on:click=back>"Back to the preset’s data"</button>
                    </p>
                </Show>
            </fieldset>
        </section>
    }
}

/// The student as a directory.
#[component]
pub fn Export() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let open = move || desk.page.with(|page| matches!(page.stage, Stage::Paused | Stage::Running | Stage::Over));
    let list = move || {
        desk.exports.with(|files| {
            files.iter().map(|(name, bytes)| {
                let (name, bytes) = (name.clone(), bytes.clone());
                let size = size(bytes.len() as u64);
                let text = name.clone();
                view! { <li><button type="button" class="small" on:click=move |_| browser::save(&name, &bytes)>{text}</button>" "<span class="quiet">{size}</span></li> }
            }).collect::<Vec<_>>()
        })
    };
    view! {
        <section aria-labelledby="export-title">
            <h2 id="export-title">"Take the student away"</h2>
            <p>
                "A Hugging Face directory: put the files in one folder and Python’s "<code>"transformers"</code>" or "
                <code>"retort predict"</code>" read it. With it come the run file and the metrics."
            </p>
            <p>
                <button type="button" disabled=move || !open() on:click=move |_| desk.send(&ToWorker::Export)>"Prepare the files"</button>
                {move || (!open()).then_some(" There is a student once a run is open.")}
            </p>
            <ul class="downloads">{list}</ul>
        </section>
    }
}
