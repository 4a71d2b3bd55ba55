use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::time::Duration;

use concbench_sys::thread_id;
use rustix::thread::futex;
use rustix::time::Timespec;

/// The bit that says that somebody sleeps until the lock is free; the others are the number of its owner, a thread, or 0.
const SOMEBODY_WAITS: u32 = 1 << 31;
/// How often it is looked at before the thread sleeps: about as long as it takes to be woken.
const LOOKS: u32 = 100;
/// How long a thread sleeps at most before it looks whether the owner is still there: an owner that is killed wakes nobody.
pub(super) const LOOK_AFTER: Duration = Duration::from_millis(10);

/// A lock in memory that processes share. It survives its owner: whoever waits for one that is gone takes it over.
///
/// Its owner is known by the number of its thread. That of one that is gone may be given to another, after tens of thousands
/// of threads, and would then bar the lock as long as that one lives.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lock<'a>(&'a AtomicU32);

/// A lock that is held.
#[derive(Debug)]
pub(super) struct Held<'a> {
    lock: Lock<'a>,
}

impl<'a> Lock<'a> {
    pub(super) fn new(word: &'a AtomicU32) -> Self {
        Self(word)
    }

    /// Waits for the lock.
    pub(super) fn take(self) -> Held<'a> {
        let me = thread_id();
        if self.0.compare_exchange(0, me, Acquire, Relaxed).is_err() {
            self.wait(me);
        }
        Held { lock: self }
    }

    /// Whether the calling thread holds it.
    pub(super) fn is_mine(self) -> bool {
        self.0.load(Relaxed) & !SOMEBODY_WAITS == thread_id()
    }

    #[cold]
    fn wait(self, me: u32) {
        for _ in 0..LOOKS {
            if self.0.load(Relaxed) == 0 && self.0.compare_exchange(0, me, Acquire, Relaxed).is_ok() {
                return;
            }
            std::hint::spin_loop();
        }
        // From here on others may sleep too: who has slept says so for them when it takes the lock.
        let mine = me | SOMEBODY_WAITS;
        loop {
            let seen = self.0.load(Relaxed);
            if seen == 0 {
                if self.0.compare_exchange(0, mine, Acquire, Relaxed).is_ok() {
                    return;
                }
                continue;
            }
            let marked = seen | SOMEBODY_WAITS;
            if seen != marked && self.0.compare_exchange(seen, marked, Relaxed, Relaxed).is_err() {
                continue;
            }
            let woken = sleep(self.0, marked);
            let taken_over = || self.0.compare_exchange(marked, mine, Acquire, Relaxed).is_ok();
            if !woken && is_gone(seen & !SOMEBODY_WAITS) && taken_over() {
                return;
            }
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if self.lock.0.swap(0, Release) & SOMEBODY_WAITS != 0 {
            wake(self.lock.0, 1);
        }
    }
}

/// Sleeps while a word is what it was seen to be, for [`LOOK_AFTER`] at most; false if nothing has happened meanwhile.
pub(super) fn sleep(word: &AtomicU32, seen: u32) -> bool {
    let timeout = Timespec { tv_sec: 0, tv_nsec: LOOK_AFTER.subsec_nanos().into() };
    let slept = futex::wait(word, futex::Flags::empty(), seen, Some(&timeout));
    slept != Err(rustix::io::Errno::TIMEDOUT)
}

/// Wakes so many that sleep there.
pub(super) fn wake(word: &AtomicU32, sleepers: u32) {
    // It cannot fail on a word of this process's memory.
    let _ = futex::wake(word, futex::Flags::empty(), sleepers);
}

/// Whether a thread has ended. One of a process that nobody has waited for yet has ended too.
pub(super) fn is_gone(thread: u32) -> bool {
    match std::fs::read_to_string(format!("/proc/{thread}/stat")) {
        // The name of the program comes before the state, in parentheses, and may hold any of them.
        Ok(stat) => stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with(['Z', 'X'])),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound || error.raw_os_error() == Some(3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::sync::atomic::AtomicU64;

    #[test]
    fn what_a_lock_protects_is_exact() {
        const ROUNDS: u64 = 20_000;
        let (word, count) = (AtomicU32::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..ROUNDS {
                        let _held = Lock::new(&word).take();
                        count.store(count.load(Relaxed) + 1, Relaxed);
                    }
                });
            }
        });
        assert_eq!(count.load(Relaxed), 4 * ROUNDS);
        assert_eq!(word.load(Relaxed), 0, "nobody holds it");
    }

    #[test]
    fn a_lock_whose_owner_has_ended_is_taken_over() {
        let word = AtomicU32::new(0);
        let gone = std::thread::scope(|scope| {
            let holder = scope.spawn(|| {
                std::mem::forget(Lock::new(&word).take());
                thread_id()
            });
            holder.join().unwrap()
        });
        assert_eq!(word.load(Relaxed), gone);
        let held = Lock::new(&word).take();
        assert!(Lock::new(&word).is_mine());
        drop(held);
        assert_eq!(word.load(Relaxed), 0);
    }

    #[test]
    fn a_process_that_nobody_has_waited_for_is_gone() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        while !is_gone(child.id()) {
            std::thread::yield_now();
        }
        child.wait().unwrap();
        assert!(is_gone(child.id()));
        assert!(!is_gone(std::process::id()));
    }
}
