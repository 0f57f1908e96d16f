//! The rules of the house, kept by grep.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::program::root;

/// Every file below these folders with one of these endings, with its text.
fn files(folders: &[&str], endings: &[&str]) -> Vec<(PathBuf, String)> {
    let mut found = vec![];
    let mut folders: Vec<PathBuf> = folders.iter().map(|folder| root().join(folder)).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() && name != "node_modules" && name != "target" {
                folders.push(path);
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                found.push((path.strip_prefix(root()).unwrap().to_owned(), text));
            }
        }
    }
    assert!(!found.is_empty(), "no files below {folders:?}");
    found.sort();
    found
}

/// Lines of `files` that contain one of `words`, as `file:line: text`; files for which `allowed`
/// holds are left out.
fn lines(files: &[(PathBuf, String)], words: &[&str], allowed: impl Fn(&Path) -> bool) -> Vec<String> {
    let mut found = vec![];
    for (path, text) in files.iter().filter(|(path, _)| !allowed(path)) {
        for (number, line) in text.lines().enumerate() {
            if words.iter().any(|word| line.contains(word)) {
                found.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
            }
        }
    }
    found
}

#[track_caller]
fn none(found: &[String], rule: &str) {
    assert!(found.is_empty(), "{rule}\n{}", found.join("\n"));
}

/// What ships of these files: tests come last in a file, or have a file of their own.
fn shipped(files: Vec<(PathBuf, String)>) -> Vec<(PathBuf, String)> {
    let mut tests = vec![];
    for (path, text) in &files {
        let names = text.split("#[cfg(test)]\nmod ").skip(1).filter_map(|rest| rest.split_once(';'));
        // `kernel.rs` and `kernel/mod.rs` both have their modules in `kernel/`.
        let folder = if path.ends_with("mod.rs") { path.with_file_name("") } else { path.with_extension("") };
        tests.extend(names.map(|(name, _)| folder.join(format!("{name}.rs"))));
    }
    let cut = |text: String| text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned();
    files.into_iter().filter(|(path, _)| !tests.contains(path)).map(|(path, text)| (path, cut(text))).collect()
}

#[test]
fn only_the_platform_knows_where_it_runs() {
    let sources = files(&["shaders", "core", "app"], &[".rs"]);
    let platform = |path: &Path| path.starts_with("core/src/platform");
    none(
        &lines(&sources, &["target_arch", "target_family", "target_os", "cfg(unix)", "cfg(windows)"], platform),
        "only core/src/platform may depend on where it is compiled for",
    );
}

#[test]
fn only_the_platform_and_the_page_touch_the_browser() {
    let sources = files(&["shaders", "core", "app"], &[".rs"]);
    let page =
        |path: &Path| path.starts_with("app/src") && !path.starts_with("app/src/cli") && !path.ends_with("cli.rs");
    let allowed = |path: &Path| path.starts_with("core/src/platform") || page(path);
    none(
        &lines(&sources, &["web_sys", "js_sys", "wasm_bindgen"], allowed),
        "only core/src/platform and the page may call the browser",
    );
}

#[test]
fn only_the_platform_touches_the_disk() {
    let sources = shipped(files(&["shaders/src", "core/src", "app/src"], &[".rs"]));
    let platform = |path: &Path| path.starts_with("core/src/platform");
    none(
        &lines(&sources, &["std::fs", "fs::", "File::open", "std::thread"], platform),
        "files go through platform::Store",
    );
}

#[test]
fn imports_go_from_app_to_core_to_shaders() {
    let names = ["retort-app", "retort-core", "retort-shaders", "retort-tests", "xtask"];
    for (folder, allowed) in [("shaders", &[][..]), ("core", &["retort-shaders"]), ("app", &["retort-core"])] {
        let text = fs::read_to_string(root().join(folder).join("Cargo.toml")).unwrap();
        let own = format!("name = \"retort-{folder}\"");
        let found: Vec<&str> = text
            .lines()
            .filter(|line| !line.starts_with(&own))
            .flat_map(|line| names.into_iter().filter(|name| line.starts_with(name)))
            .collect();
        assert_eq!(found, allowed, "{folder}/Cargo.toml");
    }
    for (path, text) in files(&["shaders"], &[".rs", ".toml"]) {
        assert!(!text.contains("burn"), "{}: the shaders know no Burn", path.display());
    }
}

/// Within the core, what is learned sees models and kernels, never devices, clocks or files.
#[test]
fn objectives_see_no_device_no_clock_and_no_file() {
    let sources = shipped(files(&["core/src/objective"], &[".rs"]));
    none(
        &lines(&sources, &["platform", "web_time", "Instant", "crate::train"], |_| false),
        "an objective is a formula",
    );
}

#[test]
fn what_can_be_tested_natively_is_not_in_the_view() {
    let views = files(&["app/src/ui", "app/src/worker"], &[".rs"]);
    none(&lines(&views, &["cfg(test)"], |_| false), "these are compiled for browsers alone, where no unit test runs");
}

#[test]
fn no_file_is_longer_than_450_lines() {
    for (path, text) in files(&["app", "core", "shaders"], &[".rs", ".wgsl"]) {
        let count = text.lines().count();
        assert!(count <= 450, "{}: {count} lines; split it where its one-line role needs an \"and\"", path.display());
    }
}

#[test]
fn nothing_is_left_for_later() {
    let sources =
        files(&["app", "core", "shaders", "xtask", "tests/cross", "www"], &[".rs", ".wgsl", ".css", ".js", ".mjs"]);
    // Written so that this file does not find itself.
    let words = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("to", "do!("),
        concat!("unimpl", "emented!("),
        concat!("#[ign", "ore"),
    ];
    none(&lines(&sources, &words, |_| false), "nothing is left for later");
}

#[test]
fn every_file_says_what_it_is() {
    for (path, text) in shipped(files(&["app/src", "core/src", "shaders/src", "tests/cross", "xtask/src"], &[".rs"])) {
        assert!(text.starts_with("//!"), "{}: no line on top that says what it is", path.display());
    }
}
