//! `retort eval`: a model's figures on a data set.

use retort_core::{
    Result,
    data::{self, Encodings},
    platform,
    run::Data,
    train,
};

use super::{Exit, On, model, out, show};

/// Evaluates a model.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A Hugging Face directory, a run directory, or builtin:rotten-tomatoes
    model: String,
    /// A directory with train, dev and test files, one file, or builtin:rotten-tomatoes
    #[arg(long, value_name = "DATA", default_value = "builtin:rotten-tomatoes")]
    data: String,
    /// train, dev or test
    #[arg(long, value_name = "NAME", default_value = "test", value_parser = ["train", "dev", "test"])]
    split: String,
    /// Longest sequence in tokens; longer ones are cut
    #[arg(long, value_name = "TOKENS", default_value_t = 64)]
    max_length: usize,
    #[command(flatten)]
    on: On,
    /// Print the figures as JSON
    #[arg(long)]
    json: bool,
}

/// Prints the figures.
pub async fn run(arguments: Arguments) -> Result<Exit> {
    let dataset = data::load(&Data { source: arguments.data.clone(), ..Data::default() }).await?;
    let (number, examples) = model::split(&dataset, &arguments.split);
    let opened = platform::open(arguments.on.device).await?;
    let loaded = model::classifier_of(&arguments.model, &dataset.labels, &opened).await?;
    let length = arguments.max_length.min(loaded.longest());
    let encodings = Encodings::new(&loaded.tokenizer, examples, length)?;
    let predictions = loaded.predict(&encodings, &opened).await?;
    let mut eval = train::figures(&predictions, &dataset.labels_of(number), None);
    eval.who = arguments.model;
    eval.split = arguments.split;
    match arguments.json {
        true => out::json(&eval)?,
        false => {
            out::line(show::figures(&eval))?;
            out::line(format!("{} sentences on {}", out::thousands(eval.examples as u64), opened.adapter))?;
        }
    }
    Ok(Exit::Fine)
}
