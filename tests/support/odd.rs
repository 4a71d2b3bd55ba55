//! Records with next to nothing in them, or far too much.

use concbench::batch::SheetCell;
use concbench::record::{Record, Status};

use super::sheet::change;

/// Every cell failed.
pub fn all_failed() -> Record {
    let mut record = super::sample();
    for cell in record.experiments.values_mut().flat_map(|experiment| &mut experiment.cells) {
        cell.status = Status::Failed;
        cell.reason = Some("the digest differs from that of the sequential reference".into());
        cell.observations.clear();
    }
    concbench::results::complete(&mut record).expect("it is still a record");
    record
}

/// One cell with one observation.
pub fn single() -> Record {
    let mut record = super::sample();
    record.experiments.retain(|id, _| id == "matrix");
    change(&mut record, |sheet| {
        sheet.workloads.retain(|work| work.name == "factorial");
        sheet.cells.retain(|cell| cell.id == "factorial/rayon@4");
        sheet.cells[0].observations.truncate(1);
    });
    record
}

/// Nothing at all.
pub fn empty() -> Record {
    let mut record = super::sample();
    record.noise.blocks.clear();
    record.experiments.values_mut().for_each(|experiment| experiment.cells.clear());
    change(&mut record, |sheet| sheet.workloads.clear());
    record
}

/// No CPU time, no context switch, batches of a nanosecond.
pub fn zero() -> Record {
    let mut record = super::sample();
    change(&mut record, |sheet| {
        for observation in sheet.cells.iter_mut().flat_map(|cell| &mut cell.observations) {
            observation.user_ns = Some(0);
            observation.system_ns = Some(0);
            observation.voluntary_switches = Some(0);
            observation.involuntary_switches = Some(0);
            observation.warm_ns.iter_mut().for_each(|ns| *ns = (*ns).min(1));
        }
    });
    record
}

/// Forty models under long names.
pub fn long_names() -> Record {
    many(40, |n| format!("a-model-whose-author-could-not-stop-naming-it-{n}"))
}

/// More than 400 cells.
pub fn crowd() -> Record {
    many(50, |n| format!("model-{n}"))
}

/// As many models as asked for, under these names, in all workloads.
fn many(models: usize, name: impl Fn(usize) -> String) -> Record {
    let mut record = super::sample();
    record.experiments.retain(|id, _| id == "matrix" || id == "timers");
    change(&mut record, |sheet| {
        let template: Vec<SheetCell> =
            sheet.cells.iter().filter(|cell| cell.model == "rayon" && cell.ranked).cloned().collect();
        sheet.cells.retain(|cell| cell.model == "sequential" || cell.twin);
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
                sheet.cells.push(cell);
            }
        }
    });
    record
}
