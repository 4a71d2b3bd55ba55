use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};

use concbench_sys::thread_id;

use super::lock::{is_gone, sleep, wake};

/// Permits in memory that processes share: each is a word with the number of the thread that holds it, so that one whose
/// holder was killed is free again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Permits<'a> {
    /// Counts what was given back; who finds no permit sleeps there.
    returned: &'a AtomicU32,
    /// How many sleep, or are about to.
    sleepers: &'a AtomicU32,
    holders: &'a [AtomicU32],
}

/// A permit that is held.
#[derive(Debug)]
pub(super) struct Permit<'a> {
    permits: Permits<'a>,
    number: usize,
}

impl<'a> Permits<'a> {
    /// Those in these words: two for those that wait, and one for each permit.
    pub(super) fn new(words: &'a [AtomicU32]) -> Self {
        let [returned, sleepers, holders @ ..] = words else { unreachable!("it has two words at least") };
        Self { returned, sleepers, holders }
    }

    /// How many words so many permits take.
    pub(super) const fn words(permits: usize) -> usize {
        2 + permits
    }

    /// Waits for a permit.
    pub(super) fn take(self) -> Permit<'a> {
        let me = thread_id();
        let free = |holder: &AtomicU32| holder.compare_exchange(0, me, Acquire, Relaxed).is_ok();
        let number = self.until(|| self.holders.iter().position(free));
        Permit { permits: self, number }
    }

    /// Waits until nobody holds any.
    pub(super) fn wait_until_all_are_free(self) {
        let free = |holder: &AtomicU32| holder.load(Acquire) == 0;
        self.until(|| self.holders.iter().all(free).then_some(()));
    }

    /// Waits for something that can come when a permit is given back.
    fn until<T>(self, something: impl Fn() -> Option<T>) -> T {
        if let Some(there) = something() {
            return there;
        }
        self.sleepers.fetch_add(1, SeqCst);
        let there = loop {
            let seen = self.returned.load(SeqCst);
            if let Some(there) = something() {
                break there;
            }
            if !sleep(self.returned, seen) {
                self.free_those_of_the_dead();
            }
        };
        self.sleepers.fetch_sub(1, SeqCst);
        there
    }

    fn free_those_of_the_dead(self) {
        for holder in self.holders {
            let thread = holder.load(Relaxed);
            if thread != 0 && is_gone(thread) {
                // Somebody else may have done so meanwhile.
                let _ = holder.compare_exchange(thread, 0, SeqCst, Relaxed);
            }
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let Permits { returned, sleepers, holders } = self.permits;
        holders[self.number].store(0, Release);
        returned.fetch_add(1, SeqCst);
        if sleepers.load(SeqCst) > 0 {
            // All of them: some may wait for one permit, and some for all.
            wake(returned, i32::MAX.unsigned_abs());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_there_are_permits_are_inside_and_the_dead_give_theirs_back() {
        const PERMITS: usize = 2;
        let words: Vec<AtomicU32> = (0..Permits::words(PERMITS)).map(|_| AtomicU32::new(0)).collect();
        let (inside, most) = (AtomicU32::new(0), AtomicU32::new(0));
        std::thread::scope(|scope| {
            scope.spawn(|| std::mem::forget(Permits::new(&words).take())).join().unwrap();
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let _permit = Permits::new(&words).take();
                        most.fetch_max(inside.fetch_add(1, Relaxed) + 1, Relaxed);
                        std::thread::yield_now();
                        inside.fetch_sub(1, Relaxed);
                    }
                });
            }
        });
        assert!((1..=PERMITS as u32).contains(&most.load(Relaxed)), "{most:?}");
        // The permit of the dead came free once somebody had waited in vain, if anybody had to.
        Permits::new(&words).wait_until_all_are_free();
    }
}
