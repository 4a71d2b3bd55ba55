//! What a run leaves behind: plain data with a versioned schema, and nothing that measures or prints.
//!
//! `results.json` is the stable interface of concbench; every other output is derived from it. Durations are integer
//! nanoseconds. What could not be measured is `null`, with a reason beside it, and never 0.

mod count;
mod error;
mod experiment;
pub(crate) mod histogram;
pub mod journal;
mod limits;
pub mod lock;
mod machine;
mod names;
pub mod parse;
mod response;
mod run;
mod status;
pub mod store;

pub use concbench_stats::Estimate;
pub use error::StoreError;
pub use experiment::{CellRecord, ExperimentRecord, Observed, RawCell, RawExperiment, Usage};
pub use histogram::{Counts, Histogram, HistogramError};
pub(crate) use limits::within_bounds;
pub use limits::{MOST_BLOCKS, MOST_CELLS, MOST_NOTES, MOST_OBSERVATIONS};
pub use machine::{BlockNoise, Grade, Machine, Noise, Warning};
pub(crate) use response::{Data, Factors, Response, Responses};
pub use run::{Mode, Record, RunInfo, Tool, Track};
pub use status::{Failure, Status};

/// The version of the schema that this build writes, and the only one that it reads.
pub const SCHEMA: u32 = 2;
