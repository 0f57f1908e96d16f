//! The figures of the companions, drawn by the program.

use std::{ffi::OsString, fs, path::Path};

use crate::program::{retort, root};

/// The files of a folder.
fn names(folder: &Path) -> Vec<OsString> {
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name()).collect();
    names.sort();
    names
}

#[test]
fn the_program_draws_the_pictures_of_the_articles() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    retort(root(), &["figures", out]).fine();
    let kept = root().join("www/figures");
    assert_eq!(names(folder.path()), names(&kept));
    for name in names(&kept) {
        assert!(fs::read(folder.path().join(&name)).unwrap() == fs::read(kept.join(&name)).unwrap(), "{name:?}");
    }
    let said = retort(root(), &["figures", out, "--recorded", "tests/conformance"]).refused(2);
    assert!(said.contains("wanted a readable file, found nothing there"), "{said}");
}
