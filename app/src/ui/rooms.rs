//! The laboratory's rooms, and the address of each.

use leptos::prelude::*;

use super::browser;

/// A part of the laboratory that is on show alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Room {
    /// The run as it goes by.
    #[default]
    Run,
    /// What is going to run.
    Setup,
    /// Into the models of the open run.
    Look,
    /// Runs beside each other.
    Compare,
    /// What the browser keeps, and what can be taken away.
    Keep,
    /// Whether the device computes right, and how fast.
    SelfTest,
}

impl Room {
    /// All of them: the address behind `#`, the name, and what it is for.
    pub const ALL: [(Self, &str, &str); 6] = [
        (Self::Run, "#/", "Run"),
        (Self::Setup, "#/setup", "Set up"),
        (Self::Look, "#/look", "Look inside"),
        (Self::Compare, "#/compare", "Compare"),
        (Self::Keep, "#/keep", "Keep"),
        (Self::SelfTest, "#/selftest", "Self-test"),
    ];

    /// The room of the address; the first one where it names none.
    fn here() -> Self {
        let hash = browser::hash();
        Self::ALL.iter().find(|(_, address, _)| *address == hash).map(|(room, ..)| *room).unwrap_or_default()
    }
}

/// The room of the address, now and later.
pub fn current() -> RwSignal<Room> {
    let room = RwSignal::new(Room::here());
    window_event_listener(leptos::ev::hashchange, move |_| room.set(Room::here()));
    room
}

/// The way from room to room.
#[component]
pub fn Doors(room: RwSignal<Room>) -> impl IntoView {
    let door = |(it, address, name): (Room, &'static str, &'static str)| {
        view! { <a href=address aria-current=move || (room.get() == it).then_some("page")>{name}</a> }
    };
    view! { <nav class="rooms" aria-label="Laboratory">{Room::ALL.map(door)}</nav> }
}
