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
        uploads,
    },
};
use serde::Serialize;

use super::{
    Exit, distil, figure, interrupt, out,
    run_file::{self, RunFile},
    score, show,
};

/// Trial distillation, scores, sparse teachers, and one student for each.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    file: RunFile,
    /// Everything with each of the seeds 1 to COUNT, in DIR/seed-1 and so on, and what they say together
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    seeds: Option<u64>,
}

/// What is told of several seeds beside what is told of each.
#[derive(Serialize)]
#[serde(tag = "told", rename_all = "snake_case")]
enum Over<'a> {
    /// From here on it is of this one.
    Seed { seed: u64 },
    /// All are over.
    Seeds { seeds: &'a Seeds },
}

/// Goes through all stages, or to Ctrl-C.
pub async fn run(arguments: Arguments) -> Result<Exit> {
    let file = &arguments.file.unpacked().await?;
    file.compute()?;
    if let Some(own) = file.own().await {
        uploads::offer(&own).await?;
    }
    let mut run = file.read().await?;
    // Without a [stark] the usual one.
    run.stark.get_or_insert_default();
    let run = file.changed(run)?;
    let out = file.out(&run);
    interrupt::listen("stopping after this step")?;
    let _lock = match file.carry_on {
        true => {
            Store::open(&out).await?;
            let Some(lock) = run_file::alone(&out)? else { return Ok(Exit::Interrupted) };
            Some(lock)
        }
        false => None,
    };
    let opened = platform::open(file.on.device).await?;
    if arguments.seeds.is_some() && file.sets("seed") {
        return Err(Error::input("--set", "another key than seed, with --seeds", "seed"));
    }
    let Some(count) = arguments.seeds else {
        let resume = file.resume || file.carry_on && is_begun(&out);
        return Ok(match once(file, run, &out, opened, resume).await? {
            Some(_) => Exit::Fine,
            None => Exit::Interrupted,
        });
    };
    if file.resume {
        Store::open_existing(&out).await?;
    }
    let (name, mut reports) = (run.name.clone(), vec![]);
    for seed in 1..=count {
        match file.json {
            true => out::json(&Over::Seed { seed })?,
            false => out::line(format!("\nSeed {seed} of {count}"))?,
        }
        let (run, out) = (Run { seed, ..run.clone() }, format!("{out}/seed-{seed}"));
        let resume = (file.resume || file.carry_on) && is_begun(&out);
        match once(file, run, &out, opened.clone(), resume).await? {
            Some(report) => reports.push(report),
            None => return Ok(Exit::Interrupted),
        }
    }
    together(file, &name, &out, &Seeds::of(&reports)).await?;
    Ok(Exit::Fine)
}

fn is_begun(out: &str) -> bool {
    process::is_file(&format!("{out}/{RUN}"))
}

/// All stages with one seed; nothing when it was stopped before their end.
async fn once(file: &RunFile, run: Run, out: &str, opened: Opened, resume: bool) -> Result<Option<Report>> {
    let store = match resume {
        true => Store::open_existing(out).await?,
        false => Store::open(out).await?,
    };
    if resume {
        uploads::offer(&store).await?;
    }
    let mut stark = Stark::open(run, store.clone(), opened, resume).await?;
    let mut show = show::new(file.json);
    let mut came = None;
    while let Some(told) = stark.next().await? {
        match &told {
            _ if file.json => out::json(&told)?,
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
                store.write("scores.svg", figure::map(&scores.heads.score, "head", "layer").as_bytes()).await?;
            }
            Told::Done { report } => {
                store.write("students.svg", report::students(&report).as_bytes()).await?;
                store.write("teachers.svg", report::teachers(&report).as_bytes()).await?;
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
async fn together(file: &RunFile, name: &str, out: &str, seeds: &Seeds) -> Result<()> {
    let store = Store::open(out).await?;
    let json = serde_json::to_vec_pretty(seeds).map_err(|error| Error::storage(REPORT, error))?;
    store.write(REPORT, &json).await?;
    store.write("students.svg", seeds::students(seeds).as_bytes()).await?;
    if let Some(drawn) = seeds::confidence(seeds) {
        store.write("confidence.svg", drawn.as_bytes()).await?;
    }
    let text = seeds::markdown(name, seeds);
    store.write("report.md", text.as_bytes()).await?;
    match file.json {
        true => out::json(&Over::Seeds { seeds }),
        false => out::line(format!("\n{text}\nEverything lies in {out}.")),
    }
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
