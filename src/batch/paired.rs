//! The ratio of a response of two cells, block by block: for experiments whose cells are no batches of a workload.

use concbench_stats::hodges_lehmann;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::analyse::CONFIDENCE;
use crate::record::{CellRecord, Responses, Status};

/// The ratio of a response of two cells: the Hodges-Lehmann estimate of the logarithms, paired by block, with the interval
/// of the signed-rank test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct PairedRatio {
    /// The ratio.
    pub(crate) ratio: f64,
    /// The lower end of its interval.
    pub(crate) low: f64,
    /// Its upper end.
    pub(crate) high: f64,
    /// The confidence of the interval: with few blocks it is the range, and has less than 0.95.
    pub(crate) confidence: f64,
    /// How many blocks hold both.
    pub(crate) pairs: u64,
}

impl PairedRatio {
    /// That of one cell over another; `None` where no block has the response of both.
    pub(crate) fn of<C, O: Responses>(
        above: &CellRecord<C, O>,
        below: &CellRecord<C, O>,
        response: &str,
    ) -> Option<Self> {
        if (above.status, below.status) != (Status::Ok, Status::Ok) {
            return None;
        }
        let value = |observation: &O| {
            let found = observation.responses().into_iter().find(|found| found.name == response)?;
            let value = concbench_stats::median(&concbench_stats::sorted(&found.values))?;
            (value > 0.0).then(|| value.ln())
        };
        let pair = |made: &crate::record::Observed<O>| {
            let other = below.observations.iter().find(|other| other.block == made.block)?;
            Some(value(&made.responses)? - value(&other.responses)?)
        };
        let logs: Vec<f64> = above.observations.iter().filter_map(pair).collect();
        let location = hodges_lehmann(&logs, CONFIDENCE)?.exp();
        Some(Self {
            ratio: location.estimate,
            low: location.low,
            high: location.high,
            confidence: location.confidence,
            pairs: logs.len() as u64,
        })
    }

    /// Whether the whole interval lies on one side of 1.
    pub(crate) fn is_sure(&self) -> bool {
        self.low > 1.0 || self.high < 1.0
    }

    /// `4.1x [3.9, 4.3]`.
    pub(crate) fn words(&self) -> String {
        let interval = Some((self.low, self.high));
        let (figure, range) = (
            concbench_text::figures::ratio(self.ratio, interval),
            concbench_text::figures::ratio_interval(self.ratio, interval),
        );
        format!("{figure} {range}")
    }
}
