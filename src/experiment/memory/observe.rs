//! Many tasks that wait at once, looked at from outside while they do: one runner starts another, in which they wait,
//! reads what that one and its processes hold once all have come, and ends it. Waking a million tasks would only cost
//! time.

use std::time::{Duration, Instant};

use concbench_models::instrument::ArrivalCounter;

use super::{Memory, Observation, Order};
use crate::experiment::Experiment;
use crate::model::{Digest, ModelError};
use crate::models::{Instrument, TaskSpec};
use crate::runner::memory::{Footprint, footprint};
use crate::runner::{CellError, Desk};
use crate::time::nanoseconds;

/// How long no task may come before it is given up: one that the system refuses is not reported, since the model waits
/// for those that have come.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often it is looked whether all have come.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// How long what was read must stay as it is: the last task has come, but may not wait yet.
const STILL: Duration = Duration::from_millis(5);
/// How many readings it may take until two in a row agree.
const READINGS: u32 = 20;
/// By how much two readings agree, as a fraction.
const AGREE: f64 = 0.001;

/// Has another runner start the tasks, and reads what they hold once all of them wait.
pub(super) fn look(desk: &Desk<'_>) -> Result<Observation, CellError> {
    let assignment = desk.assignment()?;
    let tasks = assignment.tasks;
    let counter = ArrivalCounter::create().map_err(ModelError::system("make memory to count tasks in"))?;
    let instrument = counter.handle().map(Instrument::Wait);
    let task_spec = TaskSpec { instrument, ..assignment.task_spec.clone() };
    let expected = ArrivalCounter::expected(0..tasks);
    let ordered = Instant::now();
    let mut other = desk.another(Memory::ID, &Order::Wait, task_spec)?;
    let mut stall = Stall { arrived: 0, since: ordered };
    let arrived = loop {
        let arrived = counter.arrived();
        if arrived.tasks >= tasks || stall.lasts(arrived.tasks, Instant::now()) {
            break arrived;
        }
        if let Some(error) = other.answered_within(LOOK_EVERY) {
            return Err(error);
        }
    };
    match arrived {
        Digest { tasks: arrived, .. } if arrived < tasks => {
            let seconds = PATIENCE.as_secs();
            Err(CellError::TimedOut(format!(
                "{arrived} of {tasks} tasks wait, and no other came for {seconds} s: the system may refuse them"
            )))
        }
        arrived if arrived != expected => {
            let arrived = arrived.tasks;
            Err(CellError::Other(format!("{arrived} of {tasks} tasks wait, and not each of them once")))
        }
        _ => Ok(observation(ordered.elapsed(), still(other.pid()))),
    }
}

/// Starts a batch that does not end.
pub(super) fn wait(desk: &Desk<'_>) -> Result<Observation, CellError> {
    let bench = desk.bench()?;
    bench.run(bench.start()?.as_mut())?;
    Err(CellError::Other("the batch ended, and its tasks were to wait for ever".to_owned()))
}

fn observation(took: Duration, footprint: Result<Footprint, String>) -> Observation {
    let known = footprint.as_ref().ok();
    Observation {
        gathered_ns: nanoseconds(took),
        processes: known.map(|footprint| footprint.processes),
        resident_bytes: known.map(|footprint| footprint.resident),
        page_table_bytes: known.map(|footprint| footprint.page_tables),
        reason: footprint.err(),
    }
}

/// Since when no task has come.
#[derive(Debug)]
struct Stall {
    arrived: u64,
    since: Instant,
}

impl Stall {
    /// Whether none has come for longer than anybody waits.
    fn lasts(&mut self, arrived: u64, now: Instant) -> bool {
        if arrived != self.arrived {
            *self = Self { arrived, since: now };
        }
        now.saturating_duration_since(self.since) > PATIENCE
    }
}

/// What a process and everything below it hold once that does not change any more.
fn still(pid: u32) -> Result<Footprint, String> {
    let mut last = footprint(pid)?;
    for _ in 1..READINGS {
        std::thread::sleep(STILL);
        let now = footprint(pid)?;
        if now.total().abs_diff(last.total()) as f64 <= AGREE * last.total() as f64 {
            return Ok(now);
        }
        last = now;
    }
    Ok(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_are_given_up_once_none_has_come_for_long() {
        let start = Instant::now();
        let mut stall = Stall { arrived: 0, since: start };
        assert!(!stall.lasts(0, start + PATIENCE));
        assert!(!stall.lasts(1, start + 2 * PATIENCE), "somebody has come");
        assert!(!stall.lasts(1, start + 3 * PATIENCE));
        assert!(stall.lasts(1, start + 3 * PATIENCE + Duration::from_millis(1)));
    }
}
