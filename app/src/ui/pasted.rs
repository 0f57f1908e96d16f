//! Rows that are pasted instead of being a file.

use std::time::Duration;

use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*};

use super::{
    desk::Desk,
    files::{SPLITS, take},
};
use crate::state::pasted::{Form, check, told};

/// From the last letter to the reading.
const PAUSE: Duration = Duration::from_millis(250);

/// The field.
#[component]
pub fn Pasted(locked: Signal<bool>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let text = RwSignal::new(String::new());
    let asked = RwSignal::new(None::<Form>);
    let split = RwSignal::new("train");
    let wrong = RwSignal::new(None::<String>);
    let pending = StoredValue::new(None::<TimeoutHandle>);
    let form = Memo::new(move |_| asked.get().unwrap_or_else(|| text.with(|text| Form::guess(text))));
    // Errors name it so; the file gets another name, and keeps its columns while something else is pasted.
    let draft = |form: Form| format!("paste.{}", form.ending());
    let read = move || {
        text.with_untracked(|text| {
            wrong.set(check(text).err().map(|error| error.to_string()));
            if wrong.with_untracked(Option::is_none) {
                desk.look_at(draft(form.get_untracked()), text.as_bytes().to_vec());
            }
        });
    };
    Effect::watch(
        move || (text.with(String::clone), form.get()),
        move |(text, form), _, _| {
            pending.update_value(|pending| {
                pending.take().iter().for_each(TimeoutHandle::clear);
                *pending = if text.is_empty() { None } else { set_timeout_with_handle(read, PAUSE).ok() };
            });
            desk.page.update(|page| {
                page.sheets.remove(&draft(*form));
            });
            wrong.set(None);
        },
        false,
    );
    let sheet = Memo::new(move |_| desk.page.with(|page| page.sheets.get(&draft(form.get())).cloned()));
    let said = move || match (wrong.get(), sheet.get()) {
        (Some(wrong), _) | (None, Some(Err(wrong))) => view! { <span class="wrong">{wrong}</span> }.into_any(),
        (None, Some(Ok(sheet))) => view! { <span>{told(form.get(), &sheet)}</span> }.into_any(),
        (None, None) => ().into_any(),
    };
    let fine = move || wrong.with(Option::is_none) && matches!(sheet.get(), Some(Ok(_)));
    let take_it = move |_| {
        if text.with_untracked(|text| text.trim().is_empty()) {
            return wrong.set(check("").err().map(|error| error.to_string()));
        }
        let name = format!("pasted.{}", form.get_untracked().ending());
        take(desk, split.get_untracked(), name, text.get_untracked().into_bytes());
        text.set(String::new());
        asked.set(None);
    };
    let forms = Form::ALL.map(|(form, ending, name)| {
        view! { <option value=ending selected=move || asked.get() == Some(form)>{name}</option> }
    });
    let splits = SPLITS.map(|(name, _)| view! { <option value=name>{name}</option> });
    let choose = move |event| {
        let name = event_target_value(&event);
        split.set(SPLITS.iter().find(|(known, _)| *known == name).map_or("train", |(known, _)| *known));
    };
    view! {
        <div class="pasted">
            <label class="wide">"Or paste rows here"
                <textarea rows="4" spellcheck="false" disabled=locked aria-describedby="pasted-said" prop:value=text
                    on:input=move |event| text.set(event_target_value(&event))></textarea>
            </label>
            <p id="pasted-said" aria-live="polite">{said}</p>
            <p class="row">
                <label>"Read as "
                    <select disabled=locked on:change=move |event| asked.set(Form::of(&event_target_value(&event)))>
                        <option value="" selected=move || asked.get().is_none()>"what it looks like"</option>
                        {Vec::from(forms)}
                    </select>
                </label>
                <label>"For " <select disabled=locked on:change=choose>{Vec::from(splits)}</select></label>
                <button type="button" disabled=move || locked.get() || !(fine() || text.with(String::is_empty)) on:click=take_it>
                    "Use these rows"
                </button>
            </p>
        </div>
    }
}
