//! Timers, and what they explain.

use concbench::batch::analyse::class_rankings;
use concbench::batch::{ComparisonKind, ModelTimer, Sheet, Slept, Verdict};

use super::synthetic::{Generator, around, cell, complete, sheet};

/// A timer of which a sleep of a microsecond takes this long.
fn timer(model: &str, resolution_ns: i64) -> ModelTimer {
    let slept = vec![
        Slept { asked_ns: 1_000, late_ns: (0..101).map(|step| resolution_ns - 1_050 + step).collect() },
        Slept { asked_ns: 10_000_000, late_ns: vec![5, -1, 3] },
    ];
    ModelTimer::new(model, 2, Ok(&slept))
}

/// A timer whose sleeps of 5 ms are late by this, give or take a hundredth.
fn late(model: &str, late_ns: i64) -> ModelTimer {
    let late_ns = (0..200).map(|step| late_ns + late_ns * (step - 100) / 10_000).collect();
    ModelTimer::new(model, 2, Ok(&[Slept { asked_ns: 5_000_000, late_ns }]))
}

/// Tasks that wait 5 ms, under two runtimes whose timers differ by a millisecond, and under an undersized pool.
fn five_milliseconds(timers: Vec<ModelTimer>) -> Sheet {
    let mut generator = Generator::new(5);
    let mut times = |centre| around(&mut generator, centre, 0.005, 20);
    let mut cells = vec![
        cell("coarse", 2, &times(6.1e6)),
        cell("fine", 2, &times(5.06e6)),
        cell("pool", 2, &times(1.62e8)),
    ];
    cells[..2].iter_mut().for_each(|cell| cell.concurrency = cell.tasks);
    let mut sheet = sheet(cells);
    (sheet.workloads[0].wait_ns, sheet.workloads[0].timer_ns) = (5_000_000, 5_000_000);
    sheet.timers = timers;
    complete(&mut sheet);
    sheet
}

#[test]
fn what_timers_explain_is_no_order_and_what_exceeds_it_is() {
    let timers = vec![late("fine", 60_000), late("coarse", 1_100_000), late("pool", 60_000)];
    let found = five_milliseconds(timers);
    let verdict = &found.verdicts[0];
    assert_eq!(verdict.winners, ["work/fine@2", "work/coarse@2"], "{}", verdict.sentence);
    assert!(verdict.sentence.contains("apart beyond how late their timers wake"), "{}", verdict.sentence);
    assert!(verdict.sentence.contains("the nearest behind, pool"), "{}", verdict.sentence);
    let of = |model: &str| {
        let steady = found.comparisons.iter().filter(|found| found.kind == ComparisonKind::Steady);
        steady.into_iter().find(|found| found.a.contains(model)).unwrap()
    };
    assert_eq!(of("coarse").verdict, Verdict::Timers);
    assert!(of("coarse").low > 1.15 && of("coarse").timers > 0.2, "{:?}", of("coarse"));
    assert_eq!(of("pool").verdict, Verdict::Different);
    let ranks: Vec<(String, u64)> =
        class_rankings(&found)[0].models.iter().map(|of| (of.model.clone(), of.rank)).collect();
    assert_eq!(ranks, [("fine".into(), 1), ("coarse".into(), 1), ("pool".into(), 3)]);
}

#[test]
fn timers_that_are_alike_excuse_nothing() {
    let timers = vec![late("fine", 60_000), late("coarse", 61_000), late("pool", 60_000)];
    assert_eq!(five_milliseconds(timers).verdicts[0].winners, ["work/fine@2"]);
    assert_eq!(five_milliseconds(Vec::new()).verdicts[0].winners, ["work/fine@2"], "nobody looked");
}

#[test]
fn a_wait_for_something_else_than_a_timer_has_no_such_excuse() {
    let mut sheet = five_milliseconds(vec![late("fine", 60_000), late("coarse", 1_100_000)]);
    assert_eq!(sheet.verdicts[0].winners.len(), 2);
    sheet.workloads[0].timer_ns = 0;
    complete(&mut sheet);
    assert_eq!(sheet.verdicts[0].winners, ["work/fine@2"]);
    assert!(sheet.comparisons.iter().all(|found| found.timers == 0.0));
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
