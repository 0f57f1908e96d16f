//! A short distillation in the terminal, then the page in the browser.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::setup::Need;
use crate::shell::{Shop, run};

/// Distil a small student in the terminal, then build the page and serve it.
#[derive(Args)]
pub struct Demo {
    /// Stop after the run in the terminal.
    #[arg(long)]
    no_serve: bool,
    /// Where to compute: auto, vulkan, metal, dx12 or cpu.
    #[arg(long, default_value = "auto")]
    device: String,
    /// Where to serve the page; the next free port when it is taken.
    #[arg(long, default_value_t = 8080)]
    port: u16,
}

impl Demo {
    /// Sets up, distils, serves.
    ///
    /// # Errors
    /// When something cannot be installed, built or served.
    pub fn run(self, shop: &Shop) -> Result<ExitCode> {
        println!("Setting up");
        Need::Vulkan.meet(shop)?;
        println!("Building retort (the first time takes many minutes)");
        shop.build()?;
        let out = fresh(shop);
        println!("Distilling into {}", out.display());
        run(shop
            .command(shop.retort())
            .args(["distil", "www/presets/demo.toml", "--device", &self.device, "--out"])
            .arg(&out))?;
        if self.no_serve {
            return Ok(ExitCode::SUCCESS);
        }
        for need in [Need::Wasm, Need::Page] {
            need.meet(shop)?;
        }
        println!("Building the page (the first time takes many minutes)");
        shop.build_page()?;
        run(shop.command(shop.retort()).args(["serve", "runs", "--dist", "dist", "--port", &self.port.to_string()]))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// `runs/demo`, or the first of `runs/demo-2`, `runs/demo-3`, … that is not there yet.
fn fresh(shop: &Shop) -> PathBuf {
    let first = PathBuf::from("runs/demo");
    let others = (2u32..).map(|number| PathBuf::from(format!("runs/demo-{number}")));
    std::iter::once(first)
        .chain(others)
        .find(|folder| !shop.root.join(folder).exists())
        .unwrap_or_else(|| PathBuf::from("runs/demo"))
}
