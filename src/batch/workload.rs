//! What is recorded of a workload: its definition, and what its tasks were seen to do.

use concbench_workloads::{Class, Kernel};
use sha2::{Digest, Sha256};

use super::WorkloadRecord;
use crate::runner::Reference;
use crate::spec::WorkloadSpec;

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
                let slept = seen.waits.sleep_ns / definition.tasks.max(1);
                (slept, slept, class(seen))
            }
        };
        Self {
            name: definition.name.clone(),
            class,
            teaches: definition.teaches.clone(),
            why_this_size: definition.why_this_size.clone(),
            tasks: definition.tasks,
            kernel: definition.kernel.clone(),
            wait_ns,
            timer_ns,
            hash: fingerprint(&definition.name, definition.kernel.as_ref(), definition.tasks, reference),
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
/// wait for the same.
fn fingerprint(name: &str, kernel: Option<&Kernel>, tasks: u64, reference: Option<&Reference>) -> String {
    let seen = reference.map(|seen| (seen.digest, seen.waits));
    let work = serde_json::to_string(&(name, kernel, tasks, seen));
    let digest = Sha256::digest(work.expect("plain data has no map with keys other than strings"));
    digest[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}
