//! How long a task may compute in each place.

use std::collections::BTreeMap;

use concbench_stats::Estimate;
use concbench_text::{figures, list};
use itertools::Itertools as _;

use super::plan::short_share;
use super::{Allowed, Beyond, Cell, HANDED_LATE, LeftOut, Length, OVERRUN, Observation, Placed, Point};
use crate::batch::analyse::CONFIDENCE;
use crate::record::{CellRecord, Status};

type Load = CellRecord<Cell, Observation>;

/// How many times the 99th percentile without computing is too much.
pub(super) const TOO_MUCH: f64 = 2.0;
/// How many times a length is beyond what was measured where it is only known to be: so many that its middle with one that
/// was measured is beyond, too.
const FAR: f64 = 1e12;
/// How many times as long as it takes if no task waits a load may take: a place in which it takes longer has more to do
/// than it can, and its short tasks wait the longer the longer that lasts.
const KEPT_UP: f64 = 1.1;

/// What follows for each place, in the order of the cells.
pub(super) fn analyse(cells: &[Load]) -> Vec<Placed> {
    let computing = cells.iter().map(|cell| &cell.factors).filter(|cell| cell.computing_ns > 0);
    let places = computing.map(|cell| (cell.runtime.as_str(), cell.placement.as_str())).unique();
    places.map(|(runtime, placement)| placed(cells, runtime, placement)).collect()
}

/// The 99th percentile of each round.
fn p99(load: &Load) -> BTreeMap<u32, f64> {
    let known = load.observations.iter().filter_map(|made| match &made.responses {
        Observation::Load(served) => Some((made.block, served.p99_ns()?)),
        Observation::Step { .. } => None,
    });
    known.filter(|(_, p99)| *p99 > 0.0).collect()
}

fn placed(cells: &[Load], runtime: &str, placement: &str) -> Placed {
    let of_runtime = || cells.iter().filter(|cell| cell.factors.runtime == runtime);
    let alone = of_runtime().find(|cell| cell.factors.computing_ns == 0);
    let alone_p99 = alone.map(p99).unwrap_or_default();
    // Of each round, at each length: how many times the percentile without computing.
    let mut rounds: BTreeMap<u32, Vec<(u64, f64)>> = BTreeMap::new();
    let (mut points, mut left_out) = (Vec::new(), Vec::new());
    let mut loads: Vec<&Load> = of_runtime()
        .filter(|cell| cell.factors.computing_ns > 0 && cell.factors.placement == placement)
        .collect();
    loads.sort_by_key(|load| load.factors.computing_ns);
    for load in &loads {
        let computing_ns = load.factors.computing_ns;
        if let Some(reason) = alone.and_then(|alone| says_nothing(load, alone)) {
            left_out.push(LeftOut { computing_ns, reason });
            continue;
        }
        let ratios: Vec<(u32, f64)> = p99(load)
            .into_iter()
            .filter_map(|(block, p99)| Some((block, p99 / alone_p99.get(&block)?)))
            .collect();
        ratios
            .iter()
            .for_each(|(block, ratio)| rounds.entry(*block).or_default().push((computing_ns, *ratio)));
        let values: Vec<f64> = ratios.into_iter().map(|(_, ratio)| ratio).collect();
        points.extend(Estimate::of(&values, CONFIDENCE).map(|found| Point {
            computing_ns,
            ratio: found.median,
            low: found.low,
            high: found.high,
        }));
    }
    let (allowed, refusal) = match allowed(&rounds, &points) {
        Some(Ok(allowed)) => (Some(allowed), None),
        Some(Err(unresolved)) => (None, Some(unresolved)),
        None => {
            let why = alone.filter(|alone| alone.status != Status::Ok).and_then(|alone| alone.reason.clone());
            let why = why.or_else(|| left_out.first().map(|one: &LeftOut| one.reason.clone()));
            let why = why.or_else(|| loads.iter().find_map(|load| load.reason.clone()));
            let too_few = || "too few short tasks were measured for a 99th percentile".to_owned();
            (None, Some(why.unwrap_or_else(too_few)))
        }
    };
    let (runtime, placement) = (runtime.to_owned(), placement.to_owned());
    Placed { runtime, placement, allowed, refusal, points, left_out }
}

/// Why one length says nothing of what computing does to its neighbours, if it does not.
fn says_nothing(load: &Load, alone: &Load) -> Option<String> {
    let median = |load: &Load, response: &str| load.summary.get(response).map(|found| found.median);
    if let Some(overrun) = median(load, OVERRUN).filter(|overrun| *overrun > KEPT_UP) {
        return Some(format!(
            "it did not keep up, and all tasks were done only after {} the time that they take if none waits",
            figures::ratio(overrun, None)
        ));
    }
    let (late, base) = (median(load, HANDED_LATE)?, median(alone, "p99_ns")?);
    // What was due meanwhile comes at once, and each waits for those before it.
    let queue = late * short_share(load.factors.workers);
    (queue > base).then(|| {
        format!(
            "short tasks were handed over {} late at p99, so many at once then that they waited for each other longer than \
             the {} that they take without computing",
            figures::time(late),
            figures::time(base)
        )
    })
}

/// The median over the rounds that have every length that any has; or why it says nothing. `None` without such a round.
fn allowed(rounds: &BTreeMap<u32, Vec<(u64, f64)>>, points: &[Point]) -> Option<Result<Allowed, String>> {
    let (shortest, longest) = (points.first()?.computing_ns, points.last()?.computing_ns);
    let whole: Vec<_> = rounds.values().filter(|round| round.len() == points.len()).collect();
    let contrary = whole.iter().filter(|round| doubles_at(round).is_none()).count();
    // One round may look so by chance.
    if contrary > 0 && 2 * contrary >= whole.len() {
        return Some(Err(format!(
            "{}; shorter computing, of which more is handed over, hurt where longer did not, so that something else than \
             how long it lasts doubled it",
            doubled(&whole)
        )));
    }
    let logs: Vec<f64> = whole.iter().filter_map(|round| Some(doubles_at(round)?.ln())).collect();
    let found = Estimate::of(&logs, CONFIDENCE)?;
    let length = |log: f64| match log.exp() {
        ns if ns < shortest as f64 => Length { ns: None, beyond: Some(Beyond::Below) },
        ns if ns > longest as f64 => Length { ns: None, beyond: Some(Beyond::Above) },
        ns => Length { ns: Some(ns), beyond: None },
    };
    let (low, high) = (length(found.low), length(found.high));
    if (low.beyond, high.beyond) == (Some(Beyond::Below), Some(Beyond::Above)) {
        return Some(Err(doubled(&whole)));
    }
    let (median, confidence) = (length(found.median), found.confidence);
    Some(Ok(Allowed { median, low, high, confidence, measured_ns: (shortest, longest) }))
}

/// In how many of these rounds, which have the same lengths, the percentile had doubled at each.
fn doubled(rounds: &[&Vec<(u64, f64)>]) -> String {
    let lengths = rounds.first().map_or(&[][..], |round| round.as_slice());
    let of_rounds = |at: usize| rounds.iter().filter(|round| round[at].1 >= TOO_MUCH).count();
    let counted: Vec<(usize, u64)> =
        lengths.iter().enumerate().map(|(at, (length, _))| (of_rounds(at), *length)).collect();
    let part = |(place, of_count): (usize, &[(usize, u64)])| {
        let (count, total) = (of_count[0].0, rounds.len());
        let rounds = if place == 0 { format!("{count} of {total} rounds") } else { count.to_string() };
        let lengths: Vec<String> = of_count.iter().map(|(_, length)| figures::exact_time(*length)).collect();
        format!("in {rounds} at {}", list(&lengths, usize::MAX))
    };
    let parts: Vec<String> =
        counted.chunk_by(|left, right| left.0 == right.0).enumerate().map(part).collect();
    format!("p99 had doubled {}", list(&parts, usize::MAX))
}

/// The length at which the percentile has doubled, by interpolation on logarithms, in nanoseconds; far below the shortest,
/// or far above the longest, where that was not measured. `None` where it is below that again beside longer tasks: whatever
/// doubled it was not how long they compute.
fn doubles_at(round: &[(u64, f64)]) -> Option<f64> {
    let end = |point: Option<&(u64, f64)>| point.map_or(1.0, |(ns, _)| *ns as f64);
    let doubled = |(_, ratio): &(u64, f64)| *ratio >= TOO_MUCH;
    let Some(at) = round.iter().position(doubled) else { return Some(end(round.last()) * FAR) };
    if !round[at..].iter().all(doubled) {
        return None;
    }
    let Some(before) = at.checked_sub(1) else { return Some(end(round.first()) / FAR) };
    let ((from, less), (to, more)) = (round[before], round[at]);
    let part = (TOO_MUCH / less).ln() / (more / less).ln();
    Some(from as f64 * (to as f64 / from as f64).powf(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_percentile_doubles_is_read_between_two_lengths() {
        let at = |ratios: [f64; 3]| doubles_at(&[(10, ratios[0]), (1_000, ratios[1]), (100_000, ratios[2])]);
        // From 1 to 4 over two decades: 2 lies half-way.
        assert!((at([1.0, 4.0, 9.0]).unwrap() - 100.0).abs() < 1e-9);
        assert!((at([1.0, 1.0, 2.0]).unwrap() - 100_000.0).abs() < 1e-6);
        assert!(at([2.5, 3.0, 9.0]).unwrap() < 10.0, "it has doubled at the shortest already");
        assert!(at([1.0, 1.9, 1.5]).unwrap() > 100_000.0);
    }

    #[test]
    fn where_rounds_contradict_each_other_it_is_said_what_each_length_did() {
        let said = |rounds: [[f64; 3]; 3]| {
            let rounds = rounds.map(|ratios| {
                [10_000, 100_000, 1_000_000].into_iter().zip(ratios).collect::<Vec<(u64, f64)>>()
            });
            doubled(&rounds.each_ref())
        };
        assert_eq!(
            said([[9.0, 30.0, 1.0], [9.0, 40.0, 3.0], [7.0, 9.0, 1.0]]),
            "p99 had doubled in 3 of 3 rounds at 10 µs and 100 µs and in 1 at 1 ms"
        );
        assert_eq!(
            said([[1.0, 3.0, 1.0], [1.0, 3.0, 1.0], [1.0, 1.0, 3.0]]),
            "p99 had doubled in 0 of 3 rounds at 10 µs, in 2 at 100 µs and in 1 at 1 ms"
        );
    }

    #[test]
    fn what_is_worse_beside_shorter_tasks_says_nothing_of_their_length() {
        assert_eq!(doubles_at(&[(10, 2.5), (1_000, 1.0), (100_000, 9.0)]), None);
        assert_eq!(doubles_at(&[(10, 1.0), (1_000, 2.5), (100_000, 1.0)]), None);
    }
}
