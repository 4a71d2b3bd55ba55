//! The plan on a machine that is made up, the smallest efficient task, and where the answer flips.

use std::collections::BTreeMap;
use std::time::Duration;

use concbench_workloads::{Count, Kernel};

use super::analyse::{empty, findings, regions};
use super::findings::Findings;
use super::metg::{CoreRate, MetgRefusal, SweepPoint, efficiency, granularity, metg};
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
        warm_cpu_ns: None,
        warm_cpu_reason: None,
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
    let cores = work.workers.min(CORES) as f64;
    let task_ns = STEP_NS * n as f64 + overhead_ns(work.model.id)?;
    Some(observation(work.tasks as f64 * task_ns / cores, warm as usize, work.tasks))
}

/// Measures all that a filter leaves; with the names of what was asked for before the blocks.
fn measure(
    scope: &Scope,
    keeps: &dyn Fn(&str) -> bool,
    overhead_ns: fn(&str) -> Option<f64>,
) -> (Seen<Granularity>, Vec<String>) {
    let mut seen = Seen::new(scope, Granularity::select(scope, Granularity::cells(scope), keeps));
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
fn a_model_that_adds_ten_microseconds_to_every_task_has_twice_that_as_its_granularity() {
    const OVERHEAD_NS: f64 = 10_000.0;
    let overhead = |model: &str| Some(if model == "sequential" { 0.0 } else { OVERHEAD_NS });
    for mode in [Mode::Default, Mode::Quick] {
        let (seen, _) = measure(&scope(mode), &|_| true, overhead);
        let models = found(&seen).models;
        assert!(models.len() > 10, "{models:?}");
        for found in &models {
            let metg = found.metg.unwrap_or_else(|| panic!("{}: {:?}", found.model, found.refusal));
            let metg = metg.granularity_ns;
            assert!((metg / (2.0 * OVERHEAD_NS) - 1.0).abs() <= 0.10, "{}: {metg} ns", found.model);
        }
        // Models of one core are among them, and are held against that core.
        assert!(models.iter().any(|model| model.cores == 1) && models.iter().any(|model| model.cores == CORES));
    }
}

#[test]
fn the_peak_is_the_best_of_what_uses_all_cores() {
    // Four cores do what two would: they share what computing needs.
    let shared = |model: &str| Some(if model == "sequential" { 0.0 } else { 1_000.0 });
    let (mut seen, _) = measure(&scope(Mode::Default), &|_| true, shared);
    for cell in seen.cells.iter_mut().filter(|cell| cell.factors.workers > 1) {
        for made in &mut cell.observations {
            made.responses.warm_ns.iter_mut().for_each(|time| *time *= 2);
        }
    }
    let found = found(&seen);
    let peak = found.peak.expect("there are models on all cores");
    assert_eq!(peak.size, "10ms");
    assert!((peak.steps_per_ns * STEP_NS / 2.0 - 1.0).abs() < 0.01, "{peak:?}");
    for model in found.models {
        let largest = model.points.last().and_then(|point| point.efficiency).expect("it was measured");
        let expected = if model.cores == 1 { 2.0 } else { 1.0 };
        assert!((largest / expected - 1.0).abs() < 0.01, "{}: {largest}", model.model);
    }
}

#[test]
fn without_a_model_on_all_cores_there_is_no_peak() {
    let keeps = |id: &str| id.contains("/tokio-current-thread@");
    let (seen, _) = measure(&scope(Mode::Default), &keeps, |_| Some(0.0));
    let found = found(&seen);
    assert_eq!((found.peak, found.models.len()), (None, 1));
    let reason = found.models[0].refusal.as_deref().expect("nothing is known");
    assert_eq!(reason, "no model that uses all cores was measured, so that their peak is not known");
    assert!(found.models[0].points.iter().all(|point| point.efficiency.is_none()));
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
        Granularity::select(&scope(Mode::Default), cells(), keeps).iter().map(Factors::id).collect()
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
    let point = |&work_ns: &f64| {
        let batch_ns = tasks as f64 * (work_ns + overhead_ns) / cores as f64;
        let times = generator.around(batch_ns, noise, 20);
        let share = |&time: &f64| efficiency(time, tasks, work_ns, cores);
        SweepPoint { work_ns, efficiency: times.iter().map(share).collect() }
    };
    sizes.iter().map(point).collect()
}

#[test]
fn a_task_takes_the_time_of_every_core_over_the_tasks() {
    // 64 tasks on 2 cores in 64 ms: 2 ms each, half of which is the task.
    let (batch_ns, tasks, cores) = (64e6, 64, 2);
    assert_eq!(granularity(batch_ns, tasks, cores), 2e6);
    assert_eq!(efficiency(batch_ns, tasks, 1e6, cores), 0.5);
    let peak = CoreRate::of(32e6, 64.0 * 1000.0, cores).expect("it did something");
    assert_eq!((peak.work_ns(1000.0), peak.of_all(cores)), (1e6, 0.002));
    assert_eq!((CoreRate::of(0.0, 1.0, 1), CoreRate::of(1.0, 0.0, 1)), (None, None));
}

fn log_sweep(first_ns: f64, factor: f64, count: i32) -> Vec<f64> {
    (0..count).map(|step| first_ns * factor.powi(step)).collect()
}

#[test]
fn twice_a_fixed_overhead_is_the_granularity() {
    let mut generator = Generator(1);
    for overhead in [0.3 * US, 1.0 * US, 7.3 * US, 55.0 * US] {
        for sizes in [log_sweep(100.0, 2.0, 14), log_sweep(70.0, 10.0, 6), log_sweep(31.0, 4.0, 9)] {
            let found = metg(&fixed_overhead(overhead, &sizes, 0.02, &mut generator))
                .expect("the sweep brackets half");
            assert!((found.granularity_ns / (2.0 * overhead) - 1.0).abs() < 0.10, "{overhead}: {found:?}");
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
        assert!(low <= found.granularity_ns && found.granularity_ns <= high, "{found:?}");
        low <= 10.0 * US && 10.0 * US <= high
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
    let point = |work_ns, efficiency| SweepPoint { work_ns, efficiency: vec![efficiency; 20] };
    // A lucky small size does not count: at 200 ns it is below one half again.
    let bumpy = [point(100.0, 0.6), point(200.0, 0.4), point(400.0, 0.6), point(800.0, 0.9)];
    let found = metg(&bumpy).expect("the sweep brackets half");
    // Half way between 200 / 0.4 = 500 ns and 400 / 0.6 = 667 ns, each as tasks to the time.
    assert!((found.granularity_ns - 4000.0 / 7.0).abs() < 1e-6, "{found:?}");
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
    // A step of counting takes a nanosecond.
    let step = observation(4e6, 5, 4);
    findings(empty(cells, &BTreeMap::from([("step".to_owned(), step)]), 2, &run(), &[]))
}

#[test]
fn a_run_says_how_small_tasks_may_be_and_from_which_size_on_another_model_wins() {
    let found = analysed(&counting());
    let ids: Vec<_> = found.models.iter().map(|model| model.model.as_str()).collect();
    assert_eq!(ids, ["rayon", "smol"]);
    let (rayon, smol) = (&found.models[0], &found.models[1]);
    assert_eq!((rayon.points.len(), smol.points.len(), found.verdicts.len()), (8, 8, 8));
    // What smol computes with tasks of 16 ms is the peak, so that its fixed overhead is half of its granularity.
    let peak = found.peak.as_ref().expect("two models use all cores");
    assert_eq!((peak.model.as_str(), peak.size.as_str(), smol.cores), ("smol", "size-7", 2));
    let metg = smol.metg.expect("the sweep brackets half");
    assert!((metg.granularity_ns / (40.0 * US) - 1.0).abs() < 0.01, "{metg:?}");
    // A task of 1 us that pays 1 us more, on two cores.
    let first = &rayon.points[0];
    assert!((first.task_ns / US - 1.0).abs() < 0.01, "{first:?}");
    assert!((first.per_task.median / US - 1.0).abs() < 0.01, "{first:?}");
    assert!((first.granularity_ns / (2.0 * US) - 1.0).abs() < 0.01, "{first:?}");
    // Of a peak at which the same work takes 5 % less.
    assert!((first.efficiency.expect("the peak is known") - 0.475).abs() < 0.005, "{first:?}");
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
    // A task of 16 us that pays 1 us more, and rayon is the best that is left.
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
