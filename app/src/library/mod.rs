//! The runs that are kept together, each in a directory of its own: a browser's.
//!
//! ```text
//! retort/runs/ID/              run directories, as natively; `uploads/` in them are the visitor's files
//! retort/runs/ID/about.json    what the run is called, when it was begun, which run it started from; written last
//! retort/a, retort/b           where earlier versions kept their one run: about.json then says so, and nothing moves
//! ```
//!
//! A directory counts once its about.json is there: what a closed tab left half made is swept away. A run has one
//! writer at a time, across all tabs; anybody may read.

use retort_core::{
    Error, Result,
    archive::{ABOUT, Archive},
    platform::{Lock, Store, now},
    train::RUN,
};
use serde::{Deserialize, Serialize};

mod adopt;
mod names;
pub mod series;
mod standing;
mod stored;
#[cfg(test)]
mod tests;

pub use series::Seeded;
pub use standing::{log, look};
pub use stored::{Branched, Stored};

/// Where browsers keep them.
pub const HOME: &str = "retort";
const RUNS: &str = "runs";
/// What the writer of a run holds.
const WRITER: &str = "run";
/// Letters of a title.
const LONGEST: usize = 120;

/// All runs.
#[derive(Debug, Clone)]
pub struct Library {
    home: Store,
}

/// What is known of a run beside itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct About {
    title: String,
    /// Milliseconds since 1970.
    created: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    branched_from: Option<Branched>,
    /// The directory below the home, where it is not that of the about.json.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    /// It could not be understood, so that nobody knows what it said.
    #[serde(skip)]
    torn: bool,
}

/// A run that is open for writing.
#[derive(Debug)]
pub struct Open {
    /// The run.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// Its directory.
    pub store: Store,
    _lock: Lock,
}

impl Library {
    /// The runs below a directory, which is made if it is not there. A run of earlier versions becomes one of them.
    ///
    /// # Errors
    /// [`Error::Storage`] when there is no storage.
    pub async fn open(home: &str) -> Result<Self> {
        let library = Self { home: Store::open(home).await? };
        library.adopt().await?;
        Ok(library)
    }

    /// Every run, the one that changed last first.
    ///
    /// # Errors
    /// [`Error::Storage`] when the directory cannot be read.
    pub async fn list(&self) -> Result<Vec<Stored>> {
        let mut runs = vec![];
        for id in self.ids().await? {
            if let Some(about) = self.about(&id).await? {
                runs.push(self.stored(id, about).await?);
            }
        }
        runs.sort_by(|one: &Stored, other| other.changed.cmp(&one.changed).then(one.id.cmp(&other.id)));
        Ok(runs)
    }

    /// A directory for a new run, which is none before [`Library::finish`].
    ///
    /// # Errors
    /// [`Error::Storage`] when it cannot be made.
    pub async fn begin(&self) -> Result<Open> {
        self.sweep().await?;
        let taken = self.ids().await?;
        let id = names::id(now(), &|id| taken.iter().any(|known| known == id));
        // Held before it is there, so that no other tab takes it for left behind.
        let lock = self.hold(&id).await?;
        let store = self.home.below(&format!("{RUNS}/{id}")).await?;
        Ok(Open { id, title: String::new(), store, _lock: lock })
    }

    /// Makes what [`Library::begin`] began a run that counts.
    ///
    /// # Errors
    /// [`Error::Storage`] when it cannot be written; [`Error::Input`] for a title that is none.
    pub async fn finish(&self, open: &mut Open, title: &str, branched_from: Option<Branched>) -> Result<()> {
        open.title = titled(title)?;
        let about = About { title: open.title.clone(), created: now(), branched_from, ..About::default() };
        self.tell(&open.id, &about).await
    }

    /// Takes away what [`Library::begin`] began, as far as that can be done.
    pub async fn give_up(&self, open: &Open) {
        if let Err(error) = self.home.remove_all(&format!("{RUNS}/{}", open.id)).await {
            log::warn!("what was begun is left behind: {error}");
        }
    }

    /// Opens a run for writing.
    ///
    /// # Errors
    /// [`Error::Input`] when there is none of this name, or somebody else has it open.
    pub async fn take(&self, id: &str) -> Result<Open> {
        let about = self.known(id).await?;
        let lock = self.hold(id).await?;
        Ok(Open { id: id.to_owned(), title: about.title.clone(), store: self.store_of(id, &about).await?, _lock: lock })
    }

    /// The directory of a run, to be read, and what it is called.
    ///
    /// # Errors
    /// [`Error::Input`] when there is none of this name.
    pub async fn read(&self, id: &str) -> Result<(Store, String)> {
        let about = self.known(id).await?;
        Ok((self.store_of(id, &about).await?, about.title))
    }

    /// Calls a run something else.
    ///
    /// # Errors
    /// [`Error::Input`] when there is none of this name, or the title is none.
    pub async fn rename(&self, id: &str, title: &str) -> Result<()> {
        let about = self.known(id).await?;
        self.tell(id, &About { title: titled(title)?, ..about }).await
    }

    /// Removes a run that nobody has open.
    ///
    /// # Errors
    /// [`Error::Input`] when there is none of this name, or somebody has it open.
    pub async fn delete(&self, id: &str) -> Result<()> {
        let about = self.known(id).await?;
        let _lock = self.hold(id).await?;
        // First what makes it count: whatever is left after that is swept away.
        self.home.remove(&format!("{RUNS}/{id}/{ABOUT}")).await?;
        if let Some(place) = about.place {
            self.home.remove_all(&place).await?;
        }
        self.home.remove_all(&format!("{RUNS}/{id}")).await
    }

    /// Takes in an archive; the new run's id.
    ///
    /// # Errors
    /// As [`Archive::read`], before anything is written; [`Error::Storage`] when there is no room, and then nothing is
    /// left of it.
    pub async fn import(&self, name: &str, bytes: &[u8]) -> Result<String> {
        let archive = Archive::read(name, bytes)?;
        let mut open = self.begin().await?;
        let laid = async {
            archive.lay(&open.store).await?;
            let title: String = archive.name.chars().take(LONGEST).collect();
            self.finish(&mut open, &title, None).await
        };
        match laid.await {
            Ok(()) => Ok(open.id),
            Err(error) => {
                self.give_up(&open).await;
                Err(error)
            }
        }
    }

    async fn ids(&self) -> Result<Vec<String>> {
        let entries = self.home.entries(RUNS).await?;
        Ok(entries.into_iter().filter(|entry| entry.file.is_none()).map(|entry| entry.name).collect())
    }

    /// Removes directories that never became runs, unless somebody is about to make them, and what is left of runs
    /// that were being removed.
    async fn sweep(&self) -> Result<()> {
        let (mut places, mut torn) = (vec![], false);
        for id in self.ids().await? {
            match self.about(&id).await? {
                Some(about) => {
                    torn |= about.torn;
                    places.extend(about.place);
                }
                None if self.home.is_held(&format!("{RUNS}/{id}/{WRITER}")).await? => {}
                None => self.home.remove_all(&format!("{RUNS}/{id}")).await?,
            }
        }
        // One that cannot be understood may have named either.
        for place in adopt::PLACES.into_iter().filter(|place| !torn && !places.iter().any(|known| known == place)) {
            self.home.remove_all(place).await?;
        }
        Ok(())
    }

    /// What is written beside a run; nothing where there is no run.
    async fn about(&self, id: &str) -> Result<Option<About>> {
        if !names::is_id(id) {
            return Ok(None);
        }
        let path = format!("{RUNS}/{id}/{ABOUT}");
        let Some(bytes) = self.home.read(&path).await? else { return Ok(None) };
        let about = serde_json::from_slice::<About>(&bytes).unwrap_or_else(|error| {
            // The run itself is what matters.
            log::warn!("{path}: {error}");
            About { title: id.to_owned(), torn: true, ..About::default() }
        });
        Ok(Some(about))
    }

    async fn known(&self, id: &str) -> Result<About> {
        let none = || Error::input("runs", "one of those that are kept here", format!("`{id}`"));
        self.about(id).await?.ok_or_else(none)
    }

    async fn tell(&self, id: &str, about: &About) -> Result<()> {
        let path = format!("{RUNS}/{id}/{ABOUT}");
        let json = serde_json::to_vec_pretty(about).map_err(|error| Error::storage(&path, error))?;
        self.home.write(&path, &json).await
    }

    async fn hold(&self, id: &str) -> Result<Lock> {
        let lock = self.home.hold(&format!("{RUNS}/{id}/{WRITER}")).await?;
        lock.ok_or_else(|| Error::input(id, "a run that nobody else has open", "one that is open in another tab"))
    }

    fn place(id: &str, about: &About) -> String {
        about.place.clone().unwrap_or_else(|| format!("{RUNS}/{id}"))
    }

    async fn store_of(&self, id: &str, about: &About) -> Result<Store> {
        Store::open_existing(&format!("{}/{}", self.home.root(), Self::place(id, about))).await
    }

    async fn stored(&self, id: String, about: About) -> Result<Stored> {
        let place = Self::place(&id, &about);
        let (mut bytes, mut changed) = (0, about.created);
        for (_, file) in self.home.walk(&place).await? {
            bytes += file.bytes;
            changed = changed.max(file.modified);
        }
        let open = self.home.is_held(&format!("{RUNS}/{id}/{WRITER}")).await?;
        let known = Stored {
            id: id.clone(),
            title: about.title.clone(),
            created: about.created,
            changed,
            bytes,
            open,
            branched_from: about.branched_from.clone(),
            ..Stored::default()
        };
        let looked = async {
            let store = self.store_of(&id, &about).await?;
            let text = store.read(RUN).await?.ok_or_else(|| Error::input(RUN, "a run file", "none"))?;
            standing::of(&store, &String::from_utf8_lossy(&text), known.clone()).await
        };
        // A run that cannot be read can still be taken away or removed.
        Ok(looked.await.unwrap_or_else(|error| Stored { trouble: Some(error.to_string()), ..known }))
    }
}

/// A title without blanks around it.
fn titled(title: &str) -> Result<String> {
    let title = title.trim();
    let count = title.chars().count();
    if count == 0 || count > LONGEST || title.chars().any(char::is_control) {
        return Err(Error::input("title", format!("1 to {LONGEST} letters on one line"), format!("{count} letters")));
    }
    Ok(title.to_owned())
}
