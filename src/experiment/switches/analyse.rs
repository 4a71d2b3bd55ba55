//! What a switch costs in time.

use super::summary::estimate;
use crate::record::{Status, SwitchObservation, Switches};

/// Fills in what follows from the games of each pair: the median time of a switch, with its interval.
pub(super) fn complete(switches: &mut Switches) {
    for pair in &mut switches.pairs {
        let times: Vec<f64> = pair.observations.iter().filter_map(SwitchObservation::switch_ns).collect();
        pair.per_switch = if pair.status == Status::Ok { estimate(&times) } else { None };
    }
}
