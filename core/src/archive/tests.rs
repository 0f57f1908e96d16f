use std::io::{Cursor, Write};

use pollster::block_on;
use zip::{ZipWriter, write::SimpleFileOptions};

use super::*;
use crate::run::Run;

/// A store with the files of a small run in it.
fn laid() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = block_on(Store::open(dir.path().join("run").to_str().unwrap())).unwrap();
    let toml = Run { name: "small".into(), ..Run::default() }.to_toml().unwrap();
    for (path, text) in [
        (RUN, toml.as_str()),
        ("metrics.jsonl", "{}\n"),
        ("checkpoints/last.safetensors", "weights"),
        ("assistant-1/run.toml", "an assistant"),
        ("uploads/reviews.tsv", "text\tlabel\n"),
        ("lock", ""),
        ("run.lock", ""),
        (ABOUT, "not for others"),
    ] {
        block_on(store.write(path, text.as_bytes())).unwrap();
    }
    (dir, store)
}

async fn empty(dir: &tempfile::TempDir) -> Store {
    Store::open(dir.path().join("other").to_str().unwrap()).await.unwrap()
}

#[test]
fn a_run_comes_out_as_it_went_in_and_twice_the_same() {
    let (dir, store) = laid();
    block_on(async {
        let own = Files::from([
            ("reviews.tsv".to_owned(), b"not this".to_vec()),
            ("../teacher/config.json".to_owned(), b"{}".to_vec()),
        ]);
        let bytes = pack(&store, &own, Some("A title")).await.unwrap();
        assert_eq!(bytes, pack(&store, &own, Some("A title")).await.unwrap());
        let other = empty(&dir).await;
        assert_eq!(unpack("a.retort.zip", &bytes, &other).await.unwrap(), "A title");
        let paths: Vec<String> = other.walk("").await.unwrap().into_iter().map(|(path, _)| path).collect();
        let wanted = [
            "assistant-1/run.toml",
            "checkpoints/last.safetensors",
            "metrics.jsonl",
            "run.toml",
            "uploads/%2E%2E/teacher/config.json",
            "uploads/reviews.tsv",
        ];
        assert_eq!(paths, wanted);
        for path in &wanted[..4] {
            assert_eq!(other.read(path).await.unwrap(), store.read(path).await.unwrap(), "{path}");
        }
        assert_eq!(other.read("uploads/reviews.tsv").await.unwrap().unwrap(), b"text\tlabel\n");
        let error = unpack("a.retort.zip", &bytes, &other).await.unwrap_err().to_string();
        assert!(error.ends_with("other: wanted a directory without a run, found a run"), "{error}");
        // Packed again it is the same file.
        assert_eq!(pack(&other, &Files::new(), Some("A title")).await.unwrap(), bytes);
    });
}

#[test]
fn what_is_no_run_is_not_packed() {
    let dir = tempfile::tempdir().unwrap();
    let error = block_on(async { pack(&empty(&dir).await, &Files::new(), None).await.unwrap_err() });
    assert!(error.to_string().ends_with("other: wanted a run, found none"), "{error}");
}

#[test]
fn archives_are_known_by_their_ending() {
    assert_eq!(beside("runs/a.b.retort.zip"), Some("runs/a.b"));
    assert!(is_archive("A.RETORT.ZIP") && !is_archive("a.zip") && !is_archive(".retort.zip") && !is_archive("é.zip"));
}

/// A ZIP as an attacker would write it.
#[derive(Default)]
struct Forged {
    files: Vec<(String, Vec<u8>)>,
    listed: Vec<Item>,
    format: Option<u64>,
    links: Vec<(String, String)>,
}

impl Forged {
    /// With a run file and these files beside it, listed as they are.
    fn with(files: &[(&str, &[u8])]) -> Self {
        let run = Run::default().to_toml().unwrap();
        let all = [(RUN, run.as_bytes())].into_iter().chain(files.iter().copied());
        let mut forged = Self::default();
        for (path, bytes) in all {
            forged.listed.push(Item { path: path.into(), bytes: bytes.len() as u64, sha256: hash(bytes) });
            forged.files.push((path.into(), bytes.to_vec()));
        }
        forged
    }

    fn bytes(&self) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(vec![]));
        let options = SimpleFileOptions::default();
        let format = self.format.unwrap_or(FORMAT);
        let manifest = Manifest { format, retort: "0".into(), name: "x".into(), files: self.listed.clone() };
        let manifest = (MANIFEST.to_owned(), serde_json::to_vec(&manifest).unwrap());
        for (path, bytes) in [&manifest].into_iter().chain(&self.files) {
            zip.start_file(path.as_str(), options).unwrap();
            zip.write_all(bytes).unwrap();
        }
        for (path, to) in &self.links {
            zip.add_symlink(path.as_str(), to.as_str(), options).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }
}

/// Refused, with these words, and nothing is written.
#[track_caller]
fn refused(bytes: &[u8], words: &str) {
    let dir = tempfile::tempdir().unwrap();
    block_on(async {
        let store = empty(&dir).await;
        let error = unpack("x.zip", bytes, &store).await.unwrap_err();
        assert!(matches!(error, Error::Input { .. }) && error.to_string().contains(words), "{error}");
        assert_eq!(store.list("").await.unwrap(), Vec::<String>::new());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing beside it either");
    });
}

#[test]
fn paths_that_lead_elsewhere_are_refused() {
    for (path, words) in [
        ("../evil", "wanted a path inside the archive, found one that leads out of it"),
        ("a/../../evil", "found one that leads out of it"),
        ("/etc/passwd", "found an absolute path"),
        ("C:/evil", "found a character that is not for paths"),
        ("a\\..\\evil", "found a character that is not for paths"),
        ("a//b", "found a part without a name"),
        ("a/./b", "found a part without a name"),
        ("nul\u{0}l", "found a character that is not for paths"),
    ] {
        refused(&Forged::with(&[(path, b"x")]).bytes(), words);
    }
    let mut forged = Forged::with(&[]);
    forged.links.push(("student".into(), "/etc".into()));
    refused(&forged.bytes(), "student: wanted a plain file, found a link");
    refused(&Forged::with(&[("a", b"x"), ("a/b", b"y")]).bytes(), "a/b: wanted a directory above it, found the file a");
}

#[test]
fn names_that_come_twice_are_refused() {
    refused(&Forged::with(&[("Metrics", b"x"), ("metrics", b"y")]).bytes(), "found one that occurs twice");
    let mut twice = Forged::with(&[("one-file", b"x"), ("two-file", b"y")]).bytes();
    // Written in local headers, in the central directory, and in the manifest, which is packed.
    let mut places: Vec<usize> = (0..twice.len() - 8).filter(|at| &twice[*at..at + 8] == b"two-file").collect();
    assert!(places.len() >= 2);
    places.drain(..).for_each(|at| twice[at..at + 3].copy_from_slice(b"one"));
    refused(&twice, "wanted files that occur once, found some that occur twice");
    let mut listed = Forged::with(&[("a", b"x")]);
    listed.listed.push(listed.listed[1].clone());
    refused(&listed.bytes(), "found one that is listed twice");
}

#[test]
fn what_is_not_what_the_manifest_says_is_refused() {
    let mut forged = Forged::with(&[("a", b"12345")]);
    forged.listed[1].sha256 = hash(b"54321");
    refused(&forged.bytes(), "x.zip: a: wanted the SHA-256");
    let mut forged = Forged::with(&[("a", b"12345")]);
    forged.listed[1].bytes = 4;
    refused(&forged.bytes(), "x.zip: a: wanted 4 bytes, found 5 bytes");
    refused(&Forged::with(&[("about.json", b"{}")]).bytes(), "wanted files of a run, found one that is kept beside it");
    let mut forged = Forged::with(&[("a", b"12345")]);
    forged.listed.pop();
    refused(&forged.bytes(), "x.zip: a: wanted files that the manifest names, found one that it does not");
    let mut forged = Forged::with(&[("a", b"12345")]);
    forged.files.pop();
    refused(&forged.bytes(), "x.zip: a: wanted a file that the manifest names, found none");
}

#[test]
fn other_versions_and_what_is_no_run_are_refused() {
    let forged = Forged { format: Some(2), ..Forged::with(&[]) };
    refused(&forged.bytes(), "retort.json: wanted format 1, found 2: another version of Retort wrote it");
    let mut forged = Forged::with(&[("a", b"1")]);
    forged.files.remove(0);
    forged.listed.remove(0);
    refused(&forged.bytes(), "x.zip: wanted a run, found no run.toml");
    let mut forged = Forged::with(&[]);
    forged.files[0].1 = b"seed = 'x'".to_vec();
    forged.listed[0] = Item { path: RUN.into(), bytes: 10, sha256: hash(b"seed = 'x'") };
    refused(&forged.bytes(), "x.zip: run.toml, line 1: wanted a value of the right kind");
    let mut zip = ZipWriter::new(Cursor::new(vec![]));
    zip.start_file("readme", SimpleFileOptions::default()).unwrap();
    refused(&zip.finish().unwrap().into_inner(), "wanted a run packed by Retort, found no retort.json");
    refused(b"not a zip at all", "wanted a whole ZIP file of a run (.retort.zip)");
    refused(b"", "wanted a whole ZIP file of a run (.retort.zip)");
}

#[test]
fn a_file_that_was_cut_short_or_changed_is_refused() {
    let (_dir, store) = laid();
    let bytes = block_on(pack(&store, &Files::new(), None)).unwrap();
    for length in [bytes.len() - 1, bytes.len() - 30, bytes.len() / 2, 10] {
        refused(&bytes[..length], "x.zip");
    }
    // A bit of the packed weights.
    let at = bytes.windows(28).position(|window| window == b"checkpoints/last.safetensors").unwrap() + 30;
    let mut changed = bytes.clone();
    changed[at] ^= 1;
    refused(&changed, "x.zip: checkpoints/last.safetensors: wanted");
}

#[test]
fn what_would_become_too_large_is_refused_before_it_is_unpacked() {
    // 65 MiB of nothing, packed into less than a hundredth of that.
    let bomb = vec![0; 65 << 20];
    refused(&Forged::with(&[("bomb", &bomb)]).bytes(), "wanted files at most 100 times as large as the archive");
    // Two sizes that lie alike: in the central directory and in the manifest.
    let mut forged = Forged::with(&[("bomb", &[0; 5000])]);
    forged.listed[1].bytes = 10;
    let mut bytes = forged.bytes();
    let header = bytes.windows(4).rposition(|window| window == b"PK\x01\x02").unwrap();
    assert_eq!(bytes[header + 24..][..4], 5000u32.to_le_bytes());
    bytes[header + 24..][..4].copy_from_slice(&10u32.to_le_bytes());
    refused(&bytes, "x.zip: bomb: wanted");
}
