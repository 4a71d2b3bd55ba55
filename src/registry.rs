//! Which tasks and models there are: those that come with concbench, and those that code has registered.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use concbench_workloads::Workload;

use crate::model::ModelInfo;
use crate::models::instrument::Traced;
use crate::models::{All, Catalogue, Prepared, Recipe, Tasks, built_in_tasks, own_tasks, tasks_under};

/// Builds the tasks of a workload that code has registered; with a file, tasks that leave their notes there.
type Build = Box<dyn Fn(Option<&Path>) -> io::Result<Box<dyn Tasks>>>;

/// Builds the tasks that a recipe asks for, unless they are a user's.
type Open = fn(&Recipe) -> io::Result<Option<Box<dyn Tasks>>>;

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

    /// The tasks that a recipe asks for, under the built-in models at least.
    pub(crate) fn tasks(&self, recipe: &Recipe) -> Result<Box<dyn Tasks>, RegistryError> {
        if let Some(tasks) = built_in_tasks(recipe)? {
            return Ok(tasks);
        }
        let unknown = || RegistryError::UnknownWorkload(recipe.name.clone());
        let build = self.workloads.get(&recipe.name).ok_or_else(unknown)?;
        Ok(build(recipe.trace.as_deref())?)
    }

    /// The same under one model.
    pub(crate) fn prepared(&self, recipe: &Recipe, model: &str) -> Result<Box<dyn Prepared>, RegistryError> {
        let own = self.own.iter().any(|info| info.id == model);
        let own_tasks = if own { (self.own_tasks)(recipe)? } else { None };
        let tasks = own_tasks.map_or_else(|| self.tasks(recipe), Ok)?;
        tasks.under(model).ok_or_else(|| RegistryError::UnknownModel(model.to_owned()))
    }
}
