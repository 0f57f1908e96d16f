//! The page. State and arithmetic live outside, in [`crate::state`] and [`crate::status`]; these
//! components show them and pass on what the visitor asks for.
//!
//! Every page is there before the module is; the module takes over the places that are meant for it: the
//! laboratory, the figures of the companions, and what can be copied. The laboratory's place has a small module
//! first, [`front`], which is there at once.

use leptos::{mount::mount_to, prelude::*};

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
pub mod front;
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
mod shown;
mod shrinking;
mod sparsity;
mod stark;
mod teachers;
mod terms;
mod units;

/// Starts what drives all signals, for whoever waits for a recording before anything is mounted.
fn wake() {
    // A second executor is the only thing that can fail here, and there is none.
    let _ = any_spawner::Executor::init_wasm_bindgen();
}

/// Takes over the places of the page that are meant for it.
pub fn mount() {
    wake();
    copy::buttons();
    exhibit::mount();
    if let Some(place) = front::place() {
        let left = front::relieve();
        place.set_inner_html("");
        let focus = left.focus.clone();
        mount_to(place.clone(), move || view! { <lab::Lab left /> }).forget();
        focus.iter().for_each(|words| front::focus_again(&place, words));
    }
}
