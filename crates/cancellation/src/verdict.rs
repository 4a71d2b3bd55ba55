//! Whether a construct has kept its promise.

use crate::{Batch, Counted, Promise};

/// What is there after a cancellation and was not before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Left {
    /// Threads of this process.
    pub threads: u64,
    /// Open descriptors.
    pub descriptors: u64,
    /// Processes below this one.
    pub processes: u64,
}

/// Whether all that was promised is so.
///
/// # Errors
///
/// What is not, as one lower-case line.
pub fn verdict(promise: Promise, batch: &Batch, counted: &Counted, left: &Left) -> Result<(), String> {
    let Counted { begun, dropped, wasted_steps: _, held } = *counted;
    let tasks = batch.tasks;
    let most_begun = match promise {
        Promise::Queued => tasks.min(batch.workers as u64),
        _ => tasks,
    };
    let Left { threads, descriptors, processes } = *left;
    if threads + descriptors + processes > 0 {
        return Err(format!(
            "{threads} threads, {descriptors} descriptors and {processes} processes are left behind"
        ));
    }
    if begun > most_begun || (promise != Promise::Queued && begun < most_begun) {
        return Err(format!("{begun} tasks have begun and {most_begun} should"));
    }
    match promise {
        Promise::Killed if dropped > 0 => Err(format!("{dropped} destructors ran in tasks that were killed")),
        Promise::Killed => Ok(()),
        _ if dropped != begun => Err(format!("{dropped} of {begun} destructors ran")),
        _ if held => Err("what the first task held is still held".to_owned()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Doing;

    const BATCH: Batch = Batch { tasks: 10, doing: Doing::Waiting, workers: 2 };

    fn counted(begun: u64, dropped: u64) -> Counted {
        Counted { begun, dropped, ..Counted::default() }
    }

    #[test]
    fn a_task_that_is_left_behind_breaks_the_promise() {
        let caught = verdict(Promise::Unwound, &BATCH, &counted(10, 9), &Left::default()).unwrap_err();
        assert_eq!(caught, "9 of 10 destructors ran");
        let left = Left { threads: 1, ..Left::default() };
        let caught = verdict(Promise::Asked, &BATCH, &counted(10, 10), &left).unwrap_err();
        assert!(caught.starts_with("1 threads"), "{caught}");
        let orphan = Left { processes: 1, ..Left::default() };
        assert!(verdict(Promise::Killed, &BATCH, &counted(10, 0), &orphan).is_err());
    }

    #[test]
    fn what_is_queued_does_not_begin_and_what_is_killed_runs_no_destructor() {
        assert_eq!(verdict(Promise::Queued, &BATCH, &counted(2, 2), &Left::default()), Ok(()));
        assert!(verdict(Promise::Queued, &BATCH, &counted(3, 3), &Left::default()).is_err());
        let killed = Counted { held: true, ..counted(10, 0) };
        assert_eq!(verdict(Promise::Killed, &BATCH, &killed, &Left::default()), Ok(()));
        let held = Counted { held: true, ..counted(10, 10) };
        assert!(verdict(Promise::Unwound, &BATCH, &held, &Left::default()).is_err());
    }
}
