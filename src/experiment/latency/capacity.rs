//! The rate that a model sustains, found by trying rates: never from a burst, which shows how fast a crowd is handed over.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The least share of a rate at which tasks are done where it is sustained.
pub(crate) const SUSTAINED: f64 = 0.95;
/// How far apart the highest rate that is sustained and the lowest that is not may be in the end, as a ratio.
const CLOSE: f64 = 1.03;
/// How often the rate is doubled at most, and how often it is halved: what a model sustains is little less than a batch
/// shows, and may be far more.
const MOST_DOUBLED: i32 = 16;
const MOST_HALVED: i32 = 6;
/// How often the rate that was found is tried again.
const AGAIN: usize = 2;

/// A rate that was tried.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Probe {
    /// How many tasks were due each second.
    pub(crate) rate_per_s: f64,
    /// How many were done each second, from when a tenth of them was due until nine tenths were done.
    pub(crate) done_per_s: f64,
}

impl Probe {
    /// Whether tasks are done as fast as they are due.
    fn is_sustained(&self) -> bool {
        self.done_per_s >= SUSTAINED * self.rate_per_s
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Capacity {
    /// How many tasks a second are done at the highest rate that is sustained; `null` where `reason` says why not.
    pub(crate) sustained_per_s: Option<f64>,
    /// Why it is not known, if it is not.
    pub(crate) reason: Option<String>,
    /// The rates that were tried, in their order.
    pub(crate) probes: Vec<Probe>,
}

/// Finds the rate that is sustained: doubles or halves from `first` until one is sustained and one is not, and then
/// bisects.
pub(super) fn search<E>(first: f64, mut probe: impl FnMut(f64) -> Result<Probe, E>) -> Result<Capacity, E> {
    let mut probes = Vec::new();
    // One that is not kept up with may have met a stall.
    let mut attempt = |rate: f64| -> Result<Probe, E> {
        let mut made = probe(rate)?;
        probes.push(made);
        if !made.is_sustained() {
            made = probe(rate)?;
            probes.push(made);
        }
        Ok(made)
    };
    let first = attempt(first.max(1.0))?;
    let (steps, factor) = if first.is_sustained() { (MOST_DOUBLED, 2.0) } else { (MOST_HALVED, 0.5) };
    let (mut last, mut bounds) = (first, None);
    for _ in 0..steps {
        let made = attempt(factor * last.rate_per_s)?;
        if made.is_sustained() != first.is_sustained() {
            bounds = Some(if made.is_sustained() { (made, last) } else { (last, made) });
            break;
        }
        last = made;
    }
    let Some((mut sustained, mut above)) = bounds else {
        let of = if first.is_sustained() { "each" } else { "none" };
        let reason = format!(
            "{of} of the rates from {:.0} to {:.0} a second is sustained",
            first.rate_per_s, last.rate_per_s
        );
        return Ok(Capacity { sustained_per_s: None, reason: Some(reason), probes });
    };
    while above.rate_per_s / sustained.rate_per_s > CLOSE {
        let made = attempt((above.rate_per_s * sustained.rate_per_s).sqrt())?;
        if made.is_sustained() {
            sustained = made;
        } else {
            above = made;
        }
    }
    let mut done = vec![sustained.done_per_s];
    for _ in 0..AGAIN {
        done.push(attempt(sustained.rate_per_s)?.done_per_s);
    }
    done.sort_by(f64::total_cmp);
    Ok(Capacity { sustained_per_s: Some(done[done.len() / 2]), reason: None, probes })
}

/// How many tasks that were due at these moments, ascending, were done each second at the others: from when the first tenth
/// of them was due until nine tenths are done, less what a task takes at least. What is held up and catches up again has
/// lost nothing by then, and never does more than is due. 0 where that took no time.
pub(super) fn done_per_s(due_ns: &[u64], mut done_ns: Vec<u64>) -> f64 {
    let takes = due_ns.iter().zip(&done_ns).map(|(due, done)| done.saturating_sub(*due)).min().unwrap_or(0);
    done_ns.sort_unstable();
    let (from, to) = (done_ns.len() / 10, (done_ns.len() * 9 / 10).max(1) - 1);
    match (due_ns.get(from), done_ns.get(to)) {
        (Some(&due), Some(&done)) if done > due + takes && to > from => {
            1e9 * (to - from) as f64 / (done - due - takes) as f64
        }
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::experiment::latency::schedule::{Spacing, due_ns};

    /// What a server makes of these arrivals that serves so many at a time, each for this long, in their order: when each
    /// is done.
    fn served(due_ns: &[u64], places: usize, takes_ns: u64) -> Vec<u64> {
        let mut free = vec![0; places];
        let serve = |due: &u64| {
            let place = (0..places).min_by_key(|&place| free[place]).expect("there are places");
            free[place] = free[place].max(*due) + takes_ns;
            free[place]
        };
        due_ns.iter().map(serve).collect()
    }

    fn found(places: usize, takes_ns: u64, first: f64) -> Capacity {
        let probe = |rate_per_s: f64| {
            let tasks = (0.3 * rate_per_s).clamp(100.0, 4096.0) as u64;
            let due = due_ns(tasks, rate_per_s, Spacing::Constant, 0);
            let done_per_s = done_per_s(&due, served(&due, places, takes_ns));
            Ok::<_, Infallible>(Probe { rate_per_s, done_per_s })
        };
        let Ok(found) = search(first, probe);
        found
    }

    #[test]
    fn a_server_of_known_capacity_has_it_found_within_five_percent() {
        for (places, takes_ns) in
            [(1, 10_000_000), (2, 10_000_000), (8, 10_000_000), (32, 5_000_000), (100, 1_000_000)]
        {
            let truth = 1e9 * places as f64 / takes_ns as f64;
            for first in [0.1, 0.9, 1.5, 40.0].map(|share| share * truth) {
                let capacity = found(places, takes_ns, first);
                let sustained = capacity.sustained_per_s.expect("it has one");
                assert!(
                    (sustained / truth - 1.0).abs() <= 0.05,
                    "{places} places of {takes_ns} ns from {first}: {sustained} of {truth}"
                );
            }
        }
    }

    #[test]
    fn what_catches_up_after_a_stall_has_done_what_was_due_and_no_more() {
        let due = due_ns(1_000, 1_000.0, Spacing::Constant, 0);
        let takes = 10_000_000;
        // Nothing is done in the first 200 ms, and all that was due by then at once after them.
        let held: Vec<u64> = due.iter().map(|due| (due + takes).max(200_000_000)).collect();
        let done = done_per_s(&due, held);
        assert!((done / 1_000.0 - 1.0).abs() < 0.01, "{done}");
        // A queue that grows until the end.
        let done = done_per_s(&due, served(&due, 5, takes));
        assert!((0.9..=1.0).contains(&(done / 500.0)), "{done}");
        assert_eq!(done_per_s(&[], Vec::new()), 0.0);
    }

    #[test]
    fn a_stall_costs_no_capacity() {
        let (mut last, sustains) = (0.0, 1_000.0);
        let found = search(400.0, |rate_per_s| {
            // Whatever is tried for the first time is held up.
            let held_up = rate_per_s != last;
            last = rate_per_s;
            let done_per_s = if held_up { 0.3 * rate_per_s } else { f64::min(rate_per_s, sustains) };
            Ok::<_, Infallible>(Probe { rate_per_s, done_per_s })
        });
        let Ok(found) = found;
        let capacity = found.sustained_per_s.unwrap();
        assert!((capacity / sustains - 1.0).abs() <= 0.05, "{capacity}: {:?}", found.probes);
    }

    #[test]
    fn what_sustains_every_rate_or_none_has_no_capacity_and_says_so() {
        let fast =
            search(10.0, |rate_per_s| Ok::<_, Infallible>(Probe { rate_per_s, done_per_s: rate_per_s }));
        let fast = fast.unwrap();
        assert_eq!(
            (fast.sustained_per_s, fast.reason.as_deref()),
            (None, Some("each of the rates from 10 to 655360 a second is sustained"))
        );
        let slow = search(10.0, |rate_per_s| Ok::<_, Infallible>(Probe { rate_per_s, done_per_s: 0.0 }));
        assert!(slow.unwrap().reason.is_some_and(|why| why.starts_with("none of the rates from 10 to")));
    }
}
