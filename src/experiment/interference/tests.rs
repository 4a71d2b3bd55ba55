//! What is measured and what follows on a machine that is made up.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

use super::{Beyond, Interference, Observation, Placed, Served, plan};
use crate::experiment::conduct::mock::{MockLauncher, broken};
use crate::experiment::rehearsal::{rehearse, scope, takes};
use crate::experiment::{Experiment, Scope, html, text_tables};
use crate::record::{RawExperiment, Record, Status};
use crate::report::Format;
use crate::runner::{Request, RunnerError};

const US: u64 = 1_000;
const MS: u64 = 1_000_000;

/// The 99th percentile of short tasks beside computing of this length in this place; `None` for a place that breaks.
type Truth = fn(&str, &str, u64) -> Option<u64>;

/// Inline, a computing task delays its neighbours by its own length; elsewhere it does nothing to them.
fn usual(_: &str, placement: &str, computing_ns: u64) -> Option<u64> {
    Some(100 * US + if placement == "inline" { computing_ns } else { 0 })
}

fn observed(order: &Value, truth: Truth) -> Result<Value, RunnerError> {
    handed_over(order, 20 * US, truth)
}

/// What is answered where tasks are handed over so late.
fn handed_over(order: &Value, late: u64, truth: Truth) -> Result<Value, RunnerError> {
    let Some(load) = order.get("load") else {
        assert_eq!(order, "step");
        return Ok(json!(Observation::Step { step_ns: 2.0 }));
    };
    let word = |name: &str| load[name].as_str().unwrap();
    let p99 = truth(word("runtime"), word("placement"), load["computing_ns"].as_u64().unwrap());
    let p99 = p99.ok_or_else(broken)?;
    let tasks = load["short_tasks"].as_u64().unwrap();
    Ok(json!(Observation::Load(Served {
        short_tasks: tasks,
        latency: (0..tasks).map(|_| p99).collect(),
        handed_late: (0..tasks).map(|_| late).collect(),
        computed: 7,
        elapsed_ns: 300 * MS,
        due_ns: Some(300 * MS),
        cpu_ns: 330 * MS,
    })))
}

/// A run, with the id and the order of whatever was asked for.
fn measured(scope: &Scope, truth: Truth) -> (Vec<(String, Value)>, Record) {
    let mut orders = Vec::new();
    let mut launcher = MockLauncher::new(|_, id, request: &Request| {
        orders.push((id.to_owned(), request.order.clone()));
        observed(&request.order, truth)
    });
    let record = rehearse(Interference::ID, scope, None, &|_| true, &mut launcher);
    drop(launcher);
    (orders, record)
}

fn default_scope() -> Scope {
    scope(Vec::new(), 2, false, 7)
}

fn raw(record: &Record) -> &RawExperiment {
    &record.experiments[Interference::ID]
}

fn placed(record: &Record, runtime: &str, placement: &str) -> Placed {
    let found: Vec<Placed> = serde_json::from_value(raw(record).findings.clone()).unwrap();
    let same = |one: &Placed| one.runtime == runtime && one.placement == placement;
    found.into_iter().find(same).unwrap_or_else(|| panic!("{runtime}/{placement}"))
}

#[test]
fn how_long_a_task_may_compute_is_what_the_machine_says() {
    let (_, record) = measured(&default_scope(), usual);
    // Twice 100 us are reached where computing takes 100 us.
    let inline = placed(&record, "tokio", "inline").allowed.unwrap();
    let ns = inline.median.ns.unwrap();
    assert!((ns / 100e3 - 1.0).abs() < 0.05, "{inline:?}");
    assert!(inline.low.ns <= inline.median.ns && inline.median.ns <= inline.high.ns);
    let beside = placed(&record, "tokio", "spawn-blocking").allowed.unwrap();
    assert_eq!((beside.median.ns, beside.median.beyond), (None, Some(Beyond::Above)));
    assert_eq!((beside.low, beside.high), (beside.median, beside.median));
    let tables = text_tables(&record, Format::Terminal).unwrap();
    let said = |sentence: &str| assert!(tables.contains(sentence), "{sentence}\n{tables}");
    said("Behind tokio's `spawn_blocking`, p99 has not doubled where a task computes 100 ms.");
    said("Inline on smol, a task may compute");
    assert!(html(&record).unwrap().contains("May I compute on the runtime"));
}

#[test]
fn a_place_that_hurts_from_the_shortest_length_on_is_said_to_do_so() {
    let (_, record) =
        measured(&default_scope(), |_, _, computing| Some(if computing > 0 { MS } else { 100 * US }));
    let inline = placed(&record, "rayon", "shared").allowed.unwrap();
    assert_eq!((inline.median.ns, inline.median.beyond), (None, Some(Beyond::Below)));
    let tables = text_tables(&record, Format::Terminal).unwrap();
    assert!(
        tables.contains("In the same pool of rayon's, p99 has doubled already where a task computes 10 µs.")
    );
}

#[test]
fn all_cells_of_a_round_meet_the_same_moments_and_each_round_has_others() {
    let (orders, _) = measured(&default_scope(), usual);
    assert_eq!(orders, measured(&default_scope(), usual).0);
    assert_ne!(orders, measured(&scope(Vec::new(), 2, false, 8), usual).0);
    let mut seeds: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for (id, order) in orders.iter().skip(1) {
        seeds.entry(id).or_default().push(order["load"]["seed"].as_u64().unwrap());
    }
    let of_cells: BTreeSet<&Vec<u64>> = seeds.values().collect();
    assert_eq!(of_cells.len(), 1, "every cell has the same ones, in the order of the rounds");
    let rounds: BTreeSet<u64> = of_cells.into_iter().flatten().copied().collect();
    assert_eq!(rounds.len(), 6, "{rounds:?}");
}

#[test]
fn short_tasks_take_a_tenth_of_the_cores_and_computing_half() {
    let (orders, _) = measured(&default_scope(), usual);
    for (id, order) in orders.iter().skip(1) {
        let load = &order["load"];
        assert_eq!(load["interval_ns"], 100 * US, "{id}: 20 us of two cores each");
        assert_eq!(load["short_steps"], 10_000, "{id}: 20 us at 2 ns a step");
        assert_eq!(load["busy_cores"], 1.0, "{id}");
        let [steps, stretches] = [0, 1].map(|part| load["stretch"][part].as_u64().unwrap());
        let computing = load["computing_ns"].as_u64().unwrap();
        assert!(computing == 0 || 2 * steps * stretches == computing, "{id}: {steps} x {stretches}");
    }
}

#[test]
fn a_thread_for_less_than_it_costs_is_refused_before_it_starts() {
    let (orders, record) = measured(&default_scope(), usual);
    let cell = raw(&record).cells.iter().find(|cell| cell.id == "interference/tokio/thread/10us").unwrap();
    assert_eq!(cell.status, Status::Unsupported);
    assert!(cell.reason.as_deref().unwrap().starts_with("starting a thread takes about as long"), "{cell:?}");
    assert!(orders.iter().all(|(id, _)| *id != cell.id));
    assert!(placed(&record, "tokio", "thread").allowed.is_some(), "longer ones are measured");
}

#[test]
fn a_place_that_breaks_keeps_its_reason_and_the_others_go_on() {
    let (_, record) = measured(&default_scope(), |runtime, placement, computing| {
        if (runtime, placement) == ("smol", "unblock") { None } else { usual(runtime, placement, computing) }
    });
    let broken = placed(&record, "smol", "unblock");
    assert_eq!((broken.allowed, broken.refusal.as_deref()), (None, Some("it broke")));
    assert!(placed(&record, "smol", "inline").allowed.is_some());
    let tables = text_tables(&record, Format::Terminal).unwrap();
    assert!(tables.contains("it is not known how long a task may compute: it broke."), "{tables}");
}

#[test]
fn a_filter_keeps_the_runtime_without_computing() {
    let scope = default_scope();
    let kept = |keeps: &str| -> Vec<String> {
        let cells = Interference::select(&scope, plan::cells(&scope), &|id| id == keeps);
        cells.iter().map(crate::record::Factors::id).collect()
    };
    let found = kept("interference/smol/unblock/1ms");
    assert_eq!(found, ["interference/smol/none", "interference/smol/unblock/1ms"]);
    assert!(kept("sleep").is_empty());
}

#[test]
fn it_takes_four_minutes_and_a_quick_run_a_quarter_of_that() {
    let [usual, quick] = takes::<Interference>(2);
    assert!(usual <= Duration::from_secs(240), "{usual:?}");
    assert!(quick <= Duration::from_secs(60), "{quick:?}");
}

#[test]
fn rounds_that_contradict_each_other_say_nothing() {
    let rounds = std::cell::Cell::new(0);
    let mut launcher = MockLauncher::new(|_, _, request: &Request| {
        rounds.set(rounds.get() + 1);
        let noisy = rounds.get() % 2 == 0;
        let mut load = request.order.clone();
        if noisy && load.get("load").is_some_and(|load| load["computing_ns"] != 0) {
            load["load"]["placement"] = json!("noisy");
        }
        observed(&load, |_, placement, _| Some(if placement == "noisy" { MS } else { 100 * US }))
    });
    let keeps = |id: &str| id.contains("/smol/unblock/10us");
    let record = rehearse(Interference::ID, &default_scope(), None, &keeps, &mut launcher);
    let found = placed(&record, "smol", "unblock");
    assert_eq!(found.allowed, None, "{found:?}");
    assert_eq!(found.refusal.as_deref(), Some("p99 had doubled in 3 of 6 rounds at 10 µs"));
}

#[test]
fn what_is_worse_beside_shorter_tasks_says_nothing_of_computing() {
    let (_, record) =
        measured(&default_scope(), |_, _, computing| Some(if computing == 10 * US { MS } else { 100 * US }));
    let found = placed(&record, "tokio", "inline");
    assert_eq!(found.allowed, None, "{found:?}");
    let why = found.refusal.unwrap();
    assert!(
        why.starts_with("p99 had doubled in 6 of 6 rounds at 10 µs and in 0 at 100 µs, 1 ms, 10 ms"),
        "{why}"
    );
    assert!(why.ends_with("something else than how long it lasts doubled it"), "{why}");
}

#[test]
fn places_of_which_nothing_is_known_for_one_reason_share_a_sentence() {
    let (_, record) =
        measured(&default_scope(), |_, _, computing| Some(if computing == 10 * US { MS } else { 100 * US }));
    let tables = text_tables(&record, Format::Terminal).unwrap();
    assert_eq!(tables.matches("it is not known how long a task may compute").count(), 1, "{tables}");
}

/// The record of a run in which this is done to what became of loads.
fn with(change: fn(&str, &mut Served)) -> Record {
    let mut launcher = MockLauncher::new(|_, id, request: &Request| {
        let mut answer: Observation =
            serde_json::from_value(observed(&request.order, usual)?).expect("it is what was written");
        if let Observation::Load(served) = &mut answer {
            change(id, served);
        }
        Ok(json!(answer))
    });
    let keeps = |id: &str| id.contains("/smol/unblock/");
    rehearse(Interference::ID, &default_scope(), None, &keeps, &mut launcher)
}

#[test]
fn a_place_that_does_not_keep_up_says_nothing_at_that_length() {
    let record = with(|id, served| {
        if id.ends_with("/10us") {
            served.elapsed_ns = 331 * MS;
        }
    });
    let found = placed(&record, "smol", "unblock");
    let out: Vec<u64> = found.left_out.iter().map(|out| out.computing_ns).collect();
    assert_eq!(out, [10 * US]);
    assert!(found.left_out[0].reason.starts_with("it did not keep up"), "{:?}", found.left_out);
    assert_eq!(found.points.first().map(|point| point.computing_ns), Some(100 * US));
    let tables = text_tables(&record, Format::Terminal).unwrap();
    assert!(tables.contains("Left out are 1 of 5 loads: the place did not keep up"), "{tables}");
    assert!(html(&record).unwrap().contains("it did not keep up"));
    let kept = with(|_, served| served.elapsed_ns = 329 * MS);
    assert!(placed(&kept, "smol", "unblock").left_out.is_empty());
}

#[test]
fn what_is_handed_over_so_late_that_tasks_wait_for_each_other_says_nothing() {
    // A tenth of what the cores can do is due, and without computing a task takes 100 us at p99.
    let record = with(|id, served| {
        if id.ends_with("/1ms") {
            served.handed_late = std::iter::repeat_n(2 * MS, 3_000).collect();
        }
    });
    let found = placed(&record, "smol", "unblock");
    let out: Vec<u64> = found.left_out.iter().map(|out| out.computing_ns).collect();
    assert_eq!(out, [MS]);
    assert!(found.left_out[0].reason.starts_with("short tasks were handed over 2.0"), "{:?}", found.left_out);
    let tables = text_tables(&record, Format::Terminal).unwrap();
    assert!(tables.contains("Beside computing tasks, short ones were handed over up to 2.0"), "{tables}");
    let soon = with(|_, served| served.handed_late = std::iter::repeat_n(MS / 2, 3_000).collect());
    assert!(placed(&soon, "smol", "unblock").left_out.is_empty());
}

#[test]
fn the_page_says_how_many_short_tasks_are_due_and_few_blocks_indicate_only() {
    let said = |cores, blocks| {
        let mut scope = scope(Vec::new(), cores, false, 7);
        scope.settings.blocks = blocks;
        html(&measured(&scope, usual).1).unwrap()
    };
    let few = "With fewer than 12 blocks these are indications.";
    let (small, large) = (said(2, 12), said(64, 11));
    assert!(small.contains("10.0 k a second, which is 10 % of what 2 cores can do"), "{small}");
    assert!(large.contains("20.0 k a second, which is 0.62 % of what 64 cores can do"), "{large}");
    assert!(!small.contains(few) && large.contains(few));
}

#[test]
fn a_machine_that_hands_tasks_over_late_is_named() {
    let tables = |late: u64| {
        let mut launcher =
            MockLauncher::new(|_, _, request: &Request| handed_over(&request.order, late, usual));
        let keeps = |id: &str| id.contains("/smol/unblock/");
        let record = rehearse(Interference::ID, &default_scope(), None, &keeps, &mut launcher);
        text_tables(&record, Format::Terminal).unwrap()
    };
    let said = "Even without computing tasks were handed over 3.0";
    assert!(tables(3 * MS).contains(said), "{}", tables(3 * MS));
    assert!(!tables(20 * US).contains("handed over 2"), "{}", tables(20 * US));
}
