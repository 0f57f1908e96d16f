//! How much of the site is kept for use without a network.

use retort_core::{Error, Result};
use serde::Deserialize;

use super::kept::size;

/// Bytes that are kept, and bytes in all; with what broke off, if something did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Kept {
    /// Bytes that are there.
    pub kept: u64,
    /// Bytes of everything.
    pub of: u64,
    /// What went wrong.
    #[serde(default)]
    pub error: Option<String>,
}

/// Where the keeping stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Keeping {
    /// Nothing keeps anything, so far.
    #[default]
    Nobody,
    /// The program on this machine serves the page.
    Program,
    /// It can be asked for.
    Possible(Kept),
    /// It is under way.
    Going(Kept),
    /// Everything is there.
    Done(Kept),
    /// It broke off.
    Failed(Kept),
}

impl Keeping {
    /// What the service worker says is there.
    ///
    /// # Errors
    /// [`Error::Input`] when it says something else.
    pub fn heard(json: &str) -> Result<Self> {
        let wrong =
            |error: serde_json::Error| Error::input("the service worker", "bytes that are kept", error.to_string());
        let kept: Kept = serde_json::from_str(json).map_err(wrong)?;
        Ok(match (kept.error.is_some(), kept.kept >= kept.of) {
            (true, _) => Self::Failed(kept),
            (false, true) => Self::Done(kept),
            (false, false) => Self::Possible(kept),
        })
    }

    /// Whether it can be asked for.
    pub fn waits(&self) -> bool {
        matches!(self, Self::Possible(_) | Self::Failed(_))
    }

    /// In a sentence.
    pub fn told(&self) -> String {
        match self {
            Self::Nobody => "Nothing can be kept here yet: the browser is still fetching this version, or lets this page keep nothing.".into(),
            Self::Program => "The program on this machine serves this page; it needs no network.".into(),
            Self::Possible(Kept { kept: 0, of, .. }) => format!("{} are to be fetched.", size(*of)),
            Self::Possible(Kept { kept, of, .. }) => {
                format!("{} of {} are kept; {} are to be fetched.", size(*kept), size(*of), size(of - kept))
            }
            Self::Going(Kept { kept, of, .. }) => format!("Keeping: {} of {}.", size(*kept), size(*of)),
            Self::Done(Kept { of, .. }) => format!("Everything is kept: {}. The page needs no network any more.", size(*of)),
            Self::Failed(Kept { kept, of, error }) => format!(
                "It broke off: {} of {} are kept ({}). Trying again goes on from there.",
                size(*kept),
                size(*of),
                error.as_deref().unwrap_or("no reason was given")
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_told_before_and_after() {
        let heard = |json: &str| Keeping::heard(json).unwrap();
        let told = |json: &str| heard(json).told();
        assert_eq!(told(r#"{"kept":0,"of":30000000}"#), "30.0 MB are to be fetched.");
        assert_eq!(
            told(r#"{"kept":10000000,"of":30000000}"#),
            "10.0 MB of 30.0 MB are kept; 20.0 MB are to be fetched."
        );
        let done = heard(r#"{"kept":30000000,"of":30000000,"over":true}"#);
        assert_eq!(done.told(), "Everything is kept: 30.0 MB. The page needs no network any more.");
        let failed = heard(r#"{"kept":10000000,"of":30000000,"over":true,"error":"TypeError: no network"}"#);
        assert!(failed.told().starts_with("It broke off: 10.0 MB of 30.0 MB are kept (TypeError: no network)."));
        assert!(failed.waits() && !done.waits() && !Keeping::Nobody.waits());
        assert!(Keeping::heard("null").is_err());
    }
}
