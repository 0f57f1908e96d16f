//! `RESULTS.md`: the studies of the repository, run and put together.

use std::fs;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::Value;

use crate::findings;
use crate::shell::{Shop, run};

/// What there is to run, in the order in which it is told: files below `www/studies`, the pilot, and the scores.
const STUDIES: [&str; 10] =
    ["recipes", "decoders", "divergences", "tokens", "teachers", "pilot", "scores", "sparse", "lambdas", "homodistil"];

/// Run files of `retort stark` among them; each goes over all its seeds.
const STARK: [&str; 2] = ["sparse", "lambdas"];
const SEEDS: &str = "5";

/// Models of the pilot, the smaller one first, and how often their weights are drawn; the larger one is scored.
const PILOT: [&str; 2] = ["builtin:rotten-tomatoes", "builtin:rotten-tomatoes-deep"];
const DRAWS: &str = "10";

/// What to know before the figures of a study.
const BEFORE: [(&str, &str); 7] = [
    (
        "recipes",
        "PKD, several teachers and MetaKD start from the teacher's first layers, DistilBERT from spread layers of a \
         masked language model, the others from random weights; DistilBERT, the MiniLMs, TinyBERT, Mixbaseline and soft \
         labels have stages of text before the task. So a row compares with its twin before it compares with another \
         row: the twin has the same start and the same stages, but no teacher.",
    ),
    (
        "decoders",
        "One small student, some 250 steps: it is far from having learned what it can. Texts that a student writes \
         this early are poor, which tells against whoever learns from them.",
    ),
    (
        "teachers",
        "Three times the steps of the studies above. The table has the teachers' own losses; the question is whether \
         the better teacher's students are better.",
    ),
    (
        "pilot",
        "Figure 1 of the paper on sparse teachers: weights of the layers' matrices set to 0 at random. The variance is \
         that of the probabilities, 0.25 of an answer that is quite sure.",
    ),
    (
        "sparse",
        "`retort stark`: heads and neurons (λ 0.5, random, auto) or single weights of the teacher are gone, the same \
         share of both; every student of a seed starts from the same weights.",
    ),
    (
        "lambdas",
        "λ is the weight of what a unit matters to the teacher itself; its trial student has the rest. Three levels.",
    ),
    (
        "homodistil",
        "The student starts as its teacher and becomes narrower while it reads the training sentences once: all \
         layers stay, width, neurons and heads keep the share that is told. `at once` cuts all of it after the first \
         step; `random start` has the final size from the beginning. The loss is the plain sum of the recipe's terms, of \
         which that of the attention scores is by far the largest.",
    ),
];

const OPENING: &str = "# Results\n\n\
    Every figure here was made by `cargo xtask results`, from the study files in `www/studies` and the data and \
    models that are part of the program. A study that was stopped goes on, and what is finished in it is not run \
    again. The twin of a student starts from the same weights and sees the same batches, but has no teacher.\n";

/// Run the repository's studies and write RESULTS.md.
#[derive(Args)]
pub struct Results {
    /// Only these studies are run; the others are told as far as they are finished
    #[arg(value_parser = STUDIES)]
    studies: Vec<String>,
    /// Where to compute: auto, vulkan, metal, dx12 or cpu.
    #[arg(long, default_value = "cpu")]
    device: String,
    /// Cells of a study at a time
    #[arg(long, default_value = "1")]
    jobs: String,
}

impl Results {
    /// Runs the studies and writes the file.
    ///
    /// # Errors
    /// When a study fails.
    pub fn run(self, shop: &Shop) -> Result<ExitCode> {
        shop.build()?;
        let chosen = |name: &&str| self.studies.is_empty() || self.studies.iter().any(|study| study == name);
        for name in STUDIES.iter().filter(|name| chosen(name)) {
            let (file, out) = (format!("www/studies/{name}.toml"), format!("runs/studies/{name}"));
            let place = ["--device", &self.device, "--out", &out];
            let words: Vec<&str> = match *name {
                "pilot" => [&["pilot"], &PILOT[..], &["--seeds", DRAWS]].concat(),
                "scores" => vec!["score", PILOT[1], "--measure"],
                name if STARK.contains(&name) => vec!["stark", &file, "--seeds", SEEDS, "--continue"],
                _ => vec!["study", &file, "--jobs", &self.jobs],
            };
            run(shop.command(shop.retort()).args(words).args(place))?;
        }
        let mut text = OPENING.to_owned() + &findings::table(shop);
        for name in STUDIES {
            if let Ok(report) = fs::read_to_string(shop.root.join(format!("runs/studies/{name}/report.md"))) {
                let before = BEFORE.iter().find(|(study, _)| *study == name).map_or("", |(_, before)| before);
                text += &told(&report, before);
            }
        }
        text += &unsure(shop)?;
        if !text.contains("\n## ") {
            bail!("runs/studies: wanted reports, found none");
        }
        fs::write(shop.root.join("RESULTS.md"), text).context("could not write RESULTS.md")?;
        Ok(ExitCode::SUCCESS)
    }
}

/// How unsure the teachers of the study `teachers` are of each held-out word: the share of the words by the
/// teacher's UNC. Nothing before a cell of each is finished.
fn unsure(shop: &Shop) -> Result<String> {
    let mut text = "\n## How unsure the teachers are\n\nShare of the test words, in per cent, by UNC, what a \
        teacher leaves to all other words than the right one; and the mean of UNC by the middles of twenty bins.\n\n"
        .to_owned();
    let edges = [0, 2, 8, 12, 16, 18, 20];
    let head: Vec<String> =
        edges.windows(2).map(|pair| format!("{:.1} to {:.1}", pair[0] as f64 / 20.0, pair[1] as f64 / 20.0)).collect();
    text += &format!(
        "| teacher | perplexity | {} | mean |\n|---|---|{}---|\n",
        head.join(" | "),
        "---|".repeat(head.len())
    );
    for teacher in ["small", "large"] {
        let log = shop.root.join(format!("runs/studies/teachers/cells/750_{teacher}_KD_seed-1/metrics.jsonl"));
        let Ok(log) = fs::read_to_string(log) else { return Ok(String::new()) };
        let mut events = log.lines().rev().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let told = events.find(|event| event["who"] == "teacher" && event["split"] == "test");
        let Some(told) = told else { return Ok(String::new()) };
        let counts: Vec<f64> = told["uncertainty"].as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
        let sum: f64 = counts.iter().sum();
        let share = |pair: &[usize]| format!("{:.1}", 100.0 * counts[pair[0]..pair[1]].iter().sum::<f64>() / sum);
        let mean: f64 =
            counts.iter().zip(0..).map(|(count, bin)| count * (f64::from(bin) + 0.5) / 20.0).sum::<f64>() / sum;
        let shares: Vec<String> = edges.windows(2).map(share).collect();
        let perplexity = told["loss"].as_f64().unwrap_or(f64::NAN).exp();
        text += &format!("| {teacher} | {perplexity:.1} | {} | {mean:.3} |\n", shares.join(" | "));
    }
    Ok(text)
}

/// A report as a part of a larger text: its headings one level down, without what lies beside it. `before`
/// comes first.
fn told(report: &str, before: &str) -> String {
    let beside = |line: &&str| !line.starts_with("![") && !line.contains("](results.csv)");
    let lines = report.lines().filter(beside).map(|line| match line.strip_prefix('#') {
        Some(_) => format!("#{line}\n"),
        None => format!("{}\n", line.replace(", as executed in [base.toml](base.toml)", "")),
    });
    let text: String = lines.collect();
    let (heading, rest) = text.trim().split_once('\n').unwrap_or((text.trim(), ""));
    let before = if before.is_empty() { String::new() } else { format!("\n{before}\n") };
    format!("\n{heading}\n{before}{rest}\n")
}

#[cfg(test)]
mod tests {
    use super::told;

    #[test]
    fn a_report_becomes_a_chapter() {
        let report =
            "# one\n\nWords.\n\n![Figure](a.svg)\n\n## two\n\nEvery figure is in [results.csv](results.csv).\n";
        assert_eq!(told(report, ""), "\n## one\n\nWords.\n\n\n### two\n");
        assert_eq!(told("# one\n\nWords.\n", "First."), "\n## one\n\nFirst.\n\nWords.\n");
    }
}
