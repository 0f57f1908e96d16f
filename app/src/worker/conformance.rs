//! The conformance cases, fetched one by one and computed on the visitor's device.

use retort_core::{
    Result,
    conformance::{self, Later},
    platform::{self, DeviceChoice},
};

use crate::protocol::Case;

/// Names of the cases that lie beside the page, as the build found them.
const CASES: &str = env!("RETORT_CASES");

/// Computes every case and tells of each.
///
/// # Errors
/// When there is no device, or a case cannot be fetched.
pub async fn run(device: DeviceChoice, tell: impl Fn(Case)) -> Result<()> {
    let opened = platform::open(device).await?;
    let fetch = |path: String| -> Later<'static, Vec<u8>> {
        Box::pin(async move { platform::builtin(&format!("conformance/{path}")).await })
    };
    for name in CASES.split(',') {
        let bytes = fetch(format!("{name}.safetensors")).await?;
        let outcome = conformance::run_case(name, &bytes, &fetch, &opened.device).await;
        tell(Case {
            name: outcome.case,
            ratio: outcome.worst.is_finite().then_some(outcome.worst),
            note: outcome.detail,
            passed: outcome.passed,
        });
        platform::breathe().await;
    }
    Ok(())
}
