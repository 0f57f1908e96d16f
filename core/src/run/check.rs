//! Ranges that the types of a [`Run`] do not express, checked before any work starts.

use super::{Phase, Run, Student, Teaching, Writing};
use crate::{Error, Result, model::Family};

impl Run {
    /// Checks every value against its range.
    ///
    /// # Errors
    /// [`Error::Input`] naming the key, what it may be, and what it is.
    pub fn check(&self, at: &str) -> Result<()> {
        let bad = |key: &str, wanted: &str, found: String| Err(Error::input(format!("{at}: {key}"), wanted, found));
        if !is_name(&self.name) {
            return bad("name", "letters, digits, `-`, `_` and `.`, not starting with `.`", format!("`{}`", self.name));
        }
        if self.data.max_length < 4 {
            return bad("data.max_length", "at least 4 tokens", self.data.max_length.to_string());
        }
        if self.data.limit == Some(0) {
            return bad("data.limit", "at least 1 sentence", "0".into());
        }
        if self.phases.is_empty() {
            return bad("phases", "at least one phase", "none".into());
        }
        if !self.data.template.contains("{prompt}") {
            return bad("data.template", "a text with {prompt} in it", format!("`{}`", self.data.template));
        }
        for (index, assistant) in self.assistants().iter().enumerate() {
            assistant.check(&format!("{at}: assistants.{index}"))?;
        }
        self.student.check(&format!("{at}: student"))?;
        for (index, companion) in self.companions.iter().enumerate() {
            companion.check(&format!("{at}: companions.{index}"))?;
        }
        for (index, phase) in self.phases.iter().enumerate() {
            phase.check(at, index)?;
        }
        if let Some(stark) = &self.stark {
            stark.check(&format!("{at}: stark"))?;
            if self.teacher.is_none() || !self.assistants().is_empty() {
                let found = if self.teacher.is_none() { "no teacher" } else { "assistants" };
                return bad("stark", "a [teacher] that teaches the student itself", found.into());
            }
        }
        Ok(())
    }
}

/// Whether a name can be a directory's.
pub(crate) fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !name.is_empty() && !name.starts_with('.') && name.chars().all(plain)
}

impl Student {
    fn check(&self, at: &str) -> Result<()> {
        let bad = |key: &str, wanted: String, found: String| Err(Error::input(format!("{at}.{key}"), wanted, found));
        for (key, value) in [
            ("layers", self.layers),
            ("hidden", self.hidden),
            ("heads", self.heads),
            ("intermediate", self.intermediate),
        ] {
            if value == 0 {
                return bad(key, "at least 1".into(), "0".into());
            }
        }
        if !self.hidden.is_multiple_of(self.heads) {
            return bad("heads", format!("a divisor of the width {}", self.hidden), self.heads.to_string());
        }
        if let Some(family) = &self.family {
            Family::named(&format!("{at}.family"), family)?;
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return bad("dropout", "a share from 0 to below 1".into(), self.dropout.to_string());
        }
        Ok(())
    }
}

impl Phase {
    fn check(&self, at: &str, index: usize) -> Result<()> {
        let place = |key: &str| format!("{at}: phases.{index}.{key}");
        for (key, value) in [
            ("batch", self.batch),
            ("accumulate", self.accumulate),
            ("eval_every", self.eval_every),
            ("log_every", self.log_every),
            ("steps", self.steps.unwrap_or(1)),
            ("patience", self.patience.unwrap_or(1)),
        ] {
            if value == 0 {
                return Err(Error::input(place(key), "at least 1", "0"));
            }
        }
        let optimizer = &self.optimizer;
        for (key, value, low, high) in [
            ("epochs", self.epochs, f64::MIN_POSITIVE, f64::MAX),
            ("optimizer.lr", optimizer.lr, f64::MIN_POSITIVE, f64::MAX),
            ("optimizer.weight_decay", optimizer.weight_decay, 0.0, f64::MAX),
            ("optimizer.betas.0", optimizer.betas[0], 0.0, 1.0 - f64::EPSILON),
            ("optimizer.betas.1", optimizer.betas[1], 0.0, 1.0 - f64::EPSILON),
            ("optimizer.eps", optimizer.eps, f64::MIN_POSITIVE, f64::MAX),
            ("optimizer.warmup", optimizer.warmup, 0.0, 1.0),
            ("optimizer.clip", optimizer.clip, 0.0, f64::MAX),
            ("masking", self.masking, 0.0, 1.0),
        ] {
            if !(low..=high).contains(&value) {
                let wanted = match (low, high) {
                    (0.0, f64::MAX) => "a number from 0 up".to_owned(),
                    (_, f64::MAX) => "a number above 0".to_owned(),
                    (_, 1.0) => "a share from 0 to 1".to_owned(),
                    _ => "a rate from 0 to below 1".to_owned(),
                };
                return Err(Error::input(place(key), wanted, value.to_string()));
            }
        }
        if let Some(writing) = &self.writing {
            writing.check(&place("writing"))?;
        }
        if let Some(teaching) = &self.teaching {
            teaching.check(&place("teaching"))?;
        }
        if let Some(shrinking) = &self.shrinking {
            shrinking.check(&place("shrinking"))?;
        }
        for (position, weighted) in self.objectives.iter().enumerate() {
            weighted.about(&place(&format!("objectives.{position}")))?;
        }
        Ok(())
    }
}

impl Teaching {
    fn check(&self, at: &str) -> Result<()> {
        let bad =
            |key: &str, wanted: &str, found: f64| Err(Error::input(format!("{at}.{key}"), wanted, found.to_string()));
        for (key, value) in [("lr", self.lr), ("pilot", self.pilot)] {
            if !(f64::MIN_POSITIVE..=f64::MAX).contains(&value) {
                return bad(key, "a number above 0", value);
            }
        }
        if !(self.quiz > 0.0 && self.quiz < 1.0) {
            return bad("quiz", "a share between 0 and 1", self.quiz);
        }
        Ok(())
    }
}

impl Writing {
    fn check(&self, at: &str) -> Result<()> {
        let bad = |key: &str, wanted: &str, found: String| Err(Error::input(format!("{at}.{key}"), wanted, found));
        let shares = [("student", self.student), ("teacher", self.teacher), ("mixed", self.mixed), ("mix", self.mix)];
        if let Some((key, value)) = shares.into_iter().find(|(_, value)| !(0.0..=1.0).contains(value)) {
            return bad(key, "a share from 0 to 1", value.to_string());
        }
        let sum = self.student + self.teacher + self.mixed;
        if sum > 1.0 + 1e-9 {
            return bad("student", "with teacher and mixed at most 1", sum.to_string());
        }
        for (key, value) in [("max_new", self.max_new), ("prompt", self.prompt)] {
            if value == 0 {
                return bad(key, "at least 1 token", "0".into());
            }
        }
        self.generation(0).check(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(assignment: &str) -> String {
        Run::default().set(assignment).unwrap_err().to_string()
    }

    #[test]
    fn values_out_of_range_are_refused_with_their_key() {
        assert_eq!(refused("student.heads=3"), "--set: student.heads: wanted a divisor of the width 32, found 3");
        assert_eq!(refused("student.dropout=1.0"), "--set: student.dropout: wanted a share from 0 to below 1, found 1");
        assert_eq!(refused("phases.0.batch=0"), "--set: phases.0.batch: wanted at least 1, found 0");
        assert_eq!(
            refused("phases.0.optimizer.lr=-0.1"),
            "--set: phases.0.optimizer.lr: wanted a number above 0, found -0.1"
        );
        assert_eq!(
            refused("phases.0.optimizer.lr=nan"),
            "--set: phases.0.optimizer.lr: wanted a number above 0, found NaN"
        );
        assert_eq!(refused("phases=[]"), "--set: phases: wanted at least one phase, found none");
        assert!(refused("name=../x").starts_with("--set: name: wanted letters"));
        assert_eq!(
            refused("assistants=[{ hidden = 32, heads = 2 }, { hidden = 32, heads = 3 }]"),
            "--set: assistants.1.heads: wanted a divisor of the width 32, found 3"
        );
    }
}
