//! CPU time and memory of a runner's whole tree, from outside.

use std::time::Duration;

use concbench_external::Probe;

use crate::machine::proc::{cpu_time_of_waited, descendants, memory_unless_gone};
use crate::time::nanoseconds;
use concbench_sys as sys;

/// How far off the CPU time of processes that were waited for may be: a tick for each kind of time.
const TICKS: Duration = Duration::from_millis(20);
/// The largest share of the CPU time that this may be.
const MOST_OFF: f64 = 0.05;

/// What was seen of a runner.
#[derive(Debug, Default)]
pub(super) struct Looks {
    before: Option<Result<Cpu, String>>,
    after: Option<Result<Cpu, String>>,
    held: Option<Result<Held, String>>,
}

/// The CPU time of a tree so far.
#[derive(Debug, Clone, Copy)]
struct Cpu {
    /// Of the processes that are there.
    alive: Duration,
    /// Of those that these have waited for, in ticks.
    waited: Duration,
    /// Whether there is one process and no other.
    alone: bool,
}

/// What a tree holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    /// Resident memory, of which pages that several processes map count in parts.
    pub(super) bytes: u64,
    /// How many processes there are.
    pub(super) processes: u64,
}

impl Probe for Looks {
    fn ready(&mut self, pid: u32) {
        self.before = Some(Cpu::of(pid));
    }

    fn ended(&mut self, pid: u32) {
        self.after = Some(Cpu::of(pid));
        self.held = Some(Held::of(pid));
    }

    fn during(&mut self, pid: u32) {
        // What cannot be read while processes start and end is read again in a moment; what was read stands.
        if let Ok(now) = Held::of(pid) {
            match &mut self.held {
                Some(Ok(most)) if most.bytes >= now.bytes => {}
                held => *held = Some(Ok(now)),
            }
        }
    }
}

impl Looks {
    /// The CPU time of the batches, in nanoseconds, and the most that was held; each or why it is not known. `ended` is what
    /// all processes used that the runner waited for until it ended, where that is known, and the share of the batches in it.
    pub(super) fn found(self, ended: Option<(Duration, f64)>) -> (Result<u64, String>, Result<Held, String>) {
        let nobody = || "nobody looked".to_owned();
        let cpu = match (self.before, self.after) {
            (Some(Ok(before)), Some(Ok(after))) => between(before, after, ended),
            (Some(Err(reason)), _) | (_, Some(Err(reason))) => Err(reason),
            _ => Err(nobody()),
        };
        (cpu, self.held.unwrap_or_else(|| Err(nobody())))
    }
}

fn between(before: Cpu, after: Cpu, ended: Option<(Duration, f64)>) -> Result<u64, String> {
    let waited = after.waited.saturating_sub(before.waited);
    // All whom it waited for were those of batches, if nobody else is there whom it could still wait for.
    if let Some((all, share)) = ended.filter(|_| after.alone && before.waited.is_zero() && !waited.is_zero())
    {
        return Ok(nanoseconds(after.alive.saturating_sub(before.alive) + all.mul_f64(share)));
    }
    let all = (after.alive + after.waited).saturating_sub(before.alive + before.waited);
    if !waited.is_zero() && TICKS.as_secs_f64() > MOST_OFF * all.as_secs_f64() {
        let reason = "of processes that have ended the kernel tells CPU time in ticks of 10 ms, and these took few of them";
        return Err(reason.to_owned());
    }
    Ok(nanoseconds(all))
}

impl Cpu {
    fn of(pid: u32) -> Result<Self, String> {
        let below = descendants(pid)?;
        let mut cpu = Self { alive: Duration::ZERO, waited: Duration::ZERO, alone: below.is_empty() };
        for pid in std::iter::once(pid).chain(below) {
            // One that has ended meanwhile is among those that were waited for.
            let Ok(alive) = sys::cpu_time(pid.cast_signed()) else { continue };
            cpu.alive += alive;
            cpu.waited += cpu_time_of_waited(pid)?.unwrap_or_default();
        }
        Ok(cpu)
    }
}

impl Held {
    fn of(pid: u32) -> Result<Self, String> {
        let mut held = Self { bytes: 0, processes: 0 };
        for pid in std::iter::once(pid).chain(descendants(pid)?) {
            if let Some(bytes) = memory_unless_gone(pid, "smaps_rollup", "Pss")? {
                held.bytes += bytes;
                held.processes += 1;
            }
        }
        match held.processes {
            0 => Err("its processes have ended".to_owned()),
            _ => Ok(held),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cpu(alive_ms: u64, waited_ms: u64) -> Cpu {
        let (alive, waited) = (Duration::from_millis(alive_ms), Duration::from_millis(waited_ms));
        Cpu { alive, waited, alone: true }
    }

    #[test]
    fn ticks_count_where_there_are_enough_of_them() {
        assert_eq!(between(cpu(10, 0), cpu(13, 0), None), Ok(3_000_000));
        // A process was waited for: what it used went from the living to those.
        assert_eq!(between(cpu(300, 0), cpu(100, 700), None), Ok(500_000_000));
        assert!(between(cpu(10, 0), cpu(10, 30), None).unwrap_err().contains("ticks of 10 ms"));
    }

    #[test]
    fn what_was_waited_for_counts_to_the_microsecond_once_its_parent_has_ended() {
        // Three batches of four: the last one was only looked at.
        let ended = Some((Duration::from_millis(44), 0.75));
        assert_eq!(between(cpu(10, 0), cpu(12, 30), ended), Ok(35_000_000));
        // Another process that is still there would be among those.
        let beside = Cpu { alone: false, ..cpu(12, 30) };
        assert!(between(cpu(10, 0), beside, ended).is_err());
    }

    #[test]
    fn what_this_process_holds_is_something_and_what_is_gone_is_not_zero() {
        let own = Held::of(std::process::id()).unwrap();
        assert!(own.bytes > 100_000 && own.processes >= 1, "{own:?}");
        assert!(Held::of(u32::MAX).is_err());
    }
}
