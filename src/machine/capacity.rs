use super::parse::UNLIMITED;
use crate::record::Machine;

/// How many memory mappings a thread of the standard library takes: its stack and the guard page below it, and the same
/// for the stack on which a stack overflow is reported.
pub(crate) const MAPPINGS_PER_THREAD: u64 = 4;
/// What of every limit a process, and the rest of the system, need before it has any task.
pub(crate) const SPARE: u64 = 200;

/// The limits that threads count against, each with how many of its units one takes.
pub(super) const FOR_THREADS: [(&str, u64); 5] = [
    ("nproc", 1),
    ("vm.max_map_count", MAPPINGS_PER_THREAD),
    ("kernel.threads-max", 1),
    ("kernel.pid_max", 1),
    ("pids.max", 1),
];
/// Those of processes, each of which is reached over a socket.
pub(super) const FOR_PROCESSES: [(&str, u64); 5] =
    [("nproc", 1), ("kernel.threads-max", 1), ("kernel.pid_max", 1), ("pids.max", 1), ("nofile", 1)];
/// Those of clients, each with its own connection to one server.
pub(super) const FOR_CLIENTS: [(&str, u64); 2] = [("nofile", 1), ("net.ipv4.ip_local_port_range", 1)];

/// Which limit of the machine refuses so many threads at once in one process, as one line; none if no known one does.
pub fn refuses_threads(machine: &Machine, threads: u64) -> Option<String> {
    refuses(machine, &FOR_THREADS, threads, "threads")
}

/// The same for processes that are started from one.
pub fn refuses_processes(machine: &Machine, processes: u64) -> Option<String> {
    refuses(machine, &FOR_PROCESSES, processes, "processes")
}

/// The same for connections to one server.
pub fn refuses_clients(machine: &Machine, clients: u64) -> Option<String> {
    refuses(machine, &FOR_CLIENTS, clients, "connections")
}

/// Whether anything at all is known about these limits.
pub(super) fn knows_a_limit(machine: &Machine, limits: &[(&str, u64)]) -> bool {
    limits.iter().any(|(name, _)| {
        let known = machine.limits.get(*name).is_some_and(Option::is_some);
        known || machine.missing.get(&format!("limits.{name}")).is_some_and(|reason| reason == UNLIMITED)
    })
}

fn refuses(machine: &Machine, limits: &[(&str, u64)], wanted: u64, what: &str) -> Option<String> {
    let room = limits.iter().filter_map(|&(name, each)| {
        let limit = (*machine.limits.get(name)?)?;
        Some((limit.saturating_sub(SPARE) / each, name, limit))
    });
    let (room, name, limit) = room.min()?;
    (room < wanted)
        .then(|| format!("{name} is {limit}, which allows about {room} {what}, {wanted} are needed"))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Barrier};
    use std::{fs, thread};

    use super::*;

    fn machine(limits: &[(&str, Option<u64>)]) -> Machine {
        let limits = limits.iter().map(|&(name, limit)| (name.to_owned(), limit)).collect();
        Machine { limits, ..Machine::default() }
    }

    #[test]
    fn the_tightest_limit_is_named() {
        let usual = machine(&[
            ("nproc", Some(62_840)),
            ("vm.max_map_count", Some(65_530)),
            ("kernel.pid_max", Some(32_768)),
            ("nofile", Some(1024)),
        ]);
        assert_eq!(refuses_threads(&usual, 1000), None);
        assert_eq!(
            refuses_threads(&usual, 100_000).unwrap(),
            "vm.max_map_count is 65530, which allows about 16332 threads, 100000 are needed"
        );
        assert!(refuses_processes(&usual, 1000).unwrap().starts_with("nofile is 1024"));
        assert!(refuses_clients(&usual, 1000).unwrap().starts_with("nofile is 1024"));
        assert_eq!(refuses_clients(&usual, 500), None);
    }

    #[test]
    fn what_is_unlimited_or_unknown_refuses_nothing() {
        assert_eq!(refuses_threads(&machine(&[("nproc", None)]), u64::MAX), None);
        assert_eq!(refuses_threads(&machine(&[]), u64::MAX), None);
    }

    #[test]
    fn a_thread_takes_as_many_mappings_as_is_reckoned() {
        const THREADS: usize = 64;
        let mappings = || fs::read_to_string("/proc/self/maps").unwrap().lines().count() as u64;
        let (before, barrier) = (mappings(), Arc::new(Barrier::new(THREADS + 1)));
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                let barrier = Arc::clone(&barrier);
                thread::spawn(move || {
                    barrier.wait();
                    barrier.wait();
                })
            })
            .collect();
        barrier.wait();
        let rise = mappings() - before;
        barrier.wait();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        // The allocator adds an arena or two, and other tests come and go.
        let reckoned = MAPPINGS_PER_THREAD * THREADS as u64;
        assert!(rise >= reckoned / 2 && rise <= reckoned + SPARE, "{rise} mappings for {THREADS} threads");
    }
}
