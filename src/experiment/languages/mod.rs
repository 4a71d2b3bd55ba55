//! Languages: the same tasks under the constructs of other languages and under our models, in the same blocks.
//!
//! - `kernels`: what is measured, and how much of it
//! - `own`: our own models, as a runner beside the others
//! - `plan`: which cells there are, and what is asked of each
//! - `observe`, `probe`: what runs inside a runner, which starts the runner of the other language
//! - `sheet`, `analyse`: what follows
//! - `section`: how that is shown

mod analyse;
mod kernels;
mod observe;
mod own;
mod plan;
mod probe;
mod section;
mod sheet;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use concbench_external::{Description, Manifest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Block, Context, Experiment, MeasuredOf, RecordOf, Scope, Seen, View};
use crate::batch::{Comparison, WorkloadVerdict, steady_ns};
use crate::model::Family;
use crate::record::{Factors, Response, Responses};
use crate::report::{ReportError, Section};
use crate::runner::{CellError, Desk};
use kernels::Sized;

/// How often a cell is observed at most, and one whose tasks take long to begin.
const MOST_ROUNDS: u32 = 4;
const MOST_SLOW_ROUNDS: u32 = 2;
/// The same of a quick run.
const QUICK_ROUNDS: u32 = 2;

/// A batch that is shorter than that, in nanoseconds, is not long beside the writing of its line.
const SHORT_NS: u64 = 1_000_000;

/// The same tasks in several languages.
#[derive(Debug)]
pub(crate) struct Languages;

/// What the plan follows from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Setup {
    /// What is measured in each of them.
    pub(crate) kernels: Vec<Sized>,
    /// The runners, ours first.
    pub(crate) runners: Vec<Manifest>,
}

/// A kernel under a construct of a language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Cell {
    /// The name of the runner.
    pub(crate) runner: String,
    /// The construct: the id of the model, behind the name of a runner that is not ours.
    pub(crate) model: String,
    /// Its family.
    pub(crate) family: Family,
    /// The name of the kernel.
    pub(crate) kernel: String,
    /// How many workers it has.
    pub(crate) workers: u64,
    /// Where that number comes from: `cores`, `tasks`, or a number.
    pub(crate) workers_rule: String,
    /// How many tasks make a batch.
    pub(crate) tasks: u64,
    /// How often it is observed at most.
    pub(crate) most_rounds: u32,
}

impl Cell {
    /// The id of the model in its language.
    pub(crate) fn id_there(&self) -> &str {
        self.model.rsplit('/').next().unwrap_or(&self.model)
    }
}

impl Factors for Cell {
    fn id(&self) -> String {
        format!("{}/{}/{}/{}@{}", Languages::ID, self.kernel, self.runner, self.id_there(), self.workers)
    }

    fn group(&self) -> &str {
        &self.kernel
    }

    fn counterpart(&self) -> Option<String> {
        // One worker for each core may be 2 here and 64 there.
        Some(format!("{}/{}/{}@{}", self.kernel, self.runner, self.id_there(), self.workers_rule))
    }

    fn blocks(&self, of_run: u32) -> u32 {
        of_run.min(self.most_rounds)
    }
}

/// What a runner of ours is asked to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Order {
    /// Have another one say what it is; it is unpacked and built before, if it has to be.
    Describe(Start),
    /// Have another one run batches of the assigned tasks.
    Observe {
        /// How it is started.
        start: Start,
        /// The model.
        model: String,
        /// How many workers it has.
        workers: u64,
        /// How many batches there are at least.
        batches: u64,
        /// How long batches go on at least, in milliseconds.
        warm_ms: u64,
    },
}

/// How a runner is started.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Start {
    /// What it is.
    pub(crate) manifest: Manifest,
    /// The program that really runs, where it has said so.
    pub(crate) executable: Option<String>,
    /// The folder that it is unpacked into; `None` for one that ends with the observation.
    pub(crate) folder: Option<PathBuf>,
    /// How long it may take, in nanoseconds.
    pub(crate) deadline_ns: u64,
}

/// What came of an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Observation {
    /// What was seen of a model.
    Measured(Measured),
    /// What a runner is.
    Described(Description),
}

/// What was seen of a model, from before its process was started to after that had ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Measured {
    /// From before its process was started until its model was ready, in nanoseconds.
    pub(crate) startup_ns: u64,
    /// The first batch, by its own clock, in nanoseconds.
    pub(crate) cold_ns: u64,
    /// The batches after it; where they are many, each figure the mean of `warm_each` batches that follow each other.
    pub(crate) warm_ns: Vec<u64>,
    /// Of how many batches each of `warm_ns` is the mean.
    pub(crate) warm_each: u64,
    /// From when nothing more was asked of it until its process had ended, in nanoseconds.
    pub(crate) shutdown_ns: u64,
    /// The CPU time of all batches together, in nanoseconds, with that of writing a line after each: of its process and all
    /// below it; `null` where `cpu_reason` says why not.
    pub(crate) batches_cpu_ns: Option<u64>,
    /// Why that is not known, if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cpu_reason: Option<String>,
    /// The CPU time from start to end, in nanoseconds: of its process, and of every process that it waited for.
    pub(crate) life_cpu_ns: u64,
    /// The most that its processes held together while one more batch ran, in bytes (PSS); `null` where `memory_reason` says
    /// why not.
    pub(crate) resident_bytes: Option<u64>,
    /// How many processes they were at that moment; likewise.
    pub(crate) processes: Option<u64>,
    /// Why that is not known, if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) memory_reason: Option<String>,
    /// How many tasks a batch completed; the same in every batch.
    pub(crate) tasks: u64,
    /// What the tasks of a batch returned, folded, in hexadecimal; equal to that of the sequential reference.
    pub(crate) digest: String,
}

impl Measured {
    /// A batch in steady state: the median of the warm ones that count, in nanoseconds.
    pub(crate) fn steady_ns(&self) -> Option<f64> {
        steady_ns(&self.warm_ns)
    }

    /// How many batches there were, the cold one among them.
    fn batches(&self) -> u64 {
        (self.warm_ns.len() as u64).saturating_mul(self.warm_each).saturating_add(1)
    }

    /// The CPU time of a batch, in nanoseconds: the mean of all.
    pub(crate) fn cpu_ns(&self) -> Option<f64> {
        Some(self.batches_cpu_ns? as f64 / self.batches() as f64)
    }

    /// How many cores were busy on average while batches ran; `None` where they are so short that the lines between them, which
    /// are in the CPU time and not in theirs, would count.
    pub(crate) fn cores(&self) -> Option<f64> {
        let warm = self.warm_ns.iter().fold(0u64, |sum, &time| sum.saturating_add(time));
        let wall = warm.saturating_mul(self.warm_each).saturating_add(self.cold_ns);
        (wall / self.batches() >= SHORT_NS).then_some(self.batches_cpu_ns? as f64 / wall as f64)
    }

    /// The time of a one-off job: start, first batch, stop.
    pub(crate) fn one_off_ns(&self) -> u64 {
        self.startup_ns.saturating_add(self.cold_ns).saturating_add(self.shutdown_ns)
    }
}

impl Responses for Observation {
    fn responses(&self) -> Vec<Response> {
        let Self::Measured(measured) = self else { return Vec::new() };
        let count = |value: Option<u64>| value.map(|value| value as f64);
        vec![
            Response::maybe("steady_ns", measured.steady_ns()),
            Response::one("one_off_ns", measured.one_off_ns() as f64),
            Response::one("startup_ns", measured.startup_ns as f64),
            Response::one("cold_ns", measured.cold_ns as f64),
            Response::several("warm_ns", measured.warm_ns.iter().map(|&time| time as f64)),
            Response::maybe("cpu_ns", measured.cpu_ns()),
            Response::maybe("cores", measured.cores()),
            Response::one("life_cpu_ns", measured.life_cpu_ns as f64),
            Response::one("shutdown_ns", measured.shutdown_ns as f64),
            Response::maybe("resident_bytes", count(measured.resident_bytes)),
            Response::maybe("processes", count(measured.processes)),
        ]
    }
}

/// What follows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Findings {
    /// The answer within each language for each kernel, under the name of both: `python sleep`.
    pub(crate) within: Vec<WorkloadVerdict>,
    /// The ratios behind them.
    pub(crate) comparisons: Vec<Comparison>,
    /// The fastest of each language over our fastest, for each kernel that languages are compared by.
    pub(crate) across: Vec<Comparison>,
    /// What each runner takes before it does anything, and until it is warm.
    pub(crate) starts: Vec<StartUp>,
    /// What threads and processes make of the same computing in each language.
    pub(crate) locks: Vec<Lock>,
}

/// What a language takes to begin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct StartUp {
    /// The name of the runner.
    pub(crate) runner: String,
    /// From before its process is started until a loop could begin, in nanoseconds.
    pub(crate) startup: crate::record::Estimate,
    /// How long batches of `count` in a loop ran until one took at most a tenth more than a warm one, in nanoseconds.
    pub(crate) warm_after_ns: Option<f64>,
    /// The times of these batches by their number, the first one cold, as the first observation has them.
    pub(crate) curve_ns: Vec<u64>,
}

/// What threads and processes make of the same computing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Lock {
    /// The name of the runner.
    pub(crate) runner: String,
    /// Time by a thread for each task over time by processes.
    pub(crate) threads_over_processes: Comparison,
    /// How many cores the threads kept busy.
    pub(crate) cores_of_threads: Option<f64>,
    /// How many the processes did.
    pub(crate) cores_of_processes: Option<f64>,
}

impl Experiment for Languages {
    const ID: &'static str = "languages";
    const QUESTION: &'static str = "is it different in another language?";
    const HEADLINES: &'static [&'static str] = &["steady_ns", "startup_ns", "cpu_ns", "resident_bytes"];

    type Setup = Setup;
    type Cell = Cell;
    type Order = Order;
    type Observation = Observation;
    type Findings = Findings;

    fn cells(scope: &Scope) -> Vec<Cell> {
        plan::cells(scope)
    }

    fn estimate(scope: &Scope, cells: &[Cell]) -> Duration {
        plan::estimate(scope, cells)
    }

    fn setup(scope: &Scope, cells: &[Cell]) -> Setup {
        plan::setup(scope, cells)
    }

    fn next(scope: &Scope, seen: &Seen<Self>) -> Vec<Block<Order>> {
        plan::next(scope, seen)
    }

    fn observe(order: Order, desk: &mut Desk<'_>) -> Result<Observation, CellError> {
        observe::observe(order, desk)
    }

    fn analyse(measured: &MeasuredOf<Self>, context: &Context<'_>) -> Findings {
        analyse::analyse(measured, context)
    }

    fn fingerprints(setup: &Setup) -> BTreeMap<String, String> {
        let print = |kernel: &Sized| format!("{} {:?}", kernel.tasks, kernel.kernel);
        setup.kernels.iter().map(|kernel| (kernel.name.clone(), print(kernel))).collect()
    }

    fn tasks(setup: &Setup) -> BTreeMap<String, u64> {
        setup.kernels.iter().map(|kernel| (kernel.name.clone(), kernel.tasks)).collect()
    }

    fn sections(record: &RecordOf<Self>, view: &View<'_>) -> Result<Vec<Section>, ReportError> {
        Ok(vec![section::section(record, view)?])
    }
}

/// The description of a runner, if it was asked for one.
fn description<'a>(calibrations: &'a BTreeMap<String, Observation>, runner: &str) -> Option<&'a Description> {
    match calibrations.get(&plan::describing(runner))? {
        Observation::Described(description) => Some(description),
        Observation::Measured(_) => None,
    }
}
