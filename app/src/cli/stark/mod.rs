//! `retort stark`: sparse teachers, and what their students make of them.

mod report;
mod seeds;

use retort_core::{
    Error, Result,
    platform::{self, Opened, Store, process},
    run::Run,
    train::{
        RUN, Told,
        stark::{REPORT, Report, Seeds, Stage, Stark},
    },
};

use super::{Exit, On, distil, figure, figure::Drawn, interrupt, out, score, show};

/// Trial distillation, scores, sparse teachers, and one student for each.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The run file (TOML); without a [stark] section it gets the usual one
    #[arg(value_name = "RUN.toml")]
    run: String,
    /// Replace one value of the run file; may be given often
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    #[command(flatten)]
    on: On,
    /// Where everything goes [default: runs/<name of the run>]
    #[arg(long, value_name = "DIR")]
    out: Option<String>,
    /// Go on where it was stopped
    #[arg(long)]
    resume: bool,
    /// Go on where it was begun, and begin where it was not
    #[arg(long = "continue", conflicts_with = "resume")]
    carry_on: bool,
    /// Everything with each of the seeds 1 to COUNT, in DIR/seed-1 and so on, and what they say together
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    seeds: Option<u64>,
    /// Print one event a line as JSON, and nothing else
    #[arg(long)]
    json: bool,
}

/// Goes through all stages, or to Ctrl-C.
pub async fn run(arguments: Arguments) -> Result<Exit> {
    let mut run = distil::file(&arguments.run).await?;
    run.stark.get_or_insert_default();
    for assignment in &arguments.sets {
        run = run.set(assignment)?;
    }
    let out = arguments.out.clone().unwrap_or_else(|| format!("runs/{}", run.name));
    interrupt::listen("stopping after this step")?;
    let opened = platform::open(arguments.on.device).await?;
    let Some(count) = arguments.seeds else {
        return Ok(match once(&arguments, run, &out, opened).await? {
            Some(_) => Exit::Fine,
            None => Exit::Interrupted,
        });
    };
    if arguments.resume {
        Store::open_existing(&out).await?;
    }
    let (name, mut reports) = (run.name.clone(), vec![]);
    for seed in 1..=count {
        if !arguments.json {
            out::line(format!("\nSeed {seed} of {count}"))?;
        }
        match once(&arguments, Run { seed, ..run.clone() }, &format!("{out}/seed-{seed}"), opened.clone()).await? {
            Some(report) => reports.push(report),
            None => return Ok(Exit::Interrupted),
        }
    }
    together(&arguments, &name, &out, &Seeds::of(&reports)).await?;
    Ok(Exit::Fine)
}

/// All stages with one seed; nothing when it was stopped before their end.
async fn once(arguments: &Arguments, run: Run, out: &str, opened: Opened) -> Result<Option<Report>> {
    let begun = process::is_file(&format!("{out}/{RUN}"));
    let resume = match arguments.seeds {
        Some(_) => begun && (arguments.resume || arguments.carry_on),
        None => arguments.resume || begun && arguments.carry_on,
    };
    let store = match resume {
        true => Store::open_existing(out).await?,
        false => Store::open(out).await?,
    };
    let mut stark = Stark::open(run, store.clone(), opened, resume).await?;
    let mut show = show::new(arguments.json);
    let mut came = None;
    while let Some(told) = stark.next().await? {
        match &told {
            _ if arguments.json => out::json(&told)?,
            Told::Run { event } => show.event(event)?,
            Told::Stage { stage, number, of } => out::line(format!("\n[{number} of {of}] {}", words(stage)))?,
            Told::Scored { scores } => score::map(scores)?,
            Told::Level { level } => {
                show.close();
                show = show::new(false);
                out::line(report::figures(level))?;
            }
            Told::Done { report } => out::line(format!("\n{}\nEverything lies in {out}.", report::markdown(report)))?,
        }
        match told {
            Told::Scored { scores } => {
                write(&store, "scores.svg", figure::map(&scores.heads.score, "head", "layer")).await?;
            }
            Told::Done { report } => {
                write(&store, "students.svg", report::students(&report)).await?;
                write(&store, "teachers.svg", report::teachers(&report)).await?;
                store.write("report.md", report::markdown(&report).as_bytes()).await?;
                came = Some(*report);
            }
            _ => {}
        }
        if interrupt::asked() && came.is_none() && stark.is_told() {
            stark.save().await?;
            show.close();
            eprintln!("retort: saved in {out}; go on with: {}", distil::again(std::env::args()));
            return Ok(None);
        }
    }
    Ok(came)
}

/// Writes and tells what all seeds say together.
async fn together(arguments: &Arguments, name: &str, out: &str, seeds: &Seeds) -> Result<()> {
    let store = Store::open(out).await?;
    let json = serde_json::to_vec_pretty(seeds).map_err(|error| Error::storage(REPORT, error))?;
    store.write(REPORT, &json).await?;
    write(&store, "students.svg", seeds::students(seeds)).await?;
    if let Some(drawn) = seeds::confidence(seeds) {
        write(&store, "confidence.svg", drawn).await?;
    }
    let text = seeds::markdown(name, seeds);
    store.write("report.md", text.as_bytes()).await?;
    match arguments.json {
        true => out::json(seeds),
        false => out::line(format!("\n{text}\nEverything lies in {out}.")),
    }
}

async fn write(store: &Store, name: &str, svg: Drawn<String>) -> Result<()> {
    store.write(name, svg.map_err(|error| Error::storage(name, error))?.as_bytes()).await
}

fn words(stage: &Stage) -> String {
    match stage {
        Stage::Trial => "trial: the whole teacher teaches".into(),
        Stage::Scores => "scores: what the teacher's units matter to it and to its student".into(),
        Stage::Level { arm, percent: Some(percent) } => format!("{arm}: the teacher without {percent} %"),
        Stage::Level { arm, percent: None } => format!("{arm}: the teacher without what its scores say"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_told_in_words() {
        let level = |percent| Stage::Level { arm: "random".into(), percent };
        assert_eq!(words(&level(Some(30.0))), "random: the teacher without 30 %");
        assert_eq!(words(&level(None)), "random: the teacher without what its scores say");
    }
}
