//! Whether what is judged is judged rightly, on machines that are made up.

use std::time::Duration;

use super::*;
use crate::campaign::rehearsal::{BLOCKS, rehearse};
use crate::models::{BuiltIn, Catalogue};
use crate::plan::Slot;
use crate::runner::schedule::mock::{MockLauncher, broken};
use crate::selftest::matrix;
use crate::spec::Spec;

const CORES: u64 = 2;

/// How long a batch takes where twins that do more work take longer by their share, and nothing else differs.
fn honest(spec: &Spec, slot: Slot) -> f64 {
    let name = &spec.workload_of(&spec.cells[slot.cell]).definition.name;
    let more = EFFECTS.into_iter().find(|&percent| *name == further(percent)).unwrap_or(0);
    let task = if name == NOOP { 5.0 } else { 200_000.0 };
    48.0 * task * (1.0 + more as f64 / 100.0)
}

/// A self-test on a machine with this noise, and this truth.
fn tested(noise: f64, truth: fn(&Spec, Slot) -> f64) -> (Measured, Measured) {
    let rehearsed = |spec: Spec, seed| {
        let mut launcher = MockLauncher::new(seed);
        (launcher.noise, launcher.truth) = (noise, truth);
        let run = rehearse(&spec, seed, CORES, &mut launcher);
        let timed: u64 = run.cells.iter().flat_map(|cell| &cell.observations).map(|made| made.wall_ns).sum();
        let made = run.cells.len() as u32 * BLOCKS;
        // Each observation takes 3 ms beside what it times.
        Measured { run, measuring: Duration::from_nanos(timed) + made * Duration::from_millis(3) }
    };
    let infos = BuiltIn::infos();
    let equals = matrix::equals(&infos, false, CORES).expect("it is valid");
    let effects = matrix::effects(&infos, CORES).expect("it is valid");
    (rehearsed(equals, 1), rehearsed(effects, 2))
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
    let unequal =
        |spec: &Spec, slot: Slot| honest(spec, slot) * if spec.cells[slot.cell].twin { 1.1 } else { 1.0 };
    let (equals, effects) = tested(0.01, unequal);
    let found = judge(&equals, &effects);
    for id in ["equals-steady", "equals-one-off", "coverage"] {
        assert_eq!(verdict(&found, id), Some(Judgement::Missed), "{id}");
    }
    assert_eq!(check(&found, "equals-steady").value, Some(40.0));
}

#[test]
fn an_effect_that_is_not_found_is_missed_only_where_it_could_have_been_seen() {
    let without_effect = |spec: &Spec, slot: Slot| {
        let name = &spec.workload_of(&spec.cells[slot.cell]).definition.name;
        if name == NOOP { 240.0 } else { 1e7 }
    };
    let effects = |noise, truth: fn(&Spec, Slot) -> f64| {
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
    let made = &mut equals.run.cells[3].observations[7];
    made.wall_ns += made.wall_ns / 50;
    let id = equals.run.cells[3].id.clone();
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
    let spec = matrix::effects(&BuiltIn::infos(), CORES).expect("it is valid");
    let mut launcher = MockLauncher::new(1);
    launcher.trouble = |_, slot| (slot.cell == 0).then(broken);
    let run = rehearse(&spec, 1, CORES, &mut launcher);
    let id = run.cells[0].id.clone();
    let found = measured(&[&run]);
    assert_eq!(found.verdict, Some(Judgement::Missed));
    assert_eq!(found.figure, format!("9 of 10; {id} is crashed: it broke"));
}

#[test]
fn a_block_that_was_measured_again_took_its_time_twice() {
    let (mut equals, effects) = tested(0.0, honest);
    let before = launch(&[&equals]).value.expect("it was measured");
    let noise = &mut equals.run.noise.blocks[0];
    noise.repeats = 1;
    let (block, workload) = (noise.block, noise.workload.clone());
    let again =
        equals.run.cells.iter().filter(|cell| cell.workload == workload).map(|cell| &cell.observations);
    let twice: u64 =
        again.flatten().filter(|made| made.block == block).map(|made| made.wall_ns + 3_000_000).sum();
    equals.measuring += Duration::from_nanos(twice);
    let after = launch(&[&equals]).value.expect("it was measured");
    assert!((after / before - 1.0).abs() < 1e-6, "{before} and {after}");
    assert_eq!(launch(&[&effects]).verdict, None);
}

#[test]
fn few_blocks_and_noisy_machines_tell_nothing() {
    let (mut equals, mut effects) = tested(0.01, honest);
    for run in [&mut equals.run, &mut effects.run] {
        run.noise.grade = Grade::Noisy;
        run.cells.iter_mut().for_each(|cell| cell.observations.truncate(11));
        crate::analyse::complete(run);
    }
    let found = judge(&equals, &effects);
    for id in ["equals-steady", "equals-one-off", "coverage", "machine"] {
        assert_eq!(verdict(&found, id), Some(Judgement::Unknown), "{id}");
    }
    assert!(check(&found, "coverage").figure.contains("fewer than 12 blocks"));
    assert_eq!(verdict(&found, "phases"), Some(Judgement::Held));
}
