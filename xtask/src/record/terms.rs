//! Every line of a recipe on one sentence, alone: what it comes to, and how long its slope on the student's weights is.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use toml::Value as Toml;

use super::{Desk, trim::rounded};

/// Recipes as they are told and as run files name them.
const RECIPES: [(&str, &str); 10] = [
    ("KD", "kd"),
    ("PKD-Skip", "pkd_skip"),
    ("PKD-Last", "pkd_last"),
    ("DKD", "dkd"),
    ("DistilBERT", "distilbert"),
    ("MiniLM", "minilm"),
    ("MiniLMv2", "minilmv2"),
    ("TinyBERT", "tinybert"),
    ("Mixbaseline", "mixbaseline"),
    ("soft only", "soft_only"),
];
/// What `retort methods NAME` prints before the run file.
const BEFORE: &str = "left out:\n";

/// All of them, as JSON.
///
/// # Errors
/// When a run fails.
pub fn record(desk: &Desk) -> Result<String> {
    let mut lines = vec![];
    for (title, name) in RECIPES {
        let told = desk.plain(&["methods", name])?;
        let (_, text) = told.split_once(BEFORE).context("a run file in what `retort methods` prints")?;
        let run: toml::Table = toml::from_str(text)?;
        let phases = run["phases"].as_array().context("phases")?;
        for (at, phase) in phases.iter().enumerate() {
            let objectives = phase["objectives"].as_array().context("objectives")?;
            for (place, objective) in objectives.iter().enumerate() {
                let losses = first(desk, name, phase, objective, &format!("terms/{name}-{at}-{place}"))?;
                lines.push(json!({
                    "recipe": title,
                    "phase": phase["name"].as_str(),
                    "method": objective["method"].as_str(),
                    "value": losses["total"],
                    "slope": losses["grad_norm"],
                }));
            }
        }
    }
    Ok(rounded(json!(lines)).to_string())
}

/// The losses of the first step of a phase with one of its lines, on one sentence.
fn first(desk: &Desk, recipe: &str, phase: &Toml, line: &Toml, name: &str) -> Result<Value> {
    let mut phase = phase.as_table().context("a phase")?.clone();
    phase.remove("epochs");
    for key in ["steps", "batch", "log_every", "accumulate"] {
        phase.insert(key.into(), Toml::Integer(1));
    }
    phase.insert("objectives".into(), Toml::Array(vec![line.clone()]));
    let [recipe, phases] = [format!("recipe={recipe}"), format!("phases=[{}]", inline(&Toml::Table(phase)))];
    let sets = ["--set", &recipe, "--set", &phases, "--set", "control=false"];
    desk.distil(name, "www/studies/films.toml", &sets)?;
    let log = desk.read(&format!("{name}/metrics.jsonl"))?;
    let events = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut losses = events.filter(|event| event["event"] == "step").map(|event| event["losses"].clone());
    losses.next().filter(Value::is_object).with_context(|| format!("{name}: wanted the losses of a step, found none"))
}

/// TOML in one line.
fn inline(value: &Toml) -> String {
    match value {
        Toml::Table(table) => {
            let pairs: Vec<String> = table.iter().map(|(key, value)| format!("{key} = {}", inline(value))).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        Toml::Array(all) => format!("[{}]", all.iter().map(inline).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phase_in_a_line_is_the_same_phase() {
        let text = "name = \"a\"\nsteps = 1\n[[objectives]]\nmethod = \"kd\"\nalpha = 0.5\n[optimizer]\nbetas = [0.9, 0.999]\n";
        let table: Toml = toml::from_str(text).unwrap();
        let line = inline(&table);
        let again: toml::Table = toml::from_str(&format!("x = {line}")).unwrap();
        assert_eq!((again["x"].clone(), line.lines().count()), (table, 1));
    }
}
