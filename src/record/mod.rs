//! What a run leaves behind: plain data with a versioned schema, and nothing that measures or prints.
//!
//! `results.json` is the stable interface of concbench; every other output is derived from it. Durations are integer
//! nanoseconds. What could not be measured is `null`, with the reason in the `missing` table beside it, and never 0.

mod cell;
mod finding;
mod granularity;
pub(crate) mod histogram;
pub mod journal;
mod latency;
pub mod lock;
mod machine;
mod memory;
pub mod parse;
mod run;
pub mod store;
mod switches;
mod timeline;
mod timer;

pub use cell::{CellRecord, CellSummary, Estimate, Observation, Status};
pub use finding::{Comparison, ComparisonKind, Verdict, WorkloadVerdict};
pub use granularity::{GrainPoint, Granularity, Metg, ModelGranularity, Region};
pub use histogram::{Histogram, HistogramError};
pub use latency::{Knee, Latency, LatencyCell, LoadObservation, LoadRecord, LoadSummary, OneIn};
pub use machine::{BlockNoise, Grade, Machine, Noise, Warning};
pub use memory::{Memory, ModelMemory, PerTask, WaitingPoint};
pub use run::{Mode, Run, RunInfo, Tool, Track, WorkloadRecord};
pub use switches::{Placement, SwitchObservation, SwitchPair, Switches};
pub use timeline::{Span, Timeline};
pub use timer::{Lateness, ModelTimer, Slept};

/// The version of the schema that this build writes, and the only one that it reads.
pub const SCHEMA: u32 = 1;
