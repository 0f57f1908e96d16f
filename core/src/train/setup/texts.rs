//! From texts to tokens, as the data and the student's family ask.

use crate::{
    Result,
    data::{self, Encodings, Example, Kind, Tokenizer},
    model::Family,
    run::{Run, Stage},
};

/// What decides how texts are encoded.
pub struct Encode<'a> {
    pub run: &'a Run,
    pub tokenizer: &'a Tokenizer,
    pub kind: Kind,
    pub family: Family,
}

impl Encode<'_> {
    /// The texts of a split.
    pub fn all(&self, examples: &[Example]) -> Result<Encodings> {
        let length = self.run.data.max_length;
        match self.kind {
            Kind::Classes => self.asked(Encodings::new(self.tokenizer, examples, length)?),
            Kind::Text => {
                Encodings::packed(self.tokenizer, examples.iter().map(|example| example.text.as_str()), length)
            }
            Kind::Instructions => Encodings::responses(self.tokenizer, examples, &self.run.data.template, length),
        }
    }

    /// The texts that are trained on.
    pub fn train(&self, examples: &[Example]) -> Result<Encodings> {
        let all = self.all(examples)?;
        Ok(if self.kind == Kind::Text { all.limit(self.run.data.limit, self.run.seed) } else { all })
    }

    /// What the stage of text reads: the run's corpus, or the training texts without their labels.
    /// Nothing where there is no such stage.
    pub async fn corpus(&self, examples: Vec<Example>) -> Result<Encodings> {
        let length = self.run.data.max_length;
        if self.run.phases.iter().all(|phase| phase.stage != Stage::Text) {
            return Encodings::packed(self.tokenizer, [], length);
        }
        if let Some(path) = &self.run.data.corpus {
            let text = data::corpus(path).await?;
            return Encodings::packed(self.tokenizer, [text.as_str()], length);
        }
        match self.kind {
            Kind::Classes => self.asked(Encodings::new(self.tokenizer, &examples, length)?),
            Kind::Text => self.all(&examples),
            Kind::Instructions => {
                let whole = |one: &Example| {
                    let prompt = self.run.data.template.replace("{prompt}", &one.text);
                    prompt + one.pair.as_deref().unwrap_or_default()
                };
                let texts: Vec<String> = examples.iter().map(whole).collect();
                Encodings::packed(self.tokenizer, texts.iter().map(String::as_str), length)
            }
        }
    }

    /// Labelled sentences; a decoder is asked for their words.
    fn asked(&self, sentences: Encodings) -> Result<Encodings> {
        Ok(if self.family.is_encoder() { sentences } else { sentences.next() })
    }
}
