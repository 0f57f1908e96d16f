//! The page. State and arithmetic live outside, in [`crate::state`] and [`crate::status`]; these
//! components show them and pass on what the visitor asks for.
//!
//! Every page is there before the module is; the module takes over the places that are meant for it: the
//! laboratory, the figures of the companions, and what can be copied.

use leptos::{mount::mount_to, prelude::*};
use wasm_bindgen::JsCast;

mod apart;
mod assistants;
mod attention;
mod browser;
mod chart;
mod columns;
mod compare;
mod continuation;
mod controls;
mod copy;
mod curves;
mod describe;
mod desk;
mod disagree;
mod drawing;
mod exhibit;
mod fields;
mod files;
mod lab;
mod library;
mod methods;
mod native;
mod offline;
mod pasted;
mod png;
mod procedure;
mod profile;
mod recorded;
mod results;
mod rooms;
mod seeds;
mod selftest;
mod sentence;
mod setup;
mod shrinking;
mod sparsity;
mod stark;
mod teachers;
mod terms;
mod units;

/// Takes over the places of the page that are meant for it.
pub fn mount() {
    // Figures wait for their recordings before anything is mounted; a second executor is the only thing that can
    // fail here, and there is none.
    let _ = any_spawner::Executor::init_wasm_bindgen();
    copy::buttons();
    exhibit::mount();
    if let Some(place) = document().get_element_by_id("lab").and_then(|place| place.dyn_into().ok()) {
        let place: web_sys::HtmlElement = place;
        place.set_inner_html("");
        mount_to(place, || view! { <lab::Lab /> }).forget();
    }
}
