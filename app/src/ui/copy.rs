//! A button beside everything that is meant to be copied.

use leptos::prelude::*;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Element, HtmlButtonElement};

use super::browser;

const COPY: &str = "Copy";

/// Adds the buttons: to each `.copyable` one that copies its `pre`.
pub fn buttons() {
    let Ok(places) = document().query_selector_all(".copyable") else { return };
    let places = (0..places.length()).filter_map(|place| places.item(place)?.dyn_into::<Element>().ok());
    places.for_each(|place| {
        add(&place);
    });
}

fn add(place: &Element) -> Option<()> {
    let text = place.query_selector("pre").ok()??;
    let button: HtmlButtonElement = document().create_element("button").ok()?.dyn_into().ok()?;
    button.set_type("button");
    button.set_class_name("small copy");
    button.set_text_content(Some(COPY));
    let shown = button.clone();
    let clicked = Closure::<dyn Fn()>::new(move || {
        browser::copy(&text.text_content().unwrap_or_default());
        shown.set_text_content(Some("Copied"));
        let shown = shown.clone();
        set_timeout(move || shown.set_text_content(Some(COPY)), std::time::Duration::from_secs(2));
    });
    button.add_event_listener_with_callback("click", clicked.as_ref().unchecked_ref()).ok()?;
    // It lives as long as the page.
    clicked.forget();
    place.append_child(&button).ok().map(drop)
}
