//! What a run says: how small tasks may be, and where another model wins.

use std::collections::BTreeMap;

use super::{Generator, US, log_sweep, observation, run};
use crate::batch::BatchObservation;
use crate::experiment::granularity::Cell;
use crate::experiment::granularity::analyse::{empty, findings, regions};
use crate::experiment::granularity::findings::Findings;
use crate::experiment::granularity::plan::tasks;
use crate::model::Family;
use crate::record::{CellRecord, Factors, Failure, Observed, Status};

/// Cells of two cores: `rayon` pays 1 us for every task, `smol` 20 us, but it is 5 % faster at computing.
fn counting() -> Vec<CellRecord<Cell, BatchObservation>> {
    let mut generator = Generator::new(6);
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
            for (block, time) in generator.around(tasks as f64 * per_task, 0.0001, 20).into_iter().enumerate()
            {
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
