//! The terms of a run, each with a switch.
//!
//! A term that is switched off is not in the run file, and is kept here so that it can come back.
//! Whoever opens the address of such a run still finds it: what the recipe or the preset has and
//! the run has not is a term that is switched off.

use retort_core::{
    Error, Result,
    objective::Weighted,
    recipe::Recipe,
    run::{Phase, Run},
};
use serde_json::{Map, Value};

use crate::{address::Config, preset::Preset};

/// A term of a phase.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Method, weight, settings.
    pub term: Weighted,
    /// Whether the run has it.
    pub on: bool,
}

/// The terms of every phase of a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Terms {
    /// Whose terms they are: the run's name and recipe.
    run: (String, Option<String>),
    /// By phase, in the order in which they stand in the run file.
    pub phases: Vec<Vec<Line>>,
}

impl Terms {
    /// Takes in a run from wherever it comes. Of the same run, what is switched off stays so.
    pub fn follow(&mut self, config: &Config) {
        let run = (config.run.name.clone(), config.run.recipe.clone());
        if self.run != run || self.phases.len() != config.run.phases.len() {
            let source = source(config).filter(|source| source.phases.len() == config.run.phases.len());
            let known = |index: usize| source.as_ref().map_or(vec![], |source| source.phases[index].objectives.clone());
            self.phases =
                (0..config.run.phases.len()).map(known).map(|all| all.into_iter().map(off).collect()).collect();
            self.run = run;
        }
        for (lines, phase) in self.phases.iter_mut().zip(&config.run.phases) {
            *lines = aligned(lines, &phase.objectives);
        }
    }

    /// The run with a term switched on or off.
    ///
    /// # Errors
    /// [`Error::Input`] when it was the last one of its phase, or there is none such.
    pub fn switch(&mut self, run: &Run, phase: usize, place: usize, on: bool) -> Result<Run> {
        self.change(run, phase, place, |line| line.on = on)
    }

    /// The run with another weight for a term.
    ///
    /// # Errors
    /// [`Error::Input`] when it is no weight, or there is no such term.
    pub fn weigh(&mut self, run: &Run, phase: usize, place: usize, weight: &str) -> Result<Run> {
        let wrong = || Error::input("weight", "a number from 0 up", format!("`{weight}`"));
        let weight: f64 =
            weight.trim().parse().ok().filter(|it| (0.0..f64::INFINITY).contains(it)).ok_or_else(wrong)?;
        self.change(run, phase, place, |line| line.term.weight = weight)
    }

    fn change(&mut self, run: &Run, phase: usize, place: usize, edit: impl FnOnce(&mut Line)) -> Result<Run> {
        let at = format!("phases.{phase}.objectives");
        let mut next = self.clone();
        let mut run = run.clone();
        let lines = next.phases.get_mut(phase).zip(run.phases.get_mut(phase));
        let (lines, of_run) = lines.ok_or_else(|| Error::input(&at, "a phase of the run", "none"))?;
        edit(lines.get_mut(place).ok_or_else(|| Error::input(&at, "a term of the phase", "none"))?);
        of_run.objectives = lines.iter().filter(|line| line.on).map(|line| line.term.clone()).collect();
        if of_run.objectives.is_empty() {
            return Err(Error::input(&at, "at least one term: switch another one on first", "none"));
        }
        run.check("the terms")?;
        *self = next;
        Ok(run)
    }
}

/// Where the run's terms come from: its recipe, else its preset.
fn source(config: &Config) -> Option<Run> {
    match &config.run.recipe {
        Some(name) => Recipe::find("recipe", name).and_then(|recipe| recipe.run()).ok(),
        None => Preset::find(&config.preset).and_then(|preset| preset.run().ok()),
    }
}

fn off(term: Weighted) -> Line {
    Line { term, on: false }
}

/// The lines with the run's terms on and all others off; only the run's where they do not go together.
fn aligned(lines: &[Line], terms: &[Weighted]) -> Vec<Line> {
    let exact = |line: &Line, term: &Weighted| line.term.method == term.method && line.term.settings == term.settings;
    let on: Vec<bool> = lines.iter().map(|line| line.on).collect();
    within(lines, terms, |place, term| on[place] && lines[place].term.method == term.method)
        .filter(|_| on.iter().filter(|on| **on).count() == terms.len())
        .or_else(|| within(lines, terms, |place, term| exact(&lines[place], term)))
        .or_else(|| within(lines, terms, |place, term| lines[place].term.method == term.method))
        .unwrap_or_else(|| terms.iter().map(|term| Line { term: term.clone(), on: true }).collect())
}

/// The lines with `terms` on, if these stand among them in this order.
fn within(lines: &[Line], terms: &[Weighted], same: impl Fn(usize, &Weighted) -> bool) -> Option<Vec<Line>> {
    let mut left = terms.iter().peekable();
    let line = |(place, line): (usize, &Line)| match left.next_if(|term| same(place, term)) {
        Some(term) => Line { term: term.clone(), on: true },
        None => off(line.term.clone()),
    };
    let found = lines.iter().enumerate().map(line).collect();
    left.peek().is_none().then_some(found)
}

/// Settings as a run file would state them.
pub fn settings(given: &Map<String, Value>) -> String {
    given.iter().map(|(name, value)| format!("{name} = {value}")).collect::<Vec<_>>().join(", ")
}

/// What a phase reads, in a few words; nothing of the task, which is what phases usually read.
pub fn reads(phase: &Phase) -> &'static str {
    match phase.stage {
        retort_core::run::Stage::Task => "",
        retort_core::run::Stage::Text => "plain text",
        retort_core::run::Stage::TaskText => "the task’s texts",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config(recipe: &str) -> Config {
        let config = Config::default();
        Config { run: config.run.set(&format!("recipe={recipe}")).unwrap(), ..config }
    }

    fn shown(terms: &Terms) -> Vec<Vec<(&str, bool)>> {
        let line =
            |line: &'_ Line| (METHODS.iter().find(|known| **known == line.term.method).copied().unwrap(), line.on);
        terms.phases.iter().map(|lines| lines.iter().map(line).collect()).collect()
    }

    const METHODS: [&str; 6] = ["kd", "pkd", "embeddings", "attention_scores", "hidden", "logits"];

    #[test]
    fn a_term_goes_and_comes_back_to_its_place() {
        let mut config = config("tinybert");
        let before = config.run.clone();
        let mut terms = Terms::default();
        terms.follow(&config);
        config.run = terms.switch(&config.run, 0, 1, false).unwrap();
        terms.follow(&config);
        let methods = |run: &Run| run.phases[0].objectives.iter().map(|it| it.method.clone()).collect::<Vec<_>>();
        assert_eq!(methods(&config.run), ["embeddings", "hidden"]);
        assert!(!config.run.to_toml().unwrap().split("[[phases]]").nth(1).unwrap().contains("attention_scores"));
        assert_eq!(shown(&terms)[0], [("embeddings", true), ("attention_scores", false), ("hidden", true)]);
        assert_eq!(config.run.phases[1], before.phases[1]);
        config.run = terms.switch(&config.run, 0, 1, true).unwrap();
        assert_eq!(config.run, before);
    }

    #[test]
    fn the_last_term_of_a_phase_stays() {
        let config = config("tinybert");
        let mut terms = Terms::default();
        terms.follow(&config);
        let before = terms.clone();
        let error = terms.switch(&config.run, 2, 0, false).unwrap_err().to_string();
        assert!(error.starts_with("phases.2.objectives: wanted at least one term"), "{error}");
        assert_eq!(terms, before);
    }

    #[test]
    fn weights_are_numbers_and_stay_with_a_term_that_is_off() {
        let mut config = config("pkd_skip");
        let mut terms = Terms::default();
        terms.follow(&config);
        assert_eq!(shown(&terms), [[("kd", true), ("pkd", true)]]);
        for wrong in ["much", "-1", "inf", "NaN", ""] {
            assert!(terms.weigh(&config.run, 0, 1, wrong).is_err(), "{wrong}");
        }
        config.run = terms.switch(&config.run, 0, 1, false).unwrap();
        config.run = terms.weigh(&config.run, 0, 1, "2.5").unwrap();
        terms.follow(&config);
        assert_eq!(config.run.phases[0].objectives.len(), 1);
        config.run = terms.switch(&config.run, 0, 1, true).unwrap();
        assert_eq!(config.run.phases[0].objectives[1].weight, 2.5);
    }

    #[test]
    fn an_address_without_a_term_of_its_recipe_offers_it() {
        let mut config = config("pkd_skip");
        config.run.phases[0].objectives.remove(0);
        let mut terms = Terms::default();
        terms.follow(&config);
        assert_eq!(shown(&terms), [[("kd", false), ("pkd", true)]]);
        // What another recipe had is forgotten.
        config.run = config.run.set("recipe=kd").unwrap();
        terms.follow(&config);
        assert_eq!(shown(&terms), [[("kd", true)]]);
        // And so is what does not go with the run's own terms.
        config.run.phases[0].objectives = vec![Weighted::new("logits")];
        terms.follow(&config);
        assert_eq!(shown(&terms), [[("logits", true)]]);
    }

    #[test]
    fn the_address_holds_what_is_switched_off() {
        let mut config = config("mixbaseline");
        let mut terms = Terms::default();
        terms.follow(&config);
        config.run = terms.switch(&config.run, 0, 0, false).unwrap();
        let pairs: Vec<_> = config.write().into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let (read, errors) = Config::read(&pairs);
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(read, config);
        let mut anew = Terms::default();
        anew.follow(&read);
        assert_eq!(anew, terms);
    }

    #[test]
    fn settings_read_as_in_a_run_file() {
        let given = json!({ "alpha": 0.5, "mode": "row" });
        assert_eq!(settings(given.as_object().unwrap()), r#"alpha = 0.5, mode = "row""#);
    }
}
