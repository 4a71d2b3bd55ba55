//! The machine that is measured on: what it is, what else it does meanwhile, and whether it is fit.
//!
//! - [`facts`] fills a [`Machine`](crate::record::Machine).
//! - [`Gate`] watches one block: what else used the processors while it was measured.
//! - [`grade`] says how far the figures of a run can be trusted.
//! - [`examine`] says whether the machine is fit to measure on: findings, each with its effect and its remedy.
//!
//! Everything that the kernel tells in text is read below [`Roots`], so that a test can bring a machine of its own.

mod doctor;
mod facts;
mod findings;
#[cfg(test)]
mod fixture;
mod frequency;
mod gate;
mod grade;
mod hypervisor;
pub(crate) mod identity;
mod limits;
mod memory;
mod own_cpu_time;
pub(crate) mod proc;
mod sample;

pub use concbench_sys::Roots;
pub use doctor::{Diagnosis, examine, preflight_warnings};
pub use facts::{facts, facts_under};
pub use findings::{Finding, State};
pub use gate::{Gate, Readings};
pub use grade::grade;
pub use limits::{Frequencies, Limits};
pub use memory::{Room, memory_room};
pub use sample::Sample;
