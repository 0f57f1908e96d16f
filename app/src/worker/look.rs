//! Questions that leave the open run as it is, whatever is wrong with them.

use retort_core::{
    Error, Result,
    checkpoint::Files,
    data::{File, Sheet},
    platform::{self, DeviceChoice, Lent},
    run::Run,
    train::{Description, describe},
};

use crate::protocol::FromWorker;

/// A run before its start. The files are offered only meanwhile: the open run may have others of the same names.
pub async fn describe_run(run: &str, device: DeviceChoice, files: Files) -> Description {
    let _lent = Lent::new(files);
    let run = match Run::from_toml("the run file", run) {
        Ok(run) => run,
        Err(error) => return Description::refused(error),
    };
    match platform::open(device).await {
        Ok(opened) => describe(&run, &opened).await,
        Err(error) => Description::refused(error),
    }
}

/// What columns a file has.
pub fn sheet(name: String, files: Files) -> FromWorker {
    let bytes = files.into_iter().next().map(|(_, bytes)| bytes).unwrap_or_default();
    match Sheet::read(&File { name: name.clone(), bytes }) {
        Ok(sheet) => FromWorker::Sheet { name, sheet: Some(sheet), refused: None },
        Err(error) => FromWorker::Sheet { name, sheet: None, refused: Some(error.to_string()) },
    }
}

/// The answer to a question: where its input does not fit, that it was refused.
///
/// # Errors
/// What went wrong otherwise.
pub fn told<T>(ask: &str, answer: Result<T>, as_message: impl FnOnce(T) -> FromWorker) -> Result<FromWorker> {
    match answer {
        Ok(answer) => Ok(as_message(answer)),
        Err(error @ Error::Input { .. }) => Ok(FromWorker::Refused { ask: ask.into(), message: error.to_string() }),
        Err(error) => Err(error),
    }
}
