//! What experiments do under `cargo bench` before their blocks, alone: nothing is kept.

use std::ops::ControlFlow;

use serde_json::Value;

use super::watch::Gatekeeper;
use super::{Options, Plan, RunStartError, Session};
use crate::experiment::Events;
use crate::machine;
use crate::model::ModelInfo;
use crate::printing::remark;
use crate::record::{BlockNoise, Failure, Observed};
use crate::runner::{Launcher, Supervisor};
use crate::spec::Definition;

/// What came of it.
#[derive(Debug)]
pub(crate) struct Visited {
    /// How many cells failed.
    pub(crate) failed: usize,
    /// The signal that ended it, if one did.
    pub(crate) interrupted_by: Option<i32>,
}

/// Has every experiment do what it does under `cargo bench` before its blocks.
pub(crate) fn visit(
    definitions: Vec<Definition>,
    models: &[ModelInfo],
    options: Options,
) -> Result<Visited, RunStartError> {
    let Options { settings, choice, filter, .. } = options;
    let (facts, filter) = (machine::facts(), filter.as_deref());
    let plan = Plan::new(definitions, models, &choice.kinds(), settings, facts, filter)?;
    let mut supervisor = Supervisor::new(plan.scope.settings.track, &plan.scope.machine)?;
    let (mut session, mut failures) = (Session::new(plan), Failures(0));
    session.begin();
    let _ = session.each(
        &mut supervisor,
        &mut Gatekeeper::default(),
        &mut failures,
        |experiment, scope, stage| {
            experiment.cargo_bench(stage, scope);
            ControlFlow::Continue(())
        },
    );
    Ok(Visited { failed: failures.0, interrupted_by: supervisor.interrupted_by() })
}

/// Counts cells that fail, and says why.
struct Failures(usize);

impl Events for Failures {
    fn planned(&mut self, _: &'static str, _: usize) {}

    fn observed(&mut self, _: &'static str, _: &str, _: bool, _: &Observed<Value>) {}

    fn failed(&mut self, _: &'static str, cells: &[String], failure: &Failure) {
        self.0 += cells.len();
        for cell in cells {
            remark(&format!("{cell}: {}: {}", failure.status, failure.reason));
        }
    }

    fn block(&mut self, _: &BlockNoise, _: bool) {}

    fn setup(&mut self, _: &'static str, _: &Value) {}

    fn note(&mut self, _: &str) {}
}
