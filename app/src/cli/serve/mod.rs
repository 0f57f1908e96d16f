//! `retort serve`: the page, and the runs of this machine, on 127.0.0.1.

use std::path::Path;

use retort_core::{Error, Result, platform::folder::Folder};

use super::{Exit, interrupt, out};

mod answer;
mod kind;
mod page;
mod percent;
mod range;
mod runs;
mod server;

use answer::Site;
use page::Page;
use runs::Runs;
pub use server::stay;

/// Where the runs are unless someone says otherwise.
const RUNS: &str = "runs";

/// The page and the runs of a folder.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The folder of run directories that the page lists and shows [default: runs]
    #[arg(value_name = "DIR")]
    dir: Option<String>,
    #[command(flatten)]
    at: At,
    /// Open the page in the browser
    #[arg(long)]
    open: bool,
}

/// What the page is, and where.
#[derive(Debug, clap::Args)]
pub struct At {
    /// The port on 127.0.0.1; when it is taken, the next that is free
    #[arg(long, value_name = "PORT", default_value_t = 8080)]
    port: u16,
    /// The built page, instead of the one inside this program
    #[arg(long, value_name = "DIR")]
    dist: Option<String>,
}

/// Serves until Ctrl-C.
pub fn run(arguments: &Arguments) -> Result<Exit> {
    if let Some(dir) = &arguments.dir {
        Folder::open(dir)?;
    }
    let at = arguments.dir.clone().unwrap_or_else(|| RUNS.into());
    let page = Page::open(arguments.at.dist.as_deref())?;
    interrupt::listen("closing")?;
    let address = server::start(Site { page, runs: Runs { at } }, arguments.at.port)?;
    out::line(format!("The page is at {address} (Ctrl-C ends it)"))?;
    if arguments.open {
        browse(&address);
    }
    stay();
    Ok(Exit::Fine)
}

/// The page that will show a run, found before the run begins.
pub struct Watch {
    page: Page,
    port: u16,
}

impl Watch {
    /// Looks for the page.
    ///
    /// # Errors
    /// [`Error::Input`] when there is none.
    pub fn ready(at: &At) -> Result<Self> {
        Ok(Self { page: Page::open(at.dist.as_deref())?, port: at.port })
    }

    /// Serves the page in the background, beside the run in the directory `out`, and gives the address at which it
    /// shows that run.
    ///
    /// # Errors
    /// [`Error::Device`] when no port is free.
    pub fn show(self, out: &str) -> Result<String> {
        let (at, name) = place(out)?;
        let address = server::start(Site { page: self.page, runs: Runs { at } }, self.port)?;
        Ok(format!("{address}#/runs/{}", percent::encode(&name)))
    }
}

/// The folder a run directory lies in, and its name there.
fn place(out: &str) -> Result<(String, String)> {
    let path = Path::new(out);
    let name = path.file_name().and_then(|name| name.to_str()).filter(|name| !name.starts_with('.'));
    let name = name.ok_or_else(|| Error::input("--out", "a directory whose name can be shown", format!("`{out}`")))?;
    let parent = path.parent().and_then(Path::to_str).filter(|parent| !parent.is_empty()).unwrap_or(".");
    Ok((parent.to_owned(), name.to_owned()))
}

/// Opens the browser, or says that it could not.
pub fn browse(address: &str) {
    if let Err(error) = open::that(address) {
        eprintln!("retort: no browser could be opened ({error}); the page is at {address}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_lies_in_a_folder() {
        let placed = |out| place(out).unwrap();
        assert_eq!(placed("runs/mine"), ("runs".into(), "mine".into()));
        assert_eq!(placed("mine/"), (".".into(), "mine".into()));
        assert_eq!(placed("/a/b"), ("/a".into(), "b".into()));
        let error = place("..").unwrap_err().to_string();
        assert_eq!(error, "--out: wanted a directory whose name can be shown, found `..`");
        assert!(place("runs/.mine").is_err());
    }
}
