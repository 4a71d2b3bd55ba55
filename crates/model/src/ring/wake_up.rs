//! How a process that sleeps is woken by one that has something for it.
//!
//! Who wants to sleep says so, looks once more, and sleeps only if there is still nothing; who has published something
//! looks whether the other said so. With a full fence between the two steps on either side, at least one of them sees
//! what the other did, so that nobody sleeps while something waits for it.

use std::sync::atomic::{AtomicU32, Ordering, fence};
use std::time::{Duration, Instant};

use rustix::thread::futex;

/// Nobody sleeps at this wake-up.
const AWAKE: u32 = 0;
/// Somebody sleeps, or is about to.
const ASLEEP: u32 = 1;
/// How long a side spins before it sleeps: about what it costs to be woken, the usual bound for waiting of unknown
/// length (Karlin et al. 1991).
const SPIN: Duration = Duration::from_micros(50);

/// A 32-bit atomic that the kernel can wait for.
pub trait Futex {
    /// Its value.
    fn load(&self) -> u32;
    /// Gives it another value.
    fn store(&self, value: u32);
    /// The same; the value before.
    fn swap(&self, value: u32) -> u32;
    /// Orders everything before it against everything after it.
    fn fence();
    /// Sleeps as long as the value is `expected`, at most for `timeout`, and possibly for no reason not at all.
    fn wait(&self, expected: u32, timeout: Option<Duration>);
    /// Wakes one that sleeps.
    fn wake(&self);
}

impl Futex for AtomicU32 {
    fn load(&self) -> u32 {
        self.load(Ordering::Relaxed)
    }

    fn store(&self, value: u32) {
        self.store(value, Ordering::Relaxed);
    }

    fn swap(&self, value: u32) -> u32 {
        self.swap(value, Ordering::Relaxed)
    }

    fn fence() {
        fence(Ordering::SeqCst);
    }

    fn wait(&self, expected: u32, timeout: Option<Duration>) {
        let timeout = timeout.map(|timeout| futex::Timespec {
            tv_sec: timeout.as_secs() as i64,
            tv_nsec: i64::from(timeout.subsec_nanos()),
        });
        // Whatever it answers (woken, timed out, interrupted, changed meanwhile), the caller looks again. Not private:
        // the two sides are different processes.
        let _ = futex::wait(self, futex::Flags::empty(), expected, timeout.as_ref());
    }

    fn wake(&self) {
        // It can only fail for an address that is not mapped.
        let _ = futex::wake(self, futex::Flags::empty(), 1);
    }
}

/// Sleeps until it is notified, unless there is something already; it may return early, and does after `timeout`.
pub fn sleep<F: Futex>(wake_up: &F, timeout: Option<Duration>, mut something: impl FnMut() -> bool) {
    wake_up.store(ASLEEP);
    F::fence();
    if !something() {
        wake_up.wait(ASLEEP, timeout);
    }
    wake_up.store(AWAKE);
}

/// Notifies the one that sleeps here, if there is one: after something was published for it.
pub fn notify<F: Futex>(wake_up: &F) {
    F::fence();
    if wake_up.load() == ASLEEP && wake_up.swap(AWAKE) == ASLEEP {
        wake_up.wake();
    }
}

/// How a side waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Whether it spins before it sleeps.
    pub spin: bool,
}

impl Patience {
    /// Spinning is right where every worker and the parent can have a core to themselves; where they cannot, who spins
    /// keeps off its core the one that it waits for.
    pub fn for_workers(workers: usize) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { spin: workers < cores }
    }

    /// Waits for something, at most for `timeout` once it sleeps.
    pub fn wait<F: Futex>(
        self,
        wake_up: &F,
        timeout: Option<Duration>,
        something: &mut impl FnMut() -> bool,
    ) {
        let started = Instant::now();
        while self.spin && started.elapsed() < SPIN {
            for _ in 0..32 {
                if something() {
                    return;
                }
                std::hint::spin_loop();
            }
        }
        sleep(wake_up, timeout, something);
    }
}
