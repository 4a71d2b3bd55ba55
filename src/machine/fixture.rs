//! Machines for tests.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::Roots;

/// A `/proc` and a `/sys` of their own.
pub(super) struct Fixture {
    folder: TempDir,
}

impl Fixture {
    /// A machine that tells nothing.
    pub(super) fn empty() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    /// Eight hyperthreads that nothing was tuned on, running on its battery.
    pub(super) fn laptop() -> Self {
        let fixture = Self::empty();
        fixture
            .common()
            .proc("cpuinfo", "processor\t: 0\nflags\t\t: fpu vme tsc\n")
            .proc("self/status", "Name:\tx\nCpus_allowed_list:\t0-7\n")
            .sys("devices/system/cpu/online", "0-7\n")
            .sys("devices/system/cpu/smt/active", "1\n")
            .sys("devices/system/cpu/intel_pstate/no_turbo", "0\n")
            .sys("class/dmi/id/sys_vendor", "LENOVO\n")
            .sys("class/dmi/id/product_name", "20XX\n")
            .sys("class/power_supply/AC/type", "Mains\n")
            .sys("class/power_supply/BAT0/type", "Battery\n")
            .sys("class/power_supply/BAT0/status", "Discharging\n")
            .sys("class/power_supply/mouse/type", "Battery\n")
            .sys("class/power_supply/mouse/scope", "Device\n")
            .sys("class/power_supply/mouse/status", "Discharging\n");
        for policy in 0..8 {
            fixture
                .sys(&format!("devices/system/cpu/cpufreq/policy{policy}/scaling_governor"), "powersave\n");
        }
        fixture
    }

    /// A container in a virtual machine of two processors, with a quota.
    pub(super) fn guest() -> Self {
        let fixture = Self::empty();
        fixture
            .common()
            .proc("cpuinfo", "processor\t: 0\nflags\t\t: fpu hypervisor\n")
            .proc("self/status", "Name:\tx\nCpus_allowed_list:\t0-1\n")
            .sys("devices/system/cpu/online", "0-1\n")
            .sys("devices/system/cpu/smt/active", "0\n")
            .sys("devices/system/clocksource/clocksource0/available_clocksource", "tsc kvm-clock\n")
            .sys("fs/cgroup/job/cpu.max", "150000 100000\n")
            .sys("fs/cgroup/cpu.max", "200000 100000\n");
        for folder in ["devices/system/cpu/cpufreq", "class/power_supply"] {
            fs::create_dir_all(fixture.folder.path().join("sys").join(folder)).unwrap();
        }
        fixture
    }

    /// A machine that is fit to measure on.
    pub(super) fn fit() -> Self {
        let fixture = Self::laptop();
        fixture
            .sys("devices/system/cpu/smt/active", "0\n")
            .sys("devices/system/cpu/intel_pstate/no_turbo", "1\n")
            .sys("class/power_supply/BAT0/status", "Full\n")
            .proc(
                "self/limits",
                "Max stack size            8388608              unlimited            bytes     \n\
                 Max processes             500000               500000               processes \n\
                 Max open files            500000               500000               files     \n\
                 Max locked memory         unlimited            unlimited            bytes     \n",
            )
            .proc("sys/vm/max_map_count", "1048576\n")
            .proc("sys/kernel/pid_max", "4194304\n")
            .sys("fs/cgroup/job/pids.max", "max\n");
        for policy in 0..8 {
            fixture
                .sys(&format!("devices/system/cpu/cpufreq/policy{policy}/scaling_governor"), "performance\n");
        }
        fixture
    }

    fn common(&self) -> &Self {
        self.proc("self/cgroup", "0::/job\n")
            .proc("self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")
            .proc(
                "self/limits",
                "Max stack size            8388608              unlimited            bytes     \n\
                 Max processes             62840                62840                processes \n\
                 Max open files            1024                 524288               files     \n\
                 Max locked memory         unlimited            unlimited            bytes     \n",
            )
            .proc("sys/kernel/randomize_va_space", "2\n")
            .proc("sys/vm/max_map_count", "65530\n")
            .proc("sys/kernel/pid_max", "4194304\n")
            .proc("sys/kernel/threads-max", "125680\n")
            .proc("sys/net/ipv4/ip_local_port_range", "32768\t60999\n")
            .proc("sys/net/core/somaxconn", "4096\n")
            .sys("devices/system/clocksource/clocksource0/current_clocksource", "tsc\n")
            .sys("fs/cgroup/job/pids.max", "20000\n")
    }

    /// Writes a file of `/proc`.
    pub(super) fn proc(&self, path: &str, text: &str) -> &Self {
        self.write(&Path::new("proc").join(path), text)
    }

    /// Writes a file of `/sys`.
    pub(super) fn sys(&self, path: &str, text: &str) -> &Self {
        self.write(&Path::new("sys").join(path), text)
    }

    fn write(&self, path: &Path, text: &str) -> &Self {
        let file = self.folder.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
        self
    }

    /// Where to read it.
    pub(super) fn roots(&self) -> Roots {
        Roots::new(self.folder.path().join("proc"), self.folder.path().join("sys"))
    }
}
