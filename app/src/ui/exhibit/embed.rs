//! A figure on another page: its address, and the code of a frame.

use leptos::prelude::*;

use crate::{
    exhibits::{Exhibit, Knob, Knobs},
    ui::browser,
};

/// What can be left out, in addresses and in words.
pub const PARTS: [(&str, &str); 3] =
    [("knobs", "what can be turned"), ("caption", "the caption"), ("told", "the sentences")];
/// Height of a frame before the figure tells its own, in pixels.
const HEIGHT: usize = 640;

/// The address of a figure alone, as it is now.
fn address(exhibit: &Exhibit, hidden: &[&str], chosen: &[(String, String)]) -> String {
    let [companion, id] = exhibit.parts();
    let mut pairs = vec![("figure", id.to_owned())];
    if !hidden.is_empty() {
        pairs.push(("hide", hidden.join(",")));
    }
    pairs.extend(chosen.iter().map(|(key, value)| (key.as_str(), value.clone())));
    browser::beside(&format!("{companion}.html"), &pairs)
}

/// The code of a frame that shows it.
fn frame(address: &str, title: &str) -> String {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
    format!(
        "<iframe src=\"{}\" title=\"{}\" width=\"100%\" height=\"{HEIGHT}\" loading=\"lazy\"></iframe>",
        escaped(address),
        escaped(title)
    )
}

/// The code to copy, with what is to be left out.
#[component]
pub fn Embed(
    exhibit: &'static Exhibit,
    title: String,
    chosen: RwSignal<Knobs>,
    knobs: Memo<Vec<Knob>>,
) -> impl IntoView {
    let hidden = PARTS.map(|_| RwSignal::new(false));
    let [_, id] = exhibit.parts();
    let at = Memo::new(move |_| {
        let left_out: Vec<&str> =
            PARTS.iter().zip(hidden).filter(|(_, hidden)| hidden.get()).map(|((key, _), _)| *key).collect();
        let pairs = knobs.with(|knobs| chosen.with(|chosen| chosen.write(knobs, id)));
        address(exhibit, &left_out, &pairs)
    });
    let code = Memo::new(move |_| at.with(|at| frame(at, &title)));
    let copied = RwSignal::new(false);
    let switches = PARTS.iter().zip(hidden).map(|((_, name), hidden)| view! {
        <label>
            <input type="checkbox" prop:checked=hidden on:change=move |event| hidden.set(event_target_checked(&event)) />
            {format!("without {name}")}
        </label>
    });
    let switches = switches.collect::<Vec<_>>();
    view! {
        <details class="embed">
            <summary>"Embed"</summary>
            <p class="row">{switches}</p>
            <pre tabindex="0" aria-label="Code of a frame"><code>{move || code.get()}</code></pre>
            <p class="row">
                <button type="button" class="small" on:click=move |_| {
                    browser::copy(&code.get_untracked());
                    copied.set(true);
                    set_timeout(move || copied.set(false), std::time::Duration::from_secs(2));
                }>{move || if copied.get() { "Copied" } else { "Copy" }}</button>
                <a href=move || at.get()>"The figure alone"</a>
            </p>
        </details>
    }
}
