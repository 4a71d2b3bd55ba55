//! What is measured and what follows on a machine that is made up.

use std::time::Duration;

use serde_json::{Value, json};

use super::findings::{Crossing, Figure, Findings};
use super::{Concurrency, plan};
use crate::experiment::conduct::mock::MockLauncher;
use crate::experiment::rehearsal::{observation, rehearse, scope, takes};
use crate::experiment::{Experiment, Scope, html, text_tables};
use crate::model::Family;
use crate::record::{Failure, Mode, RawExperiment, Record, Status};
use crate::report::Format;
use crate::runner::{Request, RunnerError};

const US: u64 = 1_000;

/// Coroutines cost little each, and something at all; threads cost only what each of them does.
fn usual(model: &str, tasks: u64) -> u64 {
    match model {
        "process-spawn" | "process-fork" => 900 * US * tasks,
        "thread-spawn" | "thread-pool" => 12 * US * tasks,
        _ => 300 * US + tasks / 2,
    }
}

/// What a runner answers whose batch takes so long beside the least that it can, in nanoseconds, by its model and its tasks.
fn answer(request: &Request, overhead: &impl Fn(&str, u64) -> u64) -> Value {
    let work = request.work.as_ref().expect("every order runs tasks");
    let ideal_ns = request.order["ideal_ns"].as_u64().unwrap();
    let batch = match request.order["noted"].as_bool().unwrap() {
        true => ideal_ns + overhead(work.model.id, work.tasks),
        // Counting by one takes a nanosecond.
        false => 800_000,
    };
    let Value::Object(mut made) = observation(batch, request) else { unreachable!("it is an object") };
    made.extend([("ideal_ns".to_owned(), ideal_ns.into()), ("started_late".to_owned(), json!(0))]);
    Value::Object(made)
}

/// A run in which threads of which there are more than this are refused by a limit.
fn measured(scope: &Scope, most_threads: u64, overhead: impl Fn(&str, u64) -> u64) -> (Vec<String>, Record) {
    let mut launcher = MockLauncher::new(|_, _, request: &Request| {
        let work = request.work.as_ref().expect("every order runs tasks");
        let threads = matches!(work.model.id, "thread-spawn" | "thread-pool");
        if threads && work.tasks > most_threads {
            let why = "vm.max_map_count is 65530";
            return Err(RunnerError::Failure(Failure::new(Status::Unsupported, why)));
        }
        Ok(answer(request, &overhead))
    });
    let record = rehearse(Concurrency::ID, scope, None, &|_| true, &mut launcher);
    (launcher.asked, record)
}

fn default_scope() -> Scope {
    scope(Vec::new(), 2, false, 7)
}

fn raw(record: &Record) -> &RawExperiment {
    &record.experiments[Concurrency::ID]
}

fn findings(record: &Record) -> Findings {
    serde_json::from_value(raw(record).findings.clone()).unwrap()
}

fn crossing(found: &Findings, work: &str, families: (Family, Family), figure: Figure) -> Crossing {
    let same = |one: &&Crossing| one.work == work && one.families == families && one.figure == figure;
    found.crossings.iter().find(same).unwrap_or_else(|| panic!("{work} {families:?}")).clone()
}

#[test]
fn the_crossing_lies_where_the_machine_puts_it() {
    let (_, record) = measured(&default_scope(), u64::MAX, usual);
    let found = findings(&record);
    // 12 us each against 300 us for all: 25 tasks.
    let time = crossing(&found, "1ms", (Family::Threads, Family::Coroutines), Figure::Time);
    assert_eq!((time.ahead, time.after, time.by), (Some(Family::Coroutines), Some(10), Some(100)));
    assert_eq!(time.compared.0, 1);
    let processes = crossing(&found, "20ms", (Family::Processes, Family::Threads), Figure::Time);
    assert_eq!((processes.ahead, processes.by), (Some(Family::Threads), Some(1)), "{processes:?}");
    // A batch of one that waits 20 ms is the same to the margin of 2 %, whoever runs it.
    let square = found.squares.iter().find(|square| square.work == "20ms" && square.tasks == 1).unwrap();
    assert!(square.winners.len() > 3, "{square:?}");
    let square = found.squares.iter().find(|square| square.work == "1ms" && square.tasks == 1_000).unwrap();
    assert!(square.winners.iter().all(|model| model.starts_with("tokio") || model == "smol"), "{square:?}");
    assert_eq!(square.next.as_ref().map(|next| next.model.starts_with("thread")), Some(true), "{square:?}");
}

#[test]
fn where_all_cost_the_same_neither_is_ahead() {
    let (_, record) = measured(&default_scope(), u64::MAX, |_, _| 0);
    let found = findings(&record);
    let time = crossing(&found, "1ms", (Family::Threads, Family::Coroutines), Figure::Time);
    assert_eq!((time.ahead, time.after, time.by), (None, None, None));
    let tables = text_tables(&record, Format::Terminal).unwrap();
    assert!(tables.contains("neither threads nor coroutines are ahead"), "{tables}");
}

#[test]
fn where_it_is_not_told_who_is_ahead_the_crossing_may_lie_below() {
    // With 10 tasks threads cost as much as coroutines in one batch, and 400 us more in the next.
    let rounds = std::cell::Cell::new(0_u64);
    let (_, record) = measured(&default_scope(), u64::MAX, |model, tasks| match (model, tasks) {
        ("thread-spawn" | "thread-pool", 1 | 10) => {
            rounds.set(rounds.get() + 1);
            usual("smol", tasks) + if rounds.get().is_multiple_of(2) { 0 } else { 400_000 }
        }
        _ => usual(model, tasks),
    });
    let time = crossing(&findings(&record), "1ms", (Family::Threads, Family::Coroutines), Figure::Time);
    assert_eq!((time.ahead, time.after, time.by), (Some(Family::Coroutines), None, Some(100)), "{time:?}");
    let tables = text_tables(&record, Format::Terminal).unwrap();
    assert!(
        tables.contains("coroutines are ahead of threads from at most 100 tasks in flight on"),
        "{tables}"
    );
}

#[test]
fn what_would_take_too_long_is_refused_before_it_starts_and_says_so() {
    let (asked, record) = measured(&default_scope(), u64::MAX, usual);
    let of = |id: &str| {
        let cell = raw(&record).cells.iter().find(|cell| cell.id == id).unwrap_or_else(|| panic!("{id}"));
        (cell.status, cell.reason.clone().unwrap_or_default())
    };
    let (status, why) = of("concurrency/1ms/1000/process-spawn@tasks");
    assert_eq!(status, Status::Skipped);
    assert!(why.starts_with("a batch of 1000 tasks would take about 90") && why.contains("300 ms"), "{why}");
    let (_, why) = of("concurrency/20ms/100/rayon@cores");
    assert!(why.starts_with("a batch of 100 tasks with workers = 2 would take about 1.00 s"), "{why}");
    let (_, why) = of("concurrency/1ms+200us/10000/smol@cores");
    assert!(why.contains("1.00 s"), "2 s of computing on two cores: {why}");
    for cell in raw(&record).cells.iter().filter(|cell| cell.status == Status::Skipped) {
        assert!(!asked.contains(&cell.id), "{}", cell.id);
    }
    assert!(!asked.iter().any(|name| name == "climb/process-spawn@tasks/1000"));
}

#[test]
fn a_limit_is_named_for_all_that_it_forbids_and_the_other_family_is_ahead_there() {
    let (asked, record) = measured(&default_scope(), 16_000, |model, tasks| match model {
        "thread-spawn" | "thread-pool" => tasks / 4,
        other => usual(other, tasks),
    });
    let forbidden: Vec<_> = raw(&record)
        .cells
        .iter()
        .filter(|cell| cell.reason.as_deref() == Some("vm.max_map_count is 65530"))
        .map(|cell| (cell.factors["tasks"].as_u64(), cell.status))
        .collect();
    assert_eq!(forbidden.len(), 2 * 6, "two models, six kinds of task: {forbidden:?}");
    assert!(forbidden.iter().all(|one| *one == (Some(100_000), Status::Unsupported)));
    assert_eq!(asked.iter().filter(|name| *name == "climb/thread-spawn@tasks/100000").count(), 1);
    let time = crossing(&findings(&record), "1ms", (Family::Threads, Family::Coroutines), Figure::Time);
    assert_eq!((time.refused_from, time.ahead), (Some(100_000), Some(Family::Coroutines)));
    assert_eq!(
        (time.after, time.by),
        (Some(10_000), Some(100_000)),
        "threads cost less here, while there are any"
    );
}

#[test]
fn every_cell_is_observed_in_each_of_its_rounds_in_an_order_that_the_seed_decides() {
    let (asked, record) = measured(&default_scope(), u64::MAX, usual);
    assert_eq!(asked, measured(&default_scope(), u64::MAX, usual).0);
    assert_ne!(asked, measured(&scope(Vec::new(), 2, false, 8), u64::MAX, usual).0);
    let ok = raw(&record).cells.iter().filter(|cell| cell.status == Status::Ok);
    for cell in ok {
        let blocks: Vec<_> = cell.observations.iter().map(|made| made.block).collect();
        assert_eq!(blocks, [0, 1, 2, 3, 4, 5], "{}", cell.id);
    }
}

#[test]
fn without_a_baseline_nothing_is_measured_and_a_quick_run_has_fewer_numbers() {
    let mut scope = default_scope();
    let all = plan::cells(&scope).len();
    scope.settings.mode = Mode::Quick;
    assert_eq!(plan::cells(&scope).len() * 6, all * 4);
    scope.models.retain(|model| model.family != Family::Baseline);
    assert!(plan::cells(&scope).is_empty());
}

#[test]
fn the_page_has_the_map_first_and_names_the_crossing() {
    let (_, record) = measured(&default_scope(), u64::MAX, usual);
    let page = html(&record).unwrap();
    assert!(page.contains("Which model wins with so many tasks in flight?"));
    let tables = text_tables(&record, Format::Terminal).unwrap();
    assert!(
        tables.contains("coroutines are ahead of threads from between 10 and 100 tasks in flight on"),
        "{tables}"
    );
}

#[test]
fn it_takes_four_minutes_and_a_quick_run_a_quarter_of_that() {
    let [usual, quick] = takes::<Concurrency>(2);
    assert!(usual <= Duration::from_secs(240), "{usual:?}");
    assert!(quick <= Duration::from_secs(60), "{quick:?}");
}

#[test]
fn a_model_climbs_step_by_step_whatever_a_filter_leaves_out() {
    let mut launcher = MockLauncher::new(|_, _, request: &Request| Ok(answer(request, &usual)));
    let keeps = |id: &str| id.contains("1ms/100000/smol@") || id.contains("1ms/1/smol@");
    let record = rehearse(Concurrency::ID, &default_scope(), None, &keeps, &mut launcher);
    let climbed: Vec<&str> =
        launcher.asked.iter().filter_map(|name| name.strip_prefix("climb/smol@cores/")).collect();
    assert_eq!(climbed, ["1", "10", "100", "1000", "10000", "100000"]);
    assert!(raw(&record).cells.iter().all(|cell| cell.status == Status::Ok), "{record:?}");
}
