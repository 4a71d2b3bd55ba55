//! The scheduler, the record and the analysis together, on a machine on which no time passes.

use std::time::Duration;

use super::memory::Sweep;
use super::switches::Games;
use super::{CriterionMedians, Options, record};
use crate::plan;
use crate::record::{Mode, Run, Track};
use crate::runner::schedule::mock::{MockEvents, MockWatch};
use crate::runner::schedule::{Launcher, Outcome, preflight, run};
use crate::spec::Spec;

/// The blocks of a rehearsal.
pub(crate) const BLOCKS: u32 = 20;

/// The options of a run that takes no time and writes nothing.
pub(crate) fn options(seed: u64) -> Options {
    Options {
        blocks: BLOCKS,
        mode: Mode::Default,
        seed,
        label: "mock".to_owned(),
        out: "nowhere".into(),
        track: Track::Defaults,
        deadline: Duration::from_secs(1),
        all: false,
        latency: false,
        costs: false,
        filter: None,
        command: "concbench run".to_owned(),
        quiet: true,
    }
}

/// A whole run of a matrix on a machine with this many cores, whose every observation the launcher makes up.
pub(crate) fn rehearse(spec: &Spec, seed: u64, cores: u64, launcher: &mut impl Launcher) -> Run {
    let options = options(seed);
    let mut events = MockEvents::default();
    let mut outcome = Outcome::of(spec);
    preflight(launcher, spec, options.deadline, &mut outcome, &mut events);
    let plan = plan::blocks(spec, options.blocks, options.seed);
    run(launcher, &mut MockWatch::default(), spec, &plan, &mut outcome, &mut events);
    let mut facts = record::Facts::gather();
    facts.machine.cores = cores;
    // What is tested here was not built to be measured.
    facts.warnings.clear();
    let elapsed = Duration::from_secs(1);
    let id = "mock".to_owned();
    let measured = record::Measured {
        spec,
        options: &options,
        outcome,
        timers: Vec::new(),
        latency: None,
        waiting: Sweep::new(&[], 1, false),
        switching: Games::new(&[], 1, BLOCKS, seed),
        id,
        elapsed,
        timelines: Vec::new(),
    };
    record::assemble(measured, facts, &CriterionMedians::new())
}
