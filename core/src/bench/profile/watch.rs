//! Hears of every launch.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use cubecl::{
    config::type_name_format,
    logging::{Duration, LaunchObservation, LaunchObserver, ProfileDuration, TimingMethod, TimingRequest},
};
use web_time::Instant;

use super::{
    super::{
        Meter, median,
        memory::Watch,
        step::{Size, Step},
    },
    Kernel, Profile,
};
use crate::{
    Result,
    kernel::work::{self, Work},
    platform::{self, Opened, locked},
    readback::read,
};

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
    super::super::matmul(&mut meter).await?;
    super::super::copy(&mut meter).await?;
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
