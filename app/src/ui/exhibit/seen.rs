//! What is seen of a choice: the pictures, the formula, and the same in words.

use std::sync::Arc;

use leptos::prelude::*;

use crate::{
    exhibits::{Exhibit, Knobs, Recorded, Shown},
    ui::drawing::{self, Drawing},
};

/// Pictures and words.
#[component]
pub fn Seen(
    /// Of what.
    exhibit: &'static Exhibit,
    /// What it shows.
    #[prop(into)]
    data: Signal<Arc<Recorded>>,
    /// What is chosen.
    chosen: RwSignal<Knobs>,
    /// What the pictures' files are called, before their numbers.
    name: String,
) -> impl IntoView {
    let shown = RwSignal::new(Arc::new(Shown::default()));
    let trouble = RwSignal::new(None::<String>);
    let show = move || match data.with(|data| chosen.with(|chosen| (exhibit.show)(data, chosen))) {
        Ok(now) => {
            shown.set(Arc::new(now));
            trouble.set(None);
        }
        Err(error) => trouble.set(Some(error.to_string())),
    };
    show();
    Effect::new(show);
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
