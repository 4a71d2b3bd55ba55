//! What tasks need that their runner has not: a server to ask, files to read.

use std::env::temp_dir;
use std::io;

use concbench_workloads::Kernel;

use super::apart::Apart;
use super::files::Files;
use super::launcher::RunnerError;
use super::mark::Mark;
use super::target::{Address, Target};
use crate::models::TaskSpec;

/// A target that runs, and a folder of files; each from when it is first needed.
#[derive(Debug)]
pub(super) struct Supplies {
    mark: Mark,
    target: Option<Target>,
    files: Option<Files>,
}

impl Supplies {
    /// None yet; what is started bears this mark.
    pub(super) fn new(mark: Mark) -> Self {
        Self { mark, target: None, files: None }
    }

    /// The number of the target's process, if one was started.
    pub(super) fn target_pid(&self) -> Option<u32> {
        self.target.as_ref().map(|target| target.pid().unsigned_abs())
    }

    /// Which processors the target has to itself, if it runs and has any.
    pub(super) fn apart(&self) -> Option<&Apart> {
        self.target.as_ref().and_then(Target::apart)
    }

    /// Ends the target. Files go with the value.
    pub(super) fn end_target(&mut self) {
        self.target = None;
    }

    /// The same tasks with what they need; what a reader of the record should know of it goes into `notes`.
    pub(super) fn supplied(
        &mut self,
        task_spec: &TaskSpec,
        tasks: u64,
        notes: &mut Vec<String>,
    ) -> Result<(TaskSpec, Option<Address>), RunnerError> {
        let mut task_spec = task_spec.clone();
        match task_spec.kernel.take() {
            Some(kernel) if kernel.needs_target() => {
                let address = self.target(notes)?;
                task_spec.kernel = Some(kernel.with_target(address.socket));
                Ok((task_spec, Some(address)))
            }
            Some(kernel) if kernel.needs_files() => {
                task_spec.kernel = Some(self.with_files(kernel, tasks)?);
                Ok((task_spec, None))
            }
            kernel => {
                task_spec.kernel = kernel;
                Ok((task_spec, None))
            }
        }
    }

    /// The kernel with the files of so many tasks.
    fn with_files(&mut self, kernel: Kernel, tasks: u64) -> Result<Kernel, RunnerError> {
        let refused = |error: io::Error| {
            RunnerError::failed(format!(
                "the files of its tasks cannot be made in {}: {error}",
                temp_dir().display()
            ))
        };
        if self.files.is_none() {
            self.files = Some(Files::make(&self.mark).map_err(refused)?);
        }
        match &self.files {
            Some(folder) => kernel.with_files(folder.path(), tasks).map_err(refused),
            None => Ok(kernel),
        }
    }

    /// A target that runs: it is started when it is first needed, and again if it has died.
    fn target(&mut self, notes: &mut Vec<String>) -> Result<Address, RunnerError> {
        if self.target.as_mut().is_some_and(|target| !target.is_alive()) {
            notes.push("the HTTP target died and was started again".to_owned());
            self.target = None;
        }
        if self.target.is_none() {
            let target = Target::start(&self.mark).map_err(|error| RunnerError::failed(error.to_string()))?;
            notes.extend(target.apart().map(Apart::note));
            self.target = Some(target);
        }
        self.target.as_ref().map(Target::address).ok_or_else(|| RunnerError::failed("no HTTP target"))
    }
}
