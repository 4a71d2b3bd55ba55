//! Planning, measuring, the record and the analysis together, on a machine on which no time passes.

use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;
use serde_json::{Value, json};

use super::conduct::mock::{MockEvents, MockLauncher, MockWatch};
use super::conduct::{Until, measure};
use super::matrix::Matrix;
use super::{Experiment, Externals, Scope, Settings, Stage, complete, find};
use crate::batch::analyse::MARGIN;
use crate::model::ModelInfo;
use crate::models::{BuiltIn, Catalogue};
use crate::record::{Grade, Machine, Mode, Noise, Record, RunInfo, SCHEMA, Tool, Track};
use crate::runner::{Request, RunnerError, Work};
use crate::spec::{Definition, Spec};

/// The blocks of a rehearsal.
pub(crate) const BLOCKS: u32 = 20;

/// What the observations of a rehearsal are made of.
pub(crate) struct Rehearsal {
    /// The seed of the noise, and of the run's shuffles.
    pub(crate) seed: u64,
    /// The cores of the machine.
    pub(crate) cores: u64,
    /// Whether models outside the default matrix are measured too.
    pub(crate) all: bool,
    /// The standard deviation of the logarithm of a time.
    pub(crate) noise: f64,
    /// By how much the machine is slower when everything has been observed, as a fraction.
    pub(crate) drift: f64,
    /// How long a batch takes but for noise and drift, in nanoseconds, by the id of its cell and its tasks.
    pub(crate) truth: fn(&str, &Work) -> f64,
    /// What becomes of an observation, by its number from 0 and the id of its cell; `None` lets it succeed.
    pub(crate) trouble: fn(usize, &str) -> Option<RunnerError>,
}

impl Rehearsal {
    /// One on a machine with two cores where every batch takes 10 ms, and nothing disturbs it.
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, cores: 2, all: false, noise: 0.0, drift: 0.0, truth: |_, _| 1e7, trouble: |_, _| None }
    }

    /// The record of a whole run of the matrix of these definitions.
    pub(crate) fn run(&self, definitions: Vec<Definition>) -> Record {
        self.run_of(scope(definitions, self.cores, self.all, self.seed))
    }

    /// The record of a whole run of the matrix of these cells.
    pub(crate) fn run_spec(&self, spec: Spec) -> Record {
        self.run_of(Scope { spec, ..scope(Vec::new(), self.cores, self.all, self.seed) })
    }

    fn run_of(&self, scope: Scope) -> Record {
        let mut random = ChaCha12Rng::seed_from_u64(self.seed);
        let last = f64::from(BLOCKS + 1) * scope.spec.cells.len() as f64;
        let mut launcher = MockLauncher::new(|number, id, request| match (self.trouble)(number, id) {
            Some(trouble) => Err(trouble),
            None => Ok(self.batches(&mut random, number as f64 / last, id, request)),
        });
        rehearse(Matrix::ID, &scope, None, &|_| true, &mut launcher)
    }

    fn batches(&self, random: &mut ChaCha12Rng, gone: f64, id: &str, request: &Request) -> Value {
        let work = request.work.as_ref().expect("every cell of the matrix runs tasks");
        // Box and Muller (1958).
        let (radius, angle): (f64, f64) = (1.0 - random.random::<f64>(), random.random());
        let normal = (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos();
        let slowed = (1.0 + self.drift * gone) * (self.noise * normal).exp();
        let batch = ((self.truth)(id, work) * slowed) as u64;
        observation(batch, request)
    }
}

/// What a runner answers of which every batch takes so many nanoseconds, and its start and its stop a tenth of that.
pub(crate) fn observation(batch: u64, request: &Request) -> Value {
    // The preflight asks for as many as it takes.
    let asked = |what: &str| request.order["observe"][what].as_u64();
    let (warm, each) = asked("figures").zip(asked("each")).unwrap_or((2, 1));
    let tasks = request.work.as_ref().map_or(0, |work| work.tasks);
    json!({
        "startup_ns": batch / 10,
        "cold_ns": batch,
        "warm_ns": vec![batch; warm as usize],
        "warm_each": each,
        "warm_cpu_ns": batch * warm * each,
        "probe_ns": 0,
        "shutdown_ns": batch / 10,
        "wall_ns": batch * (1 + warm * each) + 2 * (batch / 10),
        "peak_rss_bytes": 1 << 20,
        "tasks": tasks,
        "digest": "00",
    })
}

/// What is planned for a machine with so many cores.
pub(crate) fn scope(definitions: Vec<Definition>, cores: u64, all: bool, seed: u64) -> Scope {
    let infos = BuiltIn::infos();
    let deadline = Duration::from_secs(1);
    let (mode, track) = (Mode::Default, Track::Defaults);
    Scope {
        settings: Settings {
            blocks: BLOCKS,
            mode,
            seed,
            track,
            margin: MARGIN,
            deadline,
            all,
            externals: Externals::default(),
        },
        machine: Machine { cores, ..Machine::default() },
        models: infos.iter().filter(|info| info.default || all).copied().collect::<Vec<ModelInfo>>(),
        spec: Spec::build(definitions, &infos, all, cores).expect("they are valid"),
        references: Default::default(),
        folder: None,
    }
}

/// About how long an experiment takes on a machine with so many cores: a whole run, and a quick one.
pub(crate) fn takes<E: Experiment>(cores: u64) -> [Duration; 2] {
    let mut scope = scope(Vec::new(), cores, false, 7);
    let usual = E::estimate(&scope, &E::cells(&scope));
    (scope.settings.mode, scope.settings.blocks) = (Mode::Quick, 5);
    [usual, E::estimate(&scope, &E::cells(&scope))]
}

/// The record of a whole run of one experiment, whose every observation the launcher makes up; `setup` stands in the place
/// of what it found when it began.
pub(crate) fn rehearse(
    experiment: &str,
    scope: &Scope,
    setup: Option<Value>,
    keeps: &dyn Fn(&str) -> bool,
    launcher: &mut MockLauncher<'_>,
) -> Record {
    let (mut watch, mut events, mut notes) = (MockWatch::default(), MockEvents::default(), Vec::new());
    let mut underway = find(experiment).expect("it is in the list").begin(scope, keeps);
    setup.into_iter().for_each(|setup| underway.set_up(setup).expect("it is one of this experiment"));
    let mut stage = Stage { launcher, watch: &mut watch, events: &mut events, notes: &mut notes };
    let whole = measure(underway.as_mut(), scope, &mut stage, Until::Done).is_continue();
    let (raw, blocks) = underway.finish(scope.settings.blocks);
    let mut record = Record {
        schema: SCHEMA,
        tool: tool(),
        run: RunInfo { complete: whole, notes, ..run_info(&scope.settings) },
        machine: scope.machine.clone(),
        noise: Noise { grade: Grade::Unknown, warnings: Vec::new(), blocks },
        experiments: [(experiment.to_owned(), raw)].into(),
    };
    complete(&mut record).expect("what was measured belongs to its experiment");
    record
}

fn tool() -> Tool {
    Tool {
        name: "concbench".to_owned(),
        version: "0".to_owned(),
        commit: None,
        rustc: "none".to_owned(),
        target: "none".to_owned(),
        profile: "release".to_owned(),
        allocator: "none".to_owned(),
    }
}

/// A run that never took place.
pub(crate) fn run_info(settings: &Settings) -> RunInfo {
    RunInfo {
        id: "mock".to_owned(),
        label: "mock".to_owned(),
        started_utc: "2026-01-01T00:00:00Z".to_owned(),
        elapsed_ns: 1_000_000_000,
        seed: settings.seed,
        blocks: settings.blocks,
        mode: settings.mode,
        indicative: false,
        complete: true,
        track: settings.track,
        margin: settings.margin,
        filter: None,
        command: "concbench run".to_owned(),
        notes: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{Comparison, ComparisonKind, Verdict};
    use crate::spec::{Models, default_definitions};

    /// Workloads that count, each under one model and its A/A twin.
    fn twins(workloads: usize) -> Vec<Definition> {
        let count = default_definitions().into_iter().find(|definition| definition.name == "count");
        let count = count.expect("the default matrix counts");
        let named = |number| Definition {
            name: format!("count-{number}"),
            models: Models::Named(vec!["tokio-multi-thread".to_owned()]),
            ..count.clone()
        };
        (0..workloads).map(named).collect()
    }

    fn comparisons(record: &Record) -> Vec<Comparison> {
        let found = &record.experiments[Matrix::ID].findings["comparisons"];
        serde_json::from_value(found.clone()).expect("the matrix has comparisons")
    }

    #[test]
    fn drift_makes_at_most_seven_percent_of_identical_models_differ() {
        let run = |seed| Rehearsal { noise: 0.02, drift: 0.02, ..Rehearsal::new(seed) }.run(twins(20));
        let twins: Vec<_> = (0..20)
            .flat_map(|seed| comparisons(&run(seed)))
            .filter(|found| matches!(found.kind, ComparisonKind::Twin | ComparisonKind::TwinOneOff))
            .collect();
        let steady: Vec<_> = twins.iter().filter(|found| found.kind == ComparisonKind::Twin).collect();
        assert_eq!(steady.len(), 400);
        let seen = |found: &&&Comparison| found.low > 1.0 || found.high < 1.0;
        let alarms = steady.iter().filter(seen).count() as f64 / steady.len() as f64;
        assert!(alarms <= 0.07, "{alarms} of the twins are found to differ at all");
        assert!(alarms >= 0.02, "{alarms}: the noise does not reach the analysis");
        let different = twins.iter().filter(|found| found.verdict == Verdict::Different).count();
        assert!(
            different as f64 / twins.len() as f64 <= 0.07,
            "{different} of {} are different",
            twins.len()
        );
    }

    #[test]
    fn a_drift_that_no_order_could_hide_is_the_same_for_both_twins() {
        // Without noise all that is left is the drift: half as slow again at the end as in the beginning.
        let record = Rehearsal { drift: 0.5, ..Rehearsal::new(1) }.run(twins(4));
        let found = comparisons(&record);
        assert_eq!(found.len(), 8);
        for found in found {
            assert!((found.ratio - 1.0).abs() < 0.02, "{found:?}");
        }
    }

    #[test]
    fn every_observation_of_a_cell_has_the_same_number_of_warm_batches_that_fill_their_time() {
        let record = Rehearsal::new(1).run(twins(1));
        for cell in &record.experiments[Matrix::ID].cells {
            assert_eq!(cell.observations.len(), BLOCKS as usize);
            for observation in &cell.observations {
                // Six batches of 10 ms in 60 ms.
                assert_eq!(observation.responses["warm_ns"], json!(vec![10_000_000; 6]), "{}", cell.id);
            }
        }
    }
}
