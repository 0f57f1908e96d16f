//! Notes the names of the conformance cases, which the page fetches one by one.

#![allow(clippy::disallowed_methods, reason = "runs on the machine that builds, whatever it builds for")]

use std::{fs, io};

fn main() -> io::Result<()> {
    let folder = "../tests/conformance";
    println!("cargo::rerun-if-changed={folder}");
    let files = fs::read_dir(folder)?.map(|file| Ok(file?.file_name().to_string_lossy().into_owned()));
    let files = files.collect::<io::Result<Vec<_>>>()?;
    let mut names: Vec<&str> = files.iter().filter_map(|file| file.strip_suffix(".safetensors")).collect();
    names.sort_unstable();
    println!("cargo::rustc-env=RETORT_CASES={}", names.join(","));
    Ok(())
}
