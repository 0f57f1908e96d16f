//! `retort score`: what every head and neuron of a classifier matters.

use retort_core::{
    Error, Result, checkpoint,
    data::{self, Encodings},
    model::Model,
    platform,
    run::Data,
    score::{Accumulate, Felt, Removal, Survey, Units},
    train::metrics::pearson,
};
use serde::Serialize;

use super::{Exit, On, model, out, show::bar};

/// Scores the units of a model.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A Hugging Face directory, a run directory, or builtin:rotten-tomatoes
    model: String,
    /// A student that the model has taught: scores are then knowledgeable, of both
    #[arg(long, value_name = "MODEL")]
    student: Option<String>,
    /// A directory with train, dev and test files, one file, or builtin:rotten-tomatoes
    #[arg(long, value_name = "DATA", default_value = "builtin:rotten-tomatoes")]
    data: String,
    /// train, dev or test
    #[arg(long, value_name = "NAME", default_value = "dev", value_parser = ["train", "dev", "test"])]
    split: String,
    /// Longest sequence in tokens; longer ones are cut
    #[arg(long, value_name = "TOKENS", default_value_t = 64)]
    max_length: usize,
    /// Where the absolute value of a slope is taken: of each batch, example or token
    #[arg(long, value_name = "OF", default_value = "batch", value_parser = accumulate)]
    accumulate: Accumulate,
    /// Sentences of a batch
    #[arg(long, value_name = "COUNT", default_value_t = 32)]
    batch: usize,
    /// λ: weight of what the model itself matters, 0 to 1; the student has the rest
    #[arg(long, value_name = "SHARE", default_value_t = 0.5)]
    lambda: f64,
    /// T of the divergence from the student
    #[arg(long, value_name = "T", default_value_t = 2.0)]
    temperature: f64,
    /// Also remove every head in turn, and compare with what the slopes predict
    #[arg(long)]
    measure: bool,
    #[command(flatten)]
    on: On,
    /// Print everything as one line of JSON
    #[arg(long)]
    json: bool,
}

fn accumulate(text: &str) -> std::result::Result<Accumulate, String> {
    match text {
        "batch" => Ok(Accumulate::Batch),
        "example" => Ok(Accumulate::Example),
        "token" => Ok(Accumulate::Token),
        _ => Err("wanted batch, example or token".into()),
    }
}

/// Everything there is to tell.
#[derive(Serialize)]
struct Told<'a> {
    model: &'a str,
    model_hash: String,
    student: Option<&'a str>,
    student_hash: Option<String>,
    data_hash: &'a str,
    split: &'a str,
    accumulate: Accumulate,
    batch: usize,
    lambda: f64,
    temperature: f64,
    heads: Scored,
    neurons: Scored,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    removals: Vec<Removal>,
}

#[derive(Serialize)]
struct Scored {
    #[serde(flatten)]
    felt: Felt,
    score: Vec<Vec<f64>>,
}

/// Prints the scores.
pub async fn run(arguments: Arguments) -> Result<Exit> {
    let bad = |key: &str, wanted: &str, found: f64| Err(Error::input(format!("--{key}"), wanted, found.to_string()));
    if !(0.0..=1.0).contains(&arguments.lambda) {
        return bad("lambda", "a share from 0 to 1", arguments.lambda);
    }
    if !(arguments.temperature > 0.0 && arguments.temperature.is_finite()) {
        return bad("temperature", "a number above 0", arguments.temperature);
    }
    if arguments.batch == 0 {
        return bad("batch", "at least 1", 0.0);
    }
    let dataset = data::load(&Data { source: arguments.data.clone(), ..Data::default() }).await?;
    let opened = platform::open(arguments.on.device).await?;
    let loaded = model::classifier_of(&arguments.model, &dataset.labels, &opened).await?;
    let student = match &arguments.student {
        Some(name) => Some(model::classifier(name, &opened).await?),
        None => None,
    };
    if let (Some(student), Some(name)) = (&student, &arguments.student) {
        if student.labels != loaded.labels {
            let wanted = format!("the model's classes in its order ({})", loaded.labels.join(", "));
            return Err(Error::input(name, wanted, student.labels.join(", ")));
        }
        let [wanted, found] = [&loaded, student].map(|one| one.model.config().vocab_size);
        if wanted != found {
            return Err(Error::input(name, format!("the model's vocabulary of {wanted}"), found.to_string()));
        }
    }
    let (_, examples) = model::split(&dataset, &arguments.split);
    let length = arguments.max_length.min(loaded.longest());
    let length = student.as_ref().map_or(length, |student| length.min(student.longest()));
    let texts = Encodings::new(&loaded.tokenizer, examples, length)?;
    let survey = Survey {
        model: &loaded.model,
        student: student.as_ref().map(|student| &student.model),
        texts: &texts,
        batch: arguments.batch,
        accumulate: arguments.accumulate,
        temperature: arguments.temperature,
        device: &opened.device,
    };
    let Units { heads, neurons } = survey.run(&mut bar(arguments.json, "batches")).await?;
    let removals = match arguments.measure {
        true => survey.removals(&mut bar(arguments.json, "heads")).await?,
        false => vec![],
    };
    let scored = |felt: Felt| Scored { score: felt.score(arguments.lambda), felt };
    let told = Told {
        model: &arguments.model,
        model_hash: checkpoint::hash(&loaded.model).await?,
        student: arguments.student.as_deref(),
        student_hash: hash(student.as_ref().map(|student| &student.model)).await?,
        data_hash: &dataset.hash,
        split: &arguments.split,
        accumulate: arguments.accumulate,
        batch: arguments.batch,
        lambda: arguments.lambda,
        temperature: arguments.temperature,
        heads: scored(heads),
        neurons: scored(neurons),
        removals,
    };
    match arguments.json {
        true => out::json(&told)?,
        false => print(&told)?,
    }
    Ok(Exit::Fine)
}

async fn hash(model: Option<&Model>) -> Result<Option<String>> {
    Ok(match model {
        Some(model) => Some(checkpoint::hash(model).await?),
        None => None,
    })
}

fn print(told: &Told) -> Result<()> {
    let what = match told.student {
        Some(student) => format!("knowledgeable, λ = {}, student {student}", told.lambda),
        None => "expressive".to_owned(),
    };
    out::line(format!("{} on {}: {what}\n", told.model, told.split))?;
    out::line("heads    by layer; shares of the layer's norm")?;
    let most = told.heads.score.iter().flatten().fold(f64::MIN_POSITIVE, |most, score| score.max(most));
    for (layer, scores) in told.heads.score.iter().enumerate() {
        let cells: Vec<String> = scores.iter().map(|&score| format!("{} {score:.2}", shade(score / most))).collect();
        out::line(format!("{layer:>5}    {}", cells.join("   ")))?;
    }
    out::line("\nneurons  by layer; how many have which share of the largest score")?;
    let most = told.neurons.score.iter().flatten().fold(f64::MIN_POSITIVE, |most, score| score.max(most));
    for (layer, scores) in told.neurons.score.iter().enumerate() {
        out::line(format!("{layer:>5}    {}", histogram(scores, most)))?;
    }
    if told.removals.is_empty() {
        return Ok(());
    }
    out::line("")?;
    let rows: Vec<[String; 4]> = told
        .removals
        .iter()
        .map(|one| {
            let [predicted, measured] = [one.predicted, one.measured].map(|value| format!("{value:+.4}"));
            [one.layer.to_string(), one.head.to_string(), predicted, measured]
        })
        .collect();
    out::table(["layer", "head", "predicted rise", "measured rise"], &rows)?;
    let both = |of: fn(&Removal) -> f64| told.removals.iter().map(of).collect::<Vec<f64>>();
    let correlation = pearson(&both(|one| one.predicted), &both(|one| one.measured));
    out::line(format!("\nThe loss without a head, predicted and measured, correlates by {correlation:.3} (Pearson)."))
}

/// A share of the largest as a block.
fn shade(share: f64) -> char {
    const BLOCKS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    BLOCKS[(share.clamp(0.0, 1.0) * 8.0).round() as usize]
}

/// How many scores lie in each tenth up to `most`, as blocks and as numbers.
fn histogram(scores: &[f64], most: f64) -> String {
    let mut counts = [0usize; 10];
    for score in scores {
        counts[((score / most * 10.0) as usize).min(9)] += 1;
    }
    let largest = counts.into_iter().max().unwrap_or(1).max(1) as f64;
    let blocks: String = counts.iter().map(|&count| shade(count as f64 / largest)).collect();
    let numbers: Vec<String> = counts.iter().map(usize::to_string).collect();
    format!("|{blocks}|  {}", numbers.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_become_blocks() {
        assert_eq!([0.0, 0.5, 1.0, 7.0].map(shade), [' ', '▄', '█', '█']);
        assert_eq!(histogram(&[0.0, 0.1, 1.0, 0.95], 1.0), "|▄▄       █|  1 1 0 0 0 0 0 0 0 2");
    }
}
