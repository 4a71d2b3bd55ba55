use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a run was made. Nothing here names a person, a host or an address.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Machine {
    /// The name of the operating system and its version.
    pub os: Option<String>,
    /// The kernel's release.
    pub kernel: Option<String>,
    /// The architecture, `x86_64` and so on.
    pub arch: String,
    /// The processor's brand.
    pub cpu: Option<String>,
    /// Logical processors that are online.
    pub logical_cpus: Option<u64>,
    /// Physical cores.
    pub physical_cores: Option<u64>,
    /// Logical processors that this run was allowed to use by its affinity.
    pub allowed_cpus: Option<u64>,
    /// The cores that this run could use: affinity and quota taken into account.
    pub cores: u64,
    /// Whether cores share execution units (simultaneous multithreading).
    pub smt: Option<bool>,
    /// The CPU quota of the control group, in cores; `null` where there is none or it cannot be read: `missing` says
    /// which.
    pub quota_cores: Option<f64>,
    /// The frequency governor.
    pub governor: Option<String>,
    /// Whether the processor may raise its frequency on its own.
    pub turbo: Option<bool>,
    /// Whether addresses are randomised.
    pub aslr: Option<bool>,
    /// The hypervisor, or `none`.
    pub virtualisation: Option<String>,
    /// What the kernel reads the time from: `tsc`, `kvm-clock`, `hpet`.
    pub clock_source: Option<String>,
    /// Whether it runs on a battery.
    pub on_battery: Option<bool>,
    /// Physical memory, in bytes.
    pub memory_bytes: Option<u64>,
    /// The load average over one minute when the run started.
    pub load_one: Option<f64>,
    /// The limits that concern many tasks, by their names (`nofile`, `nproc`, `vm.max_map_count`, ...); `null` where
    /// there is none or it cannot be read: `missing` says which, under the name `limits.nofile`.
    pub limits: BTreeMap<String, Option<u64>>,
    /// Why a field above is `null`, by its name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub missing: BTreeMap<String, String>,
}

/// How far the figures of a run can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// Small differences can be seen.
    Quiet,
    /// Differences of several percent can be seen.
    Fair,
    /// Only large differences mean anything.
    Noisy,
    /// Nothing was measured that could tell.
    Unknown,
}

/// Something about the machine or the run that makes figures less believable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Warning {
    /// A short name, stable over versions: `governor`, `load`, `steal`.
    pub id: String,
    /// What was found, and its effect.
    pub message: String,
    /// What can be done about it.
    pub remedy: String,
}

/// What else the machine did while one block was measured.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BlockNoise {
    /// The block, from 0.
    pub block: u32,
    /// The experiment.
    pub experiment: String,
    /// Which of its groups of cells: the workload, for the matrix.
    pub group: String,
    /// The share of CPU time that the hypervisor gave to others, 0 to 1.
    pub steal: Option<f64>,
    /// The share of CPU time that processes other than ours used, 0 to 1.
    pub foreign: Option<f64>,
    /// How long the control group was throttled, in nanoseconds.
    pub throttled_ns: Option<u64>,
    /// The share of the time in which something runnable waited for a processor, ours included, 0 to 1.
    pub pressure: Option<f64>,
    /// How often a core was slowed down because it was too hot.
    pub thermal_throttles: Option<u64>,
    /// At how many kilohertz a busy core ran when the block was over.
    pub frequency_khz: Option<u64>,
    /// Why that is not known, if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency_reason: Option<String>,
    /// How often it was thrown away and measured again, because the gate was breached.
    pub repeats: u32,
    /// Why the last attempt breaches the gate, if it does.
    pub breach: Option<String>,
}

/// The noise of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Noise {
    /// The overall grade.
    pub grade: Grade,
    /// Each with its remedy.
    pub warnings: Vec<Warning>,
    /// One entry for each block of each group.
    pub blocks: Vec<BlockNoise>,
}
