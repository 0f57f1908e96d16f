//! From a study file to its cells.

use std::collections::BTreeSet;

use super::Study;
use crate::{
    Error, Result,
    run::{Run, is_name, parse},
};

/// The cells of a study, in the order in which they are run.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// One for every combination of points.
    pub settings: Vec<Setting>,
    /// One for every setting and seed.
    pub cells: Vec<Cell>,
}

/// One combination of points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// As tables and figures call it.
    pub label: String,
    /// Which point of each axis.
    pub points: Vec<usize>,
}

/// One run.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// Names its directory; the same in every sitting.
    pub id: String,
    /// Its place among the settings.
    pub setting: usize,
    /// Its seed.
    pub seed: u64,
    /// Its run file.
    pub run: Run,
}

/// Columns of the table that an axis may not be called.
const COLUMNS: [&str; 6] = ["cell", "seed", "who", "split", "metric", "value"];

impl Study {
    /// Reads a study file. `at` names it in errors.
    ///
    /// # Errors
    /// [`Error::Input`] for text that is not TOML, for keys that are not known, and for names or
    /// seeds that are not distinct.
    pub fn from_toml(at: &str, text: &str) -> Result<Self> {
        let study: Self = parse(at, text)?;
        study.check(at)?;
        Ok(study)
    }

    /// Writes the study file that reads back to this study.
    ///
    /// # Errors
    /// [`Error::Input`] when a value has no TOML form.
    pub fn to_toml(&self) -> Result<String> {
        toml::to_string(self)
            .map_err(|error| Error::input(&self.name, "a study that TOML can express", error.to_string()))
    }

    fn check(&self, at: &str) -> Result<()> {
        let bad = |key: &str, wanted: &str, found: String| Err(Error::input(format!("{at}: {key}"), wanted, found));
        if !is_name(&self.name) {
            return bad("name", "letters, digits, `-`, `_` and `.`, not starting with `.`", format!("`{}`", self.name));
        }
        let seeds = self.seeds.list();
        if seeds.is_empty() {
            return bad("seeds", "at least one seed", "none".into());
        }
        if let Some(seed) = repeated(seeds.iter().map(u64::to_string)) {
            return bad("seeds", "every seed once", format!("{seed} twice"));
        }
        if self.resources.cores == Some(0) {
            return bad("resources.cores", "at least 1", "0".into());
        }
        if let Some(name) = repeated(self.axes.iter().map(|axis| slug(&axis.name))) {
            return bad("axes", "a name of its own for each", format!("`{name}` twice"));
        }
        for (index, axis) in self.axes.iter().enumerate() {
            let key = format!("axes.{index}");
            if slug(&axis.name).is_empty() || COLUMNS.contains(&axis.name.as_str()) {
                let wanted = format!("a name, and none of {}", COLUMNS.join(", "));
                return bad(&format!("{key}.name"), &wanted, format!("`{}`", axis.name));
            }
            let key = format!("{key} (`{}`): points", axis.name);
            if axis.points.is_empty() {
                return bad(&key, "at least one point", "none".into());
            }
            if axis.points.iter().any(|point| slug(&point.name).is_empty()) {
                return bad(&key, "names with a letter or a digit", "one without".into());
            }
            if let Some(name) = repeated(axis.points.iter().map(|point| slug(&point.name))) {
                return bad(&key, "names that differ in letters or digits", format!("`{name}` twice"));
            }
        }
        Ok(())
    }

    /// The cells: every point of every axis meets every other, with every seed. A cell that has a
    /// teacher always has its control.
    ///
    /// # Errors
    /// [`Error::Input`] naming the point whose change does not fit the run file.
    pub fn plan(&self, at: &str, base: &Run) -> Result<Plan> {
        let mut settings = vec![Setting { label: String::new(), points: vec![] }];
        for axis in &self.axes {
            settings = settings
                .iter()
                .flat_map(|setting| (0..axis.points.len()).map(move |point| (setting, point)))
                .map(|(setting, point)| Setting {
                    label: joined(&setting.label, ", ", &axis.points[point].name),
                    points: [setting.points.as_slice(), &[point]].concat(),
                })
                .collect();
        }
        let mut cells = vec![];
        for (number, setting) in settings.iter_mut().enumerate() {
            let (run, words) = self.at(at, base, setting)?;
            if setting.label.is_empty() {
                setting.label = "base".into();
            }
            for seed in self.seeds.list() {
                let id = joined(&words, "_", &format!("seed-{seed}"));
                let control = run.teacher.is_some();
                let run = Run { name: id.clone(), seed, control, ..run.clone() };
                cells.push(Cell { id, setting: number, seed, run });
            }
        }
        if let Some(id) = repeated(cells.iter().map(|cell| cell.id.to_ascii_lowercase())) {
            return Err(Error::input(format!("{at}: axes"), "cells with names of their own", format!("`{id}` twice")));
        }
        Ok(Plan { settings, cells })
    }

    /// The base at one combination of points, and the name of its directory.
    fn at(&self, at: &str, base: &Run, setting: &Setting) -> Result<(Run, String)> {
        let (mut run, mut words) = (base.clone(), String::new());
        for (axis, &point) in self.axes.iter().zip(&setting.points) {
            let point = &axis.points[point];
            let here = || format!("{at}: axis `{}`, point `{}`", axis.name, point.name);
            for assignment in &point.set {
                let key = assignment.split('=').next().unwrap_or_default().trim();
                if let Some(why) = reserved(key) {
                    return Err(Error::input(here(), why, format!("`{assignment}`")));
                }
                run = run.set(assignment).map_err(|error| match error {
                    Error::Input { at, wanted, found } => Error::input(format!("{}: {at}", here()), wanted, found),
                    other => other,
                })?;
            }
            words = joined(&words, "_", &slug(&point.name));
        }
        Ok((run, words))
    }
}

/// Keys that the study itself decides.
fn reserved(key: &str) -> Option<&'static str> {
    match key {
        "seed" => Some("no `seed` (the study's `seeds` are every point's)"),
        "control" => Some("no `control` (it is always there)"),
        "name" => Some("no `name` (cells are named after their points)"),
        _ => None,
    }
}

fn joined(left: &str, between: &str, right: &str) -> String {
    if left.is_empty() { right.to_owned() } else { format!("{left}{between}{right}") }
}

/// A name as a part of a file's: what is neither letter, digit nor `.` becomes one `-`.
fn slug(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect();
    let words: Vec<&str> = plain.split('-').filter(|word| !word.is_empty()).collect();
    words.join("-").trim_matches('.').to_owned()
}

fn repeated(names: impl Iterator<Item = String>) -> Option<String> {
    let mut seen = BTreeSet::new();
    names.into_iter().find(|name| !seen.insert(name.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Teacher;

    const TWO: &str = r#"
name = "two"
base = "run.toml"
seeds = [1, 7]

[[axes]]
name = "layers"
points = [{ name = "1" }, { name = "2 layers", set = ["student.layers=2"] }]

[[axes]]
name = "rate"
points = [{ name = "lr=0.1", set = ["phases.0.optimizer.lr=0.1"] }]
"#;

    fn taught() -> Run {
        Run { teacher: Some(Teacher::new("somewhere")), ..Run::default() }
    }

    fn refused(from: &str, to: &str) -> String {
        let read = Study::from_toml("two.toml", &TWO.replace(from, to));
        read.and_then(|study| study.plan("two.toml", &taught())).unwrap_err().to_string()
    }

    #[test]
    fn every_point_meets_every_seed_and_has_its_control() {
        let study = Study::from_toml("two.toml", TWO).unwrap();
        let plan = study.plan("two.toml", &taught()).unwrap();
        let labels: Vec<&str> = plan.settings.iter().map(|setting| setting.label.as_str()).collect();
        assert_eq!(labels, ["1, lr=0.1", "2 layers, lr=0.1"]);
        let ids: Vec<&str> = plan.cells.iter().map(|cell| cell.id.as_str()).collect();
        assert_eq!(ids, ["1_lr-0.1_seed-1", "1_lr-0.1_seed-7", "2-layers_lr-0.1_seed-1", "2-layers_lr-0.1_seed-7"]);
        let last = &plan.cells[3];
        assert_eq!((last.run.seed, last.run.student.layers, last.run.control), (7, 2, true));
        assert_eq!(last.run.phases[0].optimizer.lr, 0.1);
        assert!(plan.cells.iter().all(|cell| cell.run.check(&cell.id).is_ok()));
        assert_eq!(Study::from_toml("again", &study.to_toml().unwrap()).unwrap(), study);
    }

    #[test]
    fn without_axes_there_is_the_base_and_without_a_teacher_no_control() {
        let study = Study::from_toml("s", "name = \"s\"\nbase = \"run.toml\"\nseeds = 2").unwrap();
        let plan = study.plan("s", &Run { control: true, ..Run::default() }).unwrap();
        assert_eq!(plan.settings[0].label, "base");
        let cells: Vec<(&str, bool)> = plan.cells.iter().map(|cell| (cell.id.as_str(), cell.run.control)).collect();
        assert_eq!(cells, [("seed-1", false), ("seed-2", false)]);
    }

    #[test]
    fn mistakes_are_answered_with_their_place() {
        let error = refused("base =", "bse =");
        assert!(error.starts_with("two.toml, line 3: wanted `base` (or ") && error.ends_with("found `bse`"), "{error}");
        assert!(refused("[1, 7]", "\"x\"").contains("seeds are a count or a list of whole numbers"));
        assert_eq!(refused("[1, 7]", "[7, 7]"), "two.toml: seeds: wanted every seed once, found 7 twice");
        assert_eq!(refused("[1, 7]", "0"), "two.toml: seeds: wanted at least one seed, found none");
        assert!(refused("\"rate\"", "\"seed\"").starts_with("two.toml: axes.1.name: wanted a name, and none of cell"));
        assert_eq!(
            refused("\"2 layers\"", "\"(1)\""),
            "two.toml: axes.0 (`layers`): points: wanted names that differ in letters or digits, found `1` twice"
        );
        let error = refused("student.layers=2", "student.layer=2");
        assert!(
            error.starts_with("two.toml: axis `layers`, point `2 layers`: student.layer: wanted `layers`"),
            "{error}"
        );
        let error = refused("student.layers=2", "seed=3");
        assert!(error.contains("wanted no `seed`") && error.ends_with("found `seed=3`"), "{error}");
    }
}
