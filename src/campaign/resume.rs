//! From the journal of a run that did not end back to the run.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::memory::Sweep;
use super::record::{CriterionMedians, Facts, tool};
use super::scope::work_on;
use super::switches::Games;
use super::{CampaignError, Choice, Options, Work, latency};
use crate::model::ModelInfo;
use crate::plan::MOST_BLOCKS;
use crate::record::journal::{Entry, Found, Header, VERSION};
use crate::record::{BlockNoise, Latency, LatencyCell, Machine, Mode, ModelTimer, Status};
use crate::runner::process::Failure;
use crate::runner::schedule::{Outcome, Pace};
use crate::spec::{MOST_WORKERS, Spec};
use crate::time::nanoseconds;

/// Facts about a machine that change while it runs, and do not make it another.
const PASSING: [&str; 3] = ["load_one", "on_battery", "missing"];

/// How notes on damage to a journal begin.
pub(super) const LOST: &str = "lost from the journal: ";

/// What a run follows from.
pub(super) fn header(id: &str, spec: &Spec, options: &Options, facts: &Facts) -> std::io::Result<Header> {
    Ok(Header {
        version: VERSION,
        id: id.to_owned(),
        started_utc: facts.started_utc(),
        tool: tool(),
        executable: executable()?,
        machine: facts.machine.clone(),
        warnings: facts.warnings.clone(),
        definitions: spec.workloads.iter().map(|workload| workload.definition.clone()).collect(),
        cells: spec.cells.iter().map(|cell| cell.id.clone()).collect(),
        all: options.all,
        latency: options.latency,
        costs: options.costs,
        filter: options.filter.clone(),
        blocks: options.blocks,
        mode: options.mode,
        seed: options.seed,
        label: options.label.clone(),
        track: options.track,
        deadline_ns: nanoseconds(options.deadline),
        command: options.command.clone(),
    })
}

/// A fingerprint of this executable: another one may measure something else under the same names.
fn executable() -> std::io::Result<String> {
    let mut hasher = Sha256::new();
    const OWN: &str = "/proc/self/exe";
    let copied = File::open(OWN).and_then(|mut file| std::io::copy(&mut file, &mut hasher));
    copied.map_err(|error| std::io::Error::new(error.kind(), format!("cannot read {OWN}: {error}")))?;
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A run as its journal has it.
#[derive(Debug)]
pub(crate) struct Resumed {
    pub(super) spec: Spec,
    pub(super) waiting: Sweep,
    pub(super) switching: Games,
    pub(super) options: Options,
    pub(super) facts: Facts,
    pub(super) outcome: Outcome,
    pub(super) timers: Vec<ModelTimer>,
    pub(super) latency: Option<Latency>,
    pub(super) medians: Option<CriterionMedians>,
    /// How long the run took before.
    pub(super) elapsed: Duration,
}

/// Builds the run again, if this executable and this machine are those that began it.
pub(super) fn rebuild(
    found: Found,
    folder: &Path,
    models: &[ModelInfo],
    quiet: bool,
) -> Result<Resumed, CampaignError> {
    let refuse = |why: String| CampaignError::Resume { folder: folder.to_owned(), why };
    let here = executable().map_err(CampaignError::Supervise)?;
    if here != found.header.executable {
        let what =
            "it was begun by another build of this program, whose figures must not be mixed with this one's";
        return Err(refuse(what.to_owned()));
    }
    if let Some(difference) = difference(&found.header.machine, &crate::machine::facts()) {
        return Err(refuse(format!("the machine is another one, or set up otherwise: {difference}")));
    }
    let resumed = restore(found, folder, models)?;
    Ok(Resumed { options: Options { quiet, ..resumed.options }, ..resumed })
}

/// The run that a journal describes, from what stands in it alone.
pub(crate) fn restore(found: Found, folder: &Path, models: &[ModelInfo]) -> Result<Resumed, CampaignError> {
    let Found { header, entries, lost, .. } = found;
    let refuse = |why: String| Err(CampaignError::Resume { folder: folder.to_owned(), why });
    let Ok(started) = header.started_utc.parse::<Timestamp>() else {
        return refuse(format!("`started_utc` is {:?}, which is no time", header.started_utc));
    };
    let (blocks, cores) = (header.blocks, header.machine.cores);
    if !(1..=MOST_BLOCKS).contains(&blocks) {
        return refuse(format!("`blocks` is {blocks}, 1 to {MOST_BLOCKS} are allowed"));
    }
    if !(1..=MOST_WORKERS).contains(&cores) {
        return refuse(format!("`cores` is {cores}, 1 to {MOST_WORKERS} are allowed"));
    }
    let choice = Choice { all: header.all, costs: header.costs, filter: header.filter.as_deref() };
    let Work { spec, waiting, switching } = work_on(cores, header.definitions, models, choice)?;
    if spec.cells.iter().map(|cell| &cell.id).ne(&header.cells) {
        return refuse("its matrix has other cells than this program and machine give it".to_owned());
    }
    let options = Options {
        blocks: header.blocks,
        mode: header.mode,
        seed: header.seed,
        label: header.label,
        out: folder.parent().unwrap_or(Path::new(".")).to_owned(),
        track: header.track,
        deadline: Duration::from_nanos(header.deadline_ns),
        all: header.all,
        latency: header.latency,
        costs: header.costs,
        filter: header.filter,
        command: header.command,
        quiet: true,
    };
    let waiting = Sweep::new(&waiting, header.machine.cores, options.mode == Mode::Quick);
    let switching = Games::new(&switching, header.machine.cores, options.blocks, options.seed);
    let mut replay = Replay::of(&spec, waiting, switching, &options);
    entries.into_iter().for_each(|entry| replay.take(entry));
    let Replay { mut outcome, timers, latency, waiting, switching, medians, elapsed, foreign, .. } = replay;
    outcome.notes.extend(lost.into_iter().map(|what| format!("{LOST}{what}")));
    if foreign > 0 {
        outcome.notes.push(format!("{LOST}{foreign} line(s) that do not belong to this run"));
    }
    let facts = Facts { machine: header.machine, warnings: header.warnings, started };
    Ok(Resumed { spec, timers, latency, waiting, switching, options, facts, outcome, medians, elapsed })
}

/// The seam, in words: what a reader of the record should know about a run that was broken off.
pub(super) fn seam(spec: &Spec, outcome: &Outcome) -> String {
    let made: usize = outcome.cells.iter().map(|progress| progress.observations.len()).sum();
    let mut partly: Vec<String> = Vec::new();
    for (cell, progress) in spec.cells.iter().zip(&outcome.cells) {
        let workload = &spec.workload_of(cell).definition.name;
        for observation in &progress.observations {
            let whole = |done: &BlockNoise| done.block == observation.block && done.workload == *workload;
            let name = format!("{} of {workload}", observation.block + 1);
            if !outcome.blocks.iter().any(whole) && !partly.contains(&name) {
                partly.push(name);
            }
        }
    }
    let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ");
    let across = match partly.is_empty() {
        true => String::new(),
        false => format!("; measured partly before and partly after: block {}", partly.join(", block ")),
    };
    format!("resumed at {now} with {made} observations from before{across}")
}

/// What the journal's lines amount to.
struct Replay<'a> {
    spec: &'a Spec,
    cells: HashMap<&'a str, usize>,
    blocks: u32,
    outcome: Outcome,
    timers: Vec<ModelTimer>,
    latency: Option<Latency>,
    waiting: Sweep,
    switching: Games,
    medians: Option<CriterionMedians>,
    elapsed: Duration,
    /// Lines that name no cell or block of this run.
    foreign: usize,
}

impl<'a> Replay<'a> {
    fn of(spec: &'a Spec, waiting: Sweep, switching: Games, options: &Options) -> Self {
        Self {
            spec,
            cells: spec.cells.iter().enumerate().map(|(number, cell)| (cell.id.as_str(), number)).collect(),
            blocks: options.blocks,
            outcome: Outcome::of(spec),
            timers: Vec::new(),
            latency: options.latency.then(|| latency::plan(spec, options.blocks)),
            waiting,
            switching,
            medians: None,
            elapsed: Duration::ZERO,
            foreign: 0,
        }
    }

    fn take(&mut self, entry: Entry) {
        if self.replay(entry).is_none() {
            self.foreign += 1;
        }
    }

    /// `None` where the line does not belong to this run.
    fn replay(&mut self, entry: Entry) -> Option<()> {
        match entry {
            Entry::Begin(_) => return None,
            Entry::Pace { cell, warm, deadline_ns, batch_ns, estimate_ns } => {
                let cell = *self.cells.get(cell.as_str())?;
                self.outcome.cells[cell].pace = Some(Pace {
                    warm,
                    deadline: Duration::from_nanos(deadline_ns),
                    batch: Duration::from_nanos(batch_ns),
                    estimate: Duration::from_nanos(estimate_ns),
                });
            }
            Entry::Criterion { medians } => self.medians = Some(medians.into_iter().collect()),
            Entry::Observation { cell, observation } => {
                let cell = *self.cells.get(cell.as_str())?;
                let made = &mut self.outcome.cells[cell].observations;
                let known = made.iter().any(|other| other.block == observation.block);
                if known || observation.block >= self.blocks {
                    return None;
                }
                made.push(observation);
            }
            Entry::Failure { status: Status::Ok, .. } => return None,
            Entry::Failure { cell, status, reason, stderr_tail } => {
                let failure = Failure { status, reason, stderr_tail };
                match self.cells.get(cell.as_str()) {
                    Some(&cell) => self.outcome.cells[cell].failure = Some(failure),
                    None => self.switching.replay_failure(&cell, failure)?,
                }
            }
            Entry::Block { noise, again, elapsed_ns } => {
                let known = |workload: &crate::spec::WorkloadSpec| workload.definition.name == noise.workload;
                if !self.spec.workloads.iter().any(known) || noise.block >= self.blocks {
                    return None;
                }
                let done =
                    |known: &BlockNoise| known.block == noise.block && known.workload == noise.workload;
                if self.outcome.blocks.iter().any(done) {
                    return None;
                }
                self.elapsed = self.elapsed.max(Duration::from_nanos(elapsed_ns));
                match again {
                    true => self.outcome.forget(self.spec, noise.block, &noise.workload),
                    false => self.outcome.blocks.push(noise),
                }
            }
            Entry::Timer { timer } => {
                let of_run = self.spec.cells.iter().any(|cell| cell.model.id == timer.model);
                if !of_run || self.timers.iter().any(|known| known.model == timer.model) {
                    return None;
                }
                self.timers.push(timer);
            }
            Entry::Capacity { cell, per_s } => latency::take_capacity(self.loaded(&cell)?, per_s),
            Entry::Load { cell, load, observation } => {
                let load = load.map(|load| load as usize);
                latency::take_load(self.loaded(&cell)?, load, observation).then_some(())?;
            }
            Entry::LatencyFailure { cell, status, reason } => {
                latency::take_failure(self.loaded(&cell)?, status, reason);
            }
            Entry::Waiting { model, point } => self.waiting.replay(&model, point)?,
            Entry::Switches { pair, observation } => self.switching.replay(&pair, observation)?,
            Entry::Note { note } => self.outcome.notes.push(note),
        }
        Some(())
    }
}

impl Replay<'_> {
    /// The cell of the latency sweep with this id.
    fn loaded(&mut self, id: &str) -> Option<&mut LatencyCell> {
        self.latency.as_mut()?.cells.iter_mut().find(|cell| cell.cell == id)
    }
}

/// The first fact in which two machines differ, with both values.
fn difference(then: &Machine, now: &Machine) -> Option<String> {
    let (then, now) = (serde_json::to_value(then).ok()?, serde_json::to_value(now).ok()?);
    let (Value::Object(then), Value::Object(now)) = (then, now) else {
        return None;
    };
    then.iter()
        .filter(|(name, _)| !PASSING.contains(&name.as_str()))
        .find(|(name, value)| now.get(*name) != Some(value))
        .map(|(name, value)| format!("`{name}` was {value}, it is {}", now.get(name).unwrap_or(&Value::Null)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loads_of_a_latency_sweep_are_found_again_once_each() {
        use crate::model::{BuiltIn, Catalogue};
        use crate::record::{Histogram, LoadObservation, Status};
        let spec = Spec::build(crate::spec::default_definitions(), &BuiltIn::infos(), false, 2).unwrap();
        let options = Options { latency: true, ..super::super::rehearsal::options(1) };
        let (waiting, switching) = (Sweep::new(&[], 2, false), Games::new(&[], 2, options.blocks, 1));
        let mut replay = Replay::of(&spec, waiting, switching, &options);
        let load = |cell: &str, load| Entry::Load {
            cell: cell.to_owned(),
            load,
            observation: LoadObservation {
                round: 0,
                tasks: 1,
                elapsed_ns: 1,
                queued: 0,
                late: 0,
                target_busy: None,
                latency: [1_000_000].into_iter().collect::<Histogram>(),
            },
        };
        replay.take(Entry::Capacity { cell: "http/rayon@2".to_owned(), per_s: 100.0 });
        replay.take(load("http/rayon@2", Some(4)));
        replay.take(load("http/rayon@2", None));
        let (status, reason) = (Status::Crashed, "gone".to_owned());
        replay.take(Entry::LatencyFailure { cell: "http/rayon@32".to_owned(), status, reason });
        assert_eq!(replay.foreign, 0);
        for foreign in
            [load("http/rayon@2", Some(4)), load("http/rayon@2", Some(5)), load("noop/rayon@2", None)]
        {
            replay.take(foreign);
        }
        assert_eq!(replay.foreign, 3);
        let latency = replay.latency.expect("it was asked for");
        let cell = |id: &str| latency.cells.iter().find(|cell| cell.cell == id).unwrap();
        let found = cell("http/rayon@2");
        assert_eq!((found.status, found.open[4].rate_per_s), (Status::Ok, Some(120.0)));
        assert_eq!((found.open[4].observations.len(), found.closed.observations.len()), (1, 1));
        assert_eq!(cell("http/rayon@32").status, Status::Crashed);
    }

    #[test]
    fn a_machine_with_another_number_of_cores_is_another_one_and_one_with_another_load_is_not() {
        let machine = Machine { cores: 2, load_one: Some(0.1), ..Machine::default() };
        assert_eq!(difference(&machine, &Machine { load_one: Some(7.0), ..machine.clone() }), None);
        let other = difference(&machine, &Machine { cores: 4, ..machine.clone() }).unwrap();
        assert_eq!(other, "`cores` was 2, it is 4");
    }
}
