//! Objects that the tasks of a model share, and a sharing workload together with its own as a plain one.

mod threads;
mod with;

use std::sync::atomic::AtomicU64;

use concbench_workloads::{Capabilities, Layout, Shared, TaskError};
use futures::FutureExt;

use crate::Result;
pub use threads::Threads;
pub use with::With;

/// Shared objects that a model makes.
pub trait Objects: Shared + Sized {
    /// Makes them.
    ///
    /// # Errors
    ///
    /// When the system refuses what they are made of.
    fn create(layout: &Layout) -> Result<Self>;

    /// By what a process of the model opens them; `None` for objects that live within one process.
    fn handle(&self) -> Option<String> {
        None
    }
}

/// A word with a cache line, and the one that is fetched with it, to itself.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct Word(pub AtomicU64);

/// So many words.
pub fn words(layout: &Layout) -> Box<[Word]> {
    many(layout.words)
}

/// So many objects of one kind.
pub fn many<T: Default>(count: usize) -> Box<[T]> {
    std::iter::repeat_with(T::default).take(count).collect()
}

/// Runs a section where waiting blocks, or switches by itself: it is ready at its first poll.
///
/// # Errors
///
/// When it is not, since it waits for something else than its `Io`.
pub fn at_once<T>(section: impl Future<Output = T>) -> concbench_workloads::Result<T> {
    let foreign =
        "what a lock protects waits for something other than its `Io`, which a blocking model cannot drive";
    section.now_or_never().ok_or_else(|| TaskError::new(foreign))
}

/// No objects at all, for a model whose tasks share nothing.
#[derive(Debug)]
pub struct Unshared;

impl Shared for Unshared {
    const CAN: Capabilities = Capabilities::none("this model's tasks share nothing");

    fn word(&self, word: usize) -> &AtomicU64 {
        panic!("there is no word {word}: this model's tasks share nothing")
    }
}

impl Objects for Unshared {
    fn create(_: &Layout) -> Result<Self> {
        Ok(Self)
    }
}
