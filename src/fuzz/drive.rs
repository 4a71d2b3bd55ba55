//! Inputs, one after the other, and what came of them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;

use super::mutate::{Mutator, Shape};
use super::read::Accepted;
use crate::machine::proc;

/// How many inputs there are where nobody says.
const USUAL: u64 = 1500;
/// How long one input may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often it is looked whether one has.
const TICK: Duration = Duration::from_millis(200);
/// How much memory a process may have held at the end that did nothing else, in bytes.
const MOST_MEMORY: u64 = 512 << 20;

/// What inputs are made from.
#[derive(Debug, Default)]
pub(super) struct Corpus {
    pub(super) texts: Vec<Vec<u8>>,
}

impl Corpus {
    pub(super) fn add_folder(&mut self, folder: &Path) {
        let mut paths: Vec<_> = std::fs::read_dir(folder)
            .expect("a corpus")
            .map(|entry| entry.expect("an entry").path())
            .collect();
        // The same inputs on every machine.
        paths.sort();
        self.texts.extend(paths.iter().map(|path| std::fs::read(path).expect("a file of the corpus")));
    }
}

/// Something that reads bytes.
pub(super) struct Target<F> {
    name: &'static str,
    shape: Shape,
    pub(super) corpus: Corpus,
    read: F,
}

impl<F: Fn(u64, &[u8]) -> Accepted> Target<F> {
    /// One with the corpus of its name; `read` gets the number of the input, too.
    pub(super) fn new(name: &'static str, shape: Shape, read: F) -> Self {
        let mut corpus = Corpus::default();
        corpus.add_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name));
        Self { name, shape, corpus, read }
    }

    /// Reads the corpus as it is, and then as many mutations of it as are asked for.
    ///
    /// # Panics
    ///
    /// When an input makes it panic, with the input.
    pub(super) fn run(self) {
        let asked = variable("CONCBENCH_FUZZ_INPUTS");
        let seed = variable("CONCBENCH_FUZZ_SEED").unwrap_or(1);
        let numbers = match variable("CONCBENCH_FUZZ_ONLY") {
            Some(only) => only..only + 1,
            None => 0..asked.unwrap_or(USUAL),
        };
        for (number, text) in self.corpus.texts.iter().enumerate() {
            assert!(self.reads(0, text), "file {number} of the corpus is not accepted");
        }
        let mutator = Mutator::new(self.shape, &self.corpus.texts);
        let watchdog = Watchdog::start(self.name, seed, asked.is_some());
        let (started, mut accepted) = (Instant::now(), 0u64);
        let inputs = numbers.end - numbers.start;
        for number in numbers {
            watchdog.look(number);
            let mut random = ChaCha12Rng::seed_from_u64(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number);
            let input = mutator.input(&mut random);
            match catch_unwind(AssertUnwindSafe(|| self.reads(number, &input))) {
                Ok(understood) => accepted += u64::from(understood),
                Err(_) => panic!(
                    "{}: input {number} of seed {seed} is a finding; CONCBENCH_FUZZ_ONLY={number} repeats it:\n{}",
                    self.name,
                    String::from_utf8_lossy(&input)
                ),
            }
        }
        let memory = peak_memory();
        println!(
            "| {} | {seed} | {inputs} | {accepted} | {:.0} | {} |",
            self.name,
            started.elapsed().as_secs_f64(),
            memory.map_or("?".to_owned(), |bytes| (bytes >> 20).to_string())
        );
        assert!(
            asked.is_none() || memory.is_none_or(|bytes| bytes <= MOST_MEMORY),
            "{}: {memory:?} bytes were held",
            self.name
        );
    }

    fn reads(&self, number: u64, bytes: &[u8]) -> Accepted {
        (self.read)(number, bytes)
    }
}

fn variable(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is {text:?}, a whole number is allowed")))
}

/// The most that this process has held at once, in bytes; under Miri it would be Miri's, and is none.
fn peak_memory() -> Option<u64> {
    let told = || proc::memory(std::process::id(), "status", "VmHWM").unwrap_or_else(|why| panic!("{why}"));
    (!cfg!(miri)).then(told)
}

/// Ends the process if an input takes too long: nothing else can.
struct Watchdog {
    current: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
}

impl Watchdog {
    fn start(name: &'static str, seed: u64, wanted: bool) -> Self {
        let watchdog = Self { current: Arc::default(), over: Arc::default() };
        let (current, over) = (Arc::clone(&watchdog.current), Arc::clone(&watchdog.over));
        let watch = move || {
            // Ticks and not the clock, which goes on while the process is stopped.
            let (mut last, mut waited) = (u64::MAX, Duration::ZERO);
            while !over.load(Ordering::Relaxed) {
                std::thread::sleep(TICK);
                let now = current.load(Ordering::Relaxed);
                if now != last {
                    (last, waited) = (now, Duration::ZERO);
                } else if waited <= PATIENCE {
                    waited += TICK;
                } else {
                    eprintln!("{name}: input {now} of seed {seed} takes more than {} s", PATIENCE.as_secs());
                    std::process::abort();
                }
            }
        };
        // A test run of some thousand inputs has the limit of its caller.
        if wanted {
            std::thread::spawn(watch);
        }
        watchdog
    }

    fn look(&self, number: u64) {
        self.current.store(number, Ordering::Relaxed);
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}
