//! The load at which latency gives way.

use concbench_stats::falling;

use super::capacity::SUSTAINED;
use super::findings::Knee;
use super::{Cell, Observation};
use crate::record::{CellRecord, Status};
use concbench_text::figures;

/// The fewest tasks of a round that has a say. One of a hundred bounds no percentile: it is one vote of several rounds.
const FEWEST_TASKS: u64 = 100;
/// How many times the unloaded median the 99th percentile may be below the knee.
pub(super) const KNEE: f64 = 3.0;

type Load = CellRecord<Cell, Observation>;

/// The highest load at which latency stays low in most rounds. How many rounds do so is fitted by a sequence that never
/// rises with the rate: one unlucky round of a low rate is none, and neither is a lucky one of a high rate.
///
/// The loads ascend; the unloaded median is that of the first.
pub(super) fn knee(loads: &[&Load]) -> Result<Knee, String> {
    let first = loads.first().ok_or("it has no load")?;
    if let Some(unmeasured) = loads.iter().find(|load| load.status != Status::Ok) {
        let why = unmeasured.reason.as_deref().unwrap_or("no reason was recorded");
        return Err(format!("{} was not measured: {why}", unmeasured.factors.load));
    }
    let mut medians: Vec<u64> =
        first.observations.iter().map(|made| made.responses.latency.counts().quantile_ns(0.5)).collect();
    medians.sort_unstable();
    let unloaded = medians.get(medians.len() / 2).copied().unwrap_or(0) as f64;
    let low = |load: &&Load| {
        // A round in which the dispatcher was late was another load.
        let rounds = load.observations.iter().filter(|made| !made.responses.is_late());
        let rounds: Vec<bool> = rounds.map(|made| stays_low(&made.responses, unloaded)).collect();
        let low = rounds.iter().filter(|low| **low).count() as f64 / rounds.len() as f64;
        if rounds.is_empty() {
            Err(format!("the dispatcher was late in every round of {}", load.factors.load))
        } else {
            Ok(low)
        }
    };
    let low: Vec<f64> = loads.iter().map(low).collect::<Result<_, String>>()?;
    let fitted = falling(&low);
    let Some(at) = fitted.iter().rposition(|share| *share > 0.5) else {
        let share = first.factors.share.unwrap_or_default();
        return Err(format!(
            "already at {} of what it sustains the 99th percentile exceeds {KNEE} times the median, or tasks are done more \
             slowly than they are due",
            figures::percent(share)
        ));
    };
    let rate = loads[at].observations.first().and_then(|made| made.responses.rate_per_s);
    Ok(Knee {
        share: loads[at].factors.share.unwrap_or_default(),
        rate_per_s: rate.unwrap_or_default(),
        highest: at + 1 == loads.len(),
    })
}

/// Whether in this round tasks are done as they are due, and 99 of 100 take a few times the unloaded median at most.
fn stays_low(seen: &Observation, unloaded: f64) -> bool {
    let counts = seen.latency.counts();
    counts.len() >= FEWEST_TASKS
        && counts.quantile_ns(0.99) as f64 <= KNEE * unloaded
        && seen.rate_per_s.is_some_and(|rate| seen.done_per_s >= SUSTAINED * rate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Family;
    use crate::record::{Factors, Histogram, Observed};

    const MS: u64 = 1_000_000;

    /// A load whose slowest two of a hundred take so many milliseconds, round by round, and the others 10.
    fn load(share: f64, slow_ms: [u64; 3]) -> Load {
        let factors = Cell {
            workload: "work".to_owned(),
            model: "rayon".to_owned(),
            family: Family::Pools,
            workers: 2,
            load: format!("{}%", 100.0 * share),
            share: Some(share),
            rate_per_s: None,
        };
        let mut load = Load::planned(factors.id(), factors);
        for (block, slow) in (0..).zip(slow_ms) {
            let latency: Histogram =
                (0..200).map(|task| if task % 50 == 0 { slow * MS } else { 10 * MS }).collect();
            let rate = 100.0 * share;
            let responses = Observation {
                rate_per_s: Some(rate),
                tasks: 200,
                done_per_s: rate,
                latency,
                ..Observation::default()
            };
            load.observe(Observed { block, position: 0, responses, usage: None, reason: None });
        }
        load
    }

    fn found(loads: &[Load]) -> Result<Knee, String> {
        knee(&loads.iter().collect::<Vec<_>>())
    }

    #[test]
    fn the_knee_is_the_highest_load_at_which_most_rounds_stay_low() {
        let loads =
            [load(0.25, [11, 12, 11]), load(0.5, [20, 90, 25]), load(0.75, [31, 31, 12]), load(0.9, [90; 3])];
        let knee = found(&loads).unwrap();
        assert_eq!((knee.share, knee.rate_per_s, knee.highest), (0.5, 50.0, false));
        let knee = found(&loads[..2]).unwrap();
        assert!(knee.highest);
    }

    #[test]
    fn a_later_higher_load_that_passes_is_not_beyond_the_knee() {
        let loads = [load(0.25, [11; 3]), load(0.5, [90; 3]), load(0.75, [90; 3]), load(0.9, [11; 3])];
        assert_eq!(found(&loads).unwrap().share, 0.25);
    }

    #[test]
    fn a_single_unlucky_round_is_no_knee() {
        let loads = [load(0.25, [90, 11, 11]), load(0.5, [11, 90, 11]), load(0.75, [11; 3])];
        assert_eq!(found(&loads).unwrap().share, 0.75);
    }

    #[test]
    fn a_load_that_is_done_more_slowly_than_it_is_due_is_beyond_the_knee() {
        let mut slow = load(0.5, [11; 3]);
        slow.observations.iter_mut().for_each(|made| made.responses.done_per_s *= 0.9);
        assert_eq!(found(&[load(0.25, [11; 3]), slow]).unwrap().share, 0.25);
    }

    #[test]
    fn rounds_in_which_the_dispatcher_was_late_do_not_count() {
        let mut late = load(0.5, [11, 90, 90]);
        late.observations[1..].iter_mut().for_each(|made| made.responses.late = 100);
        assert_eq!(found(&[load(0.25, [11; 3]), late]).unwrap().share, 0.5);
    }

    #[test]
    fn without_a_load_that_stays_low_there_is_no_knee() {
        assert!(found(&[load(0.25, [90; 3])]).unwrap_err().contains("already at 25 %"));
        assert_eq!(found(&[]).unwrap_err(), "it has no load");
        let mut late = load(0.25, [11; 3]);
        late.observations.iter_mut().for_each(|made| made.responses.late = 100);
        assert!(found(&[late]).unwrap_err().contains("the dispatcher was late in every round"));
        let unmeasured = Load::planned("latency/x".to_owned(), load(0.5, [1; 3]).factors);
        assert!(found(&[load(0.25, [11; 3]), unmeasured]).unwrap_err().contains("was not measured"));
    }
}
