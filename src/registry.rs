//! Which tasks and models there are: those that come with concbench, and those that code has registered.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use concbench_workloads::{SharingWorkload, Workload};

use crate::model::{ModelError, ModelInfo, Settings};
use crate::models::instrument::Traced;
use crate::models::{
    All, BuiltIn, Catalogue, Loading, Prepared, TaskSpec, Tasks, built_in_tasks, own_tasks, sharing_tasks,
    start_under_load, tasks_under,
};

/// Builds the tasks of a workload that code has registered, as the task spec wants them: leaving notes in a file, or sharing
/// objects that are there.
type Build = Box<dyn Fn(&TaskSpec) -> io::Result<Box<dyn Tasks>>>;

/// Builds the tasks that a task spec asks for, unless they are a user's.
type Open = fn(&TaskSpec) -> io::Result<Option<Box<dyn Tasks>>>;

/// Starts a model for an open load of what a task spec asks for.
type StartUnderLoad = fn(&TaskSpec, &str, &Settings) -> Result<Option<Box<dyn Loading>>, ModelError>;

/// The workloads that code has registered, and the models that they run under.
pub(crate) struct Registry {
    infos: Vec<ModelInfo>,
    /// Those of the models that are not built in.
    own: Vec<ModelInfo>,
    /// The built-in tasks under these.
    own_tasks: Open,
    /// These under an open load.
    own_under_load: StartUnderLoad,
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
            own_under_load: start_under_load::<Own>,
            workloads: BTreeMap::new(),
        }
    }

    /// Adds a workload, which `Own` and the built-in models run.
    pub(crate) fn register<Own: Catalogue, W: Workload>(&mut self, name: &str, workload: W) {
        let workload = Arc::new(workload);
        let build = move |task_spec: &TaskSpec| match &task_spec.trace {
            None => Ok(tasks_under::<_, All<Own>>(Arc::clone(&workload))),
            Some(path) => {
                let traced = Traced::open(Arc::clone(&workload), path)?;
                Ok(tasks_under::<_, All<Own>>(Arc::new(traced)))
            }
        };
        self.workloads.insert(name.to_owned(), Box::new(build));
    }

    /// Adds a workload whose tasks share objects, which `Own` and the built-in models run that have these.
    pub(crate) fn register_sharing<Own: Catalogue, W: SharingWorkload>(&mut self, name: &str, work: W) {
        let work = Arc::new(work);
        let build = move |task_spec: &TaskSpec| match task_spec.trace {
            None => Ok(sharing_tasks::<_, All<Own>>(Arc::clone(&work), task_spec.shared.clone())),
            Some(_) => Err(io::Error::other("tasks that share leave no notes for a timeline")),
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
        Ok(build(task_spec)?)
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

    /// Starts a model for an open load of the tasks that a task spec asks for; `None` where there is no such model.
    pub(crate) fn start_under_load(
        &self,
        task_spec: &TaskSpec,
        model: &str,
        settings: &Settings,
    ) -> Result<Option<Box<dyn Loading>>, ModelError> {
        match self.own.iter().any(|info| info.id == model) {
            true => (self.own_under_load)(task_spec, model, settings),
            false => start_under_load::<BuiltIn>(task_spec, model, settings),
        }
    }
}
