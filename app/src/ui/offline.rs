//! Everything of the site, kept for use without a network.

use std::time::Duration;

use js_sys::{Function, JSON, Promise};
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;

use super::browser;
use crate::{
    listed::Host,
    state::offline::{Keeping, Kept},
};

/// How often is asked whether somebody can keep it by now.
const EVERY: Duration = Duration::from_millis(1000);

#[wasm_bindgen]
extern "C" {
    /// Both are only there where the site can be kept.
    #[wasm_bindgen(js_namespace = retort, catch)]
    fn kept() -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = retort, catch)]
    fn keep(progress: &Function) -> Result<Promise, JsValue>;
}

/// What was promised, as it is understood.
async fn heard(promised: Result<Promise, JsValue>) -> Option<Keeping> {
    // Nothing where nobody keeps anything yet, and of nothing there is no JSON.
    let told = JsFuture::from(promised.ok()?).await.ok().filter(|told| told.is_object())?;
    Keeping::heard(&String::from(JSON::stringify(&told).ok()?)).ok()
}

async fn look() -> Keeping {
    let host = browser::text_at("runs/index.json").await;
    match host.and_then(|text| serde_json::from_str::<Host>(&text).ok()) {
        Some(Host { native: true, .. }) => Keeping::Program,
        _ => heard(kept()).await.unwrap_or_default(),
    }
}

/// The section.
#[component]
pub fn Offline(shown: Signal<bool>) -> impl IntoView {
    let keeping = RwSignal::<Keeping>::default();
    let asks = StoredValue::new(false);
    let ask = move || {
        if asks.get_value() {
            return;
        }
        asks.set_value(true);
        spawn_local(async move {
            while shown.get_untracked() && matches!(keeping.get_untracked(), Keeping::Nobody | Keeping::Possible(_)) {
                keeping.set(look().await);
                if keeping.get_untracked() != Keeping::Nobody {
                    break;
                }
                browser::pause(EVERY).await;
            }
            asks.set_value(false);
        });
    };
    Effect::new(move || {
        if shown.get() {
            ask();
        }
    });
    let begin = move |_| {
        spawn_local(async move {
            let progress = Closure::<dyn Fn(f64, f64)>::new(move |kept: f64, of: f64| {
                keeping.set(Keeping::Going(Kept { kept: kept as u64, of: of as u64, error: None }));
            });
            keeping.update(|keeping| {
                if let Keeping::Possible(kept) | Keeping::Failed(kept) = keeping {
                    *keeping = Keeping::Going(std::mem::take(kept));
                }
            });
            let end = heard(keep(progress.as_ref().unchecked_ref())).await;
            keeping.set(end.unwrap_or_default());
        });
    };
    let share = Memo::new(move |_| match keeping.get() {
        Keeping::Going(Kept { kept, of, .. }) => Some(kept as f64 / of.max(1) as f64),
        _ => None,
    });
    view! {
        <section class="offline" aria-labelledby="offline-title">
            <h2 id="offline-title">"Without a network"</h2>
            <p>"The pages and the trainer are kept from the first visit on; texts, models and recordings when they are first used, or all of them now."</p>
            <p aria-live="polite">{move || keeping.get().told()}</p>
            <p class="row">
                <button type="button" disabled=move || !keeping.with(Keeping::waits) on:click=begin>"Keep everything"</button>
                {move || share.get().map(|share| view! { <progress max="1" prop:value=share aria-label="Bytes kept"></progress> })}
            </p>
        </section>
    }
}
