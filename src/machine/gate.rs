//! What else the machine does while a block is measured: read when it begins and when it ends.

use std::time::{Duration, Instant};

use super::Roots;
use super::{frequency, own_cpu_time};
use concbench_sys::Groups;
use concbench_sys::parse::{self, CpuTimes};

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
}

#[cfg(test)]
pub(super) mod tests {
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha12Rng;

    use super::*;
    use concbench_sys::parse::TICK;

    use crate::machine::fixture::Fixture;
    use crate::machine::limits::tests::breach;

    pub(in crate::machine) const SECOND: Duration = Duration::from_secs(1);

    fn counters(processes: u64, steal: u64, total: u64) -> Counters {
        Counters {
            cpu: Some(CpuTimes { processes, steal, total, cpus: 2 }),
            throttled_ns: Some(5),
            pressure_us: Some(total * 1000),
            thermal_throttles: Some(3),
        }
    }

    /// Two cores over `elapsed`, with this many ticks of processes and of steal among `total`.
    pub(in crate::machine) fn readings(
        elapsed: Duration,
        ours: Duration,
        processes: u64,
        steal: u64,
    ) -> Readings {
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
