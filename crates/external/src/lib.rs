//! Runners in other languages: what they are, what is said to them, and what they answer.
//!
//! `docs/PROTOCOL.md` is what an author of one reads. In order of reading:
//!
//! - [`Manifest`]: the file that says how one is started, and which models it has
//! - [`Order`], [`Answer`], [`Description`]: the lines, as pure functions from and to text
//! - [`Child`]: the process, with its deadline, its standard error and its end
//! - [`describe`], [`observe`]: whole conversations, checked on both sides
//! - [`check`]: whether a runner keeps to the protocol
//! - [`Workshop`]: the folder that the built-in ones are unpacked into and built in
//!
//! This crate knows nothing of experiments, records or reports.

mod answer;
mod built_in;
mod check;
mod child;
mod clocks;
mod description;
mod manifest;
mod order;
mod session;
mod trouble;
mod workshop;

pub use answer::{Answer, AnswerError, LONGEST_LINE};
pub use built_in::{BuiltIn, built_in, built_ins};
pub use check::{Bench, Checked, Outcome, check};
pub use child::{Child, Launch};
pub use clocks::{ClockError, Clocks};
pub use description::{Description, GlobalLock};
pub use manifest::{Build, Manifest, ManifestError, Model, Sizing};
pub use order::{KERNELS, Order, OrderError, kernel_name};
pub use session::{Batch, Ending, Probe, Seen, describe, observe};
pub use trouble::{Kind, Trouble};
pub use workshop::{Workshop, find_program};

/// The version of the protocol.
pub const VERSION: u32 = 1;
