//! What two run files say differently, key by key.

use serde::Serialize;
use toml::Value;

use super::Run;
use crate::{Error, Result};

/// A key whose values differ.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// Names and positions, as `--set` takes them: `phases.0.steps`.
    pub path: String,
    /// What the left one says, if anything.
    pub left: Option<Value>,
    /// What the right one says, if anything.
    pub right: Option<Value>,
}

/// How lists of tables, such as phases, are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lists {
    /// Place by place, also where one is longer.
    ByPlace,
    /// Place by place where both are as long, else as one value: every difference is then one that can be set.
    Settable,
}

/// What two runs say differently; of a table, what only the left one has comes first.
///
/// # Errors
/// [`Error::Input`] when a value has no TOML form.
pub fn differences(left: &Run, right: &Run, lists: Lists) -> Result<Vec<Difference>> {
    let value = |run: &Run| {
        Value::try_from(run).map_err(|error| Error::input(&run.name, "a run that TOML can express", error.to_string()))
    };
    let mut found = vec![];
    compare("", Some(&value(left)?), Some(&value(right)?), lists, &mut found);
    Ok(found)
}

fn compare(path: &str, left: Option<&Value>, right: Option<&Value>, lists: Lists, found: &mut Vec<Difference>) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match (left, right) {
        (Some(Value::Table(left)), Some(Value::Table(right))) => {
            for (name, value) in left.iter().filter(|(name, _)| !right.contains_key(*name)) {
                compare(&below(name), Some(value), None, lists, found);
            }
            for (name, value) in right {
                compare(&below(name), left.get(name), Some(value), lists, found);
            }
        }
        (Some(Value::Array(left)), Some(Value::Array(right)))
            if left.iter().chain(right).all(Value::is_table)
                && (left.len() == right.len() || lists == Lists::ByPlace) =>
        {
            for place in 0..left.len().max(right.len()) {
                compare(&below(&place.to_string()), left.get(place), right.get(place), lists, found);
            }
        }
        (left, right) if left != right => {
            found.push(Difference { path: path.to_owned(), left: left.cloned(), right: right.cloned() });
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{Phase, Teacher};

    fn told(left: &Run, right: &Run, lists: Lists) -> Vec<(String, Option<String>, Option<String>)> {
        let text = |value: Option<Value>| value.map(|value| value.to_string());
        let all = differences(left, right, lists).unwrap();
        all.into_iter().map(|one| (one.path, text(one.left), text(one.right))).collect()
    }

    fn said(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn keys_that_differ_are_told_with_both_values() {
        let left = Run { teacher: Some(Teacher::new("t")), ..Run::default() };
        let mut right = Run { seed: 2, teacher: Some(Teacher::new("u")), ..Run::default() };
        right.phases[0].steps = Some(50);
        assert_eq!(told(&left, &left, Lists::ByPlace), []);
        let found = told(&left, &right, Lists::ByPlace);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found.contains(&("seed".into(), said("1"), said("2"))), "{found:?}");
        assert!(found.contains(&("teacher.model".into(), said("\"t\""), said("\"u\""))), "{found:?}");
        assert!(found.contains(&("phases.0.steps".into(), None, said("50"))), "{found:?}");
        let back = told(&right, &left, Lists::ByPlace);
        assert!(back.contains(&("phases.0.steps".into(), said("50"), None)), "{back:?}");
    }

    #[test]
    fn a_list_that_grew_is_told_by_place_or_as_one_value() {
        let left = Run::default();
        let mut right =
            Run { phases: vec![Phase { batch: 8, ..Phase::default() }, Phase::default()], ..Run::default() };
        right.phases[1].name = "more".into();
        let places: Vec<String> = told(&left, &right, Lists::ByPlace).into_iter().map(|one| one.0).collect();
        assert_eq!(places, ["phases.0.batch", "phases.1"]);
        let places: Vec<String> = told(&left, &right, Lists::Settable).into_iter().map(|one| one.0).collect();
        assert_eq!(places, ["phases"]);
    }
}
