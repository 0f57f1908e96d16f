//! A study as it goes: a bar on a terminal, lines in a pipe, JSON for machines.

use std::{
    collections::BTreeMap,
    io::{self, IsTerminal},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};
use retort_core::{
    Result,
    study::{Cell, Findings, Outcome, Plan, Study, Summary},
};
use serde::Serialize;

use super::{Sitting, out};

/// How often the bar says where the running cells are.
const EVERY: Duration = Duration::from_millis(500);
/// Cells that the bar names.
const NAMED: usize = 3;

/// Something that a study's events can be shown to.
pub struct Progress {
    manner: Manner,
    ticked: Option<Instant>,
}

enum Manner {
    Json,
    Lines,
    Bar(ProgressBar),
}

/// What machines are told.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Told<'a> {
    Study { name: &'a str, out: &'a str, cells: usize, finished: usize },
    Started { cell: &'a str },
    Finished { cell: &'a str, accuracy: BTreeMap<&'a str, f64>, finished: usize, cells: usize },
    Failed { cell: &'a str, said: &'a str },
    Written { report: &'a str },
}

impl Progress {
    /// The manner that suits where standard output goes.
    pub fn new(json: bool) -> Self {
        let manner = if json {
            Manner::Json
        } else if io::stdout().is_terminal() && io::stderr().is_terminal() {
            Manner::Bar(ProgressBar::hidden())
        } else {
            Manner::Lines
        };
        Self { manner, ticked: None }
    }

    /// What is going to be run.
    ///
    /// # Errors
    /// When nobody reads the output; so do the others.
    pub fn study(&mut self, study: &Study, sitting: &Sitting, waiting: usize) -> Result<()> {
        let (cells, out) = (sitting.outcomes.len(), sitting.directory.root());
        let finished = cells - waiting;
        let mut lines = vec![format!("study    {}: {cells} cells in {out}, {finished} of them finished", study.name)];
        if sitting.plan.cells.iter().all(|cell| cell.run.teacher.is_none()) {
            lines.push("note     no teacher, so no untaught twin: only points are compared".into());
        }
        self.tell(&Told::Study { name: &study.name, out, cells, finished }, &lines)?;
        if let Manner::Bar(bar) = &mut self.manner
            && waiting > 0
        {
            *bar = ProgressBar::new(cells as u64).with_position(finished as u64);
            let template = "{bar:24} {pos}/{len} cells, {elapsed}  {wide_msg}";
            // The template is a constant that is known to be right; a bar of another look would do.
            bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
        }
        Ok(())
    }

    /// A cell runs.
    pub fn started(&self, cell: &Cell) -> Result<()> {
        self.tell(&Told::Started { cell: &cell.id }, &[format!("started  {}", cell.id)])
    }

    /// A cell is finished.
    pub fn finished(&self, cell: &Cell, outcome: &Outcome, finished: usize, cells: usize) -> Result<()> {
        if let Manner::Bar(bar) = &self.manner {
            bar.set_position(finished as u64);
        }
        let accuracy: BTreeMap<&str, f64> =
            outcome.evals.iter().map(|eval| (eval.who.as_str(), eval.accuracy)).collect();
        let figures: Vec<String> =
            outcome.evals.iter().map(|eval| format!("{} {:.4}", eval.who, eval.accuracy)).collect();
        let line = format!("finished {} ({finished} of {cells}): accuracy {}", cell.id, figures.join(", "));
        self.tell(&Told::Finished { cell: &cell.id, accuracy, finished, cells }, &[line])
    }

    /// A cell failed.
    pub fn failed(&self, cell: &Cell, said: &str) -> Result<()> {
        self.tell(&Told::Failed { cell: &cell.id, said }, &[format!("FAILED   {}: {said}", cell.id)])
    }

    /// Where the running cells are, if there is a bar to say so.
    pub fn tick(&mut self, running: &[usize], sitting: &Sitting) -> Result<()> {
        let Manner::Bar(bar) = &self.manner else { return Ok(()) };
        if self.ticked.is_some_and(|ticked| ticked.elapsed() < EVERY) {
            return Ok(());
        }
        self.ticked = Some(Instant::now());
        let mut parts = vec![];
        for &cell in running.iter().take(NAMED) {
            let cell = &sitting.plan.cells[cell];
            let step = sitting.directory.step(cell)?;
            parts.push(step.map_or(cell.id.clone(), |step| format!("{} step {step}", cell.id)));
        }
        if running.len() > NAMED {
            parts.push(format!("and {} more", running.len() - NAMED));
        }
        bar.set_message(parts.join(", "));
        Ok(())
    }

    /// What the study found, and where it is written.
    pub fn written(&self, plan: &Plan, findings: &Findings, root: &str) -> Result<()> {
        let report = format!("{root}/report.md");
        if let Manner::Json = self.manner {
            return out::json(&Told::Written { report: &report });
        }
        out::line("")?;
        let header = ["setting", "seeds", "student", "untaught twin", "difference", "student against twin"];
        let metric = findings.metric;
        let value = |summary: Option<Summary>| summary.map_or("-".into(), |summary| metric.value(&summary));
        let rows = plan.settings.iter().zip(&findings.settings).map(|(setting, found)| {
            [
                setting.label.clone(),
                found.students.len().to_string(),
                value(found.student),
                value(found.control),
                found.gain.map_or("-".into(), |gain| metric.change(&gain)),
                found.gain.map_or("-".into(), |_| found.verdict.to_string()),
            ]
        });
        out::table(header, &rows.collect::<Vec<_>>())?;
        out::line("")?;
        out::line(format!(
            "{}, with 95 % intervals over the seeds. The report lies in {report}.",
            metric.explained(&findings.split)
        ))
    }

    /// Leaves the terminal as it was.
    pub fn close(&self) {
        if let Manner::Bar(bar) = &self.manner {
            bar.finish_and_clear();
        }
    }

    fn tell(&self, told: &Told, lines: &[String]) -> Result<()> {
        match &self.manner {
            Manner::Json => out::json(told),
            Manner::Lines => lines.iter().try_for_each(out::line),
            Manner::Bar(bar) => bar.suspend(|| lines.iter().try_for_each(out::line)),
        }
    }
}

/// An error in the middle of a study is printed where the bar was.
impl Drop for Progress {
    fn drop(&mut self) {
        self.close();
    }
}
