//! Measurements of the visitor's device: the quick ones, for a page is not a laboratory.

use retort_core::{
    Result,
    bench::{self, Row},
    platform::{self, DeviceChoice},
};

/// Measures the device and tells of each row.
///
/// # Errors
/// When there is no such device, or it fails.
pub async fn run(device: DeviceChoice, mut tell: impl FnMut(Row)) -> Result<()> {
    let opened = platform::open(device).await?;
    bench::run(&opened, true, &mut tell).await?;
    Ok(())
}
