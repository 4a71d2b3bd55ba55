//! What the self-test measures: small batches of the kernels of the default matrix.

use concbench_workloads::{Count, Factorial, Http, Kernel, Mixed, Noop};

use crate::model::ModelInfo;
use crate::spec::{BatchSize, Definition, Models, Spec, SpecError, Workers};

/// The models whose cells are measured beside themselves: of every family one or more, none that leaves anything out.
const MODELS: [&str; 8] =
    [SEQUENTIAL, "process-pool", "thread-pool", PARALLEL, "process-fork", "thread-spawn", "rayon", "smol"];
/// How many of them a quick self-test has.
const QUICK_MODELS: usize = 4;

/// The model whose times hold nothing of its own, so that a twin with 5 % more work takes 5 % longer.
pub(super) const SEQUENTIAL: &str = "sequential";
/// The model of the default matrix's twins.
pub(super) const PARALLEL: &str = "tokio-multi-thread";
/// By how many percent more the twins count.
pub(super) const EFFECTS: [u64; 3] = [2, 3, 5];

/// The workload whose tasks do nothing.
pub(super) const NOOP: &str = "noop";
/// The workload whose tasks count.
pub(super) const COUNT: &str = "count";
/// How far a task counts: a few tens of microseconds.
const STEPS: u64 = 100_000;
/// How many of them make a batch.
const TASKS: u64 = 48;

/// The name of the workload whose tasks count by so many percent further than those of [`COUNT`].
pub(super) fn further(percent: u64) -> String {
    format!("{COUNT}-{percent}-more")
}

/// Every cell twice: one run in which nothing differs from its twin.
pub(super) fn equals(models: &[ModelInfo], quick: bool, cores: u64) -> Result<Spec, SpecError> {
    let http =
        Http { requests: 2, delay_us: 1000, body_bytes: 1024, target: None, path: None, delay_tail: None };
    let kernels = [
        (NOOP, 200, Kernel::Noop(Noop {})),
        (COUNT, TASKS, Kernel::Count(Count { n: STEPS })),
        ("factorial", 24, Kernel::Factorial(Factorial { n: 1000 })),
        ("mixed", 16, Kernel::Mixed(Mixed { n: STEPS, wait_us: 1000 })),
        ("http", 8, Kernel::Http(http)),
    ];
    let names = if quick { &MODELS[..QUICK_MODELS] } else { &MODELS[..] };
    let definitions = kernels.map(|(name, tasks, kernel)| definition(name, kernel, tasks, names));
    let mut spec = Spec::build(definitions.into(), models, true, cores)?;
    let twins: Vec<_> = spec.cells.iter().map(|cell| cell.twin()).collect();
    spec.cells.extend(twins);
    Ok(spec)
}

/// One cell, its A/A twin, and twins of it that do more work. They are workloads of their own, since their digests
/// differ; a run takes one block of each in turn, in random order, so that the cells that are compared stand as near
/// to each other as the cells of one block do.
pub(super) fn effects(models: &[ModelInfo], cores: u64) -> Result<Spec, SpecError> {
    let count = |name: &str, n| definition(name, Kernel::Count(Count { n }), TASKS, &[SEQUENTIAL, PARALLEL]);
    let mut definitions = vec![count(COUNT, STEPS)];
    definitions.extend(EFFECTS.map(|percent| count(&further(percent), STEPS + STEPS * percent / 100)));
    let mut spec = Spec::build(definitions, models, true, cores)?;
    let twins: Vec<_> = spec.cells.iter().filter(|cell| cell.workload == 0).map(|cell| cell.twin()).collect();
    spec.cells.extend(twins);
    Ok(spec)
}

fn definition(name: &str, kernel: Kernel, tasks: u64, models: &[&str]) -> Definition {
    Definition {
        name: name.to_owned(),
        class: kernel.class(),
        kernel: Some(kernel),
        size: BatchSize::Tasks(tasks),
        quick_size: None,
        teaches: "Whether concbench finds what is there, and nothing else.".to_owned(),
        why_this_size: "As small as an observation allows, so that a self-test takes minutes.".to_owned(),
        models: Models::Named(models.iter().map(|&name| name.to_owned()).collect()),
        workers: vec![Workers::Cores],
        pool_workers: None,
        twin: None,
        scaling: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{BuiltIn, Catalogue};

    #[test]
    fn forty_cells_stand_beside_themselves_and_twenty_in_a_quick_test() {
        for (quick, pairs) in [(false, 40), (true, 20)] {
            let spec = equals(&BuiltIn::infos(), quick, 2).expect("it is valid");
            assert_eq!(spec.cells.iter().filter(|cell| cell.twin).count(), pairs);
            assert_eq!(spec.cells.len(), 2 * pairs);
        }
    }

    #[test]
    fn twins_count_further_by_exactly_their_share() {
        let spec = effects(&BuiltIn::infos(), 2).expect("it is valid");
        let steps = |name: &str| {
            let workload = spec.workloads.iter().find(|workload| workload.definition.name == name);
            match workload.expect("it is there").definition.kernel {
                Some(Kernel::Count(Count { n })) => n,
                _ => panic!("{name} counts"),
            }
        };
        for percent in EFFECTS {
            assert_eq!(100 * steps(&further(percent)), (100 + percent) * steps(COUNT));
        }
        assert_eq!(spec.cells.iter().filter(|cell| cell.twin).count(), 2);
    }
}
