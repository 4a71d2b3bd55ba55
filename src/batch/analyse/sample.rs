//! Which numbers of an observation stand for its cell.

use concbench_stats::{median, sorted};

use crate::batch::{ComparisonKind, Observation, SheetCell};
use crate::record::Estimate;

/// The two metrics of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// A batch in steady state: the median of an observation's warm batches.
    Steady,
    /// A one-off job: start, first batch, stop.
    OneOff,
}

impl Metric {
    /// The kind of comparison in which cells stand against the best at this metric.
    pub fn contrast(self) -> ComparisonKind {
        match self {
            Self::Steady => ComparisonKind::Steady,
            Self::OneOff => ComparisonKind::OneOff,
        }
    }

    /// The kind of comparison of a cell and its twin at this metric.
    pub fn twin(self) -> ComparisonKind {
        match self {
            Self::Steady => ComparisonKind::Twin,
            Self::OneOff => ComparisonKind::TwinOneOff,
        }
    }

    /// The estimate of this metric, in nanoseconds; `None` for a cell without summary.
    pub fn estimate(self, cell: &SheetCell) -> Option<&Estimate> {
        let summary = cell.summary.as_ref()?;
        Some(match self {
            Self::Steady => &summary.steady,
            Self::OneOff => &summary.one_off,
        })
    }

    /// What one observation says, in nanoseconds; `None` for a steady metric without warm batches, or a time of 0.
    pub(crate) fn of(self, observation: &Observation) -> Option<f64> {
        let nanoseconds = match self {
            Self::Steady => {
                let warm: Vec<f64> = observation.warm_ns.iter().map(|&time| time as f64).collect();
                median(&sorted(&warm))?
            }
            Self::OneOff => observation.one_off_ns() as f64,
        };
        (nanoseconds > 0.0).then_some(nanoseconds)
    }

    /// What the observations of a cell say, in their order.
    pub(crate) fn series(self, cell: &SheetCell) -> Vec<f64> {
        cell.observations.iter().filter_map(|observation| self.of(observation)).collect()
    }

    /// The logarithms of the ratios of two cells, block by block. Each pair comes from one block, so what slowed the
    /// machine for a while slowed both.
    pub(crate) fn log_ratios(self, a: &SheetCell, b: &SheetCell) -> Vec<f64> {
        a.observations
            .iter()
            .filter_map(|above| {
                let below = b.observations.iter().find(|below| below.block == above.block)?;
                Some(self.of(above)?.ln() - self.of(below)?.ln())
            })
            .collect()
    }
}
