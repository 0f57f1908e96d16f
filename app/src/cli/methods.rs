//! `retort methods`: what can be learned.

use retort_core::{Result, objective::METHODS};
use serde_json::{Map, Value, json};

use super::{Exit, out};

/// Lists the objectives.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// One method a line, as JSON
    #[arg(long)]
    json: bool,
}

/// Prints every objective: its name in run files, formula, paper and settings.
pub fn run(arguments: &Arguments) -> Result<Exit> {
    for entry in METHODS {
        let defaults = (entry.defaults)();
        if arguments.json {
            out::json(&json!({
                "name": entry.name,
                "formula": entry.formula,
                "paper": entry.paper,
                "defaults": defaults,
            }))?;
            continue;
        }
        out::line(entry.name)?;
        out::line(format!("  formula   {}", entry.formula))?;
        out::line(format!("  paper     {}", entry.paper))?;
        let settings = settings(defaults.as_object().unwrap_or(&Map::new()));
        if !settings.is_empty() {
            out::line(format!("  settings  {settings}"))?;
        }
        out::line("")?;
    }
    Ok(Exit::Fine)
}

/// The defaults as a run file would state them.
fn settings(defaults: &Map<String, Value>) -> String {
    defaults.iter().map(|(name, value)| format!("{name} = {value}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_read_as_in_a_run_file() {
        let defaults = json!({ "alpha": 0.5, "mode": "row" });
        assert_eq!(settings(defaults.as_object().unwrap()), r#"alpha = 0.5, mode = "row""#);
    }
}
