//! The live figures of the companions: a picture of the article becomes one that can be turned, and run.

use leptos::{mount::mount_to, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::browser;
use crate::exhibits::Exhibit;

mod alone;
mod case;
mod embed;
mod mine;
mod near;
mod seen;
mod shelf;
mod turn;

pub use seen::Seen;
use shelf::Shelf;
pub use turn::Turn;

/// Brings every figure of the page to life once it is near the window; or only one, where the address asks for it.
pub fn mount() {
    let places = places();
    if places.is_empty() {
        return;
    }
    start();
    let pairs = browser::query();
    let wanted = pairs.iter().find(|(key, _)| key == "figure");
    let shelf = Shelf::open(wanted.is_some());
    match wanted {
        Some((_, id)) => alone::show(&places, id, &pairs, shelf),
        None => {
            for place in places {
                let near = place.clone();
                near::once(&place, move || case::bring(&near, shelf));
            }
        }
    }
}

/// Whatever is mounted first starts what drives all signals, and figures wait for their files before they are
/// mounted: an element that nobody sees will do.
fn start() {
    if let Ok(Ok(place)) = document().create_element("div").map(JsCast::dyn_into::<HtmlElement>) {
        mount_to(place, || ()).forget();
    }
}

/// The places of the figures.
fn places() -> Vec<HtmlElement> {
    let Ok(all) = document().query_selector_all("[data-figure]") else { return vec![] };
    (0..all.length()).filter_map(|place| all.item(place)?.dyn_into().ok()).collect()
}

/// The exhibit of a place.
fn exhibit(place: &HtmlElement) -> Option<&'static Exhibit> {
    let found = Exhibit::find(&place.get_attribute("data-figure")?);
    if found.is_none() {
        log::error!("there is no exhibit {:?}", place.get_attribute("data-figure"));
    }
    found
}
