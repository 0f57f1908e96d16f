//! A run as it goes: a bar on a terminal, lines in a pipe, JSON for machines.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressStyle};
use retort_core::{
    Result,
    train::{Eval, Event, Started, Step, shrink::Sizes},
};

use super::out;

/// Something that events can be shown to.
pub struct Show {
    manner: Manner,
    steps: usize,
    /// Ends every figure of speed: where it was measured, if that matters.
    on: &'static str,
}

enum Manner {
    Json,
    Lines,
    Bar(ProgressBar),
}

/// The manner that suits where standard output goes.
pub fn new(json: bool) -> Show {
    let manner = if json {
        Manner::Json
    } else if io::stdout().is_terminal() && io::stderr().is_terminal() {
        Manner::Bar(ProgressBar::hidden())
    } else {
        Manner::Lines
    };
    Show { manner, steps: 0, on: "" }
}

impl Show {
    /// Shows an event.
    ///
    /// # Errors
    /// When nobody reads the output.
    pub fn event(&mut self, event: &Event) -> Result<()> {
        if let Event::Started(started) = event {
            self.steps = started.steps;
            self.on = if started.adapter.software { " (software adapter)" } else { "" };
            if let Manner::Bar(bar) = &mut self.manner {
                *bar = bar_over(started);
            }
        }
        match &self.manner {
            Manner::Json => out::json(event),
            Manner::Lines => self.lines(event).iter().try_for_each(out::line),
            Manner::Bar(bar) => {
                if let Event::Step(step) = event {
                    bar.set_position(step.step as u64);
                    if step.losses.is_some() {
                        bar.set_message(losses(step));
                    }
                    return Ok(());
                }
                bar.suspend(|| self.lines(event).iter().try_for_each(out::line))
            }
        }
    }

    /// Leaves the terminal as it was.
    pub fn close(&self) {
        if let Manner::Bar(bar) = &self.manner {
            bar.finish_and_clear();
        }
    }

    fn lines(&self, event: &Event) -> Vec<String> {
        match event {
            Event::Started(started) => opening(started),
            Event::Phase { index, name, steps } => vec![format!("phase {}: {name}, {steps} steps", index + 1)],
            Event::Step(step) if step.losses.is_some() => vec![format!(
                "step {:>5}/{}  {}  {:.1} texts/s{}",
                step.step,
                self.steps,
                losses(step),
                step.examples as f64 / step.seconds.max(1e-9),
                self.on
            )],
            Event::Step(_) => vec![],
            Event::Eval(eval) => vec![figures(eval)],
            Event::Saved { step, which } => vec![format!("saved {which} at step {step}")],
            Event::Shrunk { step, who, sizes, parameters, .. } => {
                let (Sizes { hidden, neurons, head }, parameters) = (sizes, out::thousands(*parameters as u64));
                vec![format!(
                    "smaller  at step {step} {who}: width {hidden}, {neurons} neurons a layer, heads of {head}; \
                     {parameters} parameters"
                )]
            }
            Event::EarlyStop { step, best_step } => {
                vec![format!("stopped early at step {step}: step {best_step} stays the best on dev")]
            }
            Event::Done { steps, seconds } => vec![format!("done: {steps} steps in {}", duration(*seconds))],
        }
    }
}

/// An error in the middle of a run is printed where the bar was.
impl Drop for Show {
    fn drop(&mut self) {
        self.close();
    }
}

fn bar_over(started: &Started) -> ProgressBar {
    let bar = ProgressBar::new(started.steps as u64).with_position(started.resumed_at as u64);
    let template = "{bar:24} {pos}/{len} steps, {eta} left  {wide_msg}";
    // The template is a constant that is known to be right; a bar of another look would do.
    bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

/// Shows how far the work is.
pub fn bar(quiet: bool, what: &'static str) -> impl FnMut(usize, usize) {
    let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new(0) };
    // The template is a constant that is known to be right; a bar of another look would do.
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message(what);
    move |done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
        if done == all {
            bar.finish_and_clear();
        }
    }
}

fn opening(started: &Started) -> Vec<String> {
    let [train, dev, test] = started.examples.map(|count| out::thousands(count as u64));
    let [teacher, student] = started.parameters.map(|count| out::thousands(count as u64));
    let mut lines = vec![format!("run      {}, seed {}", started.name, started.seed)];
    if let Some(hop) = &started.hop {
        lines.push(format!("hop      {} of {}: {} teaches {}", hop.number, hop.of, hop.teacher, hop.learner));
    }
    lines.push(format!("device   {}", started.adapter));
    if !started.adapter.note.is_empty() {
        lines.push(format!("         {}", started.adapter.note));
    }
    if started.adapter.software {
        lines.push("         a software adapter: its speed says nothing about graphics hardware".into());
    }
    let asked = match started.labels.as_slice() {
        [] => "words".into(),
        labels => format!("classes {}", labels.join(", ")),
    };
    lines.push(format!("data     {train} train, {dev} dev, {test} test; {asked}"));
    let companions = started.others.iter().filter(|(who, _)| who.starts_with("companion"));
    let companions: String =
        companions.map(|(who, count)| format!(", {who} {}", out::thousands(*count as u64))).collect();
    lines.push(match started.parameters[0] {
        0 if companions.is_empty() => format!("model    {student} parameters"),
        0 => format!("models   student {student}{companions} parameters"),
        _ => format!("models   {} {teacher}, {} {student} parameters", started.teacher(), started.learner()),
    });
    lines.extend(started.notes.iter().map(|note| format!("note     {note}")));
    lines.push(format!("memory   about {} on the device", out::bytes(started.memory_bytes)));
    if started.resumed_at > 0 {
        lines.push(format!("resumed  after step {} of {}", started.resumed_at, started.steps));
    }
    lines
}

fn losses(step: &Step) -> String {
    let Some(losses) = &step.losses else { return String::new() };
    let mut parts = vec![format!("loss {:.4}", losses.total)];
    if losses.terms.len() > 1 {
        parts.extend(losses.terms.iter().map(|(name, value)| format!("{name} {value:.4}")));
    }
    if let Some(control) = losses.control {
        parts.push(format!("control {control:.4}"));
    }
    parts.push(format!("gradient {:.3}", losses.grad_norm));
    parts.push(format!("rate {:.2e}", step.lr));
    parts.join("  ")
}

/// The figures of one evaluation, in a line.
pub fn figures(eval: &Eval) -> String {
    let [low, high] = eval.interval;
    let mut text = format!("{:<8} {:<5} ", eval.who, eval.split);
    text.push_str(&match eval.perplexity() {
        Some(perplexity) => format!("perplexity {perplexity:.2}  accuracy {:.4}  loss {:.4}", eval.accuracy, eval.loss),
        None => format!(
            "accuracy {:.4} [{low:.4}, {high:.4}]  loss {:.4}  F1 {:.4}  MCC {:.4}",
            eval.accuracy, eval.loss, eval.f1, eval.mcc
        ),
    });
    if let Some(agreement) = eval.agreement {
        text.push_str(&format!("  agrees with the teacher {agreement:.4}"));
    }
    if let Some(written) = &eval.written {
        text.push_str(&format!("  ROUGE-L {:.4}", written.rouge_l));
        for (name, risk) in [("likelihood", written.likelihood_risk), ("coverage", written.coverage_risk)] {
            risk.iter().for_each(|risk| text.push_str(&format!("  {name} risk {risk:.4}")));
        }
    }
    text
}

fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match (whole / 3600, whole / 60 % 60) {
        (0, 0) => format!("{seconds:.1} s"),
        (0, minutes) => format!("{minutes} min {} s", whole % 60),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_two_units_at_most() {
        assert_eq!(duration(9.25), "9.2 s");
        assert_eq!(duration(61.0), "1 min 1 s");
        // 2 · 3600 + 3 · 60
        assert_eq!(duration(7380.0), "2 h 3 min");
    }

    #[test]
    fn an_evaluation_is_a_line() {
        let eval = Eval {
            step: 10,
            who: "student".into(),
            split: "dev".into(),
            accuracy: 0.75,
            interval: [0.5, 0.9],
            loss: 0.5,
            f1: 0.7,
            mcc: 0.4,
            examples: 8,
            agreement: Some(0.875),
            ..Eval::default()
        };
        assert_eq!(
            figures(&eval),
            "student  dev   accuracy 0.7500 [0.5000, 0.9000]  loss 0.5000  F1 0.7000  MCC 0.4000  \
             agrees with the teacher 0.8750"
        );
    }
}
