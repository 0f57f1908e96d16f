//! Tells the core which commit it was built from, puts the built-in files into native builds, and makes the
//! messages of ONNX.

#![allow(clippy::disallowed_methods, reason = "runs on the machine that builds, whatever it builds for")]

use std::{env, fmt::Write as _, fs, path::Path, process::Command};

/// Below `www/assets`; what is missing is a clear error when it is asked for, not a broken build.
const BUILTIN: &[&str] = &[
    "rotten-tomatoes/train.tsv",
    "rotten-tomatoes/dev.tsv",
    "rotten-tomatoes/test.tsv",
    "rotten-tomatoes/tokenizer.json",
    "rotten-tomatoes/teacher/config.json",
    "rotten-tomatoes/teacher/model.safetensors",
    "rotten-tomatoes/teacher/tokenizer.json",
    "rotten-tomatoes/words/config.json",
    "rotten-tomatoes/words/model.safetensors",
    "rotten-tomatoes/words/tokenizer.json",
    "rotten-tomatoes/deep/config.json",
    "rotten-tomatoes/deep/model.safetensors",
    "rotten-tomatoes/deep/tokenizer.json",
    "prose/train.txt",
    "prose/dev.txt",
    "prose/test.txt",
    "prose/tokenizer.json",
    "prose/large/config.json",
    "prose/large/model.safetensors",
    "prose/large/tokenizer.json",
    "prose/small/config.json",
    "prose/small/model.safetensors",
    "prose/small/tokenizer.json",
    "prose/student/config.json",
    "prose/student/model.safetensors",
    "prose/student/tokenizer.json",
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=RETORT_COMMIT");
    println!("cargo::rustc-env=RETORT_COMMIT={}", commit());

    let home = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    onnx(Path::new(&home));
    let assets = Path::new(&home).join("../www/assets");
    println!("cargo::rerun-if-changed={}", assets.display());
    let mut table = String::from("&[\n");
    for name in BUILTIN {
        if let Ok(path) = assets.join(name).canonicalize() {
            println!("cargo::rerun-if-changed={}", path.display());
            // Writing to a String cannot fail.
            let _ = writeln!(table, "    ({name:?}, include_bytes!({:?})),", path.display().to_string());
        }
    }
    table.push(']');
    let out = env::var("OUT_DIR").expect("cargo names the output directory");
    #[allow(clippy::disallowed_methods, reason = "a build script runs natively, whatever it builds for")]
    fs::write(Path::new(&out).join("builtin.rs"), table).expect("the output directory is writable");
}

/// Makes the messages of ONNX from its own description of them.
fn onnx(home: &Path) {
    let dir = home.join("src/model/onnx");
    println!("cargo::rerun-if-changed={}", dir.join("onnx.proto").display());
    let description = protox::compile(["onnx.proto"], [dir]).expect("onnx.proto is as ONNX publishes it");
    prost_build::Config::new().compile_fds(description).expect("the output directory is writable");
}

/// The commit's hash; `unknown` outside a checkout.
fn commit() -> String {
    if let Ok(given) = env::var("RETORT_COMMIT") {
        return given;
    }
    let Some(hash) = git(&["rev-parse", "HEAD"]) else { return "unknown".into() };
    if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"]) {
        println!("cargo::rerun-if-changed={log}");
    }
    hash
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}
