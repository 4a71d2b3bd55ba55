use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Machine, Noise, RawExperiment};

/// The record of a run: all experiments that were asked for, on one machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Record {
    /// The version of the schema, [`super::SCHEMA`].
    pub schema: u32,
    /// What measured.
    pub tool: Tool,
    /// When and how.
    pub run: RunInfo,
    /// Where.
    pub machine: Machine,
    /// How far the figures can be trusted.
    pub noise: Noise,
    /// What each experiment found, by its id.
    pub experiments: BTreeMap<String, RawExperiment>,
}

/// The build of concbench that measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// `concbench`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The commit it was built from, if it was built from a checkout.
    pub commit: Option<String>,
    /// The compiler, as `rustc --version` prints it.
    pub rustc: String,
    /// The target triple.
    pub target: String,
    /// `release`, or `debug`, whose figures mean nothing.
    pub profile: String,
    /// The allocator that was linked.
    pub allocator: String,
}

/// How thorough a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// 5 blocks: an indication.
    Quick,
    /// 20 blocks.
    Default,
    /// 30 blocks.
    Rigorous,
    /// A number of blocks of the user's.
    Custom,
}

/// What the models may keep of their own defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Track {
    /// Every library with its own defaults; only the number of workers is set.
    #[default]
    Defaults,
    /// The same stack size, and workers pinned to cores, for every model that can.
    Equalised,
    /// What a library's authors recommend for such a load, where they recommend anything; all else as in `defaults`.
    Tuned,
}

/// When a run was made, and with which settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunInfo {
    /// `<utc>-<label>`, the name of its folder.
    pub id: String,
    /// The machine's name, as its user gave it.
    pub label: String,
    /// When it started, RFC 3339 in UTC.
    pub started_utc: String,
    /// How long it took, in nanoseconds.
    pub elapsed_ns: u64,
    /// The seed of every shuffle.
    pub seed: u64,
    /// How many blocks were planned.
    pub blocks: u32,
    /// How thorough it was meant to be.
    pub mode: Mode,
    /// Whether its verdicts are only indicative, since it has too few blocks to call anything different.
    pub indicative: bool,
    /// Whether every planned observation was made.
    pub complete: bool,
    /// Which fairness track it followed.
    pub track: Track,
    /// The margin, as a fraction: what is smaller does not count as a difference.
    pub margin: f64,
    /// The filter that chose its cells, if there was one.
    pub filter: Option<String>,
    /// The command that reproduces such a run.
    pub command: String,
    /// Remarks on how it went: a resumed run, a restarted target.
    pub notes: Vec<String>,
}
