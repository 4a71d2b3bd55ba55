//! Experiments: questions with factors and responses of their own, all measured, kept and shown in the same way.
//!
//! An experiment is a folder here: what it varies and what it observes (`mod.rs`), what runs inside a runner
//! (`observe.rs`), what follows (`analyse.rs`) and how that is shown (`section.rs`). It implements [`Experiment`] and
//! stands in the list [`experiments`]; nothing else names it. Choosing it, planning, resuming, repeating, failing, the
//! journal, the record, the CSV, the exports, the page and comparisons follow from the trait:
//!
//! - `block`: trials that belong together, and what a runner is asked for
//! - `scope`: what a run is to measure, before anything is measured
//! - `externals`: which runners in other languages a run may start
//! - `seen`, `underway`: what has been measured so far, with and without its types
//! - `stage`: what measuring needs
//! - `conduct`: plan, measure, keep; until there is nothing left to measure
//! - `kind`: an experiment without its types, for whatever treats all of them alike
//! - `shuffle`: blocks in seeded random order
//! - `complete`: from observations to findings
//! - `show`: from findings to what a person and a program read
//! - `compare`: several runs beside each other
//! - `gallery`: runs of many machines on one page
//! - `contribution`: whether a run can stand there
//! - `schema`: the schema of a record
//! - `summary`: the medians of the responses of a cell

pub(crate) mod block;
pub(crate) mod compare;
mod complete;
pub(crate) mod conduct;
pub(crate) mod contribution;
mod externals;
pub(crate) mod gallery;
mod json;
mod kind;
#[cfg(test)]
pub(crate) mod rehearsal;
mod schema;
mod scope;
mod seen;
mod show;
mod shuffle;
mod stage;
mod summary;
mod underway;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::record::{BlockNoise, Data, ExperimentRecord, Factors, Machine, Responses, RunInfo};
use crate::report::{Looks, ReportError, Section};
use crate::runner::{CellError, Desk};
pub(crate) use block::{Ask, Block, Subject, Trial};
use compare::{Beside, ComparedCell};
pub use complete::complete;
pub(crate) use externals::{External, Externals};
use gallery::Merit;
pub(crate) use json::full_group;
pub(crate) use kind::{Kind, Listed, of as kind_of};
pub(crate) use matrix::{Matrix, reference_tables, sheet_of};
pub(crate) use schema::schema;
pub(crate) use scope::{Scope, Settings};
pub(crate) use seen::Seen;
pub(crate) use show::broken;
pub use show::{Export, exported, html, observations, text_tables, write_report};
pub(crate) use shuffle::Shuffle;
pub(crate) use stage::{Events, Stage, Watch};
pub(crate) use underway::Underway;

/// Declares the folders of the experiments, and lists them.
macro_rules! experiments {
    ($($folder:ident :: $experiment:ident),* $(,)?) => {
        $(mod $folder;)*

        /// Every experiment, in the order in which they are measured and shown.
        pub(crate) fn experiments() -> [&'static dyn Kind; [$(stringify!($folder)),*].len()] {
            [$(kind::of::<$folder::$experiment>()),*]
        }
    };
}

experiments![
    matrix::Matrix,
    counters::Counters,
    granularity::Granularity,
    concurrency::Concurrency,
    latency::Latency,
    interference::Interference,
    serving::Serving,
    cores::Cores,
    sharing::Sharing,
    messaging::Messaging,
    cancellation::Cancellation,
    tree::Tree,
    completion::Completion,
    timers::Timers,
    memory::Memory,
    switches::Switches,
    timelines::Timelines,
    languages::Languages,
];

/// The experiment with this id.
pub(crate) fn find(id: &str) -> Option<&'static dyn Kind> {
    experiments().into_iter().find(|kind| kind.id() == id)
}

/// A question with its own factors and responses, measured in blocks of fresh processes.
pub(crate) trait Experiment: Debug + Sized + 'static {
    /// Its name: flag value, journal tag, key of the record, anchor of the page.
    const ID: &'static str;
    /// The question that it answers, in one line.
    const QUESTION: &'static str;
    /// Whether a run measures it without being asked to.
    const DEFAULT: bool = false;
    /// The responses by which two machines, or two runs, are compared, and which exports hold. Without any it is compared
    /// with none.
    const HEADLINES: &'static [&'static str];

    /// What the plan follows from beside the factors; `()` where there is nothing.
    type Setup: Data;
    /// One combination of levels.
    type Cell: Factors;
    /// What a runner is asked to do.
    type Order: Serialize + DeserializeOwned + Debug + 'static;
    /// What it answers.
    type Observation: Responses;
    /// What follows from all of them.
    type Findings: Data;

    /// Every cell that there may be, in the order of the record. Nothing has been measured yet, and may never be.
    fn cells(scope: &Scope) -> Vec<Self::Cell>;

    /// The cells that a filter leaves. By default those whose id it accepts.
    fn select(_scope: &Scope, cells: Vec<Self::Cell>, keeps: &dyn Fn(&str) -> bool) -> Vec<Self::Cell> {
        cells.into_iter().filter(|cell| keeps(&cell.id())).collect()
    }

    /// About how long it takes to measure these cells.
    fn estimate(scope: &Scope, cells: &[Self::Cell]) -> Duration;

    /// What the plan follows from.
    fn setup(scope: &Scope, cells: &[Self::Cell]) -> Self::Setup;

    /// What is to be measured next, by what has been seen so far; nothing when all is done. The same scope and the same
    /// observations give the same plan, so that resuming is planning.
    fn next(scope: &Scope, seen: &Seen<Self>) -> Vec<Block<Self::Order>>;

    /// Carries out an order, inside a runner.
    fn observe(order: Self::Order, desk: &mut Desk<'_>) -> Result<Self::Observation, CellError>;

    /// What else it measures under `cargo bench`, before its blocks: nothing, for most.
    fn cargo_bench(_stage: &mut Stage<'_>, _scope: &Scope, _seen: &mut Seen<Self>) {}

    /// What follows from the observations. Pure.
    fn analyse(measured: &MeasuredOf<Self>, context: &Context<'_>) -> Self::Findings;

    /// What other experiments may build on. Pure.
    fn facts(_measured: &MeasuredOf<Self>) -> Facts {
        Facts::default()
    }

    /// The half-widths of the intervals of what is compared with itself, as fractions, each with the group of its cells:
    /// what the run calls noise.
    fn noise_floors(_findings: &Self::Findings) -> Vec<(String, f64)> {
        Vec::new()
    }

    /// Fingerprints of the work of its groups of cells, by the names of these. Where they differ, runs are not compared.
    fn fingerprints(_setup: &Self::Setup) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    /// How many tasks a batch of its groups of cells has, by the names of these.
    fn tasks(_setup: &Self::Setup) -> BTreeMap<String, u64> {
        BTreeMap::new()
    }

    /// How it is shown: sentences, charts and tables. Pure.
    fn sections(record: &RecordOf<Self>, view: &View<'_>) -> Result<Vec<Section>, ReportError>;

    /// What follows from several runs of it beside what follows for all experiments, for programs. Pure.
    fn compare_findings(_runs: &[RecordOf<Self>], _cells: &[ComparedCell]) -> Value {
        Value::Null
    }

    /// What is said of several runs of it beside what is said of all experiments. Pure.
    fn compare_sections(_runs: &[RecordOf<Self>], _beside: &Beside<'_>) -> Result<Vec<Section>, ReportError> {
        Ok(Vec::new())
    }

    /// What a reader of many runs looks for first in one: what wins at each kind of work, and how much is done. Pure.
    fn merits(_record: &RecordOf<Self>, _view: &View<'_>) -> Vec<Merit> {
        Vec::new()
    }
}

/// The record of an experiment with its types.
pub(crate) type RecordOf<E> = With<E, <E as Experiment>::Findings>;

/// The same before anything follows from it.
pub(crate) type MeasuredOf<E> = With<E, ()>;

/// The same with findings of this type.
type With<E, F> =
    ExperimentRecord<<E as Experiment>::Setup, <E as Experiment>::Cell, <E as Experiment>::Observation, F>;

/// What an analysis may know beside its own observations.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    /// When the run was made, and how.
    pub(crate) run: &'a RunInfo,
    /// Where.
    pub(crate) machine: &'a Machine,
    /// What else the machine did, block by block.
    pub(crate) blocks: &'a [BlockNoise],
    /// What other experiments have found.
    pub(crate) facts: &'a Facts,
}

/// What one experiment finds and others build on.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Facts {
    /// How late tasks wake under each model, in the order of the models.
    pub(crate) timers: Vec<crate::batch::ModelTimer>,
}

/// What a section may show beside its own experiment.
#[derive(Debug)]
pub(crate) struct View<'a> {
    /// The whole record.
    pub(crate) record: &'a crate::record::Record,
    /// What other experiments have found.
    pub(crate) facts: &'a Facts,
    /// How models look, the same on the whole page.
    pub(crate) looks: &'a Looks,
}
