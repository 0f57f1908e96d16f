//! The laboratory: what drives the run on top, and below it one room at a time.

use leptos::prelude::*;

use super::{
    apart, attention, compare, continuation, controls, curves, describe,
    desk::Desk,
    disagree, files, front, library, methods, native, offline,
    recorded::Recording,
    results,
    rooms::{self, Room},
    selftest, sentence, setup,
    shown::OnShow,
    shrinking, sparsity, stark, units,
};
use crate::protocol::ToWorker;

/// All of it, going on from what the first screen left.
#[component]
pub fn Lab(left: front::Left) -> impl IntoView {
    let desk = Desk::open();
    provide_context(desk);
    let live = Signal::derive(move || desk.page.with(|page| page.live));
    provide_context(OnShow::of(desk, Recording::play(live, left.played)));
    Effect::new(move |begun: Option<bool>| match begun {
        Some(true) => true,
        _ if left.start && desk.ready.get() => {
            desk.open_run();
            desk.send(&ToWorker::Start);
            true
        }
        _ => !left.start,
    });
    let room = rooms::current();
    let elsewhere = move |it: Room| move || room.get() != it;
    let here = move |it: Room| Signal::derive(move || room.get() == it);
    // What a room holds stays as it was left; only what asks the device for work is made anew.
    view! {
        <rooms::Doors room />
        <div hidden=move || room.get() == Room::SelfTest><controls::Controls /></div>
        <div hidden=elsewhere(Room::Run)><Run /></div>
        <div hidden=elsewhere(Room::Setup)>
            <setup::Setup />
            <files::Own />
            <describe::Described shown=here(Room::Setup) />
            <methods::Methods />
        </div>
        <div hidden=elsewhere(Room::Look)>
            <attention::Attention />
            <disagree::Disagreement />
            <apart::Apart />
            <units::Units />
            <sparsity::Sparsity />
        </div>
        <div hidden=elsewhere(Room::Compare)><compare::Compare shown=here(Room::Compare) /></div>
        <div hidden=elsewhere(Room::Keep)>
            <library::Library shown=here(Room::Keep) />
            <files::Export />
            <offline::Offline shown=here(Room::Keep) />
        </div>
        <Show when=move || room.get() == Room::SelfTest><selftest::SelfTest /></Show>
    }
}

/// The run as it goes by.
#[component]
fn Run() -> impl IntoView {
    let desk = expect_context::<Desk>();
    view! {
        <native::Native />
        <curves::Figure />
        <stark::Stages />
        <shrinking::Shrinking />
        <Show when=move || desk.words.get() fallback=|| view! { <sentence::Sentence /> }>
            <continuation::Continuation />
        </Show>
        <results::Results />
    }
}
