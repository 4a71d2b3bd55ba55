//! What a switch costs: two tasks of one model pass a token to and fro over the channel that the model brings, so that
//! one of them waits at any time.

mod coroutines;
mod generators;
mod ping_pong;
mod processes;
mod threads;

use std::time::Duration;

use concbench_model::{Result, Settings};

pub use ping_pong::PingPong;

/// Two tasks that can pass a token.
#[derive(Debug, Clone, Copy)]
pub struct Pair {
    /// The id of their model; the two generators have no scheduler, and so are no model.
    pub id: &'static str,
    /// What they pass the token through.
    pub channel: &'static str,
    /// Whether it is measured without being asked for all.
    pub default: bool,
    measure: fn(&Settings, Duration) -> Result<PingPong>,
}

impl Pair {
    /// Passes the token for about this long, in a process that has done nothing else.
    ///
    /// # Errors
    ///
    /// When the model does not start, or one side does not see what the other has sent.
    pub fn measure(&self, settings: &Settings, time: Duration) -> Result<PingPong> {
        (self.measure)(settings, time)
    }
}

const fn pair(
    id: &'static str,
    channel: &'static str,
    default: bool,
    measure: fn(&Settings, Duration) -> Result<PingPong>,
) -> Pair {
    Pair { id, channel, default, measure }
}

/// All of them, those that should switch cheaply first.
pub const PAIRS: [Pair; 12] = [
    pair("generator-stackless", "a future polled by hand", true, generators::stackless),
    pair("generator-stackful", "a generator with a stack of its own", true, generators::stackful),
    pair("join-all", "futures::channel::mpsc", false, coroutines::join_all),
    pair("tokio-current-thread", "tokio::sync::mpsc", true, coroutines::tokio_current_thread),
    pair("tokio-multi-thread", "tokio::sync::mpsc", true, coroutines::tokio_multi_thread),
    pair("smol", "smol::channel", true, coroutines::smol),
    pair("async-std", "async_std::channel", true, coroutines::async_std),
    pair("compio", "futures::channel::mpsc", false, coroutines::compio),
    pair("may", "may::sync::mpsc", true, coroutines::may),
    pair("thread-pool", "crossbeam_channel", false, threads::crossbeam),
    pair("thread-spawn", "std::sync::mpsc", true, threads::standard),
    pair("process-fork", "two pipes", true, processes::forked),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings::new(2, "")
    }

    #[test]
    fn every_pair_within_one_process_returns_what_it_is_served() {
        // A process may be forked, and async-std told its number of threads, only where no other test runs beside.
        for pair in PAIRS.iter().filter(|pair| !["process-fork", "async-std"].contains(&pair.id)) {
            let ping_pong = pair
                .measure(&settings(), Duration::from_micros(1))
                .unwrap_or_else(|error| panic!("{}: {error}", pair.id));
            assert!(ping_pong.rounds > 0 && !ping_pong.elapsed.is_zero(), "{}: {ping_pong:?}", pair.id);
            assert_eq!(ping_pong.digest, PingPong::expected(ping_pong.rounds), "{}", pair.id);
        }
    }
}
