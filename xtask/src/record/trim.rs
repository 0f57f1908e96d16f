//! What is kept of what the program told: few events, and numbers in few digits.

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

/// Digits that count.
const DIGITS: i32 = 5;

/// The same with all numbers in few digits; whole ones stay whole.
pub fn rounded(value: Value) -> Value {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() => json!(short(float)),
            _ => Value::Number(number),
        },
        Value::Array(all) => all.into_iter().map(rounded).collect(),
        Value::Object(all) => all.into_iter().map(|(key, value)| (key, rounded(value))).collect::<Map<_, _>>().into(),
        other => other,
    }
}

/// A number in few digits.
fn short(value: f64) -> f64 {
    format!("{value:.*e}", DIGITS as usize - 1).parse().unwrap_or(value)
}

/// Which losses of a step are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Losses {
    /// None: no steps at all.
    None,
    /// The divergence from the teacher alone.
    Distance,
}

/// The lines of a log that are kept: how the run began and ended, evaluations, cuts, and steps with these losses.
///
/// # Errors
/// When a line is no event.
pub fn events(log: &str, losses: Losses) -> Result<String> {
    let mut text = String::new();
    for line in log.lines().filter(|line| !line.trim().is_empty()) {
        let event: Value = serde_json::from_str(line).context("a line that is no event")?;
        let kept = match event["event"].as_str() {
            Some("started" | "eval" | "done") => Some(event),
            Some("shrunk") if event["who"] == "student" => Some(event),
            Some("step") => step(event, losses),
            _ => None,
        };
        if let Some(event) = kept {
            text += &format!("{}\n", rounded(event));
        }
    }
    Ok(text)
}

/// A step with the losses that are kept of it.
fn step(mut event: Value, losses: Losses) -> Option<Value> {
    let all = event.get("losses")?.as_object()?.clone();
    let kl = all.get("terms")?.get("kl").filter(|_| losses == Losses::Distance)?;
    let mut kept =
        json!({ "total": all["total"], "terms": { "kl": kl }, "grad_norm": all["grad_norm"], "control": null });
    if let Some(share) = all.get("kept") {
        kept["kept"] = share.clone();
    }
    event["losses"] = kept;
    Some(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_five_digits_and_their_size() {
        let value = json!({ "a": [0.123_456_789, 1.0, -1234.5678, 1e-12], "b": 7, "c": "0.123456789" });
        assert_eq!(rounded(value), json!({ "a": [0.123_46, 1.0, -1234.6, 1e-12], "b": 7, "c": "0.123456789" }));
    }

    #[test]
    fn a_log_keeps_what_is_shown() {
        let log = "{\"event\":\"started\",\"seed\":1}\n{\"event\":\"phase\",\"index\":0}\n\
                   {\"event\":\"step\",\"step\":1,\"losses\":null}\n\
                   {\"event\":\"step\",\"step\":2,\"losses\":{\"total\":0.5,\"terms\":{\"kl\":0.25,\"ce\":1.0},\"weighted\":{\"kl\":0.25},\"grad_norm\":1.0,\"control\":0.75}}\n\
                   {\"event\":\"shrunk\",\"who\":\"control\"}\n{\"event\":\"saved\"}\n";
        assert_eq!(events(log, Losses::None).unwrap(), "{\"event\":\"started\",\"seed\":1}\n");
        let kept = events(log, Losses::Distance).unwrap();
        let step: Value = serde_json::from_str(kept.lines().nth(1).unwrap()).unwrap();
        let wanted = json!({ "total": 0.5, "terms": { "kl": 0.25 }, "grad_norm": 1.0, "control": null });
        assert_eq!((kept.lines().count(), &step["losses"]), (2, &wanted));
        assert!(events("no event", Losses::None).is_err());
    }
}
