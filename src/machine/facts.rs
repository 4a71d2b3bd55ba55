use std::collections::BTreeMap;
use std::thread;

use concbench_sys::parse::{self, Bound, UNLIMITED, understood};
use concbench_sys::{Groups, Roots};
use sysinfo::{CpuRefreshKind, MemoryRefreshKind, System};

use super::hypervisor::hypervisor;
use crate::record::Machine;

/// Set in `/proc/self/personality` where addresses are not randomised for this process (personality(2)).
const ADDR_NO_RANDOMIZE: u32 = 0x0004_0000;

/// The facts of this machine.
pub fn facts() -> Machine {
    let mut machine = facts_under(&Roots::default());
    let mut missing = Missing(std::mem::take(&mut machine.missing));
    let said = |result: Result<String, sysinfo::Error>| result.map_err(|error| error.to_string());
    machine.os = missing.unless("os", said(System::long_os_version()));
    machine.kernel = missing.unless("kernel", said(System::kernel_version()));
    machine.physical_cores = missing.unless(
        "physical_cores",
        System::physical_core_count().map(|cores| cores as u64).map_err(|error| error.to_string()),
    );
    machine.load_one = missing
        .unless("load_one", System::load_average().map(|load| load.one).map_err(|error| error.to_string()));
    match system() {
        Ok(system) => {
            let brand = system.cpus().first().map(|cpu| cpu.brand().trim()).filter(|brand| !brand.is_empty());
            machine.cpu = missing.unless("cpu", brand.map(str::to_owned).ok_or("it has no brand".to_owned()));
            let memory = Some(system.total_memory()).filter(|&bytes| bytes > 0);
            machine.memory_bytes = missing.unless("memory_bytes", memory.ok_or("none reported".to_owned()));
        }
        Err(reason) => {
            machine.cpu = missing.unless("cpu", Err(reason.clone()));
            machine.memory_bytes = missing.unless("memory_bytes", Err(reason));
        }
    }
    machine.cores = missing.unless("cores", available()).unwrap_or(1);
    machine.missing = missing.0;
    machine
}

/// The cores that this process may use: affinity and quota taken into account.
fn available() -> Result<u64, String> {
    match thread::available_parallelism() {
        Ok(cores) => Ok(cores.get() as u64),
        Err(error) => Err(format!("taken as 1: {error}")),
    }
}

fn system() -> Result<System, String> {
    let mut system = System::new().map_err(|error| error.to_string())?;
    system.refresh_cpu_list(CpuRefreshKind::nothing());
    system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
    Ok(system)
}

/// The facts that the kernel tells below `roots`. Those that only the running system knows (its name, its processor's
/// brand, its memory, its load, its cores) are left out.
pub fn facts_under(roots: &Roots) -> Machine {
    let mut missing = Missing(BTreeMap::new());
    let virtualisation = missing.unless("virtualisation", hypervisor(roots));
    // Whoever is not known to be real may be virtual.
    let real = virtualisation.as_deref() == Some("none");
    Machine {
        arch: std::env::consts::ARCH.to_owned(),
        logical_cpus: missing.unless("logical_cpus", cpus_online(roots)),
        allowed_cpus: missing.unless("allowed_cpus", cpus_allowed(roots)),
        smt: missing.unless("smt", smt(roots, real)),
        quota_cores: missing.unless_unlimited("quota_cores", quota(roots)),
        governor: missing.unless("governor", governor(roots)),
        turbo: missing.unless("turbo", turbo(roots)),
        aslr: missing.unless("aslr", aslr(roots)),
        clock_source: missing.unless("clock_source", clock_source(roots)),
        on_battery: missing.unless("on_battery", on_battery(roots, real)),
        virtualisation,
        limits: limits(roots, &mut missing),
        missing: missing.0,
        ..Machine::default()
    }
}

/// Why facts are `null`, by their names.
struct Missing(BTreeMap<String, String>);

impl Missing {
    fn unless<T>(&mut self, name: &str, fact: Result<T, String>) -> Option<T> {
        fact.map_err(|reason| self.0.insert(name.to_owned(), reason)).ok()
    }

    fn unless_unlimited<T>(&mut self, name: &str, fact: Result<Bound<T>, String>) -> Option<T> {
        let fact = fact.and_then(|bound| match bound {
            Bound::At(value) => Ok(value),
            Bound::Unlimited => Err(UNLIMITED.to_owned()),
        });
        self.unless(name, fact)
    }
}

fn cpus_online(roots: &Roots) -> Result<u64, String> {
    let text = roots.sys("devices/system/cpu/online")?;
    understood("/sys/devices/system/cpu/online", &text, parse::cpu_list(&text))
}

fn cpus_allowed(roots: &Roots) -> Result<u64, String> {
    let text = roots.proc("self/status")?;
    let list = parse::field(&text, "Cpus_allowed_list").and_then(parse::cpu_list);
    list.ok_or_else(|| "/proc/self/status has no valid Cpus_allowed_list".to_owned())
}

fn smt(roots: &Roots, real: bool) -> Result<bool, String> {
    let text = roots.sys("devices/system/cpu/smt/active")?;
    match understood("/sys/devices/system/cpu/smt/active", &text, parse::switch(&text))? {
        false if !real => {
            Err("a virtual machine need not be told which of its processors share a core".to_owned())
        }
        active => Ok(active),
    }
}

fn quota(roots: &Roots) -> Result<Bound<f64>, String> {
    Groups::find(roots, "cpu")?.quota(roots)
}

fn governor(roots: &Roots) -> Result<String, String> {
    let folder = "devices/system/cpu/cpufreq";
    let policies = roots.sys_names(folder)?;
    let read = |policy: &String| roots.sys(&format!("{folder}/{policy}/scaling_governor")).ok();
    let mut governors: Vec<_> =
        policies.iter().filter_map(read).map(|governor| governor.trim().to_owned()).collect();
    governors.sort();
    governors.dedup();
    match governors.is_empty() {
        true => Err(format!("the machine exposes no frequency policy in /sys/{folder}")),
        false => Ok(governors.join(", ")),
    }
}

fn turbo(roots: &Roots) -> Result<bool, String> {
    let switch = |path: &str| parse::switch(&roots.sys(&format!("devices/system/cpu/{path}")).ok()?);
    switch("intel_pstate/no_turbo")
        .map(|off| !off)
        .or_else(|| switch("cpufreq/boost"))
        .or_else(|| switch("cpufreq/policy0/boost"))
        .ok_or_else(|| {
            "the machine exposes neither intel_pstate/no_turbo nor cpufreq/boost in /sys/devices/system/cpu"
                .to_owned()
        })
}

fn aslr(roots: &Roots) -> Result<bool, String> {
    let text = roots.proc("sys/kernel/randomize_va_space")?;
    let mode = parse::number::<u8>(&text);
    let everywhere = understood("/proc/sys/kernel/randomize_va_space", &text, mode)? > 0;
    let personality =
        roots.proc("self/personality").ok().and_then(|text| u32::from_str_radix(text.trim(), 16).ok());
    Ok(everywhere && personality.is_none_or(|personality| personality & ADDR_NO_RANDOMIZE == 0))
}

fn clock_source(roots: &Roots) -> Result<String, String> {
    let text = roots.sys("devices/system/clocksource/clocksource0/current_clocksource")?;
    Ok(text.trim().to_owned())
}

/// What a supply feeds says `scope`: `Device` is the battery of a mouse.
fn on_battery(roots: &Roots, real: bool) -> Result<bool, String> {
    let folder = "class/power_supply";
    let names = roots.sys_names(folder)?;
    let read = |name: &String, file| {
        roots.sys(&format!("{folder}/{name}/{file}")).map(|text| text.trim().to_owned()).ok()
    };
    let mut supplies =
        names.iter().filter(|name| read(name, "scope").as_deref() != Some("Device")).peekable();
    if supplies.peek().is_none() {
        return match real {
            true => Ok(false),
            false => Err("a virtual machine need not be told what feeds it".to_owned()),
        };
    }
    let discharging = |name| {
        read(name, "type").as_deref() == Some("Battery")
            && read(name, "status").as_deref() == Some("Discharging")
    };
    Ok(supplies.any(discharging))
}

fn limits(roots: &Roots, missing: &mut Missing) -> BTreeMap<String, Option<u64>> {
    let found = concbench_sys::limits(roots).into_iter();
    found
        .map(|(name, limit)| (name.to_owned(), missing.unless_unlimited(&format!("limits.{name}"), limit)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::fixture::Fixture;

    #[test]
    fn a_laptop_is_read_in_full() {
        let machine = facts_under(&Fixture::laptop().roots());
        assert_eq!(machine.logical_cpus, Some(8));
        assert_eq!(machine.allowed_cpus, Some(8));
        assert_eq!(machine.smt, Some(true));
        assert_eq!(machine.quota_cores, None);
        assert_eq!(machine.missing["quota_cores"], "unlimited");
        assert_eq!(machine.governor.as_deref(), Some("powersave"));
        assert_eq!(machine.turbo, Some(true));
        assert_eq!(machine.aslr, Some(true));
        assert_eq!(machine.virtualisation.as_deref(), Some("none"));
        assert_eq!(machine.clock_source.as_deref(), Some("tsc"));
        assert_eq!(machine.on_battery, Some(true));
        assert_eq!(machine.limits["nofile"], Some(1024));
        assert_eq!(machine.limits["nproc"], Some(62_840));
        assert_eq!(machine.limits["vm.max_map_count"], Some(65_530));
        assert_eq!(machine.limits["net.ipv4.ip_local_port_range"], Some(28_232));
        assert_eq!(machine.limits["pids.max"], Some(20_000));
        assert_eq!(machine.limits["memlock"], None);
        assert_eq!(machine.missing["limits.memlock"], "unlimited");
        assert_eq!(machine.missing.len(), 2, "{:?}", machine.missing);
    }

    #[test]
    fn what_is_not_exposed_is_missing_with_a_reason() {
        let machine = facts_under(&Fixture::empty().roots());
        let json = serde_json::to_value(&machine).unwrap();
        for name in [
            "logical_cpus",
            "allowed_cpus",
            "smt",
            "quota_cores",
            "governor",
            "turbo",
            "aslr",
            "virtualisation",
            "clock_source",
            "on_battery",
        ] {
            assert!(json[name].is_null(), "{name}");
            assert!(!machine.missing[name].is_empty(), "{name}");
        }
        assert_eq!(machine.limits.len(), 10);
        for (name, limit) in &machine.limits {
            assert_eq!(*limit, None);
            assert!(!machine.missing[&format!("limits.{name}")].is_empty());
        }
    }

    #[test]
    fn a_virtual_machine_is_not_believed_about_siblings_and_batteries() {
        let machine = facts_under(&Fixture::guest().roots());
        assert_eq!(machine.virtualisation.as_deref(), Some("kvm"));
        assert_eq!((machine.smt, machine.on_battery), (None, None));
        assert!(machine.missing["smt"].contains("virtual machine"));
        assert!(machine.missing["governor"].contains("no frequency policy"));
        assert_eq!(machine.quota_cores, Some(1.5));
    }

    #[test]
    fn hypervisors_are_told_apart() {
        for (vendor, product, expected) in [
            ("QEMU", "Standard PC (Q35 + ICH9, 2009)", "qemu"),
            ("innotek GmbH", "VirtualBox", "virtualbox"),
            ("Microsoft Corporation", "Virtual Machine", "hyper-v"),
            ("Microsoft Corporation", "Surface", "kvm"),
            ("Amazon EC2", "m7i.large", "amazon ec2"),
        ] {
            let fixture = Fixture::guest();
            fixture.sys("class/dmi/id/sys_vendor", vendor).sys("class/dmi/id/product_name", product);
            assert_eq!(hypervisor(&fixture.roots()).as_deref(), Ok(expected), "{vendor} {product}");
        }
        // The metal of a vendor of virtual machines is metal.
        let fixture = Fixture::laptop();
        fixture
            .sys("class/dmi/id/sys_vendor", "Amazon EC2")
            .sys("class/dmi/id/product_name", "m7i.metal-24xl");
        assert_eq!(hypervisor(&fixture.roots()).as_deref(), Ok("none"));
    }

    #[test]
    fn switches_are_read_the_right_way_round() {
        let fixture = Fixture::laptop();
        fixture.sys("devices/system/cpu/intel_pstate/no_turbo", "1\n");
        fixture.sys("class/power_supply/BAT0/status", "Charging\n");
        fixture.proc("sys/kernel/randomize_va_space", "0\n");
        fixture.sys("devices/system/cpu/cpufreq/policy3/scaling_governor", "performance\n");
        let machine = facts_under(&fixture.roots());
        assert_eq!(
            (machine.turbo, machine.on_battery, machine.aslr),
            (Some(false), Some(false), Some(false))
        );
        assert_eq!(machine.governor.as_deref(), Some("performance, powersave"));
        fixture.proc("sys/kernel/randomize_va_space", "2\n").proc("self/personality", "00040000\n");
        assert_eq!(facts_under(&fixture.roots()).aslr, Some(false));
    }

    #[test]
    fn garbage_is_missing_and_not_zero() {
        let fixture = Fixture::laptop();
        fixture.sys("devices/system/cpu/online", "many\n").proc("sys/vm/max_map_count", "\n");
        let machine = facts_under(&fixture.roots());
        assert_eq!((machine.logical_cpus, machine.limits["vm.max_map_count"]), (None, None));
        assert!(machine.missing["logical_cpus"].contains("\"many\""));
    }

    #[test]
    fn this_machine_has_cores_a_kernel_and_memory_and_says_nothing_private() {
        let machine = facts();
        assert!(machine.cores >= 1);
        assert!(machine.kernel.is_some() && machine.memory_bytes.is_some_and(|bytes| bytes > 0));
        let json = serde_json::to_string(&machine).unwrap();
        let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
        // A host may be called as something that stands in every record.
        if name.trim().len() > 6 {
            assert!(!json.contains(name.trim()));
        }
        assert!(!json.contains(&std::env::var("HOME").unwrap_or("/home/".to_owned())));
    }
}
