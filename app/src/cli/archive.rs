//! `retort archive`: a run directory as one file, and back.

use retort_core::{
    Error, Result,
    archive::{self, ENDING},
    checkpoint::Files,
    platform::Store,
    train::{run_of, uploads},
};

use super::{Exit, out, run_file};

/// Packs or unpacks a run.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A run directory to pack, or an archive (.retort.zip) to unpack
    #[arg(value_name = "RUNDIR|FILE.retort.zip")]
    run: String,
    /// The archive to write [default: <RUNDIR>.retort.zip], or the directory to unpack into
    #[arg(long, value_name = "FILE|DIR")]
    out: Option<String>,
}

/// One way or the other, by what it is given.
pub async fn run(arguments: Arguments) -> Result<Exit> {
    let Arguments { run, out } = &arguments;
    if let Some(beside) = archive::beside(run) {
        let to = out.as_deref().unwrap_or(beside);
        let name = run_file::unpack(run, to).await?;
        out::line(format!("{name} lies in {to}; look at it with: {}", command(["report", to])))?;
        return Ok(Exit::Fine);
    }
    let run = run.trim_end_matches('/');
    let to = out.clone().unwrap_or_else(|| format!("{run}{ENDING}"));
    if !archive::is_archive(&to) {
        return Err(Error::input("--out", format!("a name that ends in {ENDING}"), format!("`{to}`")));
    }
    let store = Store::open_existing(run).await?;
    let bytes = archive::pack(&store, &own(&store).await?, None).await?;
    let (dir, name) = to.rsplit_once('/').unwrap_or((".", &to));
    Store::open(dir).await?.write(name, &bytes).await?;
    let size = out::bytes(bytes.len() as u64);
    out::line(format!("{to}: {size}; go on with it anywhere: {}", command(["distil", &to, "--resume"])))?;
    Ok(Exit::Fine)
}

/// The user's files that the run reads, wherever they lie; where they are gone, the archive does without.
async fn own(store: &Store) -> Result<Files> {
    let Some(run) = run_of(store).await? else { return Ok(Files::new()) };
    uploads::offer(store).await?;
    Ok(archive::sources(&run).await.unwrap_or_else(|error| {
        eprintln!("retort: the archive is without the files that the run reads, so it can be looked at only: {error}");
        Files::new()
    }))
}

fn command<const N: usize>(words: [&str; N]) -> String {
    out::command(["retort"].into_iter().chain(words).map(str::to_owned))
}
