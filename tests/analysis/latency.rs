//! Percentiles under an open load, and where they give way.

use concbench::analyse::complete;
use concbench::record::{
    Histogram, Latency, LatencyCell, LoadObservation, LoadRecord, LoadSummary, Run, Status,
};

use super::synthetic::{cell, run};

const MS: u64 = 1_000_000;

/// One round of a load: so many tasks of these latencies, done in this time.
fn round(latencies: impl Iterator<Item = u64>, elapsed_ns: u64) -> LoadObservation {
    let latency: Histogram = latencies.collect();
    LoadObservation {
        round: 0,
        tasks: latency.len(),
        elapsed_ns,
        queued: 0,
        late: 0,
        target_busy: Some(0.5),
        latency,
    }
}

/// A load of `rate` tasks a second, 100 times the share of the capacity, whose slowest two of a hundred take `slow_ms`. The
/// model keeps up: the last of them is due and then takes its 10 ms.
fn load(share: f64, slow_ms: u64) -> LoadRecord {
    let rate = 100.0 * share;
    let tasks = (0..400).map(|task| if task % 50 == 0 { slow_ms * MS } else { 10 * MS });
    let elapsed_ns = (399e9 / rate) as u64 + 10 * MS;
    let observations = vec![round(tasks, elapsed_ns)];
    LoadRecord { share: Some(share), rate_per_s: Some(rate), observations, summary: None }
}

/// About a second of load, 1,000 times the share a second, on a model whose tasks take 100 ms and which needs `slower` times
/// as long for them as they are due: what has come in the meantime waits.
fn second(share: f64, slower: f64) -> LoadRecord {
    let rate = 1000.0 * share;
    let took = |task: u64| 100 * MS + (1e9 * (slower - 1.0) * task as f64 / rate) as u64;
    let last = rate as u64 - 1;
    let elapsed_ns = (1e9 * last as f64 / rate) as u64 + took(last);
    let observations = vec![round((0..=last).map(took), elapsed_ns)];
    LoadRecord { share: Some(share), rate_per_s: Some(rate), observations, summary: None }
}

fn swept(open: Vec<LoadRecord>) -> Run {
    let mut run = run(vec![cell("rayon", 2, &[1e6; 20])]);
    let closed = LoadRecord { share: None, rate_per_s: None, ..load(1.0, 10) };
    run.latency = Some(Latency {
        rounds: 1,
        cells: vec![LatencyCell {
            cell: "work/rayon@2".into(),
            workload: "work".into(),
            model: "rayon".into(),
            workers: 2,
            status: Status::Ok,
            reason: None,
            capacity_per_s: Some(100.0),
            closed,
            open,
            knee: None,
            refusal: None,
        }],
    });
    complete(&mut run);
    run
}

fn found(run: &Run) -> &LatencyCell {
    &run.latency.as_ref().unwrap().cells[0]
}

fn summary(load: &LoadRecord) -> &LoadSummary {
    load.summary.as_ref().unwrap()
}

fn about(found: f64, expected: f64) -> bool {
    (found / expected - 1.0).abs() <= 0.01
}

#[test]
fn the_knee_is_the_last_load_before_latency_gives_way() {
    let run = swept(vec![load(0.2, 12), load(0.5, 20), load(0.75, 29), load(0.9, 31), load(1.2, 11)]);
    let knee = found(&run).knee.unwrap();
    assert_eq!((knee.rate_per_s, knee.share, knee.beyond), (75.0, 0.75, false));
    let none = swept(vec![load(0.2, 12), load(0.5, 20)]);
    assert!(found(&none).knee.unwrap().beyond, "the highest load was served");
}

#[test]
fn a_load_that_is_done_more_slowly_than_it_is_due_is_beyond_the_knee() {
    let mut slow = load(0.5, 10);
    slow.observations[0].elapsed_ns = slow.observations[0].elapsed_ns * 11 / 10;
    let run = swept(vec![load(0.2, 10), slow]);
    assert_eq!(found(&run).knee.map(|knee| knee.share), Some(0.2));
    assert!(!found(&run).knee.unwrap().beyond);
}

#[test]
fn the_latency_of_the_last_task_is_no_slowness() {
    let run = swept(vec![second(0.2, 1.0), second(0.5, 1.0), second(0.9, 1.03)]);
    let open = &found(&run).open;
    assert!(summary(&open[1]).done_per_s < 0.95 * 500.0, "each load ends 100 ms after its last task was due");
    assert!(found(&run).knee.unwrap().beyond, "{:?}", found(&run).knee);
    let run = swept(vec![second(0.2, 1.0), second(0.5, 1.1), second(0.9, 1.1)]);
    let knee = found(&run).knee.unwrap();
    assert_eq!((knee.share, knee.beyond), (0.2, false));
}

#[test]
fn at_the_lowest_load_a_shortfall_shows_from_a_tenth_on() {
    let refusal = |slower| found(&swept(vec![second(0.2, slower)])).refusal.clone();
    assert_eq!(refusal(1.08), None, "the median that is taken for unloaded holds half of the queue");
    assert!(refusal(1.2).is_some_and(|why| why.contains("more slowly than they are due")));
}

#[test]
fn without_a_load_that_is_served_there_is_no_knee() {
    let refusal = |open| {
        let run = swept(open);
        assert_eq!(found(&run).knee, None);
        found(&run).refusal.clone().unwrap()
    };
    assert!(refusal(vec![load(0.2, 90), load(0.5, 90)]).contains("at 20 % of its capacity"));
    let few = round((0..99).map(|_| MS), 1_000 * MS);
    assert!(refusal(vec![LoadRecord { observations: vec![few], ..load(0.2, 1) }]).contains("99 tasks"));
    assert!(
        refusal(vec![load(0.2, 9), LoadRecord { observations: vec![], ..load(0.5, 9) }]).contains("every")
    );
}

#[test]
fn percentiles_are_those_of_all_rounds_and_need_enough_tasks() {
    let mut twice = load(0.5, 40);
    let second = LoadObservation { round: 1, ..round((0..200).map(|_| 20 * MS), 4_000 * MS) };
    twice.observations.push(second);
    let run = swept(vec![twice]);
    let summary = summary(&found(&run).open[0]);
    assert_eq!((summary.tasks, summary.p999_ns), (600, None));
    assert!(about(summary.done_per_s, 50.0), "{summary:?}");
    assert!(about(summary.p50_ns, 10e6) && about(summary.p99_ns.unwrap(), 40e6), "{summary:?}");
    let (low, high) = summary.p99_rounds_ns.unwrap();
    assert!(about(low, 20e6) && about(high, 40e6), "{summary:?}");
    assert!(summary.curve.windows(2).all(|pair| pair[0].ns <= pair[1].ns));
}

#[test]
fn a_generator_or_a_target_that_limits_is_named() {
    let mut late = load(0.5, 10);
    late.observations[0].late = 60;
    let mut busy = load(0.75, 10);
    busy.observations[0].target_busy = Some(0.97);
    let run = swept(vec![load(0.2, 10), late, busy]);
    let remarks = |place: usize| summary(&found(&run).open[place]).saturated.join("; ");
    assert_eq!(remarks(0), "");
    assert!(remarks(1).contains("generator is saturated: 15 %"), "{}", remarks(1));
    assert!(remarks(2).contains("target computed 97 %"), "{}", remarks(2));
    assert_eq!(summary(&found(&run).closed).saturated, Vec::<String>::new());
}
