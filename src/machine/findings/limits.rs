use concbench_sys::parse::UNLIMITED;

use super::{Finding, State, Topic, good_if};
use crate::model::limits::{Kind, refuses};
use crate::record::Machine;
use crate::server::BACKLOG;

/// The size of a batch that the built-in definitions reach.
const USUAL_TASKS: u64 = 1000;
/// The size of a batch that shows where a model ends.
const MANY_TASKS: u64 = 100_000;

/// How many tasks at once the limits of a machine carry.
pub(in crate::machine) fn of_limits(machine: &Machine) -> [Finding; 4] {
    let threads = Topic {
        id: "threads",
        effect: "cells that start more threads than that are recorded as unsupported",
        remedy: "ulimit -u unlimited; \
                 sudo sysctl vm.max_map_count=1000000 kernel.threads-max=500000 kernel.pid_max=4194304; \
                 raise pids.max of the control group",
    };
    let processes = Topic {
        id: "processes",
        effect: "cells that start more processes than that are recorded as unsupported",
        remedy: "ulimit -u unlimited; ulimit -n 200000; \
                 sudo sysctl kernel.threads-max=500000 kernel.pid_max=4194304; \
                 raise pids.max of the control group",
    };
    let connections = Topic {
        id: "connections",
        effect: "cells that open more connections than that fail",
        remedy: "ulimit -n 200000; sudo sysctl net.ipv4.ip_local_port_range='1024 65535'",
    };
    let backlog = Topic {
        id: "backlog",
        effect: "a crowd of clients gets connects of a second, since the kernel drops and asks again",
        remedy: "sudo sysctl net.core.somaxconn=4096",
    };
    let somaxconn = machine.limits.get("net.core.somaxconn").copied().flatten();
    [
        room(machine, &threads, Kind::Thread),
        room(machine, &processes, Kind::ConnectedProcess),
        room(machine, &connections, Kind::Connection),
        backlog.judge(machine, "limits.net.core.somaxconn", somaxconn, |length| {
            (good_if(length >= BACKLOG.into()), format!("up to {length} connections may wait to be accepted"))
        }),
    ]
}

fn room(machine: &Machine, topic: &Topic, kind: Kind) -> Finding {
    if !knows_a_limit(machine, kind) {
        return topic.found(State::Unknown, "unknown: none of the limits can be read");
    }
    if let Some(reason) = refuses(&machine.limits, kind, USUAL_TASKS) {
        return topic.found(State::Concern, reason);
    }
    match refuses(&machine.limits, kind, MANY_TASKS) {
        None => topic.found(State::Good, format_args!("room for {MANY_TASKS} at once")),
        // Few need so many; whoever does is told how.
        Some(reason) => Finding {
            remedy: Some(topic.remedy),
            ..topic.found(State::Good, format_args!("room for {USUAL_TASKS} at once; {reason}"))
        },
    }
}

/// Whether anything at all is known about the limits of this kind.
fn knows_a_limit(machine: &Machine, kind: Kind) -> bool {
    kind.counts_against().iter().any(|(name, _)| {
        let known = machine.limits.get(*name).is_some_and(Option::is_some);
        known || machine.missing.get(&format!("limits.{name}")).is_some_and(|reason| reason == UNLIMITED)
    })
}
