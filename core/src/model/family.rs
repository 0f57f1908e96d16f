//! The families of models, and what the rest of the program must know of each.

use super::{Config, bert, config::keys::Key, distilbert, gpt_neox, gpt2, llama, opt};
use crate::{Error, Result};

/// A family: models that differ in nothing but their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Encoder of Devlin et al. 2019.
    Bert,
    /// Encoder of Sanh et al. 2019.
    DistilBert,
    /// Decoder of Radford et al. 2019.
    Gpt2,
    /// Decoder of Zhang et al. 2022.
    Opt,
    /// Decoder of Black et al. 2022; Pythia is one.
    GptNeox,
    /// Decoder of Touvron et al. 2023.
    Llama,
}

/// What a model puts on top of its layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// One of several classes for the whole text.
    Classification,
    /// A token for every place, seen from both sides.
    MaskedLm,
    /// The next token for every place, seen from the left.
    CausalLm,
}

impl Task {
    /// What it does, in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Classification => "classes",
            Self::MaskedLm => "hidden words",
            Self::CausalLm => "the next word",
        }
    }
}

/// What a family's file says about the family.
#[derive(Debug)]
pub struct Facts {
    /// `model_type` in `config.json`.
    pub model_type: &'static str,
    /// Classes of `transformers`, by what they are for.
    pub architectures: &'static [(Task, &'static str)],
    /// What `config.json` says of the shape, key by key.
    pub keys: &'static [Key],
    /// ε of the norms where no key says it.
    pub eps: f64,
    /// Whether the head shares the word embeddings when `tie_word_embeddings` is absent.
    pub tied: bool,
    /// The token that ends a text when `eos_token_id` is absent.
    pub end: Option<u32>,
    /// Where parameters lie in the module, and what Hugging Face calls them. `#` is the layer.
    pub names: &'static [(&'static str, &'static str)],
    /// What the names begin with, except those of the head.
    pub prefix: &'static str,
    /// What the names of a layer's parameters begin with, before the layer's number.
    pub layer: &'static str,
    /// Parameters that a file may repeat, and what they are a copy of.
    pub copies: &'static [(&'static str, &'static str)],
    /// What the names begin with of parameters that a language model's file may have too many.
    pub unused: &'static [&'static str],
    /// What names begin with in the file, and in `transformers`.
    pub renamed: &'static [(&'static str, &'static str)],
    /// Finds what Retort cannot run; the text is the place of the configuration.
    pub check: fn(&str, &Config) -> Result<()>,
}

impl Family {
    /// All of them, in the order in which they are listed.
    pub const ALL: [Self; 6] = [Self::Bert, Self::DistilBert, Self::Gpt2, Self::Opt, Self::GptNeox, Self::Llama];

    /// What its file says about it.
    pub fn facts(self) -> &'static Facts {
        match self {
            Self::Bert => &bert::FACTS,
            Self::DistilBert => &distilbert::FACTS,
            Self::Gpt2 => &gpt2::FACTS,
            Self::Opt => &opt::FACTS,
            Self::GptNeox => &gpt_neox::FACTS,
            Self::Llama => &llama::FACTS,
        }
    }

    /// The family that `model_type` names.
    pub fn of(model_type: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.facts().model_type == model_type)
    }

    /// As [`Family::of`].
    ///
    /// # Errors
    /// [`Error::Input`] listing the families when it names none; `at` is its place.
    pub fn named(at: &str, model_type: &str) -> Result<Self> {
        Self::of(model_type).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|family| family.facts().model_type).collect();
            Error::input(at, one_of(&known), format!("`{model_type}`"))
        })
    }

    /// Whether its models see both sides of a token.
    pub fn is_encoder(self) -> bool {
        self.architecture(Task::CausalLm).is_none()
    }

    /// Whether a parameter of a classifier is its head's: what pools the text and what tells the classes.
    pub fn is_head(self, name: &str) -> bool {
        let facts = self.facts();
        !name.starts_with(facts.prefix) || facts.unused.iter().any(|of| name.starts_with(of))
    }

    /// The class of `transformers` that is for `task`.
    pub fn architecture(self, task: Task) -> Option<&'static str> {
        self.facts().architectures.iter().find(|(known, _)| *known == task).map(|(_, name)| *name)
    }

    /// What the class `architecture` of `transformers` is for.
    ///
    /// # Errors
    /// [`Error::Input`] when that is nothing Retort has.
    pub fn task(self, at: &str, architecture: &str) -> Result<Task> {
        let all = self.facts().architectures;
        all.iter().find(|(_, name)| *name == architecture).map(|(task, _)| *task).ok_or_else(|| {
            let known: Vec<&str> = all.iter().map(|(_, name)| *name).collect();
            Error::input(format!("{at}: architectures"), one_of(&known), format!("`{architecture}`"))
        })
    }
}

/// `a`, `b` or `c`.
fn one_of(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_is_found_by_its_name() {
        for family in Family::ALL {
            assert_eq!(Family::of(family.facts().model_type), Some(family));
            let (task, name) = family.facts().architectures[0];
            assert_eq!(family.task("c", name).unwrap(), task);
        }
        assert_eq!(
            Family::named("c: model_type", "mamba").unwrap_err().to_string(),
            "c: model_type: wanted `bert`, `distilbert`, `gpt2`, `opt`, `gpt_neox` or `llama`, found `mamba`"
        );
        assert_eq!(
            Family::Gpt2.task("c", "GPT2Model").unwrap_err().to_string(),
            "c: architectures: wanted `GPT2LMHeadModel`, found `GPT2Model`"
        );
        assert_eq!(
            Family::Bert.task("c", "BertModel").unwrap_err().to_string(),
            "c: architectures: wanted `BertForSequenceClassification` or `BertForMaskedLM`, found `BertModel`"
        );
    }
}
