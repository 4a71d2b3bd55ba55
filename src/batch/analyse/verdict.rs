//! The answer for one workload: who may be the best, how sure that is, and the sentence that says so.

use concbench_stats::{median, sorted};

use super::compare::noise_floor;
use super::sentence::sentence;
use super::standing::{Standing, Sure};
use crate::batch::{Comparison, ComparisonKind, Sheet, SheetCell, WorkloadRecord, WorkloadVerdict};

/// The answer for one workload, from comparisons that are already made and what made them sure.
pub(super) fn verdict(sheet: &Sheet, workload: &WorkloadRecord, sure: [Sure; 2]) -> WorkloadVerdict {
    let of_kind = |kind| {
        sheet.comparisons.iter().filter(move |found| found.workload == workload.name && found.kind == kind)
    };
    let ids = |cells: &[&SheetCell]| cells.iter().map(|cell| cell.id.clone()).collect();
    let [steady, one_off] = sure.map(|sure| Standing::of(sheet, &workload.name, sure));
    let effects: Vec<f64> =
        of_kind(ComparisonKind::Steady).filter_map(|found: &Comparison| found.smallest_effect).collect();
    WorkloadVerdict {
        workload: workload.name.clone(),
        class: workload.class,
        winners: ids(&steady.leaders),
        one_off_winners: ids(&one_off.leaders),
        noise_floor: of_kind(ComparisonKind::Twin).map(noise_floor).reduce(f64::max),
        smallest_effect: median(&sorted(&effects)),
        sentence: sentence(sheet, workload, &steady, &one_off),
    }
}
