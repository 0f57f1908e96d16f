//! `retort vocabulary`: a WordPiece vocabulary from the training sentences of a data set.

use retort_core::{
    Error, Result,
    data::{self, vocabulary},
    platform::{self, Store},
    run::Data,
};

use super::{Exit, out};

/// Makes a vocabulary.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A directory with train, dev and test files, one file, or builtin:rotten-tomatoes
    data: String,
    /// Where to write the tokenizer.json
    #[arg(value_name = "FILE")]
    to: String,
    /// Number of tokens, the special ones included
    #[arg(long, value_name = "TOKENS", default_value_t = 4096)]
    size: usize,
}

/// Writes the tokenizer.
pub async fn run(arguments: Arguments) -> Result<Exit> {
    let dataset = data::load(&Data { source: arguments.data, ..Data::default() }).await?;
    if platform::read_file(&arguments.to).await.is_ok() {
        return Err(Error::input(&arguments.to, "no file of that name", "one"));
    }
    let sentences = dataset.train.iter().flat_map(|example| [Some(example.text.as_str()), example.pair.as_deref()]);
    let bytes = vocabulary::train(sentences.flatten(), arguments.size)?;
    let (directory, name) = arguments.to.rsplit_once('/').unwrap_or((".", &arguments.to));
    Store::open(if directory.is_empty() { "/" } else { directory }).await?.write(name, &bytes).await?;
    out::line(format!("{} has at most {} tokens", arguments.to, out::thousands(arguments.size as u64)))?;
    Ok(Exit::Fine)
}
