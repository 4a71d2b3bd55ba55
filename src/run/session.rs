//! Experiments under way: what a run, a visit by `cargo bench` and a self-test have in common.

use std::ops::ControlFlow;

use super::Plan;
use crate::experiment::{Events, Scope, Stage, Underway, Watch, complete};
use crate::record::{Grade, Noise, Record, RunInfo, SCHEMA, Tool, Warning, within_bounds};
use crate::runner::Launcher;

/// A plan, and what has been measured of it.
#[derive(Debug)]
pub(crate) struct Session {
    /// What is to be measured.
    pub(crate) plan: Plan,
    /// The experiments of the plan, once they have begun.
    pub(crate) experiments: Vec<Box<dyn Underway>>,
    /// What a reader of the record should know.
    pub(crate) notes: Vec<String>,
}

impl Session {
    /// One of which nothing has begun: the references of the plan can still be made.
    pub(crate) fn new(plan: Plan) -> Self {
        Self { plan, experiments: Vec::new(), notes: Vec::new() }
    }

    /// Begins every experiment.
    pub(crate) fn begin(&mut self) {
        let Self { plan, experiments, .. } = self;
        let kinds = plan.experiments.iter();
        experiments.extend(kinds.map(|(kind, _)| kind.begin(&plan.scope, &|id| plan.keeps(id))));
    }

    /// Does something with every experiment, one after the other; breaks off where that does.
    pub(crate) fn each(
        &mut self,
        launcher: &mut dyn Launcher,
        watch: &mut dyn Watch,
        events: &mut dyn Events,
        mut act: impl FnMut(&mut dyn Underway, &Scope, &mut Stage<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let Self { plan, experiments, notes } = self;
        for experiment in experiments {
            let mut stage =
                Stage { launcher: &mut *launcher, watch: &mut *watch, events: &mut *events, notes };
            let ended = act(experiment.as_mut(), &plan.scope, &mut stage);
            stage.take_notes();
            ended?;
        }
        ControlFlow::Continue(())
    }

    /// The record of what was measured, with what follows from it. The notes of `run` come behind those of the session.
    pub(crate) fn into_record(self, tool: Tool, mut run: RunInfo, warnings: Vec<Warning>) -> Record {
        run.notes.splice(0..0, self.notes);
        run.notes = within_bounds(run.notes);
        let blocks = run.blocks;
        let mut record = Record {
            schema: SCHEMA,
            tool,
            run,
            machine: self.plan.scope.machine,
            noise: Noise { grade: Grade::Unknown, warnings, blocks: Vec::new() },
            experiments: Default::default(),
        };
        for experiment in self.experiments {
            let id = experiment.id();
            let (raw, noise) = experiment.finish(blocks);
            record.noise.blocks.extend(noise);
            record.experiments.insert(id.to_owned(), raw);
        }
        complete(&mut record).expect("what was measured belongs to its experiment");
        record
    }
}
