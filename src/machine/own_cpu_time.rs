use std::collections::BTreeSet;
use std::time::Duration;

use super::Roots;
use concbench_sys::parse::{self, ProcessTimes, TICK};

/// The CPU time of this process and of its descendants: of those that live, and of those that were waited for, which the
/// kernel adds to whoever waited. So a process that ends between two readings is in both.
pub(super) fn read(roots: &Roots) -> Duration {
    let Some(own) = roots.proc("self/stat").ok().and_then(|text| parse::process_times(&text)) else {
        return Duration::ZERO;
    };
    let processes: Vec<_> = roots
        .proc_names("")
        .unwrap_or_default()
        .iter()
        .filter(|name| name.starts_with(|first: char| first.is_ascii_digit()))
        // A process may be gone since it was listed.
        .filter_map(|name| parse::process_times(&roots.proc(&format!("{name}/stat")).ok()?))
        .collect();
    TICK.saturating_mul(u32::try_from(ticks(own, &processes)).unwrap_or(u32::MAX))
}

fn ticks(own: ProcessTimes, processes: &[ProcessTimes]) -> u64 {
    let mut seen = BTreeSet::from([own.pid]);
    let mut family = vec![own];
    let mut ticks = 0_u64;
    while let Some(parent) = family.pop() {
        ticks = ticks.saturating_add(parent.ticks);
        family.extend(processes.iter().filter(|child| child.parent == parent.pid && seen.insert(child.pid)));
    }
    ticks
}

#[cfg(test)]
mod tests {
    use rustix::time::{ClockId, clock_gettime};

    use super::*;
    use crate::machine::fixture::Fixture;

    fn stat(pid: u32, parent: u32, own: u64, waited: u64) -> String {
        format!("{pid} (a) b) S {parent} 1 1 0 -1 4194304 1 0 0 0 {own} 1 {waited} 1 20 0 1 0 500 1 1\n")
    }

    #[test]
    fn children_and_their_children_are_ours_and_the_rest_is_not() {
        let fixture = Fixture::empty();
        fixture
            .proc("self/stat", &stat(10, 1, 5, 100))
            .proc("10/stat", &stat(10, 1, 5, 100))
            .proc("11/stat", &stat(11, 10, 20, 0))
            .proc("12/stat", &stat(12, 11, 3, 0))
            .proc("13/stat", &stat(13, 1, 500, 500))
            .proc("cpuinfo", "");
        assert_eq!(read(&fixture.roots()), TICK * (105 + 20 + 3 + 3 * 2));
    }

    #[test]
    fn without_a_list_of_processes_nothing_is_ours() {
        assert_eq!(read(&Fixture::empty().roots()), Duration::ZERO);
    }

    #[test]
    fn a_family_in_a_circle_is_counted_once() {
        let process = |pid, parent| ProcessTimes { pid, parent, ticks: 1 };
        assert_eq!(ticks(process(1, 2), &[process(1, 2), process(2, 1)]), 2);
    }

    #[test]
    fn what_this_process_uses_is_ours() {
        let used = || Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap();
        let (before, start) = (read(&Roots::default()), used());
        let work = 20 * TICK;
        while used() - start < work {}
        // User and system time are each cut to whole ticks.
        assert!(read(&Roots::default()) >= before + work - 2 * TICK);
    }
}
