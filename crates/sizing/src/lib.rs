//! How many workers a library has if nobody says how many. Each is asked by starting it as it starts by itself, in a
//! process of its own under the limits that count: some read a quota, some round it up, some look at the machine.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use concbench_model::{ModelError, Result};

/// A way to size a pool or a runtime without saying a number.
#[derive(Debug, Clone, Copy)]
pub struct Sizer {
    /// Its id: that of the library, or of the function that is called.
    pub id: &'static str,
    /// The model that runs with as many workers.
    pub model: &'static str,
    /// What is asked, in words.
    pub asks: &'static str,
    own: fn() -> Result<usize>,
}

impl Sizer {
    /// How many workers there are by its choice, here and now. It may leave threads behind that end with the process, and
    /// may remember its answer for as long as that lives.
    ///
    /// # Errors
    ///
    /// When it does not start, or does not say.
    pub fn own(&self) -> Result<usize> {
        (self.own)()
    }
}

/// All of them.
pub const SIZERS: [Sizer; 7] = [
    Sizer { id: "std", model: "thread-pool", asks: "`std::thread::available_parallelism`", own: available },
    Sizer { id: "num-cpus", model: "thread-pool", asks: "`num_cpus::get`", own: num_cpus },
    Sizer { id: "rayon", model: "rayon", asks: "rayon", own: rayon },
    Sizer { id: "tokio", model: "tokio-multi-thread", asks: "tokio", own: tokio },
    Sizer { id: "smol", model: "smol", asks: "smol's global executor", own: smol },
    Sizer { id: "async-std", model: "async-std", asks: "async-std", own: async_std },
    Sizer { id: "may", model: "may", asks: "may", own: may },
];

fn available() -> Result<usize> {
    std::thread::available_parallelism()
        .map(Into::into)
        .map_err(ModelError::system("ask how much parallelism there is"))
}

fn num_cpus() -> Result<usize> {
    Ok(num_cpus::get())
}

fn rayon() -> Result<usize> {
    let refused = |error: rayon::ThreadPoolBuildError| ModelError::System {
        what: "start rayon's pool",
        source: std::io::Error::other(error.to_string()),
    };
    Ok(rayon::ThreadPoolBuilder::new().build().map_err(refused)?.current_num_threads())
}

fn tokio() -> Result<usize> {
    let runtime = tokio::runtime::Builder::new_multi_thread().build();
    Ok(runtime.map_err(ModelError::system("start the tokio runtime"))?.metrics().num_workers())
}

fn smol() -> Result<usize> {
    smol::block_on(smol::spawn(async {}));
    named("smol-", PATIENCE)
}

fn async_std() -> Result<usize> {
    async_std::task::block_on(async_std::task::spawn(async {}));
    named("async-std/runti", PATIENCE)
}

fn may() -> Result<usize> {
    Ok(may::config().get_workers())
}

/// How long threads may take to have their names.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many threads of this process have a name that begins so, once that is the same twice: a thread names itself after it
/// has started.
fn named(beginning: &str, patience: Duration) -> Result<usize> {
    let until = Instant::now() + patience;
    let mut before = BTreeSet::new();
    loop {
        let now = threads_named(beginning)?;
        // Two looks that agree: nobody is on the way.
        if !now.is_empty() && now == before {
            return Ok(now.len());
        }
        if Instant::now() > until {
            let what = format!("no thread is called {beginning}...");
            return Err(ModelError::Protocol { who: "the library", what });
        }
        before = now;
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn threads_named(beginning: &str) -> Result<BTreeSet<String>> {
    let read = ModelError::system("read the threads of this process");
    let threads = fs::read_dir("/proc/self/task").map_err(read)?;
    let name = |path: &std::path::Path| fs::read_to_string(path.join("comm")).unwrap_or_default();
    let fits = threads.flatten().map(|entry| entry.path()).filter(|path| name(path).starts_with(beginning));
    Ok(fits.map(|path| path.display().to_string()).collect())
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn every_library_says_how_many_workers_it_has_by_itself() {
        let own = SIZERS.map(|sizer| (sizer.id, sizer.own().unwrap()));
        let (available, cpus) = (std::thread::available_parallelism().unwrap().get(), num_cpus::get());
        let expected = [
            ("std", available),
            ("num-cpus", cpus),
            ("rayon", available),
            ("tokio", available),
            ("smol", 1),
            ("async-std", available),
            ("may", cpus),
        ];
        assert_eq!(own, expected);
    }

    #[test]
    fn threads_are_counted_by_the_beginning_of_their_names_and_none_is_an_error() {
        let all = Barrier::new(4);
        let counted = std::thread::scope(|scope| {
            for number in 0..3 {
                let thread = std::thread::Builder::new().name(format!("counted-{number}"));
                thread.spawn_scoped(scope, || all.wait()).unwrap();
            }
            let counted = named("counted-", PATIENCE);
            all.wait();
            counted
        });
        assert_eq!(counted.unwrap(), 3);
        let nobody = named("nobody-", Duration::ZERO).unwrap_err().to_string();
        assert_eq!(nobody, "protocol with the library: no thread is called nobody-...");
    }
}
