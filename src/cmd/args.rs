//! Arguments, and their twins in the environment.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use super::bad::BadArgument;
use super::values::{address, label, number, percent, price, switch};
use crate::experiment::{External, Externals, Settings, experiments};
use crate::record::{MOST_BLOCKS, Mode, StoreError, Track};
use crate::report::Format;
use crate::run::{Choice, Options, version};
use crate::spec::{Definition, Spec, SpecError};

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

/// The most threads that may serve.
const MOST_SERVERS: NonZeroUsize = NonZeroUsize::new(1024).unwrap();
const EXIT_CODES: &str = "Exit codes: 0 ok; 1 internal error; 2 bad input; 3 some cells failed, or the self-test \
    missed something; 4 nothing matched; \
    5 cannot save; 6 slower than compare was told to accept; 75 too noisy where asked to refuse; \
    128+n ended by signal n";

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

/// How results are written to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// Aligned columns
    Table,
    /// A table of Markdown
    Md,
    /// Comma-separated values
    Csv,
    /// JSON
    Json,
}

/// How the results of a run are written to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RunOutput {
    /// Aligned columns
    Table,
    /// A table of Markdown
    Md,
    /// Every observation as comma-separated values
    Csv,
    /// JSON: the record
    Json,
    /// Bencher Metric Format
    Bmf,
    /// The array that github-action-benchmark calls customSmallerIsBetter
    GithubActionBenchmark,
}

impl RunOutput {
    /// As what a text for people is written: Markdown where that is asked for.
    pub(super) fn as_text(self) -> Format {
        match self {
            Self::Md => Format::Markdown,
            _ => Format::Terminal,
        }
    }
}

/// What `run` and `cargo bench` have in common: a flag here, a variable there.
#[derive(Debug, Args)]
pub(crate) struct CommonArgs {
    /// Measure the matrix of this TOML file instead of the default one; may be given several times
    #[arg(long, env = "CONCBENCH_DEFINITION", value_name = "FILE")]
    definition: Vec<PathBuf>,
    /// Add the models that the default matrix leaves out
    #[arg(long, env = "CONCBENCH_ALL", value_parser = switch)]
    pub(crate) all: bool,
    /// An indication in 5 blocks with smaller batches
    #[arg(long, env = "CONCBENCH_QUICK", value_parser = switch)]
    quick: bool,
    /// 30 blocks instead of 20
    #[arg(long, env = "CONCBENCH_RIGOROUS", value_parser = switch)]
    rigorous: bool,
    /// A number of blocks of your own
    #[arg(long, env = "CONCBENCH_BLOCKS", value_name = "N", allow_negative_numbers = true, value_parser = number(1..=MOST_BLOCKS))]
    blocks: Option<u32>,
    /// Measure these experiments as well, or `all`; `concbench list` shows them
    #[arg(long, env = "CONCBENCH_WITH", value_name = "NAME", value_delimiter = ',', value_parser = experiment)]
    with: Vec<String>,
    /// Measure these experiments and no others
    #[arg(long, env = "CONCBENCH_ONLY", value_name = "NAME", value_delimiter = ',', value_parser = experiment,
        conflicts_with = "with")]
    only: Vec<String>,
    /// Measure these runners in other languages and no others: python, go, node, java, one of them with another
    /// interpreter as in python=/opt/bin/python3, or the file of your own
    #[arg(long, env = "CONCBENCH_EXTERNAL", value_name = "NAME|FILE", value_delimiter = ',', value_parser = external)]
    external: Vec<External>,
    /// The seed of every shuffle; the time decides if there is none
    #[arg(long, env = "CONCBENCH_SEED", value_name = "N", allow_negative_numbers = true,
        value_parser = number(0..=u64::MAX))]
    seed: Option<u64>,
    /// A name for this machine, for its report and for comparisons
    #[arg(long, env = "CONCBENCH_LABEL", default_value = "local", value_parser = label)]
    label: String,
    /// The folder that gets a folder for each run
    #[arg(long, env = "CONCBENCH_OUT", default_value = "reports", value_name = "DIR")]
    out: PathBuf,
    /// The fairness track
    #[arg(long, env = "CONCBENCH_TRACK", value_enum, default_value = "defaults")]
    track: TrackName,
    /// The margin: what is smaller does not count as a difference; fixed before the run
    #[arg(long, env = "CONCBENCH_MARGIN", default_value = "2%", value_name = "PERCENT", allow_hyphen_values = true,
        value_parser = percent)]
    margin: f64,
    /// How many seconds one observation may take before it counts as hung
    #[arg(long, env = "CONCBENCH_DEADLINE", default_value = "30", value_name = "SECONDS",
        allow_negative_numbers = true, value_parser = number(1u64..=86_400))]
    deadline: u64,
    /// No progress on standard error
    #[arg(long, short, env = "CONCBENCH_QUIET", value_parser = switch)]
    pub(crate) quiet: bool,
}

/// What the environment alone says.
#[derive(Debug)]
pub(crate) struct FromEnvironment {
    pub(crate) common: CommonArgs,
    /// The run to go on with, if any.
    pub(crate) resume: Option<PathBuf>,
    /// Whether errors come with what caused them.
    pub(crate) verbose: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum TrackName {
    /// Every library with its own defaults
    Defaults,
    /// The same stack size, and workers bound to cores, for every model that can
    Equalised,
}

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// Measure only the cells whose id this regular expression matches
    pub(super) filter: Option<String>,
    #[command(flatten)]
    pub(super) common: CommonArgs,
    /// Go on with the run in this folder, which was interrupted or killed; all settings are those that it began with
    #[arg(long, env = "CONCBENCH_RESUME", value_name = "RUN",
        conflicts_with_all = ["filter", "definition", "blocks", "seed"])]
    pub(super) resume: Option<PathBuf>,
    /// How the results are written to standard output
    #[arg(long, value_enum, default_value = "table")]
    pub(super) format: RunOutput,
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Count, or list, only the cells whose id this regular expression matches
    pub(super) filter: Option<String>,
    /// List the models, with what they are and when they are right
    #[arg(long, conflicts_with_all = ["filter", "cells"])]
    pub(super) models: bool,
    /// List the runners in other languages, and whether they are found here
    #[arg(long, conflicts_with_all = ["filter", "cells", "models"])]
    pub(super) externals: bool,
    /// List every cell of the experiments that would be measured
    #[arg(long)]
    pub(super) cells: bool,
    #[command(flatten)]
    pub(super) common: CommonArgs,
    /// How the list is written to standard output
    #[arg(long, value_enum, default_value = "table")]
    pub(super) format: Output,
}

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// The folder of a run, or its results.json
    #[arg(default_value = "reports/latest")]
    pub(super) run: PathBuf,
    /// Where to write the report, if not beside the record
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// How the results are written to standard output
    #[arg(long, value_enum, default_value = "table")]
    pub(super) format: RunOutput,
    /// Print how every model does beside this one, in the place of the results
    #[arg(long, value_name = "MODEL")]
    pub(super) reference: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct CompareArgs {
    /// The runs, each by its folder or its results.json; all are held against the first
    #[arg(required = true, num_args = 2.., value_name = "RUN")]
    pub(super) runs: Vec<PathBuf>,
    /// Where to write the page: a file that ends in .html, or a folder; beside the first run by default
    #[arg(long, value_name = "FILE|DIR")]
    pub(super) out: Option<PathBuf>,
    /// What an hour of the machine with this label costs, for work per money; may be given several times
    #[arg(long = "price", value_name = "LABEL=PRICE", allow_hyphen_values = true, value_parser = price)]
    pub(super) prices: Vec<(String, f64)>,
    /// Exit with code 6 if a cell is for certain slower than in the first run by more than this, or broken, as in 5%
    #[arg(long, value_name = "PERCENT", allow_hyphen_values = true, value_parser = percent)]
    pub(super) fail_on_regression: Option<f64>,
    /// Compare what is refused otherwise: debug builds, other versions, other tracks
    #[arg(long)]
    pub(super) anyway: bool,
    /// How the comparison is written to standard output
    #[arg(long, value_enum, default_value = "table")]
    pub(super) format: Output,
}

#[derive(Debug, Args)]
pub(super) struct GalleryArgs {
    /// The runs, each by its folder or its results.json; or folders of those
    #[arg(required = true, value_name = "RUN|DIR")]
    pub(super) runs: Vec<PathBuf>,
    /// Your own run, by its folder or its results.json: the others are held against it, and it is said where it stands
    #[arg(long, value_name = "RUN")]
    pub(super) own: Option<PathBuf>,
    /// Where to write the page
    #[arg(long, value_name = "FILE", default_value = "gallery.html")]
    pub(super) out: PathBuf,
    /// What an hour of the machine with this label costs, for work per money; may be given several times
    #[arg(long = "price", value_name = "LABEL=PRICE", allow_hyphen_values = true, value_parser = price)]
    pub(super) prices: Vec<(String, f64)>,
    /// Show debug builds, too, whose figures mean nothing
    #[arg(long)]
    pub(super) anyway: bool,
    /// How the answers are written to standard output
    #[arg(long, value_enum, default_value = "table")]
    pub(super) format: Output,
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// The runs, each by its folder or its results.json
    #[arg(required = true, value_name = "RUN")]
    pub(super) runs: Vec<PathBuf>,
    /// How the findings are written to standard output
    #[arg(long, value_enum, default_value = "table")]
    pub(super) format: Output,
}

#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// How the findings are written to standard output
    #[arg(long, value_enum, default_value = "table")]
    pub(super) format: Output,
    /// Exit with code 75 if figures measured now would mean nothing
    #[arg(long)]
    pub(super) strict: bool,
}

#[derive(Debug, Args)]
pub(super) struct SelftestArgs {
    /// Half as many comparisons in 12 blocks: under a minute
    #[arg(long)]
    pub(super) quick: bool,
    /// A number of blocks of your own; fewer than 12 tell nothing about comparisons
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = number(1..=MOST_BLOCKS))]
    pub(super) blocks: Option<u32>,
    /// The seed of every shuffle; the time decides if there is none
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = number(0..=u64::MAX))]
    pub(super) seed: Option<u64>,
    /// No progress on standard error
    #[arg(long, short)]
    pub(super) quiet: bool,
    /// How the checks are written to standard output
    #[arg(long, value_enum, default_value = "table")]
    pub(super) format: Output,
}

#[derive(Debug, Subcommand)]
pub(super) enum ExternalCommand {
    /// Try everything that a runner has to do, and say what is wrong with it; docs/PROTOCOL.md says what that is
    Check(ExternalCheckArgs),
}

#[derive(Debug, Args)]
pub(super) struct ExternalCheckArgs {
    /// The runner: its external.toml, or the name of one that comes with concbench
    #[arg(value_name = "FILE|NAME", value_parser = external)]
    pub(super) external: External,
    /// How many seconds each conversation with it may take
    #[arg(long, default_value = "30", value_name = "SECONDS", allow_negative_numbers = true,
        value_parser = number(1u64..=86_400))]
    pub(super) deadline: u64,
    /// How what was found is written to standard output
    #[arg(long, value_enum, default_value = "table")]
    pub(super) format: Output,
}

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// Where to listen; port 0 leaves the choice to the system
    #[arg(long, default_value = "127.0.0.1:8017", value_name = "ADDRESS:PORT", value_parser = address)]
    pub(super) address: SocketAddr,
    /// How many threads serve
    #[arg(long, default_value = "1", value_name = "N", allow_negative_numbers = true,
        value_parser = number(NonZeroUsize::MIN..=MOST_SERVERS))]
    pub(super) threads: NonZeroUsize,
    /// Answer `GET /stall?ms=N`, which holds every answer back for that long
    #[arg(long)]
    pub(super) allow_stall: bool,
}

impl CommonArgs {
    /// For `cargo bench`, whose flags are criterion's: the environment alone.
    pub(crate) fn from_environment() -> anyhow::Result<FromEnvironment> {
        let cli = Cli::read(["concbench", "run"].map(OsString::from))
            .map_err(|error| BadArgument(one_line(&error)))?;
        match cli.command {
            Command::Run(run) => {
                Ok(FromEnvironment { common: run.common, resume: run.resume, verbose: cli.verbose })
            }
            _ => unreachable!("`run` was parsed"),
        }
    }

    /// The definitions to measure: those of the files, or else these.
    pub(crate) fn definitions(&self, default: Vec<Definition>) -> Result<Vec<Definition>, SpecError> {
        let mut definitions = default;
        if !self.definition.is_empty() {
            definitions.clear();
            for path in &self.definition {
                definitions.extend(Spec::read(path)?);
            }
        }
        let quick = self.mode() == Mode::Quick;
        Ok(definitions.into_iter().map(|one| if quick { one.quick() } else { one }).collect())
    }

    /// Which experiments are measured.
    pub(crate) fn choice(&self) -> Choice {
        let all = |names: &[String]| names.iter().any(|name| name == ALL);
        let mut with = self.with.clone();
        // Who names a runner wants it measured.
        with.extend((!self.external.is_empty() && self.only.is_empty()).then(|| OF_EXTERNALS.to_owned()));
        match (with.as_slice(), self.only.as_slice()) {
            (with, only) if all(with) || all(only) => Choice::All,
            ([], []) => Choice::Default,
            (with, []) => Choice::With(with.to_vec()),
            (_, only) => Choice::Only(only.to_vec()),
        }
    }

    fn track(&self) -> Track {
        match self.track {
            TrackName::Defaults => Track::Defaults,
            TrackName::Equalised => Track::Equalised,
        }
    }

    fn deadline(&self) -> Duration {
        Duration::from_secs(self.deadline)
    }

    fn mode(&self) -> Mode {
        match (self.blocks, self.quick, self.rigorous) {
            (_, true, _) => Mode::Quick,
            (_, _, true) => Mode::Rigorous,
            (None, ..) => Mode::Default,
            (Some(_), ..) => Mode::Custom,
        }
    }

    /// What decides what is measured.
    pub(crate) fn settings(&self) -> Settings {
        let mode = self.mode();
        let usual = match mode {
            Mode::Quick => 5,
            Mode::Default | Mode::Custom => 20,
            Mode::Rigorous => 30,
        };
        Settings {
            blocks: self.blocks.unwrap_or(usual),
            mode,
            seed: self.seed.unwrap_or_else(clock_seed),
            track: self.track(),
            margin: self.margin,
            deadline: self.deadline(),
            all: self.all,
            externals: match self.external.is_empty() {
                true => Externals::usual(),
                false => Externals::new(self.external.clone()),
            },
        }
    }

    /// How the run is to be made.
    pub(crate) fn options(&self, filter: Option<String>, command: String) -> Options {
        Options {
            settings: self.settings(),
            choice: self.choice(),
            filter,
            label: self.label.clone(),
            out: self.out.clone(),
            command,
            quiet: self.quiet,
        }
    }
}

/// The word that stands for every experiment.
const ALL: &str = "all";
/// The experiment that measures runners in other languages.
const OF_EXTERNALS: &str = "languages";

/// A runner in another language.
fn external(name: &str) -> Result<External, String> {
    External::named(name).map_err(|error| error.to_string())
}

/// The name of an experiment.
fn experiment(name: &str) -> Result<String, String> {
    let names: Vec<&str> = experiments().iter().map(|kind| kind.id()).collect();
    match name == ALL || names.contains(&name) {
        true => Ok(name.to_owned()),
        false => Err(format!("there is none; {ALL}, {} are there", names.join(", "))),
    }
}

/// A seed where none was given.
pub(super) fn clock_seed() -> u64 {
    let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    clock.as_nanos() as u64
}

/// Says in one line what is wrong with the arguments; help and version go to standard output.
pub(super) fn refuse(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // With its colours where that is a terminal.
        return match error.print().and_then(|()| std::io::Write::flush(&mut std::io::stdout())) {
            Err(source) if source.kind() != std::io::ErrorKind::BrokenPipe => {
                let lost = StoreError::Write { path: "standard output".into(), source };
                super::conclude(Err(lost.into()), false)
            }
            _ => ExitCode::SUCCESS,
        };
    }
    crate::printing::remark(&format!("concbench: {}", one_line(error)));
    ExitCode::from(super::exit::BAD_INPUT)
}

/// Clap's message without its hints, which take several lines.
fn one_line(error: &clap::Error) -> String {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let command = Cli::command();
        let names: Vec<_> = command.get_subcommands().map(clap::Command::get_name).collect();
        return format!("a command is missing, {} are there", names.join(", "));
    }
    let text = error.render().to_string();
    let hint =
        |line: &str| ["Usage:", "For more", "tip:"].iter().any(|start| line.trim_start().starts_with(start));
    let message: Vec<_> = text.lines().take_while(|line| !hint(line)).collect();
    let message = message.join(" ");
    let words: Vec<_> = message.split_whitespace().collect();
    words.join(" ").trim_start_matches("error: ").to_owned()
}
