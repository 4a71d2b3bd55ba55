//! The fleet: clients that load a server from a process of their own, and hold every byte of its answers against what
//! they have sent.

mod connection;
mod crew;
mod expected;
mod text;

use std::io::{self, BufRead, Write};
use std::sync::{Barrier, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use crate::process::Event;
use crate::{Load, Outcome, Phase, Result, ServingError};
use concbench_sys as sys;
use crew::{Crew, Seen, Share, Window};

/// What the fleet is given to begin a load: from its threads wake up until the first message leaves.
const LEAD: Duration = Duration::from_millis(2);

/// A fleet whose connections are open.
#[derive(Debug)]
pub struct Fleet {
    load: Load,
    crews: Vec<Crew>,
    /// How long it took to open the connections, in nanoseconds.
    connected_ns: u64,
}

impl Fleet {
    /// Opens the connections.
    ///
    /// # Errors
    ///
    /// When one of them breaks, or none more is accepted for too long.
    pub fn connect(load: Load) -> Result<Self> {
        let started = Instant::now();
        let threads = load.threads.clamp(1, load.connections.max(1));
        let share = |thread| Share { thread, threads };
        let connect = |thread: usize| Crew::connect(&load, share(thread));
        let crews = thread::scope(|scope| {
            let threads: Vec<_> = (0..threads).map(|thread| scope.spawn(move || connect(thread))).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().map_err(|_| panicked())?)
                .collect::<Result<Vec<_>>>()
        })?;
        let connected_ns = nanoseconds(started.elapsed());
        Ok(Self { load, crews, connected_ns })
    }

    /// How long it took to open the connections, in nanoseconds.
    pub fn connected_ns(&self) -> u64 {
        self.connected_ns
    }

    /// Loads the server like this, and waits until everything is answered; `note` is called when the load begins to count, and when it ends to.
    ///
    /// # Errors
    ///
    /// When an answer is wrong, a connection breaks, or no answer comes for too long.
    pub fn run(&mut self, phase: &Phase, mut note: impl FnMut()) -> Result<Outcome> {
        let (load, crews) = (&self.load, &mut self.crews);
        let threads = crews.len();
        // The load begins once every thread has sent a message on each of its connections, or has failed to.
        let (primed, window) = (Barrier::new(threads + 1), OnceLock::new());
        let begun = || {
            primed.wait();
            *window.get_or_init(|| Window::of(Instant::now() + LEAD, phase))
        };
        let run = |(thread, crew): (usize, &mut Crew)| -> Result<Seen> {
            let share = Share { thread, threads };
            let sent = if phase.rate_per_s.is_none() { crew.prime(load, share) } else { Ok(()) };
            let window = begun();
            sent?;
            crew.run(load, phase.rate_per_s, share, window)
        };
        let run = &run;
        let (seen, cpu) = thread::scope(|scope| {
            let running: Vec<_> =
                crews.iter_mut().enumerate().map(|crew| scope.spawn(move || run(crew))).collect();
            let window = begun();
            sleep_until(window.from);
            let before = sys::cpu_time(0);
            note();
            sleep_until(window.until);
            note();
            let after = sys::cpu_time(0);
            let joined = running.into_iter().map(|thread| thread.join().map_err(|_| panicked())?);
            (joined.collect::<Result<Vec<Seen>>>(), (before, after))
        });
        let (seen, (before, after)) = (seen?, cpu);
        let clock = ServingError::system::<io::Error>("read a clock of CPU time");
        let cpu = after.map_err(clock)?.saturating_sub(before.map_err(clock)?);
        let mut outcome = Outcome { cpu_ns: nanoseconds(cpu), ..Outcome::default() };
        for Seen { latencies_ns, late } in seen {
            outcome.exchanges += latencies_ns.len() as u64;
            outcome.late += late;
            outcome.latencies_ns.extend(latencies_ns);
        }
        outcome.elapsed_ns = nanoseconds(phase.time);
        outcome.compared_bytes = outcome.exchanges * self.load.bytes as u64;
        Ok(outcome)
    }
}

/// Does what a fleet's process is there for: connects and says so; for each line on standard input, loads the server, and says
/// when that counts and then what it saw. Each is a line on standard output.
///
/// # Errors
///
/// Those of [`Fleet::connect`] and [`Fleet::run`], and a standard output that takes no line.
pub(crate) fn load(load: Load) -> Result<()> {
    let say = |event: &Event| {
        let mut out = io::stdout().lock();
        let line = serde_json::to_string(event).map_err(io::Error::other);
        let said = line.and_then(|line| writeln!(out, "{line}").and_then(|()| out.flush()));
        said.map_err(ServingError::system("say what the fleet sees"))
    };
    let run = || -> Result<()> {
        let mut fleet = Fleet::connect(load)?;
        say(&Event::Connected { connected_ns: fleet.connected_ns() })?;
        for line in io::stdin().lock().lines() {
            let heard = ServingError::system("hear how the server is to be loaded");
            let phase = serde_json::from_str(&line.map_err(heard)?).map_err(|error| heard(error.into()))?;
            let mut told = Ok(());
            let outcome = fleet.run(&phase, || {
                if told.is_ok() {
                    told = say(&Event::Counts);
                }
            })?;
            told?;
            say(&Event::Outcome(Box::new(outcome)))?;
        }
        Ok(())
    };
    match run() {
        Err(
            error @ (ServingError::Connection { .. }
            | ServingError::Stalled { .. }
            | ServingError::System { .. }),
        ) => say(&Event::Failed {
            why: error.to_string(),
            stalled: matches!(error, ServingError::Stalled { .. }),
        }),
        done => done,
    }
}

fn sleep_until(moment: Instant) {
    thread::sleep(moment.saturating_duration_since(Instant::now()));
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn panicked() -> ServingError {
    ServingError::Process { who: "a thread of the fleet".to_owned(), how: "panicked".to_owned() }
}
