//! Timers, and the waits that are too short to be ranked.

use concbench::analyse::{Price, complete, geometric_means};
use concbench::record::{ModelTimer, Run, Slept};
use concbench_workloads::{Kernel, Sleep};

use super::synthetic::{Generator, around, cell, run};

/// A timer of which a sleep of a microsecond takes this long.
fn timer(model: &str, resolution_ns: i64) -> ModelTimer {
    ModelTimer {
        model: model.into(),
        workers: 2,
        slept: vec![
            Slept { asked_ns: 1_000, late_ns: (0..101).map(|step| resolution_ns - 1_050 + step).collect() },
            Slept { asked_ns: 10_000_000, late_ns: vec![5, -1, 3] },
        ],
        lateness: Vec::new(),
        resolution_ns: None,
        reason: None,
    }
}

/// A run of two models, one twice as fast, whose tasks sleep for this long.
fn sleeping(wait_us: u64, timers: Vec<ModelTimer>) -> Run {
    let mut generator = Generator::new(5);
    let fast = around(&mut generator, 1e6, 0.01, 20);
    let slow = around(&mut generator, 2e6, 0.01, 20);
    let mut run = run(vec![cell("coarse", 2, &fast), cell("fine", 2, &slow)]);
    run.workloads[0].kernel = Some(Kernel::Sleep(Sleep { wait_us }));
    run.timers = timers;
    complete(&mut run);
    run
}

#[test]
fn waits_below_ten_times_the_coarsest_resolution_are_not_ranked() {
    let timers = || vec![timer("fine", 60_000), timer("coarse", 1_100_000), timer("absent", 9_000_000)];
    let short = sleeping(10_999, timers());
    let verdict = &short.verdicts[0];
    assert!(verdict.winners.is_empty() && verdict.one_off_winners.is_empty());
    let why = verdict.unranked.as_deref().unwrap();
    assert!(why.contains("coarse") && why.contains("1.10 ms") && why.contains("10.999 ms"), "{why}");
    assert!(verdict.sentence.starts_with("work: not ranked: "), "{}", verdict.sentence);
    assert!(short.comparisons.iter().any(|found| found.ratio > 1.9), "what was measured stays");
    assert_eq!(geometric_means(&short, Price::Steady, None), []);

    let long = sleeping(11_001, timers());
    assert_eq!(long.verdicts[0].unranked, None);
    assert_eq!(long.verdicts[0].winners, ["work/coarse@2"]);
}

#[test]
fn a_wait_for_something_else_than_a_timer_is_ranked_whatever_its_length() {
    let mut run = sleeping(1, vec![timer("fine", 60_000)]);
    assert!(run.verdicts[0].unranked.is_some());
    run.workloads[0].kernel = None;
    complete(&mut run);
    assert_eq!(run.verdicts[0].unranked, None);
}

#[test]
fn lateness_has_a_p99_from_a_hundred_sleeps_on() {
    let run = sleeping(1, vec![timer("fine", 60_000)]);
    let found = &run.timers[0];
    assert_eq!(found.resolution_ns, Some(60_000.0));
    let [short, long] = &found.lateness[..] else { panic!("{found:?}") };
    assert_eq!((short.median_ns, short.p99_ns, short.count), (59_000.0, Some(59_049.0), 101));
    assert_eq!((long.median_ns, long.p99_ns, long.max_ns), (3.0, None, 5.0));
}
