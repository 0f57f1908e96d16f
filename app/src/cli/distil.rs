//! `retort distil` and `retort train`: a run file, from its first step or its last to its end.

use std::time::Duration;

use retort_core::{
    Error, Result, data,
    platform::{self, Store, process},
    run::Run,
    train::{self, Chain, Event},
};

use super::{Exit, On, interrupt, out, show, shrinking, summary};

/// Trains as a run file says.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The run file (TOML)
    #[arg(value_name = "RUN.toml")]
    run: String,
    /// Replace one value of the run file; may be given often
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    #[command(flatten)]
    on: On,
    /// The run directory [default: runs/<name of the run>]
    #[arg(long, value_name = "DIR")]
    out: Option<String>,
    /// Go on from the last checkpoint of the run directory
    #[arg(long)]
    resume: bool,
    /// Do what there is to do: start, go on from the last checkpoint, or nothing when the run is
    /// over. For schedulers, which may start a job twice: the second one waits for the first
    #[arg(long = "continue", conflicts_with = "resume")]
    carry_on: bool,
    /// Stop as for Ctrl-C when standard input ends
    #[arg(long, hide = true)]
    heed_input: bool,
    /// Print one event a line as JSON, and nothing else
    #[arg(long)]
    json: bool,
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
    let run = read(&arguments, kind).await?;
    let out = arguments.out.clone().unwrap_or_else(|| format!("runs/{}", run.name));
    interrupt::listen("stopping after this step")?;
    if arguments.heed_input {
        interrupt::heed_end_of_input();
    }
    let (store, resume, _lock) = match (arguments.carry_on, arguments.resume) {
        (true, _) => {
            let store = Store::open(&out).await?;
            let Some(lock) = alone(&out)? else { return Ok(Exit::Interrupted) };
            if train::is_over(&store).await? {
                return Ok(Exit::Fine);
            }
            let begun = store.read(train::RUN).await?.is_some();
            (store, begun, Some(lock))
        }
        (false, true) => (Store::open_existing(&out).await?, true, None),
        (false, false) => (vacant(&out).await?, false, None),
    };
    let opened = platform::open(arguments.on.device).await?;
    let mut chain = Chain::open(run, store, opened.clone(), resume).await?;
    let mut show = show::new(arguments.json);
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
    if let (false, Some(started)) = (arguments.json, started) {
        summary::print(&chain, &started, &opened).await?;
    }
    Ok(Exit::Fine)
}

/// The lock of a run directory, once no other process has it; nothing when a stop was asked for.
fn alone(out: &str) -> Result<Option<process::Lock>> {
    let path = format!("{out}/lock");
    loop {
        let lock = process::lock(&path)?;
        if lock.is_some() || interrupt::asked() {
            return Ok(lock);
        }
        process::pause(Duration::from_millis(200));
    }
}

/// The run file at a path.
pub async fn file(at: &str) -> Result<Run> {
    let bytes = platform::read_file(at).await?;
    let text = String::from_utf8(bytes).map_err(|error| Error::input(at, "UTF-8 text", error.to_string()))?;
    Run::from_toml(at, &text)
}

async fn read(arguments: &Arguments, kind: Kind) -> Result<Run> {
    let at = &arguments.run;
    let mut run = file(at).await?;
    let shrinks = |run: &Run| run.phases.iter().any(|phase| phase.shrinking.is_some());
    if kind == Kind::HomoDistil && !shrinks(&run) {
        let words = data::load(&run.data).await?.labels.is_empty();
        run = run.set(if words { "recipe=homodistil_lm" } else { "recipe=homodistil" })?;
    }
    for assignment in &arguments.sets {
        run = run.set(assignment)?;
    }
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
