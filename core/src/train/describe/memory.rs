//! What a step needs of a device's memory, and how much of it there is.

use serde::{Deserialize, Serialize};

use super::{super::setup::HopShapes, Knob};
use crate::{model::mebibytes, platform::Adapter};

/// Above this share of a limit it is close: what a device really reserves depends on its allocator.
pub(super) const CLOSE: f64 = 0.8;

/// Something, and its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    /// What.
    pub what: String,
    /// Bytes.
    pub bytes: u64,
}

/// What a step of the largest batch needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// What it is made of; together the total.
    pub parts: Vec<Amount>,
    /// Bytes in all, by a rule of thumb.
    pub total_bytes: u64,
    /// What the device has, where it is known.
    pub memory_bytes: Option<u64>,
    /// The largest tensor.
    pub largest: Amount,
    /// The largest that the device binds as one piece.
    pub binding_bytes: u64,
    /// The largest share of one of the limits that is taken; above 1 it does not fit.
    pub strain: f64,
    /// Whether it fits.
    pub fits: bool,
    /// Where it does not, or only just: single changes of the run file that make room, found by trying.
    pub knobs: Vec<Knob>,
}

impl Memory {
    /// Of a hop on `adapter`; `knobs` are looked for only where they are needed.
    pub(super) fn of(hop: &HopShapes, adapter: &Adapter, knobs: impl FnOnce() -> Vec<Knob>) -> Self {
        let strain = hop.strain(adapter);
        let (need, logits) = (&hop.need, hop.logits);
        let parts = need.parts.named().into_iter().filter(|(_, bytes)| *bytes > 0);
        let largest = match logits > need.largest_tensor_bytes {
            true => Amount { what: "the logits".into(), bytes: logits },
            false => Amount { what: need.largest_tensor.into(), bytes: need.largest_tensor_bytes },
        };
        Self {
            parts: parts.map(|(what, bytes)| Amount { what: what.into(), bytes }).collect(),
            total_bytes: need.bytes_total,
            memory_bytes: adapter.memory_bytes,
            largest,
            binding_bytes: adapter.max_binding_bytes.min(adapter.max_buffer_bytes),
            strain,
            fits: strain <= 1.0,
            knobs: if strain > CLOSE { knobs() } else { vec![] },
        }
    }

    /// Why it does not fit, and what would help.
    pub(super) fn told(&self, learner: &str, adapter: &Adapter) -> String {
        let help = match self.knobs.first() {
            Some(knob) => format!("; with {} it fits", knob.told()),
            None => "; use a smaller batch, a smaller data.max_length and a smaller student".into(),
        };
        let found = match self.memory_bytes {
            Some(memory) if self.total_bytes > memory => format!("an estimated {}", mebibytes(self.total_bytes)),
            _ => format!("{} for {}", mebibytes(self.largest.bytes), self.largest.what),
        };
        let limit = match self.memory_bytes {
            Some(memory) if self.total_bytes > memory => format!("a step within {} of memory", mebibytes(memory)),
            _ => format!("every tensor within {}", mebibytes(self.binding_bytes)),
        };
        format!("phases, {learner} on {}: wanted {limit}, found {found}{help}", adapter.name)
    }
}
