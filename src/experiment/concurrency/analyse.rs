//! Who is ahead with how many tasks in flight.

use std::collections::BTreeMap;

use concbench_stats::Estimate;

use super::findings::{Crossing, Figure, Findings, Next, Ratio, Square};
use super::{Cell, Observation};
use crate::batch::analyse::CONFIDENCE;
use crate::model::Family;
use crate::record::{CellRecord, Status};

type Point = CellRecord<Cell, Observation>;

/// The families that are held against each other: who asks, has one of the first and thinks of the second.
const PAIRS: [(Family, Family); 4] = [
    (Family::Threads, Family::Coroutines),
    (Family::Pools, Family::Coroutines),
    (Family::Processes, Family::Coroutines),
    (Family::Processes, Family::Threads),
];
const FIGURES: [Figure; 3] = [Figure::Time, Figure::Cpu, Figure::Memory];

/// What follows from all cells. A difference up to the margin, as a fraction, does not count.
pub(super) fn analyse(cells: &[Point], margin: f64) -> Findings {
    let mut squares = Vec::new();
    let mut crossings = Vec::new();
    for of_work in works(cells) {
        let by_tasks = of_tasks(&of_work);
        squares.extend(by_tasks.values().filter_map(|points| square(points, margin)));
        for families in PAIRS {
            crossings
                .extend(FIGURES.iter().filter_map(|&figure| crossing(&by_tasks, families, figure, margin)));
        }
    }
    Findings { squares, crossings }
}

/// The cells of each kind of task, in the order of the record.
fn works(cells: &[Point]) -> Vec<Vec<&Point>> {
    let mut works: Vec<Vec<&Point>> = Vec::new();
    for cell in cells {
        match works.iter_mut().find(|work| work[0].factors.work == cell.factors.work) {
            Some(work) => work.push(cell),
            None => works.push(vec![cell]),
        }
    }
    works
}

/// The same by their number of tasks, ascending.
fn of_tasks<'a>(cells: &[&'a Point]) -> BTreeMap<u64, Vec<&'a Point>> {
    let mut by_tasks: BTreeMap<u64, Vec<&Point>> = BTreeMap::new();
    for cell in cells {
        by_tasks.entry(cell.factors.tasks).or_default().push(cell);
    }
    by_tasks
}

/// A figure in each block that has it.
fn series(point: &Point, figure: Figure) -> BTreeMap<u32, f64> {
    let of = |made: &Observation| match figure {
        Figure::Time => made.batch.steady_ns(),
        Figure::Cpu => made.task_cpu_ns(),
        Figure::Memory => made.memory_bytes(),
    };
    let known = point.observations.iter().filter_map(|made| Some((made.block, of(&made.responses)?)));
    known.filter(|(_, value)| value.is_finite() && *value > 0.0).collect()
}

fn median(point: &Point, figure: Figure) -> Option<f64> {
    let values: Vec<f64> = series(point, figure).into_values().collect();
    Some(Estimate::of(&values, CONFIDENCE)?.median)
}

/// The ratio of a figure of two cells, by the blocks that both have.
fn ratio(above: &Point, below: &Point, figure: Figure) -> Option<Ratio> {
    let (above, below) = (series(above, figure), series(below, figure));
    let ratios: Vec<f64> =
        above.iter().filter_map(|(block, value)| Some(value / below.get(block)?)).collect();
    let found = Estimate::of(&ratios, CONFIDENCE)?;
    Some(Ratio { ratio: found.median, low: found.low, high: found.high, confidence: found.confidence })
}

/// The best of some cells by a figure.
fn best<'a>(points: &[&'a Point], figure: Figure) -> Option<&'a Point> {
    let known = points.iter().filter(|point| point.status == Status::Ok);
    let known = known.filter_map(|point| Some((*point, median(point, figure)?)));
    known.min_by(|left, right| left.1.total_cmp(&right.1)).map(|(point, _)| point)
}

/// Who wins among the cells with one number of tasks; `None` where nothing was measured.
fn square(points: &[&Point], margin: f64) -> Option<Square> {
    let first = best(points, Figure::Time)?;
    let mut others: Vec<(&Point, Ratio)> = points
        .iter()
        .filter(|point| point.id != first.id && point.status == Status::Ok)
        .filter_map(|point| Some((*point, ratio(point, first, Figure::Time)?)))
        .collect();
    others.sort_by(|left, right| left.1.ratio.total_cmp(&right.1.ratio));
    let behind = |found: &Ratio| found.low > 1.0 + margin;
    let beside = others.iter().filter(|(_, found)| !behind(found)).map(|(point, _)| *point);
    let winners = std::iter::once(first).chain(beside).map(|point| point.factors.model.clone()).collect();
    let next = others.iter().find(|(_, found)| behind(found));
    let Cell { work, wait_ns, compute_ns, tasks, .. } = first.factors.clone();
    let next = next.map(|(point, behind)| Next { model: point.factors.model.clone(), behind: *behind });
    Some(Square { work, wait_ns, compute_ns, tasks, winners, next })
}

/// How two families stand with one number of tasks.
#[derive(Debug, Clone, Copy)]
struct Standing {
    ahead: Option<Family>,
    /// The figure of the second over that of the first, where both have one.
    ratio: Option<Ratio>,
    /// The one that carries none so many, if the other does.
    refused: Option<Family>,
}

impl Standing {
    /// Whether this one is surely not ahead by the margin.
    fn tells_behind(&self, one: Family, families: (Family, Family), margin: f64) -> bool {
        if self.ahead.is_some() {
            return self.ahead != Some(one);
        }
        let within = |found: Ratio| match one == families.0 {
            true => found.high <= 1.0 + margin,
            false => found.low >= 1.0 / (1.0 + margin),
        };
        self.ratio.is_some_and(within)
    }
}

/// Whether so many tasks were not even tried. One that was not reached when the run ended could have been.
pub(super) fn is_refused(point: &Point) -> bool {
    matches!(point.status, Status::Unsupported | Status::Skipped) && !point.is_open()
}

/// How they stand; `None` where it cannot be said, since a figure is missing.
fn standing(
    points: &[&Point],
    (first, second): (Family, Family),
    figure: Figure,
    margin: f64,
) -> Option<Standing> {
    let of = |family| -> Vec<&Point> {
        points.iter().copied().filter(|point| point.factors.family == family).collect()
    };
    let (firsts, seconds) = (of(first), of(second));
    let refused = |points: &[&Point]| !points.is_empty() && points.iter().all(|point| is_refused(point));
    let measured = |points: &[&Point]| points.iter().any(|point| point.status == Status::Ok);
    let alone = |ahead, refused| Standing { ahead: Some(ahead), ratio: None, refused: Some(refused) };
    if refused(&firsts) && measured(&seconds) {
        return Some(alone(second, first));
    }
    if refused(&seconds) && measured(&firsts) {
        return Some(alone(first, second));
    }
    let found = ratio(best(&seconds, figure)?, best(&firsts, figure)?, figure)?;
    let ahead = match found {
        found if found.high < 1.0 / (1.0 + margin) => Some(second),
        found if found.low > 1.0 + margin => Some(first),
        _ => None,
    };
    Some(Standing { ahead, ratio: Some(found), refused: None })
}

/// From how many tasks on one family is ahead of another; `None` where they were never compared.
fn crossing(
    by_tasks: &BTreeMap<u64, Vec<&Point>>,
    families: (Family, Family),
    figure: Figure,
    margin: f64,
) -> Option<Crossing> {
    let known: Vec<(u64, Standing)> = by_tasks
        .iter()
        .filter_map(|(&tasks, points)| Some((tasks, standing(points, families, figure, margin)?)))
        .collect();
    // Where both stop, neither is ahead for having been refused.
    known.iter().find(|(_, standing)| standing.ratio.is_some())?;
    let (&(fewest, _), &(most, last)) = (known.first()?, known.last()?);
    let not_yet =
        known.iter().rev().find(|(_, standing)| standing.ahead != last.ahead).map(|(tasks, _)| *tasks);
    let by =
        known.iter().map(|(tasks, _)| *tasks).find(|tasks| not_yet.is_none_or(|not_yet| *tasks > not_yet));
    // Where it is not told whether it is ahead, it may be.
    let behind =
        |ahead| known.iter().rev().find(|(_, standing)| standing.tells_behind(ahead, families, margin));
    let after = last.ahead.and_then(behind).map(|(tasks, _)| *tasks);
    let shared = known.iter().rev().find_map(|(_, standing)| standing.ratio)?;
    let behind_over_ahead = if last.ahead == Some(families.1) { inverted(shared) } else { shared };
    let first = by_tasks.values().next()?.first()?;
    Some(Crossing {
        work: first.factors.work.clone(),
        wait_ns: first.factors.wait_ns,
        compute_ns: first.factors.compute_ns,
        figure,
        families,
        ahead: last.ahead,
        after,
        by: by.filter(|_| last.ahead.is_some()),
        compared: (fewest, most),
        ratio: Some(behind_over_ahead),
        refused_from: known.iter().find(|(_, standing)| standing.refused.is_some()).map(|(tasks, _)| *tasks),
    })
}

fn inverted(Ratio { ratio, low, high, confidence }: Ratio) -> Ratio {
    Ratio { ratio: 1.0 / ratio, low: 1.0 / high, high: 1.0 / low, confidence }
}
