//! A core for the HTTP target alone, where there are enough.

use itertools::Itertools as _;

use crate::model::{Result, allowed_cores, confine, core_of};

/// From how many cores on the target has one of its own: of fewer it would take too large a share from the tasks.
const ENOUGH: usize = 4;

/// The processors of the target and those of whoever asks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Apart {
    /// Those that share one core: the target computes on one thread.
    target: Vec<usize>,
    /// All others.
    tasks: Vec<usize>,
}

impl Apart {
    /// How the processors that this process may use are shared out; `None` where there are too few cores.
    ///
    /// # Errors
    ///
    /// When the kernel does not say which processors those are.
    pub(super) fn here() -> Result<Option<Self>> {
        Ok(Self::of(allowed_cores()?, core_of))
    }

    /// The last of these processors for the target, with whatever shares its core.
    fn of(allowed: impl IntoIterator<Item = usize>, core_of: impl Fn(usize) -> usize) -> Option<Self> {
        let cores = allowed.into_iter().into_group_map_by(|&processor| core_of(processor));
        let of_target = *cores.keys().max()?;
        if cores.len() < ENOUGH {
            return None;
        }
        let tasks = cores.iter().filter(|(core, _)| **core != of_target);
        let tasks = tasks.flat_map(|(_, processors)| processors).copied().sorted().collect();
        Some(Self { target: cores[&of_target].clone(), tasks })
    }

    /// Has the target, which has just been started, run on its own processors.
    ///
    /// # Errors
    ///
    /// When the kernel refuses.
    pub(super) fn place_target(&self, pid: i32) -> Result<()> {
        confine(Some(pid), &self.target)
    }

    /// Has a runner that asks the target, and has not begun to, run on the others, with all that it starts.
    ///
    /// # Errors
    ///
    /// When the kernel refuses.
    pub(super) fn place_runner(&self, pid: i32) -> Result<()> {
        confine(Some(pid), &self.tasks)
    }

    /// What a reader of the record should know of it.
    pub(super) fn note(&self) -> String {
        let own = self.target.iter().join(" and ");
        let (s, others) = (if self.target.len() > 1 { "s" } else { "" }, self.tasks.len());
        format!(
            "the HTTP target had processor{s} {own} to itself; tasks that asked it ran on the other {others}"
        )
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use rustix::process::Pid;
    use rustix::thread::{CpuSet, sched_getaffinity};

    use super::*;

    #[test]
    fn from_four_cores_on_the_target_has_the_last_one_with_all_its_processors() {
        // Processor n and n + 4 share a core.
        let apart = Apart::of(0..8, |processor| processor % 4).unwrap();
        assert_eq!((&apart.target[..], &apart.tasks[..]), (&[3, 7][..], &[0, 1, 2, 4, 5, 6][..]));
        let note = "the HTTP target had processors 3 and 7 to itself; tasks that asked it ran on the other 6";
        assert_eq!(apart.note(), note);
        // Some of a machine's processors only.
        let apart = Apart::of([2, 5, 6, 9], |processor| processor).unwrap();
        assert_eq!((&apart.target[..], &apart.tasks[..]), (&[9][..], &[2, 5, 6][..]));
    }

    #[test]
    fn with_fewer_cores_they_share_all_however_many_processors_those_have() {
        assert_eq!(Apart::of(0..3, |processor| processor), None);
        assert_eq!(Apart::of(0..6, |processor| processor % 3), None);
        assert_eq!(Apart::of([], |processor| processor), None);
    }

    #[test]
    fn both_run_where_they_are_placed() {
        let allowed = allowed_cores().unwrap();
        let (first, last) = (allowed[0], allowed[allowed.len() - 1]);
        let apart = Apart { target: vec![last], tasks: vec![first] };
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let pid = child.id() as i32;
        let runs_on = || {
            let set = sched_getaffinity(Pid::from_raw(pid)).unwrap();
            (0..CpuSet::MAX_CPU).filter(|&processor| set.is_set(processor)).collect::<Vec<_>>()
        };
        apart.place_target(pid).unwrap();
        assert_eq!(runs_on(), [last]);
        apart.place_runner(pid).unwrap();
        assert_eq!(runs_on(), [first]);
        drop(child.stdin.take());
        child.wait().unwrap();
        assert!(apart.place_runner(pid).is_err(), "it has ended");
    }
}
