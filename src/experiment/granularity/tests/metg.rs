//! The smallest efficient task of sweeps that are made up.

use super::{Generator, US, log_sweep};
use crate::experiment::granularity::metg::{
    CoreRate, MetgRefusal, SweepPoint, efficiency, granularity, metg,
};

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

#[test]
fn twice_a_fixed_overhead_is_the_granularity() {
    let mut generator = Generator::new(1);
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
    let mut generator = Generator::new(2);
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
    let mut generator = Generator::new(4);
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
    let mut generator = Generator::new(5);
    let barely = fixed_overhead(1.01 * US, &[1.0 * US, 2.0 * US, 4.0 * US], 0.1, &mut generator);
    let found = metg(&barely).expect("the sweep brackets half");
    assert!(found.low_ns.is_none() && found.high_ns.is_some(), "{found:?}");
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
