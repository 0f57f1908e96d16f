//! One case: a safetensors file whose metadata say what to compute from which tensors.

use std::collections::BTreeMap;

use safetensors::{Dtype, SafeTensors};
use serde::Deserialize;
use serde_json::Value;

use crate::{Error, Result};

/// Numbers of a case. `f64` holds every `f32`, and every integer that occurs, exactly.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// Sizes, slowest first.
    pub shape: Vec<usize>,
    /// Row by row.
    pub values: Vec<f64>,
}

impl Array {
    /// As `f32`.
    pub fn floats(&self) -> Vec<f32> {
        self.values.iter().map(|&value| value as f32).collect()
    }

    /// As 32-bit integers.
    pub fn integers(&self) -> Vec<i32> {
        self.values.iter().map(|&value| value as i32).collect()
    }

    /// As classes.
    pub fn classes(&self) -> Vec<usize> {
        self.values.iter().map(|&value| value as usize).collect()
    }
}

/// What a case asks, and what is right.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its name, for messages.
    pub name: String,
    /// What to compute.
    pub op: String,
    params: Value,
    tensors: BTreeMap<String, Array>,
}

#[derive(Deserialize)]
struct Asked {
    op: String,
    #[serde(default)]
    params: Value,
}

impl Case {
    /// Reads a case.
    ///
    /// # Errors
    /// [`Error::Input`] when the bytes are no safetensors file with a key `case` and tensors of
    /// F32 and I64.
    pub fn read(name: &str, bytes: &[u8]) -> Result<Self> {
        let wrong = |reason: String| Error::input(name, "a conformance case", reason);
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| wrong(error.to_string()))?;
        let asked = header.metadata().as_ref().and_then(|metadata| metadata.get("case"));
        let asked = asked.ok_or_else(|| wrong("no metadata with the key `case`".into()))?;
        let Asked { op, params } = serde_json::from_str(asked).map_err(|error| wrong(error.to_string()))?;
        let file = SafeTensors::deserialize(bytes).map_err(|error| wrong(error.to_string()))?;
        let mut tensors = BTreeMap::new();
        for (key, view) in file.iter() {
            let values = match view.dtype() {
                Dtype::F32 => view.data().as_chunks().0.iter().map(|&four| f32::from_le_bytes(four) as f64).collect(),
                Dtype::I64 => view.data().as_chunks().0.iter().map(|&eight| i64::from_le_bytes(eight) as f64).collect(),
                other => return Err(wrong(format!("{key} in {other:?}"))),
            };
            tensors.insert(key.to_owned(), Array { shape: view.shape().to_vec(), values });
        }
        Ok(Self { name: name.to_owned(), op, params, tensors })
    }

    /// The input `in.key`.
    ///
    /// # Errors
    /// [`Error::Input`] when there is none.
    pub fn input(&self, key: &str) -> Result<&Array> {
        self.tensors.get(&format!("in.{key}")).ok_or_else(|| self.lacks(&format!("a tensor in.{key}")))
    }

    /// What is right: every `out.*`, without the prefix.
    pub fn wanted(&self) -> impl Iterator<Item = (&str, &Array)> {
        self.tensors.iter().filter_map(|(key, array)| Some((key.strip_prefix("out.")?, array)))
    }

    /// The word under `key` in the parameters.
    ///
    /// # Errors
    /// [`Error::Input`] when there is none.
    pub fn word(&self, key: &str) -> Result<&str> {
        self.params[key].as_str().ok_or_else(|| self.lacks(&format!("a parameter `{key}`")))
    }

    /// The number under `key` in the parameters, if there is one.
    pub fn given(&self, key: &str) -> Option<f64> {
        self.params[key].as_f64()
    }

    /// The number under `key` in the parameters, or `default`.
    pub fn number(&self, key: &str, default: f64) -> f64 {
        self.given(key).unwrap_or(default)
    }

    /// The numbers under `key` in the parameters; none if there are none.
    pub fn numbers(&self, key: &str) -> Vec<f64> {
        self.params[key].as_array().into_iter().flatten().filter_map(Value::as_f64).collect()
    }

    fn lacks(&self, wanted: &str) -> Error {
        Error::input(&self.name, wanted, "none")
    }
}
