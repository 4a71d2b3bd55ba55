//! Plan, measure, keep, until there is nothing left to measure. It starts no process and reads no clock: a mock launcher
//! runs it without any time passing.

#[cfg(test)]
pub(crate) mod mock;
#[cfg(test)]
mod tests;

use std::ops::ControlFlow;

use serde_json::Value;

use super::json::full_group;
use super::stage::Stage;
use super::underway::Underway;
use super::{Ask, Block, Scope, Subject, Trial};
use crate::record::{BlockNoise, Failure, Observed, Status};
use crate::runner::{Reply, Request, RunnerError};

/// One block in so many may be measured again for a breach of the gate: with more, a busy machine would double the time
/// of a run.
const BLOCKS_PER_REPEAT: u32 = 10;

/// How often a runner is asked at most for what several cells rest on.
const ATTEMPTS: u32 = 3;

/// How far an experiment is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// Until its blocks would begin.
    Calibrated,
    /// To its end.
    Done,
}

/// Measures all of an experiment that has not been measured yet; breaks off if the run was asked to end.
pub(crate) fn measure(
    underway: &mut dyn Underway,
    scope: &Scope,
    stage: &mut Stage<'_>,
    until: Until,
) -> ControlFlow<()> {
    let experiment = underway.id();
    loop {
        let plan: Vec<_> =
            underway.plan(scope).into_iter().filter(|block| is_left(underway, block)).collect();
        let begins = plan.first().is_some_and(|block| block.gated);
        if plan.is_empty() || (begins && until == Until::Calibrated) {
            return ControlFlow::Continue(());
        }
        let trials = plan.iter().map(|block| block.trials.len()).sum();
        stage.events.planned(experiment, trials);
        for block in &plan {
            measure_block(underway, scope, block, stage)?;
        }
    }
}

/// Whether anything of a block is still to be measured.
fn is_left(underway: &dyn Underway, block: &Block<Value>) -> bool {
    match block.gated {
        true => !underway.has_ended(block.number, &block.group),
        false => block.trials.iter().any(|trial| underway.lacks(block.number, &trial.subject)),
    }
}

/// Measures a block, again if the gate is breached and there are repeats left.
fn measure_block(
    underway: &mut dyn Underway,
    scope: &Scope,
    block: &Block<Value>,
    stage: &mut Stage<'_>,
) -> ControlFlow<()> {
    let Block { number, group, gated, .. } = block;
    if !gated {
        return observe_all(underway, block, stage);
    }
    let experiment = underway.id();
    let most_repeats = (scope.settings.blocks / BLOCKS_PER_REPEAT) as usize;
    loop {
        stage.watch.open();
        observe_all(underway, block, stage)?;
        let before = underway.repeats(group, Some(*number));
        let noise = BlockNoise { repeats: before as u32, ..stage.watch.close(*number, experiment, group) };
        let may_again = before == 0 && underway.repeats(group, None) < most_repeats;
        let again = may_again && noise.breach.is_some();
        stage.events.block(&noise, again);
        underway.end_block(&noise, again);
        let Some(breach) = noise.breach.filter(|_| again) else {
            return ControlFlow::Continue(());
        };
        // The noise of the attempt that counts does not say it.
        let name = full_group(experiment, group);
        stage.note(format!("block {} of {name} was measured again: {breach}", number + 1));
    }
}

/// Makes every observation of a block that is still to be made.
fn observe_all(underway: &mut dyn Underway, block: &Block<Value>, stage: &mut Stage<'_>) -> ControlFlow<()> {
    for (position, trial) in block.trials.iter().enumerate() {
        if underway.lacks(block.number, &trial.subject) {
            observe(underway, block.number, position as u32, trial, stage)?;
        }
    }
    ControlFlow::Continue(())
}

fn observe(
    underway: &mut dyn Underway,
    block: u32,
    position: u32,
    trial: &Trial<Value>,
    stage: &mut Stage<'_>,
) -> ControlFlow<()> {
    let experiment = underway.id();
    let of = match &trial.subject {
        Subject::Cell(cell) => underway.ids()[*cell].to_owned(),
        Subject::Calibration { name, .. } => name.clone(),
    };
    let replied = ask(experiment, &of, trial, stage);
    let kept = replied.and_then(|Reply { answer, usage }| {
        let (usage, reason) = match usage {
            Ok(usage) => (Some(usage), None),
            Err(reason) => (None, Some(reason)),
        };
        let observed = Observed { block, position, responses: answer, usage, reason };
        let kept = underway.keep(&trial.subject, observed.clone());
        kept.map(|()| observed).map_err(|what| RunnerError::failed(format!("the runner answered {what}")))
    });
    match kept {
        Ok(observed) => {
            let calibration = matches!(trial.subject, Subject::Calibration { .. });
            stage.events.observed(experiment, &of, calibration, &observed);
        }
        Err(RunnerError::Failure(failure)) => fail(underway, &trial.subject, &failure, stage),
        Err(RunnerError::Interrupted) => return ControlFlow::Break(()),
    }
    ControlFlow::Continue(())
}

/// Asks a runner. One that breaks in what several cells rest on is no reason to give up all of them: that is asked again.
fn ask(
    experiment: &'static str,
    of: &str,
    trial: &Trial<Value>,
    stage: &mut Stage<'_>,
) -> Result<Reply, RunnerError> {
    let Ask { order, work, deadline } =
        trial.ask.as_ref().map_err(|why| RunnerError::Failure(why.clone()))?;
    let rest_on_it = matches!(&trial.subject, Subject::Calibration { cells, .. } if cells.len() > 1);
    let mut attempts = if rest_on_it { ATTEMPTS } else { 1 };
    loop {
        let request = Request { experiment, order: order.clone(), work: work.clone() };
        let replied = stage.launcher.observe(of, request, trial.padding, *deadline);
        stage.take_notes();
        attempts -= 1;
        match &replied {
            Err(RunnerError::Failure(failure)) if attempts > 0 && failure.status == Status::Crashed => {
                stage.note(format!("{of}: {}: {}; it was asked again", failure.status, failure.reason));
            }
            _ => return replied,
        }
    }
}

/// Ends the cells of a subject.
fn fail(underway: &mut dyn Underway, subject: &Subject, failure: &Failure, stage: &mut Stage<'_>) {
    let cells = match subject {
        Subject::Cell(cell) => vec![*cell],
        Subject::Calibration { cells, .. } => cells.clone(),
    };
    let ended = underway.fail(&cells, failure);
    stage.events.failed(underway.id(), &ended, failure);
}
