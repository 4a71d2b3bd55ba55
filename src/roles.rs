//! What a process does that concbench has started: it measures, serves the HTTP target, or runs tasks.

use std::process::ExitCode;

use serde_json::Value;

use crate::experiment::find;
use crate::model::ModelError;
use crate::model::process::{Role, RoleError};
use crate::registry::{Registry, RegistryError};
use crate::runner::protocol::ProtocolError;
use crate::runner::{CellError, Desk, serve as serve_supervisor, speak};
use crate::server::{ServeError, ServeOptions, serve};
use concbench_serving::{ServingError, be_fleet, be_server};

/// Why a process could not do what its role asks for.
#[derive(Debug, thiserror::Error)]
enum RunError {
    #[error(transparent)]
    Role(#[from] RoleError),
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Registry(#[from] RegistryError),
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error("cannot speak to whoever started this runner: {0}")]
    Speak(#[from] std::io::Error),
    #[error(transparent)]
    Serving(#[from] ServingError),
    #[error("bad task spec: {0}")]
    TaskSpec(#[from] serde_json::Error),
}

/// Does what this process was started for; `None` if it was started by a person.
pub(crate) fn answer(registry: &Registry) -> Option<ExitCode> {
    let done = match Role::take() {
        Ok(None) => return None,
        Ok(Some(role)) => run(registry, &role),
        Err(error) => Err(error.into()),
    };
    Some(match done {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("concbench: {error}");
            ExitCode::FAILURE
        }
    })
}

fn run(registry: &Registry, role: &Role) -> Result<u8, RunError> {
    match role {
        Role::Runner => serve_supervisor(registry, carry)?,
        Role::External => speak(registry)?,
        Role::Target { threads } => {
            serve(&ServeOptions { threads: *threads, exit_on_stdin_eof: true, ..ServeOptions::default() })?;
        }
        Role::Manager => return Ok(concbench_sharing::manager::serve()?),
        Role::Server { service } => match be_server(&serde_json::from_str(service)?)? {},
        Role::Fleet { load } => be_fleet(serde_json::from_str(load)?)?,
        Role::Task { task_spec, .. }
        | Role::Forkserver { task_spec }
        | Role::PoolWorker { task_spec, .. } => {
            let code = registry.tasks(&serde_json::from_str(task_spec)?)?.process(role)?;
            return Ok(u8::try_from(code).unwrap_or(u8::MAX));
        }
    }
    Ok(0)
}

/// Carries out an order of an experiment.
fn carry(experiment: &str, order: Value, desk: &mut Desk<'_>) -> Result<Value, CellError> {
    match find(experiment) {
        Some(kind) => kind.observe(order, desk),
        None => Err(CellError::Order(format!("there is no experiment `{experiment}`"))),
    }
}
