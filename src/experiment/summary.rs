//! The medians of the responses of a cell.

use std::collections::BTreeMap;

use concbench_stats::{median, sorted};

use crate::batch::analyse::CONFIDENCE;
use crate::record::{Estimate, Response};

/// The median of each response over the observations: what was measured several times in one observation counts with
/// its median there. Responses that no observation has are left out.
pub(super) fn of(observations: &[Vec<Response>]) -> BTreeMap<String, Estimate> {
    let mut values: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for Response { name, values: measured } in observations.iter().flatten() {
        values.entry(name).or_default().extend(median(&sorted(measured)));
    }
    let found = values
        .into_iter()
        .filter_map(|(name, values)| Some((name.to_owned(), Estimate::of(&values, CONFIDENCE)?)));
    found.collect()
}
