//! What our models execute beside the work, counted in instructions: a count does not depend on what else the machine
//! does. `make overhead` prints the table.

use std::hint::black_box;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;

use concbench::Workload;
use concbench::model::{Model, ModelError, Settings};
use concbench::models::{BuiltIn, Catalogue, Visitor};
use concbench_workloads::{Count, Noop};
use serde::{Deserialize, Serialize};

use crate::by_hand::{self, ByHand};

/// The argument that asks for the table.
const MARK: &str = "--instructions";
/// The argument that marks a process that valgrind counts.
const PROGRAM: &str = "--program";

/// Whose batches are counted.
const MODELS: [&str; 4] = ["rayon", "thread-pool", "tokio-multi-thread", "smol"];
/// The share that may be ours.
const MOST: f64 = 1.01;

/// The kernels of the default matrix whose batches are counted, with their workers, their tasks, and how often they run in the
/// shorter of two programs. Of two workers one that waits for the other spins for as long as the scheduler likes, and the count
/// holds that: nothing beside half a second of computing, and most of a batch that computes nothing.
const CELLS: [(&str, Work, usize, u64, u64); 3] = [
    ("count", Work::Count { n: 500_000 }, 1, 48, 1),
    ("count", Work::Count { n: 500_000 }, 2, 48, 1),
    ("noop", Work::Noop, 1, 200, 200),
];

/// How many instructions a number that is counted to takes at the very least: a compiler that had computed the sum for all of
/// them at once would leave fewer.
const FEWEST_PER_NUMBER: f64 = 1.0;

/// What a task does.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum Work {
    Noop,
    Count { n: u64 },
}

/// A program that runs batches and does nothing else.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Program {
    model: String,
    workers: usize,
    /// The loop on the same library that is written by hand, instead of our model.
    by_hand: bool,
    work: Work,
    tasks: u64,
    batches: u64,
}

impl Program {
    fn run(&self) -> Result<(), String> {
        match (self.by_hand, self.work) {
            (false, Work::Noop) => self.ours(Noop {}),
            (false, Work::Count { n }) => self.ours(Count { n }),
            (true, Work::Noop) => self.theirs(by_hand::batch(&self.model, self.workers, Noop {})?),
            (true, Work::Count { n }) => self.theirs(by_hand::batch(&self.model, self.workers, Count { n })?),
        }
    }

    fn ours(&self, work: impl Workload) -> Result<(), String> {
        match BuiltIn::visit(&self.model, Batches { program: self, work: Arc::new(work) }) {
            Ok(done) => done.map_err(|error| error.to_string()),
            Err(_) => Err(format!("no model is called {}", self.model)),
        }
    }

    fn theirs(&self, mut batch: ByHand) -> Result<(), String> {
        for _ in 0..self.batches {
            black_box(batch(self.tasks));
        }
        Ok(())
    }

    /// How many instructions it executes from beginning to end.
    fn count(&self) -> Result<u64, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let counts = folder.path().join("counts");
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let output = Command::new("valgrind")
            .args(["--quiet", "--tool=callgrind"])
            .arg(format!("--callgrind-out-file={}", counts.display()))
            .arg(program)
            .args([PROGRAM, &serde_json::to_string(self).map_err(|error| error.to_string())?])
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("valgrind: {error}"))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!("valgrind ended with {}: {}", output.status, said.trim()));
        }
        total(&counts)
    }
}

struct Batches<'a, W> {
    program: &'a Program,
    work: Arc<W>,
}

impl<W: Workload> Visitor for Batches<'_, W> {
    type Output = Result<(), ModelError>;

    fn visit<M: Model>(self) -> Self::Output {
        // No model that is counted here starts a process, which alone would read a task spec.
        let settings = Settings::new(self.program.workers, "");
        let mut model = M::start(&settings)?;
        for _ in 0..self.program.batches {
            black_box(model.run(&self.work, 0..self.program.tasks)?);
        }
        model.stop()
    }
}

/// The sum in a file of callgrind's.
fn total(counts: &Path) -> Result<u64, String> {
    let text = std::fs::read_to_string(counts).map_err(|error| error.to_string())?;
    let totals = text.lines().find_map(|line| line.strip_prefix("totals:"));
    totals.and_then(|totals| totals.trim().parse().ok()).ok_or("callgrind has counted nothing".to_owned())
}

/// The instructions of one batch: those of a program with so many more batches, less those of this one. What starting and
/// stopping execute is in both.
fn of_batch(program: &Program) -> Result<f64, String> {
    let of = |batches| Program { batches, ..program.clone() }.count();
    // The first batch fills caches and wakes threads.
    let (once, twice) = (of(1 + program.batches)?, of(1 + 2 * program.batches)?);
    Ok((twice as f64 - once as f64) / program.batches as f64)
}

/// Does what this process was started for, if it concerns instructions.
pub(crate) fn answer() -> Option<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.first()?.as_str() {
        MARK => table(),
        PROGRAM => {
            let program: Program = serde_json::from_str(arguments.get(1)?).expect("written by `count`");
            program.run().map(|()| ExitCode::SUCCESS)
        }
        _ => return None,
    };
    Some(done.unwrap_or_else(|error| {
        eprintln!("models: {error}");
        ExitCode::FAILURE
    }))
}

fn table() -> Result<ExitCode, String> {
    println!("| cell | ours, a batch | by hand | ratio | more, a task | must be | |");
    println!("| --- | --: | --: | --: | --: | --- | --- |");
    let mut missed = 0;
    for (name, work, workers, tasks, batches) in CELLS {
        for model in MODELS {
            let ours = Program { model: model.to_owned(), workers, by_hand: false, work, tasks, batches };
            let theirs = of_batch(&Program { by_hand: true, ..ours.clone() })?;
            let ours = of_batch(&ours)?;
            let folded = matches!(work, Work::Count { n } if ours < FEWEST_PER_NUMBER * (n * tasks) as f64);
            let (ratio, more) = (ours / theirs, (ours - theirs) / tasks as f64);
            let verdict = match (folded, ratio <= MOST) {
                (true, _) => "miss: the compiler has done the work",
                (false, true) => "pass",
                (false, false) => "miss",
            };
            missed += usize::from(verdict != "pass");
            println!(
                "| `{name}/{model}@{workers}` | {ours:.0} | {theirs:.0} | {ratio:.4} | {more:.0} | at most {MOST} | {verdict} |"
            );
        }
    }
    eprintln!("{missed} missed");
    Ok(ExitCode::SUCCESS)
}
