use serde_json::{Value, json};

use super::*;
use crate::experiment::conduct::mock::MockLauncher;
use crate::experiment::rehearsal::{BLOCKS, rehearse, scope};
use crate::record::{RawCell, RawExperiment};

/// A made-up observation: so many updates lost.
fn seen(lost: u64) -> Value {
    json!({
        "elapsed_ns": 20_000_000, "visits": 1_000_000, "least_visits": 400_000, "most_visits": 600_000,
        "together": true, "cpu_ns": 40_000_000, "waits": 300, "acquire_ns": 20.0, "wait_median_ns": 25,
        "wait_p99_ns": 400, "lost": lost,
    })
}

/// The cells that a filter leaves, on two cores: what was asked for, and the record.
fn shared(keeps: &dyn Fn(&str) -> bool) -> (Vec<String>, RawExperiment) {
    let scope = scope(Vec::new(), 2, true, 7);
    let mut launcher = MockLauncher::new(|_, id, _| Ok(seen(u64::from(id.contains("/nothing/")) * 412_000)));
    let mut record = rehearse(Sharing::ID, &scope, None, keeps, &mut launcher);
    (launcher.asked, record.experiments.remove(Sharing::ID).unwrap())
}

fn cell<'a>(found: &'a RawExperiment, id: &str) -> &'a RawCell {
    found.cells.iter().find(|cell| cell.id == id).unwrap_or_else(|| panic!("there is no cell {id}"))
}

#[test]
fn what_cannot_be_is_refused_before_it_starts() {
    let refused = [
        ("sharing/reentrant/tokio-multi-thread@1", "a task has no owner, so a lock cannot be re-entered"),
        (
            "sharing/deadlock/sequential@2",
            "2 tasks wait for each other, and this model has 1 under way at once",
        ),
        ("sharing/event/sequential@8", "8 tasks wait for each other, and this model has 1 under way at once"),
        ("sharing/thread-lock/process-fork@1", "a lock of parking_lot lives within one process"),
        ("sharing/lock/process-async@1", "who waits for a lock between processes keeps the event loop"),
        ("sharing/manager/smol@1", "a call that blocks keeps the thread of the event loop"),
    ];
    let (asked, found) = shared(&|id| refused.iter().any(|(cell, _)| *cell == id));
    assert_eq!(asked, [""; 0]);
    for (id, reason) in refused {
        let cell = cell(&found, id);
        assert_eq!(cell.status, Status::Unsupported, "{id}");
        assert!(cell.reason.as_deref().unwrap().starts_with(reason), "{id}: {:?}", cell.reason);
    }
}

#[test]
fn a_cell_is_measured_once_in_each_block_and_what_is_lost_is_a_share() {
    let (asked, found) =
        shared(&|id| id == "sharing/nothing/thread-spawn@2" || id == "sharing/lock/smol@2+1us");
    assert_eq!(asked.len(), 2 * BLOCKS as usize);
    assert_eq!(cell(&found, "sharing/nothing/thread-spawn@2").summary["lost_per_million"].median, 412_000.0);
    let lock = cell(&found, "sharing/lock/smol@2+1us");
    assert_eq!((lock.summary["acquire_ns"].median, lock.summary["cpu_acquire_ns"].median), (20.0, 40.0));
    assert!((lock.summary["fairness"].median - 2.0 / 3.0).abs() < 1e-9);
}

#[test]
fn a_demonstration_that_hangs_is_no_broken_cell() {
    let scope = scope(Vec::new(), 2, true, 7);
    let cells = Sharing::cells(&scope);
    let deadlock = cells.iter().find(|cell| cell.object == Protection::Deadlock).unwrap();
    assert_eq!((deadlock.meant_to_end(), deadlock.blocks(BLOCKS)), (Status::TimedOut, 1));
    let others = cells.iter().filter(|cell| cell.object != Protection::Deadlock);
    assert!(others.into_iter().all(|cell| cell.meant_to_end() == Status::Ok));
}

#[test]
fn every_cell_has_an_id_of_its_own_and_the_default_ones_fit_into_their_budget() {
    let scope = scope(Vec::new(), 2, false, 7);
    let cells = Sharing::cells(&scope);
    let mut ids: Vec<String> = cells.iter().map(Cell::id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), cells.len());
    let estimate = Sharing::estimate(&scope, &cells);
    assert!(estimate <= Duration::from_secs(240), "{estimate:?} for {} cells", cells.len());
}

/// What is said of a run in which every acquisition takes 20 ns, and these lose updates without a lock.
fn said(loses: fn(&str) -> bool) -> String {
    let scope = scope(Vec::new(), 2, false, 7);
    let mut launcher = MockLauncher::new(|_, id, _| {
        let lost = id.starts_with("sharing/nothing/") && loses(id);
        Ok(seen(if lost { 412_000 } else { 0 }))
    });
    let keeps = |id: &str| !id.contains("/deadlock/");
    let record = rehearse(Sharing::ID, &scope, None, &keeps, &mut launcher);
    crate::experiment::text_tables(&record, crate::report::Format::Markdown).unwrap()
}

#[test]
fn the_first_sentence_has_what_is_lost_and_what_protection_costs() {
    let text = said(|id| !id.contains("sequential") && !id.contains("tokio-current-thread@2"));
    let price = "Without a lock a counter loses 412 k of a million updates under 2 threads; an update by two of them takes \
                 20.0 ns with an atomic, 20.0 ns with an atomic that processes share, 20.0 ns under a mutex, 20.0 ns \
                 under a lock between processes and 20.0 ns through a manager process.";
    assert!(text.contains(price), "{text}");
    assert!(text.contains("Under sequential and tokio-current-thread none is lost without a lock"), "{text}");
}

#[test]
fn each_object_that_was_measured_is_told_of() {
    let scope = scope(Vec::new(), 2, false, 7);
    for (object, told) in [
        ("semaphore", "Of 20 tasks that want one of 5 permits at most 5 are inside; a permit takes 20.0 ns"),
        ("event", "An event wakes all of 7 tasks that wait for it, and none before it; one wakes 20.0 ns"),
        ("condition", "A turn of 8 tasks that take turns by a condition variable takes 20.0 ns"),
        (
            "atomic",
            "An update by two takes 20.0 ns with an atomic and 20.0 ns with an atomic that processes share.",
        ),
    ] {
        let mut launcher = MockLauncher::new(|_, _, _| Ok(seen(0)));
        let keeps = |id: &str| id.contains(&format!("/{object}/"));
        let record = rehearse(Sharing::ID, &scope, None, &keeps, &mut launcher);
        let text = crate::experiment::text_tables(&record, crate::report::Format::Markdown).unwrap();
        assert!(text.contains(told), "{object}: {text}");
    }
}

#[test]
fn that_nothing_was_lost_by_luck_is_said_of_models_whose_tasks_can_overlap() {
    let text = said(|id| {
        !id.contains("sequential") && !id.contains("tokio-current-thread@2") && !id.contains("/smol@")
    });
    assert!(text.contains("Under smol none was lost in this run, by luck"), "{text}");
}

#[test]
fn updates_that_are_lost_where_tasks_take_turns_are_not_explained_away() {
    let text = said(|_| true);
    assert!(text.contains("Under sequential updates were lost although its tasks take turns"), "{text}");
    assert!(!text.contains("none is lost without a lock"), "{text}");
}
