//! The models that come with concbench, each in a file of its own, and the place where models and workloads meet.
//!
//! What is generic over both is compiled here, once for each pair; what is built on this crate times them through
//! [`Prepared`] and [`Running`].

mod async_std;
mod async_std_blocking;
mod catalogue;
mod chunk;
mod compio;
mod global;
pub mod instrument;
mod join_all;
#[allow(unsafe_code, reason = "what waits in a coroutine with a stack of its own goes on on another thread")]
mod may;
mod per_thread;
mod process;
mod rayon;
mod sequential;
mod sharing;
mod smol;
mod smol_blocking;
pub mod switch;
mod task_spec;
mod tasks;
mod thread_pool;
mod thread_scoped;
mod thread_spawn;
mod tokio;
mod tokio_blocking;
mod tokio_per_core;
mod tokio_rayon;

pub use catalogue::{All, BuiltIn, Catalogue, NoModels, Visitor, With};
pub use process::{hostile, serve_role};
pub use sharing::{at_once, capabilities_of, refusal, refused_by, sharing_tasks};
pub use task_spec::{Instrument, TaskSpec};
pub use tasks::{
    Loading, Prepared, Running, Tasks, built_in_tasks, own_tasks, start_under_load, tasks_under,
};
