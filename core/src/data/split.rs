//! The files of a data set, and what is set aside where a split has none.

use sha2::{Digest, Sha256};

use super::read::File;
use crate::{Error, Result};

/// One row in this many is set aside for a split that has no file.
const SHARE: usize = 10;

/// What is said where there is no test split.
pub(super) const NO_TEST: &str =
    "There is no test split: every figure is of the dev split, which also chose the weights.";

/// The files of a data set. Without `dev` (and `test`), rows of `train` are set aside.
#[derive(Debug)]
pub(super) struct Files {
    pub train: File,
    pub dev: Option<File>,
    pub test: Option<File>,
}

/// What is said of rows that were set aside.
pub(super) fn split_note(files: &Files, train: usize, dev: usize, test: usize) -> String {
    let name = &files.train.name;
    match files.test {
        None => format!(
            "{name} is one file: {train} rows train, {dev} choose (dev) and {test} report (test), by a hash of the text."
        ),
        Some(_) => format!(
            "There is no dev split: {dev} of {} rows of {name} are set aside to choose by, by a hash of the text.",
            train + dev
        ),
    }
}

/// Takes a tenth of `all` rows out of `train`, those of the smallest ranks; equal ones stay together.
pub(super) fn aside<T>(name: &str, train: &mut Vec<T>, all: usize, rank: impl Fn(&T) -> [u8; 32]) -> Result<Vec<T>> {
    if all < SHARE {
        return Err(Error::input(name, format!("at least {SHARE} rows to split"), all.to_string()));
    }
    let mut ranks: Vec<_> = train.iter().map(&rank).collect();
    ranks.sort_unstable();
    let last = ranks.get(all / SHARE - 1);
    let (aside, kept): (Vec<T>, Vec<T>) =
        std::mem::take(train).into_iter().partition(|row| last.is_some_and(|last| rank(row) <= *last));
    if kept.is_empty() {
        return Err(Error::input(name, "rows that differ, to split", "too few of them"));
    }
    *train = kept;
    Ok(aside)
}

/// Where a row stands among those that may be set aside: SHA-256 of its text.
pub(super) fn rank(text: &str, pair: Option<&str>) -> [u8; 32] {
    let hash = Sha256::new().chain_update("retort split\n").chain_update(text);
    hash.chain_update("\0").chain_update(pair.unwrap_or_default()).finalize().into()
}

/// SHA-256 over every file: the name of its split, its length in 8 bytes (little-endian), its bytes.
pub(super) fn hash(files: &Files) -> String {
    let mut hash = Sha256::new();
    for (split, file) in [("train", Some(&files.train)), ("dev", files.dev.as_ref()), ("test", files.test.as_ref())] {
        if let Some(file) = file {
            hash.update(split);
            hash.update((file.bytes.len() as u64).to_le_bytes());
            hash.update(&file.bytes);
        }
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
