//! `retort generate`: how texts go on, by one model or by two of them.

use std::{
    io::{self, BufRead, IsTerminal},
    time::Instant,
};

use retort_core::{
    Error, Result,
    data::Shown,
    generate::{Generation, generate},
    platform::{self, Opened},
    train::Onlookers,
};
use serde_json::{Value, json};

use super::{Exit, On, model, out};
use crate::prompt::Continued;

/// Most of a prompt that an error repeats.
const REPEATED: usize = 40;

/// Goes on with texts.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A Hugging Face directory, a run directory, or a .gguf file
    model: String,
    /// How each text begins; without any, the lines of standard input
    prompt: Vec<String>,
    /// A second model, shown beside the first
    #[arg(long, value_name = "MODEL")]
    teacher: Option<String>,
    /// Most tokens to add
    #[arg(long, value_name = "TOKENS", default_value_t = 64)]
    max_new: usize,
    /// Divides the logits before a token is drawn; 0: always the most likely one
    #[arg(long, value_name = "NUMBER", default_value_t = 0.0)]
    temperature: f64,
    /// Draw from so many of the most likely tokens; 0: from all
    #[arg(long, value_name = "TOKENS", default_value_t = 0)]
    top_k: usize,
    /// Draw from the most likely tokens that together have this probability
    #[arg(long, value_name = "SHARE", default_value_t = 1.0)]
    top_p: f64,
    /// Of the draws, the same for every text
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    on: On,
    /// One text a line, as JSON
    #[arg(long)]
    json: bool,
    /// Beside a teacher, as JSON: every token as both see it, with so many of each one's likeliest in its place
    #[arg(long, value_name = "TOKENS", requires_all = ["teacher", "json"])]
    look: Option<usize>,
}

/// How one model went on.
struct Answer<'a> {
    name: &'a str,
    /// What it added.
    text: String,
    tokens: Vec<u32>,
    /// Why it is no longer: `end` (it ended the text), `max_new`, or `context` (it has no more positions).
    stopped: &'static str,
    secs: f64,
}

/// Prints the texts.
pub async fn run(arguments: Arguments) -> Result<Exit> {
    let &Arguments { max_new, temperature, top_k, top_p, seed, .. } = &arguments;
    let settings = Generation { max_new, temperature, top_k, top_p, seed, stop: None };
    settings.check("generate")?;
    let opened = platform::open(arguments.on.device).await?;
    let mut models = vec![model::language_model(&arguments.model, &opened).await?];
    if let Some(teacher) = &arguments.teacher {
        models.push(model::language_model(teacher, &opened).await?);
        alike(&models[0], &models[1])?;
    }
    for text in &arguments.prompt {
        for model in &models {
            prompt(model, text)?;
        }
    }
    let mut printer = Printer { json: arguments.json, first: true };
    for text in &arguments.prompt {
        match arguments.look {
            Some(most) => look(text, &models, &settings, most, &opened).await?,
            None => one(text, &models, &settings, &mut printer).await?,
        }
    }
    if !arguments.prompt.is_empty() {
        return Ok(Exit::Fine);
    }
    for line in io::stdin().lock().lines() {
        let line = line.map_err(|error| Error::input("standard input", "lines of UTF-8 text", error.to_string()))?;
        if line.trim().is_empty() {
            continue;
        }
        match arguments.look {
            Some(most) => look(&line, &models, &settings, most, &opened).await?,
            None => one(&line, &models, &settings, &mut printer).await?,
        }
    }
    Ok(Exit::Fine)
}

/// The two must mean the same by their tokens: what they say of a text is compared token by token.
pub fn alike(model: &model::Loaded, teacher: &model::Loaded) -> Result<()> {
    let differ = |found| Err(Error::input(&teacher.name, format!("the vocabulary of {}", model.name), found));
    let [ours, theirs] = [&model.tokenizer, &teacher.tokenizer];
    if ours.vocab_size() != theirs.vocab_size() {
        let sizes = [ours, theirs].map(|tokenizer| out::thousands(tokenizer.vocab_size() as u64));
        return differ(format!("one of {} tokens instead of {}", sizes[1], sizes[0]));
    }
    let ids: Vec<u32> = (0..ours.vocab_size() as u32).collect();
    let pairs = ours.tokens(&ids).into_iter().zip(theirs.tokens(&ids));
    match ids.iter().zip(pairs).find(|(_, (ours, theirs))| ours != theirs) {
        Some((id, (ours, theirs))) => differ(format!("another: token {id} is {theirs:?} instead of {ours:?}")),
        None => Ok(()),
    }
}

/// The tokens with which a model begins.
fn prompt(model: &model::Loaded, text: &str) -> Result<Vec<u32>> {
    let ids = model.tokenizer.prompt(text)?;
    let wrong = |wanted: String| {
        let short: String = text.chars().take(REPEATED).collect();
        let more = if short.len() < text.len() { "…" } else { "" };
        Err(Error::input(format!("the prompt \"{short}{more}\""), wanted, ids.len().to_string()))
    };
    match ids.len() {
        0 => wrong("at least one token".into()),
        length if length > model.longest() => {
            wrong(format!("at most {} tokens, the context of {}", model.longest(), model.name))
        }
        _ => Ok(ids),
    }
}

/// Goes on with one text and prints it.
async fn one(text: &str, models: &[model::Loaded], settings: &Generation, printer: &mut Printer) -> Result<()> {
    let streams = models.len() == 1 && !printer.json && io::stdout().is_terminal();
    if streams {
        printer.begin(text)?;
    }
    let mut answers = vec![];
    for model in models {
        let ids = prompt(model, text)?;
        let mut shown = Shown::new(&model.tokenizer);
        for &id in &ids {
            shown.next(id);
        }
        let (mut added, mut printed) = (String::new(), Ok(()));
        let mut tell = |_: usize, id: u32| {
            let piece = shown.next(id);
            if streams && printed.is_ok() {
                printed = out::piece(&piece);
            }
            added.push_str(&piece);
        };
        let begun = Instant::now();
        let tokens = generate(&model.model, std::slice::from_ref(&ids), settings, &mut tell).await?.concat();
        let secs = begun.elapsed().as_secs_f64();
        printed?;
        let rest = shown.rest();
        if streams {
            out::piece(&rest)?;
        }
        added.push_str(&rest);
        let ended = tokens.last().is_some_and(|token| model.model.config().end_tokens().contains(token));
        let stopped = match tokens.len() {
            _ if ended => "end",
            length if length == settings.max_new => "max_new",
            _ => "context",
        };
        answers.push(Answer { name: &model.name, text: added, tokens, stopped, secs });
    }
    match streams {
        true => out::line(""),
        false => printer.answers(text, &answers),
    }
}

/// Prints how the first model, a student, and the second, its teacher, go on, with what both make of every token.
async fn look(text: &str, models: &[model::Loaded], settings: &Generation, most: usize, opened: &Opened) -> Result<()> {
    let [student, teacher] = models else {
        return Err(Error::input("--look", "a teacher", "none"));
    };
    let onlookers = Onlookers {
        teacher: &teacher.model,
        student: &student.model,
        tokenizer: &teacher.tokenizer,
        device: &opened.device,
    };
    let continuations = onlookers.go_on_with(text, settings, most).await?;
    out::json(&Continued { text: text.to_owned(), continuations, refused: None })
}

/// How texts are printed, one after the other.
struct Printer {
    json: bool,
    first: bool,
}

impl Printer {
    /// The beginning of a text, apart from the one before.
    fn begin(&mut self, text: &str) -> Result<()> {
        let apart = if std::mem::take(&mut self.first) { "" } else { "\n" };
        out::piece(format!("{apart}{text}"))
    }

    fn answers(&mut self, text: &str, answers: &[Answer]) -> Result<()> {
        if self.json {
            return out::json(&as_json(text, answers));
        }
        self.begin(text)?;
        match answers {
            [only] => out::line(&only.text),
            several => out::line(beside(several)),
        }
    }
}

fn as_json(text: &str, answers: &[Answer]) -> Value {
    let models = answers.iter().map(|answer| {
        json!({
            "model": answer.name,
            "text": answer.text,
            "tokens": answer.tokens,
            "stopped": answer.stopped,
            "tokens_per_sec": answer.tokens.len() as f64 / answer.secs.max(1e-9),
        })
    });
    json!({ "prompt": text, "models": models.collect::<Vec<_>>() })
}

/// Every model's name, and beside it how it goes on.
fn beside(answers: &[Answer]) -> String {
    let width = answers.iter().map(|answer| answer.name.chars().count()).max().unwrap_or(0);
    let margin = format!("\n{}", " ".repeat(width + 4));
    let line = |answer: &Answer| {
        let text = answer.text.trim_end().replace('\n', &margin);
        format!("\n  {:<width$}  {text}", answer.name).trim_end().to_owned()
    };
    answers.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer<'a>(name: &'a str, text: &str) -> Answer<'a> {
        Answer { name, text: text.into(), tokens: vec![3, 4], stopped: "max_new", secs: 0.5 }
    }

    #[test]
    fn answers_stand_beside_their_models() {
        let answers = [answer("small", " Paris.\nYes."), answer("a", " Rome"), answer("mute", "\n")];
        assert_eq!(beside(&answers), "\n  small   Paris.\n         Yes.\n  a       Rome\n  mute");
    }

    #[test]
    fn an_answer_is_a_line_of_json() {
        let told = as_json("I", &[answer("m", " am")]);
        assert_eq!(
            told.to_string(),
            r#"{"models":[{"model":"m","stopped":"max_new","text":" am","tokens":[3,4],"tokens_per_sec":4.0}],"prompt":"I"}"#
        );
    }
}
