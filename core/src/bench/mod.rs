//! What a device can do, measured: medians of several runs, each long enough to time.
//!
//! Work is queued many times over and then one number is read back, which waits for all of it.
//! Between two pieces of work the queue is handed over, so that nothing is merged or left out.

use burn::tensor::{Device, Distribution, Tensor};
use serde::{Deserialize, Serialize};
use web_time::Instant;

use crate::{
    Error, Result,
    platform::{self, Adapter, Opened},
    readback::read,
};

mod loss;
mod step;

/// One measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What was measured.
    pub name: String,
    /// The median.
    pub value: f64,
    /// Of the median: `GFLOP/s`, `GB/s`, `ms`, `steps/s` or `×`.
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
    matmul(&mut meter).await?;
    copy(&mut meter).await?;
    loss::run(&mut meter).await?;
    step::run(&mut meter).await?;
    let Meter { rows, .. } = meter;
    Ok(Report { adapter: opened.adapter.clone(), commit: platform::source_commit().into(), rows })
}

/// A stopwatch with a notebook.
pub struct Meter<'a> {
    device: &'a Device,
    quick: bool,
    on: &'a mut dyn FnMut(Row),
    rows: Vec<Row>,
}

impl<'a> Meter<'a> {
    /// An empty notebook.
    pub fn new(opened: &'a Opened, quick: bool, on: &'a mut dyn FnMut(Row)) -> Self {
        Self { device: &opened.device, quick, on, rows: vec![] }
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
        read(work()?).await?; // compiles what has to be compiled
        let once = self.once(1, work).await?;
        let enough = if self.quick { 0.02 } else { 0.1 };
        let times = (enough / once.max(1e-6)).ceil().clamp(1.0, 1_000.0) as usize;
        let mut seconds = vec![];
        for _ in 0..self.runs() {
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

    /// Writes a row down.
    pub fn note(&mut self, name: String, value: f64, unit: &str, note: String) {
        let row = Row { name, value, unit: unit.into(), runs: self.runs(), note };
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
        let seconds = meter.seconds(&mut || Ok(first(a.clone().matmul(b.clone())))).await?;
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
        assert_eq!(report.rows.len(), 2 + 1 + 2 * 3 + 2);
        assert_eq!(report.adapter, opened.adapter);
        for row in &report.rows {
            println!("{:<70} {:>10.3} {:<8} {}", row.name, row.value, row.unit, row.note);
            assert!(row.value.is_finite() && row.value > 0.0 && row.runs == 3, "{row:?}");
        }
        let text = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<Report>(&text).unwrap().adapter, report.adapter);
    }
}
