//! `retort bench`: what a device can do.

use retort_core::{
    Result,
    bench::{self, Row},
    platform,
};

use super::{Exit, On, out};

mod contend;
mod profile;

/// Measures a device.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    on: On,
    /// Fewer and smaller sizes, fewer runs
    #[arg(long)]
    quick: bool,
    /// Take steps of this size apart instead: tiny, demo, small or base
    #[arg(long, value_name = "SIZE")]
    profile: Option<String>,
    /// Steps that a profile is of
    #[arg(long, default_value_t = 5, requires = "profile")]
    steps: usize,
    /// Take steps of this size as lines {"steps": n} of standard input ask for them, for comparisons
    #[arg(long, value_name = "SIZE", conflicts_with = "profile")]
    contend: Option<String>,
    /// With --contend: write the models, the batch and the first losses there instead
    #[arg(long, value_name = "DIR", requires = "contend")]
    lesson: Option<String>,
    /// Print the whole report as one line of JSON
    #[arg(long)]
    json: bool,
}

/// Prints each median as it comes.
pub async fn run(arguments: Arguments) -> Result<Exit> {
    let opened = platform::open(arguments.on.device).await?;
    if let Some(size) = &arguments.profile {
        return profile::run(&opened, size, arguments.steps, arguments.json).await;
    }
    match (&arguments.contend, &arguments.lesson) {
        (Some(size), Some(at)) => return contend::write(&opened, size, at).await,
        (Some(size), None) => return contend::run(&opened, size).await,
        (None, _) => {}
    }
    let adapter = &opened.adapter;
    if !arguments.json {
        out::line(format!("on {adapter}, {}", adapter.driver))?;
        if !adapter.note.is_empty() {
            out::line(format!("   {}", adapter.note))?;
        }
        if adapter.software {
            out::line("   a software adapter: these figures say nothing about graphics hardware")?;
        }
        out::line("")?;
    }
    let mut printed = Ok(());
    let mut show = |row: Row| {
        if printed.is_ok() && !arguments.json {
            printed = out::line(line(&row, adapter.software));
        }
    };
    let report = bench::run(&opened, arguments.quick, &mut show).await?;
    printed?;
    if arguments.json {
        out::json(&report)?;
    }
    Ok(Exit::Fine)
}

fn line(row: &Row, software: bool) -> String {
    let on = if software { ", software adapter" } else { "" };
    format!("{:<84} {:>10.3} {:<8} median of {}{on}; {}", row.name, row.value, row.unit, row.runs, row.note)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_software_adapters_are_labelled_in_every_line() {
        let row =
            Row { name: "copy".into(), value: 1.5, unit: "GB/s".into(), runs: 7, note: "read and written".into() };
        assert!(line(&row, false).ends_with("1.500 GB/s     median of 7; read and written"), "{}", line(&row, false));
        assert!(line(&row, true).contains("median of 7, software adapter; "), "{}", line(&row, true));
    }
}
