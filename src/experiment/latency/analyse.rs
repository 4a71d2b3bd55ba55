//! Latency under an open load: percentiles, and the rate at which they give way.

use crate::record::{
    Histogram, Knee, LatencyCell, LoadObservation, LoadRecord, LoadSummary, OneIn, Run, Status,
};

/// How many times the unloaded median the 99th percentile may be below the knee.
pub const KNEE: f64 = 3.0;
/// The least share of the time that a load took in which a model that keeps up would have been done with it, below the
/// knee.
pub const KEEPS_UP: f64 = 0.95;
/// The share of tasks begun late from which on the generator counts as saturated. Latency counts from when a task was
/// due, so that what comes late is not hidden; but it is named.
pub const LATE: f64 = 0.1;
/// The share of the time in which a target computes from which on it is the target that limits.
pub const BUSY: f64 = 0.9;
/// The points of a curve: one task in so many.
const ONE_IN: [f64; 8] = [2.0, 5.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0];

/// Fills in what follows from the observations of a latency sweep, if a record has one.
pub(super) fn complete(run: &mut Run) {
    for cell in run.latency.iter_mut().flat_map(|latency| &mut latency.cells) {
        cell.closed.summary = summarise(&cell.closed);
        for load in &mut cell.open {
            load.summary = summarise(load);
        }
        (cell.knee, cell.refusal) = match knee(cell) {
            Ok(knee) => (Some(knee), None),
            Err(refusal) => (None, Some(refusal)),
        };
    }
}

fn summarise(load: &LoadRecord) -> Option<LoadSummary> {
    let mut latency = Histogram::new();
    load.observations.iter().for_each(|made| latency.add(&made.latency));
    let tasks = latency.len();
    if tasks == 0 {
        return None;
    }
    let sum =
        |of: fn(&LoadObservation) -> u64| load.observations.iter().map(|made| of(made) as f64).sum::<f64>();
    let quantile = |share: f64, fewest: u64| (tasks >= fewest).then(|| latency.quantile_ns(share) as f64);
    let (queued, late) = (sum(|made| made.queued) / tasks as f64, sum(|made| made.late) / tasks as f64);
    Some(LoadSummary {
        tasks,
        done_per_s: 1e9 * tasks as f64 / sum(|made| made.elapsed_ns).max(1.0),
        p50_ns: latency.quantile_ns(0.5) as f64,
        p90_ns: quantile(0.9, 20),
        p99_ns: quantile(0.99, 100),
        p999_ns: quantile(0.999, 1000),
        max_ns: latency.max_ns() as f64,
        p99_rounds_ns: rounds(load),
        queued,
        late,
        curve: ONE_IN
            .into_iter()
            .filter(|&one_in| one_in <= tasks as f64)
            .map(|one_in| OneIn { tasks: one_in, ns: latency.quantile_ns(1.0 - 1.0 / one_in) as f64 })
            .collect(),
        saturated: if load.share.is_some() { saturated(load, late) } else { Vec::new() },
    })
}

/// The lowest and the highest 99th percentile of a single round.
fn rounds(load: &LoadRecord) -> Option<(f64, f64)> {
    let of = |made: &LoadObservation| (made.tasks >= 100).then(|| made.latency.quantile_ns(0.99) as f64);
    let each: Option<Vec<f64>> = load.observations.iter().map(of).collect();
    let each = each.filter(|each| each.len() > 1)?;
    Some((each.iter().copied().fold(f64::INFINITY, f64::min), each.iter().copied().fold(0.0, f64::max)))
}

/// What limits a load other than the model.
fn saturated(load: &LoadRecord, late: f64) -> Vec<String> {
    let percent = super::wording::percent;
    let mut found = Vec::new();
    if late > LATE {
        found.push(format!(
            "the generator is saturated: {} of the tasks began more than 2 ms after they were due, although something had \
             waited for their time",
            percent(late)
        ));
    }
    let busy: Vec<f64> = load.observations.iter().filter_map(|made| made.target_busy).collect();
    let mean = busy.iter().sum::<f64>() / busy.len() as f64;
    if mean > BUSY {
        found
            .push(format!("the target computed {} of the time: it limits, and not the model", percent(mean)));
    }
    found
}

/// The highest rate at which a cell keeps up and its latency stays low, coming from the lowest.
fn knee(cell: &LatencyCell) -> Result<Knee, String> {
    if cell.status != Status::Ok {
        return Err(cell.reason.clone().unwrap_or_else(|| "it was not measured".to_owned()));
    }
    let lowest = cell.open.first().and_then(|load| load.summary.as_ref());
    let unloaded = lowest.ok_or("its lowest load was not measured")?.p50_ns;
    let mut below: Option<Knee> = None;
    for load in &cell.open {
        let (Some(summary), Some(rate_per_s), Some(share)) = (&load.summary, load.rate_per_s, load.share)
        else {
            return Err("not every load was measured".to_owned());
        };
        match (gives_way(load, summary, rate_per_s, unloaded), below) {
            (None, _) => below = Some(Knee { rate_per_s, share, beyond: true }),
            (Some(_), Some(knee)) => return Ok(Knee { beyond: false, ..knee }),
            (Some(why), None) => {
                return Err(format!("already at {} of its capacity {why}", super::wording::percent(share)));
            }
        }
    }
    below.ok_or_else(|| "it has no load".to_owned())
}

/// Why a load is beyond the knee, if it is.
fn gives_way(load: &LoadRecord, summary: &LoadSummary, rate: f64, unloaded: f64) -> Option<String> {
    let Some(p99) = summary.p99_ns else {
        return Some(format!("there are only {} tasks, and a 99th percentile needs 100", summary.tasks));
    };
    if p99 > KNEE * unloaded {
        return Some(format!("the 99th percentile exceeds {KNEE} times the median"));
    }
    let slow = pace(&load.observations, rate, unloaded) < KEEPS_UP;
    slow.then(|| "tasks are done more slowly than they are due".to_owned())
}

/// The share of the time that a load took in which a model that keeps up would have been done with it: from when the
/// first task is due until the last is, and the unloaded latency for that last one.
///
/// Tasks done a second, held against tasks due a second, would count the latency of the last task as slowness, and a load
/// lasts a second or less. Two things are not told apart. At the lowest rate the unloaded latency is the median of the
/// same load, which holds half of a queue that grows, so that a shortfall is seen there from 10 % on and not from 5 %. And
/// where the last task alone is late by more than a twentieth of the load, that counts as slowness.
fn pace(rounds: &[LoadObservation], rate: f64, unloaded: f64) -> f64 {
    let ideal = |made: &LoadObservation| 1e9 * made.tasks.saturating_sub(1) as f64 / rate + unloaded;
    let took: f64 = rounds.iter().map(|made| made.elapsed_ns as f64).sum();
    rounds.iter().map(ideal).sum::<f64>() / took.max(1.0)
}
