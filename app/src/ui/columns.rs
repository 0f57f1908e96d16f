//! Which column is what: chosen from those that a file of the visitor's own has, or typed where they are not known.

use leptos::prelude::*;
use retort_core::run::Data;

use super::desk::Desk;

/// Key, name, and what nothing means.
const KEYS: [(&str, &str, &str); 4] = [
    ("text", "Column of the sentence or the prompt", "by its usual name"),
    ("pair", "Column of the second sentence", "one sentence"),
    ("label", "Column of the label", "by its usual name"),
    ("response", "Column of the response", "for language models; by its usual name"),
];

fn place<'a>(data: &'a mut Data, key: &str) -> &'a mut Option<String> {
    match key {
        "text" => &mut data.text,
        "pair" => &mut data.pair,
        "response" => &mut data.response,
        _ => &mut data.label,
    }
}

/// The four of them.
#[component]
pub fn Columns(locked: Signal<bool>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let names = Memo::new(move |_| {
        let train = desk.config.with(|config| config.run.data.train.clone());
        desk.page.with(|page| {
            let sheet = train.and_then(|name| page.sheets.get(&name)?.as_ref().ok().cloned());
            sheet.map(|sheet| sheet.columns).unwrap_or_default()
        })
    });
    KEYS.map(|(key, label, nothing)| view! { <Column key label nothing names locked /> }).into_iter().collect_view()
}

#[component]
fn Column(
    key: &'static str,
    label: &'static str,
    nothing: &'static str,
    names: Memo<Vec<String>>,
    locked: Signal<bool>,
) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let value = Memo::new(move |_| {
        desk.config.with(|config| place(&mut config.run.data.clone(), key).clone()).unwrap_or_default()
    });
    let change = move |event| {
        let name = event_target_value(&event).trim().to_owned();
        desk.config.update(|config| *place(&mut config.run.data, key) = (!name.is_empty()).then_some(name));
    };
    let id = format!("column-{key}");
    let options = move || {
        let (chosen, mut all) = (value.get(), names.get());
        if !chosen.is_empty() && !all.contains(&chosen) {
            all.push(chosen.clone());
        }
        let option = |name: String| {
            let selected = name == chosen;
            view! { <option value=name.clone() selected=selected>{name.clone()}</option> }
        };
        let named = all.into_iter().filter(|name| !name.is_empty()).map(option).collect::<Vec<_>>();
        view! { <option value="" selected=chosen.is_empty()>{nothing}</option>{named} }
    };
    let field = {
        let id = id.clone();
        move || match names.with(Vec::is_empty) {
            true => view! {
                <input id=id.clone() type="text" autocomplete="off" disabled=locked prop:value=value on:change=change />
                <span class="hint">{format!("empty: {nothing}")}</span>
            }
            .into_any(),
            false => view! { <select id=id.clone() disabled=locked on:change=change>{options}</select> }.into_any(),
        }
    };
    view! { <div class="field"><label for=id>{label}</label>{field}</div> }
}
