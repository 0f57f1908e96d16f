//! Notes the names of the conformance cases, which the page fetches one by one, and puts the built page into the
//! command line's program, where it was built before.

#![allow(clippy::disallowed_methods, reason = "runs on the machine that builds, whatever it builds for")]

use std::{
    collections::BTreeMap,
    env, fs, io,
    path::{Path, PathBuf},
};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    cases()?;
    if env::var_os("CARGO_FEATURE_CLI").is_some() {
        page()?;
    }
    Ok(())
}

fn cases() -> io::Result<()> {
    let folder = "../tests/conformance";
    println!("cargo::rerun-if-changed={folder}");
    let files = fs::read_dir(folder)?.map(|file| Ok(file?.file_name().to_string_lossy().into_owned()));
    let files = files.collect::<io::Result<Vec<_>>>()?;
    let mut names: Vec<&str> = files.iter().filter_map(|file| file.strip_suffix(".safetensors")).collect();
    names.sort_unstable();
    println!("cargo::rustc-env=RETORT_CASES={}", names.join(","));
    Ok(())
}

/// Writes the table of the page's files: of `RETORT_DIST`, or of `dist`. It is empty where no page was built.
fn page() -> io::Result<()> {
    println!("cargo::rerun-if-env-changed=RETORT_DIST");
    let dist = env::var_os("RETORT_DIST").map_or_else(|| PathBuf::from("../dist"), PathBuf::from);
    let mut table = String::from("&[\n");
    if dist.is_dir() {
        // What is missing would be looked for at every build.
        println!("cargo::rerun-if-changed={}", dist.display());
        if dist.join("sw.js").is_file() {
            let dist = dist.canonicalize()?;
            let mut files = BTreeMap::new();
            collect(&dist, "", &mut files)?;
            let builtin = builtin(&dist, &files)?;
            for (name, path) in &files {
                let what = match builtin.get(name) {
                    Some(asset) => format!("Inside::Builtin({asset:?})"),
                    None => format!("Inside::Bytes(include_bytes!({:?}))", path.display().to_string()),
                };
                table.push_str(&format!("    ({name:?}, {what}),\n"));
            }
        }
    }
    table.push(']');
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&out).join("page.rs"), table)
}

fn collect(folder: &Path, prefix: &str, files: &mut BTreeMap<String, PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        match path.is_dir() {
            true => collect(&path, &format!("{prefix}{name}/"), files)?,
            false => drop(files.insert(format!("{prefix}{name}"), path)),
        }
    }
    Ok(())
}

/// Data that the core has in the program already, by their address: not twice. The core takes in models, texts and
/// tables of `www/assets`.
fn builtin(dist: &Path, files: &BTreeMap<String, PathBuf>) -> io::Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let Some(table) = files.keys().find(|name| name.starts_with("v-") && name.ends_with("/files.js")) else {
        return Ok(found);
    };
    let text = fs::read_to_string(dist.join(table))?;
    // … "assets/prose/dev.txt":"data/0123456789abcdef.txt" …
    let strings: Vec<&str> = text.split('"').skip(1).step_by(2).collect();
    for pair in strings.windows(2) {
        let (Some(asset), address) = (pair[0].strip_prefix("assets/"), pair[1]) else { continue };
        let taken = ["tsv", "txt", "json", "safetensors"].iter().any(|ending| asset.ends_with(&format!(".{ending}")));
        let source = Path::new("../www/assets").join(asset);
        if taken && source.is_file() && fs::read(&source)? == fs::read(dist.join(address))? {
            found.insert(address.to_owned(), asset.to_owned());
        }
    }
    Ok(found)
}
