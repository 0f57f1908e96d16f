//! A line chart: uPlot draws, this says what; the legend and the table are HTML, for everyone.

use js_sys::{Array, Object, Reflect};
use leptos::{html, prelude::*};
use serde_json::json;
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use web_sys::{HtmlElement, ResizeObserver};

use super::browser;

/// One series.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// What it is called.
    pub label: String,
    /// Custom property of the style sheet that holds its colour.
    pub colour: &'static str,
    /// Lengths of strokes and gaps in pixels; empty for a solid line.
    pub dash: &'static [u32],
    /// Draw a mark at every point.
    pub marks: bool,
    /// One value per row of the plot.
    pub y: Vec<Option<f64>>,
}

/// What a chart shows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plot {
    /// Optimiser steps, or what else lies across.
    pub x: Vec<f64>,
    /// The series.
    pub lines: Vec<Line>,
    /// Rows that the table shows.
    pub rows: Vec<usize>,
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = uPlot)]
    type UPlot;
    #[wasm_bindgen(constructor, js_class = "uPlot", catch)]
    fn new(options: &JsValue, data: &JsValue, target: &HtmlElement) -> Result<UPlot, JsValue>;
    #[wasm_bindgen(method, js_class = "uPlot", js_name = setData)]
    fn set_data(this: &UPlot, data: &JsValue);
    #[wasm_bindgen(method, js_class = "uPlot", js_name = setSize)]
    fn set_size(this: &UPlot, size: &JsValue);
    #[wasm_bindgen(method, js_class = "uPlot")]
    fn destroy(this: &UPlot);
}

#[derive(Default)]
struct Drawn {
    chart: Option<UPlot>,
    labels: Vec<String>,
    observer: Option<ResizeObserver>,
}

/// A chart with its legend and its table.
#[component]
pub fn Chart(
    /// What to draw.
    plot: Memo<Plot>,
    /// Its heading.
    title: &'static str,
    /// The unit of its values, empty for none.
    unit: &'static str,
    /// Digits behind the point.
    digits: usize,
    /// Equal factors are equally far apart.
    #[prop(optional)]
    logarithmic: bool,
    /// What lies across.
    #[prop(default = "step")]
    across: &'static str,
    /// What can be chosen about it.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let target = NodeRef::<html::Div>::new();
    let hover = RwSignal::new(None::<usize>);
    let drawn = StoredValue::new_local(Drawn::default());
    let theme = RwSignal::new(0);
    watch_theme(theme);
    let hook = StoredValue::new_local(Closure::<dyn Fn(JsValue)>::new(move |chart: JsValue| {
        let cursor = Reflect::get(&chart, &"cursor".into()).and_then(|cursor| Reflect::get(&cursor, &"idx".into()));
        hover.set(cursor.ok().and_then(|index| index.as_f64()).map(|index| index as usize));
    }));

    Effect::new(move |seen: Option<usize>| {
        let version = theme.get();
        let Some(element) = target.get() else { return version };
        let element: HtmlElement = element.into();
        plot.with(|plot| {
            drawn.update_value(|drawn| {
                let labels: Vec<String> = plot.lines.iter().map(|line| line.label.clone()).collect();
                match &drawn.chart {
                    Some(chart) if drawn.labels == labels && seen == Some(version) => chart.set_data(&data(plot)),
                    _ => {
                        if let Some(old) = drawn.chart.take() {
                            old.destroy();
                        }
                        let options = hook.with_value(|hook| options(plot, logarithmic, &element, hook.as_ref()));
                        let chart = UPlot::new(&options, &data(plot), &element);
                        drawn.chart = chart.inspect_err(|error| log::error!("no chart: {error:?}")).ok();
                        drawn.labels = labels;
                    }
                }
            });
        });
        version
    });
    Effect::new(move || {
        let Some(element) = target.get() else { return };
        let element: HtmlElement = element.into();
        let watched = element.clone();
        let resized = Closure::<dyn Fn()>::new(move || {
            drawn.with_value(|drawn| drawn.chart.iter().for_each(|chart| chart.set_size(&size(&watched))));
        });
        if let Ok(observer) = ResizeObserver::new(resized.as_ref().unchecked_ref()) {
            observer.observe(&element);
            drawn.update_value(|drawn| drawn.observer = Some(observer));
        }
        // It lives as long as the page.
        resized.forget();
    });
    on_cleanup(move || {
        drawn.update_value(|drawn| {
            drawn.observer.take().iter().for_each(ResizeObserver::disconnect);
            drawn.chart.take().iter().for_each(UPlot::destroy);
        });
    });

    let at = move || hover.get();
    let heading = move || match at().and_then(|row| plot.with(|plot| plot.x.get(row).copied())) {
        Some(x) => format!("{across} {x}"),
        None => unit.to_owned(),
    };
    let legend = move || {
        plot.with(|plot| plot.lines.iter().map(|line| legend_entry(line, at(), digits).into_any()).collect::<Vec<_>>())
    };
    view! {
        <section class="chart" aria-label=title>
            <div class="chart-head"><h3>{title}" "<span class="quiet">{heading}</span></h3>{children.map(|children| children())}</div>
            <ul class="legend">{legend}</ul>
            <div class="plot" node_ref=target aria-hidden="true"></div>
            <details class="numbers">
                <summary>"The numbers"</summary>
                <div class="scroll" tabindex="0" role="region" aria-label=format!("{title}, as a table")>
                    {move || plot.with(|plot| table(plot, across, digits))}
                </div>
            </details>
        </section>
    }
}

/// A sample of the line, its name, and its value under the cursor or the last one.
fn legend_entry(line: &Line, row: Option<usize>, digits: usize) -> impl IntoView + use<> {
    let value = match row {
        Some(row) => line.y.get(row).copied().flatten(),
        None => line.y.iter().rev().find_map(|value| *value),
    };
    let dash = line.dash.iter().map(u32::to_string).collect::<Vec<_>>().join(" ");
    let marks = line.marks;
    view! {
        <li>
            <svg width="34" height="10" aria-hidden="true" style=format!("color: var({})", line.colour)>
                <line x1="0" y1="5" x2="34" y2="5" stroke="currentColor" stroke-width="2" stroke-dasharray=dash />
                {marks.then(|| view! { <circle cx="17" cy="5" r="3.5" fill="currentColor" /> })}
            </svg>
            <span>{line.label.clone()}</span>
            <span class="value">{number(value, digits)}</span>
        </li>
    }
}

fn table(plot: &Plot, across: &'static str, digits: usize) -> impl IntoView + use<> {
    let head = plot.lines.iter().map(|line| view! { <th scope="col">{line.label.clone()}</th> }).collect::<Vec<_>>();
    let row = |&row: &usize| {
        let cells = plot.lines.iter().map(|line| {
            let value = line.y.get(row).copied().flatten();
            view! { <td>{number(value, digits)}</td> }
        });
        view! { <tr><th scope="row">{plot.x[row]}</th>{cells.collect::<Vec<_>>()}</tr> }
    };
    let rows = plot.rows.iter().map(row).collect::<Vec<_>>();
    view! { <table><thead><tr><th scope="col">{across}</th>{head}</tr></thead><tbody>{rows}</tbody></table> }
}

fn number(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.digits$}"))
}

fn watch_theme(version: RwSignal<usize>) {
    let Ok(Some(list)) = window().match_media("(prefers-color-scheme: dark)") else { return };
    let changed = Closure::<dyn Fn()>::new(move || {
        version.try_update(|version| *version += 1);
    });
    list.set_onchange(Some(changed.as_ref().unchecked_ref()));
    // A page changes its theme rarely; the listeners are as many as the charts.
    changed.forget();
    std::mem::forget(list);
}

fn size(element: &HtmlElement) -> JsValue {
    let size = Object::new();
    for (key, value) in [("width", element.client_width()), ("height", element.client_height())] {
        // Setting a property of a plain object does not fail.
        let _ = Reflect::set(&size, &key.into(), &value.max(80).into());
    }
    size.into()
}

fn options(plot: &Plot, logarithmic: bool, element: &HtmlElement, on_cursor: &JsValue) -> JsValue {
    let (ink, grid) = (browser::style("--quiet"), browser::style("--grid"));
    let font = "12px system-ui, sans-serif";
    let axis = json!({
        "stroke": ink, "font": font, "size": 34,
        "grid": { "stroke": grid, "width": 1 }, "ticks": { "show": false },
    });
    let mut down = axis.clone();
    down["size"] = json!(44);
    let series = plot.lines.iter().map(|line| {
        let colour = browser::style(line.colour);
        json!({
            "label": line.label, "stroke": colour, "width": 2, "dash": line.dash, "spanGaps": true,
            "points": { "show": line.marks, "size": 6, "fill": colour, "stroke": colour, "width": 1 },
        })
    });
    let series: Vec<_> = std::iter::once(json!({})).chain(series).collect();
    let options = json!({
        "width": element.client_width().max(80), "height": element.client_height().max(80),
        "legend": { "show": false },
        "padding": [8, 12, 0, 0],
        "cursor": { "drag": { "x": false, "y": false }, "points": { "size": 8 } },
        // Powers of two: perplexities seldom span several of ten.
        "scales": { "x": { "time": false }, "y": { "distr": if logarithmic { 3 } else { 1 }, "log": 2 } },
        "axes": [axis, down],
        "series": series,
    });
    let Ok(options) = js_sys::JSON::parse(&options.to_string()) else { return JsValue::NULL };
    let hooks = Object::new();
    // As above.
    let _ = Reflect::set(&hooks, &"setCursor".into(), &Array::of1(on_cursor));
    let _ = Reflect::set(&options, &"hooks".into(), &hooks);
    options
}

fn data(plot: &Plot) -> JsValue {
    let number = |value: &Option<f64>| value.map_or(JsValue::NULL, JsValue::from_f64);
    let columns = plot.lines.iter().map(|line| JsValue::from(line.y.iter().map(number).collect::<Array>()));
    let steps = plot.x.iter().map(|&step| JsValue::from_f64(step)).collect::<Array>();
    JsValue::from(std::iter::once(JsValue::from(steps)).chain(columns).collect::<Array>())
}
