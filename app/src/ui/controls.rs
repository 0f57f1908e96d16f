//! Preset and device, and the buttons that drive the run.

use leptos::prelude::*;
use retort_core::platform::DeviceChoice;

use super::desk::Desk;
use crate::{
    preset::{PRESETS, Preset},
    protocol::ToWorker,
    status::Stage,
};

/// What the visitor touches first.
#[component]
pub fn Controls() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let stage = Memo::new(move |_| desk.page.with(|page| page.stage));
    let ready = Memo::new(move |_| desk.page.with(|page| page.ready));
    let open = move || matches!(stage.get(), Stage::Paused | Stage::Running);
    let busy = move || !ready.get() || matches!(stage.get(), Stage::Opening | Stage::Testing);
    let main = move |_| match stage.get_untracked() {
        Stage::Running => desk.send(&ToWorker::Pause),
        Stage::Paused => {
            desk.page.update(|page| page.stage = Stage::Running);
            desk.send(&ToWorker::Start);
        }
        Stage::Closed | Stage::Over => {
            desk.open_run();
            desk.send(&ToWorker::Start);
        }
        Stage::Opening | Stage::Testing => {}
    };
    let step = move |_| {
        if stage.get_untracked() == Stage::Closed {
            desk.open_run();
        }
        desk.send(&ToWorker::Step);
    };
    let verb = move || match stage.get() {
        Stage::Running => "Pause",
        Stage::Paused if desk.page.with(|page| page.view.step > 0) => "Continue",
        Stage::Over => "Start again",
        _ => "Start",
    };
    view! {
        <section class="controls" aria-label="Controls">
            <div class="choices">
                <PresetChoice locked=Signal::derive(open) />
                <DeviceChoiceField locked=Signal::derive(open) />
                <div class="buttons">
                    <button type="button" class="main" disabled=busy on:click=main>{verb}</button>
                    <button type="button" disabled=move || busy() || matches!(stage.get(), Stage::Running | Stage::Over) on:click=step>"One step"</button>
                    <button type="button" disabled=move || !open() on:click=move |_| desk.send(&ToWorker::Stop)>"Stop"</button>
                </div>
            </div>
            <p class="status" role="status">{move || desk.page.with(|page| page.summary())}</p>
            <p class="quiet" role="status">{move || about_device(desk)}</p>
            <p class="quiet" role="status">{move || desk.page.with(|page| page.notice.clone())}</p>
            <Stored />
            <div role="alert">
                {move || desk.page.with(|page| page.trouble.clone()).map(|text| view! { <p class="trouble">{text}</p> })}
                {move || desk.complaint.get().map(|text| view! { <p class="trouble">{text}</p> })}
            </div>
        </section>
    }
}

#[component]
fn PresetChoice(locked: Signal<bool>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let choose = move |event| {
        let name = event_target_value(&event);
        match Preset::find(&name).map(|preset| preset.run()) {
            Some(Ok(run)) => desk.config.update(|config| {
                config.preset = name;
                config.run = run;
            }),
            Some(Err(error)) => desk.complaint.set(Some(error.to_string())),
            None => {}
        }
    };
    let options = PRESETS.iter().map(|preset| {
        let chosen = move || desk.config.with(|config| config.preset == preset.name);
        view! { <option value=preset.name prop:selected=chosen>{preset.title}</option> }
    });
    view! {
        <label>"Preset" <select disabled=move || locked.get() on:change=choose>{options.collect::<Vec<_>>()}</select></label>
    }
}

#[component]
fn DeviceChoiceField(locked: Signal<bool>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let choose = move |event| {
        if let Ok(device) = event_target_value(&event).parse() {
            desk.config.update(|config| config.device = device);
        }
    };
    let graphics = Memo::new(move |_| {
        desk.page.with(|page| {
            page.adapters.iter().find(|adapter| adapter.api == "webgpu").map(|adapter| adapter.name.clone())
        })
    });
    let option = move |choice: DeviceChoice, text: &'static str| {
        let chosen = move || desk.config.with(|config| config.device == choice);
        let absent =
            move || choice == DeviceChoice::Webgpu && desk.page.with(|page| page.ready) && graphics.get().is_none();
        let text = move || if absent() { format!("{text} (not here)") } else { text.to_owned() };
        view! { <option value=choice.to_string() prop:selected=chosen disabled=absent>{text}</option> }
    };
    view! {
        <label>"Device"
            <select disabled=move || locked.get() on:change=choose>
                {option(DeviceChoice::Auto, "Automatic")}
                {option(DeviceChoice::Webgpu, "WebGPU")}
                {option(DeviceChoice::Cpu, "CPU")}
            </select>
        </label>
    }
}

/// What will compute, and why.
fn about_device(desk: Desk) -> Option<String> {
    desk.page.with(|page| {
        if let Some(started) = page.view.started.as_ref().filter(|_| page.stage != Stage::Closed) {
            let note = if started.adapter.note.is_empty() { String::new() } else { format!(": {}", started.adapter.note) };
            return Some(format!("Computing on {}{note}.", started.adapter));
        }
        if !page.ready {
            return None;
        }
        let graphics = page.adapters.iter().find(|adapter| adapter.api == "webgpu");
        Some(match graphics {
            None => "This browser offers no WebGPU here, so the CPU will compute. It is slower; everything else is the same.".into(),
            Some(adapter) if adapter.software => format!(
                "The only graphics adapter here, {}, is a program that imitates one; Automatic takes the CPU, which is faster.",
                adapter.name
            ),
            Some(adapter) => format!("WebGPU on {}.", adapter.name),
        })
    })
}

/// The run that the browser kept.
#[component]
fn Stored() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let kept = Memo::new(move |_| desk.page.with(|page| page.stored.clone().filter(|_| page.stage == Stage::Closed)));
    move || {
        kept.get().map(|stored| {
            let verb = if stored.done { "Open it" } else { "Go on with it" };
            let text = stored.told();
            let id = stored.id;
            view! {
                <p class="stored">
                    {text}" "
                    <button type="button" class="small" on:click=move |_| desk.resume(id.clone())>{verb}</button>
                    <span class="quiet">" A new run is kept beside it."</span>
                </p>
            }
        })
    }
}
