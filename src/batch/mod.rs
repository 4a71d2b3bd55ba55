//! Batches of tasks under a model: what is observed of them, and what follows from comparing them.
//!
//! - `cell`, `observation`: the factors and the responses
//! - `observe`: what runs inside a runner
//! - `pace`: how many warm batches an observation has, from one that was made beforehand; which of them count
//! - `sheet`: workloads and cells beside each other
//! - `paired`: the ratio of two cells of whatever experiment
//! - [`analyse`]: estimates, ratios and verdicts
//! - `step`: how long it takes to count, where sizes of computing are made of that
//! - `timer`: how late tasks wake

pub mod analyse;
mod cell;
mod finding;
mod observation;
pub(crate) mod observe;
mod pace;
mod paired;
mod sheet;
mod step;
mod timer;
mod workload;

pub(crate) use cell::{BatchCell, work_of};
pub(crate) use finding::noise_floors;
pub use finding::{Comparison, ComparisonKind, Estimator, Verdict, WorkloadVerdict};
pub(crate) use observation::BatchObservation;
pub(crate) use pace::{FEWEST_WARM, Gathered, PATIENCE, Pace, Warm, settled, steady_ns};
pub(crate) use paired::PairedRatio;
pub use sheet::{CellSummary, Observation, Sheet, SheetCell, WorkloadRecord};
pub(crate) use step::{step_ns, steps};
pub use timer::{Lateness, ModelTimer, Slept};
