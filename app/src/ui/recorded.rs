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
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Played {
    /// The recording itself, where it is there by now.
    text: Option<String>,
    events: usize,
    paused: bool,
}

/// The recorded run and how far it has been played.
#[derive(Clone, Copy)]
pub struct Recording {
    /// What has been played.
    pub view: RwSignal<View>,
    text: StoredValue<Option<String>>,
    events: RwSignal<Vec<Event>>,
    next: RwSignal<usize>,
    playing: RwSignal<bool>,
}

impl Recording {
    /// Plays the recording in about fifteen seconds, from where it was, until `over`; fetches it where it is not there.
    /// Who prefers no motion sees its end at once.
    pub fn play(over: Signal<bool>, from: Played) -> Self {
        let calm = browser::media("(prefers-reduced-motion: reduce)");
        let recording = Self {
            view: RwSignal::default(),
            text: StoredValue::default(),
            events: RwSignal::default(),
            next: RwSignal::new(0),
            playing: RwSignal::new(!calm && !from.paused),
        };
        let so_far = if calm { usize::MAX } else { from.events };
        match from.text {
            Some(text) => recording.take(text, so_far),
            None => spawn_local(async move {
                let text = browser::fetch_text("recorded/demo.jsonl").await;
                // The first screen may have left meanwhile.
                if let Some(text) = text.filter(|_| !recording.events.is_disposed()) {
                    recording.take(text, so_far);
                }
            }),
        }
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
        Played { text: self.text.get_value(), events: self.next.get_untracked(), paused: !self.playing.get_untracked() }
    }

    fn take(&self, text: String, so_far: usize) {
        self.events.set(history(text.as_bytes()));
        self.text.set_value(Some(text));
        self.advance(so_far);
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
