//! The one run that earlier versions kept becomes one of several, without a byte of it moving.

use retort_core::{
    Result,
    archive::ABOUT,
    run::Run,
    train::{PROVENANCE, RUN},
};

use super::{About, Library, RUNS, names};

/// Named one of the two directories below.
const CURRENT: &str = "current";
/// Where the run and its replacement lay by turns.
pub(super) const PLACES: [&str; 2] = ["a", "b"];

impl Library {
    /// Takes over the run of an earlier version, if there is one; done again after it was cut short, it comes to the
    /// same.
    pub(super) async fn adopt(&self) -> Result<()> {
        let Some(named) = self.home.read(CURRENT).await? else { return Ok(()) };
        let place = PLACES.into_iter().find(|place| place.as_bytes() == named);
        if let Some(place) = place
            && let Some(text) = self.home.read(&format!("{place}/{RUN}")).await?
        {
            // The same run always gets the same name.
            let seed = text.iter().fold(0u64, |seed, byte| seed.wrapping_mul(31).wrapping_add((*byte).into()));
            let id = names::id(seed, &|_| false);
            if self.home.read(&format!("{RUNS}/{id}/{ABOUT}")).await?.is_none() {
                let run = Run::from_toml(RUN, &String::from_utf8_lossy(&text));
                let begun = self.home.walk(place).await?;
                let created = begun.iter().find(|(path, _)| path == PROVENANCE || path == RUN);
                let about = About {
                    title: run.map_or_else(|_| "an earlier run".to_owned(), |run| run.name),
                    created: created.map_or(0, |(_, about)| about.modified),
                    place: Some(place.to_owned()),
                    ..About::default()
                };
                self.tell(&id, &about).await?;
            }
        }
        self.home.remove(CURRENT).await?;
        // The other one of the two was what had been replaced.
        self.sweep().await
    }
}
