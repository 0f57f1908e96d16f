//! A line chart with its heading.

use std::sync::Arc;

use leptos::prelude::*;

use super::drawing::{Drawing, Shown};
use crate::draw::Lines;

/// A chart with its heading; the title is that of the lines' caption.
#[component]
pub fn Chart(
    /// What to draw.
    lines: Memo<Lines>,
    /// What its files are called.
    name: &'static str,
    /// What can be chosen about it.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let title = move || lines.with(|lines| lines.caption.title.clone());
    let figure = Signal::derive(move || Arc::new(lines.get()) as Shown);
    view! {
        <section class="chart" aria-label=title>
            <div class="chart-head"><h3>{title}</h3>{children.map(|children| children())}</div>
            <Drawing figure name />
        </section>
    }
}
