//! Retort's chores: a demonstration, every test, the embedded assets made anew, and the written pages.
//!
//! Each chore sets up what it lacks, says in one line what it installs before it does, and asks
//! nothing. Done twice, it does nothing the second time.

mod assets;
mod bench;
mod demo;
mod findings;
mod record;
mod results;
mod setup;
mod shell;
mod site;
mod stages;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::shell::Shop;

/// Retort's chores.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

/// One thing to do.
#[derive(Subcommand)]
enum Chore {
    /// Distil a small student in the terminal, then build the page and serve it.
    Demo(demo::Demo),
    /// Run everything the continuous integration runs, or the named stages of it.
    Test(stages::Test),
    /// Make the embedded data, tokenizer and teacher from their sources.
    Assets(assets::Assets),
    /// Measure Retort beside others at the same step.
    Bench(bench::Bench),
    /// Run the repository's studies and write RESULTS.md.
    Results(results::Results),
    /// Run what the live figures show, and write www/recorded.
    Record(record::Record),
    /// Make the written pages: the companions, and what else stands in the shell.
    Articles(site::Articles),
    /// Put the site into `dist`, of `www` as it is and the modules as they were last built.
    Deliver,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = Shop::open().and_then(|shop| match cli.chore {
        Chore::Demo(demo) => demo.run(&shop),
        Chore::Test(test) => test.run(&shop),
        Chore::Assets(assets) => assets.run(&shop),
        Chore::Bench(bench) => bench.run(&shop),
        Chore::Results(results) => results.run(&shop),
        Chore::Record(record) => record.run(&shop),
        Chore::Articles(articles) => articles.run(&shop),
        Chore::Deliver => site::check(&site::deliver(&shop)?).map(|()| ExitCode::SUCCESS),
    });
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
