//! What a switch costs: two tasks of one model pass a number to and fro over the channel that the model brings, so that
//! one of them waits at any time.

mod coroutines;
mod generators;
mod processes;
mod rally;
mod threads;

use std::time::Duration;

use concbench_model::{Result, Settings};

pub use rally::Rally;

/// Two tasks that can play.
#[derive(Debug, Clone, Copy)]
pub struct Pair {
    /// The id of their model; the two generators have no scheduler, and so are no model.
    pub id: &'static str,
    /// What they pass the number through.
    pub channel: &'static str,
    /// Whether it is measured without being asked for all.
    pub default: bool,
    play: fn(&Settings, Duration) -> Result<Rally>,
}

impl Pair {
    /// Plays for about this long, in a process that has done nothing else.
    ///
    /// # Errors
    ///
    /// When the model does not start, or one side does not see what the other has sent.
    pub fn play(&self, settings: &Settings, time: Duration) -> Result<Rally> {
        (self.play)(settings, time)
    }
}

const fn pair(
    id: &'static str,
    channel: &'static str,
    default: bool,
    play: fn(&Settings, Duration) -> Result<Rally>,
) -> Pair {
    Pair { id, channel, default, play }
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
        Settings { workers: 2, stack_bytes: None, pin: false, recipe: String::new() }
    }

    #[test]
    fn every_pair_within_one_process_returns_what_it_is_served() {
        // A process may be forked, and async-std told its number of threads, only where no other test runs beside.
        for pair in PAIRS.iter().filter(|pair| !["process-fork", "async-std"].contains(&pair.id)) {
            let rally = pair
                .play(&settings(), Duration::from_micros(1))
                .unwrap_or_else(|error| panic!("{}: {error}", pair.id));
            assert!(rally.rounds > 0 && !rally.elapsed.is_zero(), "{}: {rally:?}", pair.id);
            assert_eq!(rally.digest, Rally::expected(rally.rounds), "{}", pair.id);
        }
    }
}
