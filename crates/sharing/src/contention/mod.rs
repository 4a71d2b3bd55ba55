//! Tasks that contend for something, again and again for a while: written once, and run under every model that has what they
//! contend for.

mod file;
mod tally;
mod terms;
mod verdict;

use std::io;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use concbench_model::clock_ns;
use concbench_workloads::{Io, Layout, Result, Shared, SharingWorkload, TaskError};
use serde::{Deserialize, Serialize};

use crate::manager::Proxy;
use file::Tickets;
pub use file::tickets;
pub use tally::{Found, Outcome, Tally, TallyHandle};
use terms::{COME, EVENTS, HAPPENED_AT, INSIDE, MOST_INSIDE, NUMBER, OVER, READS_PER_WRITE, TWIN, WRONG};
pub use terms::{PERMITS, Protection, Terms};
pub use verdict::lost;

/// How long a task sleeps between two looks whether the others have come.
const LOOK_EVERY: Duration = Duration::from_micros(50);
/// How long no other task may come before those that wait for it give up.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long those who wait for an event are given to fall asleep.
const SETTLE: Duration = Duration::from_micros(200);
/// How long each of two tasks holds its first lock before it asks for the second.
const BOTH_HOLD_ONE: Duration = Duration::from_millis(20);

/// Tasks that contend on some terms.
#[derive(Debug)]
pub struct Contention {
    terms: Terms,
    tally: Tally,
}

/// By what a process of the model builds them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContentionSpec {
    /// The terms.
    pub terms: Terms,
    /// Where what is seen is written down.
    pub tally: TallyHandle,
}

/// What a task has at hand that is its own.
struct Own {
    index: u64,
    visits: u64,
    tickets: Option<Tickets>,
    proxy: Option<Proxy>,
}

impl Contention {
    /// Those that this describes.
    ///
    /// # Errors
    ///
    /// When the runner that made the tally is gone.
    pub fn open(spec: &ContentionSpec) -> io::Result<Self> {
        Ok(Self { terms: spec.terms.clone(), tally: Tally::open(&spec.tally)? })
    }

    /// Waits until all have come, if they can be under way together.
    async fn begin<I: Io>(&self, io: &I) -> Result<u64> {
        let (mut come, mut since) = (self.tally.come(), clock_ns());
        while self.terms.together && come < self.terms.contenders {
            io.sleep(LOOK_EVERY).await;
            let now = self.tally.have_come();
            if now != come {
                (come, since) = (now, clock_ns());
            } else if clock_ns() - since > PATIENCE.as_nanos() as u64 {
                // One that was killed does not come any more.
                let (wanted, seconds) = (self.terms.contenders, PATIENCE.as_secs());
                let missing = format!("{come} of {wanted} tasks came, and no other for {seconds} s");
                return Err(TaskError::new(missing));
            }
        }
        let now = clock_ns();
        self.tally.begin(now);
        Ok(now)
    }

    /// Visits until the time is up, or there is nothing left.
    async fn contend<I: Io, S: Shared>(&self, io: &I, shared: &S, own: &mut Own, until: u64) -> Result<()> {
        loop {
            let goes_on = match self.terms.object {
                Protection::Nothing => self.unprotected(io, shared, own).await,
                Protection::Atomic => self.atomic(io, shared, own).await,
                Protection::Lock => self.locked(io, shared, own).await?,
                Protection::ThreadLock => self.thread_locked(shared, own)?,
                Protection::Reentrant => self.relocked(io, shared, own).await?,
                Protection::Semaphore => self.permitted(io, shared, own).await?,
                Protection::ReadWrite => self.read_or_written(io, shared, own).await?,
                Protection::Condition => self.in_turn(io, shared, own).await?,
                Protection::File | Protection::FileLock => self.sold(shared, own)?,
                Protection::Manager => self.told(own)?,
                Protection::Event => self.awaited(io, shared, own, until).await?,
                Protection::Deadlock => self.crossed(io, shared, own).await?,
            };
            if !goes_on || clock_ns() >= until {
                break;
            }
        }
        if self.terms.object == Protection::Condition {
            // Whoever waits for a turn that does not come any more goes home.
            shared.once(0, || true, async { shared.word(OVER).store(1, Relaxed) }).await?;
        }
        Ok(())
    }

    /// What is done inside: the number is read, and written after a while.
    async fn update<I: Io, S: Shared>(&self, io: &I, shared: &S) {
        let number = shared.word(NUMBER);
        let read = number.load(Relaxed);
        self.inside(io).await;
        number.store(read + 1, Relaxed);
    }

    /// The while.
    async fn inside<I: Io>(&self, io: &I) {
        self.computing();
        if self.terms.wait_ns > 0 {
            io.sleep(Duration::from_nanos(self.terms.wait_ns)).await;
        }
    }

    fn computing(&self) {
        if self.terms.compute_ns > 0 {
            let until = clock_ns() + self.terms.compute_ns;
            while clock_ns() < until {
                std::hint::spin_loop();
            }
        }
    }

    /// The visits until the next look at the clock; of the first the wait is measured.
    fn visits(&self, own: &mut Own) -> std::ops::Range<u64> {
        own.visits += self.terms.visits_per_look;
        0..self.terms.visits_per_look
    }

    /// Notes a wait that began then, now that the task is inside, if it is one that is measured.
    fn entered(&self, own: &Own, visit: u64, asked: u64) {
        if visit == 0 {
            self.tally.wait(own.index, clock_ns().saturating_sub(asked));
        }
    }

    async fn unprotected<I: Io, S: Shared>(&self, io: &I, shared: &S, own: &mut Own) -> bool {
        for _ in self.visits(own) {
            self.update(io, shared).await;
        }
        true
    }

    async fn atomic<I: Io, S: Shared>(&self, io: &I, shared: &S, own: &mut Own) -> bool {
        for _ in self.visits(own) {
            shared.word(NUMBER).fetch_add(1, Relaxed);
            self.inside(io).await;
        }
        true
    }

    async fn locked<I: Io, S: Shared>(&self, io: &I, shared: &S, own: &mut Own) -> Result<bool> {
        let asked = clock_ns();
        for visit in self.visits(own) {
            let section = async {
                self.entered(own, visit, asked);
                self.update(io, shared).await;
            };
            shared.locked(0, section).await?;
        }
        Ok(true)
    }

    fn thread_locked<S: Shared>(&self, shared: &S, own: &mut Own) -> Result<bool> {
        let asked = clock_ns();
        for visit in self.visits(own) {
            shared.thread_locked(0, || {
                self.entered(own, visit, asked);
                let number = shared.word(NUMBER);
                let read = number.load(Relaxed);
                self.computing();
                number.store(read + 1, Relaxed);
            })?;
        }
        Ok(true)
    }

    async fn relocked<I: Io, S: Shared>(&self, io: &I, shared: &S, own: &mut Own) -> Result<bool> {
        let asked = clock_ns();
        for visit in self.visits(own) {
            let again = async {
                self.entered(own, visit, asked);
                shared.relocked(0, self.update(io, shared)).await
            };
            shared.relocked(0, again).await??;
        }
        Ok(true)
    }

    async fn permitted<I: Io, S: Shared>(&self, io: &I, shared: &S, own: &mut Own) -> Result<bool> {
        let asked = clock_ns();
        for visit in self.visits(own) {
            let section = async {
                self.entered(own, visit, asked);
                let inside = shared.word(INSIDE).fetch_add(1, Relaxed) + 1;
                if shared.word(MOST_INSIDE).load(Relaxed) < inside {
                    shared.word(MOST_INSIDE).fetch_max(inside, Relaxed);
                }
                self.inside(io).await;
                shared.word(INSIDE).fetch_sub(1, Relaxed);
            };
            shared.permitted(0, section).await?;
            shared.word(NUMBER).fetch_add(1, Relaxed);
        }
        Ok(true)
    }

    async fn read_or_written<I: Io, S: Shared>(&self, io: &I, shared: &S, own: &mut Own) -> Result<bool> {
        let (number, twin) = (shared.word(NUMBER), shared.word(TWIN));
        let before = own.visits;
        let asked = clock_ns();
        for visit in self.visits(own) {
            if (before + visit).is_multiple_of(READS_PER_WRITE) {
                let section = async {
                    self.entered(own, visit, asked);
                    self.update(io, shared).await;
                    twin.store(twin.load(Relaxed) + 1, Relaxed);
                };
                shared.writing(0, section).await?;
            } else {
                let section = async {
                    self.entered(own, visit, asked);
                    let read = number.load(Relaxed);
                    self.inside(io).await;
                    if twin.load(Relaxed) != read {
                        shared.word(WRONG).fetch_add(1, Relaxed);
                    }
                };
                shared.reading(0, section).await?;
                // What only read is counted apart.
                shared.word(INSIDE).fetch_add(1, Relaxed);
            }
        }
        Ok(true)
    }

    async fn in_turn<I: Io, S: Shared>(&self, io: &I, shared: &S, own: &mut Own) -> Result<bool> {
        let (number, over) = (shared.word(NUMBER), shared.word(OVER));
        let mine = || number.load(Relaxed) % self.terms.contenders == own.index;
        let is_over = || over.load(Relaxed) == 1;
        let asked = clock_ns();
        let section = async {
            if is_over() {
                return false;
            }
            self.entered(own, 0, asked);
            if !mine() {
                shared.word(WRONG).fetch_add(1, Relaxed);
            }
            self.update(io, shared).await;
            true
        };
        let came = shared.once(0, || mine() || is_over(), section).await?;
        own.visits += u64::from(came);
        Ok(came)
    }

    fn sold<S: Shared>(&self, shared: &S, own: &mut Own) -> Result<bool> {
        let file = self.terms.file.as_ref().ok_or_else(|| TaskError::new("there is no file of tickets"))?;
        if own.tickets.is_none() {
            own.tickets = Some(Tickets::open(file)?);
        }
        let Some(tickets) = &own.tickets else { unreachable!("it was opened") };
        let asked = clock_ns();
        let _held = match self.terms.object {
            Protection::FileLock => Some(tickets.lock()?),
            _ => None,
        };
        self.entered(own, 0, asked);
        match tickets.left() {
            Ok(0) => return Ok(false),
            Ok(left) => {
                self.computing();
                tickets.write(left - 1)?;
            }
            Err(_) => drop(shared.word(WRONG).fetch_add(1, Relaxed)),
        }
        own.visits += 1;
        Ok(true)
    }

    fn told(&self, own: &mut Own) -> Result<bool> {
        let address = self.terms.manager.as_deref();
        let address = address.ok_or_else(|| TaskError::new("there is no manager process"))?;
        if own.proxy.is_none() {
            own.proxy = Some(Proxy::connect(address)?);
        }
        let asked = clock_ns();
        for visit in self.visits(own) {
            let Some(proxy) = &mut own.proxy else { unreachable!("it was connected") };
            proxy.add(1)?;
            self.entered(own, visit, asked);
        }
        Ok(true)
    }

    /// The first task has one event after the other happen, each once all the others wait for it.
    async fn awaited<I: Io, S: Shared>(&self, io: &I, shared: &S, own: &mut Own, until: u64) -> Result<bool> {
        let (others, come) = (self.terms.contenders - 1, shared.word(COME));
        for (round, event) in (1..).zip(0..EVENTS) {
            if own.index == 0 {
                while come.load(Relaxed) < round * others {
                    io.sleep(LOOK_EVERY).await;
                }
                io.sleep(SETTLE).await;
                let last = event + 1 == EVENTS || clock_ns() >= until;
                shared.word(OVER).store(u64::from(last), Relaxed);
                // Who wakes before it is named has woken too early.
                shared.word(HAPPENED_AT).store(clock_ns(), Relaxed);
                shared.word(TWIN).store(round, Relaxed);
                shared.set(event)?;
                if last {
                    break;
                }
            } else {
                come.fetch_add(1, Relaxed);
                shared.happened(event).await?;
                let happened_at = shared.word(HAPPENED_AT).load(Relaxed);
                match shared.word(TWIN).load(Relaxed) {
                    happened if happened == round => self.entered(own, 0, happened_at),
                    _ => drop(shared.word(WRONG).fetch_add(1, Relaxed)),
                }
                own.visits += 1;
                shared.word(NUMBER).fetch_add(1, Relaxed);
                if shared.word(OVER).load(Relaxed) == 1 {
                    break;
                }
            }
        }
        Ok(false)
    }

    /// Each holds one lock and asks for the other's: neither goes on.
    async fn crossed<I: Io, S: Shared>(&self, io: &I, shared: &S, own: &Own) -> Result<bool> {
        let first = (own.index % 2) as usize;
        let both = async {
            io.sleep(BOTH_HOLD_ONE).await;
            shared.locked(1 - first, self.update(io, shared)).await
        };
        shared.locked(first, both).await??;
        Ok(false)
    }
}

impl SharingWorkload for Contention {
    fn layout(&self) -> Layout {
        self.terms.layout()
    }

    async fn task<I: Io, S: Shared>(&self, io: &I, shared: &S, index: u64) -> Result<u64> {
        let mut own = Own { index, visits: 0, tickets: None, proxy: None };
        let begun = self.begin(io).await?;
        self.contend(io, shared, &mut own, begun + self.terms.window_ns).await?;
        self.tally.end(index, own.visits, clock_ns());
        Ok(index)
    }

    /// Notes what there is; [`lost`] judges it.
    fn verdict<S: Shared>(&self, _tasks: u64, shared: &S) -> Result<()> {
        let read = |word| shared.word(word).load(Relaxed);
        let number = match (self.terms.object, &self.terms.file, &self.terms.manager) {
            (Protection::File | Protection::FileLock, Some(file), _) => Tickets::open(file)?.left()?,
            (Protection::Manager, _, Some(manager)) => Proxy::connect(manager)?.add(0)?,
            // Those who only read are counted apart.
            (Protection::ReadWrite, ..) => read(NUMBER) + read(INSIDE),
            _ => read(NUMBER),
        };
        self.tally.find(Found { number, most_inside: read(MOST_INSIDE), wrong: read(WRONG) });
        Ok(())
    }
}
