//! The one error type of the core: place, wanted, found.

/// What went wrong, in one clear sentence.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// Something given to Retort does not fit. Nothing was started and nothing was written.
    #[error("{at}: wanted {wanted}, found {found}")]
    Input {
        /// Where: a file and line, a key of the run file, a tensor's name.
        at: String,
        /// What would have been right.
        wanted: String,
        /// What was there.
        found: String,
    },
    /// The operating system or the browser's storage said no.
    #[error("{at}: {reason}")]
    Storage {
        /// The path.
        at: String,
        /// The system's own words.
        reason: String,
    },
    /// The device cannot do what was asked, or went away.
    #[error("{at}: {reason}")]
    Device {
        /// The device's name.
        at: String,
        /// What happened and what to do about it.
        reason: String,
    },
}

/// A result with [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An [`Error::Input`].
    pub fn input(at: impl Into<String>, wanted: impl Into<String>, found: impl Into<String>) -> Self {
        Self::Input { at: at.into(), wanted: wanted.into(), found: found.into() }
    }

    /// An [`Error::Storage`].
    pub fn storage(at: impl Into<String>, reason: impl ToString) -> Self {
        Self::Storage { at: at.into(), reason: reason.to_string() }
    }

    /// An [`Error::Device`].
    pub fn device(at: impl Into<String>, reason: impl ToString) -> Self {
        Self::Device { at: at.into(), reason: reason.to_string() }
    }
}
