//! What a step needs of memory: predicted, and measured.

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use super::step::Size;
use crate::{
    Result,
    platform::{self, Opened},
};

/// Bytes of a step, and of who takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// What a step was predicted to need at most ([`crate::model::memory_estimate`]).
    pub predicted: u64,
    /// The most that was measured: reserved on a GPU, which gives nothing back, or what the program had beyond
    /// what it had before there were models; natively, on Linux.
    pub most: Option<u64>,
    /// Tensors alive on a GPU between two steps.
    pub alive: Option<u64>,
    /// What the program has now: its share of main memory, or in a browser the module's own.
    pub program: Option<u64>,
}

/// Measures from before there are models.
pub struct Watch {
    predicted: u64,
    before: Option<u64>,
    device: Device,
}

impl Watch {
    /// Begins.
    ///
    /// # Errors
    /// When the size has no configuration.
    pub fn begin(size: &Size, opened: &Opened) -> Result<Self> {
        let predicted = size.memory()?.bytes_total;
        Ok(Self { predicted, before: platform::watch_memory(), device: opened.device.clone() })
    }

    /// What there is by now.
    pub fn now(&self) -> Memory {
        let pools = self.device.memory_pool_usage();
        let beyond = || Some(platform::most_memory()?.saturating_sub(self.before?));
        Memory {
            predicted: self.predicted,
            most: pools.as_ref().map_or_else(beyond, |pools| Some(pools.bytes_reserved)),
            alive: pools.map(|pools| pools.bytes_in_use),
            program: platform::memory_now(),
        }
    }
}

impl Memory {
    /// Predicted and measured, in a sentence.
    pub fn told(&self) -> String {
        let mib = |bytes: u64| format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20));
        let measured = self.most.map_or("not measured here".into(), |most| format!("{} at most", mib(most)));
        format!("memory: {} predicted, {measured}", mib(self.predicted))
    }
}
