use std::time::{Duration, Instant};

use super::Roots;
use super::own_cpu_time;
use crate::record::BlockNoise;
use concbench_sys::Groups;
use concbench_sys::parse::{self, CpuTimes, TICK};

/// Watches what else the machine does while one block is measured.
///
/// The frequency is not watched: between two observations the kernel reports that of an idle core. What a hot core costs
/// shows in its count of throttlings.
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
}

/// From where on a block is measured again.
///
/// Only what comes from outside and may be gone the next time: a quota throttles every block of a model with more
/// threads than it allows, and a model with more threads than cores causes pressure by itself, so both are recorded and
/// neither is a breach.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// The share of all processors' time that may be stolen. The default, 5 %, is what a shared virtual machine stays
    /// below most of the time; more moves a ratio by as much when it hits one cell alone.
    pub steal: f64,
    /// How much of one core others may use on average. The default is a quarter, since it takes one busy neighbour on
    /// one core to delay a batch that is spread over all, however many there are; a neighbour that never pauses gets
    /// more than that from anything but a crowd of our own threads.
    pub foreign_cores: f64,
    /// How many thermal throttlings a block may have. The default is none.
    pub thermal_throttles: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { steal: 0.05, foreign_cores: 0.25, thermal_throttles: 0 }
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
        Readings::between(&self.before, &after, elapsed, ours)
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
        }
    }

    /// How many cores' worth of time others used.
    pub fn foreign_cores(&self) -> Option<f64> {
        Some(self.foreign? * self.cpus as f64)
    }

    /// Which limit was passed, if one was, as one line.
    pub fn breach(&self, limits: &Limits) -> Option<String> {
        let capacity = self.elapsed.as_secs_f64() * self.cpus as f64;
        if let Some(steal) = self.steal
            && steal > limits.steal
            && steal * capacity > counting_error()
        {
            return Some(format!(
                "the hypervisor gave {:.1} % of the CPU time to others, at most {:.1} % are allowed",
                100.0 * steal,
                100.0 * limits.steal
            ));
        }
        if let Some(cores) = self.foreign_cores()
            && cores > limits.foreign_cores
            && cores * self.elapsed.as_secs_f64() > counting_error() + sampling_error(capacity)
        {
            return Some(format!(
                "other processes used {cores:.2} cores, at most {:.2} are allowed",
                limits.foreign_cores
            ));
        }
        match self.thermal_throttles {
            Some(times) if times > limits.thermal_throttles => Some(format!(
                "cores were slowed down for their heat {times} times, at most {} are allowed",
                limits.thermal_throttles
            )),
            _ => None,
        }
    }

    /// The entry of a block in the record.
    pub fn into_noise(self, block: u32, experiment: &str, group: &str, limits: &Limits) -> BlockNoise {
        BlockNoise {
            block,
            experiment: experiment.to_owned(),
            group: group.to_owned(),
            breach: self.breach(limits),
            steal: self.steal,
            foreign: self.foreign,
            throttled_ns: self.throttled_ns,
            pressure: self.pressure,
            thermal_throttles: self.thermal_throttles,
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

    #[test]
    fn one_busy_neighbour_is_a_breach_and_our_own_work_is_not() {
        let limits = Limits::default();
        let breach = readings(10 * SECOND, 10 * SECOND, 1900, 0).breach(&limits).unwrap();
        assert_eq!(breach, "other processes used 0.90 cores, at most 0.25 are allowed");
        assert_eq!(readings(10 * SECOND, 20 * SECOND, 1990, 0).breach(&limits), None);
        assert_eq!(readings(10 * SECOND, Duration::ZERO, 20, 0).breach(&limits), None);
    }

    #[test]
    fn ticks_of_a_short_block_are_not_a_breach() {
        let limits = Limits::default();
        // Five ticks in 40 ms are more than one core, and no more than what counting may be wrong by.
        let short = Duration::from_millis(40);
        assert!(readings(short, Duration::ZERO, 5, 0).foreign_cores() > Some(1.0));
        assert_eq!(readings(short, Duration::ZERO, 5, 3).breach(&limits), None);
        // In a fifth of a second a neighbour on a core is told from that.
        let longer = Duration::from_millis(200);
        assert!(readings(longer, Duration::ZERO, 20, 0).breach(&limits).is_some());
    }

    #[test]
    fn stolen_time_and_heat_are_breaches() {
        let limits = Limits::default();
        assert!(readings(10 * SECOND, 10 * SECOND, 1000, 120).breach(&limits).unwrap().contains("6.0 %"));
        assert_eq!(readings(10 * SECOND, 10 * SECOND, 1000, 80).breach(&limits), None);
        let hot = Readings { thermal_throttles: Some(1), ..readings(SECOND, SECOND, 100, 0) };
        assert!(hot.breach(&limits).unwrap().contains("heat 1 times"));
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
        assert_eq!(nothing.breach(&Limits::default()), None);
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
            seen.breach(&Limits::default());
        }
    }
}
