//! What a device can do, measured: medians of several runs, each long enough to time.
//!
//! Work is queued many times over and then one number is read back, which waits for all of it.
//! Between two pieces of work the queue is handed over, so that nothing is merged or left out.

use burn::tensor::{Device, Distribution, Tensor};
use serde::{Deserialize, Serialize};
use web_time::Instant;

use crate::{
    Error, Result,
    kernel::{Form, product},
    platform::{self, Adapter, Opened},
    readback::read,
};

mod attention;
pub mod contend;
mod cut;
mod gates;
mod kept;
mod linear;
mod loss;
pub mod memory;
pub mod profile;
mod relations;
pub mod step;

/// One measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What was measured.
    pub name: String,
    /// The median.
    pub value: f64,
    /// Of the median: `GFLOP/s`, `GB/s`, `ms`, `steps/s`, `MiB`, `%` or `×`.
    pub unit: String,
    /// How many runs it is the median of.
    pub runs: usize,
    /// What else there is to say.
    pub note: String,
}

/// Every measurement of a device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The device.
    pub adapter: Adapter,
    /// The commit that Retort was built from.
    pub commit: String,
    /// The measurements.
    pub rows: Vec<Row>,
}

/// Measures `opened`; `on` hears of each row as it comes. `quick` takes fewer and smaller sizes
/// and fewer runs.
///
/// # Errors
/// [`Error::Device`] when the device fails.
pub async fn run(opened: &Opened, quick: bool, on: &mut dyn FnMut(Row)) -> Result<Report> {
    let mut meter = Meter::new(opened, quick, on);
    // First, while the program has hardly any memory to give out again unseen.
    linear::run(&mut meter).await?;
    matmul(&mut meter).await?;
    copy(&mut meter).await?;
    loss::run(&mut meter).await?;
    attention::run(&mut meter).await?;
    relations::run(&mut meter).await?;
    step::run(&mut meter).await?;
    cut::run(&mut meter).await?;
    gates::run(&mut meter).await?;
    if !quick {
        kept::run(&mut meter).await?;
    }
    let Meter { rows, .. } = meter;
    Ok(Report { adapter: opened.adapter.clone(), commit: platform::source_commit().into(), rows })
}

/// A stopwatch with a notebook.
pub struct Meter<'a> {
    device: &'a Device,
    adapter: &'a Adapter,
    quick: bool,
    on: &'a mut dyn FnMut(Row),
    rows: Vec<Row>,
}

impl<'a> Meter<'a> {
    /// An empty notebook.
    pub fn new(opened: &'a Opened, quick: bool, on: &'a mut dyn FnMut(Row)) -> Self {
        Self { device: &opened.device, adapter: &opened.adapter, quick, on, rows: vec![] }
    }

    /// How many runs a median is of.
    pub fn runs(&self) -> usize {
        if self.quick { 3 } else { 7 }
    }

    /// Median seconds of `work`, which queues work and gives a number to wait for, `[1]`.
    ///
    /// # Errors
    /// [`Error::Device`] when the device fails, and what `work` finds wrong.
    pub async fn seconds(&self, work: &mut dyn FnMut() -> Result<Tensor<1>>) -> Result<f64> {
        self.seconds_of(self.runs(), work).await
    }

    /// As [`Meter::seconds`], of that many runs.
    ///
    /// # Errors
    /// As [`Meter::seconds`].
    pub async fn seconds_of(&self, runs: usize, work: &mut dyn FnMut() -> Result<Tensor<1>>) -> Result<f64> {
        read(work()?).await?; // compiles what has to be compiled
        let once = self.once(1, work).await?;
        let enough = if self.quick { 0.02 } else { 0.1 };
        let times = (enough / once.max(1e-6)).ceil().clamp(1.0, 1_000.0) as usize;
        let mut seconds = vec![];
        for _ in 0..runs {
            seconds.push(self.once(times, work).await?);
            platform::breathe().await;
        }
        Ok(median(seconds))
    }

    /// Seconds per piece of work, of `times` pieces.
    async fn once(&self, times: usize, work: &mut dyn FnMut() -> Result<Tensor<1>>) -> Result<f64> {
        let start = Instant::now();
        let mut last = work()?;
        for _ in 1..times {
            self.device.flush().map_err(|error| Error::device("the device", error))?;
            last = work()?;
        }
        read(last).await?;
        Ok(start.elapsed().as_secs_f64() / times as f64)
    }

    /// The most bytes that `work` has at once beyond what there was before, in one run.
    /// On a GPU what Burn's pools reserve for it, in their pages; on the CPU, on Linux, the growth of
    /// what this program has in memory; elsewhere unknown.
    ///
    /// # Errors
    /// As [`Meter::seconds`].
    pub async fn extra_bytes(&self, work: &mut dyn FnMut() -> Result<Tensor<1>>) -> Result<Option<u64>> {
        let reserved = || self.device.memory_pool_usage().map(|usage| usage.bytes_reserved);
        if reserved().is_none() {
            let before = platform::watch_memory();
            read(work()?).await?;
            return Ok(before.and_then(|before| Some(platform::most_memory()?.saturating_sub(before))));
        }
        read(work()?).await?; // tries out which matrix product is fastest
        self.device.memory_cleanup();
        let before = reserved();
        read(work()?).await?;
        Ok(before.and_then(|before| Some(reserved()?.saturating_sub(before))))
    }

    /// Writes a row down.
    pub fn note(&mut self, name: String, value: f64, unit: &str, note: String) {
        self.note_of(self.runs(), name, value, unit, note);
    }

    /// Writes a row down that is of that many runs.
    pub fn note_of(&mut self, runs: usize, name: String, value: f64, unit: &str, note: String) {
        let row = Row { name, value, unit: unit.into(), runs, note };
        (self.on)(row.clone());
        self.rows.push(row);
    }
}

/// The middle one; of two, the mean.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => values[half],
        _ => (values[half - 1] + values[half]) / 2.0,
    }
}

async fn matmul(meter: &mut Meter<'_>) -> Result<()> {
    for size in if meter.quick { vec![256, 512] } else { vec![256, 512, 1_024, 2_048] } {
        let square = || Tensor::<2>::random([size, size], Distribution::Default, meter.device);
        let (a, b) = (square(), square());
        let seconds = meter.seconds(&mut || Ok(first(product(a.clone(), b.clone(), Form::Nn)))).await?;
        let operations = 2.0 * (size as f64).powi(3);
        let note = format!("{:.3} ms", seconds * 1e3);
        meter.note(format!("matmul {size} × {size} × {size}"), operations / seconds / 1e9, "GFLOP/s", note);
    }
    Ok(())
}

async fn copy(meter: &mut Meter<'_>) -> Result<()> {
    let count = if meter.quick { 1 << 22 } else { 1 << 24 };
    let x = Tensor::<2>::zeros([count / 1_024, 1_024], meter.device);
    let seconds = meter.seconds(&mut || Ok(first(x.clone() + 1.0))).await?;
    let name = format!("copy of {} MiB", (count * 4) >> 20);
    meter.note(name, 8.0 * count as f64 / seconds / 1e9, "GB/s", "read and written".into());
    Ok(())
}

/// The first number of a matrix.
fn first(matrix: Tensor<2>) -> Tensor<1> {
    matrix.slice([0..1, 0..1]).flatten(0, 1)
}

#[cfg(test)]
mod tests {
    use pollster::block_on;

    use super::*;
    use crate::platform::DeviceChoice;

    #[test]
    fn medians_by_hand() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(vec![]).is_nan());
    }

    #[test]
    fn a_quick_look_at_the_cpu_tells_every_row() {
        let opened = block_on(platform::open(DeviceChoice::Cpu)).unwrap();
        let mut heard = vec![];
        let report = block_on(run(&opened, true, &mut |row| heard.push(row))).unwrap();
        assert_eq!(report.rows, heard);
        // Memory of a process can be measured on Linux alone.
        let memory = report.rows.iter().filter(|row| row.unit == "MiB").count();
        assert!(memory == 0 || memory == 2 + 2, "{memory}");
        assert_eq!(report.rows.len() - memory, 3 + 2 + 1 + 2 * 3 + 3 + 3 + 2 + 2 * 2 + 3);
        assert_eq!(report.adapter, opened.adapter);
        for row in &report.rows {
            println!("{:<70} {:>10.3} {:<8} {}", row.name, row.value, row.unit, row.note);
            // Small sizes fit into memory that was there already.
            let (least, runs) = if row.unit == "MiB" { (0.0, 1) } else { (f64::MIN_POSITIVE, 3) };
            assert!(row.value.is_finite() && row.value >= least && row.runs == runs, "{row:?}");
        }
        let text = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<Report>(&text).unwrap().adapter, report.adapter);
    }
}
