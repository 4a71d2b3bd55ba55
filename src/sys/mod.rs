//! What the operating system offers and no safe library does: the only module with `unsafe`.
#![allow(unsafe_code, reason = "this is the module that keeps it; every block carries its SAFETY note")]

mod environment;
mod process;
mod readiness;
mod shared;
mod stackful;

pub(crate) use environment::{set_before_threads, take_before_threads};
pub(crate) use process::{Ended, Usage, fork, wait};
pub(crate) use readiness::readable;
pub(crate) use shared::SharedMemory;
pub(crate) use stackful::spawn_stackful;
