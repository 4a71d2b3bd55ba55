//! Which numbers of an observation stand for its cell.

use crate::batch::{ComparisonKind, Observation, SheetCell, steady_ns};
use crate::record::Estimate;

/// The two metrics of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// A batch in steady state: the median of an observation's warm batches, those apart that it is left to warm up in.
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

    /// The kind of comparison in which cells stand against the baseline at this metric.
    pub fn gain(self) -> ComparisonKind {
        match self {
            Self::Steady => ComparisonKind::Baseline,
            Self::OneOff => ComparisonKind::BaselineOneOff,
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
            Self::Steady => steady_ns(&observation.warm_ns)?,
            Self::OneOff => observation.one_off_ns() as f64,
        };
        (nanoseconds > 0.0).then_some(nanoseconds)
    }

    /// What the observations of a cell say, in their order.
    pub(crate) fn series(self, cell: &SheetCell) -> Vec<f64> {
        cell.observations.iter().filter_map(|observation| self.of(observation)).collect()
    }
}

/// A cell at one metric, block by block.
pub(super) struct Series<'a> {
    pub(super) cell: &'a SheetCell,
    pub(super) metric: Metric,
    /// The blocks, ascending, each with the logarithm of its time.
    logs: Vec<(u32, f64)>,
}

impl<'a> Series<'a> {
    /// That of a cell.
    pub(super) fn of(cell: &'a SheetCell, metric: Metric) -> Self {
        let log = |made: &Observation| Some((made.block, metric.of(made)?.ln()));
        let mut logs: Vec<(u32, f64)> = cell.observations.iter().filter_map(log).collect();
        logs.sort_by_key(|&(block, _)| block);
        Self { cell, metric, logs }
    }

    /// The blocks that hold both: what slowed the machine for a while slowed both.
    pub(super) fn paired(&self, with: &Self) -> Vec<Paired> {
        let mut others = with.logs.iter().peekable();
        let pair = |&(block, above): &(u32, f64)| {
            while others.next_if(|(other, _)| *other < block).is_some() {}
            others.next_if(|(other, _)| *other == block).map(|&(_, below)| Paired { block, above, below })
        };
        self.logs.iter().filter_map(pair).collect()
    }
}

/// The logarithms of several cells in the blocks that hold all of them, cell by cell.
pub(super) fn shared_logs(series: &[Series<'_>]) -> Vec<Vec<f64>> {
    let log = |one: &Series<'_>, block| {
        let place = one.logs.binary_search_by_key(&block, |&(block, _)| block).ok()?;
        Some(one.logs[place].1)
    };
    let blocks = series.first().into_iter().flat_map(|first| first.logs.iter().map(|&(block, _)| block));
    let of_all = |block| series.iter().map(|one| log(one, block)).collect::<Option<Vec<f64>>>();
    let by_block: Vec<Vec<f64>> = blocks.filter_map(of_all).collect();
    (0..series.len()).map(|cell| by_block.iter().map(|logs| logs[cell]).collect()).collect()
}

/// Two cells in one block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paired {
    /// Which.
    pub(super) block: u32,
    /// The logarithm of the time of the one above the line.
    pub(super) above: f64,
    /// That of the other.
    pub(super) below: f64,
}

impl Paired {
    /// The logarithm of their ratio.
    pub(super) fn log_ratio(&self) -> f64 {
        self.above - self.below
    }
}
