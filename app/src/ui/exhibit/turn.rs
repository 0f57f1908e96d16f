//! What can be turned: sliders, lists, switches, words, and time that can be played.

use std::time::Duration;

use leptos::{html, leptos_dom::helpers::IntervalHandle, prelude::*};

use crate::{
    exhibits::{Kind, Knob, Knobs},
    ui::browser,
};

/// From one moment to the next while time is played, and in how many of them all of it is.
const TICK: Duration = Duration::from_millis(100);
const TICKS: f64 = 80.0;

/// One of them.
#[component]
pub fn Turn(
    /// What there is to choose.
    knob: Knob,
    /// What is chosen.
    chosen: RwSignal<Knobs>,
) -> impl IntoView {
    let key = knob.key;
    let set = {
        let knob = knob.clone();
        move |value: f64| chosen.update(|chosen| chosen.set(&knob, value))
    };
    let value = Memo::new(move |_| chosen.with(|chosen| chosen.of(key)));
    match knob.kind.clone() {
        Kind::Range { time: true, .. } => view! { <Time knob value chosen /> }.into_any(),
        Kind::Range { ends: [low, high], step, unit, .. } => view! {
            <label class="knob">
                <span>{knob.label}</span>
                <input type="range" min=low max=high step=step prop:value=value
                    on:input=move |event| set(event_target_value(&event).parse().unwrap_or(f64::NAN)) />
                <output>{move || format!("{}{}{unit}", value.get(), if unit.is_empty() { "" } else { "\u{a0}" })}</output>
            </label>
        }
        .into_any(),
        Kind::Choice { options, .. } => {
            let options = options.into_iter().enumerate().map(|(place, name)| {
                view! { <option value=place selected=move || value.get() == place as f64>{name}</option> }
            });
            let options = options.collect::<Vec<_>>();
            view! {
                <label class="knob">
                    <span>{knob.label}</span>
                    <select on:change=move |event| set(event_target_value(&event).parse().unwrap_or(f64::NAN))>{options}</select>
                </label>
            }
            .into_any()
        }
        Kind::Switch { .. } => view! {
            <label class="knob switch">
                <input type="checkbox" prop:checked=move || value.get() != 0.0
                    on:change=move |event| set(f64::from(u8::from(event_target_checked(&event)))) />
                <span>{knob.label}</span>
            </label>
        }
        .into_any(),
        Kind::Word { words, .. } => view! { <Words words value label=knob.label set=Callback::new(set) /> }.into_any(),
    }
}

/// Words to choose from: with a pointer, or with the arrow keys.
#[component]
fn Words(words: Vec<(String, Option<f64>)>, value: Memo<f64>, label: String, set: Callback<f64>) -> impl IntoView {
    let count = words.len();
    let group = NodeRef::<html::Div>::new();
    let turn = move |event: leptos::ev::KeyboardEvent| {
        let next = match event.key().as_str() {
            "ArrowRight" | "ArrowDown" => value.get_untracked() + 1.0,
            "ArrowLeft" | "ArrowUp" => value.get_untracked() - 1.0,
            "Home" => 1.0,
            "End" => count as f64 - 1.0,
            _ => return,
        };
        event.prevent_default();
        // The first word follows on nothing.
        let next = next.clamp(1.0, (count as f64 - 1.0).max(1.0));
        set.run(next);
        let words = group.get_untracked().and_then(|group| group.query_selector_all(".word").ok());
        let chosen = words.and_then(|words| words.item(next as u32));
        if let Some(chosen) = chosen.and_then(|word| wasm_bindgen::JsCast::dyn_into::<web_sys::HtmlElement>(word).ok())
        {
            let _ = chosen.focus();
        }
    };
    let words = words.into_iter().enumerate().map(|(place, (word, unc))| {
        let is = move || value.get() == place as f64;
        let level = unc.map_or(0, |unc| (unc * 4.0).round() as usize);
        let name = unc.map_or_else(|| word.clone(), |unc| format!("{word}, UNC {unc:.2}"));
        view! {
            <button type="button" role="radio" class=format!("word unsure-{level}") disabled=unc.is_none() aria-label=name
                aria-checked=move || if is() { "true" } else { "false" } tabindex=move || if is() { "0" } else { "-1" }
                on:click=move |_| set.run(place as f64)>{word}</button>
        }
    });
    let words = words.collect::<Vec<_>>();
    view! {
        <div class="knob words" role="radiogroup" aria-label=label node_ref=group on:keydown=turn>{words}</div>
    }
}

/// A slider over time, to go back and forth on, and to be played.
#[component]
fn Time(knob: Knob, value: Memo<f64>, chosen: RwSignal<Knobs>) -> impl IntoView {
    let Kind::Range { ends: [low, high], step, .. } = knob.kind else { return ().into_any() };
    let label = knob.label.clone();
    let knob = StoredValue::new(knob);
    let set = move |value: f64| knob.with_value(|knob| chosen.update(|chosen| chosen.set(knob, value)));
    let playing = RwSignal::new(false);
    let stride = (((high - low) / step / TICKS).ceil() * step).max(step);
    let timer = StoredValue::new(None::<IntervalHandle>);
    let stop = move || {
        playing.set(false);
        timer.update_value(|timer| timer.take().iter().for_each(IntervalHandle::clear));
    };
    on_cleanup(move || {
        timer.try_update_value(|timer| timer.take().iter().for_each(IntervalHandle::clear));
    });
    let play = move |_| {
        if playing.get_untracked() {
            return stop();
        }
        if value.get_untracked() >= high {
            set(low);
        }
        playing.set(true);
        let tick = move || match value.get_untracked() + stride {
            next if next >= high => {
                set(high);
                stop();
            }
            next => set(next),
        };
        // Few moments are looked at for longer.
        let slow = ((TICKS / ((high - low) / step).max(1.0)).round() as u32).clamp(1, 10);
        timer.set_value(set_interval_with_handle(tick, TICK * slow).ok());
    };
    let calm = browser::media("(prefers-reduced-motion: reduce)");
    let move_by = move |by: f64| {
        stop();
        set(value.get_untracked() + by);
    };
    // What is read aloud begins with what is seen.
    let [back, play_or_pause, next] = [(); 3].map(|()| label.clone());
    // An angle bracket between attributes would end the tag.
    let at_start = move || value.get() <= low;
    let at_end = move || value.get() >= high;
    let verb = move || if playing.get() { "Pause" } else { "Play" };
    view! {
        <div class="knob time">
            <label>
                <span>{label}</span>
                <input type="range" min=low max=high step=step prop:value=value on:input=move |event| {
                    stop();
                    set(event_target_value(&event).parse().unwrap_or(f64::NAN));
                } />
                <output>{move || format!("{} of {high}", value.get())}</output>
            </label>
            <button type="button" class="small" aria-label=format!("Back: {back}") disabled=at_start on:click=move |_| move_by(-step)>"Back"</button>
            {(!calm).then(|| view! {
                <button type="button" class="small" aria-label=move || format!("{}: {play_or_pause}", verb()) on:click=play>{verb}</button>
            })}
            <button type="button" class="small" aria-label=format!("Next: {next}") disabled=at_end on:click=move |_| move_by(step)>"Next"</button>
        </div>
    }
    .into_any()
}
