//! From the observations to answers: within each language, across languages, and what a global lock costs.

use concbench_stats::{median, sorted};

use super::sheet::{measured, sheet};
use super::{Cell, Findings, Languages, Lock, Observation, Setup, StartUp, own};
use crate::batch::analyse::{CONFIDENCE, Metric, answer, best, compare_alone};
use crate::batch::{Comparison, Sheet, SheetCell};
use crate::experiment::{Context, MeasuredOf};
use crate::model::Family;
use crate::record::{CellRecord, Estimate};

/// The kernel by which start-up and warming up are seen: a loop that computes.
const STARTING: &str = "count";
/// The kernel by which a global lock is seen.
const LOCKED: &str = "factorial";
/// How much longer than a warm batch one may take that counts as warm.
const WARM: f64 = 1.1;
/// How many batches of the curve are kept.
const CURVE: usize = 60;

type Record = CellRecord<Cell, Observation>;

/// What follows from the observations.
pub(super) fn analyse(measured: &MeasuredOf<Languages>, context: &Context<'_>) -> Findings {
    let (setup, cells) = (&measured.setup, &measured.cells);
    let mut sheet = sheet(setup, cells, context);
    answer(&mut sheet);
    let runners = || setup.runners.iter().map(|runner| runner.name.as_str());
    Findings {
        across: across(setup, &sheet),
        starts: runners().filter_map(|runner| start(runner, cells)).collect(),
        locks: runners().filter_map(|runner| lock(runner, cells, &sheet)).collect(),
        within: sheet.verdicts,
        comparisons: sheet.comparisons,
    }
}

/// The fastest of each language over our fastest.
fn across(setup: &Setup, sheet: &Sheet) -> Vec<Comparison> {
    let kernels = setup.kernels.iter().filter(|kernel| kernel.compares_languages());
    let fastest = |runner: &str, kernel: &str| best(sheet, &format!("{runner} {kernel}"), Metric::Steady);
    let ratios = kernels.flat_map(|kernel| {
        let ours = fastest(own::NAME, &kernel.name);
        let others = setup.runners.iter().filter(|runner| runner.name != own::NAME);
        let ratio = move |runner: &concbench_external::Manifest| {
            let theirs = fastest(&runner.name, &kernel.name)?;
            let found = compare_alone(sheet, theirs, ours?, Metric::Steady)?;
            Some(Comparison { workload: kernel.name.clone(), ..found })
        };
        others.filter_map(ratio).collect::<Vec<_>>()
    });
    ratios.collect()
}

/// What a runner takes to begin: by every cell with a loop, and by the batches of one that computes.
fn start(runner: &str, cells: &[Record]) -> Option<StartUp> {
    let loops = |cell: &&Record| cell.factors.runner == runner && cell.factors.family == Family::Baseline;
    let seen = cells.iter().filter(loops).flat_map(|cell| cell.observations.iter().filter_map(measured));
    let times: Vec<f64> = seen.map(|seen| seen.startup_ns as f64).collect();
    let startup = Estimate::of(&times, CONFIDENCE)?;
    let computing = cells.iter().filter(loops).find(|cell| cell.factors.kernel == STARTING);
    let batches: Vec<_> =
        computing.into_iter().flat_map(|cell| cell.observations.iter().filter_map(measured)).collect();
    let warm: Vec<f64> = batches
        .iter()
        .filter_map(|seen| warm_after(seen.cold_ns, &seen.warm_ns, seen.warm_each, seen.steady_ns()?))
        .collect();
    let curve = batches.first().map(|seen| std::iter::once(seen.cold_ns).chain(seen.warm_ns.iter().copied()));
    Some(StartUp {
        runner: runner.to_owned(),
        startup,
        warm_after_ns: median(&sorted(&warm)),
        curve_ns: curve.into_iter().flatten().take(CURVE).collect(),
    })
}

/// How long batches ran until one took at most a tenth more than in steady state, in nanoseconds; none has waited if that is
/// so of the first.
fn warm_after(cold_ns: u64, warm_ns: &[u64], each: u64, steady_ns: f64) -> Option<f64> {
    let is_warm = |time: u64| time as f64 <= WARM * steady_ns;
    if is_warm(cold_ns) {
        return Some(0.0);
    }
    let at = warm_ns.iter().position(|&time| is_warm(time))?;
    let before: f64 = warm_ns[..at].iter().map(|&time| time as f64 * each as f64).sum();
    Some(cold_ns as f64 + before)
}

/// What threads and processes make of the same computing, as the texts show it: a thread for each task over a process for
/// each, the fastest of either.
fn lock(runner: &str, cells: &[Record], sheet: &Sheet) -> Option<Lock> {
    let named = format!("{runner} {LOCKED}");
    let fastest = |of: &dyn Fn(&SheetCell) -> bool| {
        let found = sheet.cells.iter().filter(|cell| cell.workload == named && of(cell));
        let timed = found.filter_map(|cell| Some((cell, Metric::Steady.estimate(cell)?.median)));
        timed.min_by(|left, right| left.1.total_cmp(&right.1)).map(|(cell, _)| cell)
    };
    let threads = fastest(&|cell| cell.family == Family::Threads)?;
    let processes = fastest(&|cell| cell.family == Family::Processes)?;
    let cores = |id: &str| {
        let cell = cells.iter().find(|cell| cell.id == id)?;
        let busy: Vec<f64> =
            cell.observations.iter().filter_map(measured).filter_map(|seen| seen.cores()).collect();
        median(&sorted(&busy))
    };
    let found = compare_alone(sheet, threads, processes, Metric::Steady)?;
    Some(Lock {
        runner: runner.to_owned(),
        cores_of_threads: cores(&threads.id),
        cores_of_processes: cores(&processes.id),
        threads_over_processes: Comparison { workload: LOCKED.to_owned(), ..found },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_is_warm_once_a_batch_takes_what_it_takes_in_the_end() {
        assert_eq!(warm_after(100, &[100, 100], 1, 100.0), Some(0.0));
        assert_eq!(warm_after(900, &[500, 300, 105, 100], 1, 100.0), Some(1700.0));
        assert_eq!(warm_after(900, &[500, 105], 10, 100.0), Some(5900.0));
        assert_eq!(warm_after(900, &[500], 1, 100.0), None);
    }
}
