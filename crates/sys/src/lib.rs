//! What the operating system offers and no safe library does, and what the kernel tells in text.
//!
//! All unsafe code is here, in modules of which each block carries its SAFETY note, and where coroutines with stacks of
//! their own are started: [`spawn_stackful`] alone asks its caller for more than its types do. Everything that the kernel
//! tells in text is read below [`Roots`], so that a test can bring a machine of its own.

mod cgroup;
#[allow(unsafe_code, reason = "clocks of other processes are calls of the C library")]
mod cpu_time;
mod descriptors;
#[allow(unsafe_code, reason = "the environment may be written only by a thread that is alone")]
mod environment;
mod limits;
pub mod parse;
#[allow(unsafe_code, reason = "the priority of a thread is set by a call of the C library")]
mod priority;
#[allow(
    unsafe_code,
    reason = "`fork`, `_exit`, `wait4` and what is asked before `exec` are calls of the C library"
)]
mod process;
mod quota;
#[allow(unsafe_code, reason = "a descriptor is watched that its owner may not close")]
mod readiness;
mod roots;
#[allow(unsafe_code, reason = "mapped memory is seen as atomics")]
mod shared;
#[allow(unsafe_code, reason = "coroutines with stacks of their own are started by unsafe code only")]
mod stackful;
mod whole_file;

pub use cgroup::Groups;
pub use cpu_time::{cpu_time, cpu_time_of_waited};
pub use descriptors::{raise_descriptor_limit, widen_descriptor_table};
pub use environment::{set_before_threads, take_before_threads};
pub use limits::limits;
pub use priority::run_promptly;
pub use process::{Ended, Forker, Usage, end_with_this_thread, thread_id, wait, wait_within};
pub use quota::{QuotaGroup, Throttled};
pub use readiness::readable;
pub use roots::Roots;
pub use shared::SharedMemory;
pub use stackful::{cancel_stackful, spawn_stackful};
pub use whole_file::read_at_most;
