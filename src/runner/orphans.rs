//! What runners leave behind: processes that outlived them become children of the supervisor, which ends them. So does
//! whatever else loses its parent below this process, and that is left alone: where this is process 1 of a container, all
//! that was started in there; where a shell became this program, what its children had started.

use std::collections::{HashMap, HashSet};
use std::io;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, getpid, kill_process};

use super::mark::Mark;
use crate::machine::proc::{children, standing};
use concbench_sys as sys;

/// How long a process that was killed may take to end.
pub(super) const KILL_GRACE: Duration = Duration::from_secs(3);
/// How long a process takes from when its memory is gone until it has ended.
const LAST_BREATH: Duration = Duration::from_millis(50);
/// How long is spent on ending what keeps coming: each may start another one before it is seen.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it is looked whether a process has ended.
const PAUSE: Duration = Duration::from_millis(2);

/// The children of this process that it did not start itself.
#[derive(Debug)]
pub(crate) struct Orphans {
    mark: Mark,
    /// Children that were there before, with when they were started: those of a shell that became this program, say.
    before: HashMap<u32, u64>,
    /// Whether whatever comes to this process later can only be its own: nobody else's is below it.
    alone: bool,
    /// Children that came later and are nobody's of ours.
    strangers: HashSet<u32>,
    /// What was killed and has not ended.
    stuck: HashSet<u32>,
}

/// What a sweep has come across.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Swept {
    /// How many processes were ended.
    pub(super) ended: usize,
    /// What could not be ended: the number of the process and its state.
    pub(super) stuck: Vec<(u32, char)>,
    /// What bears no mark because it was started with no environment, and was left alone.
    pub(super) unmarked: Vec<u32>,
}

impl Orphans {
    /// Has whatever loses its parent below this process become a child of it; what bears the mark is ours.
    ///
    /// # Errors
    ///
    /// When the kernel refuses, or does not tell which children there are.
    pub(super) fn adopt(mark: Mark) -> io::Result<Self> {
        rustix::process::set_child_subreaper(Some(getpid()))?;
        let before: HashMap<_, _> =
            children(std::process::id())?.into_iter().map(|pid| (pid, started(pid))).collect();
        let alone = before.is_empty() && std::process::id() != 1;
        Ok(Self { mark, before, alone, strangers: HashSet::new(), stuck: HashSet::new() })
    }

    /// The same where nothing is started but by this process: in a runner, whose processes bear the mark of its supervisor.
    ///
    /// # Errors
    ///
    /// As above.
    pub(crate) fn of_this_process() -> io::Result<Self> {
        Self::adopt(Mark::inherited().unwrap_or_else(Mark::new))
    }

    /// Waits until all but `spared` have ended by themselves, and ends those of ours that have not by then; how many these
    /// were.
    ///
    /// # Errors
    ///
    /// When the kernel does not tell which there are.
    pub(crate) fn sweep_after(&mut self, grace: Duration, spared: Option<u32>) -> io::Result<usize> {
        let until = Instant::now() + grace;
        while Instant::now() < until {
            let mut left = children(std::process::id())?;
            left.retain(|pid| Some(*pid) != spared && !self.before.contains_key(pid));
            left.retain(|pid| matches!(sys::wait(pid.cast_signed(), false), Ok(None)));
            if left.is_empty() {
                return Ok(0);
            }
            std::thread::sleep(PAUSE);
        }
        self.sweep(spared, &[]).map(|swept| swept.ended + swept.stuck.len())
    }

    /// Ends every child of ours but `spared`, those that the runners of these process groups have left among them. Those
    /// that they have started in turn become children of this process, and are ended as well.
    ///
    /// # Errors
    ///
    /// When the kernel does not tell which there are.
    pub(super) fn sweep(&mut self, spared: Option<u32>, groups: &[i32]) -> io::Result<Swept> {
        let mut swept = Swept::default();
        let until = Instant::now() + PATIENCE;
        loop {
            let mut ended = false;
            for pid in children(std::process::id())? {
                if Some(pid) == spared || self.before.get(&pid).is_some_and(|&began| began == started(pid)) {
                    continue;
                }
                match sys::wait(pid.cast_signed(), false) {
                    // It had ended by itself, or is no child of this process after all.
                    Ok(Some(_)) | Err(_) => {
                        self.strangers.remove(&pid);
                        self.stuck.remove(&pid);
                    }
                    Ok(None) => ended |= self.end(pid, groups, &mut swept),
                }
            }
            if !ended || Instant::now() > until {
                return Ok(swept);
            }
        }
    }

    /// Ends a child that is alive, if it is ours; whether it has ended.
    fn end(&mut self, pid: u32, groups: &[i32], swept: &mut Swept) -> bool {
        if self.stuck.contains(&pid) || self.strangers.contains(&pid) {
            return false;
        }
        if !self.is_ours(pid, groups, swept) {
            self.strangers.insert(pid);
            return false;
        }
        if let Some(pid) = Pid::from_raw(pid.cast_signed()) {
            let _ = kill_process(pid, Signal::KILL);
        }
        let ended = !matches!(sys::wait_within(pid.cast_signed(), KILL_GRACE), Ok(None));
        match ended {
            true => swept.ended += 1,
            false => {
                self.stuck.insert(pid);
                swept.stuck.push((pid, state(pid)));
            }
        }
        ended
    }

    fn is_ours(&self, pid: u32, groups: &[i32], swept: &mut Swept) -> bool {
        // A group lasts as long as one process is in it, and no other gets its number meanwhile.
        let in_group =
            || standing(pid).is_some_and(|it| groups.contains(&it.group) || groups.contains(&it.session));
        match whose(self.alone, || self.mark.is_on(pid), in_group) {
            Whose::Ours => true,
            Whose::SomebodyElses => false,
            Whose::Unknown => {
                // About to end, a process has no environment any more.
                if matches!(sys::wait_within(pid.cast_signed(), LAST_BREATH), Ok(None)) {
                    swept.unmarked.push(pid);
                }
                false
            }
        }
    }
}

/// Does something inside a runner, and then ends whatever is left of it below this process.
///
/// # Errors
///
/// When the kernel refuses, or does not tell which processes there are.
pub(crate) fn with_nothing_left<T>(part: impl FnOnce() -> T) -> io::Result<T> {
    let mut orphans = Orphans::of_this_process()?;
    let done = part();
    orphans.sweep(None, &[])?;
    Ok(done)
}

/// Whose a process is that has come to this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Ours,
    SomebodyElses,
    /// It shows neither a mark nor that it has none.
    Unknown,
}

fn whose(alone: bool, is_marked: impl FnOnce() -> Option<bool>, in_group: impl FnOnce() -> bool) -> Whose {
    if alone {
        return Whose::Ours;
    }
    match is_marked() {
        Some(true) => Whose::Ours,
        _ if in_group() => Whose::Ours,
        Some(false) => Whose::SomebodyElses,
        None => Whose::Unknown,
    }
}

/// The state of a process, as a letter; `?` where the kernel does not say.
pub(super) fn state(pid: u32) -> char {
    standing(pid).map_or('?', |standing| standing.state)
}

fn started(pid: u32) -> u64 {
    standing(pid).map_or(0, |standing| standing.started)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_ours_only_by_what_nobody_else_can_have() {
        let of = |alone, marked, in_group| whose(alone, || marked, || in_group);
        for (marked, in_group) in [(None, false), (Some(false), false), (Some(true), true)] {
            assert_eq!(of(true, marked, in_group), Whose::Ours, "nobody else's can come");
        }
        assert_eq!(of(false, Some(true), false), Whose::Ours);
        // One that has cleared its environment, and is still in the group of its runner.
        assert_eq!([of(false, None, true), of(false, Some(false), true)], [Whose::Ours; 2]);
        assert_eq!(of(false, Some(false), false), Whose::SomebodyElses);
        assert_eq!(of(false, None, false), Whose::Unknown);
    }
}
