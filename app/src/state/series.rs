//! One configuration with several seeds, as it stands.

use crate::library::Seeded;

/// The seeds, and whether they are being done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Series {
    /// Each with how far it is.
    pub seeds: Vec<Seeded>,
    /// Whether one after the other is done.
    pub going: bool,
}

impl Series {
    /// How many are over, and how many there are.
    pub fn over(&self) -> [usize; 2] {
        [self.seeds.iter().filter(|one| one.done).count(), self.seeds.len()]
    }

    /// The runs of those that are over.
    pub fn finished(&self) -> Vec<String> {
        self.seeds.iter().filter(|one| one.done).filter_map(|one| one.id.clone()).collect()
    }

    /// How much of all of it is done, 0 to 1; `now` is the open run with its steps, taken and in all.
    pub fn share(&self, now: (Option<&str>, [usize; 2])) -> f64 {
        let one = |seeded: &Seeded| match self.stands(seeded, now) {
            _ if seeded.done => 1.0,
            [step, steps] => step as f64 / steps.max(1) as f64,
        };
        self.seeds.iter().map(one).sum::<f64>() / self.seeds.len().max(1) as f64
    }

    /// Where a seed stands, in a few words.
    pub fn told(&self, seeded: &Seeded, now: (Option<&str>, [usize; 2])) -> String {
        match (seeded.done, self.stands(seeded, now)) {
            (true, _) => "over".into(),
            (false, [_, 0]) => "to come".into(),
            (false, [step, steps]) => format!("step {step} of {steps}"),
        }
    }

    fn stands(&self, seeded: &Seeded, (open, steps): (Option<&str>, [usize; 2])) -> [usize; 2] {
        if seeded.id.is_some() && seeded.id.as_deref() == open { steps } else { [seeded.step, seeded.steps] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_open_run_tells_its_own_steps() {
        let seeded = |seed, id: Option<&str>, step, done| Seeded {
            seed,
            id: id.map(str::to_owned),
            step,
            steps: if id.is_some() { 20 } else { 0 },
            done,
        };
        let seeds = vec![seeded(1, Some("a"), 20, true), seeded(2, Some("b"), 5, false), seeded(3, None, 0, false)];
        let series = Series { seeds, going: true };
        let told = |now| series.seeds.iter().map(|one| series.told(one, now)).collect::<Vec<_>>();
        assert_eq!(told((Some("b"), [10, 20])), ["over", "step 10 of 20", "to come"]);
        assert_eq!(told((None, [10, 20])), ["over", "step 5 of 20", "to come"]);
        // (1 + 1/2 + 0) / 3
        assert_eq!(series.share((Some("b"), [10, 20])), 0.5);
        assert_eq!((series.over(), series.finished()), ([1, 3], vec!["a".to_owned()]));
        assert_eq!(Series::default().share((None, [0, 0])), 0.0);
    }
}
