//! What is measured in which order, and what becomes of cells that fail, without any time passing.

use std::collections::HashSet;

use super::mock::{MockEvents, MockLauncher, MockWatch, Told, broken, twins};
use super::{Outcome, WARM_TIME, preflight, run};
use crate::plan;
use crate::runner::process::Silence;
use crate::spec::Spec;

const BLOCKS: u32 = 20;
const DEADLINE: std::time::Duration = std::time::Duration::from_secs(1);

struct Campaign {
    spec: Spec,
    launcher: MockLauncher,
    watch: MockWatch,
    events: MockEvents,
}

impl Campaign {
    fn of(workloads: usize) -> Self {
        let launcher = MockLauncher::new(1);
        let (watch, events) = (MockWatch::default(), MockEvents::default());
        Self { spec: twins(workloads), launcher, watch, events }
    }

    fn measure(&mut self) -> Outcome {
        let Self { spec, launcher, watch, events } = self;
        let mut outcome = Outcome::of(spec);
        preflight(launcher, spec, DEADLINE, &mut outcome, events);
        if !outcome.interrupted {
            let plan = plan::blocks(spec, BLOCKS, 7);
            run(launcher, watch, spec, &plan, &mut outcome, events);
        }
        outcome
    }
}

/// The blocks that a cell was observed in, in the order in which it was.
fn blocks_of(outcome: &Outcome, cell: usize) -> Vec<u32> {
    outcome.cells[cell].observations.iter().map(|observation| observation.block).collect()
}

#[test]
fn every_cell_is_observed_once_in_every_block_and_in_changing_order() {
    let mut campaign = Campaign::of(3);
    let outcome = campaign.measure();
    let cells = campaign.spec.cells.len();
    let all: Vec<u32> = (0..BLOCKS).collect();
    assert!((0..cells).all(|cell| blocks_of(&outcome, cell) == all));
    assert_eq!(campaign.launcher.asked.len(), cells + cells * BLOCKS as usize);
    let orders: HashSet<Vec<usize>> = campaign.launcher.asked[cells..]
        .chunks(cells)
        .map(|block| block.iter().map(|slot| slot.cell).collect())
        .collect();
    assert!(orders.len() > BLOCKS as usize / 2, "{} orders in {BLOCKS} blocks", orders.len());
    for order in orders {
        let distinct: HashSet<usize> = order.iter().copied().collect();
        assert_eq!(distinct.len(), cells, "a block with a cell missing: {order:?}");
    }
}

#[test]
fn every_observation_of_a_cell_has_the_same_number_of_warm_batches_that_fill_their_time() {
    let mut campaign = Campaign::of(1);
    let outcome = campaign.measure();
    for observation in outcome.cells.iter().flat_map(|cell| &cell.observations) {
        assert_eq!(observation.warm_ns.iter().sum::<u64>(), WARM_TIME.as_nanos() as u64);
    }
}

#[test]
fn a_cell_that_fails_is_not_asked_again_and_the_others_go_on() {
    let mut campaign = Campaign::of(2);
    // The first cell fails in the preflight, the second half-way.
    campaign.launcher.trouble = |number, slot| match slot.cell {
        0 => Some(broken()),
        1 => (number > 40).then(broken),
        _ => None,
    };
    let outcome = campaign.measure();
    let failed: Vec<bool> = outcome.cells.iter().map(|cell| cell.failure.is_some()).collect();
    assert_eq!(failed, [true, true, false, false]);
    assert_eq!(campaign.launcher.asked.iter().filter(|slot| slot.cell == 0).count(), 1);
    let told = |what: &Told| campaign.events.0.iter().filter(|told| *told == what).count();
    assert_eq!(told(&Told::Preflight { cell: 0, ok: false }), 1);
    assert_eq!(told(&Told::Failed { cell: 1 }), 1);
    let before = blocks_of(&outcome, 1).len();
    assert!((1..BLOCKS as usize).contains(&before), "what was measured before the failure is kept");
    assert!([2, 3].iter().all(|&cell| blocks_of(&outcome, cell).len() == BLOCKS as usize));
    assert!(!outcome.interrupted);
}

#[test]
fn a_breached_block_is_measured_again_once_and_its_observations_are_replaced() {
    let mut campaign = Campaign::of(2);
    campaign.launcher.noise = 0.02;
    campaign.watch.breaches = vec![("count-0".to_owned(), 3)];
    let outcome = campaign.measure();
    let noise = outcome.blocks.iter().find(|noise| noise.breach.is_some()).expect("one block was breached");
    assert_eq!((noise.workload.as_str(), noise.block, noise.repeats), ("count-0", 3, 1));
    assert_eq!(outcome.blocks.len(), 2 * BLOCKS as usize);
    let told = |what: &Told| campaign.events.0.iter().filter(|told| *told == what).count();
    assert_eq!(told(&Told::Block { block: 3, again: true }), 1);
    for cell in 0..campaign.spec.cells.len() {
        let made = told(&Told::Observed { cell, block: 3 });
        let breached = campaign.spec.cells[cell].workload == 0;
        assert_eq!(made, if breached { 2 } else { 1 });
        let mut kept = blocks_of(&outcome, cell);
        kept.sort_unstable();
        assert_eq!(kept, (0..BLOCKS).collect::<Vec<_>>(), "each block is kept once");
    }
}

#[test]
fn why_a_block_was_measured_again_stays_known_when_the_second_attempt_is_quiet() {
    let mut campaign = Campaign::of(2);
    campaign.watch.first_attempt = Some(("count-0".to_owned(), 3));
    let outcome = campaign.measure();
    assert!(outcome.blocks.iter().all(|noise| noise.breach.is_none()));
    assert_eq!(outcome.blocks.iter().map(|noise| noise.repeats).sum::<u32>(), 1);
    assert_eq!(outcome.notes, ["block 4 of count-0 was measured again: it was told to"]);
}

#[test]
fn a_machine_that_is_always_busy_does_not_double_the_run() {
    let mut campaign = Campaign::of(2);
    campaign.watch.breaches = (0..BLOCKS).map(|block| ("count-0".to_owned(), block)).collect();
    let outcome = campaign.measure();
    let repeats: u32 = outcome.blocks.iter().map(|noise| noise.repeats).sum();
    assert_eq!(repeats, BLOCKS / super::BLOCKS_PER_REPEAT);
    let breached = outcome.blocks.iter().filter(|noise| noise.breach.is_some()).count();
    assert_eq!(breached, BLOCKS as usize, "what stays breached is recorded as such");
}

#[test]
fn an_interrupt_ends_the_run_and_keeps_what_was_measured() {
    let mut campaign = Campaign::of(2);
    campaign.launcher.trouble = |number, _| (number == 30).then_some(Silence::Interrupted);
    let outcome = campaign.measure();
    assert!(outcome.interrupted);
    assert_eq!(campaign.launcher.asked.len(), 31, "nothing is started after it");
    let kept: usize = outcome.cells.iter().map(|cell| cell.observations.len()).sum();
    assert_eq!(kept, 30 - campaign.spec.cells.len());
    assert!(outcome.cells.iter().all(|cell| cell.failure.is_none()));
}

#[test]
fn an_interrupt_of_the_preflight_leaves_every_cell_without_observation() {
    let mut campaign = Campaign::of(2);
    campaign.launcher.trouble = |number, _| (number == 1).then_some(Silence::Interrupted);
    let outcome = campaign.measure();
    assert!(outcome.interrupted);
    assert_eq!(outcome.cells.len(), campaign.spec.cells.len());
    assert!(outcome.cells.iter().all(|cell| cell.observations.is_empty()));
}
