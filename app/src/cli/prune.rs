//! `retort prune`: a model without the heads and neurons that matter least.

use std::collections::BTreeMap;

use retort_core::{
    Error, Result, checkpoint,
    model::{
        Model, Task,
        onnx::{ONNX, onnx},
    },
    platform::{self, Store},
    prune::{self, Cut, Share, Spread, Target},
    score::Scores,
    train::judge,
};
use serde::Serialize;

use super::{
    Exit, On, export,
    model::Loaded,
    out,
    score::{Found, How},
    show::bar,
};

/// Largest difference between what is left and the model with the rest silenced.
const CLOSE: f64 = 1e-5;

/// Removes units of a model.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A Hugging Face directory, a run directory, or a model that comes with the program
    model: String,
    /// Where the smaller model goes
    #[arg(long, value_name = "DIR", required_unless_present = "plan")]
    out: Option<String>,
    /// Per cent of the heads and of the neurons that are removed
    #[arg(long, value_name = "SHARE", default_value_t = 30.0)]
    percent: f64,
    /// Per cent of the heads, where it is another
    #[arg(long, value_name = "SHARE")]
    heads: Option<f64>,
    /// Per cent of the neurons, where it is another
    #[arg(long, value_name = "SHARE")]
    neurons: Option<f64>,
    /// Whom a unit competes with: those of the whole model, or those of its layer
    #[arg(long, value_name = "WHOM", default_value = "model", value_parser = spread)]
    spread: Spread,
    /// A layer keeps a multiple of so many neurons
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    multiple: usize,
    /// Scores that `retort score --json` told of the model; without, it is scored now
    #[arg(long, value_name = "FILE")]
    scores: Option<String>,
    #[command(flatten)]
    how: How,
    /// Also write the small model as model.onnx
    #[arg(long, conflicts_with = "plan")]
    onnx: bool,
    /// Only say what would go, and what the rest could be written as
    #[arg(long)]
    plan: bool,
    #[command(flatten)]
    on: On,
    /// Print everything as one line of JSON
    #[arg(long)]
    json: bool,
}

fn spread(text: &str) -> std::result::Result<Spread, String> {
    match text {
        "model" => Ok(Spread::Model),
        "layer" => Ok(Spread::Layer),
        _ => Err("wanted model or layer".into()),
    }
}

/// Everything there is to tell.
#[derive(Serialize)]
struct Told {
    model: String,
    model_hash: String,
    share: Share,
    /// `[heads, neurons]` of each layer, before and after.
    layers: Vec<[[usize; 2]; 2]>,
    parameters: [usize; 2],
    bytes: [usize; 2],
    /// Of one text of this many tokens.
    tokens: usize,
    operations: [u64; 2],
    /// What the rest can be written as; why not, where it cannot.
    targets: BTreeMap<&'static str, Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    done: Option<Done>,
}

/// What was measured of the smaller model.
#[derive(Serialize)]
struct Done {
    out: String,
    /// From the model with the rest silenced, the largest of all logits.
    difference: f64,
    split: String,
    accuracy: [f64; 2],
    loss: [f64; 2],
    texts_per_second: [f64; 2],
    adapter: String,
}

/// Removes the units, and tells what is left.
pub async fn run(arguments: Arguments) -> Result<Exit> {
    let scoring = arguments.how.scoring()?;
    let share = Share {
        heads: arguments.heads.unwrap_or(arguments.percent),
        neurons: arguments.neurons.unwrap_or(arguments.percent),
        spread: arguments.spread,
        multiple: arguments.multiple,
    };
    share.check("--")?;
    let to = match &arguments.out {
        Some(out) => Some((out.clone(), export::empty(out).await?)),
        None => None,
    };
    let found = arguments.how.find(&arguments.model, &arguments.on).await?;
    let (model, device) = (&found.model.model, &found.opened.device);
    let hash = checkpoint::hash(model).await?;
    let scores = match &arguments.scores {
        Some(path) => Scores::read(path, &platform::read_file(path).await?, &hash)?,
        None => found.looked().score(&scoring, &mut bar(arguments.json, "batches")).await?,
    };
    let cut = prune::select(&arguments.model, model.config(), &scores.units(), share)?;
    let small = cut.apply(&arguments.model, model, device)?;
    let mut told = told(&found, &small, hash, share);
    if !arguments.json {
        plan(&told)?;
    }
    if let Some((out, store)) = to {
        let difference = prune::difference([model, &small], &cut, &found.texts, scoring.batch, device).await?;
        write(&found, &store, &small, &told, &cut).await?;
        if arguments.onnx {
            store.write(ONNX, &onnx(&small).await?).await?;
        }
        told.done = Some(measure(&found, small, out, difference).await?);
    }
    if arguments.json {
        out::json(&told)?;
    } else if let Some(done) = &told.done {
        print(done)?;
    }
    Ok(match &told.done {
        Some(done) if done.difference > CLOSE => Exit::Failed,
        _ => Exit::Fine,
    })
}

fn told(found: &Found, small: &Model, model_hash: String, share: Share) -> Told {
    let models = [&found.model.model, small];
    let sizes = models.map(|model| model.config().sizes());
    let layers = sizes[0].iter().zip(&sizes[1]);
    let parameters = models.map(Model::parameters);
    let name = |target| match target {
        Target::Stock => "stock",
        Target::Padded => "padded",
        Target::Compact => "compact",
    };
    let tokens = found.texts.longest();
    Told {
        model: found.model.name.clone(),
        model_hash,
        share,
        layers: layers.map(|(a, b)| [[a.heads, a.neurons], [b.heads, b.neurons]]).collect(),
        parameters,
        bytes: parameters.map(|count| 4 * count),
        tokens,
        operations: models.map(|model| model.operations(tokens)),
        targets: Target::of(small.config()).into_iter().map(|(target, why)| (name(target), why)).collect(),
        done: None,
    }
}

/// Writes the files: for `transformers`, and beside them what is gone.
async fn write(found: &Found, store: &Store, small: &Model, told: &Told, cut: &Cut) -> Result<()> {
    let mut files = prune::files(small, &found.opened.device).await?;
    let dirs: Vec<&str> = match files.contains_key(&format!("{}config.json", prune::COMPACT)) {
        true => vec!["", prune::COMPACT],
        false => vec![""],
    };
    let map =
        serde_json::json!({ "model": told.model, "model_hash": told.model_hash, "share": told.share, "kept": cut });
    let map = serde_json::to_vec_pretty(&map).map_err(|error| Error::storage("sparsity.json", error))?;
    for dir in dirs {
        files.insert(format!("{dir}tokenizer.json"), found.model.tokenizer.json().to_vec());
        files.insert(format!("{dir}sparsity.json"), map.clone());
    }
    files.insert("README.md".into(), card(found, told)?.into_bytes());
    for (name, bytes) in files {
        store.write(&name, &bytes).await?;
    }
    Ok(())
}

/// The model card.
fn card(found: &Found, told: &Told) -> Result<String> {
    let class = match found.model.model.config().task(&told.model)? {
        Task::Classification => "AutoModelForSequenceClassification",
        Task::MaskedLm => "AutoModelForMaskedLM",
        Task::CausalLm => "AutoModelForCausalLM",
    };
    let small = match told.targets.get("stock") {
        Some(None) => "This directory is as small as the model.".to_owned(),
        _ => format!("This directory has zeros where units are gone; `{}` is as small as the model.", prune::COMPACT),
    };
    let layers: Vec<String> = told
        .layers
        .iter()
        .enumerate()
        .map(|(layer, [before, after])| {
            format!("| {layer} | {} of {} | {} of {} |", after[0], before[0], after[1], before[1])
        })
        .collect();
    Ok(format!(
        "---\nlibrary_name: transformers\ntags:\n- pruning\n- retort\n---\n\n# {} without some of its units\n\n\
         Made by Retort from weights with the SHA-256 {}. {} of {} parameters are left. {small} \
         `sparsity.json` says which units stayed.\n\n| layer | heads | neurons |\n|---|---|---|\n{}\n\n\
         ```python\nfrom transformers import {class}\n\nmodel = {class}.from_pretrained(\".\")\n```\n",
        told.model,
        told.model_hash,
        told.parameters[1],
        told.parameters[0],
        layers.join("\n"),
    ))
}

/// How good and how fast both are.
async fn measure(found: &Found, small: Model, out: String, difference: f64) -> Result<Done> {
    let Found { model, texts, opened, .. } = found;
    let small = Loaded { name: out.clone(), model: small, tokenizer: model.tokenizer.clone(), labels: vec![] };
    let [before, after] = [figures(model, found).await?, figures(&small, found).await?];
    let speed = [model.speed(texts, opened).await?, small.speed(texts, opened).await?];
    Ok(Done {
        out,
        difference,
        split: found.split.clone(),
        accuracy: [before.0, after.0],
        loss: [before.1, after.1],
        texts_per_second: speed,
        adapter: opened.adapter.to_string(),
    })
}

/// Accuracy and loss.
async fn figures(model: &Loaded, found: &Found) -> Result<(f64, f64)> {
    let answers = judge(&model.model, &found.texts, None, &found.opened.device).await?;
    let eval = answers.figures(&found.labels, None);
    Ok((eval.accuracy, eval.loss))
}

fn plan(told: &Told) -> Result<()> {
    let change = |[before, after]: [usize; 2]| match before == after {
        true => before.to_string(),
        false => format!("{before} → {after}"),
    };
    let rows: Vec<[String; 3]> = told
        .layers
        .iter()
        .enumerate()
        .map(|(layer, [a, b])| [layer.to_string(), change([a[0], b[0]]), change([a[1], b[1]])])
        .collect();
    out::table(["layer", "heads", "neurons"], &rows)?;
    let less = |[before, after]: [u64; 2]| 100.0 * (after as f64 / before.max(1) as f64 - 1.0);
    let line = |what: &str, counts: [u64; 2]| {
        let [before, after] = counts.map(out::thousands);
        out::line(format!("{what:<16} {before} → {after} ({:+.1} %)", less(counts)))
    };
    out::line("")?;
    line("parameters", told.parameters.map(|count| count as u64))?;
    line("bytes", told.bytes.map(|count| count as u64))?;
    line("multiplications", told.operations)?;
    out::line(format!("                 of one text of {} tokens\n", told.tokens))?;
    for (target, what) in [
        ("stock", "a small directory for transformers"),
        ("padded", "a directory for transformers, with zeros in the gaps"),
        ("compact", "a small directory for Retort"),
    ] {
        let why = told.targets.get(target).cloned().flatten();
        out::line(match why {
            None => format!("yes  {what}"),
            Some(why) => format!("no   {what}: {why}"),
        })?;
    }
    Ok(())
}

fn print(done: &Done) -> Result<()> {
    out::line(format!("\non {}, {}", done.split, done.adapter))?;
    let [before, after] = done.accuracy.map(|accuracy| format!("{:.2} %", 100.0 * accuracy));
    out::line(format!("accuracy         {before} → {after}"))?;
    out::line(format!("loss             {:.4} → {:.4}", done.loss[0], done.loss[1]))?;
    let [before, after] = done.texts_per_second;
    out::line(format!("texts a second   {before:.0} → {after:.0} ({:.2} times)", after / before.max(1e-9)))?;
    let verdict = if done.difference > CLOSE { "MORE than" } else { "within" };
    out::line(format!(
        "logits           {:.1e} from those of the model with the rest silenced, {verdict} {CLOSE:.0e}",
        done.difference
    ))?;
    out::line(format!("{} holds the smaller model", done.out))
}
