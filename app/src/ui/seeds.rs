//! What is chosen, run once for each of several seeds.

use std::collections::BTreeSet;

use leptos::prelude::*;

use super::desk::Desk;
use crate::{
    library::series::SEEDS,
    protocol::{Seeded, ToWorker},
    status::{Page, Stage},
};

/// The control, and how far each seed is; what is over is put among the runs that are compared.
#[component]
pub fn Seeds(shown: Signal<bool>, chosen: RwSignal<BTreeSet<String>>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let count = RwSignal::new(3_u64);
    let series = Memo::new(move |_| desk.page.with(|page| page.series.clone()));
    let going = Memo::new(move |_| series.with(|series| series.going));
    let many = Memo::new(move |_| desk.config.with(|config| config.run.stark.is_some()));
    let ask = move |begin: bool| {
        let run = desk.config.with_untracked(|config| config.run.to_toml());
        match run {
            Ok(run) => desk.uploads.with_untracked(|files| {
                let (device, count) = (desk.device(), count.get_untracked());
                desk.send_with(&ToWorker::Seeds { run, device, count, begin }, files);
            }),
            Err(error) => desk.complaint.set(Some(error.to_string())),
        }
    };
    // Of what is chosen by now some seeds may be kept, from before a reload say; after a stop they stand elsewhere.
    Effect::new(move || {
        desk.config.track();
        count.track();
        if shown.get() && desk.ready.get() && !going.get() && !many.get() {
            ask(false);
        }
    });
    let finished = Memo::new(move |_| series.with(|series| series.finished()));
    Effect::watch(
        move || finished.get(),
        move |now, before, _| {
            let new = now.iter().filter(|id| before.is_none_or(|before| !before.contains(id)));
            for id in new {
                desk.send(&ToWorker::Look { id: id.clone() });
                chosen.update(|chosen| {
                    chosen.insert(id.clone());
                });
            }
            desk.send(&ToWorker::Runs);
        },
        false,
    );
    let free = move || {
        desk.page.with(|page| page.ready && matches!(page.stage, Stage::Closed | Stage::Paused | Stage::Over))
            && !going.get()
            && !many.get()
    };
    let begin = move |_| {
        desk.page.update(|page| page.stage = Stage::Opening);
        desk.complaint.set(None);
        ask(true);
    };
    let [few, most] = SEEDS;
    let number = move |event| {
        count.set(event_target_value(&event).parse::<u64>().unwrap_or(few).clamp(few, most));
    };
    let verb = move || {
        let over = series.with(|series| series.over());
        let to = count.get();
        if over[0] > 0 && over[0] < over[1] {
            format!("Go on with seeds 1 to {to}")
        } else {
            format!("Run with seeds 1 to {to}")
        }
    };
    let done = move || series.with(|series| matches!(series.over(), [over, of] if over == of && of > 0));
    let begun = move || series.with(|series| series.going || series.seeds.iter().any(|one| one.id.is_some()));
    view! {
        <section class="seeds" aria-labelledby="seeds-title">
            <h2 id="seeds-title">"One configuration, several seeds"</h2>
            <p>"What is set up, once for each seed, one after the other: each a run that is kept. Pause and Stop hold for all; what is over stays."</p>
            <p class="row">
                <label>"Seeds "
                    <input type="number" min=few max=most step="1" disabled=going prop:value=count on:change=number />
                </label>
                <button type="button" disabled=move || !free() || done() on:click=begin>{verb}</button>
                {move || many.get().then(|| view! { <span class="quiet">"STARK is a procedure of many runs: choose Distil once in Set up."</span> })}
            </p>
            <Show when=begun>
                <Progress />
            </Show>
        </section>
    }
}

/// The open run, and its steps taken and in all.
fn now(page: &Page) -> (Option<&str>, [usize; 2]) {
    let open = page.open.as_ref().filter(|_| page.stage != Stage::Closed).map(|(id, _)| id.as_str());
    (open, [page.view.step, page.view.steps()])
}

/// How far each is.
#[component]
fn Progress() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let share = move || desk.page.with(|page| page.series.share(now(page)));
    let seeds = Memo::new(move |_| desk.page.with(|page| page.series.seeds.clone()));
    let item = move |seeded: Seeded| {
        let seed = seeded.seed;
        let told = move || desk.page.with(|page| page.series.told(&seeded, now(page)));
        view! { <li>{format!("seed {seed}: ")}{told}</li> }
    };
    let over = move || {
        let [over, of] = desk.page.with(|page| page.series.over());
        format!("{over} of {of} seeds are over.")
    };
    view! {
        <p class="row">
            <progress max="1" prop:value=share aria-label="Seeds that are over"></progress>
            <span role="status">{over}</span>
        </p>
        <ul class="plain">{move || seeds.get().into_iter().map(item).collect::<Vec<_>>()}</ul>
    }
}
