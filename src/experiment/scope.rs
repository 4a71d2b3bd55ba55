//! What a run is to measure and how, before anything is measured.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::externals::Externals;
use crate::model::{ModelInfo, Sizing};
use crate::record::{Machine, Mode, Track};
use crate::runner::Reference;
use crate::spec::{CellSpec, Spec, WorkloadSpec};

/// How a run is to be made, as far as that decides what is measured.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    /// How many blocks each group of cells has.
    pub(crate) blocks: u32,
    /// How thorough it is meant to be.
    pub(crate) mode: Mode,
    /// The seed of every shuffle.
    pub(crate) seed: u64,
    /// What the models may keep of their own defaults.
    pub(crate) track: Track,
    /// What does not count as a difference, as a fraction.
    pub(crate) margin: f64,
    /// How long an observation may take where nothing is known yet.
    pub(crate) deadline: Duration,
    /// Whether models outside the default matrix are measured too.
    pub(crate) all: bool,
    /// The runners in other languages that may be started.
    pub(crate) externals: Externals,
}

/// What every experiment plans from.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    /// How the run is to be made.
    pub(crate) settings: Settings,
    /// Where.
    pub(crate) machine: Machine,
    /// The models that are measured where nothing names others.
    pub(crate) models: Vec<ModelInfo>,
    /// The workloads, and the cells that their definitions make of them.
    pub(crate) spec: Spec,
    /// What the tasks of each workload return and wait for, as far as that could be found out.
    pub(crate) references: BTreeMap<String, Reference>,
    /// Where experiments may keep files until the run ends; `None` where nothing of the run is kept.
    pub(crate) folder: Option<PathBuf>,
}

impl Scope {
    /// Whether only an indication is wanted.
    pub(crate) fn is_quick(&self) -> bool {
        self.settings.mode == Mode::Quick
    }

    /// The cores that the run may use.
    pub(crate) fn cores(&self) -> u64 {
        self.machine.cores
    }

    /// The reference of a workload, if it was made.
    pub(crate) fn reference(&self, workload: &str) -> Option<&Reference> {
        self.references.get(workload)
    }

    /// How many workers a model has where nothing says how many: a core each, or one that is not counted.
    pub(crate) fn workers_of(&self, model: &ModelInfo) -> u64 {
        if model.sizing == Sizing::Workers { self.cores() } else { 1 }
    }

    /// The cell of the definitions with this id.
    pub(crate) fn cell(&self, id: &str) -> Option<&CellSpec> {
        self.spec.cells.iter().find(|cell| cell.id == id)
    }

    /// The model with this id.
    pub(crate) fn model(&self, id: &str) -> Option<&ModelInfo> {
        self.models.iter().find(|model| model.id == id)
    }

    /// The workload with this name.
    pub(crate) fn workload(&self, name: &str) -> Option<&WorkloadSpec> {
        self.spec.workloads.iter().find(|workload| workload.definition.name == name)
    }
}
