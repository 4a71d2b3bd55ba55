//! Percentiles under each load, and the rate at which latency gives way.

use concbench_text::figures;

use super::{
    Cell, FEWEST_FOR_P90, FEWEST_FOR_P99, Knee, Latency, LoadSummary, ModelLatency, Observation, OneIn,
    OpenLoad, capacity_per_s,
};
use crate::experiment::MeasuredOf;
use crate::record::{CellRecord, Counts, Status};

/// How many times the unloaded median the 99th percentile may be below the knee.
pub(super) const KNEE: f64 = 3.0;
/// The least share of the time that a load took in which a model that keeps up would have been done with it, below the
/// knee.
const KEEPS_UP: f64 = 0.95;
/// The share of tasks begun late from which on the generator counts as saturated. Latency counts from when a task was
/// due, so that what comes late is not hidden; but it is named.
const LATE: f64 = 0.1;
/// The share of the time in which a target computes from which on it is the target that limits.
const BUSY: f64 = 0.9;
/// The fewest tasks of a 99.9th percentile.
const FEWEST_FOR_P999: u64 = 1000;
/// The points of a curve: one task in so many.
const ONE_IN: [f64; 8] = [2.0, 5.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0];

type Load = CellRecord<Cell, Observation>;

/// What follows for each model of each workload, in the order of the cells.
pub(super) fn analyse(measured: &MeasuredOf<Latency>) -> Vec<ModelLatency> {
    let same = |left: &Load, right: &Load| left.factors.prefix() == right.factors.prefix();
    let of_model = measured.cells.chunk_by(same);
    of_model.map(|loads| model(loads, capacity_per_s(&measured.calibrations, &loads[0].factors))).collect()
}

fn model(loads: &[Load], capacity_per_s: Option<f64>) -> ModelLatency {
    let Cell { workload, model, workers, .. } = loads[0].factors.clone();
    let closed = loads.iter().find(|load| load.factors.share.is_none()).and_then(summarise);
    let mut open: Vec<&Load> = loads.iter().filter(|load| load.factors.share.is_some()).collect();
    let share = |load: &Load| load.factors.share.unwrap_or_default();
    open.sort_by(|left, right| share(left).total_cmp(&share(right)));
    let summarised: Vec<OpenLoad> = open
        .iter()
        .map(|load| OpenLoad { share: share(load), rate_per_s: rate(load), summary: summarise(load) })
        .collect();
    let (knee, refusal) = match knee(&open, &summarised) {
        Ok(knee) => (Some(knee), None),
        Err(refusal) => (None, Some(refusal)),
    };
    ModelLatency { workload, model, workers, capacity_per_s, closed, open: summarised, knee, refusal }
}

fn rate(load: &Load) -> Option<f64> {
    load.observations.first()?.responses.rate_per_s
}

fn summarise(load: &Load) -> Option<LoadSummary> {
    let mut latency = Counts::default();
    let mut of_blocks = Vec::new();
    for made in made(load) {
        let counts = made.latency.counts();
        of_blocks.push(p99_ns(&counts));
        latency.add(&counts);
    }
    let tasks = latency.len();
    if tasks == 0 || load.status != Status::Ok {
        return None;
    }
    let sum = |of: fn(&Observation) -> u64| made(load).map(|made| of(made) as f64).sum::<f64>();
    let quantile = |share: f64, fewest: u64| (tasks >= fewest).then(|| latency.quantile_ns(share) as f64);
    let (queued, late) = (sum(|made| made.queued) / tasks as f64, sum(|made| made.late) / tasks as f64);
    Some(LoadSummary {
        tasks,
        done_per_s: 1e9 * tasks as f64 / sum(|made| made.elapsed_ns).max(1.0),
        p50_ns: latency.quantile_ns(0.5) as f64,
        p90_ns: quantile(0.9, FEWEST_FOR_P90),
        p99_ns: p99_ns(&latency),
        p999_ns: quantile(0.999, FEWEST_FOR_P999),
        max_ns: latency.max_ns() as f64,
        p99_blocks_ns: extremes(&of_blocks),
        queued,
        late,
        curve: ONE_IN
            .into_iter()
            .filter(|&one_in| one_in <= tasks as f64)
            .map(|one_in| OneIn { tasks: one_in, ns: latency.quantile_ns(1.0 - 1.0 / one_in) as f64 })
            .collect(),
        saturated: if load.factors.share.is_some() { saturated(load, late) } else { Vec::new() },
    })
}

fn made(load: &Load) -> impl Iterator<Item = &Observation> {
    load.observations.iter().map(|made| &made.responses)
}

fn p99_ns(counts: &Counts) -> Option<f64> {
    (counts.len() >= FEWEST_FOR_P99).then(|| counts.quantile_ns(0.99) as f64)
}

/// The lowest and the highest of several, if all are known.
fn extremes(values: &[Option<f64>]) -> Option<(f64, f64)> {
    let known: Option<Vec<f64>> = values.iter().copied().collect();
    let known = known.filter(|known| known.len() > 1)?;
    Some((known.iter().copied().fold(f64::INFINITY, f64::min), known.iter().copied().fold(0.0, f64::max)))
}

/// What limits a load other than the model.
fn saturated(load: &Load, late: f64) -> Vec<String> {
    let mut found = Vec::new();
    if late > LATE {
        found.push(format!(
            "the generator is saturated: {} of the tasks began more than 2 ms after they were due, although something had \
             waited for their time",
            figures::percent(late)
        ));
    }
    let busy: Vec<f64> = made(load).filter_map(|made| made.target_busy).collect();
    let mean = busy.iter().sum::<f64>() / busy.len() as f64;
    if mean > BUSY {
        let mean = figures::percent(mean);
        found.push(format!("the target computed {mean} of the time: it limits, and not the model"));
    }
    found
}

/// The highest rate at which a model keeps up and its latency stays low, coming from the lowest.
fn knee(loads: &[&Load], found: &[OpenLoad]) -> Result<Knee, String> {
    let lowest = found.first().ok_or("it has no load")?.summary.as_ref();
    let Some(unloaded) = lowest.map(|summary| summary.p50_ns) else {
        let why = loads[0].reason.as_deref().unwrap_or("there are no tasks");
        return Err(format!("its lowest load was not measured: {why}"));
    };
    let mut below: Option<Knee> = None;
    for (load, open) in loads.iter().zip(found) {
        let (Some(summary), Some(rate_per_s)) = (&open.summary, open.rate_per_s) else {
            return Err("not every load was measured".to_owned());
        };
        match (gives_way(load, summary, rate_per_s, unloaded), below) {
            (None, _) => below = Some(Knee { rate_per_s, share: open.share, beyond: true }),
            (Some(_), Some(knee)) => return Ok(Knee { beyond: false, ..knee }),
            (Some(why), None) => {
                return Err(format!("already at {} of its capacity {why}", figures::percent(open.share)));
            }
        }
    }
    below.ok_or_else(|| "it has no load".to_owned())
}

/// Why a load is beyond the knee, if it is.
fn gives_way(load: &Load, summary: &LoadSummary, rate: f64, unloaded: f64) -> Option<String> {
    let Some(p99) = summary.p99_ns else {
        return Some(format!("there are only {} tasks, and a 99th percentile needs 100", summary.tasks));
    };
    if p99 > KNEE * unloaded {
        return Some(format!("the 99th percentile exceeds {KNEE} times the median"));
    }
    let slow = pace(load, rate, unloaded) < KEEPS_UP;
    slow.then(|| "tasks are done more slowly than they are due".to_owned())
}

/// The share of the time that a load took in which a model that keeps up would have been done with it: from when the
/// first task is due until the last is, and the unloaded latency for that last one.
///
/// Tasks done a second, held against tasks due a second, would count the latency of the last task as slowness, and a load
/// lasts a second or less. Two things are not told apart. At the lowest rate the unloaded latency is the median of the
/// same load, which holds half of a queue that grows, so that a shortfall is seen there from 10 % on and not from 5 %. And
/// where the last task alone is late by more than a twentieth of the load, that counts as slowness.
fn pace(load: &Load, rate: f64, unloaded: f64) -> f64 {
    let ideal = |made: &Observation| 1e9 * made.tasks.saturating_sub(1) as f64 / rate + unloaded;
    let took: f64 = made(load).map(|made| made.elapsed_ns as f64).sum();
    made(load).map(ideal).sum::<f64>() / took.max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Family;
    use crate::record::{ExperimentRecord, Factors, Histogram, Observed};

    const MS: u64 = 1_000_000;

    /// One block of a load: so many tasks of these latencies, done in this time.
    fn block(latencies: impl Iterator<Item = u64>, elapsed_ns: u64) -> Observation {
        let latency: Histogram = latencies.collect();
        let (tasks, target_busy) = (latency.counts().len(), Some(0.5));
        Observation { rate_per_s: None, tasks, elapsed_ns, queued: 0, late: 0, target_busy, latency }
    }

    fn cell(share: Option<f64>, rate_per_s: Option<f64>, seen: Vec<Observation>) -> Load {
        let factors = Cell {
            workload: "work".to_owned(),
            model: "rayon".to_owned(),
            family: Family::Pools,
            workers: 2,
            load: share.map_or("closed".to_owned(), |share| format!("{}%", 100.0 * share)),
            share,
        };
        let mut load = Load::planned(factors.id(), factors);
        for (block, made) in (0..).zip(seen) {
            let responses = Observation { rate_per_s, ..made };
            load.observe(Observed { block, position: 0, responses, usage: None, reason: None });
        }
        load
    }

    /// A load of `rate` tasks a second, 100 times the share of the capacity, whose slowest two of a hundred take `slow_ms`.
    /// The model keeps up: the last of them is due and then takes its 10 ms.
    fn load(share: f64, slow_ms: u64) -> Load {
        let rate = 100.0 * share;
        let tasks = (0..400).map(|task| if task % 50 == 0 { slow_ms * MS } else { 10 * MS });
        let elapsed_ns = (399e9 / rate) as u64 + 10 * MS;
        cell(Some(share), Some(rate), vec![block(tasks, elapsed_ns)])
    }

    /// About a second of load, 1,000 times the share a second, on a model whose tasks take 100 ms and which needs `slower`
    /// times as long for them as they are due: what has come in the meantime waits.
    fn second(share: f64, slower: f64) -> Load {
        let rate = 1000.0 * share;
        let took = |task: u64| 100 * MS + (1e9 * (slower - 1.0) * task as f64 / rate) as u64;
        let last = rate as u64 - 1;
        let elapsed_ns = (1e9 * last as f64 / rate) as u64 + took(last);
        cell(Some(share), Some(rate), vec![block((0..=last).map(took), elapsed_ns)])
    }

    fn found(open: Vec<Load>) -> ModelLatency {
        let closed = cell(None, None, vec![block((0..400).map(|_| 10 * MS), 4_000 * MS)]);
        let cells = std::iter::once(closed).chain(open).collect();
        let measured = ExperimentRecord { setup: (), calibrations: Default::default(), cells, findings: () };
        let mut found = analyse(&measured);
        assert_eq!(found.len(), 1);
        found.remove(0)
    }

    fn summary(load: &OpenLoad) -> &LoadSummary {
        load.summary.as_ref().unwrap()
    }

    fn about(found: f64, expected: f64) -> bool {
        (found / expected - 1.0).abs() <= 0.01
    }

    #[test]
    fn the_knee_is_the_last_load_before_latency_gives_way() {
        let loads = vec![load(0.2, 12), load(0.5, 20), load(0.75, 29), load(0.9, 31), load(1.2, 11)];
        let knee = found(loads).knee.unwrap();
        assert_eq!((knee.rate_per_s, knee.share, knee.beyond), (75.0, 0.75, false));
        let knee = found(vec![load(0.2, 12), load(0.5, 20)]).knee.unwrap();
        assert!(knee.beyond, "the highest load was served");
    }

    #[test]
    fn a_load_that_is_done_more_slowly_than_it_is_due_is_beyond_the_knee() {
        let mut slow = load(0.5, 10);
        let elapsed_ns = &mut slow.observations[0].responses.elapsed_ns;
        *elapsed_ns = *elapsed_ns * 11 / 10;
        let knee = found(vec![load(0.2, 10), slow]).knee.unwrap();
        assert_eq!((knee.share, knee.beyond), (0.2, false));
    }

    #[test]
    fn the_latency_of_the_last_task_is_no_slowness() {
        let served = found(vec![second(0.2, 1.0), second(0.5, 1.0), second(0.9, 1.03)]);
        let done_per_s = summary(&served.open[1]).done_per_s;
        assert!(done_per_s < 0.95 * 500.0, "each load ends 100 ms after its last task was due");
        assert!(served.knee.unwrap().beyond, "{:?}", served.knee);
        let knee = found(vec![second(0.2, 1.0), second(0.5, 1.1), second(0.9, 1.1)]).knee.unwrap();
        assert_eq!((knee.share, knee.beyond), (0.2, false));
    }

    #[test]
    fn at_the_lowest_load_a_shortfall_shows_from_a_tenth_on() {
        let refusal = |slower| found(vec![second(0.2, slower)]).refusal;
        assert_eq!(refusal(1.08), None, "the median that is taken for unloaded holds half of the queue");
        assert!(refusal(1.2).is_some_and(|why| why.contains("more slowly than they are due")));
    }

    #[test]
    fn without_a_load_that_is_served_there_is_no_knee() {
        let refusal = |open| {
            let found = found(open);
            assert_eq!(found.knee, None);
            found.refusal.unwrap()
        };
        assert!(refusal(vec![load(0.2, 90), load(0.5, 90)]).contains("at 20 % of its capacity"));
        let few = cell(Some(0.2), Some(20.0), vec![block((0..99).map(|_| MS), 1_000 * MS)]);
        assert!(refusal(vec![few]).contains("99 tasks"));
        let unmeasured = || cell(Some(0.5), None, Vec::new());
        assert!(refusal(vec![load(0.2, 9), unmeasured()]).contains("every"));
        assert!(refusal(vec![unmeasured(), load(0.9, 9)]).contains("the run ended before"));
        assert_eq!(refusal(Vec::new()), "it has no load");
    }

    #[test]
    fn percentiles_are_those_of_all_rounds_and_need_enough_tasks() {
        let first = load(0.5, 40).observations.remove(0).responses;
        let second = block((0..200).map(|_| 20 * MS), 4_000 * MS);
        let found = found(vec![cell(Some(0.5), Some(50.0), vec![first, second])]);
        let summary = summary(&found.open[0]);
        assert_eq!((summary.tasks, summary.p999_ns), (600, None));
        assert!(about(summary.done_per_s, 50.0), "{summary:?}");
        assert!(about(summary.p50_ns, 10e6) && about(summary.p99_ns.unwrap(), 40e6), "{summary:?}");
        let (low, high) = summary.p99_blocks_ns.unwrap();
        assert!(about(low, 20e6) && about(high, 40e6), "{summary:?}");
        assert!(summary.curve.windows(2).all(|pair| pair[0].ns <= pair[1].ns));
    }

    #[test]
    fn a_generator_or_a_target_that_limits_is_named() {
        let mut late = load(0.5, 10);
        late.observations[0].responses.late = 60;
        let mut busy = load(0.75, 10);
        busy.observations[0].responses.target_busy = Some(0.97);
        let found = found(vec![load(0.2, 10), late, busy]);
        let remarks = |place: usize| summary(&found.open[place]).saturated.join("; ");
        assert_eq!(remarks(0), "");
        assert!(remarks(1).contains("generator is saturated: 15 %"), "{}", remarks(1));
        assert!(remarks(2).contains("target computed 97 %"), "{}", remarks(2));
        assert_eq!(found.closed.unwrap().saturated, Vec::<String>::new());
    }
}
