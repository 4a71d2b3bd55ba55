//! From the journal of a run that did not end back to the run.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::{Plan, RunStartError, build};
use crate::experiment::{Externals, Kind, Settings, Subject, Underway, find};
use crate::model::ModelInfo;
use crate::record::journal::{Entry, Header};
use crate::record::{MOST_BLOCKS, Machine};
use crate::spec::MOST_WORKERS;
use crate::time::now;

/// Facts about a machine that change while it runs, and do not make it another.
const PASSING: [&str; 3] = ["load_one", "on_battery", "missing"];
/// How notes on damage to a journal begin.
const LOST: &str = "lost from the journal: ";

/// Whether this executable, this machine and this filter are those that began the run; else why not.
pub(super) fn check(header: &Header, filter: Option<Option<&str>>) -> Result<(), String> {
    let here = build::executable().map_err(|error| error.to_string())?;
    if here != header.executable {
        return Err(
            "it was begun by another build of this program, whose figures must not be mixed with this one's"
                .to_owned(),
        );
    }
    if let Some(difference) = difference(&header.machine, &crate::machine::facts()) {
        return Err(format!("the machine is another one, or set up otherwise: {difference}"));
    }
    match filter.filter(|filter| header.filter.as_deref() != *filter) {
        None => Ok(()),
        Some(other) => {
            let shown = |filter: Option<&str>| filter.map_or("none".to_owned(), |text| format!("`{text}`"));
            Err(format!("its filter is {}, this one is {}", shown(header.filter.as_deref()), shown(other)))
        }
    }
}

/// The plan of the run that a journal describes.
pub(crate) fn plan(header: &Header, models: &[ModelInfo], folder: &Path) -> Result<Plan, RunStartError> {
    let refuse = |why: String| RunStartError::Resume { folder: folder.to_owned(), why };
    if header.started_utc.parse::<Timestamp>().is_err() {
        return Err(refuse(format!("`started_utc` is {:?}, which is no time", header.started_utc)));
    }
    let (blocks, cores) = (header.blocks, header.machine.cores);
    if !(1..=MOST_BLOCKS).contains(&blocks) {
        return Err(refuse(format!("`blocks` is {blocks}, 1 to {MOST_BLOCKS} are allowed")));
    }
    if !(1..=MOST_WORKERS).contains(&cores) {
        return Err(refuse(format!("`cores` is {cores}, 1 to {MOST_WORKERS} are allowed")));
    }
    let kind = |(id, _): &(String, Vec<String>)| {
        find(id).ok_or_else(|| refuse(format!("there is no experiment `{}`", concbench_text::one_line(id))))
    };
    let kinds: Vec<&'static dyn Kind> = header.experiments.iter().map(kind).collect::<Result<_, _>>()?;
    let settings = Settings {
        blocks,
        mode: header.mode,
        seed: header.seed,
        track: header.track,
        margin: header.margin,
        deadline: Duration::from_nanos(header.deadline_ns),
        all: header.all,
        externals: Externals::named(&header.externals).map_err(|error| refuse(error.to_string()))?,
    };
    let (definitions, machine) = (header.definitions.clone(), header.machine.clone());
    let plan = Plan::new(definitions, models, &kinds, settings, machine, header.filter.as_deref())?;
    match plan.ids() == header.experiments {
        true => Ok(plan),
        false => Err(refuse("it has other cells than this program and machine give it".to_owned())),
    }
}

/// How long the run took before.
pub(super) fn elapsed(entries: &[Entry]) -> Duration {
    let ends = entries.iter().filter_map(|entry| match entry {
        Entry::Block { elapsed_ns, .. } => Some(*elapsed_ns),
        _ => None,
    });
    Duration::from_nanos(ends.max().unwrap_or(0))
}

/// Gives the experiments back what was measured of them, and the run its notes; what was lost, in words.
pub(crate) fn replay(
    experiments: &mut [Box<dyn Underway>],
    notes: &mut Vec<String>,
    entries: Vec<Entry>,
    lost: Vec<String>,
) -> Vec<String> {
    let mut foreign = 0;
    for entry in entries {
        match entry {
            Entry::Note { note } => notes.push(note),
            entry => foreign += u32::from(give_back(experiments, entry).is_none()),
        }
    }
    let mut lost: Vec<String> = lost.into_iter().map(|what| format!("{LOST}{what}")).collect();
    if foreign > 0 {
        lost.push(format!("{LOST}{foreign} line(s) that do not belong to this run"));
    }
    lost
}

/// `None` where the line does not belong to this run.
fn give_back(experiments: &mut [Box<dyn Underway>], entry: Entry) -> Option<()> {
    match entry {
        Entry::Observation { experiment, of, calibration, observed } => {
            let experiment = known(experiments, &experiment)?;
            let subject = match calibration {
                true => Subject::Calibration { name: of, cells: Vec::new() },
                false => Subject::Cell(position(experiment.as_ref(), &of)?),
            };
            let lacks = calibration || experiment.lacks(observed.block, &subject);
            (lacks && observed.block < MOST_BLOCKS).then_some(())?;
            experiment.keep(&subject, observed).ok()
        }
        Entry::Failure { experiment, cells, failure } => {
            let experiment = known(experiments, &experiment)?;
            let cells: Option<Vec<usize>> =
                cells.iter().map(|cell| position(experiment.as_ref(), cell)).collect();
            let broken = failure.status != crate::record::Status::Ok;
            experiment.fail(&cells.filter(|_| broken)?, &failure);
            Some(())
        }
        Entry::Block { noise, again, .. } => {
            let experiment = known(experiments, &noise.experiment)?;
            let fits = noise.block < MOST_BLOCKS && !experiment.has_ended(noise.block, &noise.group);
            fits.then(|| experiment.end_block(&noise, again))
        }
        Entry::Setup { experiment, setup } => known(experiments, &experiment)?.set_up(setup).ok(),
        Entry::Begin(_) | Entry::Note { .. } => None,
    }
}

fn known<'a>(experiments: &'a mut [Box<dyn Underway>], id: &str) -> Option<&'a mut Box<dyn Underway>> {
    experiments.iter_mut().find(|one| one.id() == id)
}

fn position(experiment: &dyn Underway, id: &str) -> Option<usize> {
    experiment.ids().iter().position(|known| *known == id)
}

/// The seam, in words: what a reader of the record should know about a run that was broken off.
pub(super) fn seam(experiments: &[Box<dyn Underway>]) -> String {
    let made: usize = experiments.iter().map(|one| one.size().1).sum();
    let partly: Vec<String> = experiments.iter().flat_map(|one| one.broken_blocks()).collect();
    let time = |now: Timestamp| now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let now = now().map_or_else(|_| "an unknown time".to_owned(), time);
    let across = match partly.is_empty() {
        true => String::new(),
        false => format!("; measured partly before and partly after: {}", partly.join(", ")),
    };
    format!("resumed at {now} with {made} observations from before{across}")
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
    use crate::experiment::conduct::mock::{MockEvents, MockLauncher, MockWatch, broken};
    use crate::experiment::conduct::{Until, measure};
    use crate::experiment::rehearsal::{BLOCKS, scope};
    use crate::experiment::{Scope, Stage};
    use crate::runner::RunnerError;
    use crate::spec::{Definition, Models, default_definitions};

    /// Two models that count, and the matrix of it under way.
    fn matrix() -> (Scope, Vec<Box<dyn Underway>>) {
        let count = default_definitions().into_iter().find(|definition| definition.name == "count").unwrap();
        let models = Models::Named(["sequential", "rayon", "smol"].map(str::to_owned).to_vec());
        let scope = scope(vec![Definition { models, twin: None, ..count }], 2, false, 3);
        let matrix = find("matrix").unwrap().begin(&scope, &|_| true);
        (scope, vec![matrix])
    }

    /// Measures what is left of the matrix; one cell breaks, and an interrupt may come.
    fn measured(scope: &Scope, matrix: &mut dyn Underway, interrupt: Option<usize>) -> MockEvents {
        let (mut watch, mut events) = (MockWatch::default(), MockEvents::default());
        watch.breaches = vec![("count", 3)];
        let mut launcher = MockLauncher::new(|number, id, request| match () {
            () if interrupt == Some(number) => Err(RunnerError::Interrupted),
            () if id.contains("smol") && number > 20 => Err(broken()),
            () => Ok(crate::experiment::rehearsal::observation(1_000_000, request)),
        });
        let mut notes = Vec::new();
        let mut stage =
            Stage { launcher: &mut launcher, watch: &mut watch, events: &mut events, notes: &mut notes };
        let _ = measure(matrix, scope, &mut stage, Until::Done);
        events
    }

    #[test]
    fn a_folder_of_somebody_elses_is_refused_and_nothing_in_it_is_touched() {
        let folder = tempfile::tempdir().unwrap();
        let files = ["journal.jsonl", "lock", ".tmpAbC123", "charts/.tmpAbC123", "a/b/.tmpAbC123"];
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "42").unwrap();
        }
        crate::run::Run::resume(folder.path(), &[], None, true).unwrap_err();
        for file in files {
            assert_eq!(std::fs::read_to_string(folder.path().join(file)).unwrap(), "42", "{file}");
        }
    }

    #[test]
    fn what_the_journal_holds_is_what_was_measured_wherever_it_ends() {
        for interrupt in [0, 1, 10, 25, 40] {
            let (scope, mut before) = matrix();
            let entries = measured(&scope, before[0].as_mut(), Some(interrupt)).0;
            let (_, mut after) = matrix();
            let mut notes = Vec::new();
            let lost = replay(&mut after, &mut notes, entries.clone(), vec!["one line".to_owned()]);
            assert_eq!(lost, ["lost from the journal: one line"]);
            let told = |entry: &&Entry| matches!(entry, Entry::Note { .. });
            assert_eq!(notes.len(), entries.iter().filter(told).count());
            measured(&scope, before[0].as_mut(), None);
            measured(&scope, after[0].as_mut(), None);
            let [before, after] = [before, after].map(|mut one| one.remove(0).finish(BLOCKS));
            assert_eq!(before, after, "interrupted at {interrupt}");
        }
    }

    #[test]
    fn lines_that_do_not_belong_to_the_run_are_lost_and_counted() {
        let (scope, mut before) = matrix();
        let entries = measured(&scope, before[0].as_mut(), Some(30)).0;
        let foreign: Vec<Entry> = entries
            .iter()
            .filter_map(|entry| match entry.clone() {
                Entry::Observation { of, calibration: false, observed, .. } => {
                    let experiment = "elsewhere".to_owned();
                    Some(Entry::Observation { experiment, of, calibration: false, observed })
                }
                Entry::Failure { experiment, failure, .. } => {
                    Some(Entry::Failure { experiment, cells: vec!["nowhere".to_owned()], failure })
                }
                // A second end of a block, and a second answer of a calibration.
                Entry::Block { .. } | Entry::Observation { calibration: true, .. } => Some(entry.clone()),
                _ => None,
            })
            .filter(|entry| !matches!(entry, Entry::Block { again: true, .. }))
            .collect();
        assert!(foreign.len() > 10);
        let (_, mut after) = matrix();
        assert!(replay(&mut after, &mut Vec::new(), entries, Vec::new()).is_empty());
        let lost = replay(&mut after, &mut Vec::new(), foreign.clone(), Vec::new());
        let expected =
            format!("lost from the journal: {} line(s) that do not belong to this run", foreign.len());
        assert_eq!(lost, [expected]);
        let [before, after] = [before, after].map(|mut one| one.remove(0).finish(BLOCKS));
        assert_eq!(before, after);
    }

    #[test]
    fn a_machine_with_another_number_of_cores_is_another_one_and_one_with_another_load_is_not() {
        let machine = Machine { cores: 2, load_one: Some(0.1), ..Machine::default() };
        assert_eq!(difference(&machine, &Machine { load_one: Some(7.0), ..machine.clone() }), None);
        let other = difference(&machine, &Machine { cores: 4, ..machine.clone() }).unwrap();
        assert_eq!(other, "`cores` was 2, it is 4");
    }
}
