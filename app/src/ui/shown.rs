//! The run that is drawn: the visitor's own, or the one recorded before.

use leptos::prelude::*;

use super::{desk::Desk, recorded::Recording};
use crate::state::View;

/// What is on show, for every component that draws it.
#[derive(Clone, Copy)]
pub struct OnShow {
    /// The run.
    pub view: Memo<View>,
    /// Whether it is the visitor's own.
    pub live: Memo<bool>,
    /// The recorded one.
    pub recording: Recording,
    /// Whether terms are drawn as they are weighed in the sum, and what changes that.
    pub weighed: (Signal<bool>, SignalSetter<bool>),
}

impl OnShow {
    /// The recording, until a run of the tab's own is open.
    pub fn of(desk: Desk, recording: Recording) -> Self {
        let live = Memo::new(move |_| desk.page.with(|page| page.live));
        let view = move |_: Option<&View>| match live.get() {
            true => desk.page.with(|page| page.view.clone()),
            false => recording.view.get(),
        };
        let weighed = create_slice(desk.config, |config| config.weighed, |config, weighed| config.weighed = weighed);
        Self { view: Memo::new(view), live, recording, weighed }
    }

    /// The recording alone.
    pub fn recorded(recording: Recording) -> Self {
        let weighed = RwSignal::new(false);
        Self {
            view: Memo::new(move |_| recording.view.get()),
            live: Memo::new(|_| false),
            recording,
            weighed: (weighed.into(), weighed.into()),
        }
    }
}
