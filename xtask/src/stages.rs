//! The stages of `cargo xtask test`, in the order in which a reader wants to hear of failures.

use std::fs;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Args;
use clap::builder::PossibleValuesParser;

use crate::setup::{self, Need};
use crate::shell::{Shop, run};
use crate::site;

/// Run everything the continuous integration runs, or the named stages of it.
#[derive(Args)]
pub struct Test {
    /// Only these stages.
    #[arg(value_parser = PossibleValuesParser::new(STAGES.iter().map(|stage| stage.name)))]
    stages: Vec<String>,
}

/// One stage: a headline, what it needs, what it does.
struct Stage {
    name: &'static str,
    headline: &'static str,
    needs: &'static [Need],
    run: fn(&Shop) -> Result<()>,
}

const STAGES: &[Stage] = &[
    Stage { name: "fmt", headline: "Formatting", needs: &[], run: |shop| run(&mut shop.cargo("fmt --all --check")) },
    Stage { name: "clippy", headline: "Lints, native", needs: &[], run: clippy },
    Stage { name: "clippy-wasm", headline: "Lints, browser", needs: &[Need::Wasm], run: clippy_wasm },
    Stage {
        name: "page",
        headline: "The page, which the program takes in",
        needs: &[Need::Wasm, Need::Page],
        run: page,
    },
    Stage { name: "unit", headline: "Unit tests", needs: &[Need::Vulkan], run: unit },
    Stage {
        name: "cross",
        headline: "Tests across crates, kernels on a GPU adapter, command line, studies",
        needs: &[Need::Vulkan, Need::HyperQueue],
        run: cross,
    },
    Stage {
        name: "conformance-cpu",
        headline: "Conformance on the CPU device",
        needs: &[],
        run: |shop| conformance(shop, "cpu"),
    },
    Stage {
        name: "conformance-gpu",
        headline: "Conformance on a GPU adapter",
        needs: &[Need::Vulkan],
        run: |shop| conformance(shop, GPU),
    },
    Stage {
        name: "hugging-face",
        headline: "Students in Python's transformers",
        needs: &[Need::Python],
        run: hugging_face,
    },
    Stage {
        name: "browser",
        headline: "Browser tests",
        needs: &[Need::Wasm, Need::Page, Need::Playwright, Need::Chromium, Need::Firefox],
        run: browser,
    },
];

/// The system's own graphics interface.
const GPU: &str = if cfg!(target_os = "macos") {
    "metal"
} else if cfg!(windows) {
    "dx12"
} else {
    "vulkan"
};

fn clippy(shop: &Shop) -> Result<()> {
    run(&mut shop.cargo("clippy --release --workspace --all-targets -- -D warnings"))
}

/// All modules at once, and then the page's as it is built: without graphics.
fn clippy_wasm(shop: &Shop) -> Result<()> {
    for features in ["retort-app/page,retort-app/worker", "retort-app/page"] {
        run(shop
            .cargo("clippy --profile wasm-release --target wasm32-unknown-unknown -p retort-core -p retort-app -p retort-hand")
            .args(["--no-default-features", "--features", features, "--features", "retort-hand/module"])
            .args(["--", "-D", "warnings"])
            .env("CLIPPY_CONF_DIR", shop.root.join("clippy/wasm")))?;
    }
    Ok(())
}

/// A test that wants a GPU adapter must find one here: none may pass by skipping.
fn tests(shop: &Shop, which: &str) -> Command {
    let mut tests = shop.cargo("test --release --workspace");
    tests.args(which.split(' ')).env("RETORT_REQUIRE_GPU", "1");
    tests
}

fn unit(shop: &Shop) -> Result<()> {
    run(&mut tests(shop, "--lib --bins"))
}

/// Nor may the test of HyperQueue pass by skipping where it can run.
fn cross(shop: &Shop) -> Result<()> {
    let mut tests = tests(shop, "--test *");
    if let Some(python) = setup::queue(shop) {
        tests.env("RETORT_HQ", python).env("RETORT_REQUIRE_HQ", "1");
    }
    run(&mut tests)
}

fn conformance(shop: &Shop, device: &str) -> Result<()> {
    shop.build()?;
    run(shop.command(shop.retort()).args(["conformance", "tests/conformance", "--device", device]))
}

fn hugging_face(shop: &Shop) -> Result<()> {
    run(shop
        .cargo("test --release --workspace --test cross hugging_face")
        .env("RETORT_PYTHON", setup::interpreter(shop)))
}

fn page(shop: &Shop) -> Result<()> {
    site::check(&shop.build_page()?)
}

fn browser(shop: &Shop) -> Result<()> {
    if !shop.root.join("dist/sw.js").is_file() {
        page(shop)?;
    }
    shop.build()?;
    let mut specs: Vec<_> = fs::read_dir(shop.root.join("tests/browser"))?
        .flatten()
        .map(|file| file.path())
        .filter(|file| file.to_string_lossy().ends_with(".test.mjs"))
        .collect();
    specs.sort();
    if specs.is_empty() {
        bail!("tests/browser: wanted specs named *.test.mjs, found none");
    }
    let mut node = shop.command("node");
    node.args(["--test", "--test-concurrency=1", "--test-reporter=spec"]).args(specs);
    node.env("RETORT_BIN", shop.retort()).env("RETORT_DIST", shop.root.join("dist"));
    if let Some(program) = setup::browser(shop) {
        node.env("RETORT_CHROMIUM", program);
    }
    if let Some(program) = setup::other_browser(shop) {
        node.env("RETORT_FIREFOX", program);
    }
    run(&mut node)
}

/// How a stage went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Passed,
    Failed,
    NotRun,
}

impl Test {
    /// Runs the stages, stops at the first that fails, and sums up.
    ///
    /// # Errors
    /// None of its own: a stage's error is printed, and the exit code tells.
    pub fn run(self, shop: &Shop) -> Result<ExitCode> {
        let wanted: Vec<&Stage> = STAGES
            .iter()
            .filter(|stage| self.stages.is_empty() || self.stages.iter().any(|name| name == stage.name))
            .collect();
        let mut rows: Vec<(String, Outcome, Duration)> = Vec::new();
        let mut failed = false;
        for stage in &wanted {
            if failed {
                rows.push((stage.name.into(), Outcome::NotRun, Duration::ZERO));
                continue;
            }
            println!("\n== {} ({})", stage.headline, stage.name);
            let mut installing = Duration::ZERO;
            let clock = Instant::now();
            let result = stage.needs.iter().try_for_each(|need| {
                if let Some(time) = need.meet(shop)? {
                    installing += time;
                    rows.push((format!("  + {}", need.name()), Outcome::Passed, time));
                }
                Ok(())
            });
            let result = result.and_then(|()| (stage.run)(shop));
            let time = clock.elapsed() - installing;
            failed = result.is_err();
            if let Err(error) = &result {
                println!("error: {error:#}");
            }
            println!("-- {}: {}, {}", stage.name, if failed { "failed" } else { "passed" }, seconds(time));
            rows.push((stage.name.into(), if failed { Outcome::Failed } else { Outcome::Passed }, time));
        }
        sum_up(&rows);
        Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

fn sum_up(rows: &[(String, Outcome, Duration)]) {
    println!("\n{:<26}{:>9}  result", "stage", "time");
    for (name, outcome, time) in rows {
        let word = match outcome {
            Outcome::Passed if name.starts_with(' ') => "installed",
            Outcome::Passed => "passed",
            Outcome::Failed => "FAILED",
            Outcome::NotRun => "not run",
        };
        println!("{name:<26}{:>9}  {word}", seconds(*time));
    }
    println!("{:<26}{:>9}", "all", seconds(rows.iter().map(|row| row.2).sum()));
    let count = |wanted| rows.iter().filter(|row| row.1 == wanted && !row.0.starts_with(' ')).count();
    let skipped = count(Outcome::NotRun);
    if skipped > 0 {
        println!("{skipped} not run");
    }
    println!("{} passed, {} failed", count(Outcome::Passed), count(Outcome::Failed));
}

/// `7.3 s`, or `12m05s` from a hundred seconds on.
fn seconds(time: Duration) -> String {
    let whole = time.as_secs();
    if whole < 100 { format!("{:.1} s", time.as_secs_f64()) } else { format!("{}m{:02}s", whole / 60, whole % 60) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_well() {
        assert_eq!(seconds(Duration::from_millis(7_250)), "7.2 s");
        assert_eq!(seconds(Duration::from_secs(725)), "12m05s"); // 12 · 60 + 5
    }

    #[test]
    fn stage_names_are_distinct() {
        let mut names: Vec<_> = STAGES.iter().map(|stage| stage.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), STAGES.len());
    }
}
