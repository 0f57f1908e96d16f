//! `retort`: every command reads its arguments, calls the core, and prints what it answers.
//!
//! Exit codes: 0 fine; 1 something failed (a conformance case, a cell, the device, the disk); 2 the input
//! or the arguments do not fit; 130 interrupted, after saving.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use retort_core::{
    Error, Result,
    platform::{DeviceChoice, process},
};

mod archive;
mod attention;
mod bench;
mod conformance;
mod devices;
mod disagree;
mod distil;
mod eval;
mod export;
mod figure;
mod figures;
mod generate;
mod interrupt;
mod methods;
mod model;
mod out;
mod pilot;
mod plan;
mod predict;
mod prune;
mod report;
mod run_file;
mod score;
mod serve;
mod show;
mod shrinking;
mod stark;
mod step;
mod study;
mod summary;
mod vocabulary;

/// Knowledge distillation of language models, in the terminal.
#[derive(Debug, Parser)]
#[command(name = "retort", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Train a student with its teacher, as a run file says
    Distil(distil::Arguments),
    /// Train a model without a teacher, as a run file says
    Train(distil::Arguments),
    /// Let the student start as its teacher and become smaller while it learns (HomoDistil)
    Homodistil(distil::Arguments),
    /// Run a run file over axes and seeds, and report what can be told
    Study(study::Arguments),
    /// Figures of a model on a data set
    Eval(eval::Arguments),
    /// Class probabilities of sentences
    Predict(predict::Arguments),
    /// Where a model looks in a text: the attention of every head
    Attention(attention::Arguments),
    /// Where the teacher and the student of a run disagree
    Disagree(disagree::Arguments),
    /// One optimiser step on one example, taken apart: terms, gradients, update
    Step(step::Arguments),
    /// What every head and neuron of a model matters, to itself and to its student
    Score(score::Arguments),
    /// Take out the heads and neurons that matter least, and write the smaller model
    Prune(prune::Arguments),
    /// Let sparse teachers teach: trial, scores, and a student for every level
    Stark(stark::Arguments),
    /// How right and how sure classifiers are when some of their weights are gone
    Pilot(pilot::Arguments),
    /// How texts go on, by a language model or by two of them
    Generate(generate::Arguments),
    /// The page on 127.0.0.1, with the runs of this machine
    Serve(serve::Arguments),
    /// What can be learned: every objective with its formula, paper and settings
    Methods(methods::Arguments),
    /// What can compute here, with drivers, limits and features
    Devices(devices::Arguments),
    /// Compare a device with the known answers of a folder of cases
    Conformance(conformance::Arguments),
    /// Measure a device: matrix products, copies, the fused kernel, a distillation step
    Bench(bench::Arguments),
    /// Write the student of a run as a Hugging Face directory
    Export(export::Arguments),
    /// Draw the figures of the companions as they are before anything is chosen
    Figures(figures::Arguments),
    /// A run directory as one file that can go on anywhere, or such a file as a directory
    Archive(archive::Arguments),
    /// A run, STARK's runs or a study as one page (HTML), or as Markdown with figures
    Report(report::Arguments),
    /// Make a vocabulary from sentences or plain text: WordPiece, or byte-level BPE
    Vocabulary(vocabulary::Arguments),
}

/// How a command ended that did not go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    Fine,
    /// It did its work, and the answer is no.
    Failed,
    /// The input does not fit, and all that is wrong with it was told.
    Unfit,
    /// Stopped on request; everything is saved.
    Interrupted,
}

/// Where to compute.
#[derive(Debug, clap::Args)]
struct On {
    /// Where to compute: auto, vulkan, metal, dx12, webgpu or cpu
    #[arg(long, value_name = "NAME", default_value = "auto")]
    device: DeviceChoice,
}

/// Runs the command that the arguments name.
pub fn main() -> ExitCode {
    // The graphics driver's remarks are for those who ask for them.
    env_logger::Builder::from_env(env_logger::Env::new().filter_or("RETORT_LOG", "off")).init();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no mistakes. If they cannot be printed, there is nobody to tell.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    match process::among_hands(|| pollster::block_on(run(cli.command))) {
        Ok(Exit::Fine) => ExitCode::SUCCESS,
        Ok(Exit::Failed) => ExitCode::from(1),
        Ok(Exit::Unfit) => ExitCode::from(2),
        Ok(Exit::Interrupted) => ExitCode::from(130),
        Err(error) => {
            eprintln!("retort: {error}");
            ExitCode::from(code(&error))
        }
    }
}

async fn run(command: Command) -> Result<Exit> {
    match command {
        Command::Distil(arguments) => distil::run(arguments, distil::Kind::Distil).await,
        Command::Train(arguments) => distil::run(arguments, distil::Kind::Train).await,
        Command::Homodistil(arguments) => distil::run(arguments, distil::Kind::HomoDistil).await,
        Command::Study(arguments) => study::run(arguments).await,
        Command::Eval(arguments) => eval::run(arguments).await,
        Command::Predict(arguments) => predict::run(arguments).await,
        Command::Attention(arguments) => attention::run(arguments).await,
        Command::Disagree(arguments) => disagree::run(arguments).await,
        Command::Step(arguments) => step::run(arguments).await,
        Command::Score(arguments) => score::run(arguments).await,
        Command::Prune(arguments) => prune::run(arguments).await,
        Command::Stark(arguments) => stark::run(arguments).await,
        Command::Pilot(arguments) => pilot::run(arguments).await,
        Command::Generate(arguments) => generate::run(arguments).await,
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Methods(arguments) => methods::run(&arguments),
        Command::Devices(arguments) => devices::run(&arguments).await,
        Command::Conformance(arguments) => conformance::run(arguments).await,
        Command::Bench(arguments) => bench::run(arguments).await,
        Command::Export(arguments) => export::run(arguments).await,
        Command::Figures(arguments) => figures::run(arguments).await,
        Command::Archive(arguments) => archive::run(arguments).await,
        Command::Report(arguments) => report::run(arguments).await,
        Command::Vocabulary(arguments) => vocabulary::run(arguments).await,
    }
}

fn code(error: &Error) -> u8 {
    match error {
        Error::Input { .. } => 2,
        Error::Storage { .. } | Error::Device { .. } => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn exit_codes_tell_bad_input_from_what_failed() {
        assert_eq!(code(&Error::input("run.toml", "a", "b")), 2);
        assert_eq!(code(&Error::storage("runs", "full")), 1);
        assert_eq!(code(&Error::device("vulkan", "lost")), 1);
    }
}
