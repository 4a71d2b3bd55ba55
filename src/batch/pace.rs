//! How the observations of a cell are made: the same in all of them, from one that was made beforehand; and which of their
//! batches count as warm.

use std::time::Duration;

use concbench_stats::{median, sorted};
use serde::{Deserialize, Serialize};

use super::BatchObservation;
use crate::time::nanoseconds;

/// How long the warm batches of one observation take together at least.
const WARM_TIME: Duration = Duration::from_millis(60);
/// The fewest warm batches of an observation, as long as one of them takes no longer than that.
pub(crate) const FEWEST_WARM: usize = 5;
/// The fewest of an observation whose batches take longer.
const FEWEST_LONG: u32 = 2;
/// The most warm batches of one observation: of the shortest that there are, enough for all of their time.
const MOST_WARM: u64 = 100_000;
/// The most figures that an observation keeps of its warm batches.
pub(crate) const MOST_FIGURES: usize = 60;
/// The fewest warm batches of the preflight, which take as long as those of an observation: what they take at the end
/// has to be what they take when the model is warm.
const FEWEST_PREFLIGHT: usize = 2;
/// A batch that takes so long is not run again in the preflight: what it takes beside its work is nothing.
const LONG: Duration = Duration::from_secs(1);
/// Of the time of the warm batches that which is left to warm up in: one part of so many.
const WARMING_UP: f64 = 3.0;
/// How much longer than in the preflight an observation may take before it counts as hung.
pub(crate) const PATIENCE: u32 = 20;

/// The warm batches of an observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Warm {
    /// How many figures there are of them.
    pub(crate) figures: u32,
    /// Of how many batches each is the mean.
    pub(crate) each: u32,
}

impl Warm {
    /// So many batches, each with a figure of its own.
    pub(crate) fn single(figures: u32) -> Self {
        Self { figures, each: 1 }
    }

    /// As many as fill their time where one takes so long.
    pub(crate) fn filling(batch_ns: u64) -> Self {
        let (time, batch) = (nanoseconds(WARM_TIME), batch_ns.max(1));
        if batch > time {
            return Self::single(FEWEST_LONG);
        }
        let batches = time.div_ceil(batch).clamp(FEWEST_WARM as u64, MOST_WARM);
        let each = batches.div_ceil(MOST_FIGURES as u64);
        Self { figures: batches.div_ceil(each) as u32, each: each as u32 }
    }

    /// How many batches they are.
    pub(crate) fn batches(self) -> u32 {
        self.figures * self.each
    }
}

/// How the observations of one cell are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pace {
    /// The warm batches of each observation.
    pub(crate) warm: Warm,
    /// How long one observation may take.
    pub(crate) deadline: Duration,
    /// How long a batch may be expected to take at most.
    pub(crate) batch: Duration,
    /// How long a warm one takes, in nanoseconds.
    warm_ns: u64,
}

impl Pace {
    /// That which follows from an observation beforehand; `deadline` is the least that is allowed.
    pub(crate) fn from(preflight: &BatchObservation, deadline: Duration) -> Self {
        let warm_ns = warm_estimate(preflight);
        let warm = Warm::filling(warm_ns);
        let batch_ns = preflight.cold_ns.max(warm_ns);
        let estimate_ns =
            preflight.wall_ns.saturating_add(u64::from(warm.batches()).saturating_mul(batch_ns));
        Self {
            warm,
            deadline: deadline.max(Duration::from_nanos(estimate_ns).saturating_mul(PATIENCE)),
            batch: Duration::from_nanos(batch_ns),
            warm_ns,
        }
    }

    /// The one for two cells that are to be measured alike: that of the slower one.
    pub(crate) fn slower(self, other: Self) -> Self {
        let slower = if self.warm_ns >= other.warm_ns { self } else { other };
        Self { deadline: self.deadline.max(other.deadline), batch: self.batch.max(other.batch), ..slower }
    }
}

/// How long a warm batch takes: the median of the later half of those that there are, or else what the cold one took.
fn warm_estimate(preflight: &BatchObservation) -> u64 {
    let warm = &preflight.warm_ns;
    let later: Vec<f64> = warm[warm.len() / 2..].iter().map(|&time| time as f64).collect();
    median(&sorted(&later)).map_or(preflight.cold_ns, |time| time as u64)
}

/// Of the warm batches of an observation those that count: what is left once a third of their time has passed, and no
/// fewer than five. A model that needs 10 batches until it is warm is seen warm where 60 ms hold some 20 batches; where
/// they hold fewer, none are to spare, and a trend among them is noticed instead.
pub(crate) fn settled(warm_ns: &[u64]) -> &[u64] {
    let total: f64 = warm_ns.iter().map(|&time| time as f64).sum();
    let mut passed = 0.0;
    let warming_up = |&&time: &&u64| {
        let begins = passed;
        passed += time as f64;
        begins < total / WARMING_UP
    };
    let spent = warm_ns.iter().take_while(warming_up).count();
    &warm_ns[spent.min(warm_ns.len().saturating_sub(FEWEST_WARM))..]
}

/// A batch in steady state, in nanoseconds: the median of the warm ones that count. `None` without any.
pub(crate) fn steady_ns(warm_ns: &[u64]) -> Option<f64> {
    let counted: Vec<f64> = settled(warm_ns).iter().map(|&time| time as f64).collect();
    median(&sorted(&counted))
}

/// The warm batches of a preflight, which end by time.
#[derive(Debug)]
pub(crate) struct Gathered {
    figures: Vec<u64>,
    /// Of how many batches each figure is the mean, and those that are not in one yet: how many, and their time.
    each: u64,
    open: (u64, u64),
    passed: u64,
    enough: bool,
}

impl Gathered {
    /// None yet, after a cold batch that took so long.
    pub(crate) fn after(cold_ns: u64) -> Self {
        let enough = cold_ns > nanoseconds(LONG);
        Self { figures: Vec::new(), each: 1, open: (0, 0), passed: 0, enough }
    }

    /// Whether another batch is wanted.
    pub(crate) fn wants_more(&self) -> bool {
        !self.enough && (self.figures.len() < FEWEST_PREFLIGHT || self.passed < nanoseconds(WARM_TIME))
    }

    /// Takes another one. When figures become too many, each two become one.
    pub(crate) fn add(&mut self, batch_ns: u64) {
        self.passed = self.passed.saturating_add(batch_ns);
        let (count, time) = self.open;
        self.open = (count + 1, time.saturating_add(batch_ns));
        if self.open.0 < self.each {
            return;
        }
        self.figures.push(self.open.1 / self.each);
        self.open = (0, 0);
        if self.figures.len() > MOST_FIGURES {
            // An odd one at the end waits for its other half.
            let (pairs, odd) = self.figures.as_chunks::<2>();
            self.open = odd.first().map_or((0, 0), |&odd| (self.each, odd * self.each));
            self.figures = pairs.iter().map(|[first, second]| first.midpoint(*second)).collect();
            self.each *= 2;
        }
    }

    /// The figures, and of how many batches each is the mean.
    pub(crate) fn figures(self) -> (Vec<u64>, u64) {
        (self.figures, self.each)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha12Rng;

    const MS: u64 = 1_000_000;

    /// A model whose first batch takes twice as long as it does when it is warm, and the tenth one hardly longer, as the
    /// preflight sees it and then a whole observation.
    fn warming(batch_ns: f64, seed: u64) -> (Warm, Vec<u64>) {
        let mut random = ChaCha12Rng::seed_from_u64(seed);
        let mut batch = |number: u64| {
            let late = if number < 10 { 1.0 - number as f64 / 10.0 } else { 0.0 };
            (batch_ns * (1.0 + late) * (1.0 + 0.02 * (random.random::<f64>() - 0.5))) as u64
        };
        let cold = batch(0);
        let mut gathered = Gathered::after(cold);
        let mut number = 1;
        while gathered.wants_more() {
            gathered.add(batch(number));
            number += 1;
        }
        let (warm_ns, warm_each) = gathered.figures();
        let pace = Pace::from(&observation(cold, warm_ns, warm_each), Duration::ZERO);
        let mut number = 1;
        let mut figure = |_| {
            let time: u64 = (0..pace.warm.each).map(|step| batch(number + u64::from(step))).sum();
            number += u64::from(pace.warm.each);
            time / u64::from(pace.warm.each)
        };
        (pace.warm, (0..pace.warm.figures).map(&mut figure).collect())
    }

    fn observation(cold_ns: u64, warm_ns: Vec<u64>, warm_each: u64) -> BatchObservation {
        BatchObservation {
            startup_ns: 0,
            cold_ns,
            warm_ns,
            warm_cpu_ns: None,
            warm_cpu_reason: None,
            target_cpu_ns: None,
            warm_each,
            probe_ns: 0,
            shutdown_ns: 0,
            wall_ns: 2 * cold_ns,
            peak_rss_bytes: None,
            peak_rss_reason: None,
            tasks: 1,
            digest: String::new(),
        }
    }

    #[test]
    fn a_model_that_needs_ten_batches_to_warm_up_comes_out_settled() {
        for batch_ns in [2e3, 2e4, 2e5, 1e6, 2e6, 3e6] {
            for seed in 0..20 {
                let (_, warm_ns) = warming(batch_ns, seed);
                let off = steady_ns(&warm_ns).expect("there are some") / batch_ns - 1.0;
                assert!(off.abs() < 0.02, "{batch_ns} ns: {off}");
            }
        }
        // With ten such batches of eighteen the median of all of them would be off by 5 %.
        let late = |number: u64| if number < 10 { 2_000 - 100 * number } else { 1_000 };
        assert_eq!(steady_ns(&(0..18).map(late).collect::<Vec<u64>>()), Some(1_000.0));
    }

    #[test]
    fn sixty_milliseconds_are_filled_and_few_figures_are_kept() {
        for batch_ns in [650, 1_300, 49_000, 140_000, MS, 7 * MS, 12 * MS] {
            let warm = Warm::filling(batch_ns);
            let filled = u64::from(warm.batches()) * batch_ns;
            assert!((60 * MS..80 * MS).contains(&filled), "{batch_ns}: {warm:?}");
            assert!(warm.figures as usize <= MOST_FIGURES && warm.figures >= 5, "{batch_ns}: {warm:?}");
        }
        assert_eq!(Warm::filling(0).batches(), 100_020, "a clock that stands still ends, too");
    }

    #[test]
    fn five_batches_count_unless_one_is_longer_than_all_should_be() {
        let filling = |ms: u64| Warm::filling(ms * MS);
        assert_eq!(filling(10), Warm::single(6));
        assert_eq!(filling(13), Warm::single(5));
        assert_eq!(filling(35), Warm::single(5));
        assert_eq!(filling(60), Warm::single(5));
        assert_eq!(filling(61), Warm::single(2));
        assert_eq!(filling(5_000), Warm::single(2));
    }

    #[test]
    fn the_first_third_of_the_time_is_not_counted_and_five_always_are() {
        assert_eq!(settled(&[10; 60]).len(), 40);
        assert_eq!(settled(&[10; 9]).len(), 6);
        // A first batch that takes a third of the time goes alone.
        assert_eq!(settled(&[100, 20, 20, 20, 20, 20, 20, 20, 20, 20, 20]), [20; 10]);
        for few in 0..=5 {
            assert_eq!(settled(&[7; 5][..few]).len(), few);
        }
        assert_eq!(settled(&[9, 8, 7, 6, 5, 4]), [8, 7, 6, 5, 4]);
        assert_eq!(settled(&[u64::MAX; 12]).len(), 8);
        assert_eq!(steady_ns(&[]), None);
    }

    #[test]
    fn a_preflight_ends_by_time_and_runs_long_batches_once() {
        let run = |cold_ns: u64, batch_ns: u64| {
            let mut gathered = Gathered::after(cold_ns);
            let mut batches = 0;
            while gathered.wants_more() {
                gathered.add(batch_ns);
                batches += 1;
            }
            (batches, gathered.figures())
        };
        assert_eq!(run(MS, 9 * MS), (7, (vec![9 * MS; 7], 1)));
        assert_eq!(run(MS, 90 * MS), (2, (vec![90 * MS; 2], 1)));
        assert_eq!(run(2_000 * MS, 2_000 * MS), (0, (vec![], 1)));
        let (batches, (figures, each)) = run(5_000, 1_300);
        assert_eq!(batches, 46_154);
        assert!(figures.len() <= MOST_FIGURES && figures.iter().all(|&figure| figure == 1_300));
        assert!(figures.len() as u64 * each > batches * 9 / 10);
    }

    #[test]
    fn two_cells_that_are_measured_alike_have_the_pace_of_the_slower() {
        let pace = |batch_ms: u64| Pace::from(&observation(batch_ms * MS, vec![], 1), Duration::ZERO);
        assert_eq!(pace(4).slower(pace(5)), pace(5));
        assert_eq!(pace(5).slower(pace(4)), pace(5));
    }
}
