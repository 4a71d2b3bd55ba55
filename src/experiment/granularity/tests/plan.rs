//! Which sizes are measured under which models, and what follows on a machine that is made up.

use concbench_workloads::{Count, Kernel};

use super::{CORES, US, observation, run, scope};
use crate::batch::BatchObservation;
use crate::experiment::granularity::analyse::{empty, findings};
use crate::experiment::granularity::findings::Findings;
use crate::experiment::granularity::{Cell, Granularity};
use crate::experiment::{Experiment, Scope, Seen, Subject, Underway};
use crate::model::Family;
use crate::record::{CellRecord, Factors, Failure, Mode, Observed, Status};
use crate::runner::Work;

/// On the machine that is made up counting by one takes so long.
const STEP_NS: f64 = 2.0;

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
        assert!(
            models.iter().any(|model| model.cores == 1) && models.iter().any(|model| model.cores == CORES)
        );
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
