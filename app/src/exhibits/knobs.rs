//! What can be chosen in an exhibit: sliders and lists.

use std::collections::BTreeMap;

/// Something to choose.
#[derive(Debug, Clone, PartialEq)]
pub struct Knob {
    /// Its name in an address: `pilot.sparsity=3`.
    pub key: &'static str,
    /// What it is called.
    pub label: String,
    /// What there is to choose from.
    pub kind: Kind,
}

/// What there is to choose from.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A number on a slider.
    Range {
        /// The lowest and the highest.
        ends: [f64; 2],
        /// From one to the next.
        step: f64,
        /// The first one.
        start: f64,
        /// What it is counted in; may be empty.
        unit: &'static str,
        /// Whether it is a time that can be played.
        time: bool,
    },
    /// One of several, told by its place from 0.
    Choice {
        /// Their names.
        options: Vec<String>,
        /// The first one.
        start: usize,
    },
    /// A word of a text, told by its place from 0.
    Word {
        /// The words, each with how strongly it is shaded, 0 to 1; none where a word cannot be chosen.
        words: Vec<(String, Option<f64>)>,
        /// The first one.
        start: usize,
    },
    /// On (1) or off (0).
    Switch {
        /// The first one.
        start: bool,
    },
}

impl Knob {
    /// A slider.
    pub fn range(key: &'static str, label: &str, ends: [f64; 2], step: f64, start: f64, unit: &'static str) -> Self {
        Self { key, label: label.into(), kind: Kind::Range { ends, step, start, unit, time: false } }
    }

    /// A slider over a time, from 0 to the last of so many.
    pub fn time(key: &'static str, label: &str, count: usize, start: usize) -> Self {
        let ends = [0.0, count.saturating_sub(1) as f64];
        Self {
            key,
            label: label.into(),
            kind: Kind::Range { ends, step: 1.0, start: start as f64, unit: "", time: true },
        }
    }

    /// A list.
    pub fn choice<T: Into<String>>(key: &'static str, label: &str, options: impl IntoIterator<Item = T>) -> Self {
        let options = options.into_iter().map(Into::into).collect();
        Self { key, label: label.into(), kind: Kind::Choice { options, start: 0 } }
    }

    /// The same list with another first choice.
    pub fn from(mut self, place: usize) -> Self {
        if let Kind::Choice { start, .. } = &mut self.kind {
            *start = place;
        }
        self
    }

    /// A switch.
    pub fn switch(key: &'static str, label: impl Into<String>, start: bool) -> Self {
        Self { key, label: label.into(), kind: Kind::Switch { start } }
    }

    /// What is chosen at first.
    pub fn start(&self) -> f64 {
        match &self.kind {
            Kind::Range { start, .. } => *start,
            Kind::Choice { start, .. } | Kind::Word { start, .. } => *start as f64,
            Kind::Switch { start } => f64::from(u8::from(*start)),
        }
    }

    /// The value nearest to a number that can be chosen; the first one for what is no number.
    pub fn nearest(&self, value: f64) -> f64 {
        if !value.is_finite() {
            return self.start();
        }
        let whole = |most: usize| value.round().clamp(0.0, most.saturating_sub(1) as f64);
        match &self.kind {
            Kind::Range { ends: [low, high], step, .. } => {
                let steps = ((value.clamp(*low, *high) - low) / step).round();
                // 0.1 + 0.2 is 0.3 here.
                ((low + steps * step) * 1e9).round() / 1e9
            }
            Kind::Choice { options, .. } => whole(options.len()),
            Kind::Word { words, .. } => whole(words.len()),
            Kind::Switch { .. } => whole(2),
        }
    }
}

/// What is chosen, by key.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Knobs(BTreeMap<&'static str, f64>);

impl Knobs {
    /// What is chosen at first.
    pub fn start(knobs: &[Knob]) -> Self {
        Self(knobs.iter().map(|knob| (knob.key, knob.start())).collect())
    }

    /// What the pairs of an address choose of the figure `id`; what they do not name, or not rightly, is as at first.
    pub fn read<'a>(knobs: &[Knob], id: &str, pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut chosen = Self::start(knobs);
        for (key, value) in pairs {
            let of = key.strip_prefix(id).and_then(|rest| rest.strip_prefix('.'));
            let knob = of.and_then(|key| knobs.iter().find(|knob| knob.key == key));
            if let (Some(knob), Ok(value)) = (knob, value.parse()) {
                chosen.set(knob, value);
            }
        }
        chosen
    }

    /// What differs from the beginning, as pairs of an address.
    pub fn write(&self, knobs: &[Knob], id: &str) -> Vec<(String, String)> {
        let changed = knobs.iter().filter(|knob| self.of(knob.key) != knob.start());
        changed.map(|knob| (format!("{id}.{}", knob.key), self.of(knob.key).to_string())).collect()
    }

    /// Chooses, as near as there is something to be chosen.
    pub fn set(&mut self, knob: &Knob, value: f64) {
        self.0.insert(knob.key, knob.nearest(value));
    }

    /// What is chosen; 0 where there is nothing to choose.
    pub fn of(&self, key: &str) -> f64 {
        self.0.get(key).copied().unwrap_or(0.0)
    }

    /// The place that is chosen.
    pub fn place(&self, key: &str) -> usize {
        self.of(key) as usize
    }

    /// Everything that is chosen.
    pub fn pairs(&self) -> impl Iterator<Item = (&'static str, f64)> {
        self.0.iter().map(|(key, value)| (*key, *value))
    }

    /// Whether a switch is on.
    pub fn on(&self, key: &str) -> bool {
        self.of(key) != 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn knobs() -> Vec<Knob> {
        vec![Knob::range("t", "T", [1.0, 10.0], 0.1, 2.0, ""), Knob::choice("by", "By", ["a", "b"])]
    }

    #[test]
    fn an_address_chooses_what_can_be_chosen() {
        let read = |pairs: &[(&str, &str)]| Knobs::read(&knobs(), "step", pairs.iter().copied());
        let chosen = read(&[("step.t", "2.34"), ("step.by", "1"), ("other.t", "9"), ("step.c", "1")]);
        // 1 + 13 steps of 0.1.
        assert_eq!((chosen.of("t"), chosen.place("by")), (2.3, 1));
        assert_eq!(
            read(&[("step.t", "99"), ("step.by", "7")]).write(&knobs(), "step"),
            [("step.t".to_owned(), "10".to_owned()), ("step.by".to_owned(), "1".to_owned())]
        );
        assert_eq!(read(&[("step.t", "NaN"), ("step.by", "x")]), Knobs::start(&knobs()));
        assert!(Knobs::start(&knobs()).write(&knobs(), "step").is_empty());
    }
}
