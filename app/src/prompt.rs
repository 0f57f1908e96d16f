//! A prompt that the models go on with, and what is shown of each of its tokens.
//!
//! Zhong et al. 2024, "Revisiting Knowledge Distillation for Autoregressive Language Models", section 3:
//! UNC is how unsure the teacher is of a token, TKD and DKD are the two parts of the divergence there.

use retort_core::{
    Error, Result,
    generate::Generation,
    model::Family,
    run::Run,
    train::{Continuation, Seen},
};
use serde::{Deserialize, Serialize};

/// What the models are asked to go on with, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prompt {
    /// Where they begin.
    pub text: String,
    /// Most tokens to add.
    pub max_new: usize,
    /// Logits are divided by this; 0: always the most likely token.
    pub temperature: f64,
    /// Of the draws.
    pub seed: u64,
}

impl Prompt {
    /// A prompt with one setting replaced by what somebody typed.
    ///
    /// # Errors
    /// [`Error::Input`] when it is out of its range.
    pub fn with(&self, setting: Setting, text: &str) -> Result<Self> {
        let wrong = || Error::input(setting.name(), setting.wanted(), format!("`{text}`"));
        let mut next = self.clone();
        let text = text.trim();
        match setting {
            Setting::Tokens => {
                next.max_new = text.parse().ok().filter(|count| (1..=MOST).contains(count)).ok_or_else(wrong)?;
            }
            Setting::Temperature => {
                next.temperature = text.parse().ok().filter(|it| (0.0..=HOTTEST).contains(it)).ok_or_else(wrong)?;
            }
            Setting::Seed => next.seed = text.parse().map_err(|_| wrong())?,
        }
        Ok(next)
    }

    /// A setting as it is typed.
    pub fn get(&self, setting: Setting) -> String {
        match setting {
            Setting::Tokens => self.max_new.to_string(),
            Setting::Temperature => self.temperature.to_string(),
            Setting::Seed => self.seed.to_string(),
        }
    }

    /// As the core takes it.
    pub fn generation(&self) -> Generation {
        let &Self { max_new, temperature, seed, .. } = self;
        Generation { max_new, temperature, seed, ..Generation::default() }
    }
}

/// Most tokens that may be asked for, and the highest temperature.
const MOST: usize = 512;
const HOTTEST: f64 = 10.0;

/// What there is to choose beside the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// How many tokens are added.
    Tokens,
    /// How boldly they are drawn.
    Temperature,
    /// By which random numbers.
    Seed,
}

impl Setting {
    /// All of them, in order.
    pub const ALL: [Self; 3] = [Self::Tokens, Self::Temperature, Self::Seed];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tokens => "Tokens to add",
            Self::Temperature => "Temperature of the draws",
            Self::Seed => "Seed of the draws",
        }
    }

    /// What it means, in a few words.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Tokens => "at most; a model may end earlier",
            Self::Temperature => "0: always the likeliest token",
            Self::Seed => "matters above temperature 0",
        }
    }

    fn wanted(self) -> String {
        match self {
            Self::Tokens => format!("a count from 1 to {MOST}"),
            Self::Temperature => format!("a number from 0 to {HOTTEST}"),
            Self::Seed => "a whole number from 0 up".into(),
        }
    }
}

/// How models went on with a prompt, or why they did not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Continued {
    /// The prompt.
    pub text: String,
    /// Of teacher and student; none where the models do not write, or nobody teaches.
    pub continuations: Vec<Continuation>,
    /// What was wrong with the prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// What the tokens are coloured by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Measure {
    /// 1 − p of the teacher.
    #[default]
    Unc,
    /// Of the token against all others.
    Tkd,
    /// Among the others.
    Dkd,
}

impl Measure {
    /// All of them, in order.
    pub const ALL: [Self; 3] = [Self::Unc, Self::Tkd, Self::Dkd];

    /// As the paper calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unc => "UNC",
            Self::Tkd => "TKD",
            Self::Dkd => "DKD",
        }
    }

    /// What it says.
    pub fn about(self) -> &'static str {
        match self {
            Self::Unc => "how unsure the teacher is of the token: 1 − p(token)",
            Self::Tkd => "how far the student is from the teacher in the token’s own probability, in nats",
            Self::Dkd => "how far the student is from the teacher among all other tokens, in nats",
        }
    }

    /// The value of a token.
    pub fn of(self, seen: &Seen) -> f64 {
        match self {
            Self::Unc => seen.uncertainty,
            Self::Tkd => seen.tkd,
            Self::Dkd => seen.dkd,
        }
    }

    /// Where the next level begins. The same at every step, so that what is learned fades.
    fn steps(self) -> [f64; 4] {
        match self {
            Self::Unc => [0.3, 0.6, 0.8, 0.95],
            Self::Tkd => [0.03, 0.1, 0.3, 1.0],
            Self::Dkd => [0.1, 0.3, 1.0, 3.0],
        }
    }

    /// How strongly a value is shown: 0 to 4.
    pub fn level(self, value: f64) -> usize {
        self.steps().iter().filter(|step| value >= **step).count()
    }

    /// The values of a level, for the legend.
    pub fn range(self, level: usize) -> String {
        let steps = self.steps();
        match level {
            0 => format!("below {}", steps[0]),
            4.. => format!("from {}", steps[3]),
            _ => format!("{}–{}", steps[level - 1], steps[level]),
        }
    }
}

/// Everything that is known of a token, in a line.
pub fn told(text: &str, seen: Option<&Seen>) -> String {
    let text = visible(text);
    match seen {
        Some(Seen { uncertainty, doubt, tkd, dkd, kl }) => {
            format!("“{text}”: UNC {uncertainty:.3} (the student’s {doubt:.3}), TKD {tkd:.3}, DKD {dkd:.3}, KL {kl:.3}")
        }
        None => format!("“{text}”: the first token, which follows on nothing"),
    }
}

/// A token whose line breaks can be seen.
pub fn visible(text: &str) -> String {
    text.replace('\n', "↵")
}

/// Whether a run's models answer with words, as far as its file tells; what a table asks for is known
/// once it has been read.
pub fn asks_words(run: &Run) -> bool {
    let (data, student) = (&run.data, &run.student);
    let plain = |path: &String| path.to_lowercase().ends_with(".txt");
    let decoder = student.family.as_ref().and_then(|family| Family::named("family", family).ok());
    data.source == "builtin:prose" && data.train.is_none()
        || data.train.as_ref().is_some_and(plain)
        || data.train.is_none() && plain(&data.source)
        || data.response.is_some()
        || decoder.is_some_and(|family| !family.is_encoder())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt() -> Prompt {
        Prompt { text: "It was".into(), max_new: 40, temperature: 0.0, seed: 1 }
    }

    #[test]
    fn settings_are_taken_within_their_ranges() {
        let next = prompt().with(Setting::Tokens, " 7 ").unwrap().with(Setting::Temperature, "0.8").unwrap();
        let next = next.with(Setting::Seed, "3").unwrap();
        assert_eq!(next, Prompt { max_new: 7, temperature: 0.8, seed: 3, ..prompt() });
        assert_eq!(Setting::ALL.map(|setting| next.get(setting)), ["7", "0.8", "3"]);
        let refused = |setting, text: &str| prompt().with(setting, text).unwrap_err().to_string();
        assert_eq!(refused(Setting::Tokens, "0"), "Tokens to add: wanted a count from 1 to 512, found `0`");
        assert_eq!(
            refused(Setting::Temperature, "NaN"),
            "Temperature of the draws: wanted a number from 0 to 10, found `NaN`"
        );
        assert_eq!(refused(Setting::Seed, "-1"), "Seed of the draws: wanted a whole number from 0 up, found `-1`");
    }

    #[test]
    fn a_token_is_shown_by_what_is_chosen() {
        let seen = Seen { uncertainty: 0.8, doubt: 0.9, tkd: 0.29, dkd: 5.0, kl: 4.29 };
        let levels = Measure::ALL.map(|measure| measure.level(measure.of(&seen)));
        assert_eq!(levels, [3, 2, 4]);
        assert_eq!(
            (0..5).map(|level| Measure::Unc.range(level)).collect::<Vec<_>>(),
            ["below 0.3", "0.3–0.6", "0.6–0.8", "0.8–0.95", "from 0.95"]
        );
        assert_eq!(
            told(" end\n", Some(&seen)),
            "“ end↵”: UNC 0.800 (the student’s 0.900), TKD 0.290, DKD 5.000, KL 4.290"
        );
        assert_eq!(told("It", None), "“It”: the first token, which follows on nothing");
    }

    #[test]
    fn a_run_file_tells_whether_words_are_asked_for() {
        let asked = |sets: &[&str]| {
            asks_words(&sets.iter().fold(Run::default(), |run, assignment| run.set(assignment).unwrap()))
        };
        assert!(!asked(&[]));
        assert!(asked(&["data.source=builtin:prose"]));
        assert!(!asked(&["data.source=builtin:prose", "data.train=mine.tsv"]));
        assert!(asked(&["data.train=mine.TXT"]));
        assert!(asked(&["data.response=answer"]));
        assert!(asked(&["student.family=gpt2"]));
        assert!(!asked(&["student.family=bert"]));
    }
}
