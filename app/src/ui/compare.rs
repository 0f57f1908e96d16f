//! Runs beside each other.

use std::collections::BTreeSet;

use leptos::prelude::*;

use super::{chart::Chart, desk::Desk, seeds};
use crate::{
    protocol::{Stored, ToWorker},
    state::{
        compared::{Compared, Pooled, apart, curves, pooled, told},
        kept::figures,
    },
};

/// The room.
#[component]
pub fn Compare(shown: Signal<bool>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let chosen = RwSignal::new(BTreeSet::<String>::new());
    Effect::new(move || {
        if shown.get() && desk.ready.get() {
            desk.send(&ToWorker::Runs);
        }
    });
    let kept = Memo::new(move |_| desk.page.with(|page| page.runs.clone()));
    let runs = Memo::new(move |_| {
        let looked = desk.page.with(|page| page.looked.clone());
        chosen.with(|chosen| chosen.iter().filter_map(|id| looked.get(id).cloned()).collect::<Vec<Compared>>())
    });
    let lines = Memo::new(move |_| runs.with(|runs| curves(runs)));
    let some = Memo::new(move |_| runs.with(|runs| !runs.is_empty()));
    view! {
        <seeds::Seeds shown chosen />
        <section class="compare" aria-labelledby="compare-title">
            <h2 id="compare-title">"Runs beside each other"</h2>
            <p>"Choose two or more. Runs of one configuration that differ in their seed are taken together: their mean, its 95 % interval, and a verdict."</p>
            {move || kept.with(Vec::is_empty).then(|| view! { <p class="quiet">"No run is kept yet: begin one, and then another with something changed."</p> })}
            <div class="scroll" tabindex="0" role="region" aria-label="Runs to choose from">
                <table><tbody>{move || kept.get().into_iter().map(|stored| view! { <Choice stored chosen /> }).collect::<Vec<_>>()}</tbody></table>
            </div>
            <Show when=move || some.get()>
                <div class="charts"><Chart lines name="compared" /></div>
                {move || runs.with(|runs| over_seeds(runs))}
                <div aria-live="polite">
                    {move || runs.with(|runs| told(runs)).into_iter().map(|text| view! { <p class="verdict">{text}</p> }).collect::<Vec<_>>()}
                </div>
                {move || runs.with(|runs| differences(runs))}
            </Show>
        </section>
    }
}

/// A run to choose.
#[component]
fn Choice(stored: Stored, chosen: RwSignal<BTreeSet<String>>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let id = StoredValue::new(stored.id.clone());
    let on = move || chosen.with(|chosen| chosen.contains(&id.get_value()));
    let switch = move |event| {
        let (wanted, id) = (event_target_checked(&event), id.get_value());
        if wanted {
            desk.send(&ToWorker::Look { id: id.clone() });
        }
        chosen.update(|chosen| {
            if wanted {
                chosen.insert(id)
            } else {
                chosen.remove(&id)
            };
        });
    };
    view! {
        <tr>
            <th scope="row"><label><input type="checkbox" prop:checked=on on:change=switch />" "{stored.title.clone()}</label></th>
            <td>{stored.id.clone()}</td>
            <td>{stored.procedure.clone().or(stored.recipe.clone())}</td>
            <td>{format!("step {} of {}", stored.step, stored.steps)}</td>
            <td>{figures(&stored.figures)}</td>
        </tr>
    }
}

/// What each configuration comes to over its seeds.
fn over_seeds(runs: &[Compared]) -> impl IntoView + use<> {
    let (explained, rows) = pooled(runs);
    let some = !rows.is_empty();
    let row = |row: Pooled| {
        view! {
            <tr>
                <th scope="row">{row.label}</th>
                <td>{row.seeds}</td>
                <td>{row.student}</td>
                <td>{row.control}</td>
                <td>{row.gain}</td>
                <td><strong>{row.verdict}</strong></td>
            </tr>
        }
    };
    let heads = ["configuration", "seeds", "student", "control", "student less control", "student against control"];
    some.then(|| {
        view! {
            <h3>"Over the seeds"</h3>
            <p class="quiet">{explained}" Each is the mean with its 95 % interval."</p>
            <div class="scroll" tabindex="0" role="region" aria-label="Means over the seeds">
                <table>
                    <thead><tr>{heads.map(|head| view! { <th scope="col">{head}</th> })}</tr></thead>
                    <tbody>{rows.into_iter().map(row).collect::<Vec<_>>()}</tbody>
                </table>
            </div>
        }
    })
}

/// What the run files say differently.
fn differences(runs: &[Compared]) -> impl IntoView + use<> {
    let heads = runs.iter().map(|run| view! { <th scope="col">{run.title.clone()}</th> }).collect::<Vec<_>>();
    let rows = apart(runs).into_iter().map(|(path, values)| {
        let cells = values.into_iter().map(|value| view! { <td>{value.unwrap_or_else(|| "–".into())}</td> });
        view! { <tr><th scope="row"><code>{path}</code></th>{cells.collect::<Vec<_>>()}</tr> }
    });
    let rows = rows.collect::<Vec<_>>();
    let same =
        (runs.len() > 1 && rows.is_empty()).then(|| view! { <p class="quiet">"Their run files say the same."</p> });
    (runs.len() > 1).then(|| {
        view! {
            <h3>"What their run files say differently"</h3>
            {same}
            <div class="scroll" tabindex="0" role="region" aria-label="Differences of the run files">
                <table><thead><tr><th scope="col">"key"</th>{heads}</tr></thead><tbody>{rows}</tbody></table>
            </div>
        }
    })
}
