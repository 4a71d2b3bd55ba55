use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::common::external;
use super::{CommonArgs, Output, RunOutput};
use crate::cmd::values::{address, number, percent, price};
use crate::experiment::External;
use crate::record::MOST_BLOCKS;

/// The most threads that may serve.
const MOST_SERVERS: NonZeroUsize = NonZeroUsize::new(1024).unwrap();

#[derive(Debug, Args)]
pub(in crate::cmd) struct RunArgs {
    /// Measure only the cells whose id this regular expression matches
    pub(in crate::cmd) filter: Option<String>,
    #[command(flatten)]
    pub(in crate::cmd) common: CommonArgs,
    /// Go on with the run in this folder, which was interrupted or killed; all settings are those that it began with
    #[arg(long, env = "CONCBENCH_RESUME", value_name = "RUN",
        conflicts_with_all = ["filter", "definition", "blocks", "seed"])]
    pub(in crate::cmd) resume: Option<PathBuf>,
    /// How the results are written to standard output
    #[arg(long, value_enum, default_value = "table")]
    pub(in crate::cmd) format: RunOutput,
}

#[derive(Debug, Args)]
pub(in crate::cmd) struct ListArgs {
    /// Count, or list, only the cells whose id this regular expression matches
    pub(in crate::cmd) filter: Option<String>,
    /// List the models, with what they are and when they are right
    #[arg(long, conflicts_with_all = ["filter", "cells"])]
    pub(in crate::cmd) models: bool,
    /// List the runners in other languages, and whether they are found here
    #[arg(long, conflicts_with_all = ["filter", "cells", "models"])]
    pub(in crate::cmd) externals: bool,
    /// List every cell of the experiments that would be measured
    #[arg(long)]
    pub(in crate::cmd) cells: bool,
    #[command(flatten)]
    pub(in crate::cmd) common: CommonArgs,
    /// How the list is written to standard output
    #[arg(long, value_enum, default_value = "table")]
    pub(in crate::cmd) format: Output,
}

#[derive(Debug, Args)]
pub(in crate::cmd) struct ReportArgs {
    /// The folder of a run, or its results.json
    #[arg(default_value = "reports/latest")]
    pub(in crate::cmd) run: PathBuf,
    /// Where to write the report, if not beside the record
    #[arg(long, value_name = "DIR")]
    pub(in crate::cmd) out: Option<PathBuf>,
    /// How the results are written to standard output
    #[arg(long, value_enum, default_value = "table")]
    pub(in crate::cmd) format: RunOutput,
    /// Print how every model does beside this one, in the place of the results
    #[arg(long, value_name = "MODEL")]
    pub(in crate::cmd) reference: Option<String>,
}

#[derive(Debug, Args)]
pub(in crate::cmd) struct CompareArgs {
    /// The runs, each by its folder or its results.json; all are held against the first
    #[arg(required = true, num_args = 2.., value_name = "RUN")]
    pub(in crate::cmd) runs: Vec<PathBuf>,
    /// Where to write the page: a file that ends in .html, or a folder; beside the first run by default
    #[arg(long, value_name = "FILE|DIR")]
    pub(in crate::cmd) out: Option<PathBuf>,
    /// What an hour of the machine with this label costs, for work per money; may be given several times
    #[arg(long = "price", value_name = "LABEL=PRICE", allow_hyphen_values = true, value_parser = price)]
    pub(in crate::cmd) prices: Vec<(String, f64)>,
    /// Exit with code 6 if a cell is for certain slower than in the first run by more than this, or broken, as in 5%
    #[arg(long, value_name = "PERCENT", allow_hyphen_values = true, value_parser = percent)]
    pub(in crate::cmd) fail_on_regression: Option<f64>,
    /// Compare what is refused otherwise: debug builds, other versions, other tracks
    #[arg(long)]
    pub(in crate::cmd) anyway: bool,
    /// How the comparison is written to standard output
    #[arg(long, value_enum, default_value = "table")]
    pub(in crate::cmd) format: Output,
}

#[derive(Debug, Args)]
pub(in crate::cmd) struct GalleryArgs {
    /// The runs, each by its folder or its results.json; or folders of those
    #[arg(required = true, value_name = "RUN|DIR")]
    pub(in crate::cmd) runs: Vec<PathBuf>,
    /// Your own run, by its folder or its results.json: the others are held against it, and it is said where it stands
    #[arg(long, value_name = "RUN")]
    pub(in crate::cmd) own: Option<PathBuf>,
    /// Where to write the page
    #[arg(long, value_name = "FILE", default_value = "gallery.html")]
    pub(in crate::cmd) out: PathBuf,
    /// What an hour of the machine with this label costs, for work per money; may be given several times
    #[arg(long = "price", value_name = "LABEL=PRICE", allow_hyphen_values = true, value_parser = price)]
    pub(in crate::cmd) prices: Vec<(String, f64)>,
    /// Show debug builds, too, whose figures mean nothing
    #[arg(long)]
    pub(in crate::cmd) anyway: bool,
    /// How the answers are written to standard output
    #[arg(long, value_enum, default_value = "table")]
    pub(in crate::cmd) format: Output,
}

#[derive(Debug, Args)]
pub(in crate::cmd) struct CheckArgs {
    /// The runs, each by its folder or its results.json
    #[arg(required = true, value_name = "RUN")]
    pub(in crate::cmd) runs: Vec<PathBuf>,
    /// How the findings are written to standard output
    #[arg(long, value_enum, default_value = "table")]
    pub(in crate::cmd) format: Output,
}

#[derive(Debug, Args)]
pub(in crate::cmd) struct DoctorArgs {
    /// How the findings are written to standard output
    #[arg(long, value_enum, default_value = "table")]
    pub(in crate::cmd) format: Output,
    /// Exit with code 75 if figures measured now would mean nothing
    #[arg(long)]
    pub(in crate::cmd) strict: bool,
}

#[derive(Debug, Args)]
pub(in crate::cmd) struct SelftestArgs {
    /// Half as many comparisons in 12 blocks: under a minute
    #[arg(long)]
    pub(in crate::cmd) quick: bool,
    /// A number of blocks of your own; fewer than 12 tell nothing about comparisons
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = number(1..=MOST_BLOCKS))]
    pub(in crate::cmd) blocks: Option<u32>,
    /// The seed of every shuffle; the time decides if there is none
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = number(0..=u64::MAX))]
    pub(in crate::cmd) seed: Option<u64>,
    /// No progress on standard error
    #[arg(long, short)]
    pub(in crate::cmd) quiet: bool,
    /// How the checks are written to standard output
    #[arg(long, value_enum, default_value = "table")]
    pub(in crate::cmd) format: Output,
}

#[derive(Debug, Subcommand)]
pub(in crate::cmd) enum ExternalCommand {
    /// Try everything that a runner has to do, and say what is wrong with it; docs/PROTOCOL.md says what that is
    Check(ExternalCheckArgs),
}

#[derive(Debug, Args)]
pub(in crate::cmd) struct ExternalCheckArgs {
    /// The runner: its external.toml, or the name of one that comes with concbench
    #[arg(value_name = "FILE|NAME", value_parser = external)]
    pub(in crate::cmd) external: External,
    /// How many seconds each conversation with it may take
    #[arg(long, default_value = "30", value_name = "SECONDS", allow_negative_numbers = true,
        value_parser = number(1u64..=86_400))]
    pub(in crate::cmd) deadline: u64,
    /// How what was found is written to standard output
    #[arg(long, value_enum, default_value = "table")]
    pub(in crate::cmd) format: Output,
}

#[derive(Debug, Args)]
pub(in crate::cmd) struct ServeArgs {
    /// Where to listen; port 0 leaves the choice to the system
    #[arg(long, default_value = "127.0.0.1:8017", value_name = "ADDRESS:PORT", value_parser = address)]
    pub(in crate::cmd) address: SocketAddr,
    /// How many threads serve
    #[arg(long, default_value = "1", value_name = "N", allow_negative_numbers = true,
        value_parser = number(NonZeroUsize::MIN..=MOST_SERVERS))]
    pub(in crate::cmd) threads: NonZeroUsize,
    /// Answer `GET /stall?ms=N`, which holds every answer back for that long
    #[arg(long)]
    pub(in crate::cmd) allow_stall: bool,
}
