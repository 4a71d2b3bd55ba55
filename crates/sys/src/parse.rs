//! Readers of what the kernel writes: text in, values out.

use std::str::FromStr;
use std::time::Duration;

/// The kernel counts processor time in ticks of this length (USER_HZ, 100 on every platform that Linux is common on).
pub const TICK: Duration = Duration::from_millis(10);

/// The reason of a limit that is `null` because there is none.
pub const UNLIMITED: &str = "unlimited";

/// What processors did since the machine started, in the kernel's ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CpuTimes {
    /// User and system time of processes. Interrupts are left out: with the loopback device they are work of the
    /// processes that are measured, and most kernels do not charge those for them.
    pub processes: u64,
    /// What the hypervisor gave to others.
    pub steal: u64,
    /// Everything, idle time included.
    pub total: u64,
    /// How many processors that adds up.
    pub cpus: u64,
}

/// `/proc/stat`, see proc_stat(5).
pub fn cpu_times(stat: &str) -> Option<CpuTimes> {
    let mut lines = stat.lines();
    let all = lines.next()?.strip_prefix("cpu ")?;
    let fields: Vec<u64> =
        all.split_ascii_whitespace().take(8).map(str::parse).collect::<Result<_, _>>().ok()?;
    // The two fields after steal, guest and guest_nice, are in user and nice already.
    let [user, nice, system, _idle, _iowait, _irq, _softirq, steal] = fields[..].try_into().ok()?;
    let is_cpu = |line: &str| {
        let number = line.strip_prefix("cpu").unwrap_or("");
        number.starts_with(|first: char| first.is_ascii_digit())
    };
    Some(CpuTimes {
        processes: saturating_sum(&[user, nice, system]),
        steal,
        total: saturating_sum(&fields),
        cpus: lines.filter(|line| is_cpu(line)).count() as u64,
    })
}

/// What a process has used since it started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessTimes {
    /// Its id.
    pub pid: u32,
    /// The id of its parent.
    pub parent: u32,
    /// User and system time of all its threads, and of the processes that it waited for, in ticks.
    pub ticks: u64,
}

/// `/proc/PID/stat`, see proc_pid_stat(5).
pub fn process_times(stat: &str) -> Option<ProcessTimes> {
    // The name in brackets may hold anything, brackets included.
    let (start, rest) = stat.rsplit_once(')')?;
    let pid = number(start.split_once(" (")?.0)?;
    // The first of the rest is field 3.
    let fields: Vec<_> = rest.split_ascii_whitespace().collect();
    let field = |index: usize| fields.get(index - 3).copied().and_then(number::<u64>);
    let times = [field(14)?, field(15)?, field(16)?, field(17)?];
    Some(ProcessTimes { pid, parent: u32::try_from(field(4)?).ok()?, ticks: saturating_sum(&times) })
}

/// Where a process stands among others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Its state, as a letter: `R`, `S`, `D`, `T`, `Z`.
    pub state: char,
    /// Its process group.
    pub group: i32,
    /// Its session.
    pub session: i32,
    /// When it was started, in ticks since the machine was: with its number, what no other process shares.
    pub started: u64,
}

/// The same file: what tells a process from another one.
pub fn standing(stat: &str) -> Option<Standing> {
    // As above: the first field behind the name is the third.
    let fields: Vec<_> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    let field = |index: usize| fields.get(index - 3).copied();
    let mut state = field(3)?.chars();
    Some(Standing {
        state: state.next().filter(|_| state.next().is_none())?,
        group: number(field(5)?)?,
        session: number(field(6)?)?,
        started: number(field(22)?)?,
    })
}

/// How many pages the processes that a process has waited for had to fetch, from `/proc/PID/stat`: none has ever run
/// without one, so it rises with each of them.
pub fn faults_of_waited(stat: &str) -> Option<u64> {
    // As above: the first field behind the name is the third.
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(11 - 3).and_then(number)
}

/// The file that is mapped at an address, in `/proc/PID/maps`: its path, where it has one without an odd character.
pub fn mapped_file(maps: &str, address: u64) -> Option<&str> {
    let hexadecimal = |text: &str| u64::from_str_radix(text, 16).ok();
    let line = maps.lines().find(|line| {
        let range = line.split_once(' ').and_then(|(range, _)| range.split_once('-'));
        let ends = range.and_then(|(first, end)| hexadecimal(first).zip(hexadecimal(end)));
        ends.is_some_and(|(first, end)| (first..end).contains(&address))
    })?;
    // A line break in the path is shown as a backslash and digits.
    line.find('/').map(|path| &line[path..]).filter(|path| !path.contains('\\'))
}

/// The CPU time of the processes that a process has waited for, in user mode and in the kernel, from `/proc/PID/stat`: it
/// counts ticks.
pub fn cpu_time_of_waited(stat: &str) -> Option<Duration> {
    // As above.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(16 - 3);
    let ticks = number::<u32>(fields.next()?)?.checked_add(number(fields.next()?)?)?;
    Some(TICK * ticks)
}

/// The total of the line `some` of a pressure file, in microseconds.
pub fn pressure_us(text: &str) -> Option<u64> {
    let some = text.lines().find_map(|line| line.strip_prefix("some "))?;
    some.split_ascii_whitespace().find_map(|field| field.strip_prefix("total="))?.parse().ok()
}

/// How long a control group was throttled, in nanoseconds: `cpu.stat` of either version.
pub fn throttled_ns(stat: &str) -> Option<u64> {
    stat.lines().find_map(|line| match line.split_once(' ')? {
        ("throttled_time", nanoseconds) => number(nanoseconds),
        ("throttled_usec", microseconds) => number::<u64>(microseconds)?.checked_mul(1000),
        _ => None,
    })
}

/// In how many periods a control group was throttled, of how many: `cpu.stat` of either version.
pub fn throttled_periods(stat: &str) -> Option<(u64, u64)> {
    let line = |name: &str| stat.lines().find_map(|line| number(line.strip_prefix(name)?));
    Some((line("nr_throttled ")?, line("nr_periods ")?))
}

/// A value that may be absent by intent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound<T> {
    /// There is no limit.
    Unlimited,
    /// There is this one.
    At(T),
}

/// `cpu.max` of a version 2 control group: a quota, in cores.
pub fn cpu_max(text: &str) -> Option<Bound<f64>> {
    let (quota, period) = text.trim().split_once(' ')?;
    match quota {
        "max" => Some(Bound::Unlimited),
        quota => ratio(number(quota)?, number(period)?).map(Bound::At),
    }
}

/// `cpu.cfs_quota_us` and `cpu.cfs_period_us` of a version 1 control group, in cores.
pub fn cfs_quota(quota: &str, period: &str) -> Option<Bound<f64>> {
    match number::<i64>(quota)? {
        ..0 => Some(Bound::Unlimited),
        quota => ratio(quota.try_into().ok()?, number(period)?).map(Bound::At),
    }
}

fn ratio(quota: u64, period: u64) -> Option<f64> {
    (period > 0).then(|| quota as f64 / period as f64)
}

/// A file that holds a number, or `max`.
pub fn max_or_number(text: &str) -> Option<Bound<u64>> {
    match text.trim() {
        "max" => Some(Bound::Unlimited),
        text => number(text).map(Bound::At),
    }
}

/// The amount of memory in a line of `/proc/meminfo` or `/proc/PID/status`, as `MemAvailable`, in bytes.
pub fn kibibytes(text: &str, name: &str) -> Option<u64> {
    number::<u64>(field(text, name)?.strip_suffix("kB")?)?.checked_mul(1024)
}

/// The set of bits in a line of `/proc/PID/status`, as `SigIgn`.
pub fn bits(status: &str, name: &str) -> Option<u64> {
    u64::from_str_radix(field(status, name)?, 16).ok()
}

/// The soft limit of a line of `/proc/self/limits`, as `Max open files`.
pub fn soft_limit(limits: &str, name: &str) -> Option<Bound<u64>> {
    let values = limits.lines().find_map(|line| line.strip_prefix(name))?;
    match values.split_ascii_whitespace().next()? {
        UNLIMITED => Some(Bound::Unlimited),
        soft => number(soft).map(Bound::At),
    }
}

/// How many processors a list as `0-3,8` names.
pub fn cpu_list(text: &str) -> Option<u64> {
    text.trim().split(',').try_fold(0_u64, |count, range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (u64, u64) = (number(first)?, number(last)?);
        count.checked_add(last.checked_sub(first)?.checked_add(1)?)
    })
}

/// The value of `name:` in a file of such lines, as `/proc/self/status` or `/proc/cpuinfo`.
pub fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim())
    })
}

/// The highest of the frequencies in `/proc/cpuinfo`, in kilohertz.
pub fn fastest_khz(cpuinfo: &str) -> Option<u64> {
    let of_core = |line: &str| {
        let (key, megahertz) = line.split_once(':')?;
        number::<f64>(megahertz).filter(|megahertz| key.trim() == "cpu MHz" && *megahertz > 0.0)
    };
    let fastest = cpuinfo.lines().filter_map(of_core).reduce(f64::max)?;
    Some((fastest * 1000.0).round() as u64)
}

/// How many ports a range as `32768 60999` holds.
pub fn port_range(text: &str) -> Option<u64> {
    let mut ends = text.split_ascii_whitespace().map(number::<u64>);
    let (first, last) = (ends.next()??, ends.next()??);
    last.checked_sub(first)?.checked_add(1)
}

/// A switch: `1` or `0`.
pub fn switch(text: &str) -> Option<bool> {
    match text.trim() {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    }
}

/// A number alone.
pub fn number<T: FromStr>(text: &str) -> Option<T> {
    text.trim().parse().ok()
}

/// The value in a text, or that it is not understood.
///
/// # Errors
///
/// With the place where it stands, and how it begins.
pub fn understood<T>(place: &str, text: &str, value: Option<T>) -> Result<T, String> {
    value.ok_or_else(|| {
        let start: String = text.trim().chars().take(40).collect();
        format!("{place} is not understood: {start:?}")
    })
}

fn saturating_sum(numbers: &[u64]) -> u64 {
    numbers.iter().copied().fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn processor_times_leave_out_interrupts_and_count_guests_once() {
        let stat = "cpu  10 2 30 400 5 6 7 8 9 1\ncpu0 5 1 15 200 2 3 4 4 5 0\ncpu1 5 1 15 200 3 3 3 4 4 1\nintr 9\n";
        let expected = CpuTimes { processes: 42, steal: 8, total: 468, cpus: 2 };
        assert_eq!(cpu_times(stat), Some(expected));
        assert_eq!(cpu_times("cpu 1 2 3\n"), None);
        assert_eq!(cpu_times(""), None);
    }

    #[test]
    fn throttling_is_read_from_both_versions() {
        assert_eq!(throttled_ns("nr_periods 5\nnr_throttled 1\nthrottled_time 7000\n"), Some(7000));
        assert_eq!(throttled_ns("usage_usec 5\nthrottled_usec 7\n"), Some(7000));
        assert_eq!(throttled_ns("usage_usec 5\n"), None);
        assert_eq!(throttled_periods("nr_periods 5\nnr_throttled 1\nthrottled_time 7000\n"), Some((1, 5)));
        assert_eq!(throttled_periods("usage_usec 5\n"), None);
    }

    #[test]
    fn quotas_are_in_cores() {
        assert_eq!(cpu_max("150000 100000\n"), Some(Bound::At(1.5)));
        assert_eq!(cpu_max("max 100000\n"), Some(Bound::Unlimited));
        assert_eq!(cpu_max("150000 0\n"), None);
        assert_eq!(cfs_quota("-1\n", "100000\n"), Some(Bound::Unlimited));
        assert_eq!(cfs_quota("50000\n", "100000\n"), Some(Bound::At(0.5)));
    }

    #[test]
    fn pages_of_processes_that_were_waited_for() {
        let stat = "10 (a) b) S 1 1 1 0 -1 4194304 7 8 9 0 5 1 100 1 20 0 1 0 500 1 1\n";
        assert_eq!(faults_of_waited(stat), Some(8));
        assert_eq!(faults_of_waited("10 (a) S 1"), None);
        assert_eq!(cpu_time_of_waited(stat), Some(101 * TICK));
        assert_eq!(cpu_time_of_waited("10 (a) S 1"), None);
        let expected = Standing { state: 'S', group: 3, session: 4, started: 500 };
        assert_eq!(standing(&stat.replace("S 1 1 1", "S 2 3 4")), Some(expected));
        assert_eq!(standing("10 (a) S 1 1 1"), None);
    }

    #[test]
    fn a_mapped_file_is_found_by_an_address_in_it() {
        let maps = "1000-2000 r-xp 00000000 fd:00 5    /usr/bin/a b\n2000-3000 rw-p 00000000 00:00 0\n\
                    3000-4000 r--p 00000000 fd:00 6    /odd\\012name\n";
        assert_eq!(mapped_file(maps, 0x1fff), Some("/usr/bin/a b"));
        for nowhere in [0xfff, 0x2000, 0x3000, 0x4000] {
            assert_eq!(mapped_file(maps, nowhere), None);
        }
    }

    #[test]
    fn a_soft_limit_is_the_first_number_of_its_line() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \n\
                      Max stack size            8388608              unlimited            bytes     \n\
                      Max open files            1024                 524288               files     \n\
                      Max locked memory         unlimited            unlimited            bytes     \n";
        assert_eq!(soft_limit(limits, "Max open files"), Some(Bound::At(1024)));
        assert_eq!(soft_limit(limits, "Max locked memory"), Some(Bound::Unlimited));
        assert_eq!(soft_limit(limits, "Max processes"), None);
    }

    #[test]
    fn lists_ranges_and_fields() {
        assert_eq!(cpu_list("0-3,8\n"), Some(5));
        assert_eq!(cpu_list("0"), Some(1));
        assert_eq!(cpu_list("3-0"), None);
        assert_eq!(cpu_list(""), None);
        assert_eq!(cpu_list("0-18446744073709551615"), None);
        assert_eq!(port_range("32768\t60999\n"), Some(28_232));
        assert_eq!(pressure_us("some avg10=0.04 avg60=0.34 avg300=0.70 total=15692035\n"), Some(15_692_035));
        assert_eq!(kibibytes("VmPeak:\t  9 kB\nVmHWM:\t    2048 kB\n", "VmHWM"), Some(2 << 20));
        assert_eq!(bits("SigCgt:\tff\nSigIgn:\t0000000000010001\n", "SigIgn"), Some(0x10001));
        assert_eq!(
            fastest_khz("cpu MHz\t: 800.000\nbogomips\t: 5200.00\ncpu MHz\t: 2600.5\n"),
            Some(2_600_500)
        );
        assert_eq!(fastest_khz("cpu MHz\t: unknown\n"), None);
        assert_eq!(field("a\t: 1\nflags\t\t: fpu vme\n", "flags"), Some("fpu vme"));
    }

    proptest! {
        #[test]
        fn nothing_that_a_file_may_hold_is_a_panic(text in "(?s).*", other in "[0-9 max,:=-]*", name in ".*") {
            for text in [text.as_str(), other.as_str(), &format!("cpu {other}"), &format!("some total={other}")] {
                let _ = cpu_times(text);
                let _ = process_times(text);
                let _ = process_times(&format!("1 (x) S {other}"));
                let _ = faults_of_waited(text);
                let _ = standing(text);
                let _ = mapped_file(text, 7);
                let _ = mapped_file(&format!("0-9 {other}"), 7);
                let _ = standing(&format!("1 (x) S {other}"));
                let _ = cpu_time_of_waited(text);
                let _ = pressure_us(text);
                let _ = throttled_ns(text);
                let _ = cpu_max(text);
                let _ = cfs_quota(text, &other);
                let _ = max_or_number(text);
                let _ = kibibytes(text, &name);
                let _ = bits(text, &name);
                let _ = soft_limit(text, &name);
                let _ = cpu_list(text);
                let _ = field(text, &name);
                let _ = fastest_khz(text);
                let _ = fastest_khz(&format!("cpu MHz: {other}"));
                let _ = port_range(text);
                let _ = switch(text);
            }
        }

        #[test]
        fn any_eight_numbers_are_processor_times(fields in proptest::array::uniform8(any::<u64>())) {
            let line = fields.map(|field| field.to_string()).join(" ");
            let times = cpu_times(&format!("cpu  {line}\n")).unwrap();
            prop_assert!(times.total >= times.processes && times.total >= times.steal);
        }
    }
}
