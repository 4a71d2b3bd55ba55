//! The answer for one workload, in one sentence for a person with five seconds.

use concbench_text::figures::{self, Ratio};
use concbench_text::{list, plural};
use concbench_workloads::Kernel;

use super::compare::FEWEST_PAIRS;
use super::sample::Metric;
use super::standing::{Standing, best, contenders, contrast};
use crate::batch::{Comparison, Sheet, SheetCell, WorkloadRecord};
use crate::model::{Dispatch, Family};
use crate::models::{BuiltIn, Catalogue};
use crate::record::Estimate;

/// How many names a list holds before it says how many more there are.
const NAMES: usize = 4;

/// The answer for one workload. Cells that the run cannot tell apart are named together, never one before the other.
pub(super) fn sentence(
    sheet: &Sheet,
    workload: &WorkloadRecord,
    steady: &Standing<'_>,
    one_off: &Standing<'_>,
) -> String {
    let answer = Answer { sheet, workload, steady, one_off };
    let Some((best, time)) = best(sheet, &workload.name, Metric::Steady)
        .and_then(|best| Some((best, Metric::Steady.estimate(best)?)))
    else {
        return format!("{}: no model could be measured.", workload.name);
    };
    let mut clauses = vec![answer.lead(best, time)];
    clauses.extend(answer.nearest_behind());
    clauses.extend(answer.rounds());
    clauses.extend(answer.one_off());
    format!("{}{}.", answer.opening(time), clauses.join("; "))
}

struct Answer<'a> {
    sheet: &'a Sheet,
    workload: &'a WorkloadRecord,
    steady: &'a Standing<'a>,
    one_off: &'a Standing<'a>,
}

impl<'a> Answer<'a> {
    /// The workload's name, and that too few blocks were measured where that is so.
    fn opening(&self, time: &Estimate) -> String {
        let name = &self.workload.name;
        match time.count {
            blocks if blocks < FEWEST_PAIRS => {
                format!("{name}, indicative only ({}): ", plural(blocks, "block"))
            }
            _ => format!("{name}: "),
        }
    }

    /// Who leads, at what time, and what that gains.
    fn lead(&self, best: &SheetCell, time: &Estimate) -> String {
        let Standing { leaders, tie, by_timers, .. } = self.steady;
        let time_worded = figures::estimate(time);
        let at = format!("at {} a batch {}", time_worded.figure, time_worded.interval);
        let gain = self.against_sequential().unwrap_or_default();
        if contenders(self.sheet, &self.workload.name).len() == 1 {
            return format!("only {} was measured, {at}", cell_name(best));
        }
        if let [only] = leaders[..] {
            let is = if time.count < FEWEST_PAIRS { "seems" } else { "is" };
            return format!("{} {is} the fastest {at}{gain}", cell_name(only));
        }
        if *tie {
            return format!("a tie between {} {at}{gain}", self.names(leaders));
        }
        let medians = leaders.iter().filter_map(|cell| Metric::Steady.estimate(cell)).map(|time| time.median);
        let span = figures::time_span(time.median, medians.fold(time.median, f64::max));
        let beyond = if *by_timers { " beyond how late their timers wake" } else { "" };
        format!(
            "no single winner: this run cannot tell {} apart{beyond}, at {span} a batch",
            self.names(leaders)
        )
    }

    /// How much faster than the baseline, if that is known to be slower and is not what is named next anyway.
    fn against_sequential(&self) -> Option<String> {
        let (sequential, found) =
            self.losers().into_iter().find(|(cell, _)| cell.family == Family::Baseline)?;
        if self.nearest()?.iter().any(|(cell, _)| cell.id == sequential.id) {
            return None;
        }
        let times = ratio(found);
        Some(format!(", {} as fast as {} {}", times.figure(), sequential.model, times.range()))
    }

    /// Who is surely behind by the least, and by how much.
    fn nearest_behind(&self) -> Option<String> {
        let nearest = self.nearest()?;
        let little = |high: f64| {
            let margin = figures::percent(self.sheet.margin);
            if high <= 1.0 + self.sheet.margin {
                format!(", less than the {margin} that count")
            } else {
                String::new()
            }
        };
        if let [(cell, found)] = nearest[..] {
            let times = ratio(found);
            let (figure, interval) = (times.figure(), times.range());
            let little = little(found.high);
            return Some(format!(
                "the nearest behind, {}, takes {figure} as long {interval}{little}",
                cell_name(cell)
            ));
        }
        let cells: Vec<&SheetCell> = nearest.iter().map(|(cell, _)| *cell).collect();
        let low = nearest.iter().map(|(_, found)| found.low).fold(f64::INFINITY, f64::min);
        let high = nearest.iter().map(|(_, found)| found.high).fold(0.0, f64::max);
        let span = figures::ratio_span(low, high);
        Some(format!("the nearest behind, {}, take {span} as long{}", self.names(&cells), little(high)))
    }

    /// Why slower cells of a waiting workload are slow, where the record shows it: fewer workers than tasks make them
    /// wait in rounds. Where one task waits longer than another there are none.
    fn rounds(&self) -> Option<String> {
        if !self.workload.kernel.as_ref().is_none_or(Kernel::waits_alike) {
            return None;
        }
        let wait = self.workload.wait_ns;
        let limited: Vec<(&SheetCell, u64)> = self
            .losers()
            .into_iter()
            .filter(|(cell, _)| cell.family != Family::Baseline && cell.workers < cell.tasks && wait > 0)
            .filter_map(|(cell, _)| {
                let rounds = cell.tasks.div_ceil(cell.workers.max(1));
                // A model whose workers wait for many tasks at once has a shorter ideal.
                (cell.ideal_ns? >= rounds.saturating_mul(wait)).then_some((cell, rounds))
            })
            .collect();
        let &(first, rounds) = limited.first()?;
        let models: Vec<String> = limited
            .iter()
            .filter(|(cell, _)| cell.workers == first.workers)
            .map(|(cell, _)| cell.model.clone())
            .collect();
        let needs = if models.len() == 1 { "needs" } else { "need" };
        Some(format!(
            "{} with {} {needs} {rounds} rounds of {}",
            list(&models, NAMES),
            plural(first.workers, "worker"),
            figures::exact_time(wait),
        ))
    }

    /// Who leads as a one-off job, if that is somebody else.
    fn one_off(&self) -> Option<String> {
        let leaders = &self.one_off.leaders;
        if leaders.iter().any(|cell| self.steady.leaders.iter().any(|other| other.id == cell.id)) {
            return None;
        }
        let lead = if leaders.len() == 1 { "leads" } else { "lead" };
        (!leaders.is_empty()).then(|| format!("as a one-off job {} {lead}", self.names(leaders)))
    }

    /// The cells that are surely slower than the best, each with its comparison, in the order of the record.
    fn losers(&self) -> Vec<(&'a SheetCell, &'a Comparison)> {
        let behind = self.steady.behind.iter().copied();
        let found = |cell: &SheetCell| contrast(self.sheet, &self.workload.name, Metric::Steady, &cell.id);
        behind.filter_map(|cell| Some((cell, found(cell)?))).filter(|(_, found)| found.low > 1.0).collect()
    }

    /// The loser with the smallest ratio, and those whose intervals overlap with its own, in the order of the record.
    fn nearest(&self) -> Option<Vec<(&'a SheetCell, &'a Comparison)>> {
        let mut losers = self.losers();
        let reach = losers.iter().min_by(|left, right| left.1.ratio.total_cmp(&right.1.ratio))?.1.high;
        losers.retain(|(_, found)| found.low <= reach);
        Some(losers)
    }

    /// The names of cells, those of discontinued libraries last: nobody should start with one because it is named first. In a
    /// long list a model that stands in the ranking only once goes without its workers.
    fn names(&self, cells: &[&SheetCell]) -> String {
        const SHORT: usize = 2;
        let mut cells = cells.to_vec();
        cells.sort_by_key(|cell| is_discontinued(&cell.model));
        let contenders = contenders(self.sheet, &self.workload.name);
        let alone =
            |cell: &SheetCell| contenders.iter().filter(|other| other.model == cell.model).count() == 1;
        let name = |cell: &&SheetCell| match cells.len() {
            many if many > SHORT && alone(cell) => match cell.dispatch {
                Dispatch::Single => cell.model.clone(),
                Dispatch::Chunked => format!("{} (chunked)", cell.model),
            },
            _ => cell_name(cell),
        };
        list(&cells.iter().map(name).collect::<Vec<_>>(), NAMES)
    }
}

/// Whether the library of a model that comes with concbench was given up by its authors.
pub(crate) fn is_discontinued(model: &str) -> bool {
    BuiltIn::infos().iter().any(|info| info.id == model && info.discontinued.is_some())
}

fn ratio(found: &Comparison) -> Ratio {
    Ratio { value: found.ratio, interval: Some((found.low, found.high)) }
}

/// The name of a cell in its workload: `rayon (2 workers)`, `rayon-iter (2 workers, chunked)`, so that nobody compares the
/// two unknowingly; the baseline has one worker by definition.
fn cell_name(cell: &SheetCell) -> String {
    let workers = plural(cell.workers, "worker");
    match (cell.family, cell.dispatch) {
        (Family::Baseline, _) => cell.model.clone(),
        (_, Dispatch::Single) => format!("{} ({workers})", cell.model),
        (_, Dispatch::Chunked) => format!("{} ({workers}, chunked)", cell.model),
    }
}
