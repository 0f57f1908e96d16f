//! `retort conformance`: what passes, what fails, and that the difference is seen.

use std::{fs, path::Path};

use crate::program::{retort, root};

const CASE: &str = "logit-kd-0-39x5.safetensors";

/// A folder with one case in it.
fn folder(bytes: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(CASE), bytes).unwrap();
    folder
}

fn case() -> Vec<u8> {
    fs::read(root().join("tests/conformance").join(CASE)).unwrap()
}

fn run(folder: &Path) -> crate::program::Said {
    retort(folder, &["conformance", ".", "--device", "cpu"])
}

#[test]
fn a_case_that_agrees_passes() {
    let text = run(folder(&case()).path()).fine();
    assert!(text.contains("passed   logit-kd-0-39x5"), "{text}");
    assert!(text.ends_with("1 passed, 0 failed, 0 of unknown operations\n"), "{text}");
}

#[test]
fn a_case_that_differs_fails() {
    let mut bytes = case();
    let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let named: serde_json::Value = serde_json::from_slice(&bytes[8..header]).unwrap();
    let start = header + named["out.loss"]["data_offsets"][0].as_u64().unwrap() as usize;
    let loss = f32::from_le_bytes(bytes[start..start + 4].try_into().unwrap());
    // Ten times what is allowed: 1e-6 + 1e-4 · |loss|.
    let wrong = loss + 10.0 * (1e-6 + 1e-4 * loss.abs());
    bytes[start..start + 4].copy_from_slice(&wrong.to_le_bytes());
    let said = run(folder(&bytes).path());
    assert_eq!(said.code, 1, "{}", said.out);
    assert!(said.out.contains("FAILED   logit-kd-0-39x5") && said.out.contains("0 passed, 1 failed"), "{}", said.out);
}

#[test]
fn an_unknown_operation_fails() {
    let mut bytes = case();
    let at = bytes.windows(10).position(|window| window == b"logit_loss").unwrap();
    bytes[at..at + 10].copy_from_slice(b"logit_gain");
    let said = run(folder(&bytes).path());
    assert_eq!(said.code, 1, "{}", said.out);
    assert!(said.out.contains("unknown  logit-kd-0-39x5") && said.out.contains("`logit_gain`"), "{}", said.out);
}

#[test]
fn a_broken_file_fails_and_an_empty_folder_is_refused() {
    let said = run(folder(b"not a case").path());
    assert_eq!(said.code, 1, "{}", said.out);
    assert!(said.out.contains("FAILED"), "{}", said.out);
    let empty = tempfile::tempdir().unwrap();
    let said = run(empty.path());
    assert_eq!(said.code, 2);
    assert!(said.err.contains("wanted cases (*.safetensors), found none"), "{}", said.err);
}
