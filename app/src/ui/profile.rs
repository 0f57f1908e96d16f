//! Where the time of a step goes on the visitor's device, kernel by kernel.

use leptos::prelude::*;
use retort_core::bench::{
    profile::{Kernel, Profile},
    step::SIZES,
};

use super::desk::Desk;
use crate::protocol::ToWorker;

/// A size to choose, and its table once it was measured.
#[component]
pub fn StepProfile() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let size = RwSignal::new(SIZES[0].name.to_owned());
    let free = move || desk.page.with(|page| page.free());
    let measure = move |_| {
        desk.page.update(|page| {
            page.test();
            page.profile = None;
        });
        desk.send(&ToWorker::Profile { device: desk.device(), size: size.get() });
    };
    let sizes = SIZES.map(|size| view! { <option value=size.name>{size.name}</option> });
    view! {
        <p class="row">
            <label>
                "Step "
                <select prop:value=move || size.get() on:change=move |event| size.set(event_target_value(&event))>{sizes}</select>
            </label>
            <button type="button" disabled=move || !free() on:click=measure>"Take a step apart"</button>
        </p>
        {move || desk.page.with(|page| page.profile.as_ref().map(table))}
    }
}

fn table(profile: &Profile) -> impl IntoView + use<> {
    let all = profile.kernels();
    let rows = profile.kernels.iter().map(|kernel| row(kernel, all)).collect::<Vec<_>>();
    let some = !rows.is_empty();
    view! {
        <p>{profile.told()}"."</p>
        {some.then(|| view! {
            <div class="scroll" tabindex="0" role="region" aria-label="Kernels of a step">
                <table class="cases">
                    <thead>
                        <tr>
                            <th scope="col">"Kernel"</th>
                            <th scope="col">"Launches"</th>
                            <th scope="col">"ms"</th>
                            <th scope="col">"Share"</th>
                            <th scope="col">"GB/s"</th>
                            <th scope="col">"GFLOP/s"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        })}
    }
}

fn row(kernel: &Kernel, all: f64) -> impl IntoView + use<> {
    let [moved, computed] = kernel.rates().map(|rate| rate.map_or_else(|| "–".to_owned(), |rate| format!("{rate:.2}")));
    view! {
        <tr>
            <th scope="row">{kernel.name.clone()}</th>
            <td>{format!("{:.0}", kernel.launches)}</td>
            <td>{format!("{:.2}", kernel.time)}</td>
            <td>{format!("{:.1}\u{a0}%", 100.0 * kernel.time / all)}</td>
            <td>{moved}</td>
            <td>{computed}</td>
        </tr>
    }
}
