use concbench_stats::{Location, shift};

use super::merit::{Merit, Rate};
use crate::batch::Verdict;
use crate::batch::analyse::{CONFIDENCE, MARGIN};
use crate::experiment::compare::{Contrast, contrast};
use crate::record::Record;

/// The fewest observations on each side of which a ratio has an interval.
const FEWEST: u64 = 5;

/// How much of one kind of work a run gets done, over what the first run does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Relative {
    /// The geometric mean over the work that both did: above 1 it is more.
    pub(crate) speed: Contrast,
    /// The same for each core.
    pub(crate) per_core: f64,
    /// The same for the money; `None` where a price is not known.
    pub(crate) for_money: Option<f64>,
}

impl Relative {
    /// Whether the run surely does less than the first.
    pub(crate) fn is_less(&self) -> bool {
        self.is_told_apart() && self.speed.high < 1.0
    }

    /// Whether it surely does more.
    pub(crate) fn is_more(&self) -> bool {
        self.is_told_apart() && self.speed.low > 1.0
    }

    fn is_told_apart(&self) -> bool {
        matches!(self.speed.verdict, Verdict::Different | Verdict::Slight)
    }
}

/// A run with what it says of each kind of work.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    /// The run.
    pub(crate) record: &'a Record,
    /// What it says.
    pub(crate) merits: Vec<Merit>,
    /// What an hour of its machine costs.
    pub(crate) price: Option<f64>,
}

impl Entry<'_> {
    /// What it says of this work.
    pub(crate) fn merit(&self, work: &str) -> Option<&Merit> {
        self.merits.iter().find(|merit| merit.work == work)
    }

    /// How much of some work it gets done over what another does.
    ///
    /// # Errors
    ///
    /// Why that cannot be said, in one line.
    pub(crate) fn over(&self, other: &Entry<'_>, work: &str) -> Result<Relative, String> {
        let (here, there) = (self.record, other.record);
        if here.tool.version != there.tool.version {
            return Err(format!("measured by version {}", here.tool.version));
        }
        if here.run.track != there.run.track {
            return Err("measured on another fairness track".to_owned());
        }
        let rates = |entry: &Self| entry.merit(work).map_or(Vec::new(), |merit| merit.rates.clone());
        let found = ratio(&rates(self), &other.merit(work).map_or(Vec::new(), |merit| merit.rates.clone()));
        let (mean, fewest) = found.ok_or("no work of it was measured on both")?;
        let margin = [MARGIN, here.run.margin, there.run.margin].into_iter().fold(0.0, f64::max);
        let speed = contrast(&mean, fewest, margin, None);
        let cores = |record: &Record| record.machine.cores.max(1) as f64;
        Ok(Relative {
            speed,
            per_core: speed.ratio * cores(there) / cores(here),
            for_money: other.price.zip(self.price).map(|(first, own)| speed.ratio * first / own),
        })
    }
}

/// Where the logarithm of the ratio lies, over all work that both did; and how few observations a side has.
fn ratio(here: &[Rate], there: &[Rate]) -> Option<(Location, u64)> {
    let logs = |rate: &Rate| -> Vec<f64> { rate.per_second.iter().map(|value| value.ln()).collect() };
    let both = here.iter().filter_map(|rate| {
        let other = there.iter().find(|other| other.fingerprint == rate.fingerprint)?;
        let fewest = rate.per_second.len().min(other.per_second.len()) as u64;
        Some((shift(&logs(rate), &logs(other), CONFIDENCE)?, fewest))
    });
    let (each, counts): (Vec<Location>, Vec<u64>) = both.unzip();
    let fewest = counts.into_iter().min()?;
    let mut mean = Location::mean(&each, CONFIDENCE)?;
    if fewest < FEWEST {
        (mean.low, mean.high) = (f64::NEG_INFINITY, f64::INFINITY);
    }
    Some((mean, fewest))
}

/// Where a run stands among others in one kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Standing {
    /// How many surely do less.
    pub(crate) less: u64,
    /// How many are not told apart from it.
    pub(crate) alike: u64,
    /// How many surely do more.
    pub(crate) more: u64,
}

impl Standing {
    /// The standing of the run that these are relative to.
    pub(crate) fn among<'a>(others: impl IntoIterator<Item = &'a Relative>) -> Self {
        let mut standing = Self::default();
        for other in others {
            match (other.is_less(), other.is_more()) {
                (true, _) => standing.less += 1,
                (_, true) => standing.more += 1,
                _ => standing.alike += 1,
            }
        }
        standing
    }

    /// How many there are.
    pub(crate) fn all(self) -> u64 {
        self.less + self.alike + self.more
    }

    /// The share of the others that do less, in percent: at least, and at most.
    pub(crate) fn percentiles(self) -> Option<(f64, f64)> {
        let share = |count: u64| 100.0 * count as f64 / self.all() as f64;
        (self.all() > 0).then(|| (share(self.less), share(self.less + self.alike)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::parse;

    fn rate(fingerprint: &str, about: f64, count: u32) -> Rate {
        let per_second = (0..count).map(|n| about * (1.0 + 0.001 * f64::from(n % 5))).collect();
        Rate { fingerprint: fingerprint.to_owned(), per_second }
    }

    fn merit(rates: Vec<Rate>) -> Merit {
        Merit { work: "computing", answer: String::new(), gains: Vec::new(), bounded_by_cores: true, rates }
    }

    fn record(cores: u64) -> Record {
        let bytes = include_bytes!("../../../fuzz/corpus/record/whole.json");
        let mut record = parse::parse(bytes).expect("a record");
        record.machine.cores = cores;
        record
    }

    #[test]
    fn work_is_compared_where_both_did_the_same() {
        let (two, four) = (record(2), record(4));
        let of = |record, rates, price| Entry { record, merits: vec![merit(rates)], price };
        let first = of(&two, vec![rate("a", 100.0, 20), rate("b", 10.0, 20)], Some(0.1));
        let other = of(&four, vec![rate("a", 200.0, 20), rate("b", 20.0, 20), rate("c", 9.0, 20)], Some(0.4));
        let found = other.over(&first, "computing").expect("they share two");
        assert!((found.speed.ratio - 2.0).abs() < 0.01 && found.is_more() && !found.is_less(), "{found:?}");
        assert!((found.per_core - 1.0).abs() < 0.01, "{found:?}");
        assert!((found.for_money.expect("both have a price") - 0.5).abs() < 0.01, "{found:?}");
        assert!(first.over(&other, "computing").expect("the other way").is_less());
        let refused = of(&two, vec![rate("z", 1.0, 20)], None).over(&first, "computing").unwrap_err();
        assert_eq!(refused, "no work of it was measured on both");
        assert!(first.over(&other, "waiting").is_err());
    }

    #[test]
    fn too_few_observations_tell_nothing_apart() {
        let record = record(2);
        let of =
            |about| Entry { record: &record, merits: vec![merit(vec![rate("a", about, 4)])], price: None };
        let found = of(300.0).over(&of(100.0), "computing").expect("they share one");
        assert!(!found.is_more() && found.speed.high.is_infinite() && found.for_money.is_none(), "{found:?}");
    }

    #[test]
    fn another_version_is_not_compared() {
        let (own, mut other) = (record(2), record(2));
        other.tool.version = "0.0.1".to_owned();
        let of = |record| Entry { record, merits: vec![merit(vec![rate("a", 1.0, 9)])], price: None };
        assert_eq!(of(&other).over(&of(&own), "computing").unwrap_err(), "measured by version 0.0.1");
    }

    #[test]
    fn a_standing_is_a_span_of_percentiles() {
        let standing = Standing { less: 2, alike: 1, more: 1 };
        assert_eq!(standing.percentiles(), Some((50.0, 75.0)));
        assert_eq!(Standing::default().percentiles(), None);
    }
}
