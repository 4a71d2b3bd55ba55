//! The answer for one workload: who wins, how sure that is, and the sentence that says so.

use super::compare::noise_floor;
use super::contrast::winners;
use super::power::smallest_effect;
use super::sample::Metric;
use super::sentence::sentence;
use super::timers::too_short;
use crate::batch::{ComparisonKind, Sheet, SheetCell, WorkloadRecord, WorkloadVerdict};

/// The answer for one workload, from comparisons that are already made.
pub(super) fn verdict(sheet: &Sheet, workload: &WorkloadRecord) -> WorkloadVerdict {
    let ids = |cells: Vec<&SheetCell>| cells.into_iter().map(|cell| cell.id.clone()).collect();
    let twin_floors = sheet
        .comparisons
        .iter()
        .filter(|found| found.workload == workload.name && found.kind == ComparisonKind::Twin)
        .map(noise_floor);
    let unranked = too_short(sheet, workload);
    let winners = |metric| match unranked {
        Some(_) => Vec::new(),
        None => ids(winners(sheet, &workload.name, metric)),
    };
    WorkloadVerdict {
        workload: workload.name.clone(),
        class: workload.class,
        winners: winners(Metric::Steady),
        one_off_winners: winners(Metric::OneOff),
        noise_floor: twin_floors.reduce(f64::max),
        smallest_effect: smallest_effect(sheet, &workload.name, Metric::Steady)
            .map(|effect| effect.different),
        sentence: match &unranked {
            Some(why) => format!("{}: not ranked: {why}.", workload.name),
            None => sentence(sheet, workload),
        },
        unranked,
    }
}
