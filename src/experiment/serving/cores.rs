//! Which cores the server has, and which its clients.

use std::fs;

use rustix::thread::{CpuSet, sched_getaffinity};

/// From how many cores on server and clients have cores of their own.
const ENOUGH: u64 = 4;

/// How many of so many cores the server has.
pub(super) fn of_server(cores: u64) -> u64 {
    if cores >= ENOUGH { cores / 2 } else { cores }
}

/// How many threads the clients have.
pub(super) fn threads_of_fleet(cores: u64) -> u64 {
    if cores >= ENOUGH { cores - cores / 2 } else { (cores / 2).max(1) }
}

/// The cores of the server and those of the clients; both empty where they share all of them.
pub(super) fn split(cores: u64) -> (Vec<usize>, Vec<usize>) {
    let Ok(allowed) = sched_getaffinity(None) else { return (Vec::new(), Vec::new()) };
    let allowed: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|&cpu| allowed.is_set(cpu)).collect();
    split_of(&allowed, cores, core_of)
}

fn split_of(allowed: &[usize], cores: u64, core_of: impl Fn(usize) -> usize) -> (Vec<usize>, Vec<usize>) {
    if cores < ENOUGH || (allowed.len() as u64) < ENOUGH {
        return (Vec::new(), Vec::new());
    }
    // What shares a core stays together: a client beside the server's thread would slow it down.
    let mut allowed = allowed.to_vec();
    allowed.sort_by_key(|&cpu| (core_of(cpu), cpu));
    let fleet = allowed.split_off(allowed.len() / 2);
    (allowed, fleet)
}

/// The first of the processors that share a core with this one; itself where the kernel does not say.
fn core_of(cpu: usize) -> usize {
    let path = format!("/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list");
    let text = fs::read_to_string(path).unwrap_or_default();
    let first = text.trim().split(['-', ',']).next().and_then(|first| first.parse().ok());
    first.unwrap_or(cpu)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_four_cores_on_both_have_their_own_and_siblings_stay_together() {
        let allowed: Vec<usize> = (0..8).collect();
        // Processor n and n + 4 share a core.
        let (server, fleet) = split_of(&allowed, 8, |cpu| cpu % 4);
        assert_eq!((server, fleet), (vec![0, 4, 1, 5], vec![2, 6, 3, 7]));
        assert_eq!((of_server(8), threads_of_fleet(8)), (4, 4));
        assert_eq!((of_server(5), threads_of_fleet(5)), (2, 3));
    }

    #[test]
    fn with_fewer_they_share_all() {
        assert_eq!(split_of(&[0, 1], 2, |cpu| cpu), (Vec::new(), Vec::new()));
        assert_eq!((of_server(2), threads_of_fleet(2), threads_of_fleet(1)), (2, 1, 1));
    }
}
