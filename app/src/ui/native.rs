//! The runs of this machine, where the program on it serves the page: a list, and one of them as it grows.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};
use retort_core::train::history;

use super::{browser, desk::Desk};
use crate::{
    listed::{Host, Listed},
    state::View,
    status::Stage,
};

/// How often a log is looked at.
const EVERY: Duration = Duration::from_millis(1000);
/// Before the name of a run in the address.
const AT: &str = "#/runs/";

/// The list; nothing where a static host serves the page.
#[component]
pub fn Native() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let runs = RwSignal::<Vec<Listed>>::default();
    let followed = RwSignal::new(named());
    let stands = RwSignal::new(String::new());
    spawn_local(async move {
        let host: Host = match browser::text_at("runs/index.json").await {
            Some(text) => serde_json::from_str(&text).unwrap_or_default(),
            None => Host::default(),
        };
        if host.native {
            runs.set(host.runs);
            follow(desk, followed, stands).await;
        }
    });
    window_event_listener(leptos::ev::hashchange, move |_| {
        if let Some(name) = named() {
            followed.set(Some(name));
        }
    });
    let row = move |run: &Listed| {
        let address = format!("{AT}{}", String::from(js_sys::encode_uri_component(&run.name)));
        let archive = format!("runs/{}/archive", String::from(js_sys::encode_uri_component(&run.name)));
        let file = format!("{}.retort.zip", run.name);
        view! {
            <li>
                <a href=address>{run.name.clone()}</a>" "<span class="quiet">{run.stands()}</span>" "
                <a class="quiet" href=archive download=file>"Archive"</a>
            </li>
        }
    };
    view! {
        <Show when=move || !runs.with(Vec::is_empty) || followed.with(Option::is_some)>
            <section class="native" aria-labelledby="native-title">
                <h2 id="native-title">"Runs of this machine"</h2>
                <p class="follow" role="status">{stands}</p>
                <ul>{move || runs.with(|runs| runs.iter().map(row).collect::<Vec<_>>())}</ul>
            </section>
        </Show>
    }
}

/// The run that the address names.
fn named() -> Option<String> {
    let hash = browser::hash();
    let name = js_sys::decode_uri_component(hash.strip_prefix(AT)?).ok()?;
    Some(String::from(name)).filter(|name| !name.is_empty())
}

/// Shows whichever run is followed, as its log grows, while no run of the tab's own is open.
async fn follow(desk: Desk, followed: RwSignal<Option<String>>, stands: RwSignal<String>) {
    let mut shown: Option<(String, usize, View)> = None;
    loop {
        let name = followed.get_untracked();
        let free = desk.page.with_untracked(|page| page.stage == Stage::Closed);
        if let Some(name) = name.filter(|_| free) {
            let other = shown.as_ref().is_none_or(|(before, ..)| *before != name);
            let (_, from, view) = match &mut shown {
                Some(shown) if !other => shown,
                shown => shown.insert((name.clone(), 0, View::default())),
            };
            let before = *from;
            *from = read(&name, before, view).await;
            if other || *from != before {
                stands.set(told(&name, view));
                desk.page.update(|page| page.watch(view.clone()));
            }
        }
        browser::pause(EVERY).await;
    }
}

/// Takes in the whole lines of a log from a byte on, and gives the byte up to which it was read: 0 where the log is
/// shorter by now, and has to be read anew.
async fn read(name: &str, from: usize, view: &mut View) -> usize {
    let name = String::from(js_sys::encode_uri_component(name));
    match browser::text_at(&format!("runs/{name}/metrics.jsonl?from={from}")).await {
        Some(text) => {
            let whole = text.rfind('\n').map_or(0, |end| end + 1);
            history(&text.as_bytes()[..whole]).iter().for_each(|event| view.apply(event));
            from + whole
        }
        None => {
            *view = View::default();
            0
        }
    }
}

fn told(name: &str, view: &View) -> String {
    let hop = view.hop().map_or_else(String::new, |hop| format!(" ({hop})"));
    match (view.done, view.steps()) {
        (Some((steps, _)), _) => format!("Shown below: {name}, finished after {steps} steps."),
        (None, 0) => format!("Shown below: {name}, which has not begun yet."),
        (None, steps) => format!("Shown below: {name}, at step {} of {steps}{hop}.", view.step),
    }
}
