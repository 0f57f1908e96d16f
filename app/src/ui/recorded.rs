//! A run recorded before, played on the figure until the visitor's own begins.

use std::time::Duration;

use leptos::{leptos_dom::helpers::IntervalHandle, prelude::*, task::spawn_local};
use retort_core::train::{Event, history};
use serde::{Deserialize, Serialize};

use super::browser;
use crate::state::View;

const TICK: Duration = Duration::from_millis(60);
const TICKS: usize = 250;

/// How far the recording is, for a page that goes on with it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Played {
    events: usize,
    paused: bool,
}

/// The recorded run and how far it has been played.
#[derive(Clone, Copy)]
pub struct Recording {
    /// What has been played.
    pub view: RwSignal<View>,
    events: RwSignal<Vec<Event>>,
    next: RwSignal<usize>,
    playing: RwSignal<bool>,
}

impl Recording {
    /// Fetches the recording and plays it in about fifteen seconds, from where it was, until `over`. Who prefers no
    /// motion sees its end at once.
    pub fn play(over: Signal<bool>, from: Played) -> Self {
        let calm = browser::media("(prefers-reduced-motion: reduce)");
        let recording = Self {
            view: RwSignal::default(),
            events: RwSignal::default(),
            next: RwSignal::new(0),
            playing: RwSignal::new(!calm && !from.paused),
        };
        spawn_local(async move {
            let Some(text) = browser::fetch_text("recorded/demo.jsonl").await else { return };
            recording.events.set(history(text.as_bytes()));
            recording.advance(if calm { usize::MAX } else { from.events });
        });
        let timer = set_interval_with_handle(
            move || {
                let all = recording.events.with_untracked(Vec::len);
                if recording.playing.get_untracked() && !over.get_untracked() && all > 0 {
                    recording.advance(all.div_ceil(TICKS));
                }
            },
            TICK,
        );
        let timer = StoredValue::new(timer.ok());
        let end = move || {
            timer.try_update_value(|timer| timer.take().iter().for_each(IntervalHandle::clear));
        };
        Effect::new(move || {
            if over.get() {
                end();
            }
        });
        on_cleanup(end);
        recording
    }

    /// How far it is.
    pub fn played(&self) -> Played {
        Played { events: self.next.get_untracked(), paused: !self.playing.get_untracked() }
    }

    fn advance(&self, count: usize) {
        self.events.with_untracked(|events| {
            let next = self.next.get_untracked();
            let end = next.saturating_add(count).min(events.len());
            self.view.update(|view| events[next..end].iter().for_each(|event| view.apply(event)));
            self.next.set(end);
            if end == events.len() {
                self.playing.set(false);
            }
        });
    }

    /// Pauses, goes on, or plays again.
    pub fn toggle(&self) {
        if self.at_end() {
            self.view.set(View::default());
            self.next.set(0);
        }
        self.playing.update(|playing| *playing = !*playing);
    }

    /// What [`Recording::toggle`] does now.
    pub fn verb(&self) -> &'static str {
        match (self.playing.get(), self.at_end()) {
            (true, _) => "Pause the recording",
            (false, true) => "Play it again",
            (false, false) => "Play the recording",
        }
    }

    fn at_end(&self) -> bool {
        self.events.with(|events| !events.is_empty() && self.next.get() == events.len())
    }
}
