//! `retort score`: what every head and neuron of a model matters.

use std::collections::BTreeMap;

use retort_core::{
    Error, Result, checkpoint,
    data::Encodings,
    platform::{self, Opened, Store},
    score::{Accumulate, By, Fine, Kind, Looked, Removal, Scores, Scoring},
    train::metrics::pearson,
};
use serde::Serialize;

use super::{
    Exit, On, figure,
    model::{self, Loaded, Read},
    out,
    show::bar,
};

/// Scores the units of a model.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A Hugging Face directory, a run directory, or a model that comes with the program
    model: String,
    #[command(flatten)]
    how: How,
    /// Also remove every one of these units in turn, and compare the loss with what the slopes predict: heads, or
    /// neurons
    #[arg(long, value_name = "UNITS", num_args = 0..=1, require_equals = true, default_missing_value = "heads", value_parser = kind)]
    measure: Option<Kind>,
    /// Also write scores.json and the map of the heads, heads.svg, here
    #[arg(long, value_name = "DIR")]
    out: Option<String>,
    /// Also score single weights, into weights.safetensors, and with them the numbers of the residual stream
    #[arg(long, requires = "out")]
    weights: bool,
    #[command(flatten)]
    on: On,
    /// Print everything as one line of JSON
    #[arg(long)]
    json: bool,
}

/// How units are scored, and on what.
#[derive(Debug, clap::Args)]
pub struct How {
    /// A student that the model has taught: scores are then knowledgeable, of both
    #[arg(long, value_name = "MODEL")]
    pub student: Option<String>,
    #[command(flatten)]
    pub read: Read,
    /// train, dev or test
    #[arg(long, value_name = "NAME", default_value = "dev", value_parser = ["train", "dev", "test"])]
    pub split: String,
    /// What units are scored by: sensitivity, magnitude or random
    #[arg(long, value_name = "WHAT", default_value = "sensitivity", value_parser = by)]
    pub by: By,
    /// Where the absolute value of a slope is taken: of each batch, example or token
    #[arg(long, value_name = "OF", default_value = "batch", value_parser = accumulate)]
    pub accumulate: Accumulate,
    /// Texts of a batch
    #[arg(long, value_name = "COUNT", default_value_t = 32)]
    pub batch: usize,
    /// λ: weight of what the model itself matters, 0 to 1; the student has the rest
    #[arg(long, value_name = "SHARE", default_value_t = 0.5)]
    pub lambda: f64,
    /// T of the divergence from the student
    #[arg(long, value_name = "T", default_value_t = 2.0)]
    pub temperature: f64,
    /// Of a random order
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub seed: u64,
}

fn by(text: &str) -> std::result::Result<By, String> {
    match text {
        "sensitivity" => Ok(By::Sensitivity),
        "magnitude" => Ok(By::Magnitude),
        "random" => Ok(By::Random),
        _ => Err("wanted sensitivity, magnitude or random".into()),
    }
}

fn kind(text: &str) -> std::result::Result<Kind, String> {
    match text {
        "heads" => Ok(Kind::Heads),
        "neurons" => Ok(Kind::Neurons),
        _ => Err("wanted heads or neurons".into()),
    }
}

fn accumulate(text: &str) -> std::result::Result<Accumulate, String> {
    match text {
        "batch" => Ok(Accumulate::Batch),
        "example" => Ok(Accumulate::Example),
        "token" => Ok(Accumulate::Token),
        _ => Err("wanted batch, example or token".into()),
    }
}

/// A model, perhaps its student, and the texts that both are looked at on.
pub struct Found {
    pub model: Loaded,
    pub student: Option<Loaded>,
    pub texts: Encodings,
    /// The classes of the texts; 0 where there are none.
    pub labels: Vec<usize>,
    pub data_hash: String,
    pub split: String,
    pub opened: Opened,
}

impl How {
    /// How, checked.
    ///
    /// # Errors
    /// [`Error::Input`] when a number is out of its range.
    pub fn scoring(&self) -> Result<Scoring> {
        let scoring = Scoring {
            by: self.by,
            accumulate: self.accumulate,
            batch: self.batch,
            lambda: self.lambda,
            temperature: self.temperature,
            seed: self.seed,
        };
        scoring.check("--")?;
        if self.by != By::Sensitivity && self.student.is_some() {
            return Err(Error::input("--student", "--by sensitivity, which looks at a student", "another"));
        }
        Ok(scoring)
    }

    /// Reads the models and the texts.
    ///
    /// # Errors
    /// [`Error::Input`] when they are not there, or do not fit together.
    pub async fn find(&self, name: &str, on: &On) -> Result<Found> {
        let dataset = self.read.dataset().await?;
        let opened = platform::open(on.device).await?;
        let model = model::of_data(name, &dataset, &opened).await?;
        let student = match &self.student {
            Some(name) => Some(model::of_data(name, &dataset, &opened).await?),
            None => None,
        };
        let longest = student.as_ref().map_or(model.longest(), |student| model.longest().min(student.longest()));
        let (number, examples) = model::split(&dataset, &self.split);
        let texts = self.read.texts(&model, dataset.kind, examples, longest)?;
        let labels = dataset.labels_of(number);
        Ok(Found { model, student, texts, labels, data_hash: dataset.hash, split: self.split.clone(), opened })
    }
}

impl Found {
    /// As the core looks at them.
    pub fn looked(&self) -> Looked<'_> {
        Looked {
            model: (&self.model.name, &self.model.model),
            student: self.student.as_ref().map(|student| (student.name.as_str(), &student.model)),
            texts: &self.texts,
            data_hash: &self.data_hash,
            split: &self.split,
            device: &self.opened.device,
        }
    }
}

/// Everything there is to tell.
#[derive(Serialize)]
struct Told {
    #[serde(flatten)]
    scores: Scores,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    removals: Vec<Removal>,
    /// Of what was predicted with what was measured (Pearson).
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation: Option<f64>,
    /// Of the numbers of the residual stream.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hidden: Vec<f64>,
}

/// Prints the scores.
pub async fn run(arguments: Arguments) -> Result<Exit> {
    let scoring = arguments.how.scoring()?;
    if arguments.weights {
        scoring.check_fine("--")?;
    }
    let found = arguments.how.find(&arguments.model, &arguments.on).await?;
    let looked = found.looked();
    let scores = looked.score(&scoring, &mut bar(arguments.json, "batches")).await?;
    let removals = match arguments.measure {
        Some(kind) => looked.survey(&scoring).removals(kind, &mut bar(arguments.json, "units")).await?,
        None => vec![],
    };
    let fine = match arguments.weights {
        true => Some(looked.fine(&scoring, &mut bar(arguments.json, "batches")).await?),
        false => None,
    };
    let hidden = fine.as_ref().map_or(vec![], |fine| fine.hidden.clone());
    let both = |of: fn(&Removal) -> f64| removals.iter().map(of).collect::<Vec<f64>>();
    let correlation = (!removals.is_empty()).then(|| pearson(&both(|one| one.predicted), &both(|one| one.measured)));
    let told = Told { scores, removals, correlation, hidden };
    if let Some(to) = &arguments.out {
        write(to, &told, fine.as_ref()).await?;
    }
    match arguments.json {
        true => out::json(&told)?,
        false => print(&told)?,
    }
    Ok(Exit::Fine)
}

async fn write(to: &str, told: &Told, fine: Option<&Fine>) -> Result<()> {
    let store = Store::open(to).await?;
    let json = serde_json::to_vec(told).map_err(|error| Error::storage("scores.json", error))?;
    store.write("scores.json", &json).await?;
    store.write("heads.svg", figure::map(&told.scores.heads.score, "head", "layer").as_bytes()).await?;
    match fine {
        Some(fine) => {
            let bytes = checkpoint::safetensors_write(&fine.weights, BTreeMap::new())?;
            store.write("weights.safetensors", &bytes).await
        }
        None => Ok(()),
    }
}

/// Prints the scores of heads as a map, and how those of neurons are spread.
pub fn map(scores: &Scores) -> Result<()> {
    let what = match (&scores.student, scores.scoring.by) {
        (_, By::Random) => format!("at random, seed {}", scores.scoring.seed),
        (_, By::Magnitude) => "size of the weights".to_owned(),
        (Some(student), _) => format!("knowledgeable, λ = {}, student {student}", scores.scoring.lambda),
        (None, _) => "expressive".to_owned(),
    };
    out::line(format!("{} on {}: {what}\n", scores.model, scores.split))?;
    out::line("heads    by layer")?;
    let most = scores.heads.score.iter().flatten().fold(f64::MIN_POSITIVE, |most, score| score.max(most));
    for (layer, scores) in scores.heads.score.iter().enumerate() {
        let cells: Vec<String> = scores.iter().map(|&score| format!("{} {score:.2}", shade(score / most))).collect();
        out::line(format!("{layer:>5}    {}", cells.join("   ")))?;
    }
    out::line("\nneurons  by layer; how many have which share of the largest score")?;
    let most = scores.neurons.score.iter().flatten().fold(f64::MIN_POSITIVE, |most, score| score.max(most));
    for (layer, scores) in scores.neurons.score.iter().enumerate() {
        out::line(format!("{layer:>5}    {}", histogram(scores, most)))?;
    }
    Ok(())
}

fn print(told: &Told) -> Result<()> {
    map(&told.scores)?;
    if !told.hidden.is_empty() {
        let most = told.hidden.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        out::line("\nwidth    the numbers of the residual stream, over all matrices that read or write them")?;
        out::line(format!("         {}", histogram(&told.hidden, most)))?;
    }
    let Some(correlation) = told.correlation else { return Ok(()) };
    out::line("")?;
    let rows: Vec<[String; 4]> = told
        .removals
        .iter()
        .map(|one| {
            let [predicted, measured] = [one.predicted, one.measured].map(|value| format!("{value:+.4}"));
            [one.layer.to_string(), one.unit.to_string(), predicted, measured]
        })
        .collect();
    out::table(["layer", "unit", "predicted rise", "measured rise"], &rows)?;
    out::line(format!("\nThe loss without a unit, predicted and measured, correlates by {correlation:.3} (Pearson)."))
}

/// A share of the largest as a block.
pub fn shade(share: f64) -> char {
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
