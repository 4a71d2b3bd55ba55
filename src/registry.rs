//! Which tasks and models there are: those that come with concbench, and those that code has registered.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use concbench_workloads::Workload;

use crate::model::ModelInfo;
use crate::models::instrument::Traced;
use crate::models::{All, Catalogue, Prepared, TaskSpec, Tasks, built_in_tasks, own_tasks, tasks_under};

/// Builds the tasks of a workload that code has registered; with a file, tasks that leave their notes there.
type Build = Box<dyn Fn(Option<&Path>) -> io::Result<Box<dyn Tasks>>>;

/// Builds the tasks that a task spec asks for, unless they are a user's.
type Open = fn(&TaskSpec) -> io::Result<Option<Box<dyn Tasks>>>;

/// The workloads that code has registered, and the models that they run under.
pub(crate) struct Registry {
    infos: Vec<ModelInfo>,
    /// Those of the models that are not built in.
    own: Vec<ModelInfo>,
    /// The built-in tasks under these.
    own_tasks: Open,
    workloads: BTreeMap<String, Build>,
}

/// Why there are no such tasks.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RegistryError {
    #[error("no workload is registered as `{0}` in this executable")]
    UnknownWorkload(String),
    #[error("no model is called `{0}`")]
    UnknownModel(String),
    #[error("what its tasks share with the runner cannot be opened: {0}")]
    Share(#[from] io::Error),
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_list().entries(self.workloads.keys()).finish()
    }
}

impl Registry {
    /// One with the built-in models and those of `Own`.
    pub(crate) fn new<Own: Catalogue>() -> Self {
        Self {
            infos: All::<Own>::infos(),
            own: Own::infos(),
            own_tasks: own_tasks::<Own>,
            workloads: BTreeMap::new(),
        }
    }

    /// Adds a workload, which `Own` and the built-in models run.
    pub(crate) fn register<Own: Catalogue, W: Workload>(&mut self, name: &str, workload: W) {
        let workload = Arc::new(workload);
        let build = move |notes: Option<&Path>| match notes {
            None => Ok(tasks_under::<_, All<Own>>(Arc::clone(&workload))),
            Some(path) => {
                let traced = Traced::open(Arc::clone(&workload), path)?;
                Ok(tasks_under::<_, All<Own>>(Arc::new(traced)))
            }
        };
        self.workloads.insert(name.to_owned(), Box::new(build));
    }

    pub(crate) fn has_workloads(&self) -> bool {
        !self.workloads.is_empty()
    }

    /// Every model, in the order in which they are shown.
    pub(crate) fn infos(&self) -> &[ModelInfo] {
        &self.infos
    }

    /// The tasks that a task spec asks for, under the built-in models at least.
    pub(crate) fn tasks(&self, task_spec: &TaskSpec) -> Result<Box<dyn Tasks>, RegistryError> {
        if let Some(tasks) = built_in_tasks(task_spec)? {
            return Ok(tasks);
        }
        let unknown = || RegistryError::UnknownWorkload(task_spec.name.clone());
        let build = self.workloads.get(&task_spec.name).ok_or_else(unknown)?;
        Ok(build(task_spec.trace.as_deref())?)
    }

    /// The same under one model.
    pub(crate) fn prepared(
        &self,
        task_spec: &TaskSpec,
        model: &str,
    ) -> Result<Box<dyn Prepared>, RegistryError> {
        let own = self.own.iter().any(|info| info.id == model);
        let own_tasks = if own { (self.own_tasks)(task_spec)? } else { None };
        let tasks = own_tasks.map_or_else(|| self.tasks(task_spec), Ok)?;
        tasks.under(model).ok_or_else(|| RegistryError::UnknownModel(model.to_owned()))
    }
}
