//! From text to [`Run`] and back; every mistake is answered with the key that was meant.

use serde::de::DeserializeOwned;

use super::Run;
use crate::{
    Error, Result,
    recipe::{self, Recipe},
};

impl Run {
    /// Reads a run file. `at` names it in errors.
    ///
    /// # Errors
    /// [`Error::Input`] for text that is not TOML, for a key or value that is not known, and for
    /// a value that is out of its range.
    pub fn from_toml(at: &str, text: &str) -> Result<Self> {
        let run: Self = parse(at, text)?;
        let run = match &run.recipe {
            Some(name) => {
                let (_, under) = Recipe::find(&format!("{at}: recipe"), name)?.parts()?;
                read(at, recipe::merged(under, parse(at, text)?).into())?
            }
            None => run,
        };
        run.check(at)?;
        Ok(run)
    }

    /// Writes the run file that reads back to this run.
    ///
    /// # Errors
    /// [`Error::Input`] when a value has no TOML form.
    pub fn to_toml(&self) -> Result<String> {
        toml::to_string(self)
            .map_err(|error| Error::input(&self.name, "a run that TOML can express", error.to_string()))
    }

    /// The run with one value replaced: `set("phases.0.steps=200")`. The key is a path of names
    /// and positions; the value is TOML, or a plain word taken as a string.
    ///
    /// # Errors
    /// [`Error::Input`] when the path leads nowhere or the result is not a run.
    pub fn set(&self, assignment: &str) -> Result<Self> {
        let (path, text) =
            assignment.split_once('=').ok_or_else(|| Error::input("--set", "key=value", format!("`{assignment}`")))?;
        let (path, text) = (path.trim(), text.trim());
        let value = toml::from_str::<toml::Table>(&format!("value = {text}"))
            .ok()
            .and_then(|mut table| table.remove("value"))
            .unwrap_or_else(|| toml::Value::String(text.to_owned()));
        let mut root = toml::Value::try_from(self)
            .map_err(|error| Error::input(&self.name, "a run that TOML can express", error.to_string()))?;
        place(&mut root, path, value)?;
        if let (true, toml::Value::Table(own)) = (path == "recipe", &root) {
            let name = own["recipe"].as_str().unwrap_or_default();
            let (_, over) = Recipe::find(path, name)?.parts()?;
            let mut own = own.clone();
            if let Some(before) = &self.recipe {
                // What the recipe before had brought goes with it.
                let (_, brought) = Recipe::find(path, before)?.parts()?;
                own.retain(|key, _| over.contains_key(key) || !brought.contains_key(key));
            }
            root = recipe::merged(own, over).into();
        }
        let run = read(path, root)?;
        run.check("--set")?;
        Ok(run)
    }
}

fn read(at: &str, root: toml::Value) -> Result<Run> {
    let text = toml::to_string(&root).map_err(|error| Error::input(at, "a value", error.to_string()))?;
    toml::from_str(&text).map_err(|error| setting_error(at, error.message()))
}

/// Reads TOML; a mistake is answered with its line.
pub(crate) fn parse<T: DeserializeOwned>(at: &str, text: &str) -> Result<T> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        setting_error(&format!("{at}, line {line}"), error.message())
    })
}

/// Puts `value` at `path`; the last name may be new (an optional key), the others may not, save
/// for a table that is optional as a whole.
fn place(root: &mut toml::Value, path: &str, value: toml::Value) -> Result<()> {
    let (parents, last) = path.rsplit_once('.').map_or((None, path), |(parents, last)| (Some(parents), last));
    let mut here = root;
    for name in parents.into_iter().flat_map(|parents| parents.split('.')) {
        here = match here {
            toml::Value::Table(table) => table.entry(name).or_insert_with(|| toml::Value::Table(toml::Table::new())),
            toml::Value::Array(list) => {
                let length = list.len();
                name.parse()
                    .ok()
                    .and_then(|index: usize| list.get_mut(index))
                    .ok_or_else(|| Error::input(path, format!("a position below {length}"), format!("`{name}`")))?
            }
            other => return Err(Error::input(path, "a table or a list", format!("`{name}` below {other}"))),
        };
    }
    match here {
        toml::Value::Table(table) => {
            table.insert(last.to_owned(), value);
            Ok(())
        }
        toml::Value::Array(list) => {
            let length = list.len();
            let slot = last.parse().ok().and_then(|index: usize| list.get_mut(index));
            *slot.ok_or_else(|| Error::input(path, format!("a position below {length}"), format!("`{last}`")))? = value;
            Ok(())
        }
        other => Err(Error::input(path, "a table or a list", format!("`{last}` below {other}"))),
    }
}

/// Turns serde's "unknown field `x`, expected one of …" into place, wanted, found, with the most
/// similar name first.
pub(crate) fn setting_error(at: &str, message: &str) -> Error {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match quoted.split_first() {
        Some((found, known)) if message.starts_with("unknown ") && !known.is_empty() => {
            Error::input(at, one_of(found, known), format!("`{found}`"))
        }
        Some((found, [])) if message.starts_with("unknown ") => Error::input(at, "no settings", format!("`{found}`")),
        _ => Error::input(at, "a value of the right kind", message.lines().next().unwrap_or("nothing").to_owned()),
    }
}

/// "`nearest` (or `others`, …)": what a mistyped name may have meant.
pub(crate) fn one_of(found: &str, known: &[&str]) -> String {
    let mut names: Vec<&str> = known.to_vec();
    names.sort_by(|a, b| strsim::jaro_winkler(found, b).total_cmp(&strsim::jaro_winkler(found, a)));
    match names.split_first() {
        Some((nearest, [])) => format!("`{nearest}`"),
        Some((nearest, others)) => {
            let others: Vec<String> = others.iter().map(|name| format!("`{name}`")).collect();
            format!("`{nearest}` (or {})", others.join(", "))
        }
        None => "nothing".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{objective::Weighted, run::Init};

    #[test]
    fn a_run_reads_back_as_it_was_written() {
        let mut run = Run { seed: 7, ..Run::default() };
        run.teacher = Some(super::super::Teacher::new("builtin:rotten-tomatoes"));
        run.student.init = Init::Layers(vec![0, 2]);
        let mut kd = Weighted::new("kd");
        kd.settings.insert("temperature".into(), 4.0.into());
        run.phases[0].objectives = vec![kd];
        let text = run.to_toml().unwrap();
        assert_eq!(Run::from_toml("run.toml", &text).unwrap(), run);
    }

    #[test]
    fn an_unknown_key_names_its_line_and_the_key_that_was_meant() {
        let error = Run::from_toml("run.toml", "name = \"a\"\n[student]\nlayer = 2\n").unwrap_err().to_string();
        assert!(error.starts_with("run.toml, line 3: wanted `layers` (or "), "{error}");
        assert!(error.ends_with("found `layer`"), "{error}");
    }

    #[test]
    fn a_value_of_the_wrong_kind_names_its_line() {
        let error = Run::from_toml("run.toml", "seed = \"x\"").unwrap_err().to_string();
        assert!(error.starts_with("run.toml, line 1: wanted a value of the right kind"), "{error}");
    }

    #[test]
    fn set_replaces_numbers_words_and_optional_keys() {
        let run = Run::default().set("phases.0.steps=200").unwrap();
        assert_eq!(run.phases[0].steps, Some(200));
        let run = run.set("student.init=first_layers").unwrap();
        assert_eq!(run.student.init, Init::FirstLayers);
        let run = run.set("teacher.model=some/dir").unwrap();
        assert_eq!(run.teacher.unwrap().model, "some/dir");
    }

    #[test]
    fn set_refuses_what_leads_nowhere() {
        let error = Run::default().set("phases.3.steps=1").unwrap_err().to_string();
        assert_eq!(error, "phases.3.steps: wanted a position below 1, found `3`");
        let error = Run::default().set("student.wdth=1").unwrap_err().to_string();
        assert!(error.starts_with("student.wdth: wanted `"), "{error}");
        assert!(Run::default().set("seed").unwrap_err().to_string().contains("wanted key=value"));
    }
}
