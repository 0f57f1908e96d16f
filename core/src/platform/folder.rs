//! A directory that is only read, and that nothing leads out of.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    path::{Component, Path, PathBuf},
};

use crate::{Error, Result};

/// The directory.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
}

/// A file in it.
#[derive(Debug)]
pub struct Content {
    /// Its length in bytes when it was opened.
    pub bytes: u64,
    file: File,
}

impl Folder {
    /// The directory of this path.
    ///
    /// # Errors
    /// [`Error::Input`] when there is none.
    pub fn open(path: &str) -> Result<Self> {
        let root = fs::canonicalize(path).map_err(|error| Error::input(path, "a directory", error.to_string()))?;
        match root.is_dir() {
            true => Ok(Self { root }),
            false => Err(Error::input(path, "a directory", "a file")),
        }
    }

    /// The directories directly below, sorted; those that begin with a dot are left out.
    ///
    /// # Errors
    /// [`Error::Storage`] when the directory cannot be read.
    pub fn folders(&self) -> Result<Vec<String>> {
        let failed = |error: io::Error| Error::storage(self.root.display().to_string(), error);
        let mut names = vec![];
        for entry in fs::read_dir(&self.root).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
            if !name.starts_with('.') && self.find(&name).is_some_and(|path| path.is_dir()) {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// A file by its path, with `/` between names. Nothing where there is none: a path that leads out, itself or by a
    /// link, has none, and neither have names that begin with a dot.
    ///
    /// # Errors
    /// [`Error::Storage`] when there is one that cannot be read.
    pub fn file(&self, path: &str) -> Result<Option<Content>> {
        let Some(full) = self.find(path).filter(|full| full.is_file()) else { return Ok(None) };
        let opened = File::open(&full).and_then(|file| Ok(Content { bytes: file.metadata()?.len(), file }));
        opened.map(Some).map_err(|error| Error::storage(full.display().to_string(), error))
    }

    /// The path of a directory below, for whoever reads all of it; nothing where there is none, or where links in it
    /// lead elsewhere.
    pub fn whole(&self, path: &str) -> Option<String> {
        let full = self.find(path).filter(|full| full.is_dir())?;
        let mut todo = vec![full.clone()];
        while let Some(folder) = todo.pop() {
            for entry in fs::read_dir(folder).ok()? {
                let entry = entry.ok()?;
                let kind = entry.file_type().ok().filter(|kind| !kind.is_symlink())?;
                if kind.is_dir() {
                    todo.push(entry.path());
                }
            }
        }
        full.to_str().map(str::to_owned)
    }

    /// Where a path leads, if that is below this directory.
    fn find(&self, path: &str) -> Option<PathBuf> {
        let plain = |name: &str| !name.starts_with('.') && !name.contains(['\\', ':', '\0']);
        if path.is_empty() || !path.split('/').all(|name| !name.is_empty() && plain(name)) {
            return None;
        }
        let path = Path::new(path);
        if !path.components().all(|part| matches!(part, Component::Normal(_))) {
            return None;
        }
        fs::canonicalize(self.root.join(path)).ok().filter(|full| full.starts_with(&self.root))
    }
}

impl Content {
    /// The bytes from a position on, as many as there were when the file was opened.
    ///
    /// # Errors
    /// The system's, when it cannot be read.
    pub fn from(mut self, start: u64) -> io::Result<impl Read + Send + 'static> {
        self.file.seek(SeekFrom::Start(start))?;
        Ok(self.file.take(self.bytes.saturating_sub(start)))
    }

    /// All of them.
    ///
    /// # Errors
    /// The system's, when it cannot be read.
    pub fn all(self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![];
        self.from(0)?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, Folder) {
        let dir = tempfile::tempdir().unwrap();
        for name in ["runs/a", "runs/b/deep", "runs/.hidden"] {
            fs::create_dir_all(dir.path().join(name)).unwrap();
        }
        fs::write(dir.path().join("secret"), b"no").unwrap();
        fs::write(dir.path().join("runs/a/log"), b"12345").unwrap();
        fs::write(dir.path().join("runs/.hidden/log"), b"no").unwrap();
        let folder = Folder::open(dir.path().join("runs").to_str().unwrap()).unwrap();
        (dir, folder)
    }

    #[test]
    fn files_are_read_from_any_position() {
        let (_dir, folder) = folder();
        assert_eq!(folder.folders().unwrap(), ["a", "b"]);
        let content = folder.file("a/log").unwrap().unwrap();
        assert_eq!((content.bytes, content.all().unwrap()), (5, b"12345".to_vec()));
        let mut rest = String::new();
        folder.file("a/log").unwrap().unwrap().from(3).unwrap().read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "45");
    }

    #[test]
    fn nothing_leads_out() {
        let (dir, folder) = folder();
        let full = dir.path().join("secret").to_str().unwrap().to_owned();
        for path in [
            "",
            ".",
            "..",
            "../secret",
            "a/../../secret",
            "a//log",
            "/a/log",
            "a\\log",
            "a/log\0",
            ".hidden/log",
            "a",
            &full,
        ] {
            assert!(folder.file(path).unwrap().is_none(), "{path}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn neither_do_links() {
        let (dir, folder) = folder();
        assert!(folder.whole("a").is_some() && folder.whole("a/log").is_none() && folder.whole("..").is_none());
        std::os::unix::fs::symlink(dir.path().join("secret"), dir.path().join("runs/a/out")).unwrap();
        assert!(folder.whole("a").is_none());
        std::os::unix::fs::symlink(dir.path(), dir.path().join("runs/up")).unwrap();
        std::os::unix::fs::symlink("log", dir.path().join("runs/a/again")).unwrap();
        assert!(folder.file("a/out").unwrap().is_none() && folder.file("up/secret").unwrap().is_none());
        assert_eq!(folder.folders().unwrap(), ["a", "b"]);
        assert_eq!(folder.file("a/again").unwrap().unwrap().bytes, 5);
    }

    #[test]
    fn a_folder_that_is_none_is_refused() {
        let (dir, _folder) = folder();
        assert!(matches!(Folder::open(dir.path().join("none").to_str().unwrap()), Err(Error::Input { .. })));
        let error = Folder::open(dir.path().join("secret").to_str().unwrap()).unwrap_err().to_string();
        assert!(error.ends_with("secret: wanted a directory, found a file"), "{error}");
    }
}
