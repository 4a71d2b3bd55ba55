//! A runner of ours that starts one of another language, speaks to it, looks at it from outside, and ends whatever it leaves.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use concbench_external::{self as external, Ending, Kind, Launch, Seen, Trouble, Workshop};

use super::probe::Looks;
use super::{Measured, Observation, Order, Start, own};
use crate::batch::Gathered;
use crate::model::process::Role;
use crate::record::{Failure, Status};
use crate::runner::{CellError, Desk, Orphans};

/// The most batches of an observation.
const MOST_BATCHES: u64 = 20_000;
/// How long what a runner has started may take to end behind it: helpers of its library notice its end by a closed pipe.
const GRACE: Duration = Duration::from_secs(2);

/// Carries out an order.
pub(super) fn observe(order: Order, desk: &Desk<'_>) -> Result<Observation, CellError> {
    // What loses its parent below the other runner becomes a child of this process, and is found.
    let cannot =
        |error: std::io::Error| CellError::Other(format!("cannot look for what it leaves behind: {error}"));
    let mut orphans = Orphans::of_this_process().map_err(cannot)?;
    let outcome = match order {
        Order::Describe(start) => describe(&start).map(Observation::Described),
        Order::Observe { start, model, workers, batches, warm_ms } => {
            let assignment = desk.assignment()?;
            let kernel = assignment.task_spec.kernel.clone();
            let order = external::Order {
                kernel: kernel.ok_or_else(|| CellError::Order("it names no kernel".to_owned()))?,
                model,
                tasks: assignment.tasks,
                workers,
                batches,
                warm_ms,
                most: MOST_BATCHES.max(batches),
            };
            measure(&start, &order, assignment.expected).map(Observation::Measured)
        }
    };
    let left = orphans.sweep_after(GRACE, None).map_err(cannot)?;
    let observation = outcome.map_err(failure)?;
    match left {
        0 => Ok(observation),
        left => Err(CellError::Other(format!("{left} process(es) outlived it, and were ended"))),
    }
}

fn describe(start: &Start) -> Result<external::Description, Trouble> {
    started(start, |launch| external::describe(launch, start.deadline()))
}

fn measure(
    start: &Start,
    order: &external::Order,
    expected: Option<crate::model::Digest>,
) -> Result<Measured, Trouble> {
    let mut looks = Looks::default();
    let deadline = start.deadline();
    let seen = started(start, |launch| {
        external::observe(launch, order, expected, Ending::Again, deadline, &mut looks)
    })?;
    Ok(measured(&seen, looks))
}

fn measured(seen: &Seen, looks: Looks) -> Measured {
    let times: Vec<u64> = seen.batches.iter().map(|batch| batch.wall_ns).collect();
    let (cold, warm) = times.split_first().map_or((0, &times[..]), |(cold, warm)| (*cold, warm));
    let mut gathered = Gathered::after(cold);
    warm.iter().for_each(|&time| gathered.add(time));
    let (warm_ns, warm_each) = gathered.figures();
    let life = seen.usage.user + seen.usage.system;
    // One more batch than is timed was run.
    let share = times.len() as f64 / (times.len() + 1) as f64;
    let (cpu, held) = looks.found(seen.own_cpu.map(|own| (life.saturating_sub(own), share)));
    Measured {
        startup_ns: seen.startup_ns,
        cold_ns: cold,
        warm_ns,
        warm_each,
        shutdown_ns: seen.shutdown_ns,
        batches_cpu_ns: cpu.as_ref().ok().copied(),
        cpu_reason: cpu.err(),
        life_cpu_ns: crate::time::nanoseconds(life),
        resident_bytes: held.as_ref().ok().map(|held| held.bytes),
        processes: held.as_ref().ok().map(|held| held.processes),
        memory_reason: held.err(),
        tasks: seen.digest.tasks,
        digest: format!("{:016x}", seen.digest.sum),
    }
}

/// Does something with the command that starts a runner.
fn started<T>(start: &Start, act: impl FnOnce(Launch) -> Result<T, Trouble>) -> Result<T, Trouble> {
    if start.manifest.name == own::NAME {
        let called = own::NAME.to_owned();
        return act(Launch { called, command: own_command(), remedy: String::new() });
    }
    let kept = start.folder.as_deref().map(Path::to_owned);
    let (folder, passing) = match kept {
        Some(folder) => (folder, None),
        None => {
            let passing = tempfile::tempdir()
                .map_err(|error| Trouble::failed(format!("cannot make a folder to unpack into: {error}")))?;
            (passing.path().to_owned(), Some(passing))
        }
    };
    let done = launch(start, &folder).and_then(act);
    drop(passing);
    done
}

fn launch(start: &Start, folder: &Path) -> Result<Launch, Trouble> {
    let workshop = Workshop::open(&start.manifest, folder, start.deadline())?;
    workshop.start(&start.manifest, start.executable.as_deref())
}

fn own_command() -> Command {
    Role::External.command()
}

impl Start {
    fn deadline(&self) -> Duration {
        Duration::from_nanos(self.deadline_ns)
    }
}

/// What a trouble makes of a cell.
fn failure(trouble: Trouble) -> CellError {
    let Trouble { kind, reason, stderr_tail, .. } = trouble;
    // The supervisor keeps the last lines of this runner only.
    eprint!("{}", stderr_tail.as_deref().unwrap_or_default());
    let status = match kind {
        Kind::Unsupported => Status::Unsupported,
        Kind::Failed => Status::Failed,
        Kind::TimedOut => Status::TimedOut,
        Kind::Crashed => Status::Crashed,
    };
    CellError::Another(Failure { status, reason, stderr_tail })
}
