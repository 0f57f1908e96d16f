//! The page: inside this program, or in a folder.

use std::borrow::Cow;

use retort_core::{
    Error, Result,
    platform::{builtin, folder::Folder},
};

/// A file that the build script put into the program.
#[allow(dead_code, reason = "only a page that was built before this program is made of these")]
#[derive(Debug, Clone, Copy)]
enum Inside {
    /// Its bytes.
    Bytes(&'static [u8]),
    /// The same as one of the core's built-in files.
    Builtin(&'static str),
}

/// Files by address; none where the page was not built before the program.
static FILES: &[(&str, Inside)] = include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// Where the page's files are.
#[derive(Debug, Clone)]
pub enum Page {
    /// In the program.
    Inside,
    /// In a folder.
    Folder(Folder),
}

impl Page {
    /// The page of a folder, or the one inside.
    ///
    /// # Errors
    /// [`Error::Input`] when there is none.
    pub fn open(dist: Option<&str>) -> Result<Self> {
        let Some(dist) = dist else {
            return match FILES {
                [] => Err(Error::input(
                    "the page",
                    "one inside this program, or --dist DIR",
                    "none; `cargo xtask test page` makes it, and the next `cargo build --release --workspace` takes it in",
                )),
                _ => Ok(Self::Inside),
            };
        };
        let folder = Folder::open(dist)?;
        match folder.file("index.html")? {
            Some(_) => Ok(Self::Folder(folder)),
            None => Err(Error::input(dist, "a built page", "no index.html; `cargo xtask test page` makes one")),
        }
    }

    /// A file by its address.
    ///
    /// # Errors
    /// [`Error::Storage`] when it is there and cannot be read.
    pub fn file(&self, name: &str) -> Result<Option<Cow<'static, [u8]>>> {
        match self {
            Self::Inside => match FILES.iter().find(|(address, _)| *address == name) {
                Some((_, Inside::Bytes(bytes))) => Ok(Some(Cow::Borrowed(bytes))),
                Some((_, Inside::Builtin(path))) => pollster::block_on(builtin(path)).map(|bytes| Some(bytes.into())),
                None => Ok(None),
            },
            Self::Folder(folder) => match folder.file(name)? {
                Some(content) => {
                    content.all().map(|bytes| Some(bytes.into())).map_err(|error| Error::storage(name, error))
                }
                None => Ok(None),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the page was built before the program; where it was not, there is nothing to be seen.
    #[test]
    fn what_is_inside_is_whole() {
        for (name, _) in FILES {
            let bytes = Page::Inside.file(name).unwrap().unwrap();
            assert!(!bytes.is_empty(), "{name}");
        }
        assert_eq!(Page::open(None).is_ok(), FILES.iter().any(|(name, _)| *name == "index.html"));
    }

    #[test]
    fn a_folder_without_a_page_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().to_str().unwrap();
        let error = Page::open(Some(path)).unwrap_err().to_string();
        assert!(
            error.ends_with("wanted a built page, found no index.html; `cargo xtask test page` makes one"),
            "{error}"
        );
        std::fs::write(dir.path().join("index.html"), "<h1>").unwrap();
        let page = Page::open(Some(path)).unwrap();
        assert_eq!(page.file("index.html").unwrap().as_deref(), Some(&b"<h1>"[..]));
        assert!(page.file("../x").unwrap().is_none());
    }
}
