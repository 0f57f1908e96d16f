//! The learners between teacher and student.

use leptos::prelude::*;
use retort_core::run::Student;

use super::{
    desk::Desk,
    fields::{Number, NumberField},
};

/// A fieldset for every assistant, and buttons for more and fewer.
#[component]
pub fn Assistants(
    /// The run is open: nothing can be changed.
    locked: Signal<bool>,
) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let count = Memo::new(move |_| desk.config.with(|config| config.run.assistants().len()));
    let change = move |edit: fn(&mut Vec<Student>, &Student)| {
        desk.config.update(|config| {
            let mut all = config.run.assistants().to_vec();
            edit(&mut all, &config.run.student);
            config.run.assistants = Some(all);
        });
    };
    let more = move |_| change(|all, student| all.push(student.clone()));
    let fewer = move |_| change(|all, _| drop(all.pop()));
    let shapes = move || (0..count.get()).map(|place| view! { <Shape place locked /> }).collect::<Vec<_>>();
    view! {
        <fieldset>
            <legend>"Assistants"</legend>
            <p class="hint">
                "Learners between teacher and student: each is taught by the one before it and teaches the next, so that no step is too wide."
            </p>
            {shapes}
            <p class="row">
                <button type="button" class="small" disabled=move || locked.get() on:click=more>"Add an assistant"</button>
                <button type="button" class="small" disabled=move || locked.get() || count.get() == 0 on:click=fewer>"Remove the last"</button>
            </p>
        </fieldset>
    }
}

/// The shape of one of them, counted from 0.
#[component]
fn Shape(place: usize, locked: Signal<bool>) -> impl IntoView {
    let keys = [
        ("layers", "layers", "transformer layers"),
        ("hidden", "width", "of the residual stream"),
        ("heads", "heads", "they divide the width"),
        ("intermediate", "feed-forward", "width of the layer between"),
    ];
    let fields = keys.map(|(key, name, hint)| {
        let (path, label) = (format!("assistants.{place}.{key}"), format!("Assistant {}, {name}", place + 1));
        let field = Number { path, label, hint, optional: false };
        view! { <NumberField field locked /> }
    });
    view! { <div class="fields">{fields.into_iter().collect::<Vec<_>>()}</div> }
}
