//! The model card that goes with an exported student.

use std::fmt::Write as _;

use super::{
    directory::{Position, Provenance},
    event::Eval,
};
use crate::run::Run;

/// Markdown for the student's `README.md`: what it is, how good, how it was made.
pub fn write(run: &Run, provenance: &Provenance, position: &Position, results: &[Eval]) -> String {
    let mut card = String::new();
    let classes = provenance.labels.join(", ");
    let taught = match &run.teacher {
        Some(teacher) => format!("distilled from `{}`", teacher.model),
        None => "trained without a teacher".into(),
    };
    let _ = write!(
        card,
        "---\nlibrary_name: transformers\npipeline_tag: text-classification\ntags:\n- knowledge-distillation\n- retort\n---\n\n\
         # {}\n\nA classifier ({classes}), {taught} by Retort {} (source {}).\n\n\
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
        results => {
            card.push_str(
                "\n| model | split | accuracy | 95 % interval | loss | sentences |\n|---|---|---|---|---|---|\n",
            );
            for eval in results {
                let _ = writeln!(
                    card,
                    "| {} | {} | {:.1} % | {:.1} to {:.1} % | {:.4} | {} |",
                    eval.who,
                    eval.split,
                    100.0 * eval.accuracy,
                    100.0 * eval.interval[0],
                    100.0 * eval.interval[1],
                    eval.loss,
                    eval.examples
                );
            }
            card.push_str("\nThe interval is Wilson's, over the sentences of the split.\n");
        }
    }
    let _ = write!(
        card,
        "\n## Use\n\n```python\nfrom transformers import AutoModelForSequenceClassification, PreTrainedTokenizerFast\n\n\
         model = AutoModelForSequenceClassification.from_pretrained(\".\")\n\
         tokenizer = PreTrainedTokenizerFast(tokenizer_file=\"tokenizer.json\")\n```\n\n## The run file\n\n```toml\n{}```\n",
        run.to_toml().unwrap_or_default()
    );
    card
}
