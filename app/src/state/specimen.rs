//! An example to take a step on, as a form has it.

use retort_core::{Error, Result, train::Specimen};

/// What the form says.
#[derive(Debug, Clone, PartialEq)]
pub struct Form {
    /// A text of one's own, instead of one that is learned from.
    pub own: bool,
    /// Which of those that are learned from, counted from 1.
    pub number: String,
    /// The text of one's own.
    pub text: String,
    /// The second one, or the response; may be empty.
    pub pair: String,
    /// The name of its class; empty where words are asked for.
    pub label: String,
}

impl Default for Form {
    fn default() -> Self {
        let text = "A warm and funny film that never loses its way.".into();
        Self { own: false, number: "1".into(), text, pair: String::new(), label: String::new() }
    }
}

impl Form {
    /// The example.
    ///
    /// # Errors
    /// [`Error::Input`] when the number is none, or the text.
    pub fn specimen(&self) -> Result<Specimen> {
        let some = |text: &str| (!text.trim().is_empty()).then(|| text.to_owned());
        if !self.own {
            return match self.number.trim().parse::<usize>() {
                Ok(number) if number > 0 => Ok(Specimen::Train { index: number - 1 }),
                _ => Err(Error::input("the example", "a number from 1 on", format!("{:?}", self.number))),
            };
        }
        match some(&self.text) {
            Some(text) => Ok(Specimen::Own { text, pair: some(&self.pair), label: some(&self.label) }),
            None => Err(Error::input("the example", "a text", "none")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_count_from_one() {
        let form = |number: &str| Form { number: number.into(), ..Form::default() }.specimen();
        assert_eq!(form(" 4 ").unwrap(), Specimen::Train { index: 3 });
        for wrong in ["0", "", "-1", "1.5", "99999999999999999999999"] {
            let told = form(wrong).unwrap_err().to_string();
            assert_eq!(told, format!("the example: wanted a number from 1 on, found {wrong:?}"));
        }
    }

    #[test]
    fn a_text_of_one_s_own_may_lack_what_is_not_asked_for() {
        let own = Form { own: true, text: "warm".into(), label: "1".into(), ..Form::default() };
        let wanted = Specimen::Own { text: "warm".into(), pair: None, label: Some("1".into()) };
        assert_eq!(own.specimen().unwrap(), wanted);
        assert!(Form { text: " ".into(), ..own }.specimen().is_err());
    }
}
