use std::collections::BTreeMap;

/// How many memory mappings a thread of the standard library takes: its stack and the guard page below it, and the same
/// for the stack on which a stack overflow is reported.
const MAPPINGS_PER_THREAD: u64 = 4;
/// The memory mappings of a stackful coroutine: its stack, and the guard page below.
const MAPPINGS_PER_STACK: u64 = 2;
/// What of every limit a process, and the rest of the system, need before it has any task.
const SPARE: u64 = 200;

/// What is started in numbers, and counts against the limits of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Threads of one process.
    Thread,
    /// Processes that are started from one.
    Process,
    /// Processes that are started from one, which keeps a descriptor open for each.
    ConnectedProcess,
    /// Stackful coroutines of one process.
    Stack,
    /// Connections to one server.
    Connection,
}

impl Kind {
    /// The limits that it counts against, each with how many of its units one takes.
    pub const fn counts_against(self) -> &'static [(&'static str, u64)] {
        match self {
            Self::Thread => &[
                ("nproc", 1),
                ("vm.max_map_count", MAPPINGS_PER_THREAD),
                ("kernel.threads-max", 1),
                ("kernel.pid_max", 1),
                ("pids.max", 1),
            ],
            Self::Process => {
                &[("nproc", 1), ("kernel.threads-max", 1), ("kernel.pid_max", 1), ("pids.max", 1)]
            }
            Self::ConnectedProcess => &[
                ("nproc", 1),
                ("kernel.threads-max", 1),
                ("kernel.pid_max", 1),
                ("pids.max", 1),
                ("nofile", 1),
            ],
            Self::Stack => &[("vm.max_map_count", MAPPINGS_PER_STACK)],
            Self::Connection => &[("nofile", 1), ("net.ipv4.ip_local_port_range", 1)],
        }
    }

    const fn plural(self) -> &'static str {
        match self {
            Self::Thread => "threads",
            Self::Process => "processes",
            Self::ConnectedProcess => "processes, each behind a socket,",
            Self::Stack => "coroutines with a stack each",
            Self::Connection => "connections",
        }
    }
}

/// Which of these limits refuses so many at once, and what would allow them, as one line; none if no known one does.
pub fn refuses(limits: &BTreeMap<String, Option<u64>>, kind: Kind, wanted: u64) -> Option<String> {
    let room = kind.counts_against().iter().filter_map(|&(name, each)| {
        let limit = (*limits.get(name)?)?;
        Some((limit.saturating_sub(SPARE) / each, name, limit, each))
    });
    let (room, name, limit, each) = room.min()?;
    (room < wanted).then(|| {
        let what = kind.plural();
        let remedy = remedy(name, wanted.saturating_mul(each).saturating_add(SPARE));
        format!("{name} is {limit}, which allows about {room} {what} and not {wanted}; {remedy}")
    })
}

fn remedy(name: &str, value: u64) -> String {
    match name {
        "nproc" => format!("raise it with `ulimit -u {value}`"),
        "nofile" => format!("raise it with `ulimit -n {value}`"),
        "pids.max" => format!("set pids.max of the control group to {value}"),
        "net.ipv4.ip_local_port_range" => format!("raise it with `sudo sysctl {name}='1024 65535'`"),
        sysctl => format!("raise it with `sudo sysctl {sysctl}={value}`"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Barrier};
    use std::{fs, thread};

    use super::*;

    fn limits(limits: &[(&str, Option<u64>)]) -> BTreeMap<String, Option<u64>> {
        limits.iter().map(|&(name, limit)| (name.to_owned(), limit)).collect()
    }

    #[test]
    fn the_tightest_limit_is_named_with_its_value_and_a_remedy() {
        let usual = limits(&[
            ("nproc", Some(62_840)),
            ("vm.max_map_count", Some(65_530)),
            ("kernel.pid_max", Some(32_768)),
            ("nofile", Some(1024)),
            ("pids.max", None),
        ]);
        assert_eq!(refuses(&usual, Kind::Thread, 16_000), None);
        assert_eq!(
            refuses(&usual, Kind::Thread, 100_000).unwrap(),
            "vm.max_map_count is 65530, which allows about 16332 threads and not 100000; raise it with `sudo sysctl \
             vm.max_map_count=400200`"
        );
        let refused = refuses(&usual, Kind::ConnectedProcess, 1000).unwrap();
        assert!(refused.starts_with("nofile is 1024") && refused.contains("`ulimit -n 1200`"), "{refused}");
        assert_eq!(
            refuses(&usual, Kind::Process, 1000),
            None,
            "what needs no descriptor is not held to them"
        );
        assert!(refuses(&usual, Kind::Connection, 1000).unwrap().starts_with("nofile is 1024"));
        assert_eq!(refuses(&usual, Kind::Connection, 500), None);
    }

    #[test]
    fn what_is_unlimited_or_unknown_refuses_nothing() {
        assert_eq!(refuses(&limits(&[("nproc", None)]), Kind::Thread, u64::MAX), None);
        assert_eq!(refuses(&limits(&[]), Kind::Thread, u64::MAX), None);
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
