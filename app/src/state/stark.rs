//! STARK's stages as the page shows them, as a pure function of what was told.

use retort_core::train::{
    Told,
    stark::{Arm, Figure, Level, Report, Stage},
};

/// Where the procedure stands, and what came of it so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sweeps {
    /// The stage in progress, its number from 1, and how many there are.
    pub at: Option<(Stage, usize, usize)>,
    /// The students that are ready, the trial first.
    pub levels: Vec<Level>,
    /// All are ready.
    pub over: bool,
}

/// Students or teachers by how much of the teacher is gone.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Swept {
    /// Per cent, rising.
    pub x: Vec<f64>,
    /// By sweep, in the order in which they were begun.
    pub y: Vec<(String, Vec<Option<f64>>)>,
}

impl Sweeps {
    /// Takes in what was told.
    pub fn apply(&mut self, told: Told) {
        match told {
            Told::Stage { stage, number, of } => self.at = Some((stage, number, of)),
            Told::Level { level } => self.levels.push(*level),
            Told::Done { .. } => self.over = true,
            Told::Scored { .. } | Told::Run { .. } => {}
        }
    }

    /// The stage in progress, in words.
    pub fn stage(&self) -> Option<String> {
        self.at.as_ref().map(|(stage, number, of)| stage_of(stage, *number, *of))
    }

    /// Whether the levels are of words: then perplexities count.
    pub fn of_words(&self) -> bool {
        self.levels.first().is_some_and(|level| level.student[0].words)
    }

    /// A figure of every level, by sweep; the whole teacher belongs to each.
    pub fn swept(&self, of: impl Fn(&Level) -> Figure) -> Swept {
        let Some((trial, rest)) = self.levels.split_first() else { return Swept::default() };
        let mut x: Vec<f64> = self.levels.iter().map(|level| level.percent[0]).collect();
        x.sort_by(f64::total_cmp);
        x.dedup();
        let mut y: Vec<(String, Vec<Option<f64>>)> = vec![];
        let whole = of(trial).shown();
        for level in rest {
            let line = y.iter().position(|(name, _)| *name == level.arm).unwrap_or_else(|| {
                let mut line = vec![None; x.len()];
                line[0] = Some(whole);
                y.push((level.arm.clone(), line));
                y.len() - 1
            });
            let place = x.iter().position(|percent| *percent == level.percent[0]).unwrap_or_default();
            y[line].1[place] = Some(of(level).shown());
        }
        if y.is_empty() {
            y.push((trial.arm.clone(), vec![Some(whole)]));
        }
        Swept { x, y }
    }

    /// What came of it, a sentence for each sweep; nothing before all is over.
    pub fn verdicts(&self) -> Vec<String> {
        if !self.over || self.levels.is_empty() {
            return vec![];
        }
        let report = Report::of(&self.levels);
        let whole = told(report.trial.student[1]);
        let sentence = |arm: &Arm| {
            let best = &arm.levels[arm.best];
            match arm.best {
                0 => format!(
                    "{}: on dev no sparse teacher’s student beats the whole teacher’s, which has {whole} on test.",
                    arm.name
                ),
                _ => format!(
                    "{}: the best on dev is the student of the teacher without {:.0} %; it has {} on test, the whole teacher’s {whole}.",
                    arm.name,
                    best.percent[0],
                    told(best.student[1])
                ),
            }
        };
        report.arms.iter().map(sentence).collect()
    }
}

/// `stage 3 of 20, random without 30 %`
pub fn stage_of(stage: &Stage, number: usize, of: usize) -> String {
    let name = match stage {
        Stage::Trial => "trial".to_owned(),
        Stage::Scores => "scores".to_owned(),
        Stage::Level { arm, percent: Some(percent) } => format!("{arm} without {percent} %"),
        Stage::Level { arm, percent: None } => arm.clone(),
    };
    format!("stage {number} of {of}, {name}")
}

/// A figure as it is told.
pub fn told(figure: Figure) -> String {
    match figure.words {
        true => format!("{:.2}", figure.shown()),
        false => format!("{:.1}\u{a0}%", figure.shown()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(arm: &str, percent: f64, dev: f64, test: f64) -> Level {
        let figure = |accuracy| Figure { accuracy, loss: 1.0, words: false };
        Level {
            arm: arm.into(),
            percent: [percent; 2],
            parameters: 1,
            confidence: None,
            teacher: [figure(0.75); 2],
            student: [figure(dev), figure(test)],
            control: None,
            init_hash: String::new(),
        }
    }

    fn told_all(levels: Vec<Level>) -> Sweeps {
        let mut sweeps = Sweeps::default();
        let report = Report::of(&levels);
        levels.into_iter().for_each(|level| sweeps.apply(Told::Level { level: Box::new(level) }));
        sweeps.apply(Told::Done { report: Box::new(report) });
        sweeps
    }

    #[test]
    fn every_sweep_begins_with_the_whole_teacher() {
        let levels =
            vec![level("trial", 0.0, 0.5, 0.5), level("auto", 46.0, 0.5, 0.25), level("random", 20.0, 0.5, 0.75)];
        let swept = told_all(levels).swept(|level| level.student[1]);
        assert_eq!(swept.x, [0.0, 20.0, 46.0]);
        assert_eq!(swept.y[0], ("auto".into(), vec![Some(50.0), None, Some(25.0)]));
        assert_eq!(swept.y[1], ("random".into(), vec![Some(50.0), Some(75.0), None]));
        assert_eq!(Sweeps::default().swept(|level| level.student[0]), Swept::default());
    }

    #[test]
    fn dev_chooses_and_test_tells() {
        let levels = vec![level("trial", 0.0, 0.5, 0.5), level("a", 20.0, 0.625, 0.375), level("b", 20.0, 0.25, 0.75)];
        let verdicts = told_all(levels).verdicts();
        assert!(
            verdicts[0].contains("without 20 %; it has 37.5\u{a0}% on test, the whole teacher’s 50.0\u{a0}%"),
            "{verdicts:?}"
        );
        assert!(verdicts[1].starts_with("b: on dev no sparse teacher’s student"), "{verdicts:?}");
        assert_eq!(Sweeps::default().verdicts(), Vec::<String>::new());
    }

    #[test]
    fn a_stage_is_told_in_words() {
        let stage = Stage::Level { arm: "random".into(), percent: Some(30.0) };
        assert_eq!(stage_of(&stage, 3, 20), "stage 3 of 20, random without 30 %");
    }
}
