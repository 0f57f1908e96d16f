//! The visitor's own device against the conformance cases, and its speed.

use leptos::prelude::*;
use retort_core::bench::Row;

use super::{desk::Desk, profile::StepProfile};
use crate::{
    protocol::{Case, ToWorker},
    status::{Page, Stage},
};

/// The page behind `#/selftest`.
#[component]
pub fn SelfTest() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let free = move || desk.page.with(|page| page.free());
    let test = move |_| {
        desk.page.update(|page| {
            page.test();
            page.cases.clear();
        });
        desk.send(&ToWorker::Conformance { device: desk.device() });
    };
    let bench = move |_| {
        desk.page.update(|page| {
            page.test();
            page.measured.clear();
        });
        desk.send(&ToWorker::Bench { device: desk.device() });
    };
    let rows = move || desk.page.with(|page| page.measured.iter().map(measured_row).collect::<Vec<_>>());
    let summary = move || {
        desk.page.with(|page| {
            let passed = page.cases.iter().filter(|case| case.passed).count();
            let running = if page.stage == Stage::Testing { ", still computing" } else { "" };
            (!page.cases.is_empty()).then(|| format!("{passed} of {} cases pass{running}.", page.cases.len()))
        })
    };
    let cases = move || desk.page.with(|page| page.cases.iter().map(case_row).collect::<Vec<_>>());
    let devices = move || {
        desk.page.with(|page| {
            page.adapters
                .iter()
                .map(|adapter| {
                    let software =
                        if adapter.software { ", imitated in software: its speed says nothing about GPUs" } else { "" };
                    view! { <li>{adapter.to_string()}{software}</li> }
                })
                .collect::<Vec<_>>()
        })
    };
    view! {
        <h1>"Does your device compute right?"</h1>
        <p class="lede">
            "Each case holds inputs and the results that PyTorch computed in float64. Your device computes them again, here; "
            "the error must stay below what is allowed."
        </p>
        <p>"Devices of this browser:"</p>
        <ul>{devices}</ul>
        <p class="row">
            <button type="button" class="main" disabled=move || !free() on:click=test>"Run the self-test"</button>
            <button type="button" disabled=move || !free() on:click=bench>"Measure the speed"</button>
        </p>
        <StepProfile />
        <p role="status">{move || if free() { String::new() } else { desk.page.with(|page| page.summary()) }}" "{summary}</p>
        <div role="alert">{move || desk.page.with(|page| page.trouble.clone()).map(|text| view! { <p class="trouble">{text}</p> })}</div>
        <Show when=move || desk.page.with(|page| !page.cases.is_empty())>
            <div class="scroll" tabindex="0" role="region" aria-label="Cases">
                <table class="cases">
                    <thead><tr><th scope="col">"Case"</th><th scope="col">"Verdict"</th><th scope="col">"Error, of what is allowed"</th><th scope="col">"Where"</th></tr></thead>
                    <tbody>{cases}</tbody>
                </table>
            </div>
        </Show>
        <Show when=move || desk.page.with(|page| !page.measured.is_empty())>
            <div class="scroll" tabindex="0" role="region" aria-label="Measurements">
                <table class="cases">
                    <caption>{move || desk.page.with(software)}</caption>
                    <thead>
                        <tr>
                            <th scope="col">"What"</th>
                            <th scope="col">"Median"</th>
                            <th scope="col">"Runs"</th>
                            <th scope="col">"Note"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </Show>
    }
}

fn case_row(case: &Case) -> impl IntoView + use<> {
    view! {
        <tr>
            <th scope="row">{case.name.clone()}</th>
            <td>{if case.passed { "✓ passes" } else { "✗ fails" }}</td>
            <td>{case.ratio.map_or("–".to_owned(), |ratio| format!("{:.2} %", 100.0 * ratio))}</td>
            <td>{case.note.clone()}</td>
        </tr>
    }
}

fn measured_row(row: &Row) -> impl IntoView + use<> {
    // Three digits say enough, whatever the size.
    let digits = (2 - row.value.abs().max(1e-3).log10().floor() as i32).clamp(0, 5) as usize;
    view! {
        <tr>
            <th scope="row">{row.name.clone()}</th>
            <td>{format!("{:.digits$} {}", row.value, row.unit)}</td>
            <td>{row.runs}</td>
            <td>{row.note.clone()}</td>
        </tr>
    }
}

/// The label that figures of an imitated adapter carry.
fn software(page: &Page) -> Option<&'static str> {
    let software = page.adapters.iter().any(|adapter| adapter.software);
    software.then_some("There is a software adapter here: on it, WebGPU figures say nothing about GPUs.")
}
