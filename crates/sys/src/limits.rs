use crate::parse::{self, Bound, understood};
use crate::{Groups, Roots};

/// The bits of capabilities that free a process from `nproc`: `CAP_SYS_ADMIN` and `CAP_SYS_RESOURCE`.
const EXEMPT_FROM_NPROC: u64 = 1 << 21 | 1 << 24;

/// The limits of this process and its machine, by name, or why one of them is not told.
pub fn limits(roots: &Roots) -> [(&'static str, Result<Bound<u64>, String>); 10] {
    let own = roots.proc("self/limits");
    let own = |line: &str| {
        let text = own.as_ref().map_err(String::clone)?;
        parse::soft_limit(text, line).ok_or_else(|| format!("/proc/self/limits has no valid line {line:?}"))
    };
    let system = |path: &str, parser: fn(&str) -> Option<u64>| {
        let text = roots.proc(path)?;
        understood(&format!("/proc/{path}"), &text, parser(&text)).map(Bound::At)
    };
    [
        ("nofile", own("Max open files")),
        ("nproc", if is_exempt_from_nproc(roots) { Ok(Bound::Unlimited) } else { own("Max processes") }),
        ("memlock", own("Max locked memory")),
        ("stack", own("Max stack size")),
        ("vm.max_map_count", system("sys/vm/max_map_count", parse::number)),
        ("kernel.pid_max", system("sys/kernel/pid_max", parse::number)),
        ("kernel.threads-max", system("sys/kernel/threads-max", parse::number)),
        ("pids.max", Groups::find(roots, "pids").and_then(|groups| groups.pids_max(roots))),
        ("net.ipv4.ip_local_port_range", system("sys/net/ipv4/ip_local_port_range", parse::port_range)),
        ("net.core.somaxconn", system("sys/net/core/somaxconn", parse::number)),
    ]
}

fn is_exempt_from_nproc(roots: &Roots) -> bool {
    let status = roots.proc("self/status").unwrap_or_default();
    parse::bits(&status, "CapEff").is_some_and(|bits| bits & EXEMPT_FROM_NPROC != 0)
}
