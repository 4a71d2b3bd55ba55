//! The plan on a machine that is made up, the smallest efficient task, and where the answer flips.

use std::collections::BTreeMap;
use std::time::Duration;

use concbench_workloads::{Count, Kernel};

use super::analyse::{empty, findings, regions};
use super::findings::Findings;
use super::metg::{MetgRefusal, SweepPoint, efficiency, metg};
use super::plan::tasks;
use super::{Cell, Granularity};
use crate::batch::BatchObservation;
use crate::experiment::{Experiment, rehearsal, Scope, Seen, Settings, Subject, Underway};
use crate::model::Family;
use crate::models::{BuiltIn, Catalogue};
use crate::record::{CellRecord, Factors, Failure, Machine, Mode, Observed, RunInfo, Status, Track};
use crate::runner::Work;
use crate::spec::Spec;

const US: f64 = 1e3;
/// On the machine that is made up counting by one takes so long.
const STEP_NS: f64 = 2.0;
const CORES: u64 = 4;

/// Scatter of a few per cent that is the same every time: SplitMix64 (Steele, Lea and Flood, 2014) through Box and Muller.
struct Generator(u64);

impl Generator {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (((mixed ^ (mixed >> 31)) >> 11) + 1) as f64 / (1u64 << 53) as f64
    }

    fn around(&mut self, middle: f64, noise: f64, count: usize) -> Vec<f64> {
        let normal = |this: &mut Self| {
            (-2.0 * this.uniform().ln()).sqrt() * (std::f64::consts::TAU * this.uniform()).cos()
        };
        (0..count).map(|_| middle * (noise * normal(self)).exp()).collect()
    }
}

fn scope(mode: Mode) -> Scope {
    Scope {
        settings: Settings {
            blocks: if mode == Mode::Quick { 5 } else { 20 },
            mode,
            seed: 1,
            track: Track::Defaults,
            margin: 0.02,
            deadline: Duration::from_secs(1),
            all: false,
        },
        machine: Machine { cores: CORES, ..Machine::default() },
        models: BuiltIn::infos().into_iter().filter(|model| model.default).collect(),
        spec: Spec { workloads: Vec::new(), cells: Vec::new() },
        references: BTreeMap::new(),
    }
}

fn observation(batch_ns: f64, warm: usize, tasks: u64) -> BatchObservation {
    BatchObservation {
        startup_ns: 0,
        cold_ns: batch_ns as u64,
        warm_ns: vec![batch_ns as u64; warm],
        warm_each: 1,
        probe_ns: 0,
        shutdown_ns: 0,
        wall_ns: batch_ns as u64,
        peak_rss_bytes: Some(1),
        peak_rss_reason: None,
        tasks,
        digest: String::new(),
    }
}

/// What a batch shows where each task costs its model something; `None` for a model that fails.
fn observe(work: &Work, warm: u32, overhead_ns: fn(&str) -> Option<f64>) -> Option<BatchObservation> {
    let Some(Kernel::Count(Count { n })) = work.task_spec.kernel else { panic!("the sweep counts") };
    let cores = if work.model.family == Family::Baseline { 1.0 } else { CORES as f64 };
    let task_ns = STEP_NS * n as f64 + overhead_ns(work.model.id)?;
    Some(observation(work.tasks as f64 * task_ns / cores, warm as usize, work.tasks))
}

/// Measures all that a filter leaves; with the names of what was asked for before the blocks.
fn measure(
    scope: &Scope,
    keeps: &dyn Fn(&str) -> bool,
    overhead_ns: fn(&str) -> Option<f64>,
) -> (Seen<Granularity>, Vec<String>) {
    let mut seen = Seen::new(scope, Granularity::select(Granularity::cells(scope), keeps));
    let mut calibrations = Vec::new();
    loop {
        let plan = Granularity::next(scope, &seen);
        let calibrated = plan.first().is_none_or(|block| block.gated);
        for block in plan {
            for trial in block.trials {
                let (name, cells) = match &trial.subject {
                    Subject::Calibration { name, cells } => (Some(name), cells.clone()),
                    Subject::Cell(cell) => (None, vec![*cell]),
                };
                calibrations.extend(name.cloned());
                let made = trial.ask.and_then(|ask| {
                    let work = ask.work.expect("every order runs tasks");
                    observe(&work, ask.order.warm, overhead_ns)
                        .ok_or_else(|| Failure::new(Status::Failed, "no more threads"))
                });
                match made {
                    Err(failure) => drop(seen.fail(&cells, &failure)),
                    Ok(made) => {
                        let responses = serde_json::to_value(made).unwrap();
                        let (block, position) = (block.number, 0);
                        let observed = Observed { block, position, responses, usage: None, reason: None };
                        seen.keep(&trial.subject, observed).unwrap();
                    }
                }
            }
        }
        if calibrated {
            return (seen, calibrations);
        }
    }
}

fn run() -> RunInfo {
    rehearsal::run_info(&scope(Mode::Default).settings)
}

fn found(seen: &Seen<Granularity>) -> Findings {
    findings(empty(&seen.cells, &seen.calibrations, CORES, &run(), &[]))
}

/// The sizes that were measured under a model.
fn sizes_of(seen: &Seen<Granularity>, model: &str) -> Vec<String> {
    let of_model = |cell: &&CellRecord<Cell, _>| cell.factors.model == model && !cell.factors.twin;
    let measured = seen.cells.iter().filter(of_model).filter(|cell| cell.status == Status::Ok);
    measured.map(|cell| cell.factors.size.clone()).collect()
}

#[test]
fn sizes_are_calibrated_and_batches_fill_every_core_alike() {
    let scope = scope(Mode::Default);
    let (seen, calibrations) = measure(&scope, &|_| true, |_| Some(0.0));
    let sizes = found(&seen).sizes;
    assert_eq!(sizes.len(), 9);
    assert_eq!((sizes[0].size.as_str(), sizes[8].size.as_str()), ("250ns", "10ms"));
    for size in sizes {
        let task_ns = size.task_ns.expect("the baseline was measured");
        assert_eq!(size.n, Some((task_ns / STEP_NS).round() as u64));
        assert_eq!(size.tasks % CORES, 0, "{size:?}");
        let batch_ms = size.tasks as f64 * task_ns / 1e6 / CORES as f64;
        assert!((28.0..=32.0).contains(&batch_ms), "{size:?}: {batch_ms} ms");
    }
    assert_eq!(calibrations[0], "step");
    assert!(calibrations.contains(&"carry/rayon/250ns".to_owned()), "{calibrations:?}");
    assert!(seen.cells.iter().all(|cell| cell.status == Status::Ok));
}

#[test]
fn a_model_is_left_out_below_the_size_at_which_it_is_lost() {
    let overhead = |model: &str| match model {
        // 20 % of the peak are left at 275 us.
        "process-spawn" => Some(1_100_000.0),
        "thread-spawn" => None,
        _ => Some(0.0),
    };
    let (seen, calibrations) = measure(&scope(Mode::Default), &|_| true, overhead);
    assert_eq!(sizes_of(&seen, "process-spawn"), ["256us", "1ms", "4ms", "10ms"]);
    assert!(sizes_of(&seen, "thread-spawn").is_empty());
    assert_eq!(sizes_of(&seen, "rayon").len(), 9);
    assert_eq!(sizes_of(&seen, "sequential").len(), 9);
    assert!(!calibrations.contains(&"carry/process-spawn/64us".to_owned()), "it was tried in vain");
    let reason = |id: &str| {
        let cell = seen.cells.iter().find(|cell| cell.id.starts_with(id)).expect("the cell is there");
        (cell.status, cell.reason.clone().unwrap_or_default())
    };
    let (status, why) = reason("granularity/64us/process-spawn@");
    assert_eq!((status, why.starts_with("tasks of 256us reached 19")), (Status::Skipped, true), "{why}");
    assert_eq!(reason("granularity/10ms/thread-spawn@"), (Status::Failed, "no more threads".to_owned()));
    let (status, why) = reason("granularity/4ms/thread-spawn@");
    assert_eq!((status, &*why), (Status::Skipped, "tasks of 10ms could not be measured"));
    let found = found(&seen).models;
    let of = |id: &str| found.iter().find(|model| model.model == id).expect("the model is there");
    assert_eq!(of("thread-spawn").refusal.as_deref(), Some("no more threads"));
    let left_out = of("process-spawn").left_out.clone().expect("it was left out");
    assert!(left_out.starts_with("not measured below 256 µs, where it reached 19"), "{left_out}");
}

#[test]
fn a_quick_run_has_fewer_sizes_and_goes_below_one_half_once() {
    let overhead = |model: &str| Some(if model == "rayon" { 80.0 * US } else { 0.0 });
    let (seen, _) = measure(&scope(Mode::Quick), &|_| true, overhead);
    assert_eq!(sizes_of(&seen, "sequential"), ["250ns", "4us", "64us", "1ms", "10ms"]);
    assert_eq!(sizes_of(&seen, "rayon"), ["64us", "1ms", "10ms"]);
}

#[test]
fn a_model_that_adds_ten_microseconds_to_every_task_has_that_granularity() {
    const OVERHEAD_NS: f64 = 10_000.0;
    let overhead = |model: &str| Some(if model == "sequential" { 0.0 } else { OVERHEAD_NS });
    let (seen, _) = measure(&scope(Mode::Default), &|_| true, overhead);
    let models = found(&seen).models;
    assert!(models.len() > 10, "{models:?}");
    for found in models {
        let metg = found.metg.unwrap_or_else(|| panic!("{}: {:?}", found.model, found.refusal)).task_ns;
        assert!((metg / OVERHEAD_NS - 1.0).abs() <= 0.10, "{}: {metg} ns", found.model);
    }
}

#[test]
fn nothing_is_measured_where_counting_cannot_be_timed() {
    let (seen, calibrations) = measure(&scope(Mode::Default), &|_| true, |_| None);
    assert_eq!(calibrations, ["step"]);
    assert!(seen.cells.iter().all(|cell| cell.reason.as_deref() == Some("no more threads")));
    let found = found(&seen);
    assert!(found.regions.is_empty() && found.sizes.iter().all(|size| size.n.is_none()));
    let scope = scope(Mode::Default);
    let without = |scope: Scope| {
        let models = scope.models.iter().filter(|model| model.family != Family::Baseline);
        Scope { models: models.copied().collect(), ..scope }
    };
    assert!(Granularity::cells(&without(scope)).is_empty());
}

#[test]
fn a_filter_keeps_the_baselines_of_the_sizes_that_it_keeps() {
    let cells = || Granularity::cells(&scope(Mode::Default));
    let kept = |keeps: &dyn Fn(&str) -> bool| -> Vec<String> {
        Granularity::select(cells(), keeps).iter().map(Factors::id).collect()
    };
    let found = kept(&|id| id.starts_with("granularity/1us/rayon"));
    assert_eq!(found, ["granularity/1us/sequential@1", "granularity/1us/rayon@4"]);
    let with_twin = kept(&|id| id == "granularity/4ms/tokio-multi-thread@4");
    assert_eq!(with_twin.last().map(String::as_str), Some("granularity/4ms/tokio-multi-thread@4+twin"));
    assert!(kept(&|id| id.starts_with("sleep")).is_empty());
}

/// The sweep of a model that pays `overhead_ns` for every task, whatever its size.
fn fixed_overhead(overhead_ns: f64, sizes: &[f64], noise: f64, generator: &mut Generator) -> Vec<SweepPoint> {
    let (tasks, cores) = (64, 2);
    let point = |&task_ns: &f64| {
        let batch_ns = tasks as f64 * (task_ns + overhead_ns) / cores as f64;
        let times = generator.around(batch_ns, noise, 20);
        let share = |&time: &f64| efficiency(time, tasks, task_ns, cores);
        SweepPoint { task_ns, efficiency: times.iter().map(share).collect() }
    };
    sizes.iter().map(point).collect()
}

fn log_sweep(first_ns: f64, factor: f64, count: i32) -> Vec<f64> {
    (0..count).map(|step| first_ns * factor.powi(step)).collect()
}

#[test]
fn a_fixed_overhead_is_the_granularity() {
    let mut generator = Generator(1);
    for overhead in [0.3 * US, 1.0 * US, 7.3 * US, 55.0 * US] {
        for sizes in [log_sweep(100.0, 2.0, 14), log_sweep(70.0, 10.0, 6), log_sweep(31.0, 4.0, 9)] {
            let found = metg(&fixed_overhead(overhead, &sizes, 0.02, &mut generator))
                .expect("the sweep brackets half");
            assert!((found.task_ns / overhead - 1.0).abs() < 0.10, "{overhead}: {found:?}");
        }
    }
}

#[test]
fn its_interval_covers_the_truth_and_is_the_same_every_time() {
    let mut generator = Generator(2);
    let sizes = log_sweep(100.0, 2.0, 12);
    let covered = (0..200).filter(|_| {
        let sweep = fixed_overhead(5.0 * US, &sizes, 0.05, &mut generator);
        let found = metg(&sweep).expect("the sweep brackets half");
        assert_eq!(metg(&sweep), Ok(found));
        let (low, high) = (found.low_ns.expect("20 blocks"), found.high_ns.expect("20 blocks"));
        assert!(low <= found.task_ns && found.task_ns <= high, "{found:?}");
        low <= 5.0 * US && 5.0 * US <= high
    });
    let covered = covered.count();
    assert!((176..=199).contains(&covered), "{covered} of 200");
}

#[test]
fn a_sweep_that_does_not_bracket_one_half_is_refused() {
    let mut generator = Generator(4);
    let large = fixed_overhead(1.0 * US, &log_sweep(3.0 * US, 2.0, 4), 0.0, &mut generator);
    assert_eq!(metg(&large), Err(MetgRefusal::AlwaysReached { efficiency: 0.75 }));
    let small = fixed_overhead(9.0 * US, &log_sweep(250.0, 2.0, 3), 0.0, &mut generator);
    assert_eq!(metg(&small), Err(MetgRefusal::NeverReached { efficiency: 0.1 }));
    assert_eq!(metg(&large[..1]), Err(MetgRefusal::TooFewSizes { sizes: 1 }));
    assert_eq!(metg(&[]), Err(MetgRefusal::TooFewSizes { sizes: 0 }));
    assert_eq!(
        metg(&small).expect_err("it is refused").to_string(),
        "the largest tasks reach 10.0 % of the peak, less than half"
    );
}

#[test]
fn the_interval_is_open_where_it_leaves_the_sweep_or_blocks_are_few() {
    let mut generator = Generator(5);
    let barely = fixed_overhead(1.01 * US, &[1.0 * US, 2.0 * US, 4.0 * US], 0.1, &mut generator);
    let found = metg(&barely);
    assert!(found.is_err() || found.is_ok_and(|found| found.low_ns.is_none()), "{found:?}");
    let mut few = fixed_overhead(5.0 * US, &log_sweep(100.0, 2.0, 12), 0.05, &mut generator);
    few[3].efficiency.truncate(4);
    let found = metg(&few).expect("the sweep brackets half");
    assert_eq!((found.low_ns, found.high_ns), (None, None));
}

#[test]
fn it_is_read_off_where_efficiency_is_lost_for_good() {
    let point = |task_ns, efficiency| SweepPoint { task_ns, efficiency: vec![efficiency; 20] };
    // A lucky small size does not count: at 200 ns it is below one half again.
    let bumpy = [point(100.0, 0.6), point(200.0, 0.4), point(400.0, 0.6), point(800.0, 0.9)];
    let found = metg(&bumpy).expect("the sweep brackets half");
    assert!((found.task_ns - (200.0f64 * 400.0).sqrt()).abs() < 1e-6, "{found:?}");
}

/// Cells of two cores: `rayon` pays 1 us for every task, `smol` 20 us, but it is 5 % faster at computing.
fn counting() -> Vec<CellRecord<Cell, BatchObservation>> {
    let mut generator = Generator(6);
    let mut cells = Vec::new();
    for (index, task_ns) in log_sweep(US, 4.0, 8).into_iter().enumerate() {
        let models = [
            ("sequential", Family::Baseline, 1, task_ns),
            ("rayon", Family::Pools, 2, (task_ns + US) / 2.0),
            ("smol", Family::Coroutines, 2, (0.95 * task_ns + 20.0 * US) / 2.0),
        ];
        for (model, family, workers, per_task) in models {
            let (size, model, twin) = (format!("size-{index}"), model.to_owned(), false);
            let cell = Cell { size, task_ns: task_ns as u64, model, family, workers, twin };
            let tasks = tasks(task_ns as u64, 2);
            let mut record = CellRecord::planned(cell.id(), cell);
            for (block, time) in generator.around(tasks as f64 * per_task, 0.0001, 20).into_iter().enumerate() {
                let responses = observation(time, 3, tasks);
                let (block, position) = (block as u32, 0);
                record.observe(Observed { block, position, responses, usage: None, reason: None });
            }
            cells.push(record);
        }
    }
    cells
}

fn analysed(cells: &[CellRecord<Cell, BatchObservation>]) -> Findings {
    findings(empty(cells, &BTreeMap::new(), 2, &run(), &[]))
}

#[test]
fn a_run_says_how_small_tasks_may_be_and_from_which_size_on_another_model_wins() {
    let found = analysed(&counting());
    let ids: Vec<_> = found.models.iter().map(|model| model.model.as_str()).collect();
    assert_eq!(ids, ["rayon", "smol"]);
    let (rayon, smol) = (&found.models[0], &found.models[1]);
    assert_eq!((rayon.points.len(), smol.points.len(), found.verdicts.len()), (8, 8, 8));
    // task / (0.95 task + 20 us) = 1/2 at 19.05 us.
    let metg = smol.metg.expect("the sweep brackets half");
    assert!((metg.task_ns / (20.0 * US / 1.05) - 1.0).abs() < 0.10, "{metg:?}");
    // A task of 1 us that pays 1 us more, on two cores.
    let first = &rayon.points[0];
    assert!((first.task_ns / US - 1.0).abs() < 0.01, "{first:?}");
    assert!((first.per_task.median / US - 1.0).abs() < 0.01, "{first:?}");
    assert!((first.efficiency - 0.5).abs() < 0.01, "{first:?}");
    assert!(smol.points.is_sorted_by_key(|point| point.task_ns as u64));
    // Equal where task + 1 = 0.95 task + 20, at 380 us. At 1 us rayon's loss eats up all that the second core gains, so
    // it ties with the baseline, and still wins at that size too.
    let shown: Vec<(Vec<&str>, f64, f64)> = found
        .regions
        .iter()
        .map(|region| {
            let models = region.models.iter().map(String::as_str).collect();
            (models, (region.from_ns / US).round(), (region.to_ns / US).round())
        })
        .collect();
    assert_eq!(shown, [(vec!["rayon"], 1.0, 256.0), (vec!["smol"], 1024.0, 16384.0)]);
}

#[test]
fn a_model_that_was_measured_nowhere_or_not_everywhere_says_so() {
    let mut cells = counting();
    let small = ["size-0", "size-1"];
    cells.retain(|cell| cell.factors.model != "rayon" || !small.contains(&&*cell.factors.size));
    for cell in cells.iter_mut().filter(|cell| cell.factors.model == "smol") {
        cell.fail(Failure::new(Status::Failed, "no more threads"));
    }
    let models = analysed(&cells).models;
    let (smol, rayon) = (&models[0], &models[1]);
    assert_eq!(rayon.points.len(), 6);
    // A task of 16 us that pays 1 us more.
    let left_out = "not measured below 16.0 µs, where it reached 94 % of the peak";
    assert_eq!(rayon.left_out.as_deref(), Some(left_out));
    assert_eq!((smol.metg, smol.refusal.as_deref()), (None, Some("no more threads")));
    assert!(smol.points.is_empty());
}

#[test]
fn sizes_with_a_common_winner_are_one_region() {
    let sizes = |winners: &[&[&str]]| -> Vec<(f64, Vec<String>)> {
        let named = winners.iter().map(|models| models.iter().map(|&model| model.to_owned()).collect());
        (1..).map(f64::from).zip(named).collect()
    };
    let found = regions(&sizes(&[&["a"], &["a", "b"], &[], &["b"], &["c", "b"]]));
    let shown: Vec<(f64, f64, &[String])> =
        found.iter().map(|region| (region.from_ns, region.to_ns, &region.models[..])).collect();
    assert_eq!(shown, [(1.0, 2.0, &["a".to_owned()][..]), (4.0, 5.0, &["b".to_owned()][..])]);
    assert!(regions(&[]).is_empty());
}
