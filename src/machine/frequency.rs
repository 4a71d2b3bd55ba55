//! How fast a core runs that has something to do.

use std::hint::black_box;
use std::time::{Duration, Instant};

use super::Roots;
use concbench_sys::parse;

/// How long this thread keeps a core busy before the frequency is read: governors look every few milliseconds.
const SPIN: Duration = Duration::from_millis(20);
/// What x86 processors that count the cycles that really pass are marked with: only then is `cpu MHz` no constant.
const COUNTS_CYCLES: &str = "aperfmperf";

/// The frequency of the fastest core, in kilohertz, while this thread keeps one busy: what an idle core would run at says
/// nothing of one that has work.
///
/// # Errors
///
/// Why the machine does not show it; then no core is kept busy.
pub(super) fn busiest_khz(roots: &Roots) -> Result<u64, String> {
    read(roots)?;
    let start = Instant::now();
    while start.elapsed() < SPIN {
        black_box(0_u64);
    }
    read(roots)
}

fn read(roots: &Roots) -> Result<u64, String> {
    scaling(roots).map_or_else(|| counted(roots), Ok)
}

/// What the driver of the governor says.
fn scaling(roots: &Roots) -> Option<u64> {
    let folder = "devices/system/cpu/cpufreq";
    let names = roots.sys_names(folder).ok()?;
    let of =
        |policy: &String| parse::number(&roots.sys(&format!("{folder}/{policy}/scaling_cur_freq")).ok()?);
    names.iter().filter_map(of).max()
}

fn counted(roots: &Roots) -> Result<u64, String> {
    let text = roots.proc("cpuinfo")?;
    let flags = parse::field(&text, "flags").unwrap_or_default();
    if !flags.split_ascii_whitespace().any(|flag| flag == COUNTS_CYCLES) {
        return Err(format!(
            "no frequency is shown: there is no scaling_cur_freq, and without {COUNTS_CYCLES} \
             /proc/cpuinfo has the nominal one at best"
        ));
    }
    parse::fastest_khz(&text).ok_or_else(|| "/proc/cpuinfo has no frequency".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::fixture::Fixture;

    const MHZ: &str = "processor\t: 0\ncpu MHz\t\t: 1200.000\nflags\t\t: fpu FLAG\n\
                       processor\t: 1\ncpu MHz\t\t: 3600.125\nflags\t\t: fpu FLAG\n";

    #[test]
    fn the_fastest_core_counts_wherever_it_is_shown() {
        let fixture = Fixture::empty();
        fixture.proc("cpuinfo", &MHZ.replace("FLAG", COUNTS_CYCLES));
        assert_eq!(busiest_khz(&fixture.roots()), Ok(3_600_125));
        fixture
            .sys("devices/system/cpu/cpufreq/policy0/scaling_cur_freq", "800000\n")
            .sys("devices/system/cpu/cpufreq/policy1/scaling_cur_freq", "2900000\n");
        assert_eq!(busiest_khz(&fixture.roots()), Ok(2_900_000));
    }

    #[test]
    fn a_nominal_frequency_is_none() {
        let fixture = Fixture::empty();
        let reason = busiest_khz(&fixture.roots()).unwrap_err();
        assert!(reason.starts_with("/proc/cpuinfo cannot be read"), "{reason}");
        fixture.proc("cpuinfo", &MHZ.replace("FLAG", "hypervisor"));
        let reason = busiest_khz(&fixture.roots()).unwrap_err();
        assert!(reason.starts_with("no frequency is shown"), "{reason}");
    }
}
