//! `retort predict`: class probabilities of sentences, of one model or of two side by side.

use std::io::{self, BufRead};

use retort_core::{
    Error, Result,
    data::{Encodings, Example},
    platform::{self, Opened},
    train::probabilities,
};
use serde_json::{Map, Value, json};

use super::{Exit, On, model, out};

/// Predicts classes.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A Hugging Face directory, a run directory, or builtin:rotten-tomatoes
    model: String,
    /// Sentences; without any, the lines of standard input
    text: Vec<String>,
    /// A second model, shown beside the first
    #[arg(long, value_name = "MODEL")]
    teacher: Option<String>,
    /// Longest sequence in tokens; longer ones are cut
    #[arg(long, value_name = "TOKENS", default_value_t = 64)]
    max_length: usize,
    #[command(flatten)]
    on: On,
    /// One sentence a line, as JSON
    #[arg(long)]
    json: bool,
}

/// Prints the probabilities.
pub async fn run(arguments: Arguments) -> Result<Exit> {
    let opened = platform::open(arguments.on.device).await?;
    let mut models = vec![model::classifier(&arguments.model, &opened).await?];
    if let Some(teacher) = &arguments.teacher {
        models.push(model::classifier(teacher, &opened).await?);
    }
    if !arguments.text.is_empty() {
        for text in &arguments.text {
            one(text, &models, &arguments, &opened).await?;
        }
        return Ok(Exit::Fine);
    }
    for line in io::stdin().lock().lines() {
        let line = line.map_err(|error| Error::input("standard input", "lines of UTF-8 text", error.to_string()))?;
        if !line.trim().is_empty() {
            one(&line, &models, &arguments, &opened).await?;
        }
    }
    Ok(Exit::Fine)
}

async fn one(text: &str, models: &[model::Loaded], arguments: &Arguments, opened: &Opened) -> Result<()> {
    let example = Example { text: text.to_owned(), pair: None, label: 0 };
    let mut answers = vec![];
    for model in models {
        let length = arguments.max_length.min(model.longest());
        let encodings = Encodings::new(&model.tokenizer, std::slice::from_ref(&example), length)?;
        answers.push(probabilities(model.predict(&encodings, opened).await?.row(0)));
    }
    if arguments.json {
        let named = models.iter().zip(&answers).map(|(model, answer)| {
            let classes: Map<String, Value> =
                model.labels.iter().cloned().zip(answer.iter().map(|&value| json!(value))).collect();
            json!({ "model": model.name, "probabilities": classes })
        });
        return out::json(&json!({ "text": text, "models": named.collect::<Vec<_>>() }));
    }
    out::line(text)?;
    let width = models.iter().map(|model| model.name.chars().count()).max().unwrap_or(0);
    for (model, answer) in models.iter().zip(&answers) {
        out::line(format!("  {:<width$}  {}", model.name, classes(&model.labels, answer)))?;
    }
    Ok(())
}

/// Every class with its probability, the most probable one first.
fn classes(labels: &[String], answer: &[f64]) -> String {
    let mut order: Vec<(&String, f64)> = labels.iter().zip(answer.iter().copied()).collect();
    order.sort_by(|left, right| right.1.total_cmp(&left.1));
    order.iter().map(|(label, value)| format!("{label} {value:.4}")).collect::<Vec<_>>().join("  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_probable_class_comes_first() {
        let labels = ["negative", "positive"].map(String::from);
        assert_eq!(classes(&labels, &[0.25, 0.75]), "positive 0.7500  negative 0.2500");
    }
}
