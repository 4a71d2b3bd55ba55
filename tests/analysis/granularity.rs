//! The smallest efficient task, and where the answer flips.

use concbench::analyse::{MetgRefusal, SweepPoint, complete, crossover, efficiency, metg, regions, sweep};
use concbench::record::{Granularity, Run, Status};
use concbench_workloads::{Count, Kernel};

use crate::synthetic::{Generator, around, cell, run};

const US: f64 = 1e3;

/// The sweep of a model that pays `overhead_ns` for every task, whatever its size.
fn fixed_overhead(overhead_ns: f64, sizes: &[f64], noise: f64, generator: &mut Generator) -> Vec<SweepPoint> {
    let (tasks, cores) = (64, 2);
    let point = |&task_ns: &f64| {
        let batch_ns = tasks as f64 * (task_ns + overhead_ns) / cores as f64;
        let times = around(generator, batch_ns, noise, 20);
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
    let mut generator = Generator::new(1);
    for overhead in [0.3 * US, 1.0 * US, 7.3 * US, 55.0 * US] {
        for sizes in [log_sweep(100.0, 2.0, 14), log_sweep(70.0, 10.0, 6), log_sweep(31.0, 4.0, 9)] {
            let found = metg(&fixed_overhead(overhead, &sizes, 0.02, &mut generator))
                .expect("the sweep brackets half");
            assert!((found.task_ns / overhead - 1.0).abs() < 0.10, "{overhead}: {found:?}");
        }
    }
}

#[test]
fn its_interval_covers_the_truth() {
    let mut generator = Generator::new(2);
    let sizes = log_sweep(100.0, 2.0, 12);
    let covered = (0..200).filter(|_| {
        let found =
            metg(&fixed_overhead(5.0 * US, &sizes, 0.05, &mut generator)).expect("the sweep brackets half");
        let (low, high) = (found.low_ns.expect("20 blocks"), found.high_ns.expect("20 blocks"));
        assert!(low <= found.task_ns && found.task_ns <= high, "{found:?}");
        low <= 5.0 * US && 5.0 * US <= high
    });
    let covered = covered.count();
    assert!((176..=199).contains(&covered), "{covered} of 200");
}

#[test]
fn the_same_sweep_gives_the_same_figures() {
    let sweep = fixed_overhead(5.0 * US, &log_sweep(100.0, 2.0, 12), 0.05, &mut Generator::new(3));
    assert_eq!(metg(&sweep), metg(&sweep));
}

#[test]
fn a_sweep_that_does_not_bracket_one_half_is_refused() {
    let mut generator = Generator::new(4);
    let large = fixed_overhead(1.0 * US, &log_sweep(3.0 * US, 2.0, 4), 0.0, &mut generator);
    assert_eq!(metg(&large), Err(MetgRefusal::AlwaysReached { efficiency: 0.75 }));
    let small = fixed_overhead(9.0 * US, &log_sweep(250.0, 2.0, 3), 0.0, &mut generator);
    assert_eq!(metg(&small), Err(MetgRefusal::NeverReached { efficiency: 0.1 }));
    assert_eq!(metg(&small[..1]), Err(MetgRefusal::TooFewSizes { sizes: 1 }));
    assert_eq!(
        metg(&small).expect_err("it is refused").to_string(),
        "the largest tasks reach 10.0 % of the peak, less than half"
    );
}

#[test]
fn the_interval_is_open_where_it_leaves_the_sweep_or_blocks_are_few() {
    let mut generator = Generator::new(5);
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

/// A run of counting workloads: `rayon` pays 1 us for every task, `smol` 20 us, but it is 5 % faster at computing.
fn counting_run() -> Run {
    let mut all = run(Vec::new());
    let template = all.workloads.remove(0);
    let mut generator = Generator::new(6);
    for (index, task_ns) in log_sweep(US, 4.0, 8).into_iter().enumerate() {
        let name = format!("count-{index}");
        let kernel = Some(Kernel::Count(Count { n: task_ns as u64 }));
        all.workloads.push(concbench::record::WorkloadRecord {
            name: name.clone(),
            kernel,
            ..template.clone()
        });
        let batch = |task: f64, workers: f64| 64.0 * task / workers;
        for (model, workers, time) in [
            ("sequential", 1, batch(task_ns, 1.0)),
            ("rayon", 2, batch(task_ns + US, 2.0)),
            ("smol", 2, batch(0.95 * task_ns + 20.0 * US, 2.0)),
        ] {
            let mut cell = cell(model, workers, &around(&mut generator, time, 0.0001, 20));
            cell.workload = name.clone();
            cell.id = cell.id.replace("work/", &format!("{name}/"));
            all.cells.push(cell);
        }
    }
    complete(&mut all);
    all
}

#[test]
fn a_run_gives_the_sweep_of_each_model() {
    let run = counting_run();
    assert_eq!(sweep(&run, "rayon").len(), 8);
    let found = metg(&sweep(&run, "smol")).expect("the sweep brackets half");
    // task / (0.95 task + 20 us) = 1/2 at 19.05 us.
    assert!((found.task_ns / (20.0 * US / 1.05) - 1.0).abs() < 0.10, "{found:?}");
    assert!(sweep(&run, "unknown").is_empty());
}

#[test]
fn a_run_says_from_which_size_on_another_model_wins() {
    // Equal where task + 1 = 0.95 task + 20, at 380 us. At 1 us rayon's loss eats up all that the second core gains, so
    // it ties with the baseline, and still wins at that size too.
    let found = crossover(&counting_run());
    let shown: Vec<(Vec<&str>, f64, f64)> = found
        .iter()
        .map(|region| {
            let models = region.models.iter().map(String::as_str).collect();
            (models, (region.from_ns / US).round(), (region.to_ns / US).round())
        })
        .collect();
    assert_eq!(shown, [(vec!["rayon"], 1.0, 256.0), (vec!["smol"], 1024.0, 16384.0)]);
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

/// The same sweep as a section of a run that has a matrix of its own.
fn sectioned() -> Run {
    let counting = counting_run();
    let mut all = run(vec![cell("rayon", 2, &[1e6; 20]), cell("smol", 2, &[2e6; 20])]);
    all.granularity = Some(Granularity {
        workloads: counting.workloads,
        cells: counting.cells,
        comparisons: Vec::new(),
        verdicts: Vec::new(),
        models: Vec::new(),
        regions: Vec::new(),
    });
    all
}

#[test]
fn a_section_is_analysed_apart_from_the_matrix() {
    let mut all = sectioned();
    complete(&mut all);
    assert_eq!(all.workloads.len(), 1);
    assert_eq!((all.cells.len(), all.verdicts.len()), (2, 1));
    let section = all.granularity.as_ref().expect("it was there before");
    assert_eq!((section.workloads.len(), section.verdicts.len()), (8, 8));
    assert_eq!(section.regions, crossover(&counting_run()));
    let ids: Vec<_> = section.models.iter().map(|model| model.model.as_str()).collect();
    assert_eq!(ids, ["rayon", "smol"]);
    let smol = &section.models[1];
    assert_eq!(smol.metg, metg(&sweep(&counting_run(), "smol")).ok());
    assert_eq!(smol.refusal, None);
    let again = all.clone();
    complete(&mut all);
    assert_eq!(all, again);
}

#[test]
fn a_point_is_the_time_of_a_task_and_its_share_of_the_peak() {
    let mut all = sectioned();
    complete(&mut all);
    let section = all.granularity.expect("it was there before");
    let first = &section.models[0].points[0];
    // A task of 1 us that pays 1 us more, on two cores.
    assert!((first.task_ns / US - 1.0).abs() < 0.01, "{first:?}");
    assert!((first.per_task.median / US - 1.0).abs() < 0.01, "{first:?}");
    assert!((first.efficiency - 0.5).abs() < 0.01, "{first:?}");
    assert!(section.models.iter().all(|model| model.points.is_sorted_by_key(|point| point.task_ns as u64)));
}

#[test]
fn a_model_that_was_measured_nowhere_or_not_everywhere_says_so() {
    let mut all = sectioned();
    let section = all.granularity.as_mut().expect("it is a section");
    section.cells.retain(|cell| cell.model != "rayon" || !["count-0", "count-1"].contains(&&*cell.workload));
    for cell in section.cells.iter_mut().filter(|cell| cell.model == "smol") {
        (cell.status, cell.reason) = (Status::Failed, Some("no more threads".into()));
    }
    complete(&mut all);
    let models = all.granularity.expect("it is a section").models;
    assert_eq!(models[0].points.len(), 6);
    // A task of 16 us that pays 1 us more.
    let left_out = "not measured below 16.0 µs, where it reached 94 % of the peak";
    assert_eq!(models[0].left_out.as_deref(), Some(left_out));
    assert_eq!((models[1].metg, models[1].refusal.as_deref()), (None, Some("no more threads")));
    assert!(models[1].points.is_empty());
}
