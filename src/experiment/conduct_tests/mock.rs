//! A machine on which no time passes: it makes up what runners would have reported.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::{Events, Launcher, Measured, Pace, Watch};
use crate::model::{BuiltIn, Catalogue, Digest};
use crate::plan::Slot;
use crate::record::{BlockNoise, Observation, Status};
use crate::runner::process::{Failure, Silence};
use crate::runner::protocol::Phases;
use crate::spec::{Models, Spec, default_definitions};

/// The matrix of these workloads: each counts, under one model and its A/A twin.
pub(crate) fn twins(workloads: usize) -> Spec {
    let count = default_definitions().into_iter().find(|definition| definition.name == "count");
    let count = count.expect("the default matrix counts");
    let definitions = (0..workloads).map(|number| {
        let mut definition = count.clone();
        definition.name = format!("count-{number}");
        definition.models = Models::Named(vec!["tokio-multi-thread".to_owned()]);
        definition
    });
    Spec::build(definitions.collect(), &BuiltIn::infos(), false, 2).expect("it is like the default one")
}

/// A cell that broke.
pub(crate) fn broken() -> Silence {
    let reason = "it broke".to_owned();
    Silence::Failure(Failure { status: Status::Crashed, reason, stderr_tail: None })
}

/// A launcher that starts nothing.
pub(crate) struct MockLauncher {
    random: StdRng,
    /// How many observations it was asked for.
    pub(crate) asked: Vec<Slot>,
    /// The standard deviation of the logarithm of a time.
    pub(crate) noise: f64,
    /// By how much each observation is slower than the one before, as a fraction.
    pub(crate) drift: f64,
    /// How long a batch of a cell takes but for noise and drift, in nanoseconds.
    pub(crate) truth: fn(&Spec, Slot) -> f64,
    /// What becomes of an observation, by its number from 0; `None` lets it succeed.
    pub(crate) trouble: fn(usize, Slot) -> Option<Silence>,
}

impl MockLauncher {
    pub(crate) fn new(seed: u64) -> Self {
        let random = StdRng::seed_from_u64(seed);
        Self { random, asked: Vec::new(), noise: 0.0, drift: 0.0, truth: |_, _| 1e7, trouble: |_, _| None }
    }

    fn batch_ns(&mut self, truth: f64) -> u64 {
        // Box and Muller (1958).
        let (radius, angle): (f64, f64) = (1.0 - self.random.random::<f64>(), self.random.random());
        let normal = (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos();
        let slowed = 1.0 + self.drift * self.asked.len() as f64;
        (truth * slowed * (self.noise * normal).exp()) as u64
    }
}

impl Launcher for MockLauncher {
    fn observe(&mut self, spec: &Spec, slot: Slot, warm: u32, _: Duration) -> Result<Measured, Silence> {
        let number = self.asked.len();
        self.asked.push(slot);
        if let Some(silence) = (self.trouble)(number, slot) {
            return Err(silence);
        }
        let batch = self.batch_ns((self.truth)(spec, slot));
        let phases = Phases {
            startup_ns: batch / 10,
            cold_ns: batch,
            warm_ns: vec![batch; warm as usize],
            probe_ns: 0,
            shutdown_ns: batch / 10,
            wall_ns: batch * u64::from(1 + warm) + 2 * (batch / 10),
            peak_rss_bytes: Ok(1 << 20),
            digest: Digest::default(),
        };
        Ok(Measured { phases, usage: None })
    }

    fn take_notes(&mut self) -> Vec<String> {
        Vec::new()
    }
}

/// A gate that finds a breach where it is told to.
#[derive(Default)]
pub(crate) struct MockWatch {
    /// The workloads and blocks whose every attempt breaches the gate.
    pub(crate) breaches: Vec<(String, u32)>,
    /// The workload and block whose first attempt alone does.
    pub(crate) first_attempt: Option<(String, u32)>,
}

impl Watch for MockWatch {
    fn open(&mut self) {}

    fn close(&mut self, block: u32, workload: &str) -> BlockNoise {
        let is_this = |(name, number): &(String, u32)| name == workload && *number == block;
        let breached =
            self.first_attempt.take_if(|first| is_this(first)).is_some() || self.breaches.iter().any(is_this);
        BlockNoise {
            block,
            workload: workload.to_owned(),
            steal: None,
            foreign: None,
            throttled_ns: None,
            pressure: None,
            thermal_throttles: None,
            repeats: 0,
            breach: breached.then(|| "it was told to".to_owned()),
        }
    }
}

/// What was told, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    Preflight { cell: usize, ok: bool },
    Observed { cell: usize, block: u32 },
    Failed { cell: usize },
    Block { block: u32, again: bool },
}

/// Remembers what it is told.
#[derive(Default)]
pub(crate) struct MockEvents(pub(crate) Vec<Told>);

impl Events for MockEvents {
    fn preflight(&mut self, cell: usize, outcome: Result<Pace, &Failure>) {
        self.0.push(Told::Preflight { cell, ok: outcome.is_ok() });
    }

    fn observed(&mut self, cell: usize, observation: &Observation) {
        self.0.push(Told::Observed { cell, block: observation.block });
    }

    fn failed(&mut self, cell: usize, _: &Failure) {
        self.0.push(Told::Failed { cell });
    }

    fn block(&mut self, noise: &BlockNoise, again: bool) {
        self.0.push(Told::Block { block: noise.block, again });
    }

    fn note(&mut self, _: &str) {}
}
