//! Limits of the system, looked at before anything is started: a process that runs into `vm.max_map_count` while it
//! starts threads is aborted, and one that runs into the others has started half of what it wanted.

mod capacity;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use rustix::process::{Resource, getrlimit};

use crate::{ModelError, Result};
pub use capacity::{Kind, refuses};
use concbench_sys::Roots;
use concbench_sys::parse::Bound;

/// So few are started without a look at the limits, which would take longer than starting a dozen threads: if one is
/// refused, the system says so in an error.
const FEW: usize = 512;
/// What the system allows: read once, since a batch that is timed should not read a dozen files.
static LIMITS: LazyLock<BTreeMap<String, Option<u64>>> = LazyLock::new(|| {
    let known = |limit| match limit {
        Ok(Bound::At(value)) => Some(value),
        Ok(Bound::Unlimited) | Err(_) => None,
    };
    let limits = concbench_sys::limits(&Roots::default()).into_iter();
    limits.map(|(name, limit)| (name.to_owned(), known(limit))).collect()
});

/// That the kernel refuses an io_uring, and where to look; as one lower-case line.
pub fn refused_ring(error: &std::io::Error) -> String {
    format!(
        "the kernel refuses an io_uring: {error}; look at `sysctl kernel.io_uring_disabled`, the seccomp profile of the \
         container, `ulimit -l` and `ulimit -n`"
    )
}

/// Whether so many threads can be started in this process.
///
/// # Errors
///
/// [`ModelError::Unsupported`] with the limit that does not allow it.
pub fn allow_threads(threads: usize) -> Result<()> {
    allow(Kind::Thread, threads)
}

/// Whether so many processes can be started.
///
/// # Errors
///
/// [`ModelError::Unsupported`] with the limit that does not allow it.
pub fn allow_processes(processes: usize) -> Result<()> {
    allow(Kind::Process, processes)
}

/// Whether so many processes can be started, each with a descriptor that stays open.
///
/// # Errors
///
/// [`ModelError::Unsupported`] with the limit that does not allow it.
pub fn allow_connected_processes(processes: usize) -> Result<()> {
    allow(Kind::ConnectedProcess, processes)
}

/// Whether so many coroutines with stacks of their own can live in this process.
///
/// # Errors
///
/// [`ModelError::Unsupported`] with the limit that does not allow it.
pub fn allow_stacks(coroutines: usize) -> Result<()> {
    allow(Kind::Stack, coroutines)
}

/// Whether this process can open so many descriptors more: for libraries that panic if they cannot.
///
/// # Errors
///
/// [`ModelError::Unsupported`] with the limit that does not allow it.
pub fn allow_descriptors(descriptors: usize) -> Result<()> {
    let mut opened = Vec::with_capacity(descriptors);
    for _ in 0..descriptors {
        match rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stderr(), 3) {
            Ok(descriptor) => opened.push(descriptor),
            Err(error) => {
                let limit =
                    getrlimit(Resource::Nofile).current.map_or("unknown".to_owned(), |n| n.to_string());
                return Err(ModelError::Unsupported(format!(
                    "nofile is {limit}, and {descriptors} descriptors more are needed ({error}); raise it with \
                     `ulimit -n`"
                )));
            }
        }
    }
    Ok(())
}

fn allow(kind: Kind, wanted: usize) -> Result<()> {
    if wanted <= FEW {
        return Ok(());
    }
    refuses(&LIMITS, kind, wanted as u64).map_or(Ok(()), |reason| Err(ModelError::Unsupported(reason)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_any_machine_carries_is_unsupported() {
        assert!(matches!(allow_threads(usize::MAX), Err(ModelError::Unsupported(_))));
        assert!(allow_threads(FEW).is_ok());
    }

    #[test]
    fn descriptors_that_can_be_opened_are_allowed_and_closed_again() {
        let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
        let before = open();
        allow_descriptors(20).unwrap();
        assert!(open() < before + 20, "{} open, {before} before", open());
    }
}
