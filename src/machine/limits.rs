//! Which of what a gate has seen is a breach, for which a block is measured again.

use super::gate::Readings;
use crate::record::BlockNoise;
use concbench_stats::{median, sorted};
use concbench_sys::parse::TICK;

/// From where on a block is measured again.
///
/// Only what comes from outside and may be gone the next time: a quota throttles every block of a model with more
/// threads than it allows, and a model with more threads than cores causes pressure by itself, so both are recorded and
/// neither is a breach.
///
/// Shares are of all cores, since that is what a model that shares its work out anew is slowed down by, however many
/// there are. On few cores the share that counts is larger than on many: there a quarter of one core is more than any
/// quiet machine's background.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// The share of all cores that others may take, whatever their number. The default, 1 %, moves a ratio by half of
    /// the default margin when it hits one cell alone.
    pub share: f64,
    /// How much of one core others may take where that is a larger share of all. The default is a quarter: a neighbour
    /// that never pauses gets more than that from anything but a crowd of our own threads, and what a quiet machine
    /// does besides takes less.
    pub core: f64,
    /// The share of all cores that a hypervisor may take at most, on however few of them. The default, 5 %, is what a
    /// shared virtual machine stays below most of the time.
    pub most_steal: f64,
    /// How many thermal throttlings a block may have. The default is none.
    pub thermal_throttles: u64,
    /// By which share the frequency of a block may lie below the median of those before it. The default is 10 %.
    pub slower: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { share: 0.01, core: 0.25, most_steal: 0.05, thermal_throttles: 0, slower: 0.1 }
    }
}

impl Limits {
    /// The share of so many cores that other processes may use.
    pub fn foreign(&self, cpus: u64) -> f64 {
        self.share.max(self.core / cpus.max(1) as f64)
    }

    /// The share of so many cores that the hypervisor may give to others.
    pub fn steal(&self, cpus: u64) -> f64 {
        self.foreign(cpus).min(self.most_steal)
    }
}

/// The frequencies of the blocks of a run, which that of the next is held against.
#[derive(Debug, Clone, Default)]
pub struct Frequencies(Vec<f64>);

impl Frequencies {
    /// How many blocks have to tell before one is held against them.
    const FEWEST: usize = 3;

    /// Adds that of a block, where it is known.
    pub fn add(&mut self, readings: &Readings) {
        self.0.extend(readings.frequency_khz.as_ref().map(|&khz| khz as f64));
    }

    /// What is usual, in kilohertz; none before enough blocks have told.
    fn usual(&self) -> Option<f64> {
        median(&sorted(&self.0)).filter(|_| self.0.len() >= Self::FEWEST)
    }
}

impl Readings {
    /// Which limit was passed, if one was, as one line; `before` has the frequencies of earlier blocks.
    pub fn breach(&self, limits: &Limits, before: &Frequencies) -> Option<String> {
        self.taken(limits).or_else(|| self.heated(limits)).or_else(|| self.slowed(limits, before))
    }

    /// That others took more of the cores than they may.
    fn taken(&self, limits: &Limits) -> Option<String> {
        let capacity = self.elapsed.as_secs_f64() * self.cpus as f64;
        let (cpus, error) = (self.cpus, counting_error());
        let is_breach = |share: f64, limit: f64, error: f64| share > limit && share * capacity > error;
        let allowed = |limit: f64| format!("at most {:.1} % are allowed", 100.0 * limit);
        let stolen = self.steal.filter(|&share| is_breach(share, limits.steal(cpus), error)).map(|share| {
            let (percent, allowed) = (100.0 * share, allowed(limits.steal(cpus)));
            format!("the hypervisor gave {percent:.1} % of all CPU time to others, {allowed}")
        });
        let foreign = || {
            let error = error + sampling_error(capacity);
            let share = self.foreign.filter(|&share| is_breach(share, limits.foreign(cpus), error))?;
            let (percent, allowed) = (100.0 * share, allowed(limits.foreign(cpus)));
            let cores = self.foreign_cores()?;
            Some(format!(
                "other processes used {percent:.1} % of all CPU time ({cores:.2} of {cpus} cores), {allowed}"
            ))
        };
        stolen.or_else(foreign)
    }

    fn heated(&self, limits: &Limits) -> Option<String> {
        let times = self.thermal_throttles.filter(|&times| times > limits.thermal_throttles)?;
        let allowed = limits.thermal_throttles;
        Some(format!("cores were slowed down for their heat {times} times, at most {allowed} are allowed"))
    }

    fn slowed(&self, limits: &Limits, before: &Frequencies) -> Option<String> {
        let (khz, usual) = (*self.frequency_khz.as_ref().ok()? as f64, before.usual()?);
        (khz < (1.0 - limits.slower) * usual).then(|| {
            let (mhz, usual, allowed) = (khz / 1e3, usual / 1e3, 100.0 * limits.slower);
            format!(
                "a busy core ran at {mhz:.0} MHz, more than {allowed:.0} % below the usual {usual:.0} MHz"
            )
        })
    }

    /// The entry of a block in the record.
    pub fn into_noise(
        self,
        block: u32,
        experiment: &str,
        group: &str,
        limits: &Limits,
        before: &Frequencies,
    ) -> BlockNoise {
        BlockNoise {
            block,
            experiment: experiment.to_owned(),
            group: group.to_owned(),
            breach: self.breach(limits, before),
            steal: self.steal,
            foreign: self.foreign,
            throttled_ns: self.throttled_ns,
            pressure: self.pressure,
            thermal_throttles: self.thermal_throttles,
            frequency_khz: self.frequency_khz.as_ref().ok().copied(),
            frequency_reason: self.frequency_khz.err(),
            repeats: 0,
        }
    }
}

/// The most by which a sum of three counters can be wrong, each cut to whole ticks, in seconds.
fn counting_error() -> f64 {
    3.0 * TICK.as_secs_f64()
}

/// Most kernels charge a whole tick to whatever runs when it falls, so `n` ticks of `capacity` seconds are that many
/// draws: three standard deviations of a count whose share is at worst a half, in seconds.
fn sampling_error(capacity: f64) -> f64 {
    let tick = TICK.as_secs_f64();
    1.5 * (capacity / tick).sqrt() * tick
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use super::*;
    use crate::machine::gate::tests::{SECOND, readings};

    pub(in crate::machine) fn breach(readings: &Readings) -> Option<String> {
        readings.breach(&Limits::default(), &Frequencies::default())
    }

    #[test]
    fn one_busy_neighbour_is_a_breach_and_our_own_work_is_not() {
        let breached = breach(&readings(10 * SECOND, 10 * SECOND, 1900, 0)).unwrap();
        assert_eq!(
            breached,
            "other processes used 45.0 % of all CPU time (0.90 of 2 cores), at most 12.5 % are allowed"
        );
        assert_eq!(breach(&readings(10 * SECOND, 20 * SECOND, 1990, 0)), None);
        assert_eq!(breach(&readings(10 * SECOND, Duration::ZERO, 20, 0)), None);
    }

    #[test]
    fn ticks_of_a_short_block_are_not_a_breach() {
        // Five ticks in 40 ms are more than one core, and no more than what counting may be wrong by.
        let short = Duration::from_millis(40);
        assert!(readings(short, Duration::ZERO, 5, 0).foreign_cores() > Some(1.0));
        assert_eq!(breach(&readings(short, Duration::ZERO, 5, 3)), None);
        // In a fifth of a second a neighbour on a core is told from that.
        let longer = Duration::from_millis(200);
        assert!(breach(&readings(longer, Duration::ZERO, 20, 0)).is_some());
    }

    #[test]
    fn stolen_time_and_heat_are_breaches() {
        assert!(breach(&readings(10 * SECOND, 10 * SECOND, 1000, 120)).unwrap().contains("6.0 %"));
        assert_eq!(breach(&readings(10 * SECOND, 10 * SECOND, 1000, 80)), None);
        let hot = Readings { thermal_throttles: Some(1), ..readings(SECOND, SECOND, 100, 0) };
        assert!(breach(&hot).unwrap().contains("heat 1 times"));
    }

    #[test]
    fn limits_are_shares_of_all_cores_that_fall_as_cores_become_many() {
        let limits = Limits::default();
        let of = |cpus| (limits.foreign(cpus), limits.steal(cpus));
        assert_eq!(of(1), (0.25, 0.05));
        assert_eq!(of(2), (0.125, 0.05));
        assert_eq!(of(8), (0.03125, 0.03125));
        assert_eq!(of(64), (0.01, 0.01));
        assert_eq!(of(256), (0.01, 0.01));
    }

    #[test]
    fn a_frequency_that_drops_from_block_to_block_is_a_breach() {
        let at = |mhz: u64| Readings { frequency_khz: Ok(1000 * mhz), ..readings(SECOND, SECOND, 100, 0) };
        let mut before = Frequencies::default();
        let breach = |before: &Frequencies, mhz| at(mhz).breach(&Limits::default(), before);
        for mhz in [3000, 2990, 3010] {
            assert_eq!(breach(&before, 1000), None, "too few blocks have told");
            before.add(&at(mhz));
        }
        assert_eq!(breach(&before, 2710), None);
        assert_eq!(breach(&before, 3600), None);
        let slow = breach(&before, 2690).unwrap();
        assert_eq!(slow, "a busy core ran at 2690 MHz, more than 10 % below the usual 3000 MHz");
        before.add(&readings(SECOND, SECOND, 100, 0));
        assert_eq!(before.usual(), Some(3e6), "one that is not known changes nothing");
        let noise = at(2690).into_noise(1, "matrix", "noop", &Limits::default(), &before);
        assert_eq!(
            (noise.frequency_khz, noise.breach, noise.frequency_reason),
            (Some(2_690_000), Some(slow), None)
        );
    }
}
