//! Experiments that are measured for what follows from them at once: no folder, no journal, no report.

use std::time::{Duration, Instant};

use super::console::Console;
use super::watch::Gatekeeper;
use super::{Plan, RunStartError, Session, build};
use crate::batch::analyse::FEWEST_PAIRS;
use crate::experiment::conduct::{self, Until};
use crate::machine;
use crate::record::{Record, RunInfo};
use crate::runner::{Launcher, SuperviseError, Supervisor};
use crate::time::{nanoseconds, now};

/// What was measured.
#[derive(Debug)]
pub(crate) struct Aside {
    pub(crate) record: Record,
    /// How long it took from the first block to the last.
    pub(crate) measuring: Duration,
    /// The signal that ended it early, if one did.
    pub(crate) interrupted_by: Option<i32>,
}

/// Measures a plan. `command` is what measures it, by its name.
///
/// # Errors
///
/// When processes cannot be supervised.
pub(crate) fn measure_aside(plan: Plan, command: &str, quiet: bool) -> Result<Aside, RunStartError> {
    let (started, clock) = (Instant::now(), now().map_err(SuperviseError::Place)?);
    let settings = plan.scope.settings.clone();
    let warnings = machine::preflight_warnings(&plan.scope.machine);
    let mut supervisor = Supervisor::new(settings.track, &plan.scope.machine)?;
    let (mut watch, mut console) = (Gatekeeper::default(), Console::new(None, quiet, Duration::ZERO));
    console.announce(&plan);
    let mut session = Session::new(plan);
    session.begin();
    let mut measuring = Duration::ZERO;
    let ended = session.each(&mut supervisor, &mut watch, &mut console, |experiment, scope, stage| {
        conduct::measure(experiment, scope, stage, Until::Calibrated)?;
        let begun = Instant::now();
        let ended = conduct::measure(experiment, scope, stage, Until::Done);
        measuring += begun.elapsed();
        ended
    });
    console.end();
    let run = RunInfo {
        id: "aside".to_owned(),
        label: "local".to_owned(),
        started_utc: clock.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        elapsed_ns: nanoseconds(started.elapsed()),
        seed: settings.seed,
        blocks: settings.blocks,
        mode: settings.mode,
        indicative: u64::from(settings.blocks) < FEWEST_PAIRS,
        complete: ended.is_continue(),
        track: settings.track,
        margin: settings.margin,
        filter: None,
        command: command.to_owned(),
        notes: Vec::new(),
    };
    let record = session.into_record(build::tool(), run, warnings);
    Ok(Aside { record, measuring, interrupted_by: supervisor.interrupted_by() })
}
