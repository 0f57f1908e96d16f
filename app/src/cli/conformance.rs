//! `retort conformance`: a device against numbers that are known to be right.

use retort_core::{
    Error, Result,
    conformance::{self, Outcome},
    platform::{self, Store},
};

use super::{Exit, On, out};

/// Runs cases.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A folder of cases (*.safetensors)
    #[arg(value_name = "DIR")]
    folder: String,
    #[command(flatten)]
    on: On,
    /// One case a line, as JSON
    #[arg(long)]
    json: bool,
}

/// Runs every case and prints each one's worst error as a share of what is allowed.
pub async fn run(arguments: Arguments) -> Result<Exit> {
    let store = Store::open_existing(&arguments.folder).await?;
    let opened = platform::open(arguments.on.device).await?;
    if !arguments.json {
        out::line(format!("on {}; errors as a share of what is allowed", opened.adapter))?;
    }
    let (mut passed, mut failed, mut unknown) = (0, 0, 0);
    let mut printed = Ok(());
    let mut show = |outcome: Outcome| {
        let count = match (outcome.passed, outcome.unknown) {
            (true, _) => &mut passed,
            (false, true) => &mut unknown,
            (false, false) => &mut failed,
        };
        *count += 1;
        if printed.is_ok() {
            printed = if arguments.json { out::json(&outcome) } else { out::line(line(&outcome)) };
        }
    };
    conformance::run_folder(&store, &opened.device, &mut show).await?;
    printed?;
    if passed + failed + unknown == 0 {
        return Err(Error::input(&arguments.folder, "cases (*.safetensors)", "none"));
    }
    if !arguments.json {
        out::line(format!("{passed} passed, {failed} failed, {unknown} of unknown operations"))?;
    }
    Ok(if failed + unknown == 0 { Exit::Fine } else { Exit::Failed })
}

fn line(outcome: &Outcome) -> String {
    let verdict = match (outcome.passed, outcome.unknown) {
        (true, _) => "passed",
        (false, true) => "unknown",
        (false, false) => "FAILED",
    };
    let worst = if outcome.worst.is_finite() { format!("{:.4}", outcome.worst) } else { "-".into() };
    format!("{verdict:<7}  {:<36}  {worst:>10}  {}", outcome.case, outcome.detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_a_line_with_its_error_or_without() {
        let outcome = Outcome {
            case: "logit-kd-0".into(),
            op: "logit_loss".into(),
            worst: 0.25,
            detail: "loss".into(),
            passed: true,
            unknown: false,
        };
        assert_eq!(line(&outcome), format!("passed   {:<36}      0.2500  loss", "logit-kd-0"));
        let lost = Outcome { worst: f64::INFINITY, passed: false, unknown: true, ..outcome };
        assert!(line(&lost).starts_with("unknown") && line(&lost).contains(" -  loss"), "{}", line(&lost));
    }
}
