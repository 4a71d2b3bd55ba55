use std::time::{Duration, Instant};

use super::Roots;
use super::{frequency, own_cpu_time};
use crate::record::BlockNoise;
use concbench_stats::{median, sorted};
use concbench_sys::Groups;
use concbench_sys::parse::{self, CpuTimes, TICK};

/// Watches what else the machine does while one block is measured.
#[derive(Debug)]
pub struct Gate {
    roots: Roots,
    opened: Instant,
    before: Counters,
    ours: Duration,
}

/// Counters that only rise. What the machine does not have is absent.
#[derive(Debug, Clone)]
struct Counters {
    cpu: Option<CpuTimes>,
    throttled_ns: Option<u64>,
    pressure_us: Option<u64>,
    thermal_throttles: Option<u64>,
}

/// What a gate saw. Absent is what the machine does not tell.
#[derive(Debug, Clone, PartialEq)]
pub struct Readings {
    /// How long the gate was open.
    pub elapsed: Duration,
    /// How many processors are added up.
    pub cpus: u64,
    /// The share of all processors' time that the hypervisor gave to others, 0 to 1.
    pub steal: Option<f64>,
    /// The share of all processors' time that processes other than ours used, 0 to 1. Without the time of interrupts,
    /// since ours cause most of it.
    pub foreign: Option<f64>,
    /// How long the control group was throttled, in nanoseconds, added over processors.
    pub throttled_ns: Option<u64>,
    /// The share of the time in which something runnable waited for a processor, ours included, 0 to 1.
    pub pressure: Option<f64>,
    /// How often a core was slowed down because it was too hot.
    pub thermal_throttles: Option<u64>,
    /// At how many kilohertz a busy core ran when the gate was closed, or why that is not known.
    pub frequency_khz: Result<u64, String>,
}

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

impl Gate {
    /// Opens the gate on this machine.
    pub fn open() -> Self {
        Self::open_under(&Roots::default())
    }

    /// Opens the gate on the machine that the kernel describes below `roots`.
    pub fn open_under(roots: &Roots) -> Self {
        let ours = own_cpu_time::read(roots);
        let before = Counters::read(roots);
        Self { roots: roots.clone(), opened: Instant::now(), before, ours }
    }

    /// Closes it. The CPU time of this process and of all its descendants is ours: the HTTP target, the runners, what they
    /// started, and also those that failed.
    pub fn close(self) -> Readings {
        let elapsed = self.opened.elapsed();
        let after = Counters::read(&self.roots);
        let ours = own_cpu_time::read(&self.roots).saturating_sub(self.ours);
        let frequency_khz = frequency::busiest_khz(&self.roots);
        Readings { frequency_khz, ..Readings::between(&self.before, &after, elapsed, ours) }
    }
}

impl Counters {
    fn read(roots: &Roots) -> Self {
        Self {
            cpu: roots.proc("stat").ok().and_then(|text| parse::cpu_times(&text)),
            throttled_ns: Groups::find(roots, "cpu").and_then(|groups| groups.throttled_ns(roots)).ok(),
            pressure_us: roots.proc("pressure/cpu").ok().and_then(|text| parse::pressure_us(&text)),
            thermal_throttles: thermal_throttles(roots),
        }
    }
}

/// Added over cores; absent where no core counts them.
fn thermal_throttles(roots: &Roots) -> Option<u64> {
    let folder = "devices/system/cpu";
    let names = roots.sys_names(folder).ok()?;
    names
        .iter()
        .filter_map(|name| roots.sys(&format!("{folder}/{name}/thermal_throttle/core_throttle_count")).ok())
        .filter_map(|text| parse::number::<u64>(&text))
        .reduce(u64::saturating_add)
}

impl Readings {
    fn between(before: &Counters, after: &Counters, elapsed: Duration, ours: Duration) -> Self {
        let cpu = before.cpu.zip(after.cpu);
        let cpus = after.cpu.map_or(0, |cpu| cpu.cpus);
        // The shares are of what the kernel counted, not of the clock: a suspended guest counts nothing.
        let share = |of: fn(CpuTimes) -> u64| {
            let (before, after) = cpu?;
            let total = after.total.checked_sub(before.total).filter(|&ticks| ticks > 0)?;
            Some(of(after).saturating_sub(of(before)) as f64 / total as f64)
        };
        let capacity = elapsed.as_secs_f64() * cpus as f64;
        let rise = |of: fn(&Counters) -> Option<u64>| of(after)?.checked_sub(of(before)?);
        Self {
            elapsed,
            cpus,
            steal: share(|cpu| cpu.steal).map(|share| share.min(1.0)),
            foreign: share(|cpu| cpu.processes)
                .filter(|_| capacity > 0.0)
                .map(|busy| (busy - ours.as_secs_f64() / capacity).clamp(0.0, 1.0)),
            throttled_ns: rise(|counters| counters.throttled_ns),
            pressure: rise(|counters| counters.pressure_us)
                .filter(|_| !elapsed.is_zero())
                .map(|waited| (waited as f64 / 1e6 / elapsed.as_secs_f64()).min(1.0)),
            thermal_throttles: rise(|counters| counters.thermal_throttles),
            frequency_khz: Err("it was not read".to_owned()),
        }
    }

    /// How many cores' worth of time others used.
    pub fn foreign_cores(&self) -> Option<f64> {
        Some(self.foreign? * self.cpus as f64)
    }

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
            let cores = share * cpus as f64;
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
mod tests {
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha12Rng;

    use super::*;
    use crate::machine::fixture::Fixture;

    const SECOND: Duration = Duration::from_secs(1);

    fn counters(processes: u64, steal: u64, total: u64) -> Counters {
        Counters {
            cpu: Some(CpuTimes { processes, steal, total, cpus: 2 }),
            throttled_ns: Some(5),
            pressure_us: Some(total * 1000),
            thermal_throttles: Some(3),
        }
    }

    /// Two cores over `elapsed`, with this many ticks of processes and of steal among `total`.
    fn readings(elapsed: Duration, ours: Duration, processes: u64, steal: u64) -> Readings {
        let total = 2 * (elapsed.as_millis() / TICK.as_millis()) as u64;
        let before = counters(100, 10, 1000);
        Readings::between(&before, &counters(100 + processes, 10 + steal, 1000 + total), elapsed, ours)
    }

    #[test]
    fn foreign_is_what_is_busy_and_not_ours() {
        let seen = readings(10 * SECOND, 6 * SECOND, 1000, 20);
        assert_eq!(seen.foreign, Some(0.2));
        assert_eq!(seen.foreign_cores(), Some(0.4));
        assert_eq!(seen.steal, Some(0.01));
        assert_eq!(seen.throttled_ns, Some(0));
        assert_eq!(seen.pressure, Some(0.2));
    }

    fn breach(readings: &Readings) -> Option<String> {
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

    /// A machine with so many cores, after `seconds`, of which processes and others had so many each.
    fn stat(cores: u64, seconds: u64, processes: f64, stolen: f64) -> String {
        let ticks = |seconds: f64| (100.0 * seconds).round() as u64;
        let idle = ticks((cores * seconds) as f64 - processes - stolen);
        let (processes, stolen) = (ticks(processes), ticks(stolen));
        let all = format!("cpu  {processes} 0 0 {idle} 0 0 0 {stolen} 0 0\n");
        let each = (0..cores).map(|core| format!("cpu{core} 0 0 0 0 0 0 0 0 0 0\n"));
        std::iter::once(all).chain(each).collect()
    }

    /// What a block of ten seconds says on a machine with so many cores, of which others use and take so many.
    fn block(cores: u64, foreign: f64, stolen: f64) -> Option<String> {
        const SECONDS: u64 = 10;
        let fixture = Fixture::empty();
        let own = |ticks: u64| format!("7 (a) S 1 1 1 0 -1 0 1 0 0 0 {ticks} 0 0 0 20 0 1 0 500 1 1\n");
        fixture.proc("stat", &stat(cores, 0, 0.0, 0.0)).proc("self/stat", &own(0));
        let mut gate = Gate::open_under(&fixture.roots());
        let seconds = SECONDS as f64;
        // All that others leave is ours.
        let ours = seconds * (cores as f64 - foreign - stolen);
        fixture
            .proc("self/stat", &own((100.0 * ours) as u64))
            .proc("stat", &stat(cores, SECONDS, seconds * (cores as f64 - stolen), seconds * stolen));
        gate.opened -= Duration::from_secs(SECONDS);
        breach(&gate.close())
    }

    #[test]
    fn a_spinner_and_stolen_cores_are_seen_on_two_cores_and_on_sixty_four() {
        for cores in [2, 64] {
            assert_eq!(block(cores, 0.0, 0.0), None);
            assert!(block(cores, 1.0, 0.0).unwrap().starts_with("other processes used"), "{cores} cores");
            assert!(block(cores, 0.0, 1.0).unwrap().starts_with("the hypervisor gave"), "{cores} cores");
        }
        // Two fifths of a core are 20 % of two cores, and 0.6 % of 64.
        assert!(block(2, 0.4, 0.0).is_some());
        assert_eq!(block(64, 0.4, 0.0), None);
        assert_eq!(block(64, 0.0, 0.4), None);
        // 4.7 % of 64 are three whole cores.
        let three = block(64, 0.0, 3.0).unwrap();
        assert_eq!(three, "the hypervisor gave 4.7 % of all CPU time to others, at most 1.0 % are allowed");
        assert!(block(2, 0.0, 0.15).unwrap().contains("7.5 %"));
    }

    #[test]
    fn the_files_of_a_machine_are_read_and_absent_ones_stay_absent() {
        let fixture = Fixture::laptop();
        fixture
            .proc("stat", "cpu  100 0 0 900 0 0 0 0 0 0\ncpu0 100 0 0 900 0 0 0 0 0 0\n")
            .proc("pressure/cpu", "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n")
            .sys("fs/cgroup/job/cpu.stat", "throttled_usec 7\n")
            .sys("fs/cgroup/cpu.stat", "usage_usec 1\n")
            .sys("devices/system/cpu/cpu0/thermal_throttle/core_throttle_count", "3\n");
        let gate = Gate::open_under(&fixture.roots());
        fixture
            .proc("stat", "cpu  150 0 0 930 0 0 0 20 0 0\ncpu0 150 0 0 930 0 0 0 20 0 0\n")
            .sys("fs/cgroup/job/cpu.stat", "throttled_usec 9\n")
            .sys("devices/system/cpu/cpu0/thermal_throttle/core_throttle_count", "5\n");
        let seen = gate.close();
        assert_eq!((seen.foreign, seen.steal), (Some(0.5), Some(0.2)));
        assert_eq!((seen.throttled_ns, seen.thermal_throttles), (Some(2000), Some(2)));
        assert_eq!(seen.pressure, Some(0.0));

        let nothing = Gate::open_under(&Fixture::empty().roots()).close();
        let absent = (nothing.foreign, nothing.steal, nothing.throttled_ns, nothing.pressure);
        assert_eq!(absent, (None, None, None, None));
        assert_eq!(breach(&nothing), None);
        assert!(nothing.frequency_khz.is_err() && seen.frequency_khz.is_err());
    }

    #[test]
    fn shares_are_shares_whatever_is_counted() {
        let mut random = ChaCha12Rng::seed_from_u64(1);
        for _ in 0..1000 {
            // Small numbers and large ones: all of 64 bits are rarely small.
            let mut number = || random.random::<u64>() >> random.random_range(0..64);
            let mut counters = || Counters {
                cpu: Some(CpuTimes { processes: number(), steal: number(), total: number(), cpus: 2 }),
                throttled_ns: Some(number()),
                pressure_us: Some(number()),
                thermal_throttles: Some(number()),
            };
            let (before, after) = (counters(), counters());
            let (elapsed, ours) = (Duration::from_nanos(number()), Duration::from_nanos(number()));
            let seen = Readings::between(&before, &after, elapsed, ours);
            for share in [seen.steal, seen.foreign, seen.pressure].into_iter().flatten() {
                assert!((0.0..=1.0).contains(&share), "{seen:?}");
            }
            breach(&seen);
        }
    }
}
