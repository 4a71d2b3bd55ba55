//! Whether what is judged is judged rightly, on machines that are made up.

use std::time::Duration;

use super::*;
use crate::experiment::complete;
use crate::experiment::conduct::mock::broken;
use crate::experiment::rehearsal::{BLOCKS, Rehearsal};
use crate::models::{BuiltIn, Catalogue};
use crate::record::Record;
use crate::runner::Work;
use crate::selftest::specs;
use crate::spec::Spec;

const CORES: u64 = 2;

type Truth = fn(&str, &Work) -> f64;

/// How long a batch takes where twins that do more work take longer by their share, and nothing else differs.
fn honest(_: &str, work: &Work) -> f64 {
    let name = &work.task_spec.name;
    let more = EFFECTS.into_iter().find(|&percent| *name == further(percent)).unwrap_or(0);
    let task = if name == NOOP { 5.0 } else { 200_000.0 };
    48.0 * task * (1.0 + more as f64 / 100.0)
}

fn equals() -> Spec {
    specs::equals(&BuiltIn::infos(), false, CORES).expect("it is valid")
}

fn effects() -> Spec {
    specs::effects(&BuiltIn::infos(), CORES).expect("it is valid")
}

/// Every observation takes 3 ms beside what it times.
fn measured_of(record: Record) -> Measured {
    let mut measured = Measured::new(record, Duration::ZERO);
    let cells = &measured.sheet.cells;
    let timed: u64 = cells.iter().flat_map(|cell| &cell.observations).map(|made| made.wall_ns).sum();
    let made = cells.len() as u32 * BLOCKS;
    measured.measuring = Duration::from_nanos(timed) + made * Duration::from_millis(3);
    measured
}

/// A self-test on a machine with this noise, and this truth. The seed is one of the nineteen in twenty whose intervals hold
/// as often as they should: both metrics of an observation have the same noise here, so that misses come in pairs.
fn tested(noise: f64, truth: Truth) -> (Measured, Measured) {
    let rehearsed =
        |spec, seed| measured_of(Rehearsal { noise, truth, ..Rehearsal::new(seed) }.run_spec(spec));
    (rehearsed(equals(), 3), rehearsed(effects(), 2))
}

fn verdict(found: &SelfTest, id: &str) -> Option<Judgement> {
    check(found, id).verdict
}

fn check<'a>(found: &'a SelfTest, id: &str) -> &'a Check {
    found.checks.iter().find(|check| check.id == id).unwrap_or_else(|| panic!("no check {id}"))
}

#[test]
fn on_a_quiet_machine_everything_is_held() {
    let (equals, effects) = tested(0.01, honest);
    let found = judge(&equals, &effects);
    let wrong: Vec<_> =
        found.checks.iter().filter(|check| !matches!(check.verdict, Some(Judgement::Held) | None)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!((found.equals.len(), found.effects.len()), (80, 6));
    assert_eq!(check(&found, "equals-steady").bound.as_deref(), Some("at most 4"));
    let launch = check(&found, "launch").value.expect("it was measured");
    assert!((launch / 3e6 - 1.0).abs() < 0.001, "{launch}");
    let own = check(&found, "own-task").value.expect("it was measured");
    assert!((own / (48.0 * 5.0 / 200.0) - 1.0).abs() < 0.02, "{own}");
}

#[test]
fn twins_that_differ_are_false_alarms() {
    let unequal = |id: &str, work: &Work| honest(id, work) * if id.ends_with(TWIN_MARK) { 1.1 } else { 1.0 };
    let (equals, effects) = tested(0.01, unequal);
    let found = judge(&equals, &effects);
    for id in ["equals-steady", "equals-one-off", "coverage"] {
        assert_eq!(verdict(&found, id), Some(Judgement::Missed), "{id}");
    }
    assert_eq!(check(&found, "equals-steady").value, Some(40.0));
}

#[test]
fn an_effect_that_is_not_found_is_missed_only_where_it_could_have_been_seen() {
    let without_effect = |_: &str, work: &Work| if work.task_spec.name == NOOP { 240.0 } else { 1e7 };
    let effects = |noise, truth: Truth| {
        let (equals, effects) = tested(noise, truth);
        let found = judge(&equals, &effects);
        ["effect-2-sequential", "effect-5-sequential", "effect-5-tokio-multi-thread"]
            .map(|id| verdict(&found, id).expect("an effect has a bound"))
    };
    assert_eq!(effects(0.005, without_effect), [Judgement::Missed; 3]);
    assert_eq!(effects(0.4, without_effect), [Judgement::Unknown; 3]);
    assert_eq!(effects(0.005, honest), [Judgement::Held; 3]);
}

#[test]
fn phases_that_leave_something_out_are_missed() {
    let (mut equals, effects) = tested(0.01, honest);
    let made = &mut equals.sheet.cells[3].observations[7];
    made.wall_ns += made.wall_ns / 50;
    let id = equals.sheet.cells[3].id.clone();
    let found = judge(&equals, &effects);
    assert_eq!(verdict(&found, "phases"), Some(Judgement::Missed));
    assert_eq!(check(&found, "phases").figure, format!("2.0 % apart, of {id}"));
}

#[test]
fn tasks_that_are_mostly_ours_are_missed() {
    let (equals, effects) = tested(0.01, |_, _| 1e7);
    assert_eq!(verdict(&judge(&equals, &effects), "own-share"), Some(Judgement::Missed));
}

#[test]
fn a_cell_that_fails_is_missed_and_named() {
    let trouble = |_, id: &str| (id == "count/sequential@1").then(broken);
    let record = Rehearsal { trouble, ..Rehearsal::new(1) }.run_spec(effects());
    let found = measured(&[&measured_of(record).sheet]);
    assert_eq!(found.verdict, Some(Judgement::Missed));
    assert_eq!(found.figure, "9 of 10; count/sequential@1 is crashed: it broke");
}

#[test]
fn a_block_that_was_measured_again_took_its_time_twice() {
    let (mut equals, effects) = tested(0.0, honest);
    let before = launch(&[&equals]).value.expect("it was measured");
    let noise = &mut equals.sheet.noise[0];
    noise.repeats = 1;
    let (block, workload) = (noise.block, noise.group.clone());
    let again =
        equals.sheet.cells.iter().filter(|cell| cell.workload == workload).map(|cell| &cell.observations);
    let twice: u64 =
        again.flatten().filter(|made| made.block == block).map(|made| made.wall_ns + 3_000_000).sum();
    equals.measuring += Duration::from_nanos(twice);
    let after = launch(&[&equals]).value.expect("it was measured");
    assert!((after / before - 1.0).abs() < 1e-6, "{before} and {after}");
    assert_eq!(launch(&[&effects]).verdict, None);
}

#[test]
fn few_blocks_and_noisy_machines_tell_nothing() {
    let (equals, effects) = tested(0.01, honest);
    let shortened = |Measured { mut record, measuring, .. }: Measured| {
        let cells = record.experiments.values_mut().flat_map(|experiment| &mut experiment.cells);
        cells.for_each(|cell| cell.observations.truncate(11));
        complete(&mut record).expect("it is still a record");
        record.noise.grade = Grade::Noisy;
        Measured::new(record, measuring)
    };
    let (equals, effects) = (shortened(equals), shortened(effects));
    let found = judge(&equals, &effects);
    for id in ["equals-steady", "equals-one-off", "coverage", "machine"] {
        assert_eq!(verdict(&found, id), Some(Judgement::Unknown), "{id}");
    }
    assert!(check(&found, "coverage").figure.contains("fewer than 12 blocks"));
    assert_eq!(verdict(&found, "phases"), Some(Judgement::Held));
}
