//! Tasks that come one after the other, each when it is due: an open load.

use std::sync::Arc;
use std::time::Duration;

use rustix::thread::clock_nanosleep_absolute;
use rustix::time::{ClockId, Timespec, clock_gettime};

/// The nanoseconds of the monotonic clock, which all processes share.
pub fn clock_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    u64::try_from(now.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(now.tv_nsec).unwrap_or(0)
}

/// A task that was given away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Given {
    /// Which.
    pub index: u64,
    /// When, in nanoseconds of [`clock_ns`].
    pub at_ns: u64,
    /// How long after it was due, or after it was asked for if that was later: by that much the dispatcher itself was late,
    /// and not the model that took its time to ask.
    pub late_ns: u64,
}

/// Tasks that are due one after the other: the dispatcher of an open load.
///
/// As an iterator it gives the index of each task once that is due, and waits until then on the thread that asks. That
/// thread should be none on which the tasks run, unless the model has no other.
pub struct Arrivals {
    due_ns: Arc<[u64]>,
    next: usize,
    /// When it was last asked for a task, or for how long there is none.
    asked_ns: u64,
    /// Is told of each task when it is given away.
    note: Box<dyn Fn(Given) + Send>,
}

impl std::fmt::Debug for Arrivals {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} of {} tasks to come", self.due_ns.len() - self.next, self.due_ns.len())
    }
}

impl Arrivals {
    /// Tasks that are due at these moments of [`clock_ns`], in this order; `note` is told of each when it is given away.
    pub fn new(due_ns: Arc<[u64]>, note: impl Fn(Given) + Send + 'static) -> Self {
        Self { due_ns, next: 0, asked_ns: 0, note: Box::new(note) }
    }

    /// How many there are in all.
    pub fn tasks(&self) -> u64 {
        self.due_ns.len() as u64
    }

    /// How long it is until the next is due; `None` once all have been given away.
    pub fn until_next(&mut self) -> Option<Duration> {
        let due = self.due_ns.get(self.next)?;
        self.asked_ns = clock_ns();
        Some(Duration::from_nanos(due.saturating_sub(self.asked_ns)))
    }

    /// The next task, if it is due by now.
    pub fn take_due(&mut self) -> Option<u64> {
        let (due, at_ns) = (*self.due_ns.get(self.next)?, clock_ns());
        if at_ns < due {
            return None;
        }
        let index = self.next as u64;
        self.next += 1;
        (self.note)(Given { index, at_ns, late_ns: at_ns.saturating_sub(due.max(self.asked_ns)) });
        Some(index)
    }
}

impl Iterator for Arrivals {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        self.asked_ns = clock_ns();
        loop {
            let due = *self.due_ns.get(self.next)?;
            if let Some(index) = self.take_due() {
                return Some(index);
            }
            sleep_until(due);
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.due_ns.len() - self.next;
        (left, Some(left))
    }
}

fn sleep_until(due_ns: u64) {
    let until = Timespec {
        tv_sec: (due_ns / 1_000_000_000).try_into().unwrap_or(i64::MAX),
        tv_nsec: (due_ns % 1_000_000_000) as _,
    };
    // Interrupted or refused, the caller looks at the clock again.
    let _ = clock_nanosleep_absolute(ClockId::Monotonic, &until);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[test]
    fn each_task_comes_once_in_its_order_and_never_before_it_is_due() {
        let start = clock_ns();
        let due: Arc<[u64]> = [0, 0, 3_000_000, 5_000_000].map(|after| start + after).into();
        let noted = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&noted);
        let note = move |given: Given| told.lock().unwrap().push(given.index);
        let arrivals = Arrivals::new(Arc::clone(&due), note);
        assert_eq!((arrivals.tasks(), arrivals.size_hint()), (4, (4, Some(4))));
        let came: Vec<(u64, u64)> = arrivals.map(|index| (index, clock_ns())).collect();
        assert_eq!(came.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [0, 1, 2, 3]);
        assert!(came.iter().all(|(index, at)| *at >= due[*index as usize]), "{came:?}");
        assert_eq!(*noted.lock().unwrap(), [0, 1, 2, 3]);
    }

    #[test]
    fn what_is_not_due_is_not_taken() {
        let due: Arc<[u64]> = [0, u64::MAX].into();
        let mut arrivals = Arrivals::new(due, |_| {});
        assert_eq!((arrivals.take_due(), arrivals.take_due()), (Some(0), None));
        assert!(arrivals.until_next().is_some_and(|left| left > Duration::from_secs(1)));
    }

    #[test]
    fn a_model_that_asks_late_does_not_make_the_dispatcher_late() {
        let late = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&late);
        let second = 1_000_000_000;
        let due: Arc<[u64]> = [clock_ns() - 3 * second].into();
        let mut arrivals = Arrivals::new(due, move |given: Given| told.lock().unwrap().push(given.late_ns));
        assert_eq!(arrivals.next(), Some(0));
        assert!(late.lock().unwrap()[0] < 3 * second, "it was asked three seconds after the task was due");
    }
}
