//! A thread of the fleet, with a share of its connections and the events of all of them.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec};

use super::connection::{Connection, Done};
use super::text::Text;
use crate::{Life, Load, Phase, Result, ServingError};

/// How much is read at once, in bytes.
const BUFFER: usize = 64 << 10;
/// How many events are taken from the kernel at once.
const EVENTS: usize = 1024;
/// The token of the timer; connections have their place as theirs.
const TIMER: Token = Token(usize::MAX);
/// How long nothing is waited for at once: the clock is looked at in between.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// A message that was sent this much after it was due, although its connection was free, was sent late.
const LATE: Duration = Duration::from_millis(1);

/// When a load counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    /// When it begins.
    pub(super) begin: Instant,
    /// From when on it counts.
    pub(super) from: Instant,
    /// Until when.
    pub(super) until: Instant,
}

impl Window {
    /// That of a phase which begins then.
    pub(super) fn of(begin: Instant, phase: &Phase) -> Self {
        let from = begin + phase.warm;
        Self { begin, from, until: from + phase.time }
    }
}

/// What a thread has seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) latencies_ns: Vec<u64>,
    pub(super) late: u64,
}

/// A thread's share of the fleet.
#[derive(Debug)]
pub(super) struct Crew {
    poll: Poll,
    timer: OwnedFd,
    connections: Vec<Connection>,
    text: Text,
    buffer: Vec<u8>,
}

/// Which of the threads it is, and how many there are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share {
    pub(super) thread: usize,
    pub(super) threads: usize,
}

impl Share {
    /// How many of these fall to it.
    fn of(self, all: usize) -> usize {
        all / self.threads + usize::from(self.thread < all % self.threads)
    }
}

impl Crew {
    /// Opens its share of the connections.
    pub(super) fn connect(load: &Load, share: Share) -> Result<Self> {
        let system = ServingError::system::<io::Error>("wait for events");
        let poll = Poll::new().map_err(system)?;
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = rustix::time::timerfd_create(TimerfdClockId::Monotonic, flags)
            .map_err(|error| system(error.into()))?;
        poll.registry()
            .register(&mut SourceFd(&timer.as_raw_fd()), TIMER, Interest::READABLE)
            .map_err(system)?;
        let buffer = vec![0; BUFFER];
        let mut crew = Self { poll, timer, connections: Vec::new(), text: Text::new(load.bytes), buffer };
        crew.open(load, share)?;
        Ok(crew)
    }

    fn open(&mut self, load: &Load, share: Share) -> Result<()> {
        let wanted = share.of(load.connections);
        let at_once = share.of(load.connecting).max(1);
        let mut events = Events::with_capacity(EVENTS);
        let (mut opened, mut progress) = (0, Instant::now());
        while opened < wanted {
            while self.connections.len() < wanted && self.connections.len() - opened < at_once {
                let place = self.connections.len();
                let number = place * share.threads + share.thread;
                let started = Connection::start(number, load.address, self.poll.registry(), Token(place));
                self.connections.push(started.map_err(ServingError::system("open a connection"))?);
            }
            self.wait(&mut events, LOOK_EVERY)?;
            for Token(place) in events.iter().map(mio::event::Event::token) {
                let connection = &mut self.connections[place];
                let was_open = connection.open;
                connection
                    .go_on(load.protocol, &self.text, &mut self.buffer)
                    .map_err(|what| broken(place, share, what))?;
                if connection.open && !was_open {
                    (opened, progress) = (opened + 1, Instant::now());
                }
            }
            if progress.elapsed() > load.patience {
                return Err(stalled(load, wanted - opened));
            }
        }
        Ok(())
    }

    /// Sends the first message on every connection, where each follows the answer to the one before.
    pub(super) fn prime(&mut self, load: &Load, share: Share) -> Result<()> {
        (0..self.connections.len()).try_for_each(|place| self.begin(place, Instant::now(), load, share))
    }

    /// Loads the server until the window is over, and then waits until everything is answered.
    pub(super) fn run(
        &mut self,
        load: &Load,
        rate_per_s: Option<f64>,
        share: Share,
        window: Window,
    ) -> Result<Seen> {
        let mut seen = Seen::default();
        let mut schedule = rate_per_s.map(|rate| Schedule {
            begin: window.begin,
            interval: share.threads as f64 / rate,
            // The threads take turns.
            first: share.thread as f64 / rate,
            next: 0,
        });
        let mut events = Events::with_capacity(EVENTS);
        let mut progress = window.begin;
        loop {
            let now = Instant::now();
            let over = now >= window.until;
            if over && self.connections.iter().all(Connection::is_free) {
                return Ok(seen);
            }
            let mut wait = if over { LOOK_EVERY } else { (window.until - now).min(LOOK_EVERY) };
            if let Some(schedule) = schedule.as_mut().filter(|_| !over) {
                self.hand_out(schedule, now, load, share, window, &mut seen)?;
                let next = schedule.due(schedule.next);
                wait = wait.min(next.saturating_duration_since(Instant::now()));
            }
            self.wait_exactly(&mut events, wait)?;
            let tokens: Vec<Token> = events.iter().map(mio::event::Event::token).collect();
            for Token(place) in tokens.into_iter().filter(|token| *token != TIMER) {
                let protocol = load.protocol;
                let connection = &mut self.connections[place];
                let fresh = !connection.open;
                let done = connection
                    .go_on(protocol, &self.text, &mut self.buffer)
                    .map_err(|what| broken(place, share, what))?;
                if fresh && connection.open {
                    self.begin(place, Instant::now(), load, share)?;
                }
                if let Some(done) = done {
                    progress = done.at;
                    seen.count(done, window);
                    match done.at < window.until {
                        true => self.next(place, done.at, schedule.is_some(), load, share)?,
                        false => self.connections[place].rest(load.life),
                    }
                }
            }
            if Instant::now().saturating_duration_since(progress) > load.patience {
                let waiting = self.connections.iter().filter(|connection| !connection.is_free()).count();
                if waiting > 0 {
                    return Err(stalled(load, waiting));
                }
            }
        }
    }

    /// What a connection does after an exchange.
    fn next(&mut self, place: usize, now: Instant, paced: bool, load: &Load, share: Share) -> Result<()> {
        if load.life == Life::Short {
            return self.reopen(place, load, share);
        }
        match (paced, self.connections[place].waiting.pop_front()) {
            (true, None) => Ok(()),
            (true, Some(due)) => self.begin(place, due, load, share),
            (false, _) => self.begin(place, now, load, share),
        }
    }

    fn reopen(&mut self, place: usize, load: &Load, share: Share) -> Result<()> {
        let opened = self.connections[place].again(load.address, self.poll.registry(), Token(place));
        opened.map_err(|error| broken(place, share, format!("cannot be opened: {error}")))
    }

    fn begin(&mut self, place: usize, since: Instant, load: &Load, share: Share) -> Result<()> {
        let sent = self.connections[place].send(since, load.protocol, load.life, &self.text);
        sent.map_err(|what| broken(place, share, what))
    }

    /// Sends what is due, each on the next connection; what finds its connection busy waits there.
    fn hand_out(
        &mut self,
        schedule: &mut Schedule,
        now: Instant,
        load: &Load,
        share: Share,
        window: Window,
        seen: &mut Seen,
    ) -> Result<()> {
        while schedule.due(schedule.next) <= now {
            let due = schedule.due(schedule.next);
            let place = schedule.next as usize % self.connections.len();
            schedule.next += 1;
            if !self.connections[place].is_free() {
                self.connections[place].waiting.push_back(due);
                continue;
            }
            self.begin(place, due, load, share)?;
            seen.late += u64::from(due >= window.from && Instant::now() - due > LATE);
        }
        Ok(())
    }

    /// Waits as long as the events of mio allow, whose grain is a millisecond.
    fn wait(&mut self, events: &mut Events, at_most: Duration) -> Result<()> {
        match self.poll.poll(events, Some(at_most)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                events.clear();
                Ok(())
            }
            waited => waited.map_err(ServingError::system("wait for events")),
        }
    }

    /// Waits no longer than that to the microsecond, by a timer of the kernel.
    fn wait_exactly(&mut self, events: &mut Events, at_most: Duration) -> Result<()> {
        if at_most >= LOOK_EVERY {
            return self.wait(events, at_most);
        }
        let set = |left: Duration| -> io::Result<()> {
            let once = Itimerspec {
                it_interval: Timespec { tv_sec: 0, tv_nsec: 0 },
                it_value: Timespec::try_from(left).map_err(io::Error::other)?,
            };
            rustix::time::timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &once)?;
            Ok(())
        };
        if at_most.is_zero() {
            return self.wait(events, at_most);
        }
        set(at_most).map_err(ServingError::system("set a timer"))?;
        self.wait(events, LOOK_EVERY)
    }
}

impl Seen {
    fn count(&mut self, done: Done, window: Window) {
        if (window.from..window.until).contains(&done.at) {
            self.latencies_ns.push(u64::try_from(done.latency.as_nanos()).unwrap_or(u64::MAX));
        }
    }
}

/// When messages are due.
#[derive(Debug)]
struct Schedule {
    begin: Instant,
    /// How far apart they are, in seconds.
    interval: f64,
    /// When the first is, in seconds from the beginning.
    first: f64,
    next: u64,
}

impl Schedule {
    fn due(&self, number: u64) -> Instant {
        self.begin + Duration::from_secs_f64(self.first + number as f64 * self.interval)
    }
}

fn broken(place: usize, share: Share, what: String) -> ServingError {
    ServingError::Connection { connection: place * share.threads + share.thread, what }
}

fn stalled(load: &Load, connections: usize) -> ServingError {
    ServingError::Stalled { seconds: load.patience.as_secs_f64(), connections }
}
