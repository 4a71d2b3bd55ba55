//! Which loads are put on which sites, and in which order.

use std::time::Duration;

use concbench_interference::{SITES, Site};
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha12Rng;

use super::{Cell, Interference, Observation, Order};
use crate::batch::steps;
use crate::experiment::{Ask, Block, Scope, Seen, Subject, Trial};
use crate::record::{Failure, Status};
use crate::time::nanoseconds;

/// How often each cell is measured at most: the range of six values holds their median with 97 %.
const MOST_ROUNDS: u32 = 6;
/// How long a computing task takes.
const COMPUTING: [Duration; 5] = [
    Duration::from_micros(10),
    Duration::from_micros(100),
    Duration::from_millis(1),
    Duration::from_millis(10),
    Duration::from_millis(100),
];
/// How many of these lengths a quick run has.
const QUICK: usize = 4;
/// How long a short task computes.
const SHORT: Duration = Duration::from_micros(20);
/// The share of the machine that short tasks keep busy, and the share that computing does, each as far as a bound on how
/// many there are in a second allows.
const SHORT_SHARE: f64 = 0.1;
const BUSY_SHARE: f64 = 0.5;
/// The most short tasks a second: with more, whoever hands them over would be what is measured.
const MOST_PER_S: f64 = 20_000.0;
/// From how long on a computing task is worth a thread that is started for it.
const WORTH_A_THREAD: Duration = Duration::from_micros(100);
/// How long short tasks are due, and the same in a quick run.
const WINDOW: Duration = Duration::from_millis(300);
const QUICK_WINDOW: Duration = Duration::from_millis(200);
/// How long a runner takes to start and end, and to count what tasks have to return.
const START: Duration = Duration::from_millis(40);
/// How long a stretch is, between two of which a computing task may yield.
const STRETCH: Duration = Duration::from_micros(100);
/// The name of the calibration.
const STEP: &str = "step";

/// Each runtime without computing, and with computing of each length in each place.
pub(super) fn cells(scope: &Scope) -> Vec<Cell> {
    let lengths = if scope.is_quick() { &COMPUTING[..QUICK] } else { &COMPUTING };
    let mut cells: Vec<Cell> = Vec::new();
    for site in SITES.iter().filter(|site| site.default || scope.settings.all) {
        let cell = |placement: &str, computing: String, computing_ns| Cell {
            runtime: site.runtime.to_owned(),
            placement: placement.to_owned(),
            computing,
            computing_ns,
            workers: scope.cores(),
        };
        if cells.iter().all(|known| known.runtime != site.runtime) {
            cells.push(cell("none", "none".to_owned(), 0));
        }
        cells.extend(lengths.iter().map(|length| cell(site.placement, name(*length), nanoseconds(*length))));
    }
    cells
}

/// `10us`, `1ms`.
fn name(length: Duration) -> String {
    match length.as_micros() {
        us if us < 1_000 => format!("{us}us"),
        us => format!("{}ms", us / 1_000),
    }
}

/// The site of a cell; any of its runtime where there is nothing to compute.
fn site_of(cell: &Cell) -> Option<&'static Site> {
    let fits = |site: &&Site| {
        site.runtime == cell.runtime && (cell.computing_ns == 0 || site.placement == cell.placement)
    };
    SITES.iter().find(fits)
}

/// How many short tasks are due in a second where a run may use so many cores.
pub(super) fn short_per_s(cores: u64) -> f64 {
    (SHORT_SHARE * cores as f64 / SHORT.as_secs_f64()).min(MOST_PER_S)
}

/// The share of so many cores that they keep busy.
pub(super) fn short_share(cores: u64) -> f64 {
    short_per_s(cores) * SHORT.as_secs_f64() / cores.max(1) as f64
}

/// How often each cell is measured in a run of so many blocks.
pub(super) fn rounds(of_run: u32) -> u32 {
    of_run.div_ceil(2).min(MOST_ROUNDS)
}

fn window(scope: &Scope) -> Duration {
    if scope.is_quick() { QUICK_WINDOW } else { WINDOW }
}

/// About how long it takes to measure these cells: what has to be returned is counted before, and the last computing task
/// may come at the end.
pub(super) fn estimate(scope: &Scope, cells: &[Cell]) -> Duration {
    let observation = |cell: &Cell| window(scope) + START + 2 * Duration::from_nanos(cell.computing_ns);
    cells.iter().map(observation).sum::<Duration>() * rounds(scope.settings.blocks)
}

/// First how long it takes to count, then the blocks.
pub(super) fn next(scope: &Scope, seen: &Seen<Interference>) -> Vec<Block<Order>> {
    let Some(Observation::Step { step_ns }) = seen.calibrations.get(STEP) else {
        let cells = seen.open().map(|(number, _)| number).collect();
        let subject = Subject::Calibration { name: STEP.to_owned(), cells };
        let ask = Ask { order: Order::Step, work: None, deadline: scope.settings.deadline };
        return Block::of_calibrations(vec![Trial { subject, ask: Ok(ask), padding: 0 }]);
    };
    let mut blocks = seen.blocks(scope, |cell| Some(ask(scope, cell, *step_ns)));
    // All cells of a round meet the same moments, and each round has others.
    for block in &mut blocks {
        let mut random = ChaCha12Rng::seed_from_u64(scope.settings.seed);
        random.set_stream(u64::from(block.number));
        let of_round = random.next_u64();
        for trial in &mut block.trials {
            if let Ok(Ask { order: Order::Load { seed, .. }, .. }) = &mut trial.ask {
                *seed = of_round;
            }
        }
    }
    blocks
}

fn ask(scope: &Scope, cell: &Cell, step_ns: f64) -> Result<Ask<Order>, Failure> {
    let busy_cores = BUSY_SHARE * scope.cores() as f64;
    refused(cell).map_or(Ok(()), Err)?;
    let placement = site_of(cell).map_or(&*cell.placement, |site| site.placement).to_owned();
    let computing = Duration::from_nanos(cell.computing_ns);
    let stretches = (cell.computing_ns / nanoseconds(STRETCH)).max(1);
    let per_s = short_per_s(scope.cores());
    let order = Order::Load {
        runtime: cell.runtime.clone(),
        placement,
        workers: cell.workers,
        short_tasks: (per_s * window(scope).as_secs_f64()).round().max(1.0) as u64,
        interval_ns: (1e9 / per_s).round() as u64,
        short_steps: steps(SHORT, step_ns),
        computing_ns: cell.computing_ns,
        stretch: ((steps(computing, step_ns) / stretches).max(1), stretches),
        busy_cores,
        seed: 0,
    };
    Ok(Ask { order, work: None, deadline: scope.settings.deadline })
}

/// Why computing of this length is not put there, if it is not.
fn refused(cell: &Cell) -> Option<Failure> {
    let starts_threads = site_of(cell).is_some_and(|site| site.thread_each);
    let length = Duration::from_nanos(cell.computing_ns);
    if cell.computing_ns > 0 && starts_threads && length < WORTH_A_THREAD {
        let why = format!(
            "starting a thread takes about as long as the {} us that it would compute, so that the cores would be full of \
             that",
            length.as_micros()
        );
        return Some(Failure::new(Status::Unsupported, why));
    }
    None
}
