//! The medians of the responses of a cell.

use std::collections::BTreeMap;

use concbench_stats::{median, sorted};

use crate::batch::analyse::CONFIDENCE;
use crate::record::{Estimate, Response, Usage};

type OfUsage = fn(&Usage) -> u64;

/// What the frame itself measures of every observation: what the runner and its processes used from start to end.
const USAGE: [(&str, OfUsage); 5] = [
    ("runner_cpu_ns", |usage| usage.user_ns.saturating_add(usage.system_ns)),
    ("runner_user_ns", |usage| usage.user_ns),
    ("runner_system_ns", |usage| usage.system_ns),
    ("voluntary_switches", |usage| usage.voluntary_switches),
    ("involuntary_switches", |usage| usage.involuntary_switches),
];

/// What a runner used for each of its batches, start and stop shared among them: how many it runs depends on how fast the
/// machine is, and would hide what one of them costs.
pub(super) fn used(usage: Option<&Usage>, batches: u64) -> impl Iterator<Item = Response> {
    let share = move |of: OfUsage| usage.map(|usage| of(usage) as f64 / batches.max(1) as f64);
    USAGE.into_iter().map(move |(name, of)| Response::maybe(name, share(of)))
}

/// The median of each response over the observations: what was measured several times in one observation counts with
/// its median there. Responses that no observation has are left out.
pub(super) fn of(responses: &[Vec<Response>]) -> BTreeMap<String, Estimate> {
    let mut values: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for Response { name, values: measured } in responses.iter().flatten() {
        values.entry(name).or_default().extend(median(&sorted(measured)));
    }
    let found = values
        .into_iter()
        .filter_map(|(name, values)| Some((name.to_owned(), Estimate::of(&values, CONFIDENCE)?)));
    found.collect()
}

/// What one observation says of a response.
pub(super) fn of_one(name: &str, responses: &[Response]) -> Option<f64> {
    let measured = responses.iter().find(|response| response.name == name)?;
    median(&sorted(&measured.values))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_batch_uses_is_the_same_however_many_of_them_a_runner_runs() {
        let usage = |batches| Usage {
            user_ns: 700 * batches,
            system_ns: 300 * batches,
            voluntary_switches: 5 * batches,
            involuntary_switches: 0,
        };
        for batches in [1, 7, 31] {
            let used: Vec<Response> = used(Some(&usage(batches)), batches).collect();
            assert_eq!(of_one("runner_cpu_ns", &used), Some(1000.0));
            assert_eq!(of_one("voluntary_switches", &used), Some(5.0));
        }
        assert!(used(None, 1).all(|response| response.values.is_empty()));
    }
}
