//! Who teaches: one of the models that are part of the program, or whom the run file names.

use leptos::prelude::*;
use retort_core::{checkpoint, run::Teacher};

use super::{desk::Desk, fields::ChoiceField};

/// No teacher, or none of its own for plain text.
const NONE: &str = "";
/// One that is not offered here.
const OTHER: &str = "other";

/// The teacher, and that of the stages of plain text.
#[component]
pub fn Teachers(
    /// The run is open: nothing can be changed.
    locked: Signal<bool>,
) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let model = Memo::new(move |_| {
        desk.config.with(|config| offered(config.run.teacher.as_ref().map(|teacher| teacher.model.as_str())))
    });
    let pretrained = Memo::new(move |_| {
        desk.config
            .with(|config| offered(config.run.teacher.as_ref().and_then(|teacher| teacher.pretrained.as_deref())))
    });
    let choose_model = Callback::new(move |name: String| {
        desk.config.update(|config| match (&mut config.run.teacher, name.as_str()) {
            (_, OTHER) => {}
            (teacher, NONE) => *teacher = None,
            (Some(teacher), name) => teacher.model = name.to_owned(),
            (teacher, name) => *teacher = Some(Teacher::new(name)),
        });
    });
    let choose_pretrained = Callback::new(move |name: String| {
        desk.config.update(|config| {
            if let Some(teacher) = config.run.teacher.as_mut().filter(|_| name != OTHER) {
                teacher.pretrained = Some(name).filter(|name| name != NONE);
            }
        });
    });
    let hint = Signal::stored("a classifier for labelled sentences, a language model for other texts".to_owned());
    let hint_of_text = Signal::stored("guesses hidden words: for recipes with stages of plain text".to_owned());
    view! {
        <fieldset>
            <legend>"Teacher"</legend>
            <div class="fields">
                <ChoiceField label="Teacher" id="teacher" hint options=options("None") value=model choose=choose_model locked origin="teacher.model" />
                <ChoiceField label="Teacher of plain text" id="pretrained" hint=hint_of_text options=options("The same") value=pretrained choose=choose_pretrained locked origin="teacher.pretrained" />
            </div>
        </fieldset>
    }
}

/// A model's name as the choice has it.
fn offered(name: Option<&str>) -> String {
    match name {
        None => NONE.to_owned(),
        Some(name) if checkpoint::builtins().any(|known| known == name) => name.to_owned(),
        Some(_) => OTHER.to_owned(),
    }
}

fn options(none: &str) -> Vec<(String, String)> {
    let known = checkpoint::builtins().map(|name| (name.to_owned(), name.trim_start_matches("builtin:").to_owned()));
    let first = [(NONE.to_owned(), none.to_owned())];
    first.into_iter().chain(known).chain([(OTHER.to_owned(), "The run file’s own".to_owned())]).collect()
}
