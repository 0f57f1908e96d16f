//! A prompt, and how teacher and student go on with it, token by token, as the student learns.

use std::time::Duration;

use leptos::{ev::KeyboardEvent, leptos_dom::helpers::TimeoutHandle, prelude::*};
use retort_core::train::Token;

use super::{
    desk::Desk,
    fields::TypedField,
    sentence::{Load, kind},
};
use crate::{
    prompt::{Continued, Measure, Prompt, Setting, told, visible},
    protocol::ToWorker,
    status::Page,
};

const EXAMPLES: [&str; 3] = ["Call me", "The old man looked at the sea and", "The State of the Union is"];

/// The prompt box.
#[component]
pub fn Continuation() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let prompt = RwSignal::new(Prompt { text: EXAMPLES[0].into(), max_new: 32, temperature: 0.0, seed: 1 });
    let pending = StoredValue::new(None::<TimeoutHandle>);
    let open = Memo::new(move |_| desk.page.with(Page::is_open));
    // Once the models are there, and a moment after each change.
    Effect::new(move || {
        let asked = prompt.get();
        if !open.get() {
            return;
        }
        let ask = move || desk.send(&ToWorker::Continue(asked));
        pending.update_value(|pending| {
            pending.take().iter().for_each(TimeoutHandle::clear);
            *pending = set_timeout_with_handle(ask, Duration::from_millis(400)).ok();
        });
    });
    let set = move |text: String| prompt.update(|prompt| prompt.text = text);
    let examples = EXAMPLES.map(|example| {
        view! { <button type="button" class="small" on:click=move |_| set(example.into())>{example}</button> }
    });
    let settings = Setting::ALL.map(|setting| {
        let shown = Signal::derive(move || prompt.with(|prompt| prompt.get(setting)));
        let change = Callback::new(move |text: String| {
            prompt.set(prompt.with_untracked(|prompt| prompt.with(setting, &text))?);
            Ok(())
        });
        let id = format!("prompt-{setting:?}").to_lowercase();
        let locked = Signal::derive(|| false);
        view! { <TypedField id label=setting.name() hint=setting.hint() shown change locked /> }
    });
    view! {
        <section aria-labelledby="prompt-title">
            <h2 id="prompt-title">"Try a prompt"</h2>
            <label class="wide">"A prompt"
                <textarea
                    rows="2"
                    prop:value=move || prompt.with(|prompt| prompt.text.clone())
                    on:input=move |event| set(event_target_value(&event))
                ></textarea>
            </label>
            <p class="examples">{Vec::from(examples)}</p>
            <div class="fields">{settings.into_iter().collect::<Vec<_>>()}</div>
            <Show when=move || open.get() fallback=|| view! { <Load /> }>
                <Answers />
            </Show>
        </section>
    }
}

/// Teacher and student side by side, and the signs that tell of each token.
#[component]
fn Answers() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let measure = RwSignal::new(Measure::default());
    let continued = Memo::new(move |_| desk.page.with(|page| page.continued.clone()));
    let step = move || continued.with(|told| told.as_ref().map(|(_, step)| format!(", at step {step}")));
    let choice = Measure::ALL.map(|choice| {
        view! {
            <label title=choice.about()>
                <input type="radio" name="measure" prop:checked=move || measure.get() == choice on:change=move |_| measure.set(choice) />
                " "{choice.name()}
            </label>
        }
    });
    let legend = move || {
        let level = |level| {
            view! { <li><span class=format!("token level-{level}")>{measure.get().range(level)}</span></li> }
        };
        (0..5).map(level).collect::<Vec<_>>()
    };
    let called = move |who: &str| {
        desk.page.with_untracked(|page| match &page.view.started {
            Some(started) if who == "teacher" => started.teacher().to_owned(),
            _ => page.view.called(who).to_owned(),
        })
    };
    // Models come and go with runs only: what has the focus keeps it when a text changes.
    let models = Memo::new(move |_| {
        let who =
            |(told, _): &(Continued, usize)| told.continuations.iter().map(|text| text.who.clone()).collect::<Vec<_>>();
        continued.with(|told| told.as_ref().map(who).unwrap_or_default())
    });
    let instead = move || {
        continued.with(|told| {
            match told {
            None => Some(view! { <p class="quiet">"Asking the models…"</p> }.into_any()),
            Some((Continued { refused: Some(refused), .. }, _)) => {
                Some(view! { <p class="trouble" role="alert">{refused.clone()}</p> }.into_any())
            }
            Some((told, _)) if told.continuations.is_empty() => Some(
                view! { <p class="quiet">"Only causal language models write, and they are shown beside a teacher."</p> }
                    .into_any(),
            ),
            Some(_) => None,
        }
        })
    };
    view! {
        <div class="measure">
            <div class="choice" role="radiogroup" aria-label="Tokens are marked by">{Vec::from(choice)}</div>
            <p class="quiet">{move || measure.get().about()}{step}". The thicker the line below a token, the larger."</p>
            <ul class="levels" aria-label="Legend">{legend}</ul>
        </div>
        {instead}
        <div class="texts">
            <For each=move || models.get() key=Clone::clone let:who>
                <Answer name=called(&who) who continued measure />
            </For>
        </div>
    }
}

/// What the models answered, and at which step.
type Answered = Option<(Continued, usize)>;

/// One model's text. The arrow keys walk along its tokens.
#[component]
fn Answer(who: String, name: String, continued: Memo<Answered>, measure: RwSignal<Measure>) -> impl IntoView {
    let class = format!("answer {}", kind(&who));
    // Every token, and whether it is the prompt's.
    let tokens = Memo::new(move |_| {
        continued.with(|told| {
            let mut texts = told.iter().flat_map(|(told, _)| &told.continuations);
            let Some(text) = texts.find(|text| text.who == who) else { return vec![] };
            let mark =
                |tokens: &[Token], prompt: bool| tokens.iter().map(|it| (it.clone(), prompt)).collect::<Vec<_>>();
            [mark(&text.prompt, true), mark(&text.text, false)].concat()
        })
    });
    let chosen = RwSignal::new(None::<usize>);
    let walk = move |event: KeyboardEvent| {
        let last = tokens.with_untracked(Vec::len).saturating_sub(1);
        let next = match (event.key().as_str(), chosen.get_untracked()) {
            ("ArrowRight", None) | ("Home", _) => 0,
            ("ArrowRight", Some(at)) => last.min(at + 1),
            ("ArrowLeft", at) => at.unwrap_or(0).saturating_sub(1),
            ("End", _) => last,
            _ => return,
        };
        event.prevent_default();
        chosen.set(Some(next));
    };
    let span = move |(place, (token, prompt)): (usize, &(Token, bool))| {
        let (seen, prompt) = (token.seen, if *prompt { " prompt" } else { "" });
        let class = move || {
            let level = seen.map_or(0, |seen| measure.get().level(measure.get().of(&seen)));
            let chosen = if chosen.get() == Some(place) { " chosen" } else { "" };
            format!("token level-{level}{prompt}{chosen}")
        };
        view! {
            <span
                class=class
                title=told(&token.text, seen.as_ref())
                on:pointerenter=move |_| chosen.set(Some(place))
            >
                {breaks(&token.text)}
            </span>
        }
    };
    let spans = move || tokens.with(|tokens| tokens.iter().enumerate().map(span).collect::<Vec<_>>());
    let readout = move || {
        let token = chosen.get().and_then(|place| tokens.with(|tokens| tokens.get(place).cloned()));
        match token {
            Some((token, _)) => told(&token.text, token.seen.as_ref()),
            None => "Point at a token, or walk along them with the arrow keys.".to_owned(),
        }
    };
    view! {
        <div class=class>
            <h3>{name.clone()}</h3>
            <div class="text" role="group" aria-label=format!("{name}’s text") tabindex="0" on:keydown=walk>{spans}</div>
            <p class="quiet readout" role="status">{readout}</p>
            <details class="numbers">
                <summary>"The numbers"</summary>
                <div class="scroll" tabindex="0" role="region" aria-label=format!("{name}’s tokens, as a table")>
                    {move || tokens.with(|tokens| table(tokens))}
                </div>
            </details>
        </div>
    }
}

/// A token whose line breaks stay, and can be seen.
fn breaks(text: &str) -> String {
    text.replace('\n', "↵\n")
}

fn table(tokens: &[(Token, bool)]) -> impl IntoView + use<> {
    let row = |(token, _): &(Token, bool)| {
        let cells = match token.seen {
            Some(seen) => {
                [seen.uncertainty, seen.doubt, seen.tkd, seen.dkd, seen.kl].map(|value| format!("{value:.3}"))
            }
            None => std::array::from_fn(|_| "–".to_owned()),
        };
        let cells = cells.map(|text| view! { <td>{text}</td> });
        view! { <tr><th scope="row"><code>{visible(&token.text)}</code></th>{Vec::from(cells)}</tr> }
    };
    let head = ["token", "UNC", "1 − q", "TKD", "DKD", "KL"].map(|name| view! { <th scope="col">{name}</th> });
    view! {
        <table>
            <thead><tr>{Vec::from(head)}</tr></thead>
            <tbody>{tokens.iter().map(row).collect::<Vec<_>>()}</tbody>
        </table>
    }
}
