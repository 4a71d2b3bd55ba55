//! Figures of our models.

use std::sync::Arc;
use std::time::{Duration, Instant};

use concbench::Workload;
use concbench::model::{Model, ModelError, Settings};
use concbench::models::{BuiltIn, Catalogue, Visitor};

use crate::figure::{Measured, median};
use crate::work::Work;

/// How many batches a median is made of where they are short.
const BATCHES: usize = 31;
/// How much time the batches of one figure may take together before the rest are left out.
const ENOUGH: Duration = Duration::from_secs(3);
/// How often a model is started for the median of its starts.
const STARTS: usize = 15;
/// How long an idle model is watched.
const WATCH: Duration = Duration::from_secs(1);

/// The settings that every figure is measured with.
pub(crate) fn settings(workers: usize, work: Work) -> Settings {
    Settings::new(workers, work.task_spec())
}

/// Runs a batch and returns its seconds.
pub(crate) fn time_batch<M: Model>(
    model: &mut M,
    work: &Arc<impl Workload>,
    tasks: u64,
) -> Result<f64, ModelError> {
    let started = Instant::now();
    let digest = model.run(work, 0..tasks)?;
    let seconds = started.elapsed().as_secs_f64();
    assert_eq!(digest.tasks, tasks, "the batch is whole");
    Ok(seconds)
}

pub(crate) fn batch(model: &str, workers: usize, work: Work, tasks: u64) -> Measured {
    visit(model, Batch { workers, work, tasks })
}

pub(crate) fn start(model: &str, workers: usize) -> Measured {
    visit(model, Start { workers })
}

pub(crate) fn idle(model: &str, workers: usize) -> Measured {
    visit(model, Idle { workers })
}

fn visit(model: &str, visitor: impl Visitor<Output = Result<f64, ModelError>>) -> Measured {
    match BuiltIn::visit(model, visitor) {
        Ok(measured) => measured.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no model is called {model}")),
    }
}

struct Batch {
    workers: usize,
    work: Work,
    tasks: u64,
}

impl Visitor for Batch {
    type Output = Result<f64, ModelError>;

    fn visit<M: Model>(self) -> Self::Output {
        let mut model = M::start(&settings(self.workers, self.work))?;
        let (work, begun) = (Arc::new(self.work), Instant::now());
        // The first batch fills caches and wakes threads.
        time_batch(&mut model, &work, self.tasks)?;
        let mut seconds = Vec::new();
        while seconds.len() < BATCHES && (seconds.is_empty() || begun.elapsed() < ENOUGH) {
            seconds.push(time_batch(&mut model, &work, self.tasks)?);
        }
        model.stop()?;
        Ok(median(seconds))
    }
}

struct Start {
    workers: usize,
}

impl Visitor for Start {
    type Output = Result<f64, ModelError>;

    fn visit<M: Model>(self) -> Self::Output {
        let mut seconds = Vec::new();
        for _ in 0..STARTS {
            let started = Instant::now();
            let model = M::start(&settings(self.workers, Work::Noop))?;
            seconds.push(started.elapsed().as_secs_f64());
            model.stop()?;
        }
        Ok(median(seconds))
    }
}

struct Idle {
    workers: usize,
}

impl Visitor for Idle {
    type Output = Result<f64, ModelError>;

    fn visit<M: Model>(self) -> Self::Output {
        let mut model = M::start(&settings(self.workers, Work::Noop))?;
        time_batch(&mut model, &Arc::new(Work::Noop), 1000)?;
        let before = cpu_seconds();
        std::thread::sleep(WATCH);
        let burnt = cpu_seconds() - before;
        model.stop()?;
        Ok(burnt)
    }
}

/// The time that the threads of this process and of its children have run.
fn cpu_seconds() -> f64 {
    let own = std::process::id();
    let children = std::fs::read_to_string(format!("/proc/{own}/task/{own}/children")).unwrap_or_default();
    let pids = children.split_whitespace().map(str::to_owned).chain([own.to_string()]);
    let nanoseconds = |pid: String| -> u64 {
        let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("it runs");
        tasks
            .map(|task| {
                let text = std::fs::read_to_string(task.expect("readable").path().join("schedstat"));
                let text = text.expect("the kernel counts the time of threads");
                let ran = text.split_whitespace().next().and_then(|ran| ran.parse::<u64>().ok());
                ran.expect("nanoseconds come first")
            })
            .sum()
    };
    pids.map(nanoseconds).sum::<u64>() as f64 / 1e9
}
