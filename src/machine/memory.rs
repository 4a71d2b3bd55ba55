//! How much memory is to be had.

use super::Roots;
use concbench_sys::Groups;
use concbench_sys::parse;

/// Memory that can still be taken, and what ends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// How much, in bytes.
    pub bytes: u64,
    /// The limit: `MemAvailable`, or `memory.max` of the control group, less what the group uses.
    pub limit: &'static str,
}

/// What can be taken before the machine or the control group of this process runs out of it.
///
/// # Errors
///
/// When the kernel does not say how much there is.
pub fn memory_room() -> Result<Room, String> {
    room(&Roots::default())
}

fn room(roots: &Roots) -> Result<Room, String> {
    let text = roots.proc("meminfo")?;
    let available = parse::kibibytes(&text, "MemAvailable")
        .ok_or_else(|| "/proc/meminfo has no MemAvailable".to_owned())?;
    let group = Groups::find(roots, "memory").ok().and_then(|groups| groups.memory_left(roots));
    Ok(match group {
        Some((bytes, limit)) if bytes < available => Room { bytes, limit },
        _ => Room { bytes: available, limit: "MemAvailable" },
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Fixture;
    use super::*;

    fn machine() -> Fixture {
        let fixture = Fixture::guest();
        fixture.proc("meminfo", "MemTotal:        8000000 kB\nMemAvailable:    4000000 kB\n");
        fixture
    }

    #[test]
    fn what_is_available_counts_where_no_group_has_less() {
        let fixture = machine();
        assert_eq!(room(&fixture.roots()).unwrap(), Room { bytes: 4_096_000_000, limit: "MemAvailable" });
        fixture.sys("fs/cgroup/job/memory.max", "max\n").sys("fs/cgroup/job/memory.current", "5\n");
        assert_eq!(room(&fixture.roots()).unwrap().limit, "MemAvailable");
    }

    #[test]
    fn the_tightest_group_on_the_way_up_counts_less_what_it_uses() {
        let fixture = machine();
        fixture
            .sys("fs/cgroup/job/memory.max", "3000000000\n")
            .sys("fs/cgroup/job/memory.current", "500000000\n")
            .sys("fs/cgroup/memory.max", "2000000000\n")
            .sys("fs/cgroup/memory.current", "1500000000\n");
        assert_eq!(room(&fixture.roots()).unwrap(), Room { bytes: 500_000_000, limit: "memory.max" });
    }

    #[test]
    fn the_first_version_of_control_groups_has_other_names_for_it() {
        let fixture = machine();
        fixture
            .proc("self/cgroup", "4:memory:/a\n0::/\n")
            .proc("self/mountinfo", "33 23 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n")
            .sys("fs/cgroup/memory/a/memory.limit_in_bytes", "1000000\n")
            .sys("fs/cgroup/memory/a/memory.usage_in_bytes", "2000000\n");
        assert_eq!(room(&fixture.roots()).unwrap(), Room { bytes: 0, limit: "memory.limit_in_bytes" });
    }

    #[test]
    fn a_machine_that_tells_nothing_has_a_reason() {
        assert!(room(&Fixture::empty().roots()).unwrap_err().contains("/proc/meminfo"));
    }

    #[test]
    fn this_machine_has_some() {
        assert!(memory_room().unwrap().bytes > 1 << 20);
    }
}
