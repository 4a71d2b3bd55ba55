//! One run from beginning to end: which cells, in which order, measured, recorded, written down.

mod console;
pub(crate) mod granularity;
mod ideal;
mod latency;
mod memory;
mod record;
#[cfg(test)]
pub(crate) mod rehearsal;
mod resume;
mod scope;
mod switches;
#[cfg(test)]
mod tests;
mod timelines;
mod timers;
mod watch;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::model::ModelInfo;
use crate::plan;
use crate::record::journal::{self, Header, JOURNAL, Journal};
use crate::record::lock::Lock;
use crate::record::store::{self, StoreError};
use crate::record::{Latency, Mode, ModelTimer, Run, Timeline, Track};
use crate::runner::process::Failure;
use crate::runner::schedule::{self, Events, Launcher, Outcome};
use crate::runner::supervisor::Supervisor;
use crate::spec::{Spec, SpecError};
use console::Console;

/// How a run is to be made.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) blocks: u32,
    pub(crate) mode: Mode,
    pub(crate) seed: u64,
    pub(crate) label: String,
    pub(crate) out: PathBuf,
    pub(crate) track: Track,
    /// How long a batch may take in the preflight.
    pub(crate) deadline: Duration,
    /// Whether models outside the default matrix are measured too.
    pub(crate) all: bool,
    /// Whether loads are put on the cells that ask a server.
    pub(crate) latency: bool,
    /// Whether it is measured what waiting and switching cost.
    pub(crate) costs: bool,
    pub(crate) filter: Option<String>,
    /// The command that makes such a run again.
    pub(crate) command: String,
    pub(crate) quiet: bool,
}

/// Why there is no record.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CampaignError {
    #[error(transparent)]
    Spec(#[from] SpecError),
    #[error("no cell matches {0}; `concbench list` shows all of them")]
    NothingMatches(String),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Report(#[from] crate::report::ReportError),
    #[error("cannot resume {folder}: {why}")]
    Resume { folder: PathBuf, why: String },
    #[error("cannot supervise: {0}")]
    Supervise(std::io::Error),
    #[error("ended by signal {0} before anything was measured")]
    Interrupted(i32),
    #[error("the granularity sweep cannot be calibrated: {0}")]
    Calibration(String),
}

/// What is left of a run.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) run: Run,
    pub(crate) folder: PathBuf,
    /// The signal that ended it early, if one did.
    pub(crate) interrupted_by: Option<i32>,
}

/// A run that is under way.
#[derive(Debug)]
pub(crate) struct Campaign {
    pub(crate) spec: Spec,
    pub(crate) supervisor: Supervisor,
    pub(crate) outcome: Outcome,
    timers: Vec<ModelTimer>,
    latency: Option<Latency>,
    waiting: memory::Sweep,
    switching: switches::Games,
    options: Options,
    facts: record::Facts,
    console: Console,
    folder: PathBuf,
    id: String,
    started: Instant,
    /// How long the run took before it was resumed.
    before: Duration,
    criterion: Option<CriterionMedians>,
    timelines: Vec<Timeline>,
    _lock: Lock,
}

impl Campaign {
    /// Makes the run's folder, says what will run, and tries one batch of every cell.
    pub(crate) fn begin(work: Work, options: Options) -> Result<Self, CampaignError> {
        let Work { spec, waiting, switching } = work;
        let supervisor = Supervisor::new(options.track).map_err(CampaignError::Supervise)?;
        let facts = record::Facts::gather();
        let waiting = memory::Sweep::new(&waiting, facts.machine.cores, options.mode == Mode::Quick);
        let switching = switches::Games::new(&switching, facts.machine.cores, options.blocks, options.seed);
        let wanted = format!("{}-{}", facts.folder_time(), options.label);
        // What can be refused is, before there is a folder.
        let header = resume::header(&wanted, &spec, &options, &facts).map_err(CampaignError::Supervise)?;
        store::check_latest(&options.out)?;
        let (id, folder) = store::create_folder(&options.out, &wanted)?;
        let header = Header { id: id.clone(), ..header };
        let (lock, journal) = open(&folder, header).inspect_err(|_| store::remove_empty_run(&folder))?;
        let console = Console::new(&spec, journal, &options, Duration::ZERO);
        let mut campaign = Self {
            outcome: Outcome::of(&spec),
            timers: Vec::new(),
            latency: options.latency.then(|| latency::plan(&spec, options.blocks)),
            waiting,
            switching,
            spec,
            supervisor,
            options,
            facts,
            console,
            folder,
            id,
            started: Instant::now(),
            before: Duration::ZERO,
            criterion: None,
            timelines: Vec::new(),
            _lock: lock,
        };
        campaign.preflight();
        Ok(campaign)
    }

    /// Goes on with a run that was interrupted or killed, from its journal.
    ///
    /// `filter` is what criterion's own command line says, where there is one: it must be that of the run.
    pub(crate) fn resume(
        folder: &Path,
        models: &[ModelInfo],
        filter: Option<Option<&str>>,
        quiet: bool,
    ) -> Result<Self, CampaignError> {
        let refuse = |why: String| CampaignError::Resume { folder: folder.to_owned(), why };
        let folder = &folder.canonicalize().map_err(|error| refuse(error.to_string()))?;
        if !folder.join(JOURNAL).is_file() {
            return Err(refuse(format!("it has no {JOURNAL}, as a run has that is not complete")));
        }
        let lock = Lock::take(folder)?;
        store::remove_torn(folder).map_err(|error| refuse(error.to_string()))?;
        let found = journal::read(folder)?;
        let (end, id) = (found.end, found.header.id.clone());
        let resume::Resumed {
            spec,
            timers,
            latency,
            waiting,
            switching,
            options,
            facts,
            mut outcome,
            medians,
            elapsed,
        } = resume::rebuild(found, folder, models, quiet)?;
        if let Some(other) = filter.filter(|filter| options.filter.as_deref() != *filter) {
            let shown = |filter: Option<&str>| filter.map_or("none".to_owned(), |text| format!("`{text}`"));
            let why =
                format!("its filter is {}, this one is {}", shown(options.filter.as_deref()), shown(other));
            return Err(refuse(why));
        }
        let supervisor = Supervisor::new(options.track).map_err(CampaignError::Supervise)?;
        let mut console = Console::new(&spec, Journal::go_on(folder, end)?, &options, elapsed);
        let seam = resume::seam(&spec, &outcome);
        for note in outcome.notes.iter().filter(|note| note.starts_with(resume::LOST)) {
            console.warn(note);
        }
        console.note(&seam);
        outcome.notes.push(seam);
        let mut campaign = Self {
            spec,
            supervisor,
            outcome,
            timers,
            latency,
            waiting,
            switching,
            options,
            facts,
            console,
            folder: folder.clone(),
            id,
            started: Instant::now(),
            before: elapsed,
            criterion: medians,
            timelines: Vec::new(),
            _lock: lock,
        };
        campaign.preflight();
        Ok(campaign)
    }

    fn preflight(&mut self) {
        let Self { spec, supervisor, outcome, console, options, facts, .. } = self;
        if spec.cells.is_empty() {
            return;
        }
        console.announce(spec, options, facts.machine.cores);
        schedule::preflight(supervisor, spec, options.deadline, outcome, console);
    }

    /// Measures how late tasks wake, then the blocks, then whatever else was asked for; timelines come last, since nothing
    /// follows from them.
    pub(crate) fn measure(&mut self) {
        for step in [
            Self::measure_timers,
            Self::measure_blocks,
            Self::measure_latency,
            Self::measure_waiting,
            Self::measure_switching,
            Self::trace,
        ] {
            if self.outcome.interrupted {
                return;
            }
            step(self);
        }
    }

    fn measure_timers(&mut self) {
        let Self { spec, supervisor, outcome, console, timers, options, .. } = self;
        timers::measure(supervisor, spec, options.deadline, outcome, console, timers);
    }

    fn measure_latency(&mut self) {
        let Self { spec, supervisor, outcome, console, latency, options, .. } = self;
        if let Some(latency) = latency.as_mut() {
            latency::measure(latency, supervisor, spec, options, outcome, console);
        }
    }

    /// Measures the blocks and nothing else.
    pub(crate) fn measure_blocks(&mut self) {
        if self.outcome.interrupted || self.spec.cells.is_empty() {
            return;
        }
        let plan = plan::blocks(&self.spec, self.options.blocks, self.options.seed);
        let mut watch = watch::Gatekeeper::new();
        let Self { spec, supervisor, outcome, console, .. } = self;
        console.begin_blocks(outcome);
        schedule::run(supervisor, &mut watch, spec, &plan, outcome, console);
    }

    /// Takes the timelines. A run that is broken off meanwhile is complete: nothing that is ranked is missing.
    fn trace(&mut self) {
        if self.spec.cells.is_empty() {
            return;
        }
        let Self { spec, supervisor, outcome, console, options, .. } = self;
        console.begin_timelines();
        let (timelines, notes) = timelines::trace(spec, outcome, options.mode, |cell, deadline| {
            supervisor.trace(spec, cell, deadline)
        });
        self.timelines = timelines;
        notes.into_iter().chain(self.supervisor.take_notes()).for_each(|note| self.note(note));
    }

    fn measure_waiting(&mut self) {
        let Self { supervisor, waiting, options, console, outcome, .. } = self;
        if waiting.left() == 0 {
            return;
        }
        console.begin_waiting(waiting.left());
        let flow =
            waiting.measure(supervisor, options.deadline, |model, point| console.waiting(model.id, point));
        outcome.interrupted = flow.is_break();
        schedule::take_notes(supervisor, &mut outcome.notes, console);
    }

    fn measure_switching(&mut self) {
        let Self { supervisor, switching, options, console, outcome, .. } = self;
        if switching.left() == 0 {
            return;
        }
        console.begin_switching(switching.left());
        let flow = switching.play(supervisor, options.deadline, |pair, game| console.switched(pair, game));
        outcome.interrupted = flow.is_break();
        schedule::take_notes(supervisor, &mut outcome.notes, console);
    }

    /// How long one observation may take where nothing is known yet.
    pub(crate) fn deadline(&self) -> Duration {
        self.options.deadline
    }

    /// A cell that cannot go on: it is not measured again.
    pub(crate) fn fail(&mut self, cell: usize, failure: Failure) {
        self.console.keep_failure(cell, &failure);
        self.outcome.cells[cell].failure.get_or_insert(failure);
    }

    /// Something that a reader of the record should know.
    pub(crate) fn note(&mut self, note: String) {
        self.console.note(&note);
        self.outcome.notes.push(note);
    }

    /// Whether criterion still has to make its pass.
    pub(crate) fn wants_criterion(&self) -> bool {
        self.criterion.is_none() && !self.outcome.interrupted
    }

    /// What criterion has found, once its pass is over.
    pub(crate) fn keep_criterion(&mut self, medians: CriterionMedians) {
        // A pass that was broken off is made again when the run is resumed.
        if self.supervisor.interrupted_by().is_none() {
            self.console.keep_criterion(&medians);
        }
        self.criterion = Some(medians);
    }

    /// Analyses, and writes the record and the report.
    pub(crate) fn finish(mut self) -> Result<Finished, CampaignError> {
        self.console.end();
        let mut outcome = self.outcome;
        outcome.notes.extend(self.console.take_trouble());
        let measured = record::Measured {
            spec: &self.spec,
            options: &self.options,
            outcome,
            timers: self.timers,
            latency: self.latency,
            waiting: self.waiting,
            switching: self.switching,
            id: self.id,
            elapsed: self.before + self.started.elapsed(),
            timelines: self.timelines,
        };
        let run = record::assemble(measured, self.facts, &self.criterion.unwrap_or_default());
        write(&run, &self.folder, &self.options.out)?;
        Ok(Finished { run, folder: self.folder, interrupted_by: self.supervisor.interrupted_by() })
    }
}

pub(crate) use record::CriterionMedians;
#[cfg(test)]
pub(crate) use resume::restore;
pub(crate) use scope::{Choice, Work, matrix, work};

fn open(folder: &Path, header: Header) -> Result<(Lock, Journal), StoreError> {
    let lock = Lock::take(folder)?;
    Ok((lock, Journal::begin(folder, header)?))
}

fn write(run: &Run, folder: &Path, out: &Path) -> Result<(), CampaignError> {
    store::save(run, folder)?;
    crate::report::write_all(run, folder)?;
    store::link_latest(out, &folder.file_name().unwrap_or_default().to_string_lossy())?;
    if run.run.complete {
        // The record holds all that the journal does. An incomplete run still needs it, to be resumed.
        let journal = folder.join(JOURNAL);
        match std::fs::remove_file(&journal) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(StoreError::Write { path: journal, source }.into());
            }
            _ => {}
        }
    }
    Ok(())
}
