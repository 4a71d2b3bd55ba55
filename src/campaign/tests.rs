//! The scheduler, the record and the analysis together, on a machine on which no time passes.

use std::time::Duration;

use super::{CriterionMedians, Options, record};
use crate::analyse::SIGNIFICANCE;
use crate::plan;
use crate::record::{ComparisonKind, Mode, Run, Track, Verdict};
use crate::runner::schedule::mock::{MockEvents, MockLauncher, MockWatch, twins};
use crate::runner::schedule::{Outcome, preflight, run};

const BLOCKS: u32 = 20;

fn options(seed: u64) -> Options {
    Options {
        blocks: BLOCKS,
        mode: Mode::Default,
        seed,
        label: "mock".to_owned(),
        out: "nowhere".into(),
        track: Track::Defaults,
        deadline: Duration::from_secs(1),
        all: false,
        costs: false,
        filter: None,
        command: "concbench run".to_owned(),
        quiet: true,
    }
}

/// A whole run of identical cells in twos, with this noise, while the machine becomes slower by `drift` from the first
/// observation to the last.
fn campaign(seed: u64, workloads: usize, noise: f64, drift: f64) -> Run {
    let (spec, options) = (twins(workloads), options(seed));
    let mut launcher = MockLauncher::new(seed);
    launcher.noise = noise;
    launcher.drift = drift / f64::from(BLOCKS * spec.cells.len() as u32);
    let mut events = MockEvents::default();
    let mut outcome = Outcome::of(&spec);
    preflight(&mut launcher, &spec, options.deadline, &mut outcome, &mut events);
    let plan = plan::blocks(&spec, options.blocks, options.seed);
    run(&mut launcher, &mut MockWatch::default(), &spec, &plan, &mut outcome, &mut events);
    let measured = record::Measured {
        spec: &spec,
        options: &options,
        outcome,
        waiting: super::memory::Sweep::new(&[], 1, false),
        switching: super::switches::Games::new(&[], 1, BLOCKS, seed),
        id: "mock".to_owned(),
        elapsed: Duration::from_secs(1),
        timelines: Vec::new(),
    };
    record::assemble(measured, record::Facts::gather(), &CriterionMedians::new())
}

#[test]
fn drift_makes_at_most_seven_percent_of_identical_models_differ() {
    let runs: Vec<Run> = (0..20).map(|seed| campaign(seed, 20, 0.02, 0.02)).collect();
    let twins: Vec<_> = runs
        .iter()
        .flat_map(|run| &run.comparisons)
        .filter(|found| matches!(found.kind, ComparisonKind::Twin | ComparisonKind::TwinOneOff))
        .collect();
    let steady: Vec<_> = twins.iter().filter(|found| found.kind == ComparisonKind::Twin).collect();
    assert_eq!(steady.len(), 400);
    let seen = |found: &&&&crate::record::Comparison| {
        (found.low > 1.0 || found.high < 1.0) && found.p_any <= SIGNIFICANCE
    };
    let alarms = steady.iter().filter(seen).count() as f64 / steady.len() as f64;
    assert!(alarms <= 0.07, "{alarms} of the twins are found to differ at all");
    assert!(alarms >= 0.02, "{alarms}: the noise does not reach the analysis");
    let different = twins.iter().filter(|found| found.verdict == Verdict::Different).count();
    assert!(different as f64 / twins.len() as f64 <= 0.07, "{different} of {} are different", twins.len());
}

#[test]
fn a_drift_that_no_order_could_hide_is_the_same_for_both_twins() {
    // Without noise all that is left is the drift: half as slow again at the end as in the beginning.
    for found in campaign(1, 4, 0.0, 0.5).comparisons {
        assert!((found.ratio - 1.0).abs() < 0.02, "{found:?}");
    }
}
