//! `retort pilot`: how right and how sure classifiers are when some of their weights are gone.

use plotters::prelude::*;
use retort_core::{
    Error, Result,
    data::{self, Encodings},
    platform::{self, Store},
    run::Data,
    score::pilot::{Point, point},
    study::{Summary, summary},
};
use serde::Serialize;

use super::{Exit, On, model, out, show::bar};

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
    /// Also write pilot.json and the figures here
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
        curves.push(Curve { model: name.clone(), parameters: loaded.model.parameters(), points });
    }
    if let Some(to) = &arguments.out {
        let store = Store::open(to).await?;
        let json = serde_json::to_vec_pretty(&curves).map_err(|error| Error::storage("pilot.json", error))?;
        store.write("pilot.json", &json).await?;
        for (file, axis, of) in FIGURES {
            let file = format!("{file}.svg");
            let svg = figure(&curves, axis, of).map_err(|error| Error::storage(&file, error))?;
            store.write(&file, svg.as_bytes()).await?;
        }
    }
    match arguments.json {
        true => out::json(&curves)?,
        false => print(&curves, &arguments.split)?,
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

fn print(curves: &[Curve], split: &str) -> Result<()> {
    for curve in curves {
        out::line(format!("{}, {} parameters, on {split}\n", curve.model, out::thousands(curve.parameters as u64)))?;
        let [accuracies, variances] = FIGURES.map(|(_, _, of)| by_sparsity(curve, of));
        let between = |summary: &Summary, digits: usize| match summary.interval {
            Some([low, high]) => format!("{:.digits$} [{low:.digits$}, {high:.digits$}]", summary.mean),
            None => format!("{:.digits$}", summary.mean),
        };
        let rows: Vec<[String; 3]> = accuracies
            .iter()
            .zip(&variances)
            .map(|((sparsity, accuracy), (_, variance))| {
                [format!("{:.1} %", 100.0 * sparsity), between(accuracy, 1), between(variance, 4)]
            })
            .collect();
        out::table(["sparsity", "accuracy, %", "variance"], &rows)?;
        out::line("")?;
    }
    out::line("Means over the draws and their 95 % intervals (Student's t).")
}

type Drawn<T> = std::result::Result<T, DrawingAreaErrorKind<std::io::Error>>;

/// Means as lines, their intervals as bars, a line for each model.
fn figure(curves: &[Curve], axis: &str, of: Of) -> Drawn<String> {
    const COLOURS: [RGBColor; 4] = [
        RGBColor(0x0b, 0x5c, 0xad),
        RGBColor(0xa8, 0x45, 0x00),
        RGBColor(0x2d, 0x7d, 0x46),
        RGBColor(0x6b, 0x3f, 0xa0),
    ];
    let lines: Vec<Vec<(f64, Summary)>> = curves.iter().map(|curve| by_sparsity(curve, of)).collect();
    let ends = |(_, summary): &(f64, Summary)| summary.interval.unwrap_or([summary.mean; 2]);
    let values = || lines.iter().flatten().flat_map(ends);
    let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
    let room = ((high - low) * 0.08).max(1e-6);
    let widest = lines.iter().flatten().map(|(sparsity, _)| 100.0 * sparsity).fold(1e-6, f64::max);
    let mut svg = String::new();
    {
        let canvas = SVGBackend::with_string(&mut svg, (720, 420)).into_drawing_area();
        canvas.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&canvas)
            .margin(16)
            .x_label_area_size(44)
            .y_label_area_size(64)
            .build_cartesian_2d(0.0..widest * 1.02, low - room..high + room)?;
        chart
            .configure_mesh()
            .light_line_style(WHITE)
            .x_desc("weights set to zero at random, %")
            .y_desc(axis)
            .draw()?;
        for (place, (curve, line)) in curves.iter().zip(&lines).enumerate() {
            let colour = COLOURS[place % COLOURS.len()];
            let at = |(sparsity, summary): &(f64, Summary)| (100.0 * sparsity, summary.mean);
            let path = PathElement::new(line.iter().map(at).collect::<Vec<_>>(), colour.stroke_width(2));
            chart
                .draw_series([path])?
                .label(&curve.model)
                .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 18, y)], colour.stroke_width(2)));
            chart.draw_series(line.iter().map(|one| {
                let ([low, high], (x, _)) = (ends(one), at(one));
                PathElement::new(vec![(x, low), (x, high)], colour.stroke_width(1))
            }))?;
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::LowerLeft)
            .border_style(BLACK)
            .background_style(WHITE.filled())
            .draw()?;
        canvas.present()?;
    }
    Ok(svg)
}
