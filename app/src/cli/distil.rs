//! `retort distil` and `retort train`: a run file, from its first step or its last to its end.

use retort_core::{
    Error, Result, data,
    platform::{self, Store},
    run::Run,
    train::{self, Chain, Event, Start, branch, uploads},
};

use super::{
    Exit, interrupt, out, plan,
    run_file::{self, RunFile},
    serve, show, shrinking, summary,
};

/// Trains as a run file says.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    file: RunFile,
    /// Only tell what the run would be: data, models, steps, memory, and what keeps it from starting
    #[arg(long, conflicts_with_all = ["resume", "carry_on"])]
    plan: bool,
    /// Show the run in the browser as it goes, on 127.0.0.1, until Ctrl-C
    #[arg(long)]
    open: bool,
    /// With --open: only say where the page is
    #[arg(long, requires = "open")]
    no_browser: bool,
    #[command(flatten)]
    at: serve::At,
    /// Start from the last checkpoint of the run in this directory instead of from the first step
    #[arg(long, value_name = "RUNDIR", conflicts_with_all = ["resume", "carry_on"])]
    from: Option<String>,
    /// With --from: start from its best weights instead
    #[arg(long, requires = "from")]
    best: bool,
    /// Stop as for Ctrl-C when standard input ends
    #[arg(long, hide = true)]
    heed_input: bool,
}

/// With a teacher or without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// There must be a teacher.
    Distil,
    /// There must be none.
    Train,
    /// There must be one, and the student becomes smaller: by the usual recipe, where the file says none.
    HomoDistil,
}

/// Trains to the end of the run, or to Ctrl-C.
pub async fn run(arguments: Arguments, kind: Kind) -> Result<Exit> {
    let file = &arguments.file.unpacked().await?;
    file.compute()?;
    // Files of the user's own that lie with the run file are read by the names in it.
    let own = file.own().await;
    if let Some(own) = &own {
        uploads::offer(own).await?;
    }
    let run = read(file, kind).await?;
    if arguments.plan {
        return plan::print(&run, file).await;
    }
    let out = file.out(&run);
    let watch = arguments.open.then(|| serve::Watch::ready(&arguments.at)).transpose()?;
    interrupt::listen("stopping after this step")?;
    if arguments.heed_input {
        interrupt::heed_end_of_input();
    }
    let (store, resume, _lock) = match (file.carry_on, file.resume) {
        (true, _) => {
            let store = Store::open(&out).await?;
            let Some(lock) = run_file::alone(&out)? else { return Ok(Exit::Interrupted) };
            if train::is_over(&store).await? {
                return Ok(Exit::Fine);
            }
            let begun = store.read(train::RUN).await?.is_some();
            (store, begun, Some(lock))
        }
        (false, true) => (Store::open_existing(&out).await?, true, None),
        (false, false) => (vacant(&out).await?, false, None),
    };
    let shown = watch.map(|watch| watch.show(&out)).transpose()?;
    if let Some(address) = &shown {
        eprintln!("retort: the run is shown at {address}");
        if !arguments.no_browser {
            serve::browse(address);
        }
    }
    let opened = platform::open(file.on.device).await?;
    if let Some(from) = &arguments.from {
        let start = if arguments.best { Start::Best } else { Start::Last };
        branch(&Store::open_existing(from).await?, start, &run, &store, &opened).await?;
    }
    if resume {
        uploads::offer(&store).await?;
    }
    let resume = resume || arguments.from.is_some();
    let mut chain = Chain::open(run, store, opened.clone(), resume).await?;
    if let (false, Some(own)) = (resume, own) {
        own.copy(uploads::UPLOADS, chain.store()).await?;
    }
    let mut show = show::new(file.json);
    let mut started = None;
    while let Some(event) = chain.next().await? {
        show.event(&event)?;
        match (event, &mut started) {
            (Event::Started(first), _) => started = Some(first),
            // The control becomes as small.
            (Event::Shrunk { who, parameters, .. }, Some(started)) if who == "student" => {
                started.parameters[1] = parameters;
            }
            _ => {}
        }
        if interrupt::asked() && chain.is_told() {
            chain.save().await?;
            show.close();
            eprintln!("retort: saved in {out}; go on with: {}", again(std::env::args()));
            return Ok(Exit::Interrupted);
        }
    }
    show.close();
    shrinking::draw(chain.store()).await?;
    if let (false, Some(started)) = (file.json, started) {
        summary::print(&chain, &started, &opened).await?;
    }
    if let Some(address) = shown {
        interrupt::says("closing");
        eprintln!("retort: the run is over and still shown at {address} (Ctrl-C ends it)");
        serve::stay();
    }
    Ok(Exit::Fine)
}

async fn read(file: &RunFile, kind: Kind) -> Result<Run> {
    let at = &file.at;
    let mut run = file.read().await?;
    let shrinks = |run: &Run| run.phases.iter().any(|phase| phase.shrinking.is_some());
    if kind == Kind::HomoDistil && !shrinks(&run) {
        let words = data::load(&run.data).await?.labels.is_empty();
        run = run.set(if words { "recipe=homodistil_lm" } else { "recipe=homodistil" })?;
    }
    run = file.changed(run)?;
    match (kind, &run.teacher) {
        (Kind::Distil | Kind::HomoDistil, None) => Err(Error::input(at, "a [teacher] (or use `retort train`)", "none")),
        (Kind::Train, Some(teacher)) => {
            Err(Error::input(at, "no [teacher] (or use `retort distil`)", format!("`{}`", teacher.model)))
        }
        _ => Ok(run),
    }
}

/// A directory without a run in it, asked before any work is done.
async fn vacant(out: &str) -> Result<Store> {
    if let Ok(store) = Store::open_existing(out).await
        && store.read(train::RUN).await?.is_some()
    {
        return Err(Error::input(out, "a directory without a run, or --resume, or another --out", "a run"));
    }
    Store::open(out).await
}

/// The same command again, going on.
pub fn again(arguments: impl Iterator<Item = String>) -> String {
    let mut words: Vec<String> = arguments.collect();
    if !words.iter().any(|word| word == "--resume" || word == "--continue") {
        words.push("--resume".into());
    }
    out::command(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_go_on_can_be_pasted() {
        let words = |text: &[&str]| text.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>().into_iter();
        assert_eq!(
            again(words(&["retort", "distil", "my run.toml", "--set", "name=\"a\""])),
            r#"retort distil 'my run.toml' --set 'name="a"' --resume"#
        );
        assert_eq!(again(words(&["retort", "train", "r.toml", "--resume"])), "retort train r.toml --resume");
        assert_eq!(again(words(&["retort", "train", "r.toml", "--continue"])), "retort train r.toml --continue");
    }
}
