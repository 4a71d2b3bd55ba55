use concbench_workloads::{Class, Kernel};
use serde::{Deserialize, Serialize};

use super::{
    CellRecord, Comparison, Granularity, Latency, Machine, Memory, ModelTimer, Noise, Switches, Timeline,
    WorkloadVerdict,
};

/// One run: all blocks of a campaign on one machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
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
    /// What was measured, in the order of the definitions.
    pub workloads: Vec<WorkloadRecord>,
    /// The matrix, in the order of the definitions.
    pub cells: Vec<CellRecord>,
    /// Ratios of two cells of one workload.
    pub comparisons: Vec<Comparison>,
    /// One answer for each workload.
    pub verdicts: Vec<WorkloadVerdict>,
    /// How small tasks may become; `null` for a run that did not sweep their size.
    #[serde(default)]
    pub granularity: Option<Granularity>,
    /// How long tasks take that are due at a fixed rate; `null` for a run that put no such load on its models.
    #[serde(default)]
    pub latency: Option<Latency>,
    /// How late tasks wake under each model, in the order of the matrix; empty where no task sleeps.
    #[serde(default)]
    pub timers: Vec<ModelTimer>,
    /// What a waiting task costs; `null` for a run that did not look.
    #[serde(default)]
    pub memory: Option<Memory>,
    /// What a switch costs; `null` likewise.
    #[serde(default)]
    pub switches: Option<Switches>,
    /// One batch of some cells, task by task; empty where none was traced.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub timelines: Vec<Timeline>,
}

/// The build of concbench that measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Track {
    /// Every library with its own defaults; only the number of workers is set.
    #[default]
    Defaults,
    /// The same stack size, and workers pinned to cores, for every model that can.
    Equalised,
}

/// When a run was made, and with which settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// The filter that chose its cells, if there was one.
    pub filter: Option<String>,
    /// The command that makes such a run again.
    pub command: String,
    /// Remarks on how it went: a resumed run, a restarted target.
    pub notes: Vec<String>,
}

/// A workload as it was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorkloadRecord {
    /// Its name, unique in the run.
    pub name: String,
    /// What its tasks mostly do.
    pub class: Class,
    /// What the case teaches: a line of its definition.
    pub teaches: String,
    /// Why it has this size: a line of its definition.
    pub why_this_size: String,
    /// How many tasks make a batch.
    pub tasks: u64,
    /// The kernel and its parameters; `null` for a workload that lives in a user's crate.
    pub kernel: Option<Kernel>,
    /// How long each task waits at least, in nanoseconds; 0 for a task that does not wait.
    pub wait_ns: u64,
    /// A fingerprint of all that defines the work; runs whose fingerprints differ are not compared.
    pub hash: String,
}
