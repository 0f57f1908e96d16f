//! A figure of [`crate::draw`] on the page: as wide as there is room, read with a pointer or with the arrow keys,
//! with the numbers behind it as a table and its files to save.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use leptos::{html, prelude::*};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{HtmlElement, KeyboardEvent, PointerEvent, ResizeObserver};

use super::{browser, png};
use crate::draw::{Figure, Hit, Look, Scene};

/// Any figure.
pub type Shown = Arc<dyn Figure + Send + Sync>;

/// Rows of a figure's table that the page shows; a saved table has all of them.
const ROWS: usize = 40;
/// Width of a saved picture, in pixels.
const PRINT: f64 = 720.0;

/// No two figures of a document have the same name.
fn unique() -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    format!("drawing-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A figure.
#[component]
pub fn Drawing(
    /// What to draw.
    #[prop(into)]
    figure: Signal<Shown>,
    /// What its files are called, without an ending.
    #[prop(into)]
    name: String,
) -> impl IntoView {
    let id = unique();
    let target = NodeRef::<html::Div>::new();
    let width = RwSignal::new(0.0);
    let scene = Memo::new({
        move |_| match width.get() {
            wide if wide > 0.0 => figure.with(|figure| figure.scene(wide, figure.height(wide))),
            _ => Scene::default(),
        }
    });
    let hit = RwSignal::new(None::<Hit>);
    // What was pointed at may be elsewhere now.
    Effect::new(move || scene.with(|_| hit.set(None)));
    watch_width(target, width);

    let point = move |event: PointerEvent| {
        let Some(element) = target.get_untracked() else { return };
        let frame = element.get_bounding_client_rect();
        let at = [f64::from(event.client_x()) - frame.left(), f64::from(event.client_y()) - frame.top()];
        hit.set(scene.with_untracked(|scene| scene.hit(at)));
    };
    let turn = move |event: KeyboardEvent| {
        let (right, down) = match event.key().as_str() {
            "ArrowRight" => (1, 0),
            "ArrowLeft" => (-1, 0),
            "ArrowDown" => (0, 1),
            "ArrowUp" => (0, -1),
            "Escape" => return hit.set(None),
            _ => return,
        };
        event.prevent_default();
        let from = hit.get_untracked();
        hit.set(scene.with_untracked(|scene| scene.moved(from.as_ref(), right, down)));
    };
    let told = Memo::new(move |_| hit.get().map(|hit| figure.with(|figure| figure.told(&hit))).unwrap_or_default());
    let picture = {
        let id = id.clone();
        move || scene.with(|scene| scene.svg(&id, Look::Page))
    };
    let above = move || {
        let over = hit.get().and_then(|hit| figure.with(|figure| scene.with(|scene| figure.marked(&hit, scene))));
        over.map(|scene| scene.svg(&format!("{id}-cursor"), Look::Page)).unwrap_or_default()
    };
    let label = move || figure.with(|figure| figure.caption().title.clone());
    view! {
        <div class="drawing">
            <div
                class="canvas"
                node_ref=target
                tabindex="0"
                role="group"
                aria-roledescription="figure, read with the arrow keys"
                aria-label=label
                on:pointermove=point
                on:pointerdown=point
                on:pointerleave=move |_| hit.set(None)
                on:keydown=turn
                on:blur=move |_| hit.set(None)
            >
                <div inner_html=picture></div>
                <div class="cursor" aria-hidden="true" inner_html=above></div>
            </div>
            <p class="readout" aria-live="polite">{move || told.with(|told| spoken(told))}</p>
            <Numbers figure name />
        </div>
    }
}

/// Names and values in a line.
fn spoken(told: &[[String; 2]]) -> String {
    told.iter().map(|[name, value]| format!("{name} {value}")).collect::<Vec<_>>().join(" · ")
}

/// The numbers behind a figure, and its files.
#[component]
fn Numbers(figure: Signal<Shown>, name: String) -> impl IntoView {
    let open = RwSignal::new(false);
    let label = move || figure.with(|figure| format!("{}, as a table", figure.caption().title));
    let rows = move || {
        // Nobody reads a closed one, and a running figure changes often.
        open.get().then(|| figure.with(|figure| table(&figure.table().thinned(ROWS))))
    };
    let files = StoredValue::new(name);
    let save = move |ending: &'static str, text: fn(&Shown) -> String| {
        let text = figure.with_untracked(text);
        browser::save(&format!("{}.{ending}", files.get_value()), text.as_bytes());
    };
    let save_png = move || {
        let (svg, size) = figure.with_untracked(|figure| {
            // What is printed has a margin of twelve pixels.
            (figure.print(PRINT), [PRINT + 24.0, figure.height(PRINT) + 24.0])
        });
        png::save(format!("{}.png", files.get_value()), &svg, size);
    };
    let toggled = move |event: leptos::ev::Event| {
        let details = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlDetailsElement>().ok());
        open.set(details.is_some_and(|details| details.open()));
    };
    view! {
        <details class="numbers" on:toggle=toggled>
            <summary>"The numbers"</summary>
            <div class="scroll" tabindex="0" role="region" aria-label=label>{rows}</div>
            <p class="row">
                <button type="button" class="small" on:click=move |_| save("csv", |figure| figure.table().csv())>"Save the table (CSV)"</button>
                <button type="button" class="small" on:click=move |_| save("svg", |figure| figure.print(PRINT))>"Save the picture (SVG)"</button>
                <button type="button" class="small" on:click=move |_| save_png()>"Save the picture (PNG)"</button>
            </p>
        </details>
    }
}

fn table(table: &crate::draw::Table) -> impl IntoView + use<> {
    let head = table.head.iter().map(|name| view! { <th scope="col">{name.clone()}</th> }).collect::<Vec<_>>();
    let rows = table.rows.iter().map(|row| {
        let mut cells = row.iter().map(crate::draw::Cell::shown);
        let first = cells.next();
        let rest = cells.map(|text| view! { <td>{text}</td> }).collect::<Vec<_>>();
        view! { <tr><th scope="row">{first}</th>{rest}</tr> }
    });
    view! { <table><thead><tr>{head}</tr></thead><tbody>{rows.collect::<Vec<_>>()}</tbody></table> }
}

/// Keeps `width` as wide as the element is, in pixels.
fn watch_width(target: NodeRef<html::Div>, width: RwSignal<f64>) {
    let observer = StoredValue::new_local(None::<ResizeObserver>);
    Effect::new(move || {
        let Some(element) = target.get() else { return };
        let element: HtmlElement = element.into();
        let watched = element.clone();
        let resized = Closure::<dyn Fn()>::new(move || {
            let wide = f64::from(watched.client_width());
            if wide > 0.0 && width.try_get_untracked() != Some(wide) {
                width.try_set(wide);
            }
        });
        match ResizeObserver::new(resized.as_ref().unchecked_ref()) {
            Ok(made) => {
                made.observe(&element);
                observer.set_value(Some(made));
            }
            Err(_) => width.set(f64::from(element.client_width())),
        }
        // It lives as long as its observer.
        resized.forget();
    });
    on_cleanup(move || {
        observer.try_update_value(|observer| observer.take().iter().for_each(ResizeObserver::disconnect));
    });
}
