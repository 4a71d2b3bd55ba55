//! Limits of the system, looked at before anything is started: a process that runs into `vm.max_map_count` while it
//! starts threads is aborted, and one that runs into the others has started half of what it wanted.

use std::fs;

use rustix::process::{Resource, getrlimit};

use super::{ModelError, Result};
use crate::machine::{MAPPINGS_PER_THREAD, SPARE};

/// So few are started without a look at the limits, which would take longer than starting a dozen threads: if one is
/// refused, the system says so in an error.
const FEW: usize = 512;
/// The memory mappings of a stackful coroutine: its stack, and the guard page below.
const MAPPINGS_PER_STACK: u64 = 2;
/// The bits of capabilities that free a process from `nproc`: `CAP_SYS_ADMIN` and `CAP_SYS_RESOURCE`.
const EXEMPT_FROM_NPROC: u64 = 1 << 21 | 1 << 24;

/// A limit that a model can run into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Limit {
    /// Its name, as `doctor` lists it.
    name: &'static str,
    /// Its value; `None` where there is none, or where it cannot be read.
    value: Option<u64>,
    /// How many units of it each thing takes that is to be started.
    each: u64,
}

impl Limit {
    fn new(name: &'static str, value: Option<u64>, each: u64) -> Self {
        Self { name, value, each }
    }

    /// How many things fit.
    fn room(&self) -> u64 {
        self.value.map_or(u64::MAX, |value| value.saturating_sub(SPARE) / self.each)
    }

    fn remedy(&self, wanted: u64) -> String {
        let value = wanted.saturating_mul(self.each).saturating_add(SPARE);
        match self.name {
            "nproc" => format!("raise it with `ulimit -u {value}`"),
            "nofile" => format!("raise it with `ulimit -n {value}`"),
            "pids.max" => format!("set pids.max of the control group to {value}"),
            sysctl => format!("raise it with `sudo sysctl {sysctl}={value}`"),
        }
    }
}

/// Whether so many threads can be started in this process.
pub(super) fn allow_threads(threads: usize) -> Result<()> {
    allow(threads, "threads", || {
        let mappings = sysctl("vm/max_map_count");
        tasks().into_iter().chain([Limit::new("vm.max_map_count", mappings, MAPPINGS_PER_THREAD)]).collect()
    })
}

/// Whether so many processes can be started.
pub(super) fn allow_processes(processes: usize) -> Result<()> {
    allow(processes, "processes", || tasks().to_vec())
}

/// Whether so many processes can be started, each with a descriptor that stays open.
pub(super) fn allow_connected_processes(processes: usize) -> Result<()> {
    allow(processes, "processes, each behind a socket,", || {
        let descriptors = getrlimit(Resource::Nofile).current;
        tasks().into_iter().chain([Limit::new("nofile", descriptors, 1)]).collect()
    })
}

/// Whether so many coroutines with stacks of their own can live in this process.
pub(super) fn allow_stacks(coroutines: usize) -> Result<()> {
    allow(coroutines, "coroutines with a stack each", || {
        vec![Limit::new("vm.max_map_count", sysctl("vm/max_map_count"), MAPPINGS_PER_STACK)]
    })
}

/// Whether this process can open so many descriptors more: for libraries that panic if they cannot.
pub(super) fn allow_descriptors(descriptors: usize) -> Result<()> {
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

fn allow(wanted: usize, what: &str, limits: impl FnOnce() -> Vec<Limit>) -> Result<()> {
    if wanted <= FEW {
        return Ok(());
    }
    match refusal(wanted as u64, what, &limits()) {
        Some(reason) => Err(ModelError::Unsupported(reason)),
        None => Ok(()),
    }
}

/// The tightest of the limits, if it has no room for as many as are wanted.
fn refusal(wanted: u64, what: &str, limits: &[Limit]) -> Option<String> {
    let tightest = limits.iter().min_by_key(|limit| limit.room()).filter(|limit| limit.room() < wanted)?;
    let Limit { name, value: Some(value), .. } = tightest else {
        return None;
    };
    Some(format!(
        "{name} is {value}, which allows about {} {what} and not {wanted}; {}",
        tightest.room(),
        tightest.remedy(wanted)
    ))
}

/// The limits that threads and processes count against alike.
fn tasks() -> [Limit; 4] {
    let nproc = if is_exempt_from_nproc() { None } else { getrlimit(Resource::Nproc).current };
    [
        Limit::new("nproc", nproc, 1),
        Limit::new("kernel.threads-max", sysctl("kernel/threads-max"), 1),
        Limit::new("kernel.pid_max", sysctl("kernel/pid_max"), 1),
        Limit::new("pids.max", pids_max(), 1),
    ]
}

fn is_exempt_from_nproc() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    effective
        .and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok())
        .is_some_and(|bits| bits & EXEMPT_FROM_NPROC != 0)
}

fn sysctl(path: &str) -> Option<u64> {
    fs::read_to_string(format!("/proc/sys/{path}")).ok()?.trim().parse().ok()
}

/// The lowest `pids.max` from the control group of this process upwards (cgroup version 2).
fn pids_max() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let own = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let limit = |path: &std::path::Path| {
        let file = std::path::Path::new("/sys/fs/cgroup").join(path).join("pids.max");
        fs::read_to_string(file).ok()?.trim().parse::<u64>().ok()
    };
    std::path::Path::new(own).ancestors().filter_map(limit).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tightest_limit_is_named_with_its_value_and_a_remedy() {
        let limits = [
            Limit::new("nproc", Some(62_840), 1),
            Limit::new("vm.max_map_count", Some(65_530), 4),
            Limit::new("pids.max", None, 1),
        ];
        assert_eq!(refusal(16_000, "threads", &limits), None);
        assert_eq!(
            refusal(100_000, "threads", &limits).unwrap(),
            "vm.max_map_count is 65530, which allows about 16332 threads and not 100000; raise it with `sudo sysctl \
             vm.max_map_count=400200`"
        );
        assert!(
            refusal(1000, "threads", &[Limit::new("nproc", Some(300), 1)])
                .unwrap()
                .contains("ulimit -u 1200")
        );
    }

    #[test]
    fn what_is_unlimited_refuses_nothing() {
        assert_eq!(refusal(u64::MAX - 1, "threads", &[Limit::new("nproc", None, 1)]), None);
    }

    #[test]
    fn few_are_not_looked_up() {
        let looked = |wanted| {
            let mut looked = false;
            let allowed = allow(wanted, "threads", || {
                looked = true;
                vec![Limit::new("nproc", Some(SPARE), 1)]
            });
            (looked, allowed.is_err())
        };
        assert_eq!(looked(FEW), (false, false));
        assert_eq!(looked(FEW + 1), (true, true));
    }

    #[test]
    fn descriptors_that_can_be_opened_are_allowed_and_closed_again() {
        let open = || fs::read_dir("/proc/self/fd").unwrap().count();
        let before = open();
        allow_descriptors(20).unwrap();
        assert!(open() < before + 20, "{} open, {before} before", open());
    }
}
