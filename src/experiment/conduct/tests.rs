//! What is measured in which order, and what becomes of cells that fail, without any time passing.

use std::collections::HashSet;
use std::ops::ControlFlow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::mock::{MockEvents, MockLauncher, MockWatch, broken};
use super::*;
use crate::experiment::rehearsal::{BLOCKS, scope};
use crate::experiment::{Context, Experiment, MeasuredOf, RecordOf, Seen, Shuffle, View};
use crate::record::journal::Entry;
use crate::record::{Factors, RawExperiment, Response, Responses, Status};
use crate::report::{ReportError, Section};
use crate::runner::{CellError, Desk};

/// An experiment of two groups of two cells. The first cell of the first group needs a calibration, as the second does;
/// the last of all is refused.
#[derive(Debug)]
struct Toy;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Cell {
    group: String,
    name: String,
}

impl Factors for Cell {
    fn id(&self) -> String {
        format!("toy/{}/{}", self.group, self.name)
    }

    fn group(&self) -> &str {
        &self.group
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Seconds {
    value: f64,
}

impl Responses for Seconds {
    fn responses(&self) -> Vec<Response> {
        vec![Response::one("value", self.value)]
    }
}

const CELLS: [&str; 4] = ["toy/a/one", "toy/a/two", "toy/b/one", "toy/b/refused"];
const CALIBRATION: &str = "how fast";

impl Experiment for Toy {
    const ID: &'static str = "toy";
    const QUESTION: &'static str = "does it hold?";
    const HEADLINES: &'static [&'static str] = &["value"];

    type Setup = ();
    type Cell = Cell;
    type Order = ();
    type Observation = Seconds;
    type Findings = ();

    fn cells(_: &Scope) -> Vec<Cell> {
        let cell = |id: &str| {
            let (group, name) = id["toy/".len()..].split_once('/').unwrap();
            Cell { group: group.to_owned(), name: name.to_owned() }
        };
        CELLS.iter().map(|id| cell(id)).collect()
    }

    fn estimate(_: &Scope, _: &[Cell]) -> std::time::Duration {
        Default::default()
    }

    fn setup(_: &Scope, _: &[Cell]) {}

    fn next(scope: &Scope, seen: &Seen<Self>) -> Vec<Block<()>> {
        let ask = || Ok(Ask { order: (), work: None, deadline: scope.settings.deadline });
        let needed = seen.open().any(|(_, cell)| cell.factors.group == "a");
        if needed && !seen.calibrations.contains_key(CALIBRATION) {
            let subject = Subject::Calibration { name: CALIBRATION.to_owned(), cells: vec![0, 1] };
            let trials = vec![Trial { subject, ask: ask(), padding: 0 }];
            return vec![Block { number: 0, group: String::new(), gated: false, trials }];
        }
        let trial = |cell: usize, padding| {
            let refusal = || Err(Failure::new(Status::Unsupported, "the kernel has none"));
            let ask = if CELLS[cell].ends_with("refused") { refusal() } else { ask() };
            Trial { subject: Subject::Cell(cell), ask, padding }
        };
        let blocks = Shuffle::new(scope.settings.seed, Self::ID).blocks(scope.settings.blocks, &[2, 2]);
        let block = |(number, group, places): (u32, usize, Vec<(usize, usize)>)| Block {
            number,
            group: ["a", "b"][group].to_owned(),
            gated: true,
            trials: places.into_iter().map(|(place, padding)| trial(2 * group + place, padding)).collect(),
        };
        blocks.into_iter().map(block).collect()
    }

    fn observe((): (), _: &mut Desk<'_>) -> Result<Seconds, CellError> {
        Err(CellError::Other("no runner is started here".to_owned()))
    }

    fn analyse(_: &MeasuredOf<Self>, _: &Context<'_>) {}

    fn sections(_: &RecordOf<Self>, _: &View<'_>) -> Result<Vec<Section>, ReportError> {
        Ok(Vec::new())
    }
}

/// A run of the toy that can be broken off and gone on with.
struct Run {
    scope: Scope,
    toy: Box<dyn Underway>,
    watch: MockWatch,
    events: MockEvents,
    notes: Vec<String>,
}

impl Run {
    fn new() -> Self {
        let scope = scope(Vec::new(), 2, false, 7);
        let toy: Box<dyn Underway> = Box::new(Seen::<Toy>::new(&scope, Toy::cells(&scope)));
        Self { scope, toy, watch: MockWatch::default(), events: MockEvents::default(), notes: Vec::new() }
    }

    /// Measures what is left; what becomes of an observation is by its number from 0 and its id. What was asked for.
    fn measure(
        &mut self,
        trouble: impl Fn(usize, &str) -> Option<RunnerError>,
    ) -> (ControlFlow<()>, Vec<String>) {
        self.measure_until(Until::Done, trouble)
    }

    /// Measures all that is left.
    fn measure_all(&mut self) {
        assert!(self.measure(|_, _| None).0.is_continue());
    }

    fn measure_until(
        &mut self,
        until: Until,
        trouble: impl Fn(usize, &str) -> Option<RunnerError>,
    ) -> (ControlFlow<()>, Vec<String>) {
        let mut launcher = MockLauncher::new(|number, id, _| match trouble(number, id) {
            Some(trouble) => Err(trouble),
            None => Ok(json!({ "value": number as f64 })),
        });
        let Self { scope, toy, watch, events, notes } = self;
        let mut stage = Stage { launcher: &mut launcher, watch, events, notes };
        let flow = measure(toy.as_mut(), scope, &mut stage, until);
        (flow, launcher.asked)
    }

    fn finish(self) -> (RawExperiment, Vec<BlockNoise>) {
        self.toy.finish(BLOCKS)
    }
}

/// The blocks that a cell was observed in.
fn blocks_of(toy: &RawExperiment, cell: usize) -> Vec<u32> {
    toy.cells[cell].observations.iter().map(|made| made.block).collect()
}

fn all_blocks() -> Vec<u32> {
    (0..BLOCKS).collect()
}

fn observed(events: &MockEvents, id: &str, block: u32) -> usize {
    let is_it = |entry: &&Entry| matches!(entry, Entry::Observation { of, observed, .. } if of == id && observed.block == block);
    events.0.iter().filter(is_it).count()
}

#[test]
fn every_cell_is_observed_once_in_every_block_and_in_changing_order() {
    let mut run = Run::new();
    let (flow, asked) = run.measure(|_, _| None);
    assert_eq!(flow, ControlFlow::Continue(()));
    assert_eq!(asked[0], CALIBRATION);
    assert_eq!(asked.len(), 1 + 3 * BLOCKS as usize);
    let (toy, blocks) = run.finish();
    assert!((0..3).all(|cell| blocks_of(&toy, cell) == all_blocks()));
    assert_eq!(toy.calibrations[CALIBRATION], json!({ "value": 0.0 }));
    assert_eq!(blocks.len(), 2 * BLOCKS as usize);
    // The two cells of a group stand beside each other, in either order.
    let of_a: Vec<&str> = asked.iter().map(String::as_str).filter(|id| id.starts_with("toy/a")).collect();
    let orders: HashSet<&[&str]> = of_a.chunks(2).collect();
    assert_eq!(orders, HashSet::from([&CELLS[..2], &[CELLS[1], CELLS[0]]]));
}

#[test]
fn a_refused_trial_is_a_row_and_never_asked_for() {
    let mut run = Run::new();
    let (_, asked) = run.measure(|_, _| None);
    assert!(!asked.iter().any(|id| id == CELLS[3]));
    let failures = run.events.0.iter().filter(|entry| matches!(entry, Entry::Failure { .. })).count();
    assert_eq!(failures, 1, "it is told once and not for every block");
    let (toy, _) = run.finish();
    let refused = &toy.cells[3];
    assert_eq!(
        (refused.status, refused.reason.as_deref()),
        (Status::Unsupported, Some("the kernel has none"))
    );
}

#[test]
fn a_cell_that_fails_is_not_asked_again_and_the_others_go_on() {
    let mut run = Run::new();
    let (flow, asked) = run.measure(|number, id| (id == CELLS[0] && number > 40).then(broken));
    assert_eq!(flow, ControlFlow::Continue(()));
    let (toy, _) = run.finish();
    assert_eq!((toy.cells[0].status, toy.cells[0].reason.as_deref()), (Status::Crashed, Some("it broke")));
    let before = blocks_of(&toy, 0).len();
    assert!((1..BLOCKS as usize).contains(&before), "what was measured before the failure is kept");
    assert_eq!(asked.iter().filter(|id| *id == CELLS[0]).count(), before + 1);
    assert!((1..3).all(|cell| blocks_of(&toy, cell) == all_blocks()));
}

#[test]
fn a_calibration_that_fails_ends_its_cells_and_no_other() {
    let mut run = Run::new();
    let (_, asked) = run.measure(|_, id| (id == CALIBRATION).then(broken));
    assert_eq!(asked.iter().filter(|id| *id == CALIBRATION).count(), ATTEMPTS as usize);
    let (toy, _) = run.finish();
    for cell in &toy.cells[..2] {
        assert_eq!((cell.status, cell.reason.as_deref()), (Status::Crashed, Some("it broke")), "{}", cell.id);
        assert!(cell.observations.is_empty());
    }
    assert_eq!(blocks_of(&toy, 2), all_blocks());
}

#[test]
fn a_runner_that_breaks_once_in_a_calibration_ends_no_cell() {
    let mut run = Run::new();
    let (_, asked) = run.measure(|number, id| (number == 0 && id == CALIBRATION).then(broken));
    assert_eq!(asked.iter().filter(|id| *id == CALIBRATION).count(), 2);
    assert!(
        run.notes.iter().any(|note| note == "how fast: crashed: it broke; it was asked again"),
        "{:?}",
        run.notes
    );
    let (toy, _) = run.finish();
    assert_eq!((blocks_of(&toy, 0), blocks_of(&toy, 1)), (all_blocks(), all_blocks()));
    // What a runner says of itself it would say again.
    let mut run = Run::new();
    let refused = || RunnerError::failed("it cannot");
    let (_, asked) = run.measure(|_, id| (id == CALIBRATION).then(refused));
    assert_eq!(asked.iter().filter(|id| *id == CALIBRATION).count(), 1);
}

#[test]
fn an_answer_that_is_no_observation_is_a_failure_of_its_cell() {
    let mut run = Run::new();
    let Run { scope, toy, watch, events, notes } = &mut run;
    let mut launcher = MockLauncher::new(|_, id, _| {
        Ok(if id == CELLS[2] { json!({ "value": "many" }) } else { json!({ "value": 1.0 }) })
    });
    let mut stage = Stage { launcher: &mut launcher, watch, events, notes };
    assert!(measure(toy.as_mut(), scope, &mut stage, Until::Done).is_continue());
    drop(launcher);
    let (toy, _) = run.finish();
    let reason = toy.cells[2].reason.as_deref().unwrap();
    assert!(toy.cells[2].status == Status::Failed && reason.starts_with("the runner answered"), "{reason}");
    assert_eq!(blocks_of(&toy, 0), all_blocks());
}

#[test]
fn a_breached_block_is_measured_again_once_and_its_observations_are_replaced() {
    let mut run = Run::new();
    run.watch.breaches = vec![("a", 3)];
    run.measure_all();
    let again = |entry: &&Entry| matches!(entry, Entry::Block { noise, again: true, .. } if noise.block == 3);
    assert_eq!(run.events.0.iter().filter(again).count(), 1);
    assert_eq!(CELLS[..3].iter().map(|id| observed(&run.events, id, 3)).collect::<Vec<_>>(), [2, 2, 1]);
    let last = run.events.0.iter().rev().find_map(|entry| match entry {
        Entry::Observation { of, observed, .. } if of == CELLS[0] && observed.block == 3 => Some(observed),
        _ => None,
    });
    let last = last.unwrap().clone();
    let (toy, blocks) = run.finish();
    assert!((0..3).all(|cell| blocks_of(&toy, cell) == all_blocks()), "each block is kept once");
    assert_eq!(toy.cells[0].observations[3], last);
    assert_eq!(blocks.len(), 2 * BLOCKS as usize);
    let breached: Vec<_> = blocks.iter().filter(|noise| noise.breach.is_some()).collect();
    let [noise] = breached[..] else { panic!("{breached:?}") };
    assert_eq!((noise.group.as_str(), noise.block, noise.repeats), ("a", 3, 1));
}

#[test]
fn why_a_block_was_measured_again_stays_known_when_the_second_attempt_is_quiet() {
    let mut run = Run::new();
    run.watch.first_attempt = Some(("a", 3));
    run.measure_all();
    assert_eq!(run.notes, ["block 4 of toy/a was measured again: it was told to"]);
    let (_, blocks) = run.finish();
    assert!(blocks.iter().all(|noise| noise.breach.is_none()));
    assert_eq!(blocks.iter().map(|noise| noise.repeats).sum::<u32>(), 1);
}

#[test]
fn a_machine_that_is_always_busy_does_not_double_the_run() {
    let mut run = Run::new();
    run.watch.breaches = (0..BLOCKS).map(|block| ("a", block)).collect();
    run.measure_all();
    let (_, blocks) = run.finish();
    assert_eq!(blocks.iter().map(|noise| noise.repeats).sum::<u32>(), BLOCKS / BLOCKS_PER_REPEAT);
    let breached = blocks.iter().filter(|noise| noise.breach.is_some()).count();
    assert_eq!(breached, BLOCKS as usize, "what stays breached is recorded as such");
}

#[test]
fn an_interrupt_ends_the_run_and_keeps_what_was_measured() {
    let mut run = Run::new();
    let (flow, asked) = run.measure(|number, _| (number == 30).then_some(RunnerError::Interrupted));
    assert_eq!(flow, ControlFlow::Break(()));
    assert_eq!(asked.len(), 31, "nothing is started after it");
    let (toy, _) = run.finish();
    let kept: usize = toy.cells.iter().map(|cell| cell.observations.len()).sum();
    assert_eq!(kept, 29, "all but the calibration");
    for cell in &toy.cells[..3] {
        let made = cell.observations.len();
        let expected = format!("the run ended after {made} of {BLOCKS} blocks");
        assert_eq!((cell.status, cell.reason.as_deref()), (Status::Ok, Some(expected.as_str())));
    }
}

#[test]
fn an_interrupt_of_a_calibration_leaves_every_cell_without_observation() {
    let mut run = Run::new();
    let (flow, asked) = run.measure(|_, _| Some(RunnerError::Interrupted));
    assert_eq!((flow, asked.len()), (ControlFlow::Break(()), 1));
    let (toy, blocks) = run.finish();
    assert!(blocks.is_empty());
    for cell in &toy.cells {
        assert_eq!((cell.status, cell.observations.len()), (Status::Skipped, 0));
        assert_eq!(cell.reason.as_deref(), Some("the run ended before it was measured"));
    }
}

#[test]
fn going_on_makes_what_is_missing_and_nothing_twice() {
    let (mut broken_off, mut whole) = (Run::new(), Run::new());
    let (_, all) = whole.measure(|_, _| None);
    let (_, before) = broken_off.measure(|number, _| (number == 30).then_some(RunnerError::Interrupted));
    let (_, after) = broken_off.measure(|_, _| None);
    // The one that was interrupted is asked for again; all else comes in the order of the plan.
    assert_eq!([&before[..30], &after[..]].concat(), all);
    let shape = |run: Run| {
        let (toy, blocks) = run.finish();
        let made = |cell: &crate::record::RawCell| {
            let places = cell.observations.iter().map(|made| (made.block, made.position));
            (cell.id.clone(), cell.status, cell.reason.clone(), places.collect::<Vec<_>>())
        };
        (toy.cells.iter().map(made).collect::<Vec<_>>(), blocks)
    };
    assert_eq!(shape(broken_off), shape(whole));
}

#[test]
fn what_is_measured_before_the_blocks_can_be_measured_alone() {
    let mut run = Run::new();
    let (flow, asked) = run.measure_until(Until::Calibrated, |_, _| None);
    assert_eq!((flow, asked), (ControlFlow::Continue(()), vec![CALIBRATION.to_owned()]));
    let (_, asked) = run.measure(|_, _| None);
    assert_eq!(asked.len(), 3 * BLOCKS as usize);
}
