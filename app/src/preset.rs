//! Run files that come with Retort: the page offers them, the command line takes the same files.

use retort_core::{Result, run::Run};

/// A run file and what to call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preset {
    /// Its name in the address bar.
    pub name: &'static str,
    /// One line for people.
    pub title: &'static str,
    /// The run file.
    pub toml: &'static str,
}

/// All of them; the first is the page's first.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "demo",
        title: "Film reviews: a small student, a minute or two",
        toml: include_str!("../../www/presets/demo.toml"),
    },
    Preset {
        name: "tiny",
        title: "Film reviews: a few seconds, to see it move",
        toml: include_str!("../../www/presets/tiny.toml"),
    },
    Preset {
        name: "prose",
        title: "Prose: a small language model continues texts",
        toml: include_str!("../../www/presets/prose.toml"),
    },
];

impl Preset {
    /// The preset of that name.
    pub fn find(name: &str) -> Option<Self> {
        PRESETS.iter().copied().find(|preset| preset.name == name)
    }

    /// Its run.
    ///
    /// # Errors
    /// As [`Run::from_toml`].
    pub fn run(&self) -> Result<Run> {
        Run::from_toml(&format!("preset {}", self.name), self.toml)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_a_run() {
        for preset in PRESETS {
            let run = preset.run().unwrap();
            assert!(!run.phases[0].objectives.is_empty(), "{}", preset.name);
        }
    }
}
