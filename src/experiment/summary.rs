//! The medians of the responses of a cell.

use std::collections::BTreeMap;

use concbench_stats::{median, sorted};
use serde_json::Value;

use crate::batch::analyse::CONFIDENCE;
use crate::record::{Estimate, Observed, Response, Usage};

type OfUsage = fn(&Usage) -> u64;

/// What the frame itself measures of every observation: what the runner and its processes used from start to end.
pub(super) const USAGE: [(&str, OfUsage); 5] = [
    ("cpu_ns", |usage| usage.user_ns.saturating_add(usage.system_ns)),
    ("user_ns", |usage| usage.user_ns),
    ("system_ns", |usage| usage.system_ns),
    ("voluntary_switches", |usage| usage.voluntary_switches),
    ("involuntary_switches", |usage| usage.involuntary_switches),
];

/// The median of each response over the observations: what was measured several times in one observation counts with
/// its median there. Responses that no observation has are left out.
pub(super) fn of(
    responses: &[Vec<Response>],
    observations: &[Observed<Value>],
) -> BTreeMap<String, Estimate> {
    let mut values: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for Response { name, values: measured } in responses.iter().flatten() {
        values.entry(name).or_default().extend(median(&sorted(measured)));
    }
    for usage in observations.iter().filter_map(|made| made.usage) {
        for (name, of) in USAGE {
            values.entry(name).or_default().push(of(&usage) as f64);
        }
    }
    let found = values
        .into_iter()
        .filter_map(|(name, values)| Some((name.to_owned(), Estimate::of(&values, CONFIDENCE)?)));
    found.collect()
}

/// What one observation says of a response.
pub(super) fn of_one(name: &str, responses: &[Response], usage: Option<&Usage>) -> Option<f64> {
    let measured = responses.iter().find(|response| response.name == name);
    match measured {
        Some(response) => median(&sorted(&response.values)),
        None => {
            let (_, of) = USAGE.iter().find(|(used, _)| *used == name)?;
            usage.map(|usage| of(usage) as f64)
        }
    }
}
