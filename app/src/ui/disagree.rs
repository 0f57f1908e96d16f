//! Where teacher and student disagree, over dev.

use std::sync::Arc;

use leptos::prelude::*;
use retort_core::train::{Disagreements, OfClasses, OfWords};

use super::{
    desk::Desk,
    drawing::{Drawing, Shown},
};
use crate::{
    draw::{Axis, Bars, Caption, Column, Figure, Role, Value},
    protocol::ToWorker,
    state::found::confusion,
};

/// Texts that are told.
const MOST: usize = 12;

/// The section.
#[component]
pub fn Disagreement() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let open = Memo::new(move |_| desk.page.with(|page| page.is_open() && page.view.has_teacher()));
    let found = Memo::new(move |_| desk.page.with(|page| page.disagreements.clone()));
    view! {
        <section class="disagreement" aria-labelledby="disagreement-title">
            <h2 id="disagreement-title">"Where they disagree"</h2>
            <p>"Teacher and student, as it is now, on every text of dev: what each makes of it, and the texts on which they are furthest apart."</p>
            <p class="row">
                <button type="button" disabled=move || !open.get() on:click=move |_| desk.send(&ToWorker::Disagree { most: MOST })>"Compare them on dev"</button>
                <Show when=move || !open.get()><span class="quiet">"Open a run with a teacher first."</span></Show>
            </p>
            {move || found.get().map(|found| match found {
                Disagreements::Classes(found) => of_classes(&found).into_any(),
                Disagreements::Words(found) => of_words(&found).into_any(),
            })}
        </section>
    }
}

fn drawn(figure: impl Figure + Send + Sync + 'static, name: &'static str) -> impl IntoView {
    let title = figure.caption().title.clone();
    view! { <div><h3>{title}</h3><Drawing figure=Signal::stored(Arc::new(figure) as Shown) name /></div> }
}

fn of_classes(found: &OfClasses) -> impl IntoView + use<> {
    let (labels, teacher) = (&found.labels, found.teacher.as_str());
    let maps = [
        drawn(confusion("One against the other", [teacher, "student"], labels, &found.both), "both"),
        drawn(
            confusion("The teacher and the labels", ["label", teacher], labels, &found.teacher_by_label),
            "teacher-by-label",
        ),
        drawn(
            confusion("The student and the labels", ["label", "student"], labels, &found.student_by_label),
            "student-by-label",
        ),
    ];
    let percent = |shares: &[f64]| {
        let share = |(label, share): (&String, &f64)| format!("{label} {:.0} %", 100.0 * share);
        labels.iter().zip(shares).map(share).collect::<Vec<_>>().join(", ")
    };
    let rows = found.most.iter().map(|one| {
        view! {
            <tr>
                <td>{one.text.clone()}{one.pair.clone().map(|pair| view! { <br/><span class="quiet">{pair}</span> })}</td>
                <td>{labels.get(one.label).cloned()}</td>
                <td>{percent(&one.teacher)}</td>
                <td>{percent(&one.student)}</td>
                <td>{format!("{:.3}", one.kl)}</td>
            </tr>
        }
    });
    let rows = rows.collect::<Vec<_>>();
    let heads = ["label", "teacher", "student", "KL, nats"];
    view! {
        <p aria-live="polite">{format!(
            "They choose the same class for {:.1} % of {} texts; KL(teacher ‖ student) is {:.3} nats on the mean.",
            100.0 * found.agreement, found.examples, found.kl
        )}</p>
        <div class="maps">{maps.into_iter().collect::<Vec<_>>()}</div>
        <div class="scroll" tabindex="0" role="region" aria-label="The texts on which they disagree most">
            <table>
                <thead><tr><th scope="col">"text"</th>{heads.map(|head| view! { <th scope="col">{head}</th> })}</tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

fn of_words(found: &OfWords) -> impl IntoView + use<> {
    let groups = found.tenths.iter().map(|tenth| format!("{:.1}–{:.1}", tenth.from, tenth.to)).collect::<Vec<_>>();
    let bars = |title: &str, unit: &str, role: Role, value: &dyn Fn(&retort_core::train::Tenth) -> f64| Bars {
        caption: Caption::new(title, "By how unsure the teacher is of the word, UNC = 1 − p."),
        axis: Axis::new(unit),
        title: "UNC".into(),
        groups: groups.clone(),
        columns: vec![Column {
            name: title.into(),
            role,
            values: found.tenths.iter().map(|tenth| Value::new(value(tenth))).collect(),
        }],
        level: false,
    };
    let figures = [
        drawn(
            bars("Same word likeliest", "% of the words", Role::Student, &|tenth| 100.0 * tenth.agreement),
            "agreement",
        ),
        drawn(bars("KL(teacher ‖ student)", "nats", Role::Control, &|tenth| tenth.kl), "kl"),
        drawn(bars("Words", "how many", Role::Quiet, &|tenth| tenth.count as f64), "words"),
    ];
    let rows = found.most.iter().map(|text| {
        let words = text.tokens.iter().map(|token| token.text.as_str()).collect::<String>();
        view! { <tr><td>{words}</td><td>{format!("{:.3}", text.kl)}</td></tr> }
    });
    let rows = rows.collect::<Vec<_>>();
    view! {
        <p aria-live="polite">{format!(
            "Both find the same word likeliest for {:.1} % of {} words; KL(teacher ‖ student) is {:.3} nats on the mean.",
            100.0 * found.agreement, found.words, found.kl
        )}</p>
        <div class="maps">{figures.into_iter().collect::<Vec<_>>()}</div>
        <div class="scroll" tabindex="0" role="region" aria-label="The texts on which they disagree most">
            <table><thead><tr><th scope="col">"text"</th><th scope="col">"KL, nats a word"</th></tr></thead><tbody>{rows}</tbody></table>
        </div>
    }
}
