//! The page. State and arithmetic live outside, in [`crate::state`] and [`crate::status`]; these
//! components show them and pass on what the visitor asks for.

use leptos::prelude::*;

mod assistants;
mod browser;
mod chart;
mod continuation;
mod controls;
mod curves;
mod desk;
mod drawing;
mod fields;
mod files;
mod methods;
mod procedure;
mod profile;
mod recorded;
mod results;
mod selftest;
mod sentence;
mod setup;
mod shrinking;
mod stark;
mod teachers;
mod terms;
mod units;

use desk::Desk;

/// Puts the page in place of the loading note.
pub fn mount() {
    let intro = document().get_element_by_id("intro").map(|intro| intro.inner_html()).unwrap_or_default();
    if let Some(note) = document().get_element_by_id("loading") {
        note.remove();
    }
    mount_to_body(|| view! { <Page intro /> });
}

/// `intro`: the heading, which was there before the module was.
#[component]
fn Page(intro: String) -> impl IntoView {
    let desk = Desk::open();
    provide_context(desk);
    provide_context(recorded::Recording::play(Signal::derive(move || desk.page.with(|page| page.live))));
    let selftest = RwSignal::new(browser::hash() == "#/selftest");
    window_event_listener(leptos::ev::hashchange, move |_| selftest.set(browser::hash() == "#/selftest"));
    view! {
        <a class="skip" href="#main">"Skip to the content"</a>
        <header>
            <p class="brand"><a href="#/">"Retort"</a></p>
            <nav aria-label="Pages">
                <a href="#/" aria-current=move || (!selftest.get()).then_some("page")>"Distil"</a>
                <a href="#/selftest" aria-current=move || selftest.get().then_some("page")>"Self-test"</a>
            </nav>
        </header>
        <main id="main" tabindex="-1">
            <div hidden=move || selftest.get()><Distil intro /></div>
            <Show when=move || selftest.get()><selftest::SelfTest /></Show>
        </main>
        <footer>
            <p>
                "Everything runs in this tab: no text, no model and no figure leaves your machine. "
                "The film reviews are from the Sentence Polarity Dataset v1.0 (Pang and Lee, 2005), CC BY 4.0; the prose is Moby-Dick (Melville, 1851) and addresses on the State of the Union."
            </p>
        </footer>
    }
}

#[component]
fn Distil(intro: String) -> impl IntoView {
    let desk = expect_context::<Desk>();
    view! {
        <div inner_html=intro></div>
        <controls::Controls />
        <curves::Figure />
        <stark::Stages />
        <shrinking::Shrinking />
        <Show when=move || desk.words.get() fallback=|| view! { <sentence::Sentence /> }>
            <continuation::Continuation />
        </Show>
        <results::Results />
        <units::Units />
        <methods::Methods />
        <setup::Setup />
        <files::Files />
    }
}
