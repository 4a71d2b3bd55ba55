//! Cores for the HTTP target alone, where there are enough.

use std::num::NonZeroUsize;

use itertools::Itertools as _;

use crate::model::{Result, allowed_cores, confine, core_of};

/// Of so many cores the target has one to itself: of fewer in all, one would be too large a share; and of many, one would
/// be what limits, and not the models.
const OF_CORES: usize = 4;

/// The processors of the target and those of whoever asks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Apart {
    /// How many cores the target has.
    cores: NonZeroUsize,
    /// Their processors.
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

    /// The last quarter of these cores for the target, with whatever shares them.
    fn of(allowed: impl IntoIterator<Item = usize>, core_of: impl Fn(usize) -> usize) -> Option<Self> {
        let cores = allowed.into_iter().into_group_map_by(|&processor| core_of(processor));
        let of_target = NonZeroUsize::new(cores.len() / OF_CORES)?;
        let ascending: Vec<_> = cores.into_iter().sorted().collect();
        let (tasks, target) = ascending.split_at(ascending.len() - of_target.get());
        let processors =
            |of: &[(usize, Vec<usize>)]| of.iter().flat_map(|(_, each)| each).copied().sorted().collect();
        Some(Self { cores: of_target, target: processors(target), tasks: processors(tasks) })
    }

    /// How many threads the target serves on: one for each of its cores.
    pub(super) fn threads(&self) -> NonZeroUsize {
        self.cores
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
        let (own, others) = (self.target.iter().join(", "), self.tasks.len());
        let s = if self.target.len() > 1 { "s" } else { "" };
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
    fn the_target_has_the_last_quarter_of_the_cores_with_all_their_processors() {
        // Processor n and n + 4 share a core.
        let apart = Apart::of(0..8, |processor| processor % 4).unwrap();
        assert_eq!((&apart.target[..], &apart.tasks[..]), (&[3, 7][..], &[0, 1, 2, 4, 5, 6][..]));
        assert_eq!(apart.threads().get(), 1);
        let note = "the HTTP target had processors 3, 7 to itself; tasks that asked it ran on the other 6";
        assert_eq!(apart.note(), note);
        // Some of a machine's processors only.
        let apart = Apart::of([2, 5, 6, 9], |processor| processor).unwrap();
        assert_eq!((&apart.target[..], &apart.tasks[..]), (&[9][..], &[2, 5, 6][..]));
        // More cores, and a number that is no multiple of four.
        let apart = Apart::of(0..19, |processor| processor).unwrap();
        assert_eq!((&apart.target[..], apart.tasks.len()), (&[15, 16, 17, 18][..], 15));
        assert_eq!(apart.threads().get(), 4);
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
        let apart = Apart { cores: NonZeroUsize::MIN, target: vec![last], tasks: vec![first] };
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
