//! Where the models look in a text: teacher, student, and the difference, layer by layer and head by head.

use std::sync::Arc;

use leptos::prelude::*;
use retort_core::train::{Attending, Attention};

use super::{
    desk::Desk,
    drawing::{Drawing, Shown},
};
use crate::{
    protocol::ToWorker,
    state::{
        charts::role,
        found::{Place, difference, looks, map},
    },
};

const EXAMPLE: &str = "A warm and funny film that never loses its way.";

/// The section.
#[component]
pub fn Attention() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let text = RwSignal::new(EXAMPLE.to_owned());
    let open = Memo::new(move |_| desk.page.with(|page| page.is_open()));
    let attention = Memo::new(move |_| desk.page.with(|page| page.attention.clone()));
    let ask = move |_| desk.send(&ToWorker::Attend { text: text.get_untracked(), pair: None });
    view! {
        <section class="attention" aria-labelledby="attention-title">
            <h2 id="attention-title">"Where they look"</h2>
            <p>"In every layer each head mixes the tokens of a text. A row shows from which tokens one token takes, and how much."</p>
            <label class="wide">"A text to look at"
                <textarea rows="2" prop:value=text on:input=move |event| text.set(event_target_value(&event))></textarea>
            </label>
            <p class="row">
                <button type="button" disabled=move || !open.get() on:click=ask>"Show where they look"</button>
                <Show when=move || !open.get()><span class="quiet">"Open a run first."</span></Show>
            </p>
            {move || attention.get().map(|attention| view! { <Maps attention /> })}
        </section>
    }
}

/// The maps of one text.
#[component]
fn Maps(attention: Attention) -> impl IntoView {
    let count = attention.models.len();
    let places = (0..count).map(|_| RwSignal::new(Place { layer: 0, head: None })).collect::<Vec<_>>();
    let places = StoredValue::new(places);
    let attention = StoredValue::new(attention);
    let values = move |model: usize| {
        let at = places.with_value(|places| places[model].get());
        attention.with_value(|attention| looks(&attention.models[model], at)).unwrap_or_default()
    };
    let one = move |model: usize| {
        let who = attention.with_value(|attention| attention.models[model].who.clone());
        let name = format!("attention-{who}");
        let figure = {
            let who = who.clone();
            Signal::derive(move || {
                let tokens = attention.with_value(|attention| attention.tokens.clone());
                Arc::new(map(who.clone(), &tokens, values(model), role(&who))) as Shown
            })
        };
        let place = places.with_value(|places| places[model]);
        let layers = attention.with_value(|attention| shape(&attention.models[model]));
        view! {
            <div class="map">
                <h3 class=who.clone()>{who.clone()}</h3>
                <Where who place layers />
                <Drawing figure name />
            </div>
        }
    };
    // Whoever teaches comes first, the student last.
    let both = (count > 1).then(|| {
        let figure = Signal::derive(move || {
            let tokens = attention.with_value(|attention| attention.tokens.clone());
            Arc::new(difference(&tokens, &values(0), &values(count - 1))) as Shown
        });
        view! { <div class="map"><h3>"Student less teacher"</h3><p class="quiet">"of what is chosen on both"</p><Drawing figure name="attention-difference" /></div> }
    });
    let cut = attention.with_value(|attention| attention.cut);
    view! {
        {(cut > 0).then(|| view! { <p class="quiet">{format!("{cut} tokens were cut off, as in training.")}</p> })}
        <div class="maps">{(0..count).map(one).collect::<Vec<_>>()}{both}</div>
    }
}

/// How many heads each layer has.
fn shape(model: &Attending) -> Vec<usize> {
    model.layers.iter().map(Vec::len).collect()
}

/// Which layer, and which of its heads.
#[component]
fn Where(who: String, place: RwSignal<Place>, layers: Vec<usize>) -> impl IntoView {
    let heads = StoredValue::new(layers.clone());
    let layer_options =
        (0..layers.len()).map(|layer| view! { <option value=layer>{format!("layer {}", layer + 1)}</option> });
    let head_options = move || {
        let count = heads.with_value(|heads| heads.get(place.get().layer).copied().unwrap_or(0));
        let head = |head: usize| view! { <option value=head.to_string()>{format!("head {}", head + 1)}</option> };
        (0..count).map(head).collect::<Vec<_>>()
    };
    let choose_layer = move |event| {
        let layer = event_target_value(&event).parse().unwrap_or(0);
        place.set(Place { layer, head: None });
    };
    let choose_head = move |event| place.update(|place| place.head = event_target_value(&event).parse().ok());
    view! {
        <p class="row">
            <select aria-label=format!("Layer of the {who}") on:change=choose_layer>{layer_options.collect::<Vec<_>>()}</select>
            <select aria-label=format!("Head of the {who}") on:change=choose_head>
                <option value="">"all heads, mean"</option>
                {head_options}
            </select>
        </p>
    }
}
