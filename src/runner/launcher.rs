//! How observations are asked for: what stands between those who plan and those who start processes.

use std::time::Duration;

use serde_json::Value;

use crate::model::ModelInfo;
use crate::models::TaskSpec;
use crate::record::{Failure, Status, Usage};

/// Tasks to be run under a model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Work {
    /// Which tasks.
    pub(crate) task_spec: TaskSpec,
    /// How many make a batch.
    pub(crate) tasks: u64,
    /// Under which model.
    pub(crate) model: ModelInfo,
    /// With how many workers.
    pub(crate) workers: u64,
    /// Whether their digest is held against that of the sequential reference.
    pub(crate) checked: bool,
}

/// What a runner is asked.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// The experiment whose order it is.
    pub(crate) experiment: &'static str,
    /// The order.
    pub(crate) order: Value,
    /// The tasks that it runs under a model, if it does.
    pub(crate) work: Option<Work>,
}

/// What a runner answered, and what it used from start to end; or why that is not known.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reply {
    /// The answer to the order.
    pub(crate) answer: Value,
    /// What the runner and its processes used.
    pub(crate) usage: Result<Usage, String>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum RunnerError {
    /// The cell's own doing: a row of the report.
    Failure(Failure),
    /// A signal has asked the run to end.
    Interrupted,
}

impl RunnerError {
    /// A cell that has failed, in one line.
    pub(crate) fn failed(reason: impl Into<String>) -> Self {
        Self::Failure(Failure::new(Status::Failed, reason))
    }
}

/// Has runners carry out orders.
pub(crate) trait Launcher {
    /// Has a fresh runner carry out one order; `id` is what it measures, for remarks.
    fn observe(
        &mut self,
        id: &str,
        request: Request,
        padding: usize,
        deadline: Duration,
    ) -> Result<Reply, RunnerError>;

    /// Starts a runner that is asked more than once; with it, its first answer.
    fn converse(
        &mut self,
        request: Request,
        deadline: Duration,
    ) -> Result<(Value, Box<dyn Conversation>), RunnerError>;

    /// Ends what a runner has left behind; `failed` says whether that is part of its failure.
    fn clear_up_after(&mut self, id: &str, failed: bool);

    /// The signal that asked the run to end, if one has.
    fn interrupted_by(&self) -> Option<i32>;

    /// What has happened meanwhile that a reader of the record should know.
    fn take_notes(&mut self) -> Vec<String>;
}

/// A runner that is asked more than once.
pub(crate) trait Conversation {
    /// Asks again.
    fn ask(&mut self, order: Value, deadline: Duration) -> Result<Value, RunnerError>;

    /// Asks for the last time, and ends the runner.
    fn end(self: Box<Self>, order: Value, deadline: Duration) -> Result<Value, RunnerError>;
}
