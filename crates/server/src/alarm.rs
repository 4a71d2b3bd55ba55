use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::oneshot;

use concbench_sys as sys;

/// Wakes answers at their moment.
///
/// Tokio's own timer has a grain of one millisecond and rounds up, which would be most of a short delay. One kernel
/// timer, set to the earliest moment that anybody waits for, is as fine as the kernel's own clock, and costs one
/// descriptor however many answers wait.
pub(super) struct Alarms {
    timer: AsyncFd<OwnedFd>,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    /// By moment, then by order of arrival.
    sleepers: BTreeMap<(Instant, u64), oneshot::Sender<()>>,
    arrivals: u64,
}

impl Alarms {
    /// Must be called inside a tokio runtime with IO.
    pub(super) fn new() -> io::Result<Self> {
        let timer = rustix::time::timerfd_create(
            TimerfdClockId::Monotonic,
            TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC,
        )?;
        let timer = sys::readable(timer)?;
        Ok(Self { timer, waiting: Mutex::default() })
    }

    /// Waits until `due`. Needs [`Alarms::notify`] to run meanwhile.
    pub(super) async fn until(&self, due: Instant) -> io::Result<()> {
        if due <= Instant::now() {
            return Ok(());
        }
        let (wake, woken) = oneshot::channel();
        {
            let mut waiting = self.waiting();
            waiting.arrivals += 1;
            let key = (due, waiting.arrivals);
            waiting.sleepers.insert(key, wake);
            if waiting.sleepers.first_key_value().is_some_and(|(first, _)| *first == key) {
                self.set(due)?;
            }
        }
        woken.await.map_err(|_| io::Error::other("the server is stopping"))
    }

    /// Wakes everybody whose moment has come; ends only when the timer fails.
    pub(super) async fn notify(&self) -> io::Result<Infallible> {
        loop {
            self.timer
                .async_io(Interest::READABLE, |timer| Ok(rustix::io::read(timer, &mut [0; 8])?))
                .await?;
            let mut waiting = self.waiting();
            let now = Instant::now();
            while let Some(first) = waiting.sleepers.first_entry()
                && first.key().0 <= now
            {
                // Whoever has hung up meanwhile needs no waking.
                let _ = first.remove().send(());
            }
            if let Some(((due, _), _)) = waiting.sleepers.first_key_value() {
                self.set(*due)?;
            }
        }
    }

    fn set(&self, due: Instant) -> io::Result<()> {
        // Zero would switch the timer off.
        let left = due.saturating_duration_since(Instant::now()).max(Duration::from_nanos(1));
        let once = Itimerspec {
            it_interval: Timespec { tv_sec: 0, tv_nsec: 0 },
            it_value: Timespec::try_from(left).map_err(io::Error::other)?,
        };
        rustix::time::timerfd_settime(self.timer.get_ref(), TimerfdTimerFlags::empty(), &once)?;
        Ok(())
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn sleepers_wake_in_the_order_of_their_moments_and_never_early() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        let woken = runtime.block_on(async {
            let alarms = Arc::new(Alarms::new().unwrap());
            let notifying = Arc::clone(&alarms);
            tokio::spawn(async move { notifying.notify().await });
            let woken = Arc::new(Mutex::new(Vec::new()));
            let start = Instant::now();
            let sleepers: Vec<_> = [30, 0, 10, 20, 10]
                .map(|milliseconds| {
                    let (alarms, woken) = (Arc::clone(&alarms), Arc::clone(&woken));
                    tokio::spawn(async move {
                        let due = start + Duration::from_millis(milliseconds);
                        alarms.until(due).await.unwrap();
                        assert!(Instant::now() >= due);
                        woken.lock().unwrap().push(milliseconds);
                    })
                })
                .into();
            for sleeper in sleepers {
                sleeper.await.unwrap();
            }
            woken.lock().unwrap().clone()
        });
        assert_eq!(woken, [0, 10, 10, 20, 30]);
    }

    #[test]
    fn a_sleeper_that_gave_up_does_not_keep_the_others_asleep() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        runtime.block_on(async {
            let alarms = Arc::new(Alarms::new().unwrap());
            let notifying = Arc::clone(&alarms);
            tokio::spawn(async move { notifying.notify().await });
            let start = Instant::now();
            let hasty = {
                let alarms = Arc::clone(&alarms);
                tokio::spawn(async move { alarms.until(start + Duration::from_millis(5)).await })
            };
            tokio::task::yield_now().await;
            hasty.abort();
            alarms.until(start + Duration::from_millis(20)).await.unwrap();
            assert!(hasty.await.unwrap_err().is_cancelled());
        });
    }
}
