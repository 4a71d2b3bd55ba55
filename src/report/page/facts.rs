use crate::record::{Machine, Tool, Warning};
use crate::report::{text, units};

/// A fact about a machine or a build.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fact {
    pub(crate) name: &'static str,
    /// What it is, or why it is not known.
    pub(crate) value: Result<String, String>,
    /// Whether it stands against trusting the figures.
    pub(crate) alarm: bool,
}

impl Fact {
    /// A fact that is known.
    pub(crate) fn known(name: &'static str, value: String, alarm: bool) -> Self {
        Self { name, value: Ok(value), alarm }
    }
}

/// The facts about a machine that influence its figures; alarming are those that the run was warned of.
pub(crate) fn machine(machine: &Machine, warnings: &[Warning]) -> Vec<Fact> {
    let why = |field: &str| match machine.missing.get(field) {
        Some(why) => text::clip(why, 160),
        None => "no reason was recorded".into(),
    };
    let fact = |name, field: &str, warning: &str, value: Option<String>| Fact {
        name,
        value: value.ok_or_else(|| why(field)),
        alarm: warnings.iter().any(|found| found.id == warning),
    };
    let on_off = |value: bool| if value { "on" } else { "off" }.to_owned();
    let name = |value: &Option<String>| value.as_deref().map(text::name);
    // An absent limit is a fact, not a gap.
    let unlimited = machine.missing.get("quota_cores").is_none_or(|why| why == "unlimited");
    let quota =
        machine.quota_cores.map(|quota| format!("{quota} cores")).or(unlimited.then(|| "none".into()));
    vec![
        fact("processor", "cpu", "", name(&machine.cpu)),
        fact("cores", "cores", "affinity", Some(cores(machine))),
        fact("SMT", "smt", "smt", machine.smt.map(on_off)),
        fact("CPU quota", "quota_cores", "quota", quota),
        fact("governor", "governor", "governor", name(&machine.governor)),
        fact("turbo", "turbo", "turbo", machine.turbo.map(on_off)),
        fact("virtualisation", "virtualisation", "virtualisation", name(&machine.virtualisation)),
        fact("clock", "clock_source", "clock-source", name(&machine.clock_source)),
        fact(
            "battery",
            "on_battery",
            "battery",
            machine.on_battery.map(|on| if on { "in use" } else { "not in use" }.into()),
        ),
        fact("load at the start", "load_one", "load", machine.load_one.map(|load| format!("{load:.2}"))),
        fact("memory", "memory_bytes", "", machine.memory_bytes.map(|bytes| units::bytes(bytes as f64))),
        fact("ASLR", "aslr", "aslr", machine.aslr.map(on_off)),
        fact("system", "os", "", name(&machine.os)),
        fact("kernel", "kernel", "", name(&machine.kernel)),
        Fact::known("architecture", text::name(&machine.arch), false),
    ]
}

/// The facts about the build that measured.
pub(crate) fn build(tool: &Tool) -> Vec<Fact> {
    vec![
        Fact::known("compiler", text::name(&tool.rustc), false),
        Fact::known("target", text::name(&tool.target), false),
        Fact::known("profile", text::name(&tool.profile), tool.profile != "release"),
        Fact::known("allocator", text::name(&tool.allocator), false),
        Fact {
            name: "commit",
            value: tool
                .commit
                .as_deref()
                .map(|commit| text::clip(commit, 13))
                .ok_or("not built from a checkout".into()),
            alarm: false,
        },
        Fact::known("version", text::name(&tool.version), false),
    ]
}

fn cores(machine: &Machine) -> String {
    let cores = machine.cores;
    match (machine.physical_cores, machine.logical_cpus) {
        (_, Some(logical)) if logical == cores => format!("{cores}, all usable"),
        (Some(physical), Some(logical)) => {
            format!("{cores} usable of {logical} logical, {physical} physical")
        }
        (None, Some(logical)) => format!("{cores} usable of {logical} logical"),
        (_, None) => format!("{cores} usable"),
    }
}
