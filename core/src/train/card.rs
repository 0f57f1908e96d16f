//! The model card that goes with an exported student.

use std::fmt::Write as _;

use super::{
    directory::{Position, Provenance},
    event::Eval,
};
use crate::{model::Task, run::Run};

/// Markdown for the student's `README.md`: what it is, how good, how it was made.
pub fn write(run: &Run, task: Task, provenance: &Provenance, position: &Position, results: &[Eval]) -> String {
    let mut card = String::new();
    let (pipeline, class, what) = match task {
        Task::Classification => (
            "text-classification",
            "AutoModelForSequenceClassification",
            format!("A classifier ({})", provenance.labels.join(", ")),
        ),
        Task::MaskedLm => ("fill-mask", "AutoModelForMaskedLM", "A masked language model".into()),
        Task::CausalLm => ("text-generation", "AutoModelForCausalLM", "A causal language model".into()),
    };
    let taught = match &run.teacher {
        Some(teacher) => format!("distilled from `{}`{}", teacher.model, by_way_of(run.assistants().len())),
        None if !run.companions.is_empty() => {
            format!("`student` or one of the {} models trained with it under one head", run.companions.len())
        }
        None => "trained without a teacher".into(),
    };
    let _ = write!(
        card,
        "---\nlibrary_name: transformers\npipeline_tag: {pipeline}\ntags:\n- knowledge-distillation\n- retort\n---\n\n\
         # {}\n\n{what}, {taught} by Retort {} (source {}).\n\n\
         Trained for {} optimiser steps on `{}` (SHA-256 {}), seed {}, on {}. First weights: SHA-256 {}.\n",
        run.name,
        provenance.version,
        provenance.source_commit,
        position.step,
        run.data.train.as_ref().unwrap_or(&run.data.source),
        provenance.data_hash,
        provenance.seed,
        provenance.adapter.name,
        provenance.init_hash,
    );
    match results {
        [] => card.push_str("\nNot evaluated on the test split: the run was exported before its end.\n"),
        results => card.push_str(&figures(results)),
    }
    let _ = write!(
        card,
        "\n## Use\n\n```python\nfrom transformers import {class}, PreTrainedTokenizerFast\n\n\
         model = {class}.from_pretrained(\".\")\n\
         tokenizer = PreTrainedTokenizerFast(tokenizer_file=\"tokenizer.json\")\n```\n\n## The run file\n\n```toml\n{}```\n",
        run.to_toml().unwrap_or_default()
    );
    card
}

/// The results as a table: of classes accuracies, of words perplexities.
fn figures(results: &[Eval]) -> String {
    let words = results.iter().any(|eval| eval.perplexity().is_some());
    let mut table = String::from(match words {
        true => "\n| model | split | perplexity | words right | ROUGE-L | words |\n|---|---|---|---|---|---|\n",
        false => "\n| model | split | accuracy | 95 % interval | loss | sentences |\n|---|---|---|---|---|---|\n",
    });
    for eval in results {
        let _ = write!(table, "| {} | {} | ", eval.who, eval.split);
        let _ = match eval.perplexity() {
            Some(perplexity) => {
                let written = eval.written.as_ref().map_or("-".into(), |written| format!("{:.3}", written.rouge_l));
                write!(table, "{perplexity:.2} | {:.1} % | {written}", 100.0 * eval.accuracy)
            }
            None => write!(
                table,
                "{:.1} % | {:.1} to {:.1} % | {:.4}",
                100.0 * eval.accuracy,
                100.0 * eval.interval[0],
                100.0 * eval.interval[1],
                eval.loss
            ),
        };
        let _ = writeln!(table, " | {} |", eval.examples);
    }
    if !words {
        table.push_str("\nThe interval is Wilson's, over the sentences of the split.\n");
    }
    table
}

/// The assistants between.
fn by_way_of(assistants: usize) -> String {
    match assistants {
        0 => String::new(),
        1 => " by way of a teacher assistant".into(),
        _ => format!(" by way of {assistants} teacher assistants"),
    }
}
