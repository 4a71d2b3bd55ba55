use super::Roots;
use concbench_sys::parse;

/// What the firmware calls a machine that does not exist, in lower case, and the hypervisor that it stands for.
const NAMES: [(&str, &str); 12] = [
    ("vmware", "vmware"),
    ("virtualbox", "virtualbox"),
    ("innotek", "virtualbox"),
    ("parallels", "parallels"),
    ("bochs", "bochs"),
    ("bhyve", "bhyve"),
    ("xen", "xen"),
    ("amazon ec2", "amazon ec2"),
    ("google compute engine", "google compute engine"),
    ("microsoft corporation virtual machine", "hyper-v"),
    ("kvm", "kvm"),
    ("qemu", "qemu"),
];

/// What the clocks that a hypervisor offers say about it.
const CLOCKS: [(&str, &str); 3] = [("kvm-clock", "kvm"), ("hyperv_clocksource", "hyper-v"), ("xen", "xen")];

/// What is used where there is one and it does not say which.
const UNNAMED: &str = "unnamed hypervisor";

/// The hypervisor, or `none`; an error where the machine does not tell.
pub(super) fn hypervisor(roots: &Roots) -> Result<String, String> {
    if let Ok(kind) = roots.sys("hypervisor/type") {
        return Ok(kind.trim().to_owned());
    }
    let firmware = ["sys_vendor", "product_name"].map(|name| roots.sys(&format!("class/dmi/id/{name}")));
    let named = name(&NAMES, &firmware.clone().map(Result::unwrap_or_default).join(" "));
    let cpuinfo = roots.proc("cpuinfo")?;
    // Every x86 hypervisor sets the flag, apart from those that hide; no other architecture has one.
    let Some(flags) = parse::field(&cpuinfo, "flags") else {
        return match (named, firmware) {
            (Some(name), _) => Ok(name.to_owned()),
            (None, [Ok(_), _]) => Ok("none".to_owned()),
            (None, [Err(reason), _]) => Err(reason),
        };
    };
    if !flags.split(' ').any(|flag| flag == "hypervisor") {
        return Ok("none".to_owned());
    }
    let clocks =
        roots.sys("devices/system/clocksource/clocksource0/available_clocksource").unwrap_or_default();
    Ok(named.or_else(|| name(&CLOCKS, &clocks)).unwrap_or(UNNAMED).to_owned())
}

fn name(names: &[(&str, &'static str)], text: &str) -> Option<&'static str> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    names.iter().find(|(part, _)| text.contains(part)).map(|(_, name)| *name)
}
