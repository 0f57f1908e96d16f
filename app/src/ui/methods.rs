//! The table of methods: what each recipe matches, by which loss, and what the run at hand does.

use leptos::prelude::*;
use retort_core::recipe::{Cells, Column, RECIPES, Row, cells, rows};

use super::desk::Desk;
use crate::status::Stage;

/// The table; each recipe's name chooses it.
#[component]
pub fn Methods() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let locked = Signal::derive(move || {
        desk.page.with(|page| matches!(page.stage, Stage::Opening | Stage::Paused | Stage::Running))
    });
    // Recipes are part of the program, and a test reads them all.
    let all = StoredValue::new(rows().unwrap_or_default());
    let chosen = Memo::new(move |_| desk.config.with(|config| config.run.recipe.clone()));
    let at_hand = Memo::new(move |_| {
        let words = decoders(chosen.get().as_deref()) || desk.words.get();
        desk.config.with(|config| cells(&config.run, words)).unwrap_or_default()
    });
    let original = Memo::new(move |_| {
        let name = chosen.get();
        all.with_value(|rows| rows.iter().find(|row| Some(row.name) == name.as_deref()).map(|row| row.cells.clone()))
    });
    let head = Column::ALL.map(|column| view! { <th scope="col">{column.name()}</th> });
    let body = |of_decoders: bool| {
        let rows = all.with_value(|rows| {
            let wanted = rows.iter().filter(|row| decoders(Some(row.name)) == of_decoders);
            wanted.cloned().map(|row| view! { <Line row chosen locked /> }).collect::<Vec<_>>()
        });
        let title = if of_decoders { "For causal language models" } else { "For classifiers and encoders" };
        view! {
            <tbody>
                <tr class="kind"><th scope="rowgroup" colspan=Column::ALL.len() + 4><span>{title}</span></th></tr>
                {rows}
            </tbody>
        }
    };
    view! {
        <section aria-labelledby="methods-title">
            <h2 id="methods-title">"Methods"</h2>
            <p class="quiet">
                "Each recipe matches some parts of the teacher, each part by one loss. Choosing a recipe takes over its phases and its terms; "
                "under Settings each term can be switched off, and the first line shows what is left."
            </p>
            <div class="scroll methods" tabindex="0" role="region" aria-label="Methods, as a table">
                <table>
                    <thead>
                        <tr>
                            <th scope="col">"recipe"</th>
                            <th scope="col">"phases"</th>
                            <th scope="col">"stage"</th>
                            {Vec::from(head)}
                            <th scope="col">"student"</th>
                        </tr>
                    </thead>
                    <tbody>{move || run_at_hand(&at_hand.get(), original.get().as_ref())}</tbody>
                    {body(false)}
                    {body(true)}
                </table>
            </div>
            <p class="quiet">
                "emb: embeddings. att.: attention before (scores) and after (probs) the softmax. K, Q, V: relations among keys, queries, values. "
                "layers, last layer: hidden states. logits, MLM: the words, from the teacher and from the text. soft, hard: the classes, from the teacher and from the labels. "
                "student: what it must share with its teacher."
            </p>
        </section>
    }
}

/// Whether a recipe is for causal language models.
fn decoders(recipe: Option<&str>) -> bool {
    let known = RECIPES.iter().find(|known| Some(known.name) == recipe);
    known.and_then(|recipe| recipe.parts().ok()).is_some_and(|(about, _)| about.decoders)
}

#[component]
fn Line(row: Row, chosen: Memo<Option<String>>, locked: Signal<bool>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let name = row.name;
    let mine = move || chosen.with(|chosen| chosen.as_deref() == Some(name));
    let cells = Column::ALL.map(|column| view! { <td>{row.cell(column).to_owned()}</td> });
    view! {
        <tr class:chosen=mine>
            <th scope="row">
                <button
                    type="button"
                    class="small"
                    title=row.title
                    aria-pressed=move || mine().to_string()
                    disabled=move || locked.get()
                    on:click=move |_| desk.follow(name)
                >
                    {name}
                </button>
            </th>
            <td>{row.distillations}</td>
            <td>{row.stage}</td>
            {Vec::from(cells)}
            <td>{row.constraint.name()}</td>
        </tr>
    }
}

/// What the run matches; beside a recipe's losses, those that it has and the run has not.
fn run_at_hand(cells: &Cells, recipe: Option<&Cells>) -> impl IntoView + use<> {
    let of = |cells: &Cells, column: Column| -> Vec<String> {
        let losses = cells.iter().find(|(known, _)| *known == column).map(|(_, losses)| losses.as_str());
        losses.into_iter().flat_map(|losses| losses.split(", ")).map(str::to_owned).collect()
    };
    let cell = |column: Column| {
        let has = of(cells, column);
        let lacks = recipe.map_or(vec![], |recipe| of(recipe, column));
        let lacks: Vec<String> = lacks.into_iter().filter(|loss| !has.contains(loss)).collect();
        let lacks = lacks.into_iter().map(|loss| view! { " "<s title="in the recipe, not in this run">{loss}</s> });
        view! { <td>{has.join(", ")}{lacks.collect::<Vec<_>>()}</td> }
    };
    let cells = Column::ALL.map(cell);
    view! {
        <tr class="hand">
            <th scope="row">"this run"</th>
            <td></td>
            <td></td>
            {Vec::from(cells)}
            <td></td>
        </tr>
    }
}
