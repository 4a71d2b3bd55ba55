//! Runs with next to nothing in them, or far too much.

use concbench::analyse;
use concbench::record::{Run, Status};

/// Every cell failed.
pub fn all_failed() -> Run {
    let mut run = super::sample();
    for cell in &mut run.cells {
        cell.status = Status::Failed;
        cell.reason = Some("the digest differs from that of the sequential reference".into());
        cell.observations.clear();
    }
    run.timelines.clear();
    analyse::complete(&mut run);
    run
}

/// One cell with one observation.
pub fn single() -> Run {
    let mut run = super::sample();
    run.workloads.truncate(2);
    run.workloads.remove(0);
    run.cells.retain(|cell| cell.id == "factorial/rayon@4");
    run.cells[0].observations.truncate(1);
    analyse::complete(&mut run);
    run
}

/// No CPU time, no context switch, batches of a nanosecond.
pub fn zero() -> Run {
    let mut run = super::sample();
    for observation in run.cells.iter_mut().flat_map(|cell| &mut cell.observations) {
        observation.user_ns = Some(0);
        observation.system_ns = Some(0);
        observation.voluntary_switches = Some(0);
        observation.involuntary_switches = Some(0);
        observation.warm_ns.iter_mut().for_each(|ns| *ns = (*ns).min(1));
    }
    analyse::complete(&mut run);
    run
}

/// Forty models under long names.
pub fn long_names() -> Run {
    many(40, |n| format!("a-model-whose-author-could-not-stop-naming-it-{n}"))
}

/// More than 400 cells.
pub fn crowd() -> Run {
    many(50, |n| format!("model-{n}"))
}

/// As many models as asked for, under these names, in all workloads.
fn many(models: usize, name: impl Fn(usize) -> String) -> Run {
    let mut run = super::sample();
    (run.memory, run.switches) = (None, None);
    let template: Vec<_> =
        run.cells.iter().filter(|cell| cell.model == "rayon" && cell.ranked).cloned().collect();
    run.cells.retain(|cell| cell.model == "sequential" || cell.twin);
    for n in 0..models {
        for cell in &template {
            let mut cell = cell.clone();
            cell.model = name(n);
            cell.id = format!("{}/{}@{}", cell.workload, cell.model, cell.workers);
            for observation in &mut cell.observations {
                let slower = |ns: &mut u64| *ns += *ns * n as u64 / 20;
                observation.warm_ns.iter_mut().for_each(slower);
                slower(&mut observation.cold_ns);
            }
            run.cells.push(cell);
        }
    }
    (run.granularity, run.latency) = (None, None);
    analyse::complete(&mut run);
    run
}
