//! Which loads are put on which models, and in which order.

use std::time::Duration;

use concbench_workloads::Kernel;

use super::{Cell, Latency, MOST_ROUNDS, Observation, Order};
use crate::batch::work_of;
use crate::experiment::{Ask, Block, Scope, Seen, Subject, Trial};
use crate::record::{Failure, Status};
use crate::spec::CellSpec;
use crate::time::nanoseconds;

/// The loads as shares of what a model sustains, from where tasks meet nobody to where they wait for each other.
const SHARES: [f64; 5] = [0.25, 0.5, 0.75, 0.9, 0.95];
const QUICK_SHARES: [f64; 2] = [0.5, 0.9];
/// Those at which tasks come as chance has it, too.
const POISSON: [f64; 2] = [0.5, 0.9];
const QUICK_POISSON: [f64; 1] = [0.5];
/// The rates that are the same for all models, in tasks a second.
const RATES: [f64; 2] = [80.0, 800.0];
const QUICK_RATES: [f64; 1] = [800.0];
/// How many tasks a load has, all rounds together, unless that takes longer than this.
const TASKS: f64 = 2_000.0;
const LASTS: Duration = Duration::from_secs(4);
const QUICK_TASKS: f64 = 300.0;
const QUICK_LASTS: Duration = Duration::from_secs(2);
/// The fewest tasks of a load in one round, so that all rounds together bound a 99th percentile; those of a rate that is the
/// same for all.
const FEWEST: f64 = 100.0;
/// The most tasks of a load in one round.
const MOST: f64 = 16_384.0;
/// How long a share of what a model sustains is put on it in one round, at least: of a shorter load the start is what would
/// be measured.
const AT_LEAST: Duration = Duration::from_millis(250);
const QUICK_AT_LEAST: Duration = Duration::from_millis(100);
/// The share of what a model sustains up to which a rate is put on it: beyond, the queue is what would be measured.
const BEARABLE: f64 = 0.95;
/// How long a closed load lasts.
const CLOSED: Duration = Duration::from_millis(300);
const QUICK_CLOSED: Duration = Duration::from_millis(200);
/// How long an observation takes beside its load.
const START: Duration = Duration::from_millis(100);
/// How many rates are tried to find the one that is sustained, about, and how long each lasts.
const PROBES: u32 = 13;
const PROBED: Duration = Duration::from_millis(300);
/// How much longer than planned a load may take.
const PATIENCE: u32 = 10;
/// How long it may take to find what a model sustains.
const SEARCH: Duration = Duration::from_secs(60);
/// What a pool of threads and coroutines sustains on two cores, about: for plans, before anything was measured.
const ABOUT_PER_S: f64 = 4_000.0;

/// What is planned of a load.
struct Level {
    load: String,
    share: Option<f64>,
    rate_per_s: Option<f64>,
}

fn levels(quick: bool) -> Vec<Level> {
    let (shares, poisson, rates): (&[f64], &[f64], &[f64]) = match quick {
        true => (&QUICK_SHARES, &QUICK_POISSON, &QUICK_RATES),
        false => (&SHARES, &POISSON, &RATES),
    };
    let percent = |share: &f64| format!("{:.0}%", 100.0 * share);
    let share = |share: &f64| Level { load: percent(share), share: Some(*share), rate_per_s: None };
    let chance = |share: &f64| Level {
        load: format!("poisson-{}", percent(share)),
        share: Some(*share),
        rate_per_s: None,
    };
    let rate = |rate: &f64| Level { load: format!("{rate:.0}/s"), share: None, rate_per_s: Some(*rate) };
    let closed = Level { load: "closed".to_owned(), share: None, rate_per_s: None };
    let shares = shares.iter().map(share).chain(poisson.iter().map(chance));
    std::iter::once(closed).chain(shares).chain(rates.iter().map(rate)).collect()
}

/// Each load on each ranked cell whose tasks ask a server; of several numbers of workers on the largest, since fewer would
/// show the waiting for a worker and nothing else.
pub(super) fn cells(scope: &Scope) -> Vec<Cell> {
    let asks = |cell: &&CellSpec| {
        let kernel = scope.spec.workload_of(cell).definition.kernel.as_ref();
        let wider = |other: &CellSpec| {
            other.workload == cell.workload && other.model.id == cell.model.id && other.workers > cell.workers
        };
        let widest = !scope.spec.cells.iter().any(|other| is_candidate(other) && wider(other));
        is_candidate(cell) && widest && matches!(kernel, Some(Kernel::Http(_)))
    };
    let load = |cell: &CellSpec, level: Level| Cell {
        workload: scope.spec.workload_of(cell).definition.name.clone(),
        model: cell.model.id.to_owned(),
        family: cell.model.family,
        workers: cell.workers,
        load: level.load,
        share: level.share,
        rate_per_s: level.rate_per_s,
    };
    let asking = scope.spec.cells.iter().filter(asks);
    let loads = |cell| levels(scope.is_quick()).into_iter().map(move |level| load(cell, level));
    asking.flat_map(loads).collect()
}

fn is_candidate(cell: &CellSpec) -> bool {
    cell.ranked && !cell.twin
}

/// About how long all loads take, if models sustain what the waiting of their tasks allows.
pub(super) fn estimate(scope: &Scope, cells: &[Cell]) -> Duration {
    let rounds = rounds(scope);
    let mut known: Vec<String> = Vec::new();
    let mut lasts = |cell: &Cell| {
        let Some(spec) = scope.cell(&cell.ranked()) else { return Duration::ZERO };
        let wait = Duration::from_nanos(scope.spec.workload_of(spec).wait_ns()).as_secs_f64();
        let sustains = ABOUT_PER_S.min(spec.concurrency as f64 / wait.max(1e-6));
        let search = match known.contains(&cell.prefix()) {
            true => Duration::ZERO,
            false => {
                known.push(cell.prefix());
                START + PROBES * PROBED.max(Duration::from_secs_f64(FEWEST / sustains))
            }
        };
        let open = |rate: f64| START + Duration::from_secs_f64(tasks(scope, rate) as f64 / rate);
        let load = match (cell.share, cell.rate_per_s) {
            (Some(share), _) => open(share * sustains),
            (_, Some(rate)) if rate > BEARABLE * sustains => Duration::ZERO,
            (_, Some(rate)) => START + Duration::from_secs_f64(FEWEST / rate),
            (None, None) => START + closed(scope),
        };
        search + load * rounds
    };
    cells.iter().map(&mut lasts).sum()
}

/// What each model sustains; and once that is known, each load once a round, all in random order.
pub(super) fn next(scope: &Scope, seen: &Seen<Latency>) -> Vec<Block<Order>> {
    match Block::of_calibrations(capacities(scope, seen)) {
        none if none.is_empty() => seen.blocks(scope, |cell| load(scope, seen, cell)),
        searches => searches,
    }
}

/// The searches that are still to come, one for each model.
fn capacities(scope: &Scope, seen: &Seen<Latency>) -> Vec<Trial<Order>> {
    let mut trials: Vec<Trial<Order>> = Vec::new();
    let mut known: Vec<String> = Vec::new();
    for (_, cell) in seen.open() {
        let name = cell.factors.capacity();
        if known.contains(&name) || seen.calibrations.contains_key(&name) {
            continue;
        }
        let Some(spec) = scope.cell(&cell.factors.ranked()) else { continue };
        let of_model = seen.open().filter(|(_, other)| other.factors.capacity() == name);
        let cells: Vec<usize> = of_model.map(|(number, _)| number).collect();
        let deadline = scope.settings.deadline.max(SEARCH);
        let ask = Ask { order: Order::Capacity, work: Some(work_of(&scope.spec, spec)), deadline };
        known.push(name.clone());
        trials.push(Trial { subject: Subject::Calibration { name, cells }, ask: Ok(ask), padding: 0 });
    }
    trials
}

/// What a model sustains, in tasks a second; or why that is not known.
pub(super) fn sustained(found: &Observation) -> Result<f64, String> {
    let capacity = found.capacity.as_ref().ok_or("it was not looked for")?;
    let unknown = || capacity.reason.clone().unwrap_or_else(|| "no reason was recorded".to_owned());
    capacity.sustained_per_s.ok_or_else(unknown)
}

fn load(scope: &Scope, seen: &Seen<Latency>, cell: &Cell) -> Option<Result<Ask<Order>, Failure>> {
    let (spec, found) = (scope.cell(&cell.ranked())?, seen.calibrations.get(&cell.capacity())?);
    if let (None, None) = (cell.share, cell.rate_per_s) {
        let order = Order::Closed { at_least_ns: nanoseconds(closed(scope)) };
        return Some(Ok(ask(scope, spec, order, closed(scope))));
    }
    let sustained = match sustained(found) {
        Ok(sustained) => sustained,
        Err(why) => {
            let why = format!("it is not known which rate it sustains: {why}");
            return Some(Err(Failure::new(Status::Skipped, why)));
        }
    };
    let rate_per_s = match (cell.share, cell.rate_per_s) {
        (Some(share), _) => share * sustained,
        (_, Some(rate)) if rate > BEARABLE * sustained => {
            let why = format!("it sustains {sustained:.0} tasks a second, and {rate:.0} would be due");
            return Some(Err(Failure::new(Status::Unsupported, why)));
        }
        (_, rate) => rate?,
    };
    let tasks = if cell.rate_per_s.is_some() { FEWEST as u64 } else { tasks(scope, rate_per_s) };
    let order = Order::Open { tasks, rate_per_s, spacing: cell.spacing(), seed: scope.settings.seed };
    Some(Ok(ask(scope, spec, order, Duration::from_secs_f64(tasks as f64 / rate_per_s))))
}

fn ask(scope: &Scope, spec: &CellSpec, order: Order, planned: Duration) -> Ask<Order> {
    let deadline = scope.settings.deadline.max(planned * PATIENCE);
    Ask { order, work: Some(work_of(&scope.spec, spec)), deadline }
}

fn rounds(scope: &Scope) -> u32 {
    scope.settings.blocks.clamp(1, MOST_ROUNDS)
}

fn closed(scope: &Scope) -> Duration {
    if scope.is_quick() { QUICK_CLOSED } else { CLOSED }
}

/// How many tasks a load at this rate has in a round.
fn tasks(scope: &Scope, rate_per_s: f64) -> u64 {
    let (most, lasts, at_least) = match scope.is_quick() {
        true => (QUICK_TASKS, QUICK_LASTS, QUICK_AT_LEAST),
        false => (TASKS, LASTS, AT_LEAST),
    };
    let all = (rate_per_s * lasts.as_secs_f64()).min(most);
    let of_round = (all / f64::from(rounds(scope))).max(rate_per_s * at_least.as_secs_f64());
    of_round.clamp(FEWEST, MOST).ceil() as u64
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::Value;

    use super::*;
    use crate::experiment::Experiment;
    use crate::experiment::conduct::mock::{MockLauncher, broken};
    use crate::experiment::latency::capacity::Capacity;
    use crate::experiment::rehearsal::{self, rehearse};
    use crate::models::{BuiltIn, Catalogue};
    use crate::record::{Histogram, Mode, RawExperiment};
    use crate::spec::default_definitions;

    fn scope(mode: Mode) -> Scope {
        let mut scope = rehearsal::scope(default_definitions(), 2, false, 7);
        scope.settings.mode = mode;
        scope
    }

    /// What a runner answers whose model sustains so many tasks a second.
    fn answer(order: &Order, sustained: Option<f64>) -> Value {
        let (rate_per_s, tasks) = match *order {
            Order::Open { tasks, rate_per_s, .. } => (Some(rate_per_s), tasks),
            Order::Capacity | Order::Closed { .. } => (None, 100),
        };
        let capacity = matches!(order, Order::Capacity).then(|| Capacity {
            sustained_per_s: sustained,
            reason: sustained.is_none().then(|| "nothing is sustained".to_owned()),
            probes: Vec::new(),
        });
        let latency: Histogram = (0..tasks).map(|_| 10_000_000).collect();
        let elapsed_ns = 1_000_000_000;
        let done_per_s = rate_per_s.unwrap_or(100.0);
        let observation = Observation {
            rate_per_s,
            tasks,
            elapsed_ns,
            done_per_s,
            capacity,
            latency,
            ..Observation::default()
        };
        serde_json::to_value(observation).unwrap()
    }

    type Asked = Vec<(String, Order)>;

    /// What is asked of models of which each sustains so many tasks a second, and the record.
    fn measured(sustained: fn(&str) -> Option<f64>) -> (Asked, RawExperiment) {
        let mut asked = Asked::new();
        let mut launcher = MockLauncher::new(|_, id, request| {
            let order: Order = serde_json::from_value(request.order.clone()).unwrap();
            asked.push((id.to_owned(), order));
            match id.contains("/smol@") {
                true => Err(broken()),
                false => Ok(answer(&order, sustained(id))),
            }
        });
        let mut record = rehearse(Latency::ID, &scope(Mode::Default), None, &|_| true, &mut launcher);
        drop(launcher);
        (asked, record.experiments.remove(Latency::ID).unwrap())
    }

    #[test]
    fn every_model_has_what_it_sustains_found_before_any_load_and_each_load_once_a_round() {
        let (asked, found) = measured(|_| Some(1_000.0));
        let models: BTreeMap<&str, usize> = asked
            .iter()
            .filter(|(id, _)| id.ends_with("/capacity"))
            .map(|(id, _)| (id.as_str(), 1))
            .collect();
        let first: Vec<_> = asked.iter().take(models.len()).collect();
        assert!(first.iter().all(|(_, order)| *order == Order::Capacity));
        let times = |id: &str| asked.iter().filter(|(asked, _)| asked == id).count();
        assert_eq!(times("latency/http/rayon@32/capacity"), 1);
        assert_eq!(times("latency/http/rayon@2/capacity"), 0, "of several numbers of workers the largest");
        for load in ["closed", "25%", "95%", "poisson-50%", "800/s"] {
            assert_eq!(times(&format!("latency/http/rayon@32/{load}")), 3, "{load}");
        }
        let broken = found.cells.iter().filter(|cell| cell.id.contains("/smol@"));
        assert!(broken.clone().count() > 5 && broken.clone().all(|cell| cell.status == Status::Crashed));
        for info in BuiltIn::infos().into_iter().filter(|info| info.default) {
            let name = format!("latency/http/{}@", info.id);
            assert!(asked.iter().any(|(id, _)| id.starts_with(&name)), "{} takes part", info.id);
        }
        assert_eq!(asked, measured(|_| Some(1_000.0)).0, "the plan of a resumed run");
    }

    #[test]
    fn rates_are_shares_of_what_a_model_sustains_or_the_same_for_all() {
        let (asked, _) = measured(|_| Some(1_000.0));
        let order = |load: &str| {
            let id = format!("latency/http/rayon@32/{load}");
            asked.iter().find(|(asked, _)| *asked == id).map(|(_, order)| *order)
        };
        let open = |tasks, rate_per_s, spacing| Some(Order::Open { tasks, rate_per_s, spacing, seed: 7 });
        use crate::experiment::latency::Spacing::{Constant, Poisson};
        assert_eq!(order("25%"), open(334, 250.0, Constant));
        assert_eq!(order("poisson-90%"), open(667, 900.0, Poisson));
        assert_eq!(order("80/s"), open(100, 80.0, Constant));
        assert_eq!(order("closed"), Some(Order::Closed { at_least_ns: 300_000_000 }));
    }

    #[test]
    fn a_rate_beyond_what_a_model_sustains_is_refused_and_so_is_what_sustains_nothing() {
        let (asked, found) = measured(|id| if id.contains("sequential") { Some(95.0) } else { None });
        let cell = |id: &str| found.cells.iter().find(|cell| cell.id == id).unwrap();
        let refused = cell("latency/http/sequential@1/800/s");
        assert_eq!(refused.status, Status::Unsupported);
        assert_eq!(refused.reason.as_deref(), Some("it sustains 95 tasks a second, and 800 would be due"));
        assert_eq!(cell("latency/http/sequential@1/80/s").status, Status::Ok);
        let unknown = cell("latency/http/rayon@32/25%");
        assert_eq!(unknown.status, Status::Skipped);
        assert!(unknown.reason.as_deref().unwrap().ends_with("nothing is sustained"));
        assert!(asked.iter().any(|(id, _)| id == "latency/http/rayon@32/closed"));
    }

    #[test]
    fn a_load_has_enough_tasks_for_a_bound_of_its_p99_and_not_too_many() {
        let scope = scope(Mode::Default);
        assert_eq!(
            [10.0, 50.0, 300.0, 1e4, 1e6].map(|rate| tasks(&scope, rate)),
            [100, 100, 400, 2_500, 16_384]
        );
    }

    #[test]
    fn a_run_takes_four_minutes_on_two_cores_and_a_quick_one_far_less() {
        let of = |mode| {
            let scope = scope(mode);
            estimate(&scope, &cells(&scope))
        };
        let (usual, quick) = (of(Mode::Default), of(Mode::Quick));
        assert!(usual <= Duration::from_secs(300), "{usual:?}");
        assert!(quick * 5 <= usual * 2, "{quick:?} of {usual:?}");
    }
}
