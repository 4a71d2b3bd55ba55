//! What a choice of workers comes to under each limit.

use std::collections::BTreeMap;

use concbench_stats::Estimate;

use super::{Cell, Choice, Computed, Observation, Ratio, Sizing, Throttling};
use crate::batch::analyse::CONFIDENCE;
use crate::record::{CellRecord, Status};

type Point = CellRecord<Cell, Observation>;

/// What follows for each cell that was measured, in their order.
pub(super) fn analyse(cells: &[Point]) -> Vec<Choice> {
    cells.iter().filter(|cell| cell.status == Status::Ok).filter_map(|cell| choice(cells, cell)).collect()
}

/// A figure in each round that has it.
fn series(point: &Point, figure: impl Fn(&Computed) -> Option<f64>) -> BTreeMap<u32, f64> {
    let known = point.observations.iter().filter_map(|made| match &made.responses {
        Observation::Run(ran) => Some((made.block, figure(ran)?)),
        _ => None,
    });
    known.filter(|(_, value)| value.is_finite()).collect()
}

fn median(values: BTreeMap<u32, f64>) -> Option<f64> {
    Some(Estimate::of(&values.into_values().collect::<Vec<f64>>(), CONFIDENCE)?.median)
}

fn choice(cells: &[Point], cell: &Point) -> Option<Choice> {
    let Cell { limit, cores, quota, sizer, sizing, .. } = cell.factors.clone();
    let fits = |other: &&Point| {
        let of = &other.factors;
        of.sizing == Sizing::Fitting && of.limit == limit && of.sizer == sizer
    };
    let fitting = cells.iter().find(fits).filter(|_| sizing != Sizing::Fitting);
    let rate = |ran: &Computed| Some(ran.done_per_s());
    let of_first = cell.observations.iter().find_map(|made| match &made.responses {
        Observation::Run(ran) => Some(ran.workers),
        _ => None,
    });
    Some(Choice {
        workers: of_first?,
        fitting: cell.factors.limit().fitting(),
        done_per_s: median(series(cell, rate))?,
        rate: fitting.and_then(|fitting| ratio(series(cell, rate), &series(fitting, rate))),
        p99: fitting
            .and_then(|fitting| ratio(series(cell, Computed::p99_ns), &series(fitting, Computed::p99_ns))),
        throttled_share: median(series(cell, |ran| ran.throttled.and_then(Throttling::share))),
        throttled_time: median(series(cell, Computed::throttled_time)),
        task_cpu_ns: median(series(cell, Computed::task_cpu_ns)),
        limit,
        cores,
        quota,
        sizer,
        sizing,
    })
}

/// The ratio of two figures, by the rounds that both have.
fn ratio(above: BTreeMap<u32, f64>, below: &BTreeMap<u32, f64>) -> Option<Ratio> {
    let of_round =
        |(round, value): (u32, f64)| Some(value / below.get(&round).filter(|below| **below > 0.0)?);
    let ratios: Vec<f64> = above.into_iter().filter_map(of_round).collect();
    let found = Estimate::of(&ratios, CONFIDENCE)?;
    Some(Ratio { ratio: found.median, low: found.low, high: found.high, confidence: found.confidence })
}
