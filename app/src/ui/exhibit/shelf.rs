//! What the figures of a page share: the files that are recorded, each fetched once, and the reader's own run.

use std::collections::BTreeMap;

use leptos::{prelude::*, task::spawn_local};

use super::mine::Mine;
use crate::{exhibits::Recorded, ui::browser};

/// Files, and perhaps a run.
#[derive(Clone, Copy)]
pub struct Shelf {
    files: RwSignal<BTreeMap<&'static str, File>>,
    /// The reader's run, once there is one.
    pub mine: RwSignal<Option<Mine>>,
    /// Whether the page has one figure only, within another page.
    pub alone: bool,
    owner: StoredValue<Owner>,
}

/// Where a file stands.
#[derive(Debug, Clone, PartialEq)]
enum File {
    Asked,
    There(String),
    Missing,
}

impl Shelf {
    /// An empty one, which lives as long as the page.
    pub fn open(alone: bool) -> Self {
        let owner = Owner::new();
        let shelf = owner.with(|| Self {
            files: RwSignal::default(),
            mine: RwSignal::new(None),
            alone,
            owner: StoredValue::new(owner.clone()),
        });
        std::mem::forget(owner);
        shelf
    }

    /// Does something whose signals live as long as the page.
    pub fn within<T>(&self, work: impl FnOnce() -> T) -> T {
        self.owner.get_value().with(work)
    }

    /// Fetches what is not there and not asked for.
    pub fn ask(self, names: &'static [&'static str]) {
        for name in names {
            if self.files.with_untracked(|files| files.contains_key(name)) {
                continue;
            }
            self.files.update(|files| {
                files.insert(name, File::Asked);
            });
            spawn_local(async move {
                let text = browser::fetch_text(&format!("recorded/{name}")).await;
                self.files.update(|files| {
                    files.insert(name, text.map_or(File::Missing, File::There));
                });
            });
        }
    }

    /// The files, once all of them are there; the name of one that is missing.
    pub fn find(&self, names: &'static [&'static str]) -> Option<Result<Recorded, &'static str>> {
        self.files.with(|files| {
            let mut found = Recorded::new();
            for &name in names {
                match files.get(name)? {
                    File::Asked => return None,
                    File::Missing => return Some(Err(name)),
                    File::There(text) => {
                        found.insert(name.to_owned(), text.clone());
                    }
                }
            }
            Some(Ok(found))
        })
    }
}
