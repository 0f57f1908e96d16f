//! The keys of `config.json` that say a model's shape: one table per family reads them, checks
//! them and writes them.

use serde_json::{Map, Value};

use super::{Activation, Config};
use crate::{Error, Result};

/// Largest size that is believed: far above any model, low enough that sizes can be multiplied.
const LARGEST: usize = 1 << 24;

/// A key, and what it is.
pub type Key = (&'static str, Slot);

/// Where a key's value lies in [`Config`], and what it is when the key is absent.
#[derive(Debug)]
pub enum Slot {
    /// A size, at least 1.
    Size(fn(&mut Config) -> &mut usize, usize),
    /// The feed-forward width; absent or null: four times the model's, which stands before it.
    Inner,
    /// A size that may be null.
    MaybeSize(fn(&mut Config) -> &mut Option<usize>),
    /// A token's id; null or negative: there is none.
    Token(fn(&mut Config) -> &mut Option<usize>, Option<usize>),
    /// A share of numbers that are dropped.
    Dropout(fn(&mut Config) -> &mut f64, f64),
    /// A dropout that may be null.
    MaybeDropout(fn(&mut Config) -> &mut Option<f64>, Option<f64>),
    /// ε of the norms.
    Epsilon(f64),
    /// Standard deviation of first weights.
    Deviation(f64),
    /// What comes between the two feed-forward matrices.
    Activation(Activation),
}

impl Config {
    /// Takes from `json` what the family's table names.
    pub(super) fn read_keys(&mut self, at: &str, json: &Map<String, Value>) -> Result<()> {
        for (key, slot) in self.family.facts().keys {
            let place = format!("{at}: {key}");
            let given = json.get(*key);
            let value = given.filter(|value| !value.is_null());
            match slot {
                Slot::Size(field, default) => *field(self) = value.map_or(Ok(*default), |value| size(&place, value))?,
                Slot::Inner => {
                    let width = self.hidden_size.saturating_mul(4);
                    self.intermediate_size = value.map_or(Ok(width), |value| size(&place, value))?;
                }
                Slot::MaybeSize(field) => *field(self) = value.map(|value| size(&place, value)).transpose()?,
                Slot::Token(field, default) => {
                    *field(self) = match (given, value) {
                        (None, _) => *default,
                        (_, Some(value)) if value.as_i64().is_some_and(|id| id < 0) => None,
                        (_, value) => value.map(|value| size(&place, value)).transpose()?,
                    }
                }
                Slot::Dropout(field, default) => {
                    *field(self) = value.map_or(Ok(*default), |value| number(&place, value))?;
                }
                Slot::MaybeDropout(field, default) => {
                    *field(self) = match given {
                        None => *default,
                        Some(_) => value.map(|value| number(&place, value)).transpose()?,
                    }
                }
                Slot::Epsilon(default) => {
                    self.layer_norm_eps = value.map_or(Ok(*default), |value| number(&place, value))?;
                }
                Slot::Deviation(default) => {
                    self.initializer_range = value.map_or(Ok(*default), |value| number(&place, value))?;
                }
                Slot::Activation(default) => {
                    self.hidden_act = value.map_or(Ok(*default), |value| activation(&place, value))?;
                }
            }
        }
        Ok(())
    }

    /// Puts into `json` what the family's table names.
    pub(super) fn write_keys(&self, json: &mut Map<String, Value>) {
        let mut config = self.clone();
        for (key, slot) in self.family.facts().keys {
            let value: Value = match slot {
                Slot::Size(field, _) => (*field(&mut config)).into(),
                Slot::Inner => config.intermediate_size.into(),
                Slot::MaybeSize(field) | Slot::Token(field, _) => (*field(&mut config)).into(),
                Slot::Dropout(field, _) => (*field(&mut config)).into(),
                Slot::MaybeDropout(field, _) => (*field(&mut config)).into(),
                Slot::Epsilon(_) => config.layer_norm_eps.into(),
                Slot::Deviation(_) => config.initializer_range.into(),
                Slot::Activation(_) => config.hidden_act.name().into(),
            };
            json.insert((*key).into(), value);
        }
    }

    /// Whether every value is one that a model can have.
    pub(super) fn check_keys(&self, at: &str) -> Result<()> {
        let mut config = self.clone();
        for (key, slot) in self.family.facts().keys {
            let wrong = |wanted: &str, found: String| Err(Error::input(format!("{at}: {key}"), wanted, found));
            let sized = |size: usize| match size {
                0 => wrong("at least 1", "0".into()),
                size if size > LARGEST => wrong(&format!("at most {LARGEST}"), size.to_string()),
                _ => Ok(()),
            };
            let dropout = |p: f64| match (0.0..1.0).contains(&p) {
                true => Ok(()),
                false => wrong("a share from 0 up to but not including 1", p.to_string()),
            };
            match slot {
                Slot::Size(field, _) => sized(*field(&mut config))?,
                Slot::Inner => sized(config.intermediate_size)?,
                Slot::MaybeSize(field) => field(&mut config).map_or(Ok(()), sized)?,
                Slot::Dropout(field, _) => dropout(*field(&mut config))?,
                Slot::MaybeDropout(field, _) => field(&mut config).map_or(Ok(()), dropout)?,
                Slot::Epsilon(_) if !(self.layer_norm_eps > 0.0 && self.layer_norm_eps < 1.0) => {
                    wrong("a small positive number", self.layer_norm_eps.to_string())?;
                }
                Slot::Deviation(_) if !(self.initializer_range >= 0.0 && self.initializer_range.is_finite()) => {
                    wrong("a standard deviation", self.initializer_range.to_string())?;
                }
                Slot::Token(..) | Slot::Activation(_) | Slot::Epsilon(_) | Slot::Deviation(_) => (),
            }
        }
        Ok(())
    }

    /// Sets every dropout that the family's table has. One that is usually null becomes null: as
    /// the others.
    pub(super) fn set_dropout(&mut self, dropout: f64) {
        for (_, slot) in self.family.facts().keys {
            match slot {
                Slot::Dropout(field, _) => *field(self) = dropout,
                Slot::MaybeDropout(field, default) => *field(self) = default.map(|_| dropout),
                _ => (),
            }
        }
    }
}

fn size(place: &str, value: &Value) -> Result<usize> {
    let size = value.as_u64().and_then(|size| usize::try_from(size).ok());
    size.ok_or_else(|| Error::input(place, "a whole number", value.to_string()))
}

fn number(place: &str, value: &Value) -> Result<f64> {
    value.as_f64().ok_or_else(|| Error::input(place, "a number", value.to_string()))
}

fn activation(place: &str, value: &Value) -> Result<Activation> {
    let known = value.as_str().and_then(Activation::named);
    known.ok_or_else(|| Error::input(place, "`gelu`, `gelu_new`, `relu` or `silu`", value.to_string()))
}
