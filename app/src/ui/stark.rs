//! STARK's stages as they go by: the trial, the scores, and a student for every sparse teacher.

use leptos::prelude::*;
use retort_core::train::stark::{Level, Stage};

use super::{chart::Chart, desk::Desk, results::grouped};
use crate::{
    draw::{Axis, Caption, Dash, Lines, Role, Series},
    state::{Sweeps, Swept, told},
};

/// Shown when the run file has a `[stark]`.
#[component]
pub fn Stages() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let sweeps = Memo::new(move |_| desk.page.with(|page| page.stark.clone()));
    let some = Memo::new(move |_| sweeps.with(|sweeps| sweeps.as_ref().is_some_and(|sweeps| sweeps.levels.len() > 1)));
    let lines = move |title: &'static str, of: fn(&Level) -> retort_core::train::stark::Figure| {
        Memo::new(move |_| {
            let drawn = |sweeps: &Sweeps| {
                let y = Axis::new(if sweeps.of_words() { "perplexity" } else { "% right" });
                let caption = Caption::new(title, "over the share of the teacher that is gone");
                Lines { caption, x: Axis::new("% gone"), y, series: series(sweeps.swept(of)), ..Lines::default() }
            };
            sweeps.with(|sweeps| sweeps.as_ref().map(drawn).unwrap_or_default())
        })
    };
    let students = lines("Students on test", |level| level.student[1]);
    let teachers = lines("Teachers on dev", |level| level.teacher[0]);
    view! {
        <Show when=move || sweeps.with(Option::is_some)>
            <section class="stark" aria-labelledby="stark-title">
                <h2 id="stark-title">"Sparse teachers, stage by stage"</h2>
                {move || sweeps.with(|sweeps| sweeps.as_ref().map(steps))}
                <Show when=move || some.get()>
                    <div class="charts">
                        <Chart lines=students name="students" />
                        <Chart lines=teachers name="teachers" />
                    </div>
                </Show>
                {move || sweeps.with(|sweeps| sweeps.as_ref().filter(|sweeps| !sweeps.levels.is_empty()).map(|sweeps| table(&sweeps.levels)))}
                <div aria-live="polite">
                    {move || sweeps.with(|sweeps| sweeps.iter().flat_map(Sweeps::verdicts).map(|text| view! { <p>{text}</p> }).collect::<Vec<_>>())}
                    <Show when=move || sweeps.with(|sweeps| sweeps.as_ref().is_some_and(|sweeps| sweeps.over))>
                        <p class="quiet">"One seed does not decide it: "<code>"retort stark run.toml --seeds 5"</code>" tells how far seeds differ."</p>
                    </Show>
                </div>
            </section>
        </Show>
    }
}

/// The three stages, and which of them is in progress.
fn steps(sweeps: &Sweeps) -> impl IntoView + use<> {
    let now = match &sweeps.at {
        _ if sweeps.over => 3,
        None | Some((Stage::Trial, ..)) => 0,
        Some((Stage::Scores, ..)) => 1,
        Some((Stage::Level { .. }, ..)) => 2,
    };
    let ready = sweeps.levels.len().saturating_sub(1);
    // One that is over and opened again tells no stage.
    let of = sweeps.at.as_ref().map_or(ready, |(_, _, of)| of.saturating_sub(2));
    let texts = [
        "Trial: the whole teacher teaches.".to_owned(),
        "Scores: what the teacher’s units matter to it and to that student.".to_owned(),
        format!("Sparse teachers: one student for each, from the trial’s first weights; {ready} of {of} are ready."),
    ];
    let item = |(place, text): (usize, String)| {
        let sign = match place.cmp(&now) {
            std::cmp::Ordering::Less => "done",
            std::cmp::Ordering::Equal => "now",
            std::cmp::Ordering::Greater => "later",
        };
        view! { <li class=sign aria-current=(sign == "now").then_some("step")>{text}" "<span class="quiet">{sign}</span></li> }
    };
    view! { <ol class="stages">{texts.into_iter().enumerate().map(item).collect::<Vec<_>>()}</ol> }
}

/// Colour of a sweep, by its kind.
fn role(name: &str) -> Role {
    match name.split('-').next() {
        Some("lambda" | "trial") => Role::Student,
        Some("random") => Role::Control,
        Some("auto") => Role::Third,
        _ => Role::Fourth,
    }
}

/// Sweeps of one kind differ by these.
const DASHES: [Dash; 5] = [Dash::Solid, Dash::Short, Dash::Dotted, Dash::Mixed, Dash::Long];

fn series(swept: Swept) -> Vec<Series> {
    let line = |(place, (label, y)): (usize, (String, Vec<Option<f64>>))| {
        let role = role(&label);
        Series { dash: DASHES[place % DASHES.len()], ..Series::of(label, role, &swept.x, &y) }
    };
    swept.y.into_iter().enumerate().map(line).collect()
}

fn table(levels: &[Level]) -> impl IntoView + use<> {
    let row = |level: &Level| {
        let [heads, neurons] = level.percent.map(|percent| format!("{percent:.0} %"));
        view! {
            <tr>
                <th scope="row">{level.arm.clone()}</th>
                <td>{heads}</td>
                <td>{neurons}</td>
                <td>{grouped(level.parameters)}</td>
                <td>{told(level.teacher[0])}</td>
                <td>{told(level.student[0])}</td>
                <td>{told(level.student[1])}</td>
            </tr>
        }
    };
    let heads = ["heads gone", "neurons gone", "parameters", "teacher, dev", "student, dev", "student, test"];
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label="Students of sparse teachers">
            <table>
                <thead><tr><th scope="col">"teacher"</th>{heads.map(|head| view! { <th scope="col">{head}</th> })}</tr></thead>
                <tbody>{levels.iter().map(row).collect::<Vec<_>>()}</tbody>
            </table>
        </div>
    }
}
