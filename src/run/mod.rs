//! One run from beginning to end: what is measured, in which order, kept, analysed, written down.
//!
//! - `plan`: which experiments and which of their cells
//! - `resume`: from the journal of a run that did not end back to the run
//! - `console`: what a person sees meanwhile; and the journal, which sees the same
//! - `session`: the experiments of a plan, under way
//! - `aside`: what is measured without a folder
//! - `visit`: what is done under `cargo bench` where nothing is to be kept
//! - `watch`: the environment gate around every block
//! - `build`: what measured

mod aside;
mod build;
mod console;
mod plan;
pub(crate) mod resume;
mod session;
mod visit;
mod watch;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::experiment::conduct::{self, Until};
use crate::experiment::{self, Events, Settings, Stage, Underway};
use crate::machine;
use crate::model::ModelInfo;
use crate::printing::remark;
use crate::record::journal::{self, Header, JOURNAL, Journal};
use crate::record::lock::Lock;
use crate::record::{MOST_CELLS, MOST_OBSERVATIONS, Record, RunInfo, StoreError, Warning, store};
use crate::report::ReportError;
use crate::runner::{Launcher, RunnerError, SuperviseError, Supervisor, require_place};
use crate::spec::{Definition, SpecError};
use crate::time::{nanoseconds, now};
pub(crate) use aside::{Aside, measure_aside};
pub(crate) use build::{tool, version};
use console::Console;
pub(crate) use plan::{Choice, Plan};
pub(crate) use session::Session;
pub(crate) use visit::{Visited, visit};
use watch::Gatekeeper;

/// The folder of a run in which experiments keep files until it ends.
const WORKSHOP: &str = "workshop";

/// How a run is to be made.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// What decides what is measured.
    pub(crate) settings: Settings,
    /// Which experiments.
    pub(crate) choice: Choice,
    /// What an id has to match.
    pub(crate) filter: Option<String>,
    /// The machine's name, as its user gave it.
    pub(crate) label: String,
    /// The folder that gets a folder for each run.
    pub(crate) out: PathBuf,
    /// The command that reproduces such a run.
    pub(crate) command: String,
    /// Whether nothing is said meanwhile.
    pub(crate) quiet: bool,
}

/// Why there is no record.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunStartError {
    #[error(transparent)]
    Spec(#[from] SpecError),
    #[error("no cell of {names} matches {filter}; `concbench list` shows what else there is")]
    NothingMatches { names: String, filter: String },
    #[error(
        "experiment `{experiment}` has {cells} cells, at most {MOST_CELLS} are allowed; a filter keeps some of them"
    )]
    TooManyCells { experiment: &'static str, cells: usize },
    #[error(
        "{observations} observations in {blocks} blocks, at most {MOST_OBSERVATIONS} are allowed; take fewer blocks or a filter"
    )]
    TooManyObservations { observations: usize, blocks: u32 },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Report(#[from] ReportError),
    #[error("cannot resume {folder}: {why}")]
    Resume { folder: PathBuf, why: String },
    #[error(transparent)]
    Supervise(#[from] SuperviseError),
}

/// What is left of a run.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) record: Record,
    pub(crate) folder: PathBuf,
    /// The signal that ended it early, if one did.
    pub(crate) interrupted_by: Option<i32>,
    /// Why its record or its report could not be saved, if so. What was measured can still be shown.
    pub(crate) unsaved: Option<RunStartError>,
}

/// A run that is under way.
#[derive(Debug)]
pub(crate) struct Run {
    session: Session,
    supervisor: Supervisor,
    console: Console,
    warnings: Vec<Warning>,
    header: Header,
    folder: PathBuf,
    out: PathBuf,
    started: Instant,
    /// How long the run took before it was resumed.
    before: Duration,
    interrupted: bool,
    _lock: Lock,
}

impl Run {
    /// Makes the run's folder, says what will run, and makes the reference of every workload.
    pub(crate) fn begin(
        definitions: Vec<Definition>,
        models: &[ModelInfo],
        options: Options,
    ) -> Result<Self, RunStartError> {
        require_place()?;
        let facts = machine::facts();
        let warnings = machine::preflight_warnings(&facts);
        let Options { settings, choice, filter, label, out, command, quiet } = options;
        let kept = definitions.clone();
        let mut plan = Plan::new(definitions, models, &choice.kinds(), settings, facts, filter.as_deref())?;
        let supervisor = Supervisor::new(plan.scope.settings.track, &plan.scope.machine)?;
        let started = now().map_err(SuperviseError::Place)?;
        // What can be refused is, before there is a folder.
        let executable = build::executable().map_err(SuperviseError::from)?;
        store::check_latest(&out)?;
        let (id, folder) =
            store::create_folder(&out, &format!("{}-{label}", started.strftime("%Y%m%dT%H%M%SZ")))?;
        let settings = &plan.scope.settings;
        let header = Header {
            version: journal::VERSION,
            id,
            started_utc: started.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            tool: tool(),
            executable,
            machine: plan.scope.machine.clone(),
            warnings: warnings.clone(),
            definitions: kept,
            experiments: plan.ids(),
            all: settings.all,
            externals: settings.externals.names(),
            filter,
            blocks: settings.blocks,
            mode: settings.mode,
            seed: settings.seed,
            label,
            track: settings.track,
            margin: settings.margin,
            deadline_ns: nanoseconds(settings.deadline),
            command,
        };
        plan.scope.folder = Some(folder.join(WORKSHOP));
        let begun = Lock::take(&folder).and_then(|lock| Ok((lock, Journal::begin(&folder, &header)?)));
        let (lock, journal) = begun.inspect_err(|_| store::remove_empty_run(&folder))?;
        let mut run = Self {
            session: Session::new(plan),
            supervisor,
            console: Console::new(Some(journal), quiet, Duration::ZERO),
            warnings,
            header,
            folder,
            out,
            started: Instant::now(),
            before: Duration::ZERO,
            interrupted: false,
            _lock: lock,
        };
        run.set_out();
        run.keep_setups();
        Ok(run)
    }

    /// Goes on with a run that was interrupted or killed, from its journal.
    ///
    /// `filter` is what criterion's own command line says, where there is one: it must be that of the run.
    pub(crate) fn resume(
        folder: &Path,
        models: &[ModelInfo],
        filter: Option<Option<&str>>,
        quiet: bool,
    ) -> Result<Self, RunStartError> {
        require_place()?;
        let refuse = |why: String| RunStartError::Resume { folder: folder.to_owned(), why };
        let folder = &folder.canonicalize().map_err(|error| refuse(error.to_string()))?;
        if !folder.join(JOURNAL).is_file() {
            return Err(refuse(format!("it has no {JOURNAL}, as a run has that is not complete")));
        }
        // Nothing in a folder is touched before it is known to be that of such a run.
        let header = journal::read(folder)?.header;
        resume::check(&header, filter).map_err(refuse)?;
        let mut plan = resume::plan(&header, models, folder)?;
        plan.scope.folder = Some(folder.join(WORKSHOP));
        let supervisor = Supervisor::new(plan.scope.settings.track, &plan.scope.machine)?;
        let lock = Lock::take(folder)?;
        // Whoever held the lock may have gone on with it meanwhile.
        let found = journal::read(folder)?;
        if found.header != header {
            return Err(refuse("another run has begun there".to_owned()));
        }
        store::remove_torn(folder).map_err(|error| refuse(error.to_string()))?;
        let journal = Journal::go_on(folder, found.end)?;
        let before = resume::elapsed(&found.entries);
        let mut run = Self {
            session: Session::new(plan),
            supervisor,
            console: Console::new(Some(journal), quiet, before),
            warnings: found.header.warnings.clone(),
            out: folder.parent().unwrap_or(Path::new(".")).to_owned(),
            folder: folder.clone(),
            started: Instant::now(),
            before,
            interrupted: false,
            header: found.header,
            _lock: lock,
        };
        run.set_out();
        // Also where that was broken off: what was measured before must not be lost from the record.
        let Session { experiments, notes, .. } = &mut run.session;
        let lost = resume::replay(experiments, notes, found.entries, found.lost);
        lost.iter().for_each(|note| run.console.warn(note));
        run.session.notes.extend(lost);
        run.keep_setups();
        run.note(resume::seam(&run.session.experiments));
        Ok(run)
    }

    /// Says what will run, makes the reference of every workload, and begins the experiments.
    fn set_out(&mut self) {
        let plan = &mut self.session.plan;
        self.console.announce(plan);
        let deadline = plan.scope.settings.deadline;
        for number in plan.workloads() {
            let workload = &plan.scope.spec.workloads[number];
            match self.supervisor.reference(&workload.task_spec(), workload.tasks, deadline) {
                Ok(reference) => {
                    plan.scope.references.insert(workload.definition.name.clone(), reference);
                }
                // The supervisor remembers it, and every cell that needs the reference fails with it.
                Err(RunnerError::Failure(_)) => {}
                Err(RunnerError::Interrupted) => {
                    self.interrupted = true;
                    break;
                }
            }
        }
        self.session.begin();
    }

    /// Writes down what the experiments begin with, for whoever resumes the run. Without all references that is not known
    /// yet.
    fn keep_setups(&mut self) {
        if self.interrupted {
            return;
        }
        for experiment in &self.session.experiments {
            self.console.setup(experiment.id(), &experiment.setup());
        }
    }

    /// Measures every experiment, one after the other.
    pub(crate) fn measure(&mut self) {
        self.each(|experiment, scope, stage| conduct::measure(experiment, scope, stage, Until::Done));
    }

    /// Does what experiments do under `cargo bench` before their blocks.
    pub(crate) fn cargo_bench(&mut self) {
        self.each(|experiment, scope, stage| {
            conduct::measure(experiment, scope, stage, Until::Calibrated)?;
            let before = experiment.setup();
            experiment.cargo_bench(stage, scope);
            let setup = experiment.setup();
            if setup != before {
                stage.events.setup(experiment.id(), &setup);
            }
            match stage.launcher.interrupted_by() {
                Some(_) => ControlFlow::Break(()),
                None => ControlFlow::Continue(()),
            }
        });
    }

    fn each(
        &mut self,
        measure: impl FnMut(&mut dyn Underway, &experiment::Scope, &mut Stage<'_>) -> ControlFlow<()>,
    ) {
        let Self { session, supervisor, console, interrupted, .. } = self;
        if !*interrupted {
            let ended = session.each(supervisor, &mut Gatekeeper::default(), console, measure);
            *interrupted = ended.is_break();
        }
    }

    /// Something that a reader of the record should know.
    fn note(&mut self, note: String) {
        self.console.note(&note);
        self.session.notes.push(note);
    }

    /// Analyses, and writes the record and the report.
    pub(crate) fn finish(mut self) -> Finished {
        self.console.end();
        // What was unpacked and built there is none of the results; whoever resumes the run makes it again.
        let _ = std::fs::remove_dir_all(self.folder.join(WORKSHOP));
        let interrupted_by = self.supervisor.interrupted_by();
        self.session.notes.extend(self.supervisor.end());
        let (folder, out) = (self.folder.clone(), self.out.clone());
        let record = self.assemble();
        let unsaved = save(&record, &folder, &out).err();
        Finished { record, folder, interrupted_by, unsaved }
    }

    fn assemble(mut self) -> Record {
        let header = self.header;
        let info = RunInfo {
            id: header.id,
            label: header.label,
            started_utc: header.started_utc,
            elapsed_ns: nanoseconds(self.before + self.started.elapsed()),
            seed: header.seed,
            blocks: header.blocks,
            mode: header.mode,
            indicative: u64::from(header.blocks) < crate::batch::analyse::FEWEST_PAIRS,
            complete: !self.interrupted,
            track: header.track,
            margin: header.margin,
            filter: header.filter,
            command: header.command,
            notes: self.console.take_trouble(),
        };
        self.session.into_record(header.tool, info, self.warnings)
    }
}

/// Writes the record, then the report, and points `latest` at both at last, which is not worth an error. What can be written
/// is, whatever else cannot.
fn save(record: &Record, folder: &Path, out: &Path) -> Result<(), RunStartError> {
    let kept = store::save(record, folder);
    let shown = experiment::write_report(record, folder);
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    if kept.is_ok()
        && shown.is_ok()
        && let Err(error) = store::link_latest(out, &name)
    {
        remark(&format!("{error}; the results are in {}", folder.display()));
    }
    kept?;
    // The record holds all that the journal does. An incomplete run still needs it, to be resumed.
    if record.run.complete {
        store::remove_if_there(&folder.join(JOURNAL))?;
    }
    shown?;
    Ok(())
}
