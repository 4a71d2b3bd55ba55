//! The criterion pass: criterion decides how many batches it wants, and runners run them.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use criterion::{Criterion, SamplingMode};

use crate::campaign::{Campaign, CampaignError, CriterionMedians};
use crate::cmd::{exit, is_closed_output, remark};
use crate::model::panic_message;
use crate::record::Track;
use crate::runner::process::{Failure, Silence};
use crate::runner::schedule::PATIENCE;
use crate::runner::supervisor::{Session, Supervisor};
use crate::spec::{CellSpec, Spec, WorkloadSpec};

/// The fewest samples that criterion takes; the interleaved pass is the one that ranks.
const SAMPLES: usize = 10;
const WARM_UP: Duration = Duration::from_millis(150);
const MEASUREMENT: Duration = Duration::from_millis(400);
/// How often criterion resamples ten samples for its intervals. Its default of 100,000 takes four times as long as the
/// measuring itself.
const RESAMPLES: usize = 10_000;
/// How long stopping a model may take.
const STOP: Duration = Duration::from_secs(10);

/// One pass through criterion.
pub(super) struct Pass<'a> {
    spec: &'a Spec,
    supervisor: Held<'a>,
    /// How long a batch takes, as far as it is known, by cell.
    batch: Vec<Duration>,
    deadline: Duration,
    /// Where criterion saves.
    folder: PathBuf,
    called: Vec<usize>,
    failures: Vec<(usize, Failure)>,
    /// Whether standard output was closed: criterion cannot print then, and panics.
    unread: bool,
}

/// The supervisor of a campaign, or one of its own where there is no campaign.
enum Held<'a> {
    Borrowed(&'a mut Supervisor),
    Owned(Box<Supervisor>),
}

impl Held<'_> {
    fn get(&mut self) -> &mut Supervisor {
        match self {
            Self::Borrowed(supervisor) => supervisor,
            Self::Owned(supervisor) => supervisor,
        }
    }
}

/// What unwinds through criterion when a cell cannot go on: criterion has no other way to abandon a benchmark.
struct Abandoned(Silence);

impl<'a> Pass<'a> {
    /// One that leaves no record.
    pub(super) fn without_record(
        spec: &'a Spec,
        track: Track,
        deadline: Duration,
    ) -> Result<Self, CampaignError> {
        let supervisor = Supervisor::new(track).map_err(CampaignError::Supervise)?;
        Ok(Self {
            spec,
            supervisor: Held::Owned(Box::new(supervisor)),
            batch: vec![deadline / PATIENCE; spec.cells.len()],
            deadline,
            folder: folder(),
            called: Vec::new(),
            failures: Vec::new(),
            unread: false,
        })
    }

    /// The pass of a campaign: the cells that its preflight has found to work. Those that criterion's filter leaves out
    /// are left out of the campaign too.
    pub(super) fn criterion(campaign: &mut Campaign) -> CriterionMedians {
        let started = SystemTime::now();
        let deadline = campaign.deadline();
        let cells = &campaign.outcome.cells;
        let works = (0..cells.len()).filter(|&cell| cells[cell].failure.is_none()).collect();
        let batch = cells
            .iter()
            .map(|progress| progress.pace.map_or(deadline / PATIENCE, |pace| pace.batch))
            .collect();
        let mut pass = Pass {
            spec: &campaign.spec,
            supervisor: Held::Borrowed(&mut campaign.supervisor),
            batch,
            deadline,
            folder: folder(),
            called: Vec::new(),
            failures: Vec::new(),
            unread: false,
        };
        let printed = catch_unwind(AssertUnwindSafe(|| pass.run(works)));
        let unread = printed.map_or_else(unread, |()| false) || pass.unread;
        let Pass { folder, called, failures, .. } = pass;
        if unread {
            campaign.note("criterion's pass was broken off: its standard output was closed".to_owned());
        }
        for (cell, failure) in failures {
            campaign.fail(cell, failure);
        }
        let mut medians = CriterionMedians::new();
        for cell in called {
            let id = campaign.spec.cells[cell].id.clone();
            match saved_median(&folder, &id, started) {
                Ok(median) => drop(medians.insert(id, median)),
                Err(reason) => campaign.note(format!("{id}: no figure of criterion's: {reason}")),
            }
        }
        medians
    }

    /// Registers these cells, twins left out: the twin is there for the interleaved pass, which compares.
    pub(super) fn run(&mut self, cells: Vec<usize>) {
        let mut criterion = Criterion::default()
            .sample_size(SAMPLES)
            .warm_up_time(WARM_UP)
            .measurement_time(MEASUREMENT)
            .nresamples(RESAMPLES)
            .configure_from_args();
        // The granularity sweep belongs to the interleaved pass, which compares.
        let matrix = |workload: &&WorkloadSpec| !workload.definition.is_grain();
        for (number, workload) in self.spec.workloads.iter().enumerate().filter(|(_, work)| matrix(work)) {
            let mut group = criterion.benchmark_group(&workload.definition.name);
            // Linear sampling would run the slowest cells hundreds of times.
            group.sampling_mode(SamplingMode::Flat);
            for &cell in cells.iter().filter(|&&cell| self.spec.cells[cell].workload == number) {
                if self.unread || self.supervisor.get().interrupted_by().is_some() {
                    return;
                }
                let spec = &self.spec.cells[cell];
                if !spec.twin {
                    self.bench(&mut group, cell, spec);
                }
            }
            group.finish();
        }
        criterion.final_summary();
    }

    fn bench(
        &mut self,
        group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>,
        cell: usize,
        spec: &CellSpec,
    ) {
        let called = Cell::new(false);
        let mut session: Option<Session> = None;
        let (whole, batch, deadline) = (self.spec, self.batch[cell], self.deadline);
        let mut supervisor = Some(self.supervisor.get());
        let name = spec.id.split_once('/').map_or(spec.id.as_str(), |(_, name)| name);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            group.bench_function(name, |bencher| {
                called.set(true);
                bencher.iter_custom(|iterations| {
                    let patience =
                        deadline + batch * PATIENCE * u32::try_from(iterations).unwrap_or(u32::MAX);
                    batches(&mut session, &mut supervisor, whole, spec, iterations, patience, deadline)
                });
            });
        }));
        let stopped = session.map_or(Ok(()), |session| session.stop(STOP));
        if called.get() {
            self.called.push(cell);
        }
        let silence = match outcome {
            Ok(()) => stopped.err(),
            Err(panic) => match panic.downcast::<Abandoned>() {
                Ok(abandoned) => Some(abandoned.0),
                Err(other) => {
                    self.unread = unread(other);
                    None
                }
            },
        };
        self.supervisor.get().clear_up_after(&spec.id, silence.is_some());
        if let Some(Silence::Failure(failure)) = silence {
            remark(&format!("{}: {}: {}", spec.id, failure.status, failure.reason));
            self.failures.push((cell, failure));
        }
    }

    /// 0, or that some cells failed, or the signal that ended the pass.
    pub(super) fn exit_code(&mut self) -> ExitCode {
        match (self.supervisor.get().interrupted_by(), self.failures.is_empty()) {
            (Some(signal), _) => exit::by_signal(signal),
            (None, true) => ExitCode::SUCCESS,
            (None, false) => ExitCode::from(exit::CELLS_FAILED),
        }
    }
}

/// Runs batches in the session of this cell, which the first call starts.
fn batches(
    session: &mut Option<Session>,
    supervisor: &mut Option<&mut Supervisor>,
    spec: &Spec,
    cell: &CellSpec,
    iterations: u64,
    patience: Duration,
    deadline: Duration,
) -> Duration {
    let abandon = |silence| -> ! { resume_unwind(Box::new(Abandoned(silence))) };
    if let Some(supervisor) = supervisor.take() {
        match supervisor.start(spec, cell, deadline) {
            Ok(started) => *session = Some(started),
            Err(silence) => abandon(silence),
        }
    }
    let running = session.as_mut().expect("it was started by the first call, or the cell was abandoned");
    match running.batches(iterations, patience) {
        Ok(total_ns) => Duration::from_nanos(total_ns),
        Err(silence) => abandon(silence),
    }
}

/// Whether a panic of criterion's comes from a closed standard output; any other goes on.
fn unread(panic: Box<dyn Any + Send>) -> bool {
    match is_closed_output(&panic_message(panic.as_ref())) {
        true => true,
        false => resume_unwind(panic),
    }
}

/// The variable from which criterion takes where it saves.
const HOME: &str = "CRITERION_HOME";

/// Says where criterion saves, so that it need not ask `cargo metadata`, which waits for every other cargo on the
/// machine.
pub(super) fn settle_folder() {
    if std::env::var_os(HOME).is_none() {
        // It can be said only while there is one thread; criterion asks cargo for the same folder otherwise.
        let _ = crate::sys::set_before_threads(HOME, folder());
    }
}

/// Where criterion saves.
fn folder() -> PathBuf {
    if let Some(home) = std::env::var_os(HOME) {
        return home.into();
    }
    if let Some(target) = std::env::var_os("CARGO_TARGET_DIR") {
        return Path::new(&target).join("criterion");
    }
    // A bench executable lies in `<target>/release/deps/`.
    let executable = std::env::current_exe().unwrap_or_default();
    let target = executable.ancestors().nth(3).filter(|target| target.file_name().is_some());
    target.unwrap_or(Path::new("target")).join("criterion")
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
    let estimates: serde_json::Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let median = estimates["median"]["point_estimate"].as_f64();
    median.ok_or_else(|| format!("{} has no median", path.display()))
}
