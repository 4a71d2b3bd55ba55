//! What each model sustains, percentiles under each load, and what limits them other than the model.

use concbench_stats::{FEWEST_FOR_P99, median, sorted, upper_rank};
use concbench_text::figures;

use super::findings::{LoadSummary, ModelLatency, OpenLoad};
use super::knee::knee;
use super::observe::MOST_LATE;
use super::schedule::Spacing;
use super::{Cell, FEWEST_FOR_P90, Latency, Observation, plan};
use crate::batch::analyse::CONFIDENCE;
use crate::experiment::MeasuredOf;
use crate::record::{CellRecord, Counts, Status};
use crate::runner::BUSY;

type Load = CellRecord<Cell, Observation>;

/// What follows for each model of each workload, in the order of the cells.
pub(super) fn analyse(measured: &MeasuredOf<Latency>) -> Vec<ModelLatency> {
    let same = |left: &Load, right: &Load| left.factors.prefix() == right.factors.prefix();
    let of_model = measured.cells.chunk_by(same);
    of_model.map(|loads| model(loads, measured.calibrations.get(&loads[0].factors.capacity()))).collect()
}

fn model(loads: &[Load], search: Option<&Observation>) -> ModelLatency {
    let Cell { workload, model, workers, .. } = loads[0].factors.clone();
    let is_open = |load: &&Load| load.factors.share.is_some() || load.factors.rate_per_s.is_some();
    let closed = loads.iter().find(|load| !is_open(load)).and_then(summarise);
    let open = loads.iter().filter(is_open).map(|load| OpenLoad {
        load: load.factors.load.clone(),
        spacing: load.factors.spacing(),
        share: load.factors.share,
        rate_per_s: rate(load),
        summary: summarise(load),
    });
    // The search failed with its cells: their reason is that of the model.
    let (sustained_per_s, unknown) = match search.map(plan::sustained) {
        Some(Ok(sustained)) => (Some(sustained), None),
        Some(Err(why)) => (None, Some(why)),
        None => (None, loads[0].reason.clone()),
    };
    let limited = unknown.or_else(|| busy_target(search.and_then(|search| search.target_busy)));
    let mut constant: Vec<&Load> = loads
        .iter()
        .filter(|load| load.factors.share.is_some() && load.factors.spacing() == Spacing::Constant)
        .collect();
    let share = |load: &Load| load.factors.share.unwrap_or_default();
    constant.sort_by(|left, right| share(left).total_cmp(&share(right)));
    let (knee, refusal) = match knee(&constant) {
        Ok(knee) => (Some(knee), None),
        Err(refusal) => (None, Some(refusal)),
    };
    ModelLatency {
        workload,
        model,
        workers,
        sustained_per_s,
        limited,
        idle_cpu: search.and_then(|search| search.idle_cpu),
        closed,
        open: open.collect(),
        knee,
        refusal,
    }
}

fn rate(load: &Load) -> Option<f64> {
    load.observations.first()?.responses.rate_per_s
}

fn summarise(load: &Load) -> Option<LoadSummary> {
    if load.status != Status::Ok {
        return None;
    }
    let made: Vec<&Observation> = load.observations.iter().map(|made| &made.responses).collect();
    let mut latency = Counts::default();
    made.iter().for_each(|made| latency.add(&made.latency.counts()));
    let tasks = latency.len();
    let sum = |of: fn(&Observation) -> u64| made.iter().map(|made| of(made) as f64).sum::<f64>();
    let share = |of: fn(&Observation) -> u64| sum(of) / tasks.max(1) as f64;
    let bound = upper_rank(tasks, 0.99, CONFIDENCE);
    let middle = |values: Vec<f64>| median(&sorted(&values));
    let cpu: Option<f64> = made.iter().map(|made| made.cpu_ns.map(|cpu| cpu as f64)).sum();
    let late = share(|made| made.late);
    let target_busy = middle(made.iter().filter_map(|made| made.target_busy).collect());
    let late_p99 = made.iter().filter_map(|made| made.late_p99_ns).max();
    Some(LoadSummary {
        tasks,
        done_per_s: middle(made.iter().map(|made| made.done_per_s).collect())?,
        p50_ns: latency.quantile_ns(0.5) as f64,
        p90_ns: latency.quantile_of(FEWEST_FOR_P90, 0.9),
        p99_ns: latency.quantile_of(FEWEST_FOR_P99, 0.99),
        p99_bound_ns: bound.map(|rank| latency.quantile_ns(rank as f64 / tasks as f64) as f64),
        max_ns: latency.max_ns() as f64,
        task_cpu_ns: cpu.map(|cpu| cpu / tasks.max(1) as f64),
        queued: share(|made| made.queued),
        late,
        late_p99_ns: late_p99.map(|late| late as f64),
        target_busy,
        remarks: late_dispatcher(late).into_iter().chain(busy_target(target_busy)).collect(),
    })
}

fn late_dispatcher(late: f64) -> Option<String> {
    (late > MOST_LATE).then(|| {
        format!(
            "this is another load than it says: the dispatcher gave {} of the tasks away more than 1 ms late",
            figures::percent(late)
        )
    })
}

fn busy_target(busy: Option<f64>) -> Option<String> {
    let busy = busy.filter(|&busy| busy > BUSY)?;
    Some(format!("the target computed {} of the time: it limits, and not the model", figures::percent(busy)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::latency::capacity::Capacity;
    use crate::model::Family;
    use crate::record::{ExperimentRecord, Factors, Histogram, Observed};

    fn cell(load: &str, share: Option<f64>, seen: Vec<Observation>) -> Load {
        let factors = Cell {
            workload: "asks".to_owned(),
            model: "rayon".to_owned(),
            family: Family::Pools,
            workers: 2,
            load: load.to_owned(),
            share,
            rate_per_s: None,
        };
        let mut load = Load::planned(factors.id(), factors);
        for (block, responses) in (0..).zip(seen) {
            load.observe(Observed { block, position: 0, responses, usage: None, reason: None });
        }
        load
    }

    /// A round of so many tasks, all of this latency.
    fn round(tasks: u64, latency_ns: u64) -> Observation {
        let latency: Histogram = (0..tasks).map(|_| latency_ns).collect();
        let (rate_per_s, elapsed_ns) = (Some(100.0), 1_000_000_000);
        Observation { rate_per_s, tasks, elapsed_ns, done_per_s: 100.0, latency, ..Observation::default() }
    }

    fn found(search: Observation, loads: Vec<Load>) -> ModelLatency {
        let calibrations = [("latency/asks/rayon@2/capacity".to_owned(), search)].into();
        let mut found = analyse(&ExperimentRecord { setup: (), calibrations, cells: loads, findings: () });
        assert_eq!(found.len(), 1);
        found.remove(0)
    }

    fn searched(sustained_per_s: Option<f64>, reason: Option<&str>) -> Observation {
        let capacity = Capacity { sustained_per_s, reason: reason.map(str::to_owned), probes: Vec::new() };
        Observation { capacity: Some(capacity), idle_cpu: Some(0.01), ..Observation::default() }
    }

    #[test]
    fn percentiles_are_those_of_all_rounds_and_need_enough_tasks() {
        let rounds = vec![round(100, 10_000_000), round(100, 10_000_000), round(98, 20_000_000)];
        let few = found(searched(Some(200.0), None), vec![cell("50%", Some(0.5), rounds.clone())]);
        let summary = few.open[0].summary.as_ref().unwrap();
        assert_eq!((summary.tasks, summary.p99_ns, summary.p99_bound_ns), (298, None, None));
        let mut rounds = rounds;
        rounds[2] = round(99, 20_000_000);
        let enough = found(searched(Some(200.0), None), vec![cell("50%", Some(0.5), rounds)]);
        let summary = enough.open[0].summary.as_ref().unwrap();
        let about = |found: Option<f64>, expected: f64| (found.unwrap() / expected - 1.0).abs() <= 0.01;
        assert!(about(summary.p99_ns, 20e6) && about(summary.p99_bound_ns, 20e6), "{summary:?}");
        assert!(about(Some(summary.p50_ns), 10e6));
        assert_eq!((enough.sustained_per_s, enough.idle_cpu), (Some(200.0), Some(0.01)));
    }

    #[test]
    fn a_dispatcher_that_is_late_or_a_target_that_limits_is_named() {
        let mut late = round(400, 10_000_000);
        late.late = 60;
        let mut busy = round(400, 10_000_000);
        busy.target_busy = Some(0.75);
        let loads = vec![
            cell("25%", Some(0.25), vec![round(400, 10_000_000)]),
            cell("50%", Some(0.5), vec![late]),
            cell("75%", Some(0.75), vec![busy]),
        ];
        let found = found(searched(Some(200.0), None), loads);
        let remarks = |place: usize| found.open[place].summary.as_ref().unwrap().remarks.join("; ");
        assert_eq!(remarks(0), "");
        assert!(remarks(1).contains("another load than it says") && remarks(1).contains("15 %"));
        assert!(remarks(2).contains("target computed 75 %"), "{}", remarks(2));
    }

    #[test]
    fn what_limits_the_search_is_said_beside_what_was_found() {
        let mut search = searched(Some(200.0), None);
        search.target_busy = Some(0.9);
        let limited = found(search, vec![cell("closed", None, Vec::new())]);
        assert!(limited.limited.is_some_and(|why| why.contains("target computed 90 %")));
        let none = found(searched(None, Some("none is sustained")), vec![cell("closed", None, Vec::new())]);
        assert_eq!((none.sustained_per_s, none.limited.as_deref()), (None, Some("none is sustained")));
    }
}
