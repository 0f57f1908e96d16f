//! Where the time of a step goes, kernel by kernel.
//!
//! Two passes over the same step. In the first nothing is timed but the whole: how long the program needs
//! to say what is to be done, and how long until the loss is there. In the second every launch is timed by
//! the adapter's own clock, where it has one (timestamp queries), which takes longer as a whole.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use cubecl::{
    config::type_name_format,
    logging::{Duration, LaunchObservation, LaunchObserver, ProfileDuration, TimingMethod, TimingRequest},
};
use serde::{Deserialize, Serialize};
use web_time::Instant;

use super::{
    Meter, median,
    memory::{Memory, Watch},
    step::{Size, Step},
};
use crate::{
    Result,
    kernel::work::{self, Work},
    platform::{self, Adapter, Opened, locked},
    readback::read,
};

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

/// Takes `steps` steps of `size` apart, after two others.
///
/// # Errors
/// When the device fails.
pub async fn run(opened: &Opened, size: &Size, steps: usize) -> Result<Profile> {
    let memory = Watch::begin(size, opened)?;
    let start = Instant::now();
    let mut step = Step::new(size, &opened.device)?;
    read(step.take()?).await?;
    let first = start.elapsed().as_secs_f64() * 1e3;
    read(step.take()?).await?;

    let (mut whole, mut host) = (vec![], vec![]);
    for _ in 0..steps {
        let start = Instant::now();
        let loss = step.take()?;
        host.push(start.elapsed().as_secs_f64() * 1e3);
        read(loss).await?;
        whole.push(start.elapsed().as_secs_f64() * 1e3);
        platform::breathe().await;
    }
    let memory = memory.now();

    let watcher = Arc::new(Watcher::default());
    work::watch();
    {
        let _watching = LaunchObservation::new(watcher.clone());
        for _ in 0..steps {
            read(step.take()?).await?;
        }
    }
    let done = work::watched();
    let (kernels, clocked) = watcher.told(&done, steps).await;
    Ok(Profile {
        size: size.name.into(),
        adapter: opened.adapter.clone(),
        steps,
        first,
        whole: median(whole),
        host: median(host),
        launches: kernels.iter().map(|kernel| kernel.launches).sum(),
        clocked,
        kernels,
        operations: size.operations(&step),
        memory,
        ceilings: ceilings(opened).await?,
    })
}

/// GFLOP/s of a matrix product and GB/s of a copy.
async fn ceilings(opened: &Opened) -> Result<[f64; 2]> {
    let mut rows = vec![];
    let mut hear = |row| rows.push(row);
    let mut meter = Meter::new(opened, true, &mut hear);
    super::matmul(&mut meter).await?;
    super::copy(&mut meter).await?;
    let best = |unit: &str| rows.iter().filter(|row| row.unit == unit).map(|row| row.value).fold(0.0, f64::max);
    Ok(["GFLOP/s", "GB/s"].map(best))
}

/// Hears of every launch and keeps its time, to be read when all is over.
#[derive(Default)]
struct Watcher {
    timed: Mutex<Vec<(&'static str, Timed)>>,
}

enum Timed {
    Later(ProfileDuration),
    Known(Duration, TimingMethod),
}

impl LaunchObserver for Watcher {
    fn launched(&self, _: &'static str) {}

    fn timing(&self) -> TimingRequest {
        TimingRequest::Deferred
    }

    fn profiled(&self, kernel: &'static str, profile: ProfileDuration) {
        locked(&self.timed).push((kernel, Timed::Later(profile)));
    }

    fn timed(&self, kernel: &'static str, duration: Duration, method: TimingMethod) {
        locked(&self.timed).push((kernel, Timed::Known(duration, method)));
    }
}

impl Watcher {
    async fn told(&self, done: &BTreeMap<&'static str, Work>, steps: usize) -> (Vec<Kernel>, bool) {
        let timed = std::mem::take(&mut *locked(&self.timed));
        let (mut sums, mut clocked) = (BTreeMap::<&'static str, (usize, f64)>::new(), !timed.is_empty());
        for (name, timed) in timed {
            let (seconds, method) = match timed {
                Timed::Known(duration, method) => (duration.as_secs_f64(), method),
                Timed::Later(profile) => {
                    let method = profile.timing_method();
                    let ticks = profile.resolve().await;
                    (ticks.map_or(0.0, |ticks| ticks.duration().as_secs_f64()), method)
                }
            };
            clocked &= method == TimingMethod::Device;
            let (count, sum) = sums.entry(name).or_default();
            (*count, *sum) = (*count + 1, *sum + seconds);
        }
        let steps = steps.max(1) as f64;
        let kernel = |(name, (count, seconds)): (&'static str, (usize, f64))| Kernel {
            name: type_name_format(name, cubecl::config::TypeNameFormatLevel::Short),
            launches: count as f64 / steps,
            time: seconds * 1e3 / steps,
            work: done.get(name).map(|work| [work.bytes, work.operations].map(|all| (all as f64 / steps) as u64)),
        };
        let mut kernels: Vec<Kernel> = sums.into_iter().map(kernel).collect();
        kernels.sort_by(|a, b| b.time.total_cmp(&a.time));
        (kernels, clocked)
    }
}
