//! The whole configuration in the address bar: a preset, a device, and what differs from them.
//!
//! `?preset=demo&device=cpu&set=phases.0.steps=50&unset=teacher`. An assignment has the form that
//! the command line's `--set` takes.

use retort_core::{
    Error, Result,
    platform::DeviceChoice,
    run::{Lists, Run, differences},
};
use toml::Value;

use crate::preset::{PRESETS, Preset};

/// What the visitor chose.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Name of the preset it started from.
    pub preset: String,
    /// Where to compute.
    pub device: DeviceChoice,
    /// The run.
    pub run: Run,
    /// Whether the losses are drawn as they are weighed in the sum, and not as they are.
    pub weighed: bool,
}

impl Default for Config {
    fn default() -> Self {
        let preset = PRESETS[0];
        let run = preset.run().unwrap_or_default();
        Self { preset: preset.name.into(), device: DeviceChoice::Auto, run, weighed: false }
    }
}

impl Config {
    /// Reads the pairs of a query string. What cannot be read is left out and said.
    pub fn read(pairs: &[(String, String)]) -> (Self, Vec<Error>) {
        let mut config = Self::default();
        let mut errors = vec![];
        let named = |wanted: &'static str| pairs.iter().filter(move |(key, _)| key == wanted).map(|(_, value)| value);
        if let Some(name) = named("preset").next() {
            match Preset::find(name) {
                Some(preset) => match preset.run() {
                    Ok(run) => config = Self { preset: name.clone(), run, ..config },
                    Err(error) => errors.push(error),
                },
                None => {
                    let names: Vec<&str> = PRESETS.iter().map(|preset| preset.name).collect();
                    errors.push(Error::input("address: preset", names.join(" or "), format!("`{name}`")));
                }
            }
        }
        if let Some(name) = named("device").next() {
            match name.parse() {
                Ok(device) => config.device = device,
                Err(error) => errors.push(error),
            }
        }
        match named("losses").next().map(String::as_str) {
            None | Some("raw") => {}
            Some("weighed") => config.weighed = true,
            Some(other) => errors.push(Error::input("address: losses", "raw or weighed", format!("`{other}`"))),
        }
        let unset = named("unset").try_fold(config.run.clone(), |run, path| without(&run, path));
        // All at once: the values may only fit together.
        match unset.and_then(|run| with(&run, named("set").map(String::as_str))) {
            Ok(run) => config.run = run,
            Err(error) => errors.push(error),
        }
        (config, errors)
    }

    /// The run of the preset that it started from.
    pub fn base(&self) -> Run {
        Preset::find(&self.preset).and_then(|preset| preset.run().ok()).unwrap_or_default()
    }

    /// The pairs that read back to this configuration.
    pub fn write(&self) -> Vec<(&'static str, String)> {
        let mut pairs = vec![("preset", self.preset.clone())];
        if self.device != DeviceChoice::Auto {
            pairs.push(("device", self.device.to_string()));
        }
        if self.weighed {
            pairs.push(("losses", "weighed".into()));
        }
        let found = differences(&self.base(), &self.run, Lists::Settable).unwrap_or_default();
        pairs.extend(found.into_iter().map(|one| match one.right {
            Some(value) => ("set", format!("{}={value}", one.path)),
            None => ("unset", one.path),
        }));
        pairs
    }
}

/// A run with several assignments, checked once at the end.
fn with<'a>(run: &Run, assignments: impl Iterator<Item = &'a str>) -> Result<Run> {
    let mut root = root_of(run)?;
    let mut last = None;
    for assignment in assignments {
        let (path, text) = assignment
            .split_once('=')
            .ok_or_else(|| Error::input("address: set", "key=value", format!("`{assignment}`")))?;
        let value = toml::from_str::<toml::Table>(&format!("value = {text}"))
            .ok()
            .and_then(|mut table| table.remove("value"))
            .unwrap_or_else(|| Value::String(text.to_owned()));
        *slot(&mut root, path)? = value;
        last = Some(assignment);
    }
    match last {
        Some(_) => run_of(&root),
        None => Ok(run.clone()),
    }
}

/// A run without an optional value.
///
/// # Errors
/// [`Error::Input`] when the result is not a run.
pub fn without(run: &Run, path: &str) -> Result<Run> {
    let mut root = root_of(run)?;
    let (parent, last) = path.rsplit_once('.').unwrap_or(("", path));
    let parent = if parent.is_empty() { &mut root } else { slot(&mut root, parent)? };
    if let Value::Table(table) = parent {
        table.remove(last);
    }
    run_of(&root)
}

/// A run with what another one has at a path, or without it where that has nothing there.
///
/// # Errors
/// [`Error::Input`] when the result is not a run.
pub fn reset(run: &Run, to: &Run, path: &str) -> Result<Run> {
    let (mut root, base) = (root_of(run)?, root_of(to)?);
    match value_at(&base, path) {
        Some(value) => *slot(&mut root, path)? = value.clone(),
        None => return without(run, path),
    }
    run_of(&root)
}

/// Whether two runs have the same at a path.
pub fn same_at(one: &Run, other: &Run, path: &str) -> bool {
    let [one, other] = [one, other].map(|run| Value::try_from(run).ok());
    let [one, other] = [&one, &other].map(|root| root.as_ref().and_then(|root| value_at(root, path)));
    one == other
}

fn root_of(run: &Run) -> Result<Value> {
    Value::try_from(run).map_err(|error| Error::input(&run.name, "a run that TOML can express", error.to_string()))
}

fn run_of(root: &Value) -> Result<Run> {
    let text = toml::to_string(root).map_err(|error| Error::input("address", "a run", error.to_string()))?;
    Run::from_toml("address", &text)
}

/// The value at a path; tables on the way are made, list positions must be there.
fn slot<'a>(root: &'a mut Value, path: &str) -> Result<&'a mut Value> {
    path.split('.').try_fold(root, |here, name| match here {
        Value::Table(table) => Ok(table.entry(name).or_insert_with(|| Value::Table(toml::Table::new()))),
        Value::Array(list) => {
            let length = list.len();
            let found = name.parse().ok().and_then(|index: usize| list.get_mut(index));
            found.ok_or_else(|| Error::input(path, format!("a position below {length}"), format!("`{name}`")))
        }
        other => Err(Error::input(path, "a table or a list", format!("`{name}` below {other}"))),
    })
}

/// The value at a path, for a form field.
fn value_at<'a>(root: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(root, |here, name| match here {
        Value::Table(table) => table.get(name),
        Value::Array(list) => list.get(name.parse::<usize>().ok()?),
        _ => None,
    })
}

/// The text of a value in the run file.
pub fn text_at(run: &Run, path: &str) -> String {
    let root = Value::try_from(run).ok();
    match root.as_ref().and_then(|root| value_at(root, path)) {
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None => String::new(),
    }
}

/// A list of the run file without its brackets.
pub fn listed(run: &Run, path: &str) -> String {
    text_at(run, path).trim_matches(['[', ']']).replace(".0,", ",").trim_end_matches(".0").to_owned()
}

/// A run with a list of numbers that was typed.
///
/// # Errors
/// [`Error::Input`] when the result is not a run.
pub fn with_list(run: &Run, path: &str, text: &str) -> Result<Run> {
    run.set(&format!("{path}=[{}]", text.trim().trim_matches(['[', ']'])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_reset_to_that_of_another_run() {
        let base = Run::default();
        let changed = base.set("phases.0.batch=7").unwrap().set("phases.0.steps=9").unwrap();
        assert!(!same_at(&changed, &base, "phases.0.batch") && same_at(&changed, &base, "seed"));
        let back = reset(&changed, &base, "phases.0.batch").unwrap();
        assert_eq!((back.phases[0].batch, back.phases[0].steps), (base.phases[0].batch, Some(9)));
        // Steps are optional: the other run has none.
        assert_eq!(reset(&back, &base, "phases.0.steps").unwrap(), base);
    }

    fn there_and_back(config: &Config) -> Config {
        let pairs: Vec<_> = config.write().into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let (read, errors) = Config::read(&pairs);
        assert!(errors.is_empty(), "{errors:?} in {pairs:?}");
        read
    }

    #[test]
    fn the_preset_alone_makes_the_shortest_address() {
        assert_eq!(Config::default().write(), [("preset", "demo".to_owned())]);
    }

    #[test]
    fn only_differences_are_written_and_they_read_back() {
        let mut config = Config { device: DeviceChoice::Cpu, weighed: true, ..Config::default() };
        config.run.phases[0].steps = Some(50);
        config.run.student.hidden = 96;
        config.run.student.heads = 3;
        let pairs = config.write();
        assert!(pairs.contains(&("set", "phases.0.steps=50".to_owned())), "{pairs:?}");
        assert!(pairs.contains(&("device", "cpu".to_owned())), "{pairs:?}");
        assert!(pairs.contains(&("losses", "weighed".to_owned())), "{pairs:?}");
        assert_eq!(there_and_back(&config), config);
    }

    #[test]
    fn a_run_of_another_shape_reads_back_too() {
        let mut config = Config::default();
        config.run.teacher = None;
        config.run.phases = vec![Default::default(), Default::default()];
        config.run.phases[1].name = "a name with = and \"quotes\"".into();
        assert_eq!(there_and_back(&config), config);
    }

    #[test]
    fn what_cannot_be_read_is_said_and_left_out() {
        let pairs =
            |list: &[(&str, &str)]| list.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect::<Vec<_>>();
        let wrong = [("preset", "nope"), ("device", "abacus"), ("losses", "some"), ("set", "seed")];
        let (config, errors) = Config::read(&pairs(&wrong));
        assert_eq!(config, Config::default());
        assert_eq!(errors.len(), 4, "{errors:?}");
        assert_eq!(errors[3].to_string(), "address: set: wanted key=value, found `seed`");
    }

    #[test]
    fn a_list_is_typed_without_brackets() {
        let run = Run { stark: Some(retort_core::run::Stark::default()), ..Config::default().run };
        let run = with_list(&run, "stark.levels", "10, 20.5, 30").unwrap();
        assert_eq!(run.stark.as_ref().unwrap().levels, [10.0, 20.5, 30.0]);
        assert_eq!(listed(&run, "stark.levels"), "10, 20.5, 30");
        let error = with_list(&run, "stark.levels", "30, 10").unwrap_err().to_string();
        assert!(error.contains("rising per cent"), "{error}");
    }
}
