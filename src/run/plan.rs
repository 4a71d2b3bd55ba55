//! What a run is to measure: which experiments, on which workloads, under which models, and which of their cells.

use regex::Regex;

use super::RunStartError;
use crate::experiment::{Kind, Listed, Scope, Settings, experiments, find};
use crate::model::ModelInfo;
use crate::record::{MOST_CELLS, MOST_OBSERVATIONS, Machine};
use crate::spec::{Cores, Definition, Spec, SpecError, parse_filter};

/// Which experiments are wanted, by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Choice {
    /// Those that a run measures without being asked to.
    #[default]
    Default,
    /// These as well.
    With(Vec<String>),
    /// These and no others.
    Only(Vec<String>),
    /// Every one.
    All,
}

impl Choice {
    /// The experiments that are chosen, in the order of the list.
    pub(crate) fn kinds(&self) -> Vec<&'static dyn Kind> {
        let named = |names: &[String], kind: &dyn Kind| names.iter().any(|name| name == kind.id());
        let chosen = |kind: &&dyn Kind| match self {
            Self::Default => kind.is_default(),
            Self::With(names) => kind.is_default() || named(names, *kind),
            Self::Only(names) => named(names, *kind),
            Self::All => true,
        };
        experiments().into_iter().filter(chosen).collect()
    }
}

/// The ids of the other experiments' cells begin with their names.
fn check_names(definitions: &[Definition]) -> Result<(), SpecError> {
    match definitions.iter().find(|definition| find(&definition.name).is_some()) {
        None => Ok(()),
        Some(definition) => Err(SpecError::Field {
            workload: definition.name.clone(),
            field: "name",
            what: "it is that of an experiment, whose cells would have the same ids; choose another"
                .to_owned(),
        }),
    }
}

impl From<&Machine> for Cores {
    fn from(machine: &Machine) -> Self {
        // Without SMT there is nothing that two of them share.
        let physical = machine.physical_cores.filter(|_| machine.smt == Some(true));
        Self { all: machine.cores, physical, quota: machine.quota_cores }
    }
}

/// What a run is to measure.
#[derive(Debug)]
pub(crate) struct Plan {
    /// What every experiment plans from.
    pub(crate) scope: Scope,
    /// The experiments that have cells, each with what it would measure.
    pub(crate) experiments: Vec<(&'static dyn Kind, Listed)>,
    /// Those that were chosen and have none, since the filter or the definitions leave nothing for them.
    pub(crate) without_cells: Vec<&'static dyn Kind>,
    filter: Option<Regex>,
}

impl Plan {
    /// The plan for a machine.
    ///
    /// # Errors
    ///
    /// When a definition or the filter is wrong, or nothing is left to measure.
    pub(crate) fn new(
        definitions: Vec<Definition>,
        models: &[ModelInfo],
        kinds: &[&'static dyn Kind],
        settings: Settings,
        machine: Machine,
        filter: Option<&str>,
    ) -> Result<Self, RunStartError> {
        check_names(&definitions)?;
        let spec = Spec::build(definitions, models, settings.all, &machine)?;
        Self::of(spec, models, kinds, settings, machine, filter)
    }

    /// The plan for cells that are laid out already.
    ///
    /// # Errors
    ///
    /// When the filter is wrong, or nothing is left to measure.
    pub(crate) fn of(
        spec: Spec,
        models: &[ModelInfo],
        kinds: &[&'static dyn Kind],
        settings: Settings,
        machine: Machine,
        filter: Option<&str>,
    ) -> Result<Self, RunStartError> {
        let chosen = models.iter().filter(|model| model.default || settings.all).copied().collect();
        let scope =
            Scope { settings, machine, models: chosen, spec, references: Default::default(), folder: None };
        let filter = filter.map(parse_filter).transpose()?;
        let mut plan = Self { scope, experiments: Vec::new(), without_cells: Vec::new(), filter };
        for &kind in kinds {
            let listed = kind.list(&plan.scope, &|id| plan.keeps(id));
            if listed.cells.len() > MOST_CELLS {
                return Err(RunStartError::TooManyCells { experiment: kind.id(), cells: listed.cells.len() });
            }
            match listed.cells.is_empty() {
                true => plan.without_cells.push(kind),
                false => plan.experiments.push((kind, listed)),
            }
        }
        let observations = plan.experiments.iter().map(|(_, listed)| listed.observations).sum();
        if observations > MOST_OBSERVATIONS {
            let blocks = plan.scope.settings.blocks;
            return Err(RunStartError::TooManyObservations { observations, blocks });
        }
        match plan.experiments.is_empty() {
            false => Ok(plan),
            true => {
                let names: Vec<&str> = kinds.iter().map(|kind| kind.id()).collect();
                let filter =
                    plan.filter.map_or("these definitions".to_owned(), |filter| format!("`{filter}`"));
                Err(RunStartError::NothingMatches { names: names.join(", "), filter })
            }
        }
    }

    /// Whether the filter keeps a cell.
    pub(crate) fn keeps(&self, id: &str) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.is_match(id))
    }

    /// The ids of all cells, by experiment.
    pub(crate) fn ids(&self) -> Vec<(String, Vec<String>)> {
        let ids = |listed: &Listed| listed.cells.iter().map(|(id, _)| id.clone()).collect();
        self.experiments.iter().map(|(kind, listed)| (kind.id().to_owned(), ids(listed))).collect()
    }

    /// The workloads whose tasks some cell runs, in the order of the definitions.
    pub(crate) fn workloads(&self) -> Vec<usize> {
        let runs = |name: &str| {
            let mut cells = self.experiments.iter().flat_map(|(_, listed)| &listed.cells);
            cells.any(|(_, workload)| workload.as_deref() == Some(name))
        };
        let workloads = self.scope.spec.workloads.iter().enumerate();
        workloads.filter(|(_, workload)| runs(&workload.definition.name)).map(|(number, _)| number).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn physical_cores_count_where_some_cores_share_one() {
        let quota_cores = Some(3.5);
        let machine =
            Machine { cores: 4, physical_cores: Some(2), smt: Some(true), quota_cores, ..Machine::default() };
        assert_eq!(Cores::from(&machine), Cores { all: 4, physical: Some(2), quota: quota_cores });
        let alone = Machine { smt: Some(false), ..machine };
        assert_eq!(Cores::from(&alone).physical, None);
    }
}
