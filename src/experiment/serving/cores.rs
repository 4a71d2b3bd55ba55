//! Which processors the server has, and which its clients.

use crate::model::{allowed_cores, core_of};
use crate::record::Machine;

/// From how many processors on server and clients have cores of their own.
const ENOUGH: u64 = 4;

/// How many of so many processors the server has, of which so many share a core: half of them, and of those that share one
/// all or none.
pub(super) fn of_server(processors: u64, per_core: u64) -> u64 {
    if processors < ENOUGH {
        return processors;
    }
    let half = processors / 2;
    match half - half % per_core.max(1) {
        0 => half,
        whole => whole,
    }
}

/// How many threads the clients have.
pub(super) fn threads_of_fleet(processors: u64, per_core: u64) -> u64 {
    if processors < ENOUGH {
        return (processors / 2).max(1);
    }
    processors - of_server(processors, per_core)
}

/// How many processors share a core of this machine; 1 where it is not known.
pub(super) fn per_core(machine: &Machine) -> u64 {
    match (machine.smt, machine.logical_cpus, machine.physical_cores) {
        (Some(true), Some(logical), Some(physical)) => (logical / physical.max(1)).max(1),
        _ => 1,
    }
}

/// The processors of the server and those of the clients; both empty where they share all of them.
pub(super) fn split(processors: u64) -> (Vec<usize>, Vec<usize>) {
    let allowed = allowed_cores().unwrap_or_default();
    split_of(&allowed, processors, core_of)
}

fn split_of(
    allowed: &[usize],
    processors: u64,
    core_of: impl Fn(usize) -> usize,
) -> (Vec<usize>, Vec<usize>) {
    if processors < ENOUGH || (allowed.len() as u64) < ENOUGH {
        return (Vec::new(), Vec::new());
    }
    // What shares a core stays together: a client beside the server's thread would slow it down.
    let mut allowed = allowed.to_vec();
    allowed.sort_by_key(|&cpu| (core_of(cpu), cpu));
    let half = allowed.len() / 2;
    let is_edge = |&at: &usize| core_of(allowed[at - 1]) != core_of(allowed[at]);
    let at = (1..=half).rev().find(is_edge).unwrap_or(half);
    let fleet = allowed.split_off(at);
    (allowed, fleet)
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
        assert_eq!((of_server(8, 2), threads_of_fleet(8, 2)), (4, 4));
        assert_eq!((of_server(5, 1), threads_of_fleet(5, 1)), (2, 3));
    }

    #[test]
    fn three_cores_of_two_threads_each_are_not_cut_through_the_middle_one() {
        let allowed: Vec<usize> = (0..6).collect();
        // Processor n and n + 3 share a core.
        assert_eq!(split_of(&allowed, 6, |cpu| cpu % 3), (vec![0, 3], vec![1, 4, 2, 5]));
        assert_eq!((of_server(6, 2), threads_of_fleet(6, 2)), (2, 4), "as many as each has");
        let (smt, logical_cpus, physical_cores) = (Some(true), Some(6), Some(3));
        let machine = Machine { smt, logical_cpus, physical_cores, ..Machine::default() };
        assert_eq!((per_core(&machine), per_core(&Machine::default())), (2, 1));
        // One core that all share has no edge to cut at.
        assert_eq!(split_of(&allowed[..4], 4, |_| 0), (vec![0, 1], vec![2, 3]));
        assert_eq!((of_server(4, 4), threads_of_fleet(4, 4)), (2, 2));
    }

    #[test]
    fn with_fewer_they_share_all() {
        assert_eq!(split_of(&[0, 1], 2, |cpu| cpu), (Vec::new(), Vec::new()));
        assert_eq!((of_server(2, 1), threads_of_fleet(2, 1), threads_of_fleet(1, 1)), (2, 1, 1));
    }
}
