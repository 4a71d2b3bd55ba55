//! What a run of the matrix says of each class of work, for a reader of many runs.

use concbench_workloads::Class;

use super::compare::CLASSES;
use super::section::answer;
use super::view::{Ratio, SheetView, class};
use super::{Matrix, analyse};
use crate::batch::analyse::{Metric, best};
use crate::batch::{ComparisonKind, SheetCell, WorkloadRecord};
use crate::experiment::gallery::{Gain, Merit, Rate};
use crate::experiment::{RecordOf, View};
use crate::model::Family;

/// One for each class that was measured.
pub(super) fn merits(record: &RecordOf<Matrix>, view: &View<'_>) -> Vec<Merit> {
    let sheet = analyse::sheet(record, view.record, &view.facts.timers);
    let view = SheetView::new(&sheet, view.looks, &view.record.machine);
    CLASSES.into_iter().filter_map(|class| merit(&view, class)).collect()
}

fn merit(view: &SheetView<'_>, of: Class) -> Option<Merit> {
    let works: Vec<&WorkloadRecord> = view.sheet.workloads.iter().filter(|work| work.class == of).collect();
    let fastest =
        |work: &&WorkloadRecord| Some((work.hash.clone(), best(view.sheet, &work.name, Metric::Steady)?));
    let cells: Vec<(String, &SheetCell)> = works.iter().filter_map(fastest).collect();
    (!cells.is_empty()).then(|| Merit {
        work: class(of),
        answer: answer(view, &works),
        gains: cells.iter().filter_map(|(_, cell)| gain(view, cell)).collect(),
        bounded_by_cores: of == Class::Cpu,
        rates: cells.iter().map(|(hash, cell)| rate(hash, cell)).collect(),
    })
}

/// What a cell brings over the baseline of its workload; nothing for the baseline itself.
fn gain(view: &SheetView<'_>, cell: &SheetCell) -> Option<Gain> {
    if cell.family == Family::Baseline {
        return Some(Gain { what: cell.id.clone(), speedup: Ratio { value: 1.0, interval: None } });
    }
    let found = view.comparison(ComparisonKind::Baseline, &cell.id)?;
    let interval = Some((1.0 / found.high, 1.0 / found.low));
    Some(Gain { what: cell.id.clone(), speedup: Ratio { value: 1.0 / found.ratio, interval } })
}

fn rate(hash: &str, cell: &SheetCell) -> Rate {
    let per_second = Metric::Steady.series(cell).into_iter().map(|ns| cell.tasks as f64 * 1e9 / ns);
    let per_second = per_second.filter(|rate| rate.is_finite() && *rate > 0.0).collect();
    Rate { fingerprint: hash.to_owned(), per_second }
}
