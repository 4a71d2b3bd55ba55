use std::collections::{BTreeSet, HashMap};

use concbench_stats::Location;
use concbench_workloads::Class;
use serde::Serialize;

use super::CLASSES;
use crate::batch::WorkloadRecord;
use crate::batch::analyse::{CONFIDENCE, MARGIN};
use crate::experiment::compare::{ComparedCell, Contrast, contrast};

/// The fewest observations on each side of which a class has an interval. The interval of a cell with fewer is the whole
/// range of its differences, and says little about their scatter.
const FEWEST: u64 = 5;

/// A class of work over all of its common cells.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct ComparedClass {
    /// The class.
    pub(super) class: Class,
    /// Its workloads that have common cells: the groups of these.
    pub(super) workloads: BTreeSet<String>,
    /// How many cells it has.
    pub(super) cells: u64,
    /// The geometric mean of the ratios, for each run after the first.
    pub(super) contrasts: Vec<Contrast>,
}

/// The classes that have common cells.
pub(super) fn classes(workloads: &[WorkloadRecord], cells: &[ComparedCell]) -> Vec<ComparedClass> {
    let known: HashMap<&str, Class> = workloads.iter().map(|work| (work.name.as_str(), work.class)).collect();
    let of = |class: Class| {
        let of_class: Vec<&ComparedCell> =
            cells.iter().filter(|cell| known.get(cell.group.as_str()) == Some(&class)).collect();
        compared(class, &of_class)
    };
    CLASSES.into_iter().filter_map(of).collect()
}

/// The geometric mean of a class over its common cells; `None` if it has none.
///
/// It is the mean of their logarithms, and its standard error follows from theirs: the square root of the sum of squares
/// over their number, since cells are measured in processes of their own. The interval is the normal one; with too few
/// observations it is left open, from 0 to infinity.
fn compared(class: Class, cells: &[&ComparedCell]) -> Option<ComparedClass> {
    let places = 1..=cells.first()?.first().contrasts.len();
    let contrasts = places.map(|place| mean_contrast(cells, place)).collect::<Option<_>>()?;
    let workloads = cells.iter().map(|cell| cell.group.clone()).collect();
    Some(ComparedClass { class, workloads, cells: cells.len() as u64, contrasts })
}

fn mean_contrast(cells: &[&ComparedCell], place: usize) -> Option<Contrast> {
    let contrasts: Vec<&Contrast> = cells.iter().map(|cell| &cell.first().contrasts[place - 1]).collect();
    let logs: Vec<Location> = contrasts.iter().map(|of| of.location().ln()).collect();
    let counts = cells.iter().map(|cell| &cell.first().estimates);
    let fewest = counts.map(|of| of[place].count.min(of[0].count)).min().unwrap_or(0);
    let mut mean = Location::mean(&logs, CONFIDENCE)?;
    if fewest < FEWEST {
        (mean.low, mean.high) = (f64::NEG_INFINITY, f64::INFINITY);
    }
    let margin = contrasts.iter().map(|of| of.margin).fold(MARGIN, f64::max);
    Some(contrast(&mean, fewest, margin, None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Verdict;
    use crate::experiment::compare::ComparedResponse;
    use crate::record::Estimate;

    fn cell(ratio: f64, width: f64, count: u64) -> ComparedCell {
        let log = ratio.ln();
        let location = Location { estimate: log, low: log - width, high: log + width, confidence: 0.95 };
        let estimate = Estimate { median: 1.0, low: 1.0, high: 1.0, min: 1.0, count, confidence: 0.95 };
        let response = ComparedResponse {
            name: "steady_ns",
            estimates: vec![estimate; 2],
            contrasts: vec![contrast(&location, count, MARGIN, Some(0.001))],
        };
        let (key, group) = (format!("{ratio}"), "work".to_owned());
        ComparedCell { key, group, model: None, family: None, responses: vec![response] }
    }

    #[test]
    fn the_interval_of_a_class_is_that_of_its_figure() {
        let cells = [cell(1.1, 0.04, 20), cell(1.3, 0.04, 20), cell(1.2, 0.04, 20), cell(1.2, 0.04, 20)];
        let cells: Vec<&ComparedCell> = cells.iter().collect();
        let found = compared(Class::Cpu, &cells).expect("there are cells").contrasts[0];
        let mean = cells.iter().map(|cell| cell.first().contrasts[0].ratio.ln()).sum::<f64>() / 4.0;
        assert!((found.ratio.ln() - mean).abs() < 1e-9, "{found:?}");
        // Four alike cells tell together twice as much as one of them.
        let width = (found.high / found.low).ln();
        assert!((width - 0.04).abs() < 1e-6, "{found:?}");
        assert_eq!(found.verdict, Verdict::Different);
    }

    #[test]
    fn with_few_observations_the_interval_is_open() {
        let cell = cell(1.5, 0.01, 4);
        let found = compared(Class::Io, &[&cell]).expect("there is a cell").contrasts[0];
        assert_eq!((found.low, found.high, found.verdict), (0.0, f64::INFINITY, Verdict::Unresolved));
        assert_eq!(compared(Class::Io, &[]), None);
    }
}
