use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Dispatch, Family};
use crate::record::Factors;
use crate::runner::Work;
use crate::spec::{CellSpec, Spec, TWIN_MARK};

/// A workload under a model with so many workers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct BatchCell {
    /// The workload's name.
    pub(crate) workload: String,
    /// The model's id.
    pub(crate) model: String,
    /// The family that the model belongs to.
    pub(crate) family: Family,
    /// How the model hands out its tasks.
    pub(crate) dispatch: Dispatch,
    /// How many workers the model has.
    pub(crate) workers: u64,
    /// Where that number comes from: `cores`, `tasks`, or a number.
    pub(crate) workers_rule: String,
    /// How many of its tasks can wait at once.
    pub(crate) concurrency: u64,
    /// Whether it is the A/A twin of the cell with the same id, without `+twin`.
    pub(crate) twin: bool,
    /// Whether it stands in the ranking, or only in the scaling chart.
    pub(crate) ranked: bool,
    /// How many tasks make a batch.
    pub(crate) tasks: u64,
}

impl BatchCell {
    /// That of a definition.
    pub(crate) fn of(spec: &Spec, cell: &CellSpec) -> Self {
        let definition = &spec.workload_of(cell).definition;
        Self {
            workload: definition.name.clone(),
            model: cell.model.id.to_owned(),
            family: cell.model.family,
            dispatch: cell.model.dispatch,
            workers: cell.workers,
            workers_rule: cell.workers_rule.clone(),
            concurrency: cell.concurrency,
            twin: cell.twin,
            ranked: cell.ranked,
            tasks: spec.workload_of(cell).tasks,
        }
    }
}

impl Factors for BatchCell {
    fn id(&self) -> String {
        let twin = if self.twin { TWIN_MARK } else { "" };
        format!("{}/{}@{}{twin}", self.workload, self.model, self.workers)
    }

    fn workload(&self) -> Option<&str> {
        Some(&self.workload)
    }

    fn counterpart(&self) -> Option<String> {
        // One worker for each core may be 2 here and 64 there.
        let Self { workload, model, workers_rule, .. } = self;
        (self.ranked && !self.twin).then(|| format!("{workload}/{model}@{workers_rule}"))
    }
}

/// The tasks of a cell of a definition, with their digest held against the reference.
pub(crate) fn work_of(spec: &Spec, cell: &CellSpec) -> Work {
    let workload = spec.workload_of(cell);
    Work {
        task_spec: workload.task_spec(),
        tasks: workload.tasks,
        model: cell.model,
        workers: cell.workers,
        checked: true,
    }
}
