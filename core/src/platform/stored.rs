//! What is in a store, and how much room there is, wherever it lies.

use serde::{Deserialize, Serialize};

use super::Store;
use crate::{Error, Result};

/// A file or a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Of a file what there is to know; a directory has none.
    pub file: Option<About>,
}

/// A file from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// Its length.
    pub bytes: u64,
    /// When it was written last, in milliseconds since 1970.
    pub modified: u64,
}

/// The room that a browser gives to this page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// Bytes that are taken, by everything of this origin.
    pub used: u64,
    /// Bytes in all.
    pub total: u64,
    /// Whether the browser promised to keep them when room becomes scarce.
    pub persisted: bool,
}

/// Directories are at most so deep: deeper ones go in circles.
const DEEPEST: usize = 16;

impl Store {
    /// The directory `dir` as a store of its own, made if it is not there.
    ///
    /// # Errors
    /// [`Error::Storage`] if it cannot be made.
    pub async fn below(&self, dir: &str) -> Result<Self> {
        Self::open(&format!("{}/{dir}", self.root().trim_end_matches('/'))).await
    }

    /// Every file below a directory, by its path from there, sorted; of one that is not there: none.
    ///
    /// # Errors
    /// [`Error::Storage`] if a directory cannot be read, or lies too deep.
    pub async fn walk(&self, dir: &str) -> Result<Vec<(String, About)>> {
        let mut files = vec![];
        let mut left = vec![String::new()];
        let join = |one: &str, other: &str| match (one, other) {
            ("", path) | (path, "") => path.to_owned(),
            _ => format!("{one}/{other}"),
        };
        while let Some(at) = left.pop() {
            if at.split('/').count() > DEEPEST {
                return Err(Error::storage(join(dir, &at), "directories that go in circles"));
            }
            for entry in self.entries(&join(dir, &at)).await? {
                let path = join(&at, &entry.name);
                match entry.file {
                    Some(about) => files.push((path, about)),
                    None => left.push(path),
                }
            }
        }
        files.sort_by(|one, other| one.0.cmp(&other.0));
        Ok(files)
    }

    /// Copies everything below a directory into another store, under the same paths.
    ///
    /// # Errors
    /// [`Error::Storage`] if it cannot be read or written.
    pub async fn copy(&self, dir: &str, to: &Self) -> Result<()> {
        for (path, _) in self.walk(dir).await? {
            let path = format!("{dir}/{path}");
            if let Some(bytes) = self.read(&path).await? {
                to.write(&path, &bytes).await?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_below_a_directory_is_found_copied_and_removed() {
        let dir = tempfile::tempdir().unwrap();
        pollster::block_on(async {
            let store = Store::open(dir.path().join("one").to_str().unwrap()).await.unwrap();
            for (path, bytes) in [("b/c/deep", "123"), ("b/near", "12"), ("a", "1")] {
                store.write(path, bytes.as_bytes()).await.unwrap();
            }
            let paths = async |store: &Store, dir: &str| -> Vec<(String, u64)> {
                store.walk(dir).await.unwrap().into_iter().map(|(path, about)| (path, about.bytes)).collect()
            };
            let of =
                |list: &[(&str, u64)]| list.iter().map(|(path, bytes)| (path.to_string(), *bytes)).collect::<Vec<_>>();
            assert_eq!(paths(&store, "").await, of(&[("a", 1), ("b/c/deep", 3), ("b/near", 2)]));
            assert_eq!(paths(&store, "b").await, of(&[("c/deep", 3), ("near", 2)]));
            assert_eq!(paths(&store, "none").await, vec![]);
            let entries = store.entries("").await.unwrap();
            let kinds: Vec<(&str, bool)> = entries.iter().map(|one| (one.name.as_str(), one.file.is_some())).collect();
            assert_eq!(kinds, [("a", true), ("b", false)]);
            assert!(entries[0].file.unwrap().modified > 1_600_000_000_000, "milliseconds since 1970");

            let other = store.below("../two").await.unwrap();
            store.copy("b", &other).await.unwrap();
            assert_eq!(paths(&other, "").await, of(&[("b/c/deep", 3), ("b/near", 2)]));
            store.remove_all("b").await.unwrap();
            store.remove_all("b").await.unwrap();
            assert_eq!(paths(&store, "").await, of(&[("a", 1)]));
        });
    }

    #[test]
    fn what_is_held_is_known_to_be() {
        let dir = tempfile::tempdir().unwrap();
        pollster::block_on(async {
            let store = Store::open(dir.path().to_str().unwrap()).await.unwrap();
            assert!(!store.is_held("run").await.unwrap());
            let lock = store.hold("run").await.unwrap().expect("nobody holds it");
            assert!(store.is_held("run").await.unwrap() && store.hold("run").await.unwrap().is_none());
            drop(lock);
            assert!(!store.is_held("run").await.unwrap());
        });
    }
}
