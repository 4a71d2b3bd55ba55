//! Which observation comes next, and what becomes of a cell that fails. It starts no process and reads no clock: a mock
//! launcher runs it without any time passing.

#[cfg(test)]
pub(crate) mod mock;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

use super::process::{Failure, Silence};
use super::protocol::Phases;
use crate::plan::{Block, Slot};
use crate::record::{BlockNoise, Observation};
use crate::spec::Spec;
use crate::sys::Usage;
use crate::time::nanoseconds;

/// How long the warm batches of one observation should take together.
const WARM_TIME: Duration = Duration::from_millis(60);
/// The most warm batches of one observation.
const MOST_WARM: u64 = 30;
/// How much longer than in the preflight an observation may take before it counts as hung.
pub(crate) const PATIENCE: u32 = 20;
/// One block in so many may be measured again for a breach of the gate: with more, a busy machine would double the time
/// of a run.
const BLOCKS_PER_REPEAT: u32 = 10;

/// What one runner reported, and what it used.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    pub(crate) phases: Phases,
    pub(crate) usage: Option<Usage>,
}

/// Makes observations.
pub(crate) trait Launcher {
    /// Makes one.
    fn observe(
        &mut self,
        spec: &Spec,
        slot: Slot,
        warm: u32,
        deadline: Duration,
    ) -> Result<Measured, Silence>;

    /// What has happened meanwhile that a reader of the record should know.
    fn take_notes(&mut self) -> Vec<String>;
}

/// Watches what else the machine does while a block is measured.
pub(crate) trait Watch {
    /// A block begins.
    fn open(&mut self);

    /// It has ended.
    fn close(&mut self, block: u32, workload: &str) -> BlockNoise;
}

/// Is told what happens, as it happens.
pub(crate) trait Events {
    /// The preflight of a cell has ended: how its observations are made, or why there will be none.
    fn preflight(&mut self, cell: usize, outcome: Result<Pace, &Failure>);

    /// An observation was made.
    fn observed(&mut self, cell: usize, observation: &Observation);

    /// A cell has failed; it is not measured again.
    fn failed(&mut self, cell: usize, failure: &Failure);

    /// A block has ended, or is thrown away and measured again.
    fn block(&mut self, noise: &BlockNoise, again: bool);

    /// Something has happened that a reader of the record should know.
    fn note(&mut self, note: &str);
}

/// How the observations of one cell are made: the same in all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pace {
    /// Warm batches in each observation.
    pub(crate) warm: u32,
    /// How long one observation may take.
    pub(crate) deadline: Duration,
    /// How long the cold batch of the preflight took.
    pub(crate) batch: Duration,
    /// How long one observation will take.
    pub(crate) estimate: Duration,
}

/// What has become of a cell so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress {
    pub(crate) observations: Vec<Observation>,
    pub(crate) failure: Option<Failure>,
    /// What the preflight has found, once it has.
    pub(crate) pace: Option<Pace>,
}

/// What has become of a run.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) cells: Vec<Progress>,
    pub(crate) blocks: Vec<BlockNoise>,
    /// Blocks that were thrown away and measured again, by number and workload.
    pub(crate) repeated: Vec<(u32, String)>,
    pub(crate) interrupted: bool,
    /// What a reader of the record should know.
    pub(crate) notes: Vec<String>,
}

impl Outcome {
    /// That of a run of this matrix of which nothing has been measured.
    pub(crate) fn of(spec: &Spec) -> Self {
        Self { cells: vec![Progress::default(); spec.cells.len()], ..Self::default() }
    }

    /// Throws away what was observed of one block of a workload.
    pub(crate) fn forget(&mut self, spec: &Spec, block: u32, workload: &str) {
        for (cell, progress) in spec.cells.iter().zip(&mut self.cells) {
            if spec.workload_of(cell).definition.name == workload {
                progress.observations.retain(|made| made.block != block);
            }
        }
        self.repeated.push((block, workload.to_owned()));
    }
}

/// One batch of every cell of which nothing is known yet: which work at all, and how long they take.
pub(crate) fn preflight(
    launcher: &mut impl Launcher,
    spec: &Spec,
    deadline: Duration,
    outcome: &mut Outcome,
    events: &mut impl Events,
) {
    for cell in 0..spec.cells.len() {
        let progress = &mut outcome.cells[cell];
        if progress.pace.is_some() || progress.failure.is_some() {
            continue;
        }
        let observed = launcher.observe(spec, Slot { cell, padding: 0 }, 0, deadline);
        take_notes(launcher, &mut outcome.notes, events);
        match observed {
            Ok(measured) => {
                let pace = pace(&measured.phases, deadline);
                events.preflight(cell, Ok(pace));
                progress.pace = Some(pace);
            }
            Err(Silence::Failure(failure)) => {
                events.preflight(cell, Err(&failure));
                progress.failure = Some(failure);
            }
            Err(Silence::Interrupted) => {
                outcome.interrupted = true;
                return;
            }
        }
    }
}

pub(crate) fn take_notes(launcher: &mut impl Launcher, notes: &mut Vec<String>, events: &mut impl Events) {
    for note in launcher.take_notes() {
        events.note(&note);
        notes.push(note);
    }
}

fn pace(phases: &Phases, deadline: Duration) -> Pace {
    let warm_ns = nanoseconds(WARM_TIME);
    let warm = (warm_ns / phases.cold_ns.max(1)).clamp(1, MOST_WARM);
    let estimate = Duration::from_nanos(phases.wall_ns.saturating_add(warm.saturating_mul(phases.cold_ns)));
    Pace {
        warm: warm as u32,
        deadline: deadline.max(estimate * PATIENCE),
        batch: Duration::from_nanos(phases.cold_ns),
        estimate,
    }
}

/// Measures all blocks that have not been measured yet.
pub(crate) fn run(
    launcher: &mut impl Launcher,
    watch: &mut impl Watch,
    spec: &Spec,
    plan: &[Block],
    outcome: &mut Outcome,
    events: &mut impl Events,
) {
    let blocks = plan.iter().map(|block| block.number + 1).max().unwrap_or(0);
    let most_repeats = (blocks / BLOCKS_PER_REPEAT) as usize;
    for block in plan {
        let name = &spec.workloads[block.workload].definition.name;
        if outcome.blocks.iter().any(|done| done.block == block.number && done.workload == *name) {
            continue;
        }
        loop {
            watch.open();
            if measure(launcher, spec, block, outcome, events).is_break() {
                outcome.interrupted = true;
                return;
            }
            let repeats = |of: Option<u32>| {
                let same = |(number, workload): &&(u32, String)| {
                    workload == name && of.is_none_or(|block| block == *number)
                };
                outcome.repeated.iter().filter(same).count()
            };
            let before = repeats(Some(block.number));
            let noise = BlockNoise { repeats: before as u32, ..watch.close(block.number, name) };
            let may_again = before == 0 && repeats(None) < most_repeats;
            let Some(breach) = noise.breach.as_ref().filter(|_| may_again) else {
                events.block(&noise, false);
                outcome.blocks.push(noise);
                break;
            };
            events.block(&noise, true);
            // The noise of the attempt that counts does not say it.
            let note = format!("block {} of {name} was measured again: {breach}", block.number + 1);
            events.note(&note);
            outcome.notes.push(note);
            outcome.forget(spec, block.number, name);
        }
    }
}

/// One block; it breaks off if the run was asked to end.
fn measure(
    launcher: &mut impl Launcher,
    spec: &Spec,
    block: &Block,
    outcome: &mut Outcome,
    events: &mut impl Events,
) -> ControlFlow<()> {
    for (position, &slot) in block.slots.iter().enumerate() {
        let progress = &mut outcome.cells[slot.cell];
        if progress.failure.is_some() || progress.observations.iter().any(|made| made.block == block.number) {
            continue;
        }
        let Some(pace) = progress.pace else {
            continue;
        };
        let observed = launcher.observe(spec, slot, pace.warm, pace.deadline);
        take_notes(launcher, &mut outcome.notes, events);
        match observed {
            Ok(measured) => {
                let observation = observation(block.number, position as u32, measured);
                events.observed(slot.cell, &observation);
                progress.observations.push(observation);
            }
            Err(Silence::Failure(failure)) => {
                events.failed(slot.cell, &failure);
                progress.failure = Some(failure);
            }
            Err(Silence::Interrupted) => return ControlFlow::Break(()),
        }
    }
    ControlFlow::Continue(())
}

fn observation(block: u32, position: u32, measured: Measured) -> Observation {
    let Measured { phases, usage } = measured;
    let mut missing = BTreeMap::new();
    if usage.is_none() {
        let unknown = ["user_ns", "system_ns", "voluntary_switches", "involuntary_switches"];
        missing.extend(unknown.map(|name| (name.to_owned(), "the runner did not exit in time".to_owned())));
    }
    let peak_rss_bytes =
        phases.peak_rss_bytes.map_err(|reason| missing.insert("peak_rss_bytes".to_owned(), reason));
    Observation {
        block,
        position,
        startup_ns: phases.startup_ns,
        cold_ns: phases.cold_ns,
        warm_ns: phases.warm_ns,
        probe_ns: phases.probe_ns,
        shutdown_ns: phases.shutdown_ns,
        wall_ns: phases.wall_ns,
        user_ns: usage.map(|usage| nanoseconds(usage.user)),
        system_ns: usage.map(|usage| nanoseconds(usage.system)),
        voluntary_switches: usage.map(|usage| usage.voluntary_switches),
        involuntary_switches: usage.map(|usage| usage.involuntary_switches),
        peak_rss_bytes: peak_rss_bytes.ok(),
        tasks: phases.digest.tasks,
        digest: format!("{:016x}", phases.digest.sum),
        missing,
    }
}
