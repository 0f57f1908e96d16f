//! Retort beside its peers: the same step, in turns, in one run.

use std::collections::BTreeMap;
use std::process::{ExitCode, Stdio};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::Value;

use crate::setup::{self, Need};
use crate::shell::{Shop, run};

/// Where Retort takes part, and whom it is compared with there.
const MATCHES: [(&str, &[&str]); 3] = [
    ("retort-webgpu", &["jax-webgpu", "tfjs-webgpu"]),
    ("retort-wasm", &["jax-wasm", "tfjs-wasm"]),
    ("retort-cpu", &["torch-2", "torch-1"]),
];

/// What to measure.
#[derive(Args)]
pub struct Bench {
    /// Retort beside jax-js, TensorFlow.js and PyTorch
    #[arg(long, required = true)]
    peers: bool,
    /// Sizes of the step
    #[arg(long, value_delimiter = ',', default_value = "tiny,small,base")]
    sizes: Vec<String>,
    /// Whom to leave out
    #[arg(long, value_delimiter = ',')]
    without: Vec<String>,
    /// Turns of each
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Steps of a turn
    #[arg(long, default_value_t = 3)]
    steps: usize,
}

/// Medians of one contender.
struct Measured {
    median: f64,
    min: f64,
    max: f64,
    steps: u64,
    first: f64,
}

impl Bench {
    /// Installs the peers, takes turns, prints the table.
    ///
    /// # Errors
    /// When something cannot be installed or built, or takes another step than Retort.
    pub fn run(self, shop: &Shop) -> Result<ExitCode> {
        use Need::{Charts, Chromium, Page, Peers, Playwright, Python, Vulkan, Wasm};
        for need in [Wasm, Page, Vulkan, Charts, Playwright, Peers, Chromium, Python] {
            need.meet(shop)?;
        }
        shop.build()?;
        shop.build_page()?;
        let lessons = shop.cache.join("lessons");
        for size in &self.sizes {
            let at = lessons.join(size);
            run(shop.command(shop.retort()).args(["bench", "--device", "cpu", "--contend", size, "--lesson"]).arg(at))?;
        }
        let mut table =
            String::from("| size | who | ms, median | min to max | steps | first step, ms | peer ÷ Retort |\n");
        table += "|---|---|---|---|---|---|---|\n";
        for size in &self.sizes {
            let measured = self.measure(shop, &lessons, size)?;
            for (retort, peers) in MATCHES {
                let Some(own) = measured.get(retort) else { continue };
                for who in [&[retort][..], peers].concat() {
                    if let Some(one) = measured.get(who) {
                        let Measured { median, min, max, steps, first } = one;
                        let ratio = if who == retort { String::new() } else { format!("{:.2}×", median / own.median) };
                        table += &format!(
                            "| {size} | {who} | {median:.1} | {min:.1} to {max:.1} | {steps} | {first:.0} | {ratio} |\n"
                        );
                    }
                }
            }
        }
        println!("\n{table}");
        Ok(ExitCode::SUCCESS)
    }

    /// One size, everybody in turns.
    fn measure(&self, shop: &Shop, lessons: &std::path::Path, size: &str) -> Result<BTreeMap<String, Measured>> {
        let all = MATCHES.iter().flat_map(|(retort, peers)| [&[*retort][..], peers].concat());
        let all: Vec<&str> = all.filter(|who| !self.without.iter().any(|without| without == who)).collect();
        let mut node = shop.command("node");
        node.args(["tests/peers/trial.mjs"]).arg(lessons).args(["--sizes", size, "--contenders", &all.join(",")]);
        node.args(["--rounds", &self.rounds.to_string(), "--steps", &self.steps.to_string()]);
        node.env("RETORT_BIN", shop.retort()).env("RETORT_DIST", shop.root.join("dist"));
        node.env("RETORT_PYTHON", setup::interpreter(shop));
        if let Some(program) = setup::browser(shop) {
            node.env("RETORT_CHROMIUM", program);
        }
        let output = node.stderr(Stdio::inherit()).output().context("could not start `node`")?;
        let text = String::from_utf8_lossy(&output.stdout);
        print!("{text}");
        if !output.status.success() {
            bail!("not everybody took the same step of size {size}");
        }
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        Ok(lines.filter_map(|line| Some((line["contender"].as_str()?.to_owned(), measured(&line)?))).collect())
    }
}

fn measured(line: &Value) -> Option<Measured> {
    let number = |key: &str| line[key].as_f64();
    Some(Measured {
        median: number("median")?,
        min: number("min")?,
        max: number("max")?,
        steps: line["steps"].as_u64()?,
        first: number("firstMs")?,
    })
}
