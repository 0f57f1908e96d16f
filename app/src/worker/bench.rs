//! Measurements of the visitor's device: the quick ones, for a page is not a laboratory.

use retort_core::{
    Result,
    bench::{
        self, Row,
        contend::{Contender, Taken},
        profile::{self, Profile},
        step::Size,
    },
    platform::{self, DeviceChoice},
};

/// Steps that a profile is of.
const STEPS: usize = 3;

/// Measures the device and tells of each row.
///
/// # Errors
/// When there is no such device, or it fails.
pub async fn run(device: DeviceChoice, mut tell: impl FnMut(Row)) -> Result<()> {
    let opened = platform::open(device).await?;
    bench::run(&opened, true, &mut tell).await?;
    Ok(())
}

/// Takes a step apart.
///
/// # Errors
/// As [`run`], and when there is no such size.
pub async fn profile(device: DeviceChoice, size: &str) -> Result<Profile> {
    let opened = platform::open(device).await?;
    profile::run(&opened, &Size::named(size)?, STEPS).await
}

/// Models that take steps on demand.
#[derive(Default)]
pub struct Bench {
    contender: Option<(DeviceChoice, String, Contender)>,
}

impl Bench {
    /// Takes steps with the models of the last time, or fresh ones of another device or size.
    ///
    /// # Errors
    /// As [`profile`].
    pub async fn contend(&mut self, device: DeviceChoice, size: &str, steps: usize) -> Result<Taken> {
        let known = self.contender.take().filter(|(on, of, _)| *on == device && of == size);
        let mut contender = match known {
            Some((_, _, contender)) => contender,
            None => Contender::new(&Size::named(size)?, &platform::open(device).await?)?,
        };
        let taken = contender.take(steps).await;
        self.contender = Some((device, size.into(), contender));
        taken
    }
}
