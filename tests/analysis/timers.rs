//! Timers, and the waits that are too short to be ranked.

use concbench::batch::analyse::{Metric, geometric_means};
use concbench::batch::{ModelTimer, Sheet, Slept};

use super::synthetic::{Generator, around, cell, complete, sheet};

/// A timer of which a sleep of a microsecond takes this long.
fn timer(model: &str, resolution_ns: i64) -> ModelTimer {
    let slept = vec![
        Slept { asked_ns: 1_000, late_ns: (0..101).map(|step| resolution_ns - 1_050 + step).collect() },
        Slept { asked_ns: 10_000_000, late_ns: vec![5, -1, 3] },
    ];
    ModelTimer::new(model, 2, Ok(&slept))
}

/// A sheet of two models, one twice as fast, whose tasks sleep for this long.
fn sleeping(wait_ns: u64, timers: Vec<ModelTimer>) -> Sheet {
    let mut generator = Generator::new(5);
    let fast = around(&mut generator, 1e6, 0.01, 20);
    let slow = around(&mut generator, 2e6, 0.01, 20);
    let mut sheet = sheet(vec![cell("coarse", 2, &fast), cell("fine", 2, &slow)]);
    (sheet.workloads[0].wait_ns, sheet.workloads[0].timer_ns) = (wait_ns, wait_ns);
    sheet.timers = timers;
    complete(&mut sheet);
    sheet
}

#[test]
fn waits_below_ten_times_the_coarsest_resolution_are_not_ranked() {
    let timers = || vec![timer("fine", 60_000), timer("coarse", 1_100_000), timer("absent", 9_000_000)];
    let short = sleeping(10_999_000, timers());
    let verdict = &short.verdicts[0];
    assert!(verdict.winners.is_empty() && verdict.one_off_winners.is_empty());
    let why = verdict.unranked.as_deref().unwrap();
    assert!(why.contains("coarse") && why.contains("1.10 ms") && why.contains("10.999 ms"), "{why}");
    assert!(verdict.sentence.starts_with("work: not ranked: "), "{}", verdict.sentence);
    assert!(short.comparisons.iter().any(|found| found.ratio > 1.9), "what was measured stays");
    assert_eq!(geometric_means(&short, Metric::Steady, None), []);

    let long = sleeping(11_001_000, timers());
    assert_eq!(long.verdicts[0].unranked, None);
    assert_eq!(long.verdicts[0].winners, ["work/coarse@2"]);
}

#[test]
fn a_wait_for_something_else_than_a_timer_is_ranked_whatever_its_length() {
    let mut sheet = sleeping(1_000, vec![timer("fine", 60_000)]);
    assert!(sheet.verdicts[0].unranked.is_some());
    sheet.workloads[0].timer_ns = 0;
    complete(&mut sheet);
    assert_eq!(sheet.verdicts[0].unranked, None);
}

#[test]
fn lateness_has_a_p99_from_a_hundred_sleeps_on() {
    let found = timer("fine", 60_000);
    assert_eq!(found.resolution_ns, Some(60_000.0));
    let [short, long] = &found.lateness[..] else { panic!("{found:?}") };
    assert_eq!((short.median_ns, short.p99_ns, short.count), (59_000.0, Some(59_049.0), 101));
    assert_eq!((long.median_ns, long.p99_ns, long.max_ns), (3.0, None, 5.0));
}

#[test]
fn a_timer_that_nobody_could_look_at_says_why() {
    let found = ModelTimer::new("fine", 2, Err("it has none".to_owned()));
    assert_eq!((found.reason.as_deref(), found.resolution_ns), (Some("it has none"), None));
}
