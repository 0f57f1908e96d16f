//! What is seen of a choice: the pictures, the formula, and the same in words.

use std::sync::Arc;

use leptos::prelude::*;

use crate::{
    exhibits::Shown,
    ui::drawing::{self, Drawing},
};

/// Pictures and words.
#[component]
pub fn Seen(
    /// What is seen now.
    shown: RwSignal<Arc<Shown>>,
    /// Why nothing is.
    trouble: RwSignal<Option<String>>,
    /// What the pictures' files are called, before their numbers.
    name: String,
) -> impl IntoView {
    let count = Memo::new(move |_| shown.with(|shown| shown.pictures.len()));
    let pictures = move || {
        let one = |place: usize| {
            let figure =
                Signal::derive(move || shown.with(|shown| shown.pictures[place.min(shown.pictures.len() - 1)].clone()));
            let name = format!("{name}-{}", place + 1);
            view! {
                <div class="picture">
                    <p class="name">{move || figure.with(|figure: &drawing::Shown| figure.caption().title.clone())}</p>
                    <Drawing figure name />
                </div>
            }
        };
        (0..count.get()).map(one).collect::<Vec<_>>()
    };
    view! {
        <div class="pictures" class:several=move || 1 < count.get()>{pictures}</div>
        <div class="told">
            {move || trouble.get().map(|trouble| view! { <p class="trouble" role="alert">{trouble}</p> })}
            {move || shown.with(|shown| shown.equation.clone()).map(|equation| view! { <p class="equation">{equation}</p> })}
            <div aria-live="polite">
                {move || shown.with(|shown| shown.told.iter().map(|told| view! { <p>{told.replace(" %", "\u{a0}%")}</p> }).collect::<Vec<_>>())}
            </div>
        </div>
    }
}
