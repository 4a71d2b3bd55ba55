//! What is recorded of a workload: its definition, and what its tasks were seen to do.

use concbench_workloads::Class;
use sha2::{Digest, Sha256};

use super::WorkloadRecord;
use crate::runner::Reference;
use crate::spec::{BatchSize, WorkloadSpec};

/// From which share of its waiting on a task's computing counts.
const COUNTS: f64 = 0.05;

impl WorkloadRecord {
    /// That of a definition whose tasks were run in turn, if they were.
    pub(crate) fn of(workload: &WorkloadSpec, reference: Option<&Reference>) -> Self {
        let definition = &workload.definition;
        let (wait_ns, timer_ns, class) = match (&definition.kernel, reference) {
            (Some(kernel), _) => (kernel.wait_ns(), kernel.timer_ns(), kernel.class()),
            (None, None) => (0, 0, definition.class),
            (None, Some(seen)) => {
                let slept = seen.waits.sleep_ns / workload.tasks.max(1);
                (slept, slept, class(seen))
            }
        };
        Self {
            name: definition.name.clone(),
            class,
            teaches: definition.teaches.clone(),
            why_this_size: definition.why_this_size.clone(),
            tasks: workload.tasks,
            kernel: definition.kernel.clone(),
            wait_ns,
            timer_ns,
            hash: fingerprint(workload, reference),
        }
    }
}

/// What tasks mostly do, by what they were seen to do.
fn class(seen: &Reference) -> Class {
    let waits = seen.waits.sleep_ns > 0 || seen.waits.connects > 0;
    let computes = seen.elapsed_ns as f64 >= COUNTS * seen.waits.sleep_ns as f64;
    match (waits, computes) {
        (false, _) => Class::Cpu,
        (true, true) if seen.waits.connects == 0 => Class::Mixed,
        (true, _) => Class::Io,
    }
}

/// Two workloads with the same fingerprint do the same work: they have the same definition, and their tasks return and
/// wait for the same. A batch with so many tasks for each core has another number of them on another machine, so that
/// what all of them return is another figure there: it is the definition that counts, and what one task waits for.
fn fingerprint(workload: &WorkloadSpec, reference: Option<&Reference>) -> String {
    let (name, kernel) = (&workload.definition.name, workload.definition.kernel.as_ref());
    let work = match workload.definition.size {
        BatchSize::Tasks(tasks) => {
            let seen = reference.map(|seen| (seen.digest, seen.waits));
            serde_json::to_string(&(name, kernel, tasks, seen))
        }
        per_core => {
            let each = |all: u64| all / workload.tasks.max(1);
            let seen = reference.map(|seen| (each(seen.waits.sleep_ns), each(seen.waits.connects)));
            serde_json::to_string(&(name, kernel, per_core, seen))
        }
    };
    let digest = Sha256::digest(work.expect("plain data has no map with keys other than strings"));
    digest[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{BuiltIn, Catalogue};
    use crate::spec::{Definition, Spec, default_definitions};

    fn records(cores: u64, of: fn(Definition) -> Definition) -> Vec<WorkloadRecord> {
        let definitions = default_definitions().into_iter().map(of).collect();
        let spec = Spec::build(definitions, &BuiltIn::infos(), false, cores).expect("they are valid");
        spec.workloads.iter().map(|workload| WorkloadRecord::of(workload, None)).collect()
    }

    #[test]
    fn a_definition_has_one_fingerprint_on_machines_with_other_cores() {
        let (small, large) = (records(2, |same| same), records(64, |same| same));
        for (here, there) in small.iter().zip(&large) {
            assert_eq!(here.hash, there.hash, "{}", here.name);
        }
        assert!(small.iter().zip(&large).any(|(here, there)| here.tasks < there.tasks));
    }

    #[test]
    fn another_number_of_tasks_is_another_fingerprint() {
        let (as_defined, halved) = (records(2, |same| same), records(2, Definition::quick));
        for (whole, half) in as_defined.iter().zip(&halved) {
            assert_eq!(whole.hash == half.hash, whole.tasks == half.tasks, "{}", whole.name);
        }
        // As many tasks by another rule are others on the next machine.
        let fixed = records(2, |count| count.tasks(48));
        let hash = |of: &[WorkloadRecord]| {
            of.iter().find(|one| one.name == "count").expect("it is there").hash.clone()
        };
        assert_ne!(hash(&fixed), hash(&as_defined));
    }
}
