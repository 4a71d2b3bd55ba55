//! Arguments, and their twins in the environment.
//!
//! - `common`: what `run`, `list` and `cargo bench` take, and what follows from it
//! - `commands`: what each command takes
//! - `output`: how results are written
//! - `refusal`: what is wrong with arguments, in one line

mod commands;
mod common;
mod output;
mod refusal;

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::Shell;

use super::values::switch;
use crate::run::version;
pub(super) use commands::{
    CheckArgs, CompareArgs, DoctorArgs, ExternalCheckArgs, ExternalCommand, GalleryArgs, ListArgs,
    ReportArgs, RunArgs, SelftestArgs, ServeArgs,
};
pub(super) use common::clock_seed;
pub(crate) use common::{CommonArgs, FromEnvironment};
pub(crate) use output::{Output, RunOutput};
pub(super) use refusal::refuse;

const EXIT_CODES: &str = "Exit codes: 0 ok; 1 internal error; 2 bad input; 3 some cells failed, or the self-test \
    missed something; 4 nothing matched; \
    5 cannot save; 6 slower than compare was told to accept; 75 too noisy where asked to refuse; \
    128+n ended by signal n";

/// Which concurrency model should this work use, on this machine? An answer by measurement.
#[derive(Debug, Parser)]
#[command(name = "concbench", version = version(), after_help = EXIT_CODES)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
    /// Say what caused an error, too
    #[arg(long, short, global = true, env = "CONCBENCH_VERBOSE", value_parser = switch)]
    pub(super) verbose: bool,
}

impl Cli {
    /// Reads a command line and the environment.
    ///
    /// # Errors
    ///
    /// What clap says of them, and flags that cannot be used together. Which ones is not clap's to know: a variable that
    /// says `false` sets no flag.
    pub(super) fn read(words: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let matches = Self::command().try_get_matches_from(words)?;
        let mut cli = Self::from_arg_matches(&matches)?;
        let (common, resumes) = match &mut cli.command {
            Command::Run(run) => (&mut run.common, run.resume.is_some()),
            Command::List(list) => (&mut list.common, false),
            _ => return Ok(cli),
        };
        let source = |name: &str| matches.subcommand().and_then(|(_, given)| given.value_source(name));
        // A variable holds several files as others do; a flag names one, whatever is in its name.
        if source("definition") == Some(ValueSource::EnvVariable) {
            common.definition = common.definition.iter().flat_map(std::env::split_paths).collect();
        }
        // A variable may stand for the runs to come; a flag means this one.
        let given = Some(ValueSource::CommandLine);
        let conflicts = [
            (common.quick && common.rigorous, "--quick", "--rigorous"),
            (resumes && common.all, "--resume", "--all"),
            (resumes && common.quick, "--resume", "--quick"),
            (resumes && common.rigorous, "--resume", "--rigorous"),
        ];
        let settled = ["label", "out", "track", "margin", "deadline", "with", "only", "external"]
            .iter()
            .find(|name| resumes && source(name) == given);
        let conflict =
            conflicts.into_iter().find(|(both, ..)| *both).map(|(_, one, other)| (one, other.to_owned()));
        match conflict.or_else(|| Some(("--resume", format!("--{}", settled?)))) {
            Some((one, other)) => {
                let what = format!("the argument '{one}' cannot be used with '{other}'");
                Err(Self::command().error(ErrorKind::ArgumentConflict, what))
            }
            None => Ok(cli),
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Measure in interleaved blocks, without criterion
    Run(RunArgs),
    /// List the experiments, their cells or the models, and start nothing
    List(ListArgs),
    /// Write the report of a run again, from its record
    Report(ReportArgs),
    /// Hold runs against the first of them: other machines, or one machine before and after a change
    Compare(CompareArgs),
    /// Show runs of many machines on one page, and where your own stands among them
    Gallery(GalleryArgs),
    /// Say whether a run can stand in a gallery that others read, and what speaks against it
    Check(CheckArgs),
    /// Say whether this machine is fit to measure on, and what to do about it
    Doctor(DoctorArgs),
    /// Say whether concbench finds what is there, and nothing else, on this machine
    Selftest(SelftestArgs),
    /// Runners in other languages
    #[command(subcommand)]
    External(ExternalCommand),
    /// Serve the HTTP target of the `http` workload
    Serve(ServeArgs),
    /// Print the JSON Schema of `results.json`
    Schema,
    /// Print what a shell completes, for a file that it reads
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Print a manual page
    Man {
        /// The command that it is about; the whole program, if none is named
        command: Option<String>,
    },
}
