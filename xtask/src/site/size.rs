//! What a visitor downloads, compressed: of the first screen, and of all code.

use anyhow::{Result, ensure};

use super::{delivered::Delivered, goods::Files, parts};

/// Most bytes of what the first screen waits for.
const FIRST: usize = 400_000;
/// Most bytes of all code.
const CODE: usize = 4_000_000;
/// Code that is asked for once the first screen is there.
const LATER: [&str; 11] = [
    "retort-page.js",
    "retort-unpack.js",
    "retort-unpack_bg.wasm",
    "retort-worker.js",
    "worker_boot.js",
    "pipelines.js",
    "hands.js",
    "hand_tasks.js",
    "hand_worker.js",
    "retort-hand.wasm",
    "retort-hand-relaxed.wasm",
];
/// Rows of the table: the rest is in the sums.
const ROWS: usize = 15;

/// A file of the code.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    name: String,
    plain: usize,
    packed: usize,
    first: bool,
}

/// Prints the table.
///
/// # Errors
/// When the first screen or all code is larger than it may be.
pub fn check(site: &Delivered) -> Result<()> {
    let mut rows = rows(&site.files)?;
    rows.sort_by(|one, other| other.packed.cmp(&one.packed).then(one.name.cmp(&other.name)));
    println!("{:<48}{:>12}{:>12}  first screen", "file", "bytes", "gzip -9");
    for Row { name, plain, packed, first } in rows.iter().take(ROWS) {
        println!("{name:<48}{plain:>12}{packed:>12}  {}", if *first { "yes" } else { "" });
    }
    let sum = |first: bool| rows.iter().filter(|row| row.first || !first).map(|row| row.packed).sum::<usize>();
    let data: usize =
        site.files.iter().filter(|(name, _)| name.starts_with("data/")).map(|(_, bytes)| bytes.len()).sum();
    let (first, code) = (sum(true), sum(false));
    println!("version {}", site.version);
    println!("the first screen waits for {first} bytes (at most {FIRST})");
    println!("all code is {code} bytes (at most {CODE})");
    println!("data, each file fetched when it is asked for: {data} bytes, plain");
    ensure!(first <= FIRST, "the first screen: wanted at most {FIRST} bytes, found {first}");
    ensure!(code <= CODE, "all code: wanted at most {CODE} bytes, found {code}");
    Ok(())
}

/// Every file but data; parts together are one file. What is compressed already counts as it is.
fn rows(files: &Files) -> Result<Vec<Row>> {
    let mut rows = vec![];
    let mut module = 0;
    for (name, bytes) in files {
        let last = name.rsplit('/').next().unwrap_or_default();
        let kind = name.split('/').next().unwrap_or_default();
        match kind {
            "data" => {}
            "parts" => module += bytes.len(),
            _ => {
                let first = match kind.starts_with("v-") {
                    true => !LATER.contains(&last),
                    false => matches!(kind, "index.html" | "runs"),
                };
                rows.push(Row { name: name.clone(), plain: bytes.len(), packed: parts::gzip(bytes)?.len(), first });
            }
        }
    }
    let name = "parts/ (the larger modules)".to_owned();
    rows.push(Row { name, plain: module, packed: module, first: false });
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_screen_waits_for_the_page_and_not_for_the_worker() {
        let sizes = [
            ("index.html", 9_000),
            ("survey.html", 9_000),
            ("v-1/boot.js", 20),
            ("v-1/worker_boot.js", 20),
            ("parts/a.bin", 50),
            ("parts/b.bin", 7),
            ("data/a.txt", 1_000),
        ];
        let files: Files = sizes.iter().map(|(name, size)| ((*name).to_owned(), vec![65; *size])).collect();
        let rows = rows(&files).unwrap();
        let first: Vec<&str> = rows.iter().filter(|row| row.first).map(|row| row.name.as_str()).collect();
        assert_eq!(first, ["index.html", "v-1/boot.js"]);
        let module = rows.last().unwrap();
        assert_eq!((module.plain, module.packed), (57, 57)); // 50 + 7
        assert!(rows[0].packed < rows[0].plain);
        assert!(!rows.iter().any(|row| row.name.starts_with("data/")));
    }

    #[test]
    fn what_is_too_large_is_refused() {
        let site = |size| Delivered {
            version: String::new(),
            files: Files::from([("parts/a.bin".to_owned(), vec![0; size])]),
            missing: vec![],
        };
        check(&site(CODE)).unwrap();
        let said = check(&site(CODE + 1)).unwrap_err().to_string();
        assert_eq!(said, "all code: wanted at most 4000000 bytes, found 4000001");
    }
}
