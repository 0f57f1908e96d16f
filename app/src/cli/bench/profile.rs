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

/// The table, and the sentences before it.
fn markdown(profile: &Profile) -> String {
    let Profile { size, adapter, steps, first, whole, host, launches, .. } = profile;
    let [product, copy] = profile.ceilings;
    let label = if adapter.software { ", software adapter" } else { "" };
    let mut text = format!(
        "step {size}, {}{label}: {whole:.2} ms (median of {steps}), first step {first:.0} ms; {host:.2} ms until all is \
         asked for; {:.2} GFLOP of matrix products, {:.0} % of the {product:.1} GFLOP/s that one reaches at best\n",
        adapter.name,
        2.0 * profile.operations as f64 / 1e9,
        100.0 * profile.reached(),
    );
    if profile.kernels.is_empty() {
        return text;
    }
    let clock = if profile.clocked { "by the adapter's clock" } else { "by the program's clock, waiting for each" };
    text += &format!(
        "{launches:.0} launches, {:.2} ms {clock}; a copy reaches {copy:.1} GB/s\n\n\
         | kernel | launches | ms | share | GB/s | GFLOP/s |\n|---|---|---|---|---|---|\n",
        profile.kernels()
    );
    for kernel in &profile.kernels {
        let Kernel { name, launches, time, .. } = kernel;
        let share = 100.0 * time / profile.kernels();
        let [moved, computed] = rates(kernel);
        text += &format!("| {name} | {launches:.0} | {time:.2} | {share:.1} % | {moved} | {computed} |\n");
    }
    text
}

/// GB/s and GFLOP/s, where they are known.
fn rates(kernel: &Kernel) -> [String; 2] {
    let Some([bytes, operations]) = kernel.work else { return [String::new(), String::new()] };
    let rate = |count: u64| if count == 0 { String::new() } else { format!("{:.2}", count as f64 / kernel.time / 1e6) };
    [rate(bytes), rate(2 * operations)]
}
