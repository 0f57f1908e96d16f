//! Names made of content: of a file, and of everything a version consists of.

use std::{collections::BTreeMap, path::Path};

use sha2::{Digest, Sha256};

/// Letters of a name that stand for a file's content: 64 bits.
const LETTERS: usize = 16;

/// SHA-256 in hexadecimal letters.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The name of a file in `folder` by its content; the ending stays, so that hosts know what it is.
pub fn name(folder: &str, path: &str, bytes: &[u8]) -> String {
    let hash = &sha256(bytes)[..LETTERS];
    match Path::new(path).extension().and_then(|ending| ending.to_str()) {
        Some(ending) => format!("{folder}/{hash}.{ending}"),
        None => format!("{folder}/{hash}"),
    }
}

/// What all of these are called together: other names or other contents are another version.
pub fn version(all: &[&BTreeMap<String, Vec<u8>>]) -> String {
    let mut hash = Sha256::new();
    for (place, files) in all.iter().enumerate() {
        for (name, bytes) in *files {
            hash.update(format!("{place} {name} {}\n", sha256(bytes)));
        }
    }
    hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_content() {
        // The SHA-256 of nothing begins with e3b0c442 98fc1c14.
        assert_eq!(name("data", "a/b.toml", b""), "data/e3b0c44298fc1c14.toml");
        assert_eq!(name("data", "c/LICENSE", b""), "data/e3b0c44298fc1c14");
        assert_ne!(name("data", "a", b"1"), name("data", "a", b"2"));
    }

    #[test]
    fn a_version_is_all_of_its_names_and_contents() {
        let files = |name: &str, bytes: &[u8]| BTreeMap::from([(name.to_owned(), bytes.to_vec())]);
        let (a, b) = (files("a", b"1"), files("b", b"1"));
        assert_eq!(version(&[&a, &b]), version(&[&a, &b]));
        assert_eq!(version(&[&a]).len(), 12);
        for other in [version(&[&b, &a]), version(&[&a]), version(&[&files("a", b"2"), &b])] {
            assert_ne!(other, version(&[&a, &b]));
        }
    }
}
