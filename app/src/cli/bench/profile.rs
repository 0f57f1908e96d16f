//! A step, taken apart: a table of its kernels.

use retort_core::{
    Result,
    bench::{
        profile::{self, Kernel, Profile},
        step::Size,
    },
    platform::Opened,
};

use crate::cli::{Exit, out};

/// Prints the table of one size.
pub async fn run(opened: &Opened, size: &str, steps: usize, json: bool) -> Result<Exit> {
    let profile = profile::run(opened, &Size::named(size)?, steps).await?;
    match json {
        true => out::json(&profile)?,
        false => out::line(markdown(&profile))?,
    }
    Ok(Exit::Fine)
}

/// The sentences, and the table.
fn markdown(profile: &Profile) -> String {
    let mut text = profile.told() + "\n";
    if profile.kernels.is_empty() {
        return text;
    }
    text += "\n| kernel | launches | ms | share | GB/s | GFLOP/s |\n|---|---|---|---|---|---|\n";
    for kernel in &profile.kernels {
        let Kernel { name, launches, time, .. } = kernel;
        let share = 100.0 * time / profile.kernels();
        let [moved, computed] = kernel.rates().map(|rate| rate.map_or_else(String::new, |rate| format!("{rate:.2}")));
        text += &format!("| {name} | {launches:.0} | {time:.2} | {share:.1} % | {moved} | {computed} |\n");
    }
    text
}
