//! The criterion pass: criterion decides how many batches it wants, and runners run them.

use std::any::Any;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::time::{Duration, SystemTime};

use criterion::{Criterion, SamplingMode};
use serde_json::{Value, json};

use super::{Matrix, Order};
use crate::batch::observe::Step;
use crate::batch::{PATIENCE, Pace, work_of};
use crate::criterion_home::folder;
use crate::experiment::Stage;
use crate::experiment::{Experiment, Scope, Seen};
use crate::model::panic_message;
use crate::printing::is_closed_output;
use crate::record::Failure;
use crate::runner::{Conversation, Launcher, Request, RunnerError};

/// The fewest samples that criterion takes; the interleaved pass is the one that ranks.
const SAMPLES: usize = 10;
const WARM_UP: Duration = Duration::from_millis(150);
const MEASUREMENT: Duration = Duration::from_millis(400);
/// How often criterion resamples ten samples for its intervals. Its default of 100,000 takes four times as long as the
/// measuring itself.
const RESAMPLES: usize = 10_000;
/// How long stopping a model may take.
const STOP: Duration = Duration::from_secs(10);

/// Has criterion measure the cells that still can be, and keeps its medians. A pass that is broken off is made again when
/// the run is resumed.
pub(super) fn pass(stage: &mut Stage<'_>, scope: &Scope, seen: &mut Seen<Matrix>) {
    if seen.setup.criterion_median_ns.is_some() {
        return;
    }
    let started = SystemTime::now();
    let mut pass = Pass { stage, scope, called: Vec::new(), failures: Vec::new(), unread: false };
    let printed = catch_unwind(AssertUnwindSafe(|| pass.run(seen)));
    let unread = printed.map_or_else(unread, |()| false) || pass.unread;
    let Pass { called, failures, .. } = pass;
    if unread {
        stage.note("criterion's pass was broken off: its standard output was closed".to_owned());
    }
    for (cell, failure) in failures {
        stage.events.failed(Matrix::ID, std::slice::from_ref(&seen.cells[cell].id), &failure);
        seen.cells[cell].fail(failure);
    }
    let (folder, mut medians) = (folder(), BTreeMap::new());
    for id in called.into_iter().map(|cell| seen.cells[cell].id.clone()) {
        match saved_median(&folder, &id, started) {
            Ok(median) => drop(medians.insert(id, median)),
            Err(reason) => stage.note(format!("{id}: no figure of criterion's: {reason}")),
        }
    }
    if stage.launcher.interrupted_by().is_none() {
        seen.setup.criterion_median_ns = Some(medians);
    }
}

/// One pass through criterion.
struct Pass<'a, 'b> {
    stage: &'a mut Stage<'b>,
    scope: &'a Scope,
    called: Vec<usize>,
    failures: Vec<(usize, Failure)>,
    /// Whether standard output was closed: criterion cannot print then, and panics.
    unread: bool,
}

/// What unwinds through criterion when a cell cannot go on: criterion has no other way to abandon a benchmark.
struct Abandoned(RunnerError);

impl Pass<'_, '_> {
    /// Registers the cells, twins left out: the twin is there for the blocks, which compare.
    fn run(&mut self, seen: &Seen<Matrix>) {
        let mut criterion = Criterion::default()
            .sample_size(SAMPLES)
            .warm_up_time(WARM_UP)
            .measurement_time(MEASUREMENT)
            .nresamples(RESAMPLES)
            .configure_from_args();
        for workload in &seen.setup.workloads {
            let mut group = criterion.benchmark_group(&workload.name);
            // Linear sampling would run the slowest cells hundreds of times.
            group.sampling_mode(SamplingMode::Flat);
            for (number, cell) in seen.open() {
                if self.unread || self.stage.launcher.interrupted_by().is_some() {
                    return;
                }
                if cell.factors.workload == workload.name && !cell.factors.twin {
                    self.bench(&mut group, number, &cell.id, seen);
                }
            }
            group.finish();
        }
        criterion.final_summary();
    }

    fn bench(
        &mut self,
        group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>,
        number: usize,
        id: &str,
        seen: &Seen<Matrix>,
    ) {
        let deadline = self.scope.settings.deadline;
        let preflight = seen.calibrations.get(id);
        let batch = preflight.map_or(deadline / PATIENCE, |made| Pace::from(made, deadline).batch);
        let called = Cell::new(false);
        let mut session: Option<Box<dyn Conversation>> = None;
        let (scope, launcher) = (self.scope, &mut *self.stage.launcher);
        let name = id.split_once('/').map_or(id, |(_, name)| name);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            group.bench_function(name, |bencher| {
                called.set(true);
                bencher.iter_custom(|iterations| {
                    let patience =
                        deadline + batch * PATIENCE * u32::try_from(iterations).unwrap_or(u32::MAX);
                    let session = session.get_or_insert_with(|| start(launcher, scope, id));
                    batches(session.as_mut(), iterations, patience)
                });
            });
        }));
        let stopped = session.map_or(Ok(Value::Null), |session| session.end(json!(Step::Stop), STOP));
        let error = match outcome {
            Ok(()) => stopped.err(),
            Err(panic) => match panic.downcast::<Abandoned>() {
                Ok(abandoned) => Some(abandoned.0),
                Err(other) => {
                    self.unread = unread(other);
                    None
                }
            },
        };
        self.stage.launcher.clear_up_after(id, error.is_some());
        if called.get() && error.is_none() {
            self.called.push(number);
        }
        if let Some(RunnerError::Failure(failure)) = error {
            self.failures.push((number, failure));
        }
    }
}

fn abandon(error: RunnerError) -> ! {
    resume_unwind(Box::new(Abandoned(error)))
}

/// Starts the model of a cell.
fn start(launcher: &mut dyn Launcher, scope: &Scope, id: &str) -> Box<dyn Conversation> {
    let work = scope.cell(id).map(|cell| work_of(&scope.spec, cell));
    let request = Request { experiment: Matrix::ID, order: json!(Order::Serve), work };
    launcher
        .converse(request, scope.settings.deadline)
        .map_or_else(|error| abandon(error), |(_, session)| session)
}

/// Runs batches; the time that they took together.
fn batches(session: &mut dyn Conversation, iterations: u64, patience: Duration) -> Duration {
    match session.ask(json!(Step::Batches(iterations)), patience) {
        Ok(answer) => match answer.as_u64() {
            Some(total_ns) => Duration::from_nanos(total_ns),
            None => abandon(RunnerError::failed("the runner answered no time")),
        },
        Err(error) => abandon(error),
    }
}

/// Whether a panic of criterion's comes from a closed standard output; any other goes on.
fn unread(panic: Box<dyn Any + Send>) -> bool {
    match is_closed_output(&panic_message(panic.as_ref())) {
        true => true,
        false => resume_unwind(panic),
    }
}

/// Criterion's median of a cell, if this run has saved one: an older file would be another run's.
fn saved_median(folder: &Path, id: &str, started: SystemTime) -> Result<f64, String> {
    let path = folder.join(id).join("new").join("estimates.json");
    let modified = std::fs::metadata(&path).and_then(|metadata| metadata.modified());
    match modified {
        Err(error) => return Err(format!("cannot read {}: {error}", path.display())),
        Ok(modified) if modified < started => {
            return Err(format!("{} is older than this run", path.display()));
        }
        Ok(_) => {}
    }
    let text = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
    let estimates: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let median = estimates["median"]["point_estimate"].as_f64();
    median.ok_or_else(|| format!("{} has no median", path.display()))
}
