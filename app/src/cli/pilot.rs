//! `retort pilot`: how right and how sure classifiers are when some of their weights are gone.

use std::fmt::Write as _;

use retort_core::{
    Error, Result,
    data::{self, Encodings},
    platform::{self, Store},
    run::Data,
    score::pilot::{Point, point},
    study::{Summary, summary},
    train::metrics::pearson,
};
use serde::Serialize;

use super::{
    Exit, On,
    figure::{self, Line},
    model, out,
    show::bar,
};

/// Prunes classifiers at random.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Hugging Face directories, run directories, or builtin models: two sizes, say
    #[arg(required = true, value_name = "MODEL")]
    models: Vec<String>,
    /// A directory with train, dev and test files, one file, or builtin:rotten-tomatoes
    #[arg(long, value_name = "DATA", default_value = "builtin:rotten-tomatoes")]
    data: String,
    /// train, dev or test
    #[arg(long, value_name = "NAME", default_value = "dev", value_parser = ["train", "dev", "test"])]
    split: String,
    /// Longest sequence in tokens; longer ones are cut
    #[arg(long, value_name = "TOKENS", default_value_t = 64)]
    max_length: usize,
    /// Per cent of the weights that are set to zero
    #[arg(long, value_name = "PER CENT", value_delimiter = ',', default_values_t = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0])]
    sparsities: Vec<f64>,
    /// Draws of weights at each sparsity
    #[arg(long, value_name = "COUNT", default_value_t = 5)]
    seeds: u64,
    /// Also write pilot.json, the report and the figures here
    #[arg(long, value_name = "DIR")]
    out: Option<String>,
    #[command(flatten)]
    on: On,
    /// Print everything as one line of JSON
    #[arg(long)]
    json: bool,
}

/// What one model came to.
#[derive(Serialize)]
struct Curve {
    model: String,
    parameters: usize,
    points: Vec<Point>,
    /// Correlation of sparsity with accuracy and with the variance.
    follows: [f64; 2],
}

/// A figure of a point.
type Of = fn(&Point) -> f64;

/// The figures of a point: file, axis, value.
const FIGURES: [(&str, &str, Of); 2] = [
    ("accuracy", "accuracy, %", |point| 100.0 * point.accuracy),
    ("confidence", "variance of the probabilities", |point| point.confidence),
];

/// Measures, and prints the table.
pub async fn run(arguments: Arguments) -> Result<Exit> {
    if let Some(wrong) = arguments.sparsities.iter().find(|percent| !(0.0..100.0).contains(*percent)) {
        return Err(Error::input("--sparsities", "per cent from 0 to below 100", wrong.to_string()));
    }
    if arguments.seeds == 0 {
        return Err(Error::input("--seeds", "at least 1", "0"));
    }
    let dataset = data::load(&Data { source: arguments.data.clone(), ..Data::default() }).await?;
    let (number, examples) = model::split(&dataset, &arguments.split);
    let labels = dataset.labels_of(number);
    let opened = platform::open(arguments.on.device).await?;
    let mut curves = vec![];
    for name in &arguments.models {
        let loaded = model::classifier_of(name, &dataset.labels, &opened).await?;
        let texts = Encodings::new(&loaded.tokenizer, examples, arguments.max_length.min(loaded.longest()))?;
        let all = arguments.sparsities.len() * arguments.seeds as usize;
        let mut told = bar(arguments.json, "draws");
        let mut points = vec![];
        for percent in &arguments.sparsities {
            for seed in 1..=arguments.seeds {
                let share = percent / 100.0;
                points.push(point(&loaded.model, &texts, &labels, share, seed, &opened.device).await?);
                told(points.len(), all);
            }
        }
        let follows = follows(&points);
        curves.push(Curve { model: name.clone(), parameters: loaded.model.parameters(), points, follows });
    }
    if let Some(to) = &arguments.out {
        let store = Store::open(to).await?;
        let json = serde_json::to_vec_pretty(&curves).map_err(|error| Error::storage("pilot.json", error))?;
        store.write("pilot.json", &json).await?;
        store.write("report.md", markdown(&curves, &arguments.split).as_bytes()).await?;
        for (file, axis, of) in FIGURES {
            let file = format!("{file}.svg");
            store.write(&file, figure(&curves, axis, of).as_bytes()).await?;
        }
    }
    match arguments.json {
        true => out::json(&curves)?,
        false => out::line(markdown(&curves, &arguments.split))?,
    }
    Ok(Exit::Fine)
}

/// Every sparsity with what its draws come to.
fn by_sparsity(curve: &Curve, of: Of) -> Vec<(f64, Summary)> {
    let mut sparsities: Vec<f64> = curve.points.iter().map(|point| point.sparsity).collect();
    sparsities.dedup();
    let at = |sparsity: f64| -> Option<(f64, Summary)> {
        let points = curve.points.iter().filter(|point| point.sparsity == sparsity);
        Some((sparsity, summary(&points.map(of).collect::<Vec<f64>>())?))
    };
    sparsities.into_iter().filter_map(at).collect()
}

/// As Markdown: a table for each model.
fn markdown(curves: &[Curve], split: &str) -> String {
    let mut text = "# Random sparsity\n".to_owned();
    for curve in curves {
        let (model, parameters) = (&curve.model, out::thousands(curve.parameters as u64));
        let _ = write!(text, "\n{model}, {parameters} parameters, on {split}:\n\n");
        text.push_str("| weights at 0 | accuracy, % | variance of the answers |\n|---|---|---|\n");
        let [accuracies, variances] = FIGURES.map(|(_, _, of)| by_sparsity(curve, of));
        let between = |summary: &Summary, digits: usize| match summary.interval {
            Some([low, high]) => format!("{:.digits$} [{low:.digits$}, {high:.digits$}]", summary.mean),
            None => format!("{:.digits$}", summary.mean),
        };
        for ((sparsity, accuracy), (_, variance)) in accuracies.iter().zip(&variances) {
            let (accuracy, variance) = (between(accuracy, 1), between(variance, 4));
            let _ = writeln!(text, "| {:.1} % | {accuracy} | {variance} |", 100.0 * sparsity);
        }
        let [right, sure] = curve.follows;
        let _ = writeln!(
            text,
            "\nOver all draws sparsity correlates with the variance by {sure:.3}, with accuracy by {right:.3} (Pearson)."
        );
    }
    text + "\nMeans over the draws of weights and their 95 % intervals (Student's t).\n"
}

/// How accuracy, and how the variance, follow sparsity over all draws: Pearson's correlations.
fn follows(points: &[Point]) -> [f64; 2] {
    let sparsities: Vec<f64> = points.iter().map(|point| point.sparsity).collect();
    FIGURES.map(|(_, _, of)| pearson(&sparsities, &points.iter().map(of).collect::<Vec<f64>>()))
}

/// Means as lines, their intervals as bars, a line for each model.
fn figure(curves: &[Curve], axis: &str, of: Of) -> String {
    let line = |curve: &Curve| {
        let point = |(sparsity, summary): (f64, Summary)| (100.0 * sparsity, summary.mean, summary.interval);
        Line { name: curve.model.clone(), points: by_sparsity(curve, of).into_iter().map(point).collect() }
    };
    figure::lines(&curves.iter().map(line).collect::<Vec<_>>(), "weights set to zero at random, %", axis)
}
