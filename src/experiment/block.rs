//! What is to be measured next: blocks of trials, each with what a runner is asked for.

use std::time::Duration;

use crate::record::Failure;
use crate::runner::Work;

/// Trials that belong together: what disturbs one of them disturbs the others too.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Block<O> {
    /// Its number within its group, from 0.
    pub(crate) number: u32,
    /// Which cells it is made of: a workload, say.
    pub(crate) group: String,
    /// Whether the environment gate watches it, so that it is measured again for a breach. Calibrations are not watched.
    pub(crate) gated: bool,
    /// What is measured, in this order.
    pub(crate) trials: Vec<Trial<O>>,
}

impl<O> Block<O> {
    /// The one block of what the plan follows from, measured before anything else; none where nothing is left to find out.
    pub(crate) fn of_calibrations(trials: Vec<Trial<O>>) -> Vec<Self> {
        let block = Self { number: 0, group: String::new(), gated: false, trials };
        (!block.trials.is_empty()).then_some(block).into_iter().collect()
    }

    /// The same with orders of another type.
    pub(super) fn map<T>(self, order: impl Fn(O) -> T) -> Block<T> {
        let ask = |Ask { order: one, work, deadline }| Ask { order: order(one), work, deadline };
        let trial = |Trial { subject, ask: how, padding }| Trial { subject, ask: how.map(ask), padding };
        let Self { number, group, gated, trials } = self;
        Block { number, group, gated, trials: trials.into_iter().map(trial).collect() }
    }
}

/// One observation to be made.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Trial<O> {
    /// Of what.
    pub(crate) subject: Subject,
    /// How; or why not, where that is known beforehand.
    pub(crate) ask: Result<Ask<O>, Failure>,
    /// How much padding the runner's environment gets, in bytes.
    pub(crate) padding: usize,
}

/// What an observation is made of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Subject {
    /// A cell, by its position.
    Cell(usize),
    /// Something that the plan follows from.
    Calibration {
        /// Its name.
        name: String,
        /// The cells that cannot be measured without it.
        cells: Vec<usize>,
    },
}

/// What a runner is asked for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ask<O> {
    /// The experiment's own part.
    pub(crate) order: O,
    /// Tasks that it runs under a model, if it does.
    pub(crate) work: Option<Work>,
    /// How long it may take before it counts as hung.
    pub(crate) deadline: Duration,
}
