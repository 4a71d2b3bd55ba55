//! What is put on a site, and when.

use std::time::Duration;

use concbench_stats::SplitMix64;

/// Computing tasks that are shorter than this come as a chain of about so long, in which each is begun when the one before
/// it has ended: one by one they would keep whoever hands them over busy with his clock.
const CHAIN_NS: f64 = 100_000.0;
/// How many chains a second are handed over at most, for the same reason.
const MOST_CHAINS_PER_S: f64 = 50_000.0;
/// How many computing tasks a second there are at most: with more, starting and ending them keeps the cores busy, and not
/// what they compute.
pub const MOST_COMPUTING_PER_S: f64 = 100_000.0;

/// Short tasks that are due one after the other, and computing ones beside them.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    /// How many workers the site has; at least 1.
    pub workers: usize,
    /// How many short tasks are due.
    pub short_tasks: u64,
    /// How far apart they are due, in nanoseconds.
    pub interval_ns: u64,
    /// How far a short task counts.
    pub short_steps: u64,
    /// How long a computing task takes, in nanoseconds; 0 for none of them.
    pub long_ns: u64,
    /// How far it counts in one stretch, between two of which it may yield.
    pub stretch_steps: u64,
    /// How many stretches it has.
    pub stretches: u64,
    /// How many cores computing tasks keep busy on average; fewer where that would take more of them than
    /// [`MOST_COMPUTING_PER_S`].
    pub busy_cores: f64,
    /// Decides when each of them is due.
    pub seed: u64,
    /// How long all of them may take after the last is due.
    pub patience: Duration,
}

impl Load {
    /// From when the first short task is due until the last one is, in nanoseconds.
    pub fn window_ns(&self) -> u64 {
        self.short_tasks.saturating_mul(self.interval_ns)
    }

    /// How many cores computing tasks do keep busy on average.
    fn kept_busy(&self) -> f64 {
        self.busy_cores.min(MOST_COMPUTING_PER_S * self.long_ns as f64 / 1e9)
    }

    /// How many computing tasks follow each other in a chain, each begun when the one before it has ended.
    pub fn chain(&self) -> u64 {
        let fewest_ns = CHAIN_NS.max(1e9 * self.kept_busy() / MOST_CHAINS_PER_S);
        (fewest_ns / self.long_ns.max(1) as f64).round().max(1.0) as u64
    }

    /// When each chain of computing tasks is due, in nanoseconds after the first short task, ascending.
    ///
    /// Time is cut into as many slots as there are chains, and each comes at random within its own: their number is fixed,
    /// and now and then two of them meet.
    pub fn chains_due_ns(&self) -> Vec<u64> {
        if self.kept_busy() <= 0.0 {
            return Vec::new();
        }
        let (slot, slots) = self.slots();
        let mut random = SplitMix64::new(self.seed);
        let due = |number: u64| {
            let place = (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
            (slot * (number as f64 + place)) as u64
        };
        (0..slots).map(due).collect()
    }

    /// From when the first short task is due until all are done if none waits, in nanoseconds: the last chain may come at the
    /// end of its slot.
    pub fn lasts_ns(&self) -> u64 {
        if self.kept_busy() <= 0.0 {
            return self.window_ns();
        }
        let (slot, slots) = self.slots();
        self.window_ns().max((slot * slots as f64) as u64) + self.long_ns * self.chain()
    }

    /// How long the slot of a chain is, in nanoseconds, and how many there are.
    fn slots(&self) -> (f64, u64) {
        let slot = self.long_ns as f64 * self.chain() as f64 / self.kept_busy();
        (slot, (self.window_ns() as f64 / slot).round().max(1.0) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(long_ns: u64, seed: u64) -> Load {
        Load {
            workers: 2,
            short_tasks: 3_000,
            interval_ns: 100_000,
            short_steps: 1,
            long_ns,
            stretch_steps: 1,
            stretches: 1,
            busy_cores: 1.0,
            seed,
            patience: Duration::from_secs(1),
        }
    }

    #[test]
    fn computing_tasks_keep_as_many_cores_busy_as_is_asked_for() {
        for long_ns in [10_000, 100_000, 1_000_000, 10_000_000, 100_000_000] {
            let (due, chain) = (load(long_ns, 7).chains_due_ns(), load(long_ns, 7).chain());
            assert_eq!(due.len() as u64 * chain * long_ns, 300_000_000, "{long_ns}");
            assert!(due.is_sorted() && due.last() < Some(&300_000_000), "{long_ns}");
        }
        assert!(load(0, 7).chains_due_ns().is_empty());
        let many = Load { busy_cores: 10.0, ..load(100_000, 7) };
        assert_eq!((many.chain(), many.chains_due_ns().len()), (2, 15_000), "50,000 chains a second at most");
    }

    #[test]
    fn no_more_than_a_hundred_thousand_computing_tasks_come_in_a_second() {
        for (long_ns, busy, cores) in [(10_000, 8.0, 1.0), (100_000, 8.0, 8.0), (100_000, 32.0, 10.0)] {
            let load = Load { busy_cores: busy, ..load(long_ns, 7) };
            let computed = load.chains_due_ns().len() as f64 * load.chain() as f64 * long_ns as f64;
            assert_eq!(computed / 300e6, cores, "{busy} cores with tasks of {long_ns} ns");
        }
    }

    #[test]
    fn a_load_lasts_until_the_last_chain_has_computed() {
        assert_eq!(load(0, 7).lasts_ns(), 300_000_000);
        assert_eq!(load(10_000, 7).lasts_ns(), 300_100_000, "ten tasks make a chain");
        assert_eq!(load(100_000_000, 7).lasts_ns(), 400_000_000);
        let half = Load { busy_cores: 0.5, ..load(100_000_000, 7) };
        assert_eq!(half.lasts_ns(), 500_000_000, "two slots of 200 ms are longer than the window");
    }

    #[test]
    fn the_seed_decides_when_they_are_due() {
        let due = |seed| load(1_000_000, seed).chains_due_ns();
        assert_eq!(due(1), due(1));
        assert_ne!(due(1), due(2));
        let meet = due(1).windows(2).filter(|pair| pair[1] - pair[0] < 1_000_000).count();
        assert!(meet > 30, "{meet} of 300 meet the next");
    }
}
