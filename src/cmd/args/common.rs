use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::refusal::one_line;
use super::{Cli, Command};
use crate::cmd::bad::BadArgument;
use crate::cmd::values::{label, number, percent, switch};
use crate::experiment::{External, Externals, Settings, experiments};
use crate::record::{MOST_BLOCKS, Mode, Track};
use crate::run::{Choice, Options};
use crate::spec::{Definition, Spec, SpecError};

/// What `run` and `cargo bench` have in common: a flag here, a variable there.
#[derive(Debug, Args)]
pub(crate) struct CommonArgs {
    /// Measure the matrix of this TOML file instead of the default one; may be given several times
    #[arg(long, env = "CONCBENCH_DEFINITION", value_name = "FILE")]
    pub(super) definition: Vec<PathBuf>,
    /// Add the models that the default matrix leaves out
    #[arg(long, env = "CONCBENCH_ALL", value_parser = switch)]
    pub(crate) all: bool,
    /// An indication in 5 blocks with smaller batches
    #[arg(long, env = "CONCBENCH_QUICK", value_parser = switch)]
    pub(super) quick: bool,
    /// 30 blocks instead of 20
    #[arg(long, env = "CONCBENCH_RIGOROUS", value_parser = switch)]
    pub(super) rigorous: bool,
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
    /// What a library's authors recommend for such a load, where they recommend anything
    Tuned,
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
            TrackName::Tuned => Track::Tuned,
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
pub(super) fn external(name: &str) -> Result<External, String> {
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
pub(in crate::cmd) fn clock_seed() -> u64 {
    let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    clock.as_nanos() as u64
}
