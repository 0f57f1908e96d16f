//! Retort beside its peers: the same step, in turns, in one run. And Retort alone, for ten thousand steps.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

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

/// The size of the step that is taken ten thousand times, and every how many steps the table has a line.
const SOAKED: &str = "tiny";
const SHOWN: u64 = 2_000;

/// What to measure.
#[derive(Args)]
pub struct Bench {
    /// Retort beside jax-js, TensorFlow.js and PyTorch
    #[arg(long, required_unless_present = "soak")]
    peers: bool,
    /// Ten thousand steps of the smallest size on every device: what memory they leave behind
    #[arg(long, conflicts_with = "peers")]
    soak: bool,
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
        use Need::{Chromium, Page, Peers, Playwright, Python, Vulkan, Wasm};
        for need in [Wasm, Page, Vulkan, Playwright, Peers, Chromium] {
            need.meet(shop)?;
        }
        if self.peers {
            Python.meet(shop)?;
        }
        shop.build()?;
        shop.build_page()?;
        let lessons = shop.cache.join("lessons");
        let sizes = if self.soak { vec![SOAKED.to_owned()] } else { self.sizes.clone() };
        for size in &sizes {
            let at = lessons.join(size);
            run(shop.command(shop.retort()).args(["bench", "--device", "cpu", "--contend", size, "--lesson"]).arg(at))?;
        }
        if self.soak {
            return soak(shop, &lessons);
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
    fn measure(&self, shop: &Shop, lessons: &Path, size: &str) -> Result<BTreeMap<String, Measured>> {
        let all = MATCHES.iter().flat_map(|(retort, peers)| [&[*retort][..], peers].concat());
        let all: Vec<&str> = all.filter(|who| !self.without.iter().any(|without| without == who)).collect();
        let mut node = harness(shop, "trial.mjs", lessons);
        node.args(["--sizes", size, "--contenders", &all.join(",")]);
        node.args(["--rounds", &self.rounds.to_string(), "--steps", &self.steps.to_string()]);
        node.env("RETORT_PYTHON", setup::interpreter(shop));
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

/// A script of `tests/peers`, with the lessons.
fn harness(shop: &Shop, script: &str, lessons: &Path) -> Command {
    let mut node = shop.command("node");
    node.arg(Path::new("tests/peers").join(script)).arg(lessons);
    node.env("RETORT_BIN", shop.retort()).env("RETORT_DIST", shop.root.join("dist"));
    if let Some(program) = setup::browser(shop) {
        node.env("RETORT_CHROMIUM", program);
    }
    node
}

/// Takes ten thousand steps on every device, and prints the curves as they come and as a table.
fn soak(shop: &Shop, lessons: &Path) -> Result<ExitCode> {
    let mut node =
        harness(shop, "soak.mjs", lessons).stdout(Stdio::piped()).spawn().context("could not start `node`")?;
    let told = node.stdout.take().context("`node` has an output")?;
    let mut table = String::from(
        "| who | steps | ms a step | program, MiB | tensors alive, MiB | at most, MiB | processes, MiB |\n",
    );
    table += "|---|---|---|---|---|---|---|\n";
    for line in BufReader::new(told).lines() {
        let line = line?;
        println!("{line}");
        let Ok(point) = serde_json::from_str::<Value>(&line) else { continue };
        let step = point["step"].as_u64().unwrap_or_default();
        if step % SHOWN == 0 {
            let mib =
                |key: &str| point[key].as_f64().map_or(String::new(), |bytes| format!("{:.1}", bytes / 1_048_576.0));
            let [program, alive, most, processes] = ["program", "alive", "most", "processes"].map(mib);
            let (who, ms) = (point["contender"].as_str().unwrap_or_default(), point["ms"].as_f64().unwrap_or_default());
            table += &format!("| {who} | {step} | {ms:.1} | {program} | {alive} | {most} | {processes} |\n");
        }
    }
    println!("\n{table}");
    let flat = node.wait()?.success();
    Ok(if flat { ExitCode::SUCCESS } else { ExitCode::FAILURE })
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
