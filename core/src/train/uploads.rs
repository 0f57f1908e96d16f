//! The user's own files that lie with a run, so that it can be read wherever it goes.
//!
//! A run file names files as its author had them: `reviews.tsv`, `../data/train.tsv`, `/home/a/b.txt`. Below `uploads/`
//! each has a path that says the same name and stays below it.

use crate::{
    Result,
    checkpoint::Files,
    platform::{self, Store},
};

/// Where they lie in a run directory.
pub const UPLOADS: &str = "uploads";

/// Where a file of this name lies in a run directory.
pub fn path(name: &str) -> String {
    let parts = name.split('/').map(|part| match part {
        "" => "%".to_owned(),
        "." => "%2E".to_owned(),
        ".." => "%2E%2E".to_owned(),
        part => part.chars().map(written).collect(),
    });
    format!("{UPLOADS}/{}", parts.collect::<Vec<_>>().join("/"))
}

fn written(letter: char) -> String {
    match letter {
        '%' | '\\' | ':' | '\0'..='\x1f' => format!("%{:02X}", letter as u32),
        letter => letter.into(),
    }
}

/// The name of a file that lies at a path below `uploads/`.
fn name(path: &str) -> String {
    path.split('/').map(read).collect::<Vec<_>>().join("/")
}

fn read(part: &str) -> String {
    let mut pieces = part.split('%');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let letter = piece.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match letter {
            Some(letter) => {
                text.push(char::from(letter));
                text.push_str(&piece[2..]);
            }
            None => text.push_str(piece),
        }
    }
    text
}

/// Puts files beside a run, by the names in its run file.
///
/// # Errors
/// [`crate::Error::Storage`] when they cannot be written.
pub async fn keep(store: &Store, files: &Files) -> Result<()> {
    for (name, bytes) in files {
        store.write(&path(name), bytes).await?;
    }
    Ok(())
}

/// The files that lie beside a run, by the names in its run file.
///
/// # Errors
/// [`crate::Error::Storage`] when they cannot be read.
pub async fn files(store: &Store) -> Result<Files> {
    let mut found = Files::new();
    for (path, _) in store.walk(UPLOADS).await? {
        if let Some(bytes) = store.read(&format!("{UPLOADS}/{path}")).await? {
            found.insert(name(&path), bytes);
        }
    }
    Ok(found)
}

/// Lets them be read by those names: before any others of these names.
///
/// # Errors
/// As [`files`].
pub async fn offer(store: &Store) -> Result<()> {
    for (name, bytes) in files(store).await? {
        platform::offer(name, bytes);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_a_path_that_stays_below_and_reads_back() {
        assert_eq!(path("reviews.tsv"), "uploads/reviews.tsv");
        assert_eq!(path("../a/./b.txt"), "uploads/%2E%2E/a/%2E/b.txt");
        assert_eq!(path("/home/100%.tsv"), "uploads/%/home/100%25.tsv");
        assert_eq!(path("C:\\x.tsv"), "uploads/C%3A%5Cx.tsv");
        for text in ["reviews.tsv", "../a/./b.txt", "/home/100%.tsv", "C:\\x.tsv", "a//b", "schön.tsv", "%41", "a%"] {
            let path = path(text);
            assert_eq!(name(path.strip_prefix("uploads/").unwrap()), text);
        }
    }

    #[test]
    fn what_lies_beside_a_run_is_read_by_its_name() {
        let dir = tempfile::tempdir().unwrap();
        pollster::block_on(async {
            let store = Store::open(dir.path().to_str().unwrap()).await.unwrap();
            let files = Files::from([("/nowhere/uploaded.tsv".to_owned(), b"text\tlabel".to_vec())]);
            keep(&store, &files).await.unwrap();
            offer(&store).await.unwrap();
            assert_eq!(platform::read_file("/nowhere/uploaded.tsv").await.unwrap(), b"text\tlabel");
        });
    }
}
