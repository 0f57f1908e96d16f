//! `RESULTS.md`: the studies of the repository, run and put together.

use std::fs;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::shell::{Shop, run};

/// The studies below `www/studies`, in the order in which they are told.
const STUDIES: [&str; 4] = ["recipes", "decoders", "tokens", "divergences"];

const OPENING: &str = "# Results\n\n\
    Every figure here was made by `cargo xtask results`, from the study files in `www/studies` and the data and \
    models that are part of the program. A study that was stopped goes on; a cell that is finished is not run \
    again. The twin of a student starts from the same weights and sees the same batches, but has no teacher.\n";

/// Run the repository's studies and write RESULTS.md.
#[derive(Args)]
pub struct Results {
    /// Only these studies are run; the others are told as far as they are finished
    #[arg(value_parser = STUDIES)]
    studies: Vec<String>,
    /// Where to compute: auto, vulkan, metal, dx12 or cpu.
    #[arg(long, default_value = "cpu")]
    device: String,
    /// Cells at a time
    #[arg(long, default_value = "1")]
    jobs: String,
}

impl Results {
    /// Runs the studies and writes the file.
    ///
    /// # Errors
    /// When a study fails.
    pub fn run(self, shop: &Shop) -> Result<ExitCode> {
        shop.build()?;
        let chosen = |name: &&str| self.studies.is_empty() || self.studies.iter().any(|study| study == name);
        for name in STUDIES.iter().filter(|name| chosen(name)) {
            let (file, out) = (format!("www/studies/{name}.toml"), format!("runs/studies/{name}"));
            let place = ["--device", &self.device, "--jobs", &self.jobs, "--out", &out];
            run(shop.command(shop.retort()).args(["study", &file]).args(place))?;
        }
        let mut text = OPENING.to_owned();
        for name in STUDIES {
            if let Ok(report) = fs::read_to_string(shop.root.join(format!("runs/studies/{name}/report.md"))) {
                text += &told(&report);
            }
        }
        if text == OPENING {
            bail!("runs/studies: wanted reports, found none");
        }
        fs::write(shop.root.join("RESULTS.md"), text).context("could not write RESULTS.md")?;
        Ok(ExitCode::SUCCESS)
    }
}

/// A report as a part of a larger text: its headings one level down, without what lies beside it.
fn told(report: &str) -> String {
    let beside = |line: &&str| !line.starts_with("![") && !line.contains("](results.csv)");
    let lines = report.lines().filter(beside).map(|line| match line.strip_prefix('#') {
        Some(_) => format!("#{line}\n"),
        None => format!("{}\n", line.replace(", as executed in [base.toml](base.toml)", "")),
    });
    let text: String = lines.collect();
    format!("\n{}\n", text.trim())
}

#[cfg(test)]
mod tests {
    use super::told;

    #[test]
    fn a_report_becomes_a_chapter() {
        let report =
            "# one\n\nWords.\n\n![Figure](a.svg)\n\n## two\n\nEvery figure is in [results.csv](results.csv).\n";
        assert_eq!(told(report), "\n## one\n\nWords.\n\n\n### two\n");
    }
}
