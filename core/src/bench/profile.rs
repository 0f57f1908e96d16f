//! Where the time of a step goes, kernel by kernel.
//!
//! Two passes over the same step. In the first nothing is timed but the whole: how long the program needs
//! to say what is to be done, and how long until the loss is there. In the second every launch is timed by
//! the adapter's own clock, where it has one (timestamp queries), which takes longer as a whole.

use serde::{Deserialize, Serialize};

use super::memory::Memory;
use crate::platform::Adapter;

#[cfg(feature = "gpu")]
mod watch;

#[cfg(feature = "gpu")]
pub use watch::run;

/// A step, taken apart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Which step.
    pub size: String,
    /// On what.
    pub adapter: Adapter,
    /// Steps that the medians and means are of.
    pub steps: usize,
    /// Milliseconds of the first step, with everything that has to be compiled for it.
    pub first: f64,
    /// Milliseconds of a step, median.
    pub whole: f64,
    /// Milliseconds until everything of a step was asked for, median: on a GPU what the program needs
    /// beside the kernels.
    pub host: f64,
    /// Kernel launches of a step.
    pub launches: f64,
    /// Whether the kernels' times are those of the adapter's clock.
    pub clocked: bool,
    /// The kernels, those first that take longest.
    pub kernels: Vec<Kernel>,
    /// Multiplications, each with its addition, of a step's matrix products.
    pub operations: u64,
    /// What it needs of memory.
    pub memory: Memory,
    /// What the device does at best: GFLOP/s of a matrix product and GB/s of a copy, both measured here.
    pub ceilings: [f64; 2],
}

/// All launches of a kernel in a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kernel {
    /// Its name.
    pub name: String,
    /// How many there are.
    pub launches: f64,
    /// Milliseconds of all.
    pub time: f64,
    /// What they move and compute, of Retort's own.
    pub work: Option<[u64; 2]>,
}

impl Profile {
    /// Milliseconds of all kernels.
    pub fn kernels(&self) -> f64 {
        self.kernels.iter().map(|kernel| kernel.time).sum()
    }

    /// Share of the matrix product's best that a step reaches.
    pub fn reached(&self) -> f64 {
        2.0 * self.operations as f64 / (self.whole * 1e6) / self.ceilings[0]
    }

    /// The whole in sentences.
    pub fn told(&self) -> String {
        let Self { size, adapter, steps, first, whole, host, launches, .. } = self;
        let [product, copy] = self.ceilings;
        let label = if adapter.software { ", software adapter" } else { "" };
        let mut text = format!(
            "step {size}, {}{label}: {whole:.2} ms (median of {steps}), first step {first:.0} ms; {host:.2} ms until \
             all is asked for; {:.2} GFLOP of matrix products, {:.0} % of the {product:.1} GFLOP/s that one reaches \
             at best",
            adapter.name,
            2.0 * self.operations as f64 / 1e9,
            100.0 * self.reached(),
        );
        if !self.kernels.is_empty() {
            let clock =
                if self.clocked { "by the adapter's clock" } else { "by the program's clock, waiting for each" };
            let kernels = self.kernels();
            text += &format!("; {launches:.0} launches, {kernels:.2} ms {clock}; a copy reaches {copy:.1} GB/s");
        }
        text + "; " + &self.memory.told()
    }
}

impl Kernel {
    /// GB/s and GFLOP/s, where they are known.
    pub fn rates(&self) -> [Option<f64>; 2] {
        let rate = |count: u64| (count > 0).then(|| count as f64 / self.time / 1e6);
        self.work.map_or([None; 2], |[bytes, operations]| [rate(bytes), rate(2 * operations)])
    }
}
