//! A figure alone on its page, for a frame of another one: it tells its parent how high it is.

use js_sys::{Object, Reflect};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{HtmlElement, ResizeObserver};

use super::{case, embed::PARTS, shelf::Shelf};

/// Leaves nothing on the page but the figure `id`, without what the address hides.
pub fn show(places: &[HtmlElement], id: &str, pairs: &[(String, String)], shelf: Shelf) {
    let Some(body) = document().body() else { return };
    let main = document().create_element("main").ok().and_then(|main| main.dyn_into::<HtmlElement>().ok());
    let Some(main) = main else { return };
    body.set_inner_html("");
    body.set_class_name("alone");
    let _ = body.append_child(&main);
    let hidden: Vec<&str> =
        pairs.iter().filter(|(key, _)| key == "hide").flat_map(|(_, value)| value.split(',')).collect();
    let unknown: Vec<&str> =
        hidden.iter().copied().filter(|name| !name.is_empty() && PARTS.iter().all(|(key, _)| key != name)).collect();
    let place = places.iter().find(|place| place.id() == id);
    match place {
        Some(place) => {
            let _ = main.append_child(place);
            for (key, _) in PARTS.iter().filter(|(key, _)| hidden.contains(key)) {
                place.set_class_name(&format!("{} without-{key}", place.class_name()));
            }
            case::bring(place, shelf);
        }
        None => {
            let names: Vec<String> = places.iter().map(|place| place.id()).collect();
            say(&main, &format!("There is no figure “{id}” on this page. There are: {}.", names.join(", ")));
        }
    }
    if !unknown.is_empty() {
        let names = PARTS.map(|(key, _)| key).join(", ");
        say(&main, &format!("“{}” cannot be hidden. There are: {names}.", unknown.join(", ")));
    }
    tell_height(&main, id.to_owned());
}

fn say(main: &HtmlElement, message: &str) {
    let Ok(line) = document().create_element("p") else { return };
    line.set_class_name("trouble");
    line.set_text_content(Some(message));
    let _ = main.append_child(&line);
}

/// Tells the page around this one how high the figure is: `{ retort: { figure, height } }`, whenever that changes.
fn tell_height(main: &HtmlElement, figure: String) {
    let of = main.clone();
    let resized = Closure::<dyn Fn()>::new(move || {
        let Ok(Some(parent)) = window().parent() else { return };
        let [about, message] = [Object::new(), Object::new()];
        let height = f64::from(of.offset_height());
        let told = Reflect::set(&about, &"figure".into(), &figure.as_str().into())
            .and_then(|_| Reflect::set(&about, &"height".into(), &height.into()))
            .and_then(|_| Reflect::set(&message, &"retort".into(), &about));
        // A page alone is its own parent, and anybody may know how high a figure is.
        if told.is_ok() {
            let _ = parent.post_message(&message, "*");
        }
    });
    if let Ok(observer) = ResizeObserver::new(resized.as_ref().unchecked_ref()) {
        observer.observe(main);
        // It lives as long as the page.
        std::mem::forget(observer);
    }
    resized.forget();
}
