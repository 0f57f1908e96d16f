//! The first screen, small enough not to be waited for: the recorded run plays. What is asked for meanwhile is handed to
//! the laboratory, which takes the place over once it is there.

use std::cell::RefCell;

use leptos::{mount::mount_to, prelude::*};
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::{
    browser, curves,
    recorded::{Played, Recording},
    results,
    rooms::{self, Room},
    shown::OnShow,
};
use crate::preset::PRESETS;

/// What the laboratory goes on from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// How far the recording is.
    pub played: Played,
    /// Whether a run was asked for.
    pub start: bool,
    /// What had the focus, by the words on it.
    pub focus: Option<String>,
}

/// Has the first screen leave, where there is one, and takes what it left.
pub fn relieve() -> Left {
    let told = browser::call("leave").and_then(|told| told.as_string());
    told.and_then(|told| serde_json::from_str(&told).ok()).unwrap_or_default()
}

/// A first screen that is there.
struct Front {
    recording: Recording,
    start: RwSignal<bool>,
    remove: Box<dyn FnOnce()>,
}

thread_local! {
    static FRONT: RefCell<Option<Front>> = const { RefCell::new(None) };
}

/// The place of the laboratory; the companions have none.
pub fn place() -> Option<HtmlElement> {
    document().get_element_by_id("lab")?.dyn_into().ok()
}

/// Takes the place of the laboratory.
pub fn mount() {
    let Some(place) = place() else { return };
    super::wake();
    place.set_inner_html("");
    let owner = Owner::new();
    let (recording, start) =
        owner.with(|| (Recording::play(Signal::from(false), Played::default()), RwSignal::new(false)));
    let handle = mount_to(place, move || {
        provide_context(OnShow::recorded(recording));
        view! { <First start /> }
    });
    let remove = move || {
        drop(handle);
        owner.cleanup();
    };
    FRONT.set(Some(Front { recording, start, remove: Box::new(remove) }));
}

/// Leaves the place, and gives in JSON what the laboratory goes on from.
pub fn leave() -> Option<String> {
    let front = FRONT.take()?;
    let focused = document().active_element().filter(|element| element.closest("#lab").is_ok_and(|lab| lab.is_some()));
    let left = Left {
        played: front.recording.played(),
        start: front.start.get_untracked(),
        focus: focused.and_then(|element| element.text_content()),
    };
    (front.remove)();
    serde_json::to_string(&left).ok()
}

/// Gives the focus to what has these words on it.
pub fn focus_again(place: &HtmlElement, words: &str) {
    let Ok(all) = place.query_selector_all("a, button, summary") else { return };
    let all = (0..all.length()).filter_map(|at| all.item(at)?.dyn_into::<HtmlElement>().ok());
    if let Some(element) = all.into_iter().find(|element| element.text_content().as_deref() == Some(words)) {
        // An element that cannot be focused now is as good as none.
        let _ = element.focus();
    }
}

/// The rooms' doors, the controls, and the recorded run.
#[component]
fn First(start: RwSignal<bool>) -> impl IntoView {
    let room = rooms::current();
    let said = move || match start.get() {
        true => "Fetching the laboratory: your run starts as soon as it is here.",
        false => "Fetching the laboratory…",
    };
    view! {
        <rooms::Doors room />
        <section class="controls" aria-label="Controls">
            <div class="choices">
                <label>"Preset" <select disabled><option>{PRESETS[0].title}</option></select></label>
                <label>"Device" <select disabled><option>"Automatic"</option></select></label>
                <div class="buttons">
                    <button type="button" class="main" disabled=start on:click=move |_| start.set(true)>"Start"</button>
                    <button type="button" disabled>"One step"</button>
                    <button type="button" disabled>"Stop"</button>
                </div>
            </div>
            <p class="status" role="status">{said}</p>
        </section>
        <div hidden=move || room.get() != Room::Run>
            <curves::Figure />
            <results::Results />
        </div>
    }
}
