//! What came of one run: figures, curves, where it comes from, and its run file.

use retort_core::{
    Result,
    run::Run,
    study::{Member, Pool},
    train::{Eval, Event, Provenance},
};

use super::document::{Block, Document};
use crate::{
    draw::Lines,
    state::{Curves, View, charts},
};

/// What is known of a run.
#[derive(Clone, Copy)]
pub struct Account<'a> {
    /// What it is called.
    pub title: &'a str,
    /// Its run file.
    pub run: &'a Run,
    /// What happened; of a chain in its last hop.
    pub events: &'a [Event],
    /// Of a chain what happened in the hops before, by the name of who learned.
    pub before: &'a [(String, Vec<Event>)],
    /// Where it comes from.
    pub provenance: Option<&'a Provenance>,
}

/// The report of a run, whether it is over or not.
///
/// # Errors
/// [`retort_core::Error::Input`] when the run has no TOML form.
pub fn of_run(account: &Account) -> Result<Document> {
    let Account { title, run, events, before, provenance } = *account;
    let view = View::of(events);
    let mut document = Document::new(title);
    document.lead.extend(view.verdict());
    let pool = Pool::of(&[Member { run, events }])?;
    if let Some(told) = pool.groups.first().and_then(|group| group.told.as_ref()) {
        document.lead.push(format!("Student against its untaught twin, on {}: {told}.", pool.split));
    }
    document.lead.push(standing(&view));
    document.heading("Figures");
    figures(&mut document, &view);
    for (name, events) in before {
        document.heading(&format!("The hop of {name}"));
        curves(&mut document, &View::of(events), &format!("{name}-"));
    }
    document.heading(if before.is_empty() { "How it learned" } else { "The hop of the student" });
    curves(&mut document, &view, "");
    origin(&mut document, &view, provenance);
    document.heading("The run file");
    document.text("As executed: with it and the same data, seed and device the same run can be done again.");
    document.blocks.push(Block::Code(run.to_toml()?));
    Ok(document)
}

fn standing(view: &View) -> String {
    match (view.done, view.started.as_ref()) {
        (Some((steps, seconds)), _) => format!("The run is over, after {steps} optimiser steps in {seconds:.0} s."),
        (None, Some(_)) => format!("The run stands at step {} of {}.", view.step, view.steps()),
        (None, None) => "Nothing has happened yet.".into(),
    }
}

/// The figures of every model, with their intervals.
fn figures(document: &mut Document, view: &View) {
    let words = view.figures_of_words();
    let rows = view.models().into_iter().map(|who| row(view, who, words)).collect();
    if words {
        document.table(
            &["model", "parameters", "perplexity, dev", "perplexity, test", "right", "ROUGE-L", "agrees with teacher"],
            rows,
        );
        document.text("Perplexity is the exponential of the mean cross-entropy. Dev chose the weights that were kept.");
    } else {
        document.table(
            &["model", "parameters", "accuracy, dev", "accuracy, test", "F1", "Matthews", "agrees with teacher"],
            rows,
        );
        document.text("In brackets: 95 % interval (Wilson score). Dev chose the weights that were kept.");
    }
    let notes = view.started.iter().flat_map(|started| &started.notes);
    notes.for_each(|note| document.text(note.clone()));
}

fn row(view: &View, who: &str, words: bool) -> Vec<String> {
    let (dev, test) = (view.dev.get(who), view.test.get(who));
    let best = test.or(dev);
    let known = |value: Option<String>| value.unwrap_or_else(|| "–".into());
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let accuracy = |eval: Option<&Eval>| {
        known(eval.filter(|eval| eval.perplexity().is_none()).map(|eval| {
            let [low, high] = eval.interval.map(|share| 100.0 * share);
            format!("{} [{low:.1}, {high:.1}]", percent(eval.accuracy))
        }))
    };
    let perplexity = |eval: Option<&Eval>| known(eval.and_then(Eval::perplexity).map(|value| format!("{value:.2}")));
    let parameters = view.started.as_ref().map(|started| started.parameters_of(who).to_string());
    let mut cells = vec![view.called(who).to_owned(), known(parameters)];
    cells.extend(match words {
        true => [
            perplexity(dev),
            perplexity(test),
            known(best.map(|eval| percent(eval.accuracy))),
            known(best.and_then(|eval| eval.written.as_ref()).map(|written| format!("{:.3}", written.rouge_l))),
        ],
        false => [
            accuracy(dev),
            accuracy(test),
            known(best.map(|eval| format!("{:.3}", eval.f1))),
            known(best.map(|eval| format!("{:.3}", eval.mcc))),
        ],
    });
    cells.push(known(best.and_then(|eval| eval.agreement).map(percent)));
    cells
}

/// How good the models were while they learned, and their losses.
fn curves(document: &mut Document, view: &View, stem: &str) {
    const JUDGED: &str =
        "Figures of the models that learn, by optimiser step, and of those that teach as lines across.";
    let mut add = |name: &str, there: &Curves, told: &str, mut lines: Lines| {
        if !there.x.is_empty() {
            lines.caption.description = told.into();
            document.figure(format!("{stem}{name}"), lines);
        }
    };
    add("accuracy", &view.accuracy, JUDGED, charts::accuracy(view));
    add("perplexity", &view.perplexity, JUDGED, charts::perplexity(view));
    add("losses", &view.losses, "Terms of the loss in nats, by optimiser step.", charts::losses(view, false));
}

/// Where the run comes from, and on what it was computed.
fn origin(document: &mut Document, view: &View, provenance: Option<&Provenance>) {
    document.heading("Where it comes from");
    let mut rows = vec![];
    let mut add = |name: &str, value: String| rows.push(vec![name.to_owned(), value]);
    if let Some(about) = provenance {
        add("Retort", format!("{}, source {}", about.version, about.source_commit));
        if let Some(from) = &about.branched_from {
            add("started from", format!("{}, step {}", from.name, from.step));
        }
    }
    if let Some(started) = &view.started {
        let [train, dev, test] = started.examples;
        add("seed", started.seed.to_string());
        add("device", started.adapter.to_string());
        add("texts", format!("{train} to train on, {dev} in dev, {test} in test"));
        add("data, SHA-256", started.data_hash.clone());
        add("first weights, SHA-256", started.init_hash.clone());
    }
    document.table(&["", ""], rows);
    if view.started.as_ref().is_some_and(|started| started.adapter.software) {
        document.text("A software adapter: its speed says nothing about graphics hardware.");
    }
}

#[cfg(test)]
mod tests {
    use super::{super::html, *};
    use crate::state::tests::{eval, started};

    fn over() -> Vec<Event> {
        let mut events = vec![started(0), eval(0, "teacher", "dev", 0.8)];
        for (step, student) in [(3, 0.6), (6, 0.7)] {
            events.extend([eval(step, "student", "dev", student), eval(step, "control", "dev", 0.5)]);
        }
        let last = [("teacher", 0.8), ("student", 0.7), ("control", 0.6)];
        events.extend(last.map(|(who, accuracy)| eval(6, who, "test", accuracy)));
        events.push(Event::Done { steps: 6, seconds: 2.0 });
        events
    }

    #[test]
    fn a_report_tells_what_came_of_it_and_how_to_do_it_again() {
        let run = Run { name: "warm".into(), ..Run::default() };
        let account = Account { title: "Warm run", run: &run, events: &over(), before: &[], provenance: None };
        let document = of_run(&account).unwrap();
        assert!(document.lead[0].contains("the student is right on 70.0 %"), "{:?}", document.lead);
        assert_eq!(
            document.lead[1],
            "Student against its untaught twin, on test: cannot be told: +10.00 points, n = 1 (one seed has no interval)."
        );
        assert_eq!(document.lead[2], "The run is over, after 6 optimiser steps in 2 s.");
        let page = html(&document);
        for wanted in ["Warm run", "70.0 % [68.0, 72.0]", "name = &quot;warm&quot;", "Accuracy on dev", "<svg"] {
            assert!(page.contains(wanted), "no {wanted} in {page}");
        }
        assert!(!page.contains("Perplexity on dev"));
    }

    #[test]
    fn a_run_that_is_not_over_says_where_it_stands() {
        let run = Run::default();
        let events = &over()[..3];
        let account = Account { title: "a", run: &run, events, before: &[], provenance: None };
        let document = of_run(&account).unwrap();
        assert_eq!(document.lead.last().unwrap(), "The run stands at step 0 of 9.");
        let before = [("assistant-1".to_owned(), over())];
        let account = Account { before: &before, events: &[], ..account };
        let page = html(&of_run(&account).unwrap());
        assert!(page.contains("The hop of assistant-1") && page.contains("Nothing has happened yet."), "{page}");
    }
}
