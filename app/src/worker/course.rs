//! What a run file asks for: a run, or STARK's procedure of many.

use retort_core::{
    Result,
    checkpoint::Files,
    platform::{Opened, Store},
    run::Run,
    train::{Chain, METRICS, Stark, Told, stark::REPORT},
};

use crate::library;

/// A run in progress, or a procedure of runs.
pub enum Course {
    Chain(Box<Chain>),
    Stark(Box<Stark>),
}

impl Course {
    /// Opens a run file in a directory: anew, or with `resume` where it stands.
    pub async fn open(run: Run, store: Store, opened: Opened, resume: bool) -> Result<Self> {
        Ok(match run.stark {
            None => Self::Chain(Box::new(Chain::open(run, store, opened, resume).await?)),
            Some(_) => Self::Stark(Box::new(Stark::open(run, store, opened, resume).await?)),
        })
    }

    /// The run file as executed.
    pub fn run(&self) -> &Run {
        match self {
            Self::Chain(chain) => chain.run(),
            Self::Stark(stark) => stark.run(),
        }
    }

    /// The run whose models can be asked now.
    pub fn chain(&self) -> Option<&Chain> {
        match self {
            Self::Chain(chain) => Some(chain),
            Self::Stark(stark) => stark.chain(),
        }
    }

    /// The same, to ask what the next step would be.
    pub fn chain_mut(&mut self) -> Option<&mut Chain> {
        match self {
            Self::Chain(chain) => Some(chain),
            Self::Stark(stark) => stark.chain_mut(),
        }
    }

    /// The next thing that happens.
    pub async fn next(&mut self) -> Result<Option<Told>> {
        match self {
            Self::Chain(chain) => Ok(chain.next().await?.map(|event| Told::Run { event: Box::new(event) })),
            Self::Stark(stark) => stark.next().await,
        }
    }

    /// Saves where it stands.
    pub async fn save(&mut self) -> Result<()> {
        match self {
            Self::Chain(chain) => chain.save().await,
            Self::Stark(stark) => stark.save().await,
        }
    }

    /// The student with the run file, and what happened.
    pub async fn export(&self) -> Result<Files> {
        let mut files = match self {
            Self::Chain(chain) => {
                let mut files = chain.export().await?;
                let log = chain.store().read(&library::log(chain.store(), chain.run()).await?).await?;
                files.insert(METRICS.into(), log.unwrap_or_default());
                files
            }
            Self::Stark(stark) => {
                let mut files = stark.export().await?;
                files.extend(stark.store().read(REPORT).await?.map(|report| (REPORT.to_owned(), report)));
                files
            }
        };
        files.insert("run.toml".into(), self.run().to_toml()?.into_bytes());
        Ok(files)
    }
}
