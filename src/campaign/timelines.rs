//! Which batches are traced, task by task, once all blocks are measured; outside of everything that is ranked.

use std::time::{Duration, Instant};

use concbench_workloads::Class;

use crate::record::{Mode, Timeline};
use crate::runner::process::Silence;
use crate::runner::schedule::Outcome;
use crate::spec::Spec;

/// The most workloads that are traced: a page holds no more, and two of one class look alike.
const WORKLOADS: usize = 3;
/// How many batches the tracing of a cell takes.
const BATCHES: u32 = 2;

/// How long all traces of a run may take together.
fn budget(mode: Mode) -> Duration {
    match mode {
        Mode::Quick => Duration::from_secs(5),
        _ => Duration::from_secs(20),
    }
}

/// The cells that are traced: in up to three workloads of different classes, if there are so many, each model with the
/// first number of workers that it is ranked with.
pub(super) fn choose(spec: &Spec, outcome: &Outcome) -> Vec<usize> {
    let mut chosen: Vec<usize> = Vec::new();
    for workload in workloads(spec) {
        for (index, cell) in spec.cells.iter().enumerate() {
            let works =
                outcome.cells[index].failure.is_none() && !outcome.cells[index].observations.is_empty();
            let known = |&other: &usize| {
                let other = &spec.cells[other];
                (other.workload, other.model.id) == (workload, cell.model.id)
            };
            if cell.workload == workload && cell.ranked && !cell.twin && works && !chosen.iter().any(known) {
                chosen.push(index);
            }
        }
    }
    chosen
}

/// Those in which something can be seen. The sweep and tasks that do nothing are told by figures better.
fn workloads(spec: &Spec) -> Vec<usize> {
    let mut found: Vec<usize> = Vec::new();
    let class = |index: usize| spec.workloads[index].definition.class;
    let shown =
        |&index: &usize| class(index) != Class::Creation && !spec.workloads[index].definition.is_grain();
    let candidates: Vec<usize> = (0..spec.workloads.len()).filter(shown).collect();
    let firsts = candidates.iter().filter(|&&one| {
        candidates.iter().take_while(|&&other| other != one).all(|&other| class(other) != class(one))
    });
    found.extend(firsts.take(WORKLOADS));
    let others: Vec<usize> = candidates.iter().copied().filter(|one| !found.contains(one)).collect();
    found.extend(others.into_iter().take(WORKLOADS - found.len()));
    found.sort_unstable();
    found
}

/// Traces these cells, as far as the time allows; what has no timeline is remarked on, with the reason.
pub(super) fn trace(
    spec: &Spec,
    outcome: &Outcome,
    mode: Mode,
    mut one: impl FnMut(usize, Duration) -> Result<Timeline, Silence>,
) -> (Vec<Timeline>, Vec<String>) {
    let (started, budget) = (Instant::now(), budget(mode));
    let (mut timelines, mut notes, mut skipped) = (Vec::new(), Vec::new(), Vec::new());
    for cell in choose(spec, outcome) {
        let Some(pace) = outcome.cells[cell].pace else { continue };
        let id = &spec.cells[cell].id;
        if started.elapsed() + pace.batch * BATCHES > budget {
            skipped.push(id.as_str());
            continue;
        }
        match one(cell, pace.deadline) {
            Ok(timeline) => timelines.push(timeline),
            Err(Silence::Failure(failure)) => notes.push(format!("{id} has no timeline: {}", failure.reason)),
            Err(Silence::Interrupted) => {
                notes.push("the run was asked to end before every timeline was taken".to_owned());
                break;
            }
        }
    }
    if !skipped.is_empty() {
        let limit = budget.as_secs();
        notes.push(format!("no timeline within the {limit} s that all may take: {}", skipped.join(", ")));
    }
    (timelines, notes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BuiltIn, Catalogue};
    use crate::record::Status;
    use crate::runner::process::Failure;
    use crate::runner::schedule::mock::{MockEvents, MockLauncher, MockWatch, broken};
    use crate::runner::schedule::{preflight, run};
    use crate::spec::default_definitions;

    fn measured() -> (Spec, Outcome) {
        let spec = Spec::build(default_definitions(), &BuiltIn::infos(), false, 2).unwrap();
        let (mut launcher, mut events) = (MockLauncher::new(1), MockEvents::default());
        let mut outcome = Outcome::of(&spec);
        preflight(&mut launcher, &spec, Duration::from_secs(1), &mut outcome, &mut events);
        let plan = crate::plan::blocks(&spec, 1, 1);
        run(&mut launcher, &mut MockWatch::default(), &spec, &plan, &mut outcome, &mut events);
        (spec, outcome)
    }

    fn timeline(spec: &Spec, cell: usize) -> Timeline {
        let cell = spec.cells[cell].id.clone();
        Timeline { cell, batch_ns: 1, lanes: Vec::new(), spans: Vec::new(), truncated: None }
    }

    #[test]
    fn each_class_has_one_workload_and_each_model_one_cell() {
        let (spec, outcome) = measured();
        let chosen = choose(&spec, &outcome);
        let models = BuiltIn::infos().iter().filter(|model| model.default).count();
        assert_eq!(chosen.len(), 3 * models);
        let mut names: Vec<_> =
            chosen.iter().map(|&cell| spec.workload_of(&spec.cells[cell]).definition.name.as_str()).collect();
        names.dedup();
        assert_eq!(names, ["factorial", "sleep", "mixed"]);
        assert!(chosen.iter().all(|&cell| spec.cells[cell].ranked && !spec.cells[cell].twin));
    }

    #[test]
    fn what_fails_or_takes_too_long_is_remarked_on_and_the_others_are_traced() {
        let (spec, mut outcome) = measured();
        let chosen = choose(&spec, &outcome);
        outcome.cells[chosen[0]].failure =
            Some(Failure { status: Status::Failed, reason: String::new(), stderr_tail: None });
        if let Some(pace) = &mut outcome.cells[chosen[1]].pace {
            pace.batch = Duration::from_secs(60);
        }
        let trace_one =
            |cell: usize, _| if cell == chosen[2] { Err(broken()) } else { Ok(timeline(&spec, cell)) };
        let (timelines, notes) = trace(&spec, &outcome, Mode::Default, trace_one);
        assert_eq!(timelines.len(), chosen.len() - 3);
        let id = |cell: usize| spec.cells[chosen[cell]].id.as_str();
        assert!(notes[0].starts_with(id(2)) && notes[1].ends_with(id(1)), "{notes:?}");
        assert!(!notes.concat().contains(id(0)), "why it failed is told elsewhere");
    }

    #[test]
    fn a_signal_ends_the_tracing() {
        let (spec, outcome) = measured();
        let mut asked = 0;
        let (timelines, notes) = trace(&spec, &outcome, Mode::Default, |_, _| {
            asked += 1;
            Err(Silence::Interrupted)
        });
        assert_eq!((timelines.len(), notes.len(), asked), (0, 1, 1));
    }
}
