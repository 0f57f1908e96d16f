//! What two runs must have in common, so that one can start from the other's checkpoint.

use super::super::directory::Position;
use crate::{
    Error, Result,
    run::{Difference, Lists, Run, differences},
};

/// Everything beside the phases.
pub fn but_for_phases(old: &Run, run: &Run) -> Result<()> {
    if old.stark.is_some() || run.stark.is_some() {
        return Err(Error::input("stark", "runs of one student", "a procedure of several"));
    }
    if run.control && !old.control {
        let found = "true, but it starts from a run without an untaught twin";
        return Err(Error::input("control", "false", found));
    }
    let found = differences(old, run, Lists::ByPlace)?;
    let other = |one: &&Difference| !one.path.starts_with("phases") && !may_differ(&one.path, old);
    match found.iter().find(other) {
        Some(one) => Err(refused(one, "for data and models must be alike")),
        None => Ok(()),
    }
}

fn may_differ(path: &str, old: &Run) -> bool {
    // The first sentences of the seeded order are the data where they are limited.
    let seed = path == "seed" && old.data.limit.is_none();
    let beside = ["name", "recipe", "control", "student.dropout"].contains(&path);
    seed || beside || path.starts_with("evaluation") || path.starts_with("teacher.keep")
}

/// What is over, and of the phase that was begun what shapes the models.
pub fn in_phases(old: &Run, run: &Run, position: &Position) -> Result<()> {
    if run.phases.len() <= position.phase {
        let wanted = format!("at least {}, for the run that it starts from has got so far", position.phase + 1);
        return Err(Error::input("phases", wanted, run.phases.len().to_string()));
    }
    let begun = position.phase + usize::from(position.phase_step > 0);
    for one in differences(old, run, Lists::ByPlace)? {
        let mut parts = one.path.split('.');
        let Some("phases") = parts.next() else { continue };
        let phase: usize = parts.next().and_then(|place| place.parse().ok()).unwrap_or(0);
        let key = parts.next().unwrap_or_default();
        if phase < position.phase && key != "name" {
            return Err(refused(&one, "for that phase is over"));
        }
        if phase < begun && ["stage", "shrinking", "teaching"].contains(&key) {
            return Err(refused(&one, "for that phase has begun"));
        }
    }
    let teaches = |run: &Run| run.phases.iter().position(|phase| phase.teaching.is_some());
    if let (None, Some(place)) = (teaches(old), teaches(run)) {
        let wanted = "nothing, as in the run that it starts from";
        return Err(Error::input(format!("phases.{place}.teaching"), wanted, "a teacher that learns"));
    }
    Ok(())
}

fn refused(one: &Difference, why: &str) -> Error {
    let said = |value: &Option<toml::Value>| value.as_ref().map_or("nothing".into(), toml::Value::to_string);
    let wanted = format!("{}, as in the run that it starts from, {why}", said(&one.left));
    Error::input(&one.path, wanted, said(&one.right))
}
