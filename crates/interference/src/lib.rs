//! What computing does to its neighbours: short tasks that are due at a rate, beside computing ones that are put in one of
//! several places.
//!
//! [`SITES`] lists the places. [`Site::measure`] starts one, hands it a [`Load`], and returns what became of each task
//! ([`Seen`]), once every task has been done and every value held against what it has to be.

mod job;
mod load;
mod measure;
mod place;
mod pools;
mod processes;
mod runtime;
mod site;

pub use load::{Load, MOST_COMPUTING_PER_S};
pub use measure::Seen;
pub use site::{SITES, Site};
