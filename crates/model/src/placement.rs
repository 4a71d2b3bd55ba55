//! Which core a worker runs on.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::{ModelError, Result, Settings};

/// Binds workers to cores, one after the other, if the settings ask for it.
#[derive(Debug, Clone)]
pub struct Placement {
    /// The cores that this process may use; empty where workers are not bound.
    cores: Arc<[usize]>,
    next: Arc<AtomicUsize>,
}

impl Placement {
    /// What the settings ask for.
    ///
    /// # Errors
    ///
    /// When the kernel does not say which cores may be used.
    pub fn of(settings: &Settings) -> Result<Self> {
        let cores = if settings.pin { allowed_cores()? } else { Vec::new() };
        Ok(Self { cores: cores.into(), next: Arc::default() })
    }

    /// Binds the calling thread to the next core.
    ///
    /// # Panics
    ///
    /// When the kernel refuses a core that it allowed when the model started.
    pub fn place(&self) {
        if let Some(core) = self.next_core() {
            bind(core);
        }
    }

    /// The core for the next worker; `None` where workers are not bound.
    pub fn next_core(&self) -> Option<usize> {
        if self.cores.is_empty() {
            return None;
        }
        let worker = self.next.fetch_add(1, Ordering::Relaxed);
        Some(self.cores[worker % self.cores.len()])
    }
}

/// The cores that the calling thread may run on, ascending.
///
/// # Errors
///
/// When the kernel does not say which.
pub fn allowed_cores() -> Result<Vec<usize>> {
    let allowed = sched_getaffinity(None)
        .map_err(|error| ModelError::System { what: "read the affinity", source: error.into() })?;
    Ok((0..CpuSet::MAX_CPU).filter(|&core| allowed.is_set(core)).collect())
}

/// The first of the processors that share a core with this one; itself where the kernel does not say.
pub fn core_of(processor: usize) -> usize {
    let path = format!("/sys/devices/system/cpu/cpu{processor}/topology/thread_siblings_list");
    let text = fs::read_to_string(path).unwrap_or_default();
    let first = text.trim().split(['-', ',']).next().and_then(|first| first.parse().ok());
    first.unwrap_or(processor)
}

/// Keeps a process that has one thread, or where none is named the calling thread, to these processors, with whatever it
/// starts from then on.
///
/// # Errors
///
/// When the kernel refuses.
pub fn confine(process: Option<i32>, processors: &[usize]) -> Result<()> {
    let mut set = CpuSet::new();
    processors.iter().for_each(|&processor| set.set(processor));
    sched_setaffinity(process.and_then(Pid::from_raw), &set)
        .map_err(|error| ModelError::System { what: "set the affinity", source: error.into() })
}

/// Binds the calling thread to a core.
///
/// # Panics
///
/// When the kernel refuses a core that it allowed when the model started.
pub fn bind(core: usize) {
    confine(None, &[core]).expect("the kernel allowed this core when the model started");
}
