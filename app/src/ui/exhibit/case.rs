//! One live figure: what can be turned, the pictures, the same in words, and where the data are from.

use std::{sync::Arc, time::Duration};

use leptos::{mount::mount_to, prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::{embed::Embed, mine::Mine, seen::Seen, shelf::Shelf, turn::Turn};
use crate::{
    draw::{Caption, Lines},
    exhibits::{Exhibit, Knobs, Recorded, What},
    state::{View, charts},
    status::Stage,
    ui::{
        browser,
        drawing::{self, Drawing},
    },
};

/// Fetches what a figure shows, and puts the live one in the place of its picture.
pub fn bring(place: &HtmlElement, shelf: Shelf) {
    let Some(exhibit) = super::exhibit(place) else { return };
    shelf.ask(exhibit.recorded);
    let place = place.clone();
    shelf.within(|| {
        Effect::new(move |done: Option<bool>| {
            if done == Some(true) {
                return true;
            }
            match shelf.find(exhibit.recorded) {
                None => return false,
                // Not from within: what an effect makes goes when it runs again, and it does when another file comes.
                Some(Ok(recorded)) => {
                    let place = place.clone();
                    set_timeout(move || take_over(&place, exhibit, recorded, shelf), Duration::ZERO);
                }
                Some(Err(name)) => {
                    complain(&place, &format!("recorded/{name} could not be fetched: the picture stays as it is."))
                }
            }
            true
        });
    });
}

fn take_over(place: &HtmlElement, exhibit: &'static Exhibit, recorded: Recorded, shelf: Shelf) {
    let stage = place.query_selector(".stage").ok().flatten().and_then(|stage| stage.dyn_into::<HtmlElement>().ok());
    let Some(stage) = stage else { return };
    let title = place.query_selector("h3").ok().flatten().and_then(|title| title.text_content()).unwrap_or_default();
    stage.set_inner_html("");
    let recorded = Arc::new(recorded);
    mount_to(stage, move || view! { <Case exhibit recorded shelf title /> }).forget();
    // Styles, and whoever waits, know it by this.
    place.set_class_name(&format!("{} alive", place.class_name()));
}

fn complain(place: &HtmlElement, message: &str) {
    let Ok(line) = document().create_element("p") else { return };
    line.set_class_name("trouble");
    line.set_text_content(Some(message));
    if let Ok(Some(stage)) = place.query_selector(".stage") {
        let _ = stage.append_child(&line);
    }
}

/// A figure that is there.
#[component]
fn Case(exhibit: &'static Exhibit, recorded: Arc<Recorded>, shelf: Shelf, title: String) -> impl IntoView {
    let [companion, id] = exhibit.parts();
    let own = RwSignal::new(false);
    let data = data(exhibit, recorded.clone(), shelf, own);
    let knobs = Memo::new(move |_| data.with(|data| (exhibit.knobs)(data)).unwrap_or_default());
    let pairs = browser::query();
    let first =
        Knobs::read(&knobs.get_untracked(), id, pairs.iter().map(|(key, value)| (key.as_str(), value.as_str())));
    let chosen = RwSignal::new(first);
    Effect::watch(
        move || chosen.get(),
        move |chosen, _, _| remember(id, chosen.write(&knobs.get_untracked(), id)),
        false,
    );
    view! {
        <div class="exhibit">
            <div class="knobs">
                {move || knobs.get().into_iter().map(|knob| view! { <Turn knob chosen /> }).collect::<Vec<_>>()}
            </div>
            <Source exhibit shelf own />
            <Seen exhibit data chosen name=format!("{companion}-{id}") />
            <div class="doings">
                {exhibit.run.map(|_| view! { <Run exhibit shelf own chosen /> })}
                // Within a frame it offers no frames.
                {(!shelf.alone).then(|| view! { <Embed exhibit title chosen knobs /> })}
            </div>
        </div>
    }
}

/// What is recorded, or the same with what the reader's run told.
fn data(
    exhibit: &'static Exhibit,
    recorded: Arc<Recorded>,
    shelf: Shelf,
    own: RwSignal<bool>,
) -> RwSignal<Arc<Recorded>> {
    let data = RwSignal::new(recorded.clone());
    Effect::new(move || {
        let texts = match (own.get(), shelf.mine.get()) {
            (true, Some(mine)) => {
                exhibit.own.iter().filter_map(|own| Some((own.file, mine.text(exhibit, own.what)?))).collect()
            }
            _ => vec![],
        };
        let mut now = recorded.clone();
        for (file, text) in texts {
            Arc::make_mut(&mut now).insert(file.to_owned(), text);
        }
        if data.with_untracked(|data| **data != *now) {
            data.set(now);
        }
    });
    data
}

/// Puts a figure's choices into the address, beside those of the others.
fn remember(id: &str, pairs: Vec<(String, String)>) {
    let before = format!("{id}.");
    let mut all: Vec<(String, String)> =
        browser::query().into_iter().filter(|(key, _)| !key.starts_with(&before)).collect();
    all.extend(pairs);
    browser::set_query(&all.iter().map(|(key, value)| (key.as_str(), value.clone())).collect::<Vec<_>>());
}

/// Recorded, or the reader's own.
#[component]
fn Source(exhibit: &'static Exhibit, shelf: Shelf, own: RwSignal<bool>) -> impl IntoView {
    let there = Memo::new(move |_| {
        shelf.mine.get().is_some_and(|mine| exhibit.own.iter().any(|own| mine.text(exhibit, own.what).is_some()))
    });
    let option = move |name: &'static str, value: bool| {
        view! {
            <label>
                <input type="radio" name=format!("source-{}", exhibit.name) prop:checked=move || own.get() == value
                    on:change=move |_| own.set(value) />
                {name}
            </label>
        }
    };
    view! {
        <Show when=move || there.get()>
            <fieldset class="source">
                <legend>"Shown"</legend>
                {option("recorded", false)}
                {option("your run", true)}
            </fieldset>
        </Show>
    }
}

/// The reader's own run of what is chosen.
#[component]
fn Run(exhibit: &'static Exhibit, shelf: Shelf, own: RwSignal<bool>, chosen: RwSignal<Knobs>) -> impl IntoView {
    let [companion, _] = exhibit.parts();
    let wanted = RwSignal::new(0_usize);
    let said = RwSignal::new(None::<String>);
    let begin = move |mine: Mine| {
        spawn_local(async move {
            let text = browser::fetch_text(&format!("companions/{companion}.toml")).await;
            let knobs = chosen.get_untracked();
            let run = text.zip(exhibit.run).map(|(text, run)| run(&text, &knobs));
            match run {
                None => said.set(Some(format!("companions/{companion}.toml could not be fetched."))),
                Some(Err(error)) => said.set(Some(error.to_string())),
                Some(Ok(run)) => {
                    said.set(None);
                    own.set(true);
                    mine.begin(exhibit.name, knobs, &run);
                }
            }
        });
    };
    let open = move |_| {
        wanted.update(|wanted| *wanted += 1);
        if shelf.mine.with_untracked(Option::is_none) {
            shelf.mine.set(Some(shelf.within(Mine::open)));
        }
    };
    // What is wanted begins once the worker is ready.
    Effect::new(move |begun: Option<usize>| {
        let (begun, wanted) = (begun.unwrap_or(0), wanted.get());
        match shelf.mine.get().filter(|mine| begun < wanted && mine.desk.page.with(|page| page.free())) {
            Some(mine) => {
                begin(mine);
                wanted
            }
            None => begun,
        }
    });
    view! {
        <div class="run-here">
            <button type="button" on:click=open disabled=move || busy(shelf)>"Run it here"</button>
            {move || said.get().map(|said| view! { <p class="trouble" role="alert">{said}</p> })}
            {move || shelf.mine.get().filter(|_| 0 < wanted.get()).map(|mine| view! { <Panel exhibit mine /> })}
        </div>
    }
}

/// Whether a run is being opened or goes on.
fn busy(shelf: Shelf) -> bool {
    shelf.mine.get().is_some_and(|mine| mine.desk.page.with(|page| !page.ready || !page.free()))
}

/// Where the run stands, what drives it, and what can be asked of its models.
#[component]
fn Panel(exhibit: &'static Exhibit, mine: Mine) -> impl IntoView {
    let page = mine.desk.page;
    let stage = Memo::new(move |_| page.with(|page| page.stage));
    let open = Memo::new(move |_| page.with(|page| page.is_open()));
    // It begins by itself once it is open.
    Effect::new(move |before: Option<Stage>| {
        let now = stage.get();
        if before == Some(Stage::Opening) && now == Stage::Paused {
            mine.toggle();
        }
        now
    });
    let progress = move || page.with(|page| page.view.step as f64 / page.view.steps().max(1) as f64);
    let curves = Signal::derive(move || -> drawing::Shown { Arc::new(page.with(|page| curves(&page.view))) });
    let told = [What::Events, What::Run, What::Stages];
    let asks = exhibit.own.iter().map(|own| own.what).filter(|what| !told.contains(what)).collect::<Vec<_>>();
    view! {
        <div class="panel">
            <p role="status">{move || page.with(|page| page.summary())}</p>
            {move || page.with(|page| page.trouble.clone()).or(mine.desk.complaint.get()).map(|trouble| view! { <p class="trouble" role="alert">{trouble}</p> })}
            <Show when=move || open.get()>
                <p class="row">
                    <progress max="1" prop:value=progress aria-label="Steps taken"></progress>
                    <button type="button" class="small" disabled=move || stage.get() == Stage::Over on:click=move |_| mine.toggle()>
                        {move || if stage.get() == Stage::Running { "Pause" } else { "Start" }}
                    </button>
                    <button type="button" class="small" disabled=move || stage.get() == Stage::Over on:click=move |_| mine.stop()>"End"</button>
                </p>
                {asks.iter().map(|what| view! { <Ask what=*what mine /> }).collect::<Vec<_>>()}
                <Drawing figure=curves name="run" />
            </Show>
        </div>
    }
}

/// Asks the models.
#[component]
fn Ask(what: What, mine: Mine) -> impl IntoView {
    let (label, verb, first) = match what {
        What::Events | What::Run | What::Stages | What::Scores => ("", "Score the units", ""),
        What::Apart => ("", "Take the next step apart", ""),
        What::Sparse => ("", "Set weights to zero at random", ""),
        What::Prediction => ("A sentence", "Ask the models", "a smart , funny film that runs out of breath"),
        What::Tokens => ("A text", "Read it word by word", "A day or two passed, and there was great activity"),
    };
    let text = RwSignal::new(first.to_owned());
    let ask = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        mine.ask(what, &text.get_untracked());
    };
    let field = (!label.is_empty()).then(|| view! {
        <label>{label}" "<input type="text" prop:value=text on:input=move |event| text.set(event_target_value(&event)) /></label>
    });
    let refused = move || {
        mine.desk.page.with(|page| page.continued.as_ref().and_then(|(continued, _)| continued.refused.clone()))
    };
    view! {
        <form class="row" on:submit=ask>
            {field}
            <button type="submit" class="small">{verb}</button>
            {move || refused().filter(|_| what == What::Tokens).map(|refused| view! { <span class="trouble">{refused}</span> })}
        </form>
    }
}

/// The run's curves: accuracy, or perplexity of words.
fn curves(view: &View) -> Lines {
    let lines = if view.asks_words() { charts::perplexity(view) } else { charts::accuracy(view) };
    Lines { caption: Caption::new("Your run", "The student beside its twin, over the steps of training."), ..lines }
}
