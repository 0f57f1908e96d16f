//! `retort vocabulary`: a vocabulary from the sentences or the text that a data set trains on.

use retort_core::{
    Error, Result,
    data::{self, Tokenizer, vocabulary},
    platform::{self, Store},
    run::Data,
};

use super::{Exit, out};

/// Makes a vocabulary.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A directory with train, dev and test files, one file (.txt: plain text), builtin:rotten-tomatoes or
    /// builtin:prose; what is trained on is read
    data: String,
    /// Where to write the tokenizer.json
    #[arg(value_name = "FILE")]
    to: String,
    /// Most tokens, the special ones included
    #[arg(long, value_name = "TOKENS", default_value_t = 4096)]
    size: usize,
    /// Pieces of lower-case words for encoders, or of bytes for language models
    #[arg(long, value_enum, default_value_t = Kind::Wordpiece)]
    kind: Kind,
}

/// What a vocabulary is made of.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Kind {
    /// WordPiece, as BERT has it
    Wordpiece,
    /// Byte-level BPE, as GPT-2 has it
    ByteLevel,
}

/// Writes the tokenizer.
pub async fn run(arguments: Arguments) -> Result<Exit> {
    let dataset = data::load(&Data { source: arguments.data, ..Data::default() }).await?;
    if platform::read_file(&arguments.to).await.is_ok() {
        return Err(Error::input(&arguments.to, "no file of that name", "one"));
    }
    let texts = dataset.train.iter().flat_map(|example| [Some(example.text.as_str()), example.pair.as_deref()]);
    let texts = texts.flatten();
    let bytes = match arguments.kind {
        Kind::Wordpiece => vocabulary::train(texts.flat_map(str::lines), arguments.size),
        Kind::ByteLevel => vocabulary::train_byte_level(texts, arguments.size),
    }?;
    let (directory, name) = arguments.to.rsplit_once('/').unwrap_or((".", &arguments.to));
    Store::open(if directory.is_empty() { "/" } else { directory }).await?.write(name, &bytes).await?;
    let tokens = Tokenizer::from_bytes(&arguments.to, &bytes)?.vocab_size();
    out::line(format!("{} has {} tokens", arguments.to, out::thousands(tokens as u64)))?;
    Ok(Exit::Fine)
}
