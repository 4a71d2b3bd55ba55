//! Measuring: a supervisor that never runs a task itself, and runners, each a fresh process for one cell.

pub(crate) mod cell;
pub(crate) mod crowd;
mod family;
mod gap;
pub(crate) mod interrupt;
mod ledger;
pub(crate) mod load;
pub(crate) mod memory;
mod orphans;
pub(crate) mod process;
pub(crate) mod protocol;
pub(crate) mod rally;
pub(crate) mod schedule;
pub(crate) mod supervisor;
pub(crate) mod target;
mod timeline;
pub(crate) mod timer;
pub(crate) mod trace;
