//! Which servers are loaded, by how many clients, and what forbids it.

use std::collections::BTreeMap;
use std::time::Duration;

use concbench_serving::{BACKLOG, Life, Protocol, SERVERS, Server, find};
use rustix::process::{Resource, getrlimit};

use super::{Cell, MANY, Order, Pace, Serving, Setup, cores};
use crate::experiment::{Ask, Block, Scope, Seen, Subject};
use crate::model::limits::{Kind, refuses};
use crate::record::{Factors, Failure, Status};
use crate::time::nanoseconds;

/// A load: how it is spoken, how long connections live and messages are, and how many connections there are.
type Level = (Protocol, Life, u64, u64);

/// The loads: connections that stay open and messages of the middle size; then other sizes, connections of one exchange,
/// and HTTP, each at few levels.
const LEVELS: [Level; 10] = [
    (Protocol::Echo, Life::Long, 1024, 1),
    (Protocol::Echo, Life::Long, 1024, 16),
    (Protocol::Echo, Life::Long, 1024, 256),
    (Protocol::Echo, Life::Long, 1024, 1_000),
    (Protocol::Echo, Life::Long, 1024, MANY),
    (Protocol::Echo, Life::Long, 32, 256),
    (Protocol::Echo, Life::Long, 16_384, 256),
    (Protocol::Echo, Life::Short, 1024, 64),
    (Protocol::Http, Life::Long, 1024, 16),
    (Protocol::Http, Life::Long, 1024, 256),
];
/// Those of a quick run.
const QUICK_LEVELS: [Level; 4] = [
    (Protocol::Echo, Life::Long, 1024, 1),
    (Protocol::Echo, Life::Long, 1024, 256),
    (Protocol::Echo, Life::Short, 1024, 64),
    (Protocol::Http, Life::Long, 1024, 256),
];
/// How long a load lasts before it counts, and how long it counts: by less than a fiftieth do twice as many servers differ
/// from themselves then. Longer where a round through all connections alone takes a good part of that.
const USUAL: (Duration, Duration) = (Duration::from_millis(30), Duration::from_millis(150));
const OF_MANY: (Duration, Duration) = (Duration::from_millis(300), Duration::from_millis(700));
/// The rate at which every server is loaded beside: far below what any can do, so that its latency is its own and not that
/// of a queue.
const RATE_PER_S: f64 = 2_000.0;
/// How long: with six rounds there are enough for a 99.9th percentile.
const PACED: Duration = Duration::from_millis(300);
/// For how many connections that is done: enough for an event loop to have a choice.
const PACED_AT: [u64; 2] = [256, 1_000];
/// How long an observation takes beside its loads: three processes are started.
const START: Duration = Duration::from_millis(120);
/// How long it takes to open and to serve so many connections once, about.
const EACH_CONNECTION: Duration = Duration::from_micros(60);
/// The descriptors of a server or a fleet beside those of its connections.
const OTHER_DESCRIPTORS: u64 = 64;
/// The most connections that may be under way at a time.
const MOST_CONNECTING: u64 = 128;

/// Every server under each load that its construct can serve.
pub(super) fn cells(scope: &Scope) -> Vec<Cell> {
    let levels: &[Level] = if scope.is_quick() { &QUICK_LEVELS } else { &LEVELS };
    let cores = cores::of_server(scope.cores(), cores::per_core(&scope.machine));
    let cell = |server: &Server, &(protocol, life, bytes, connections): &Level| Cell {
        protocol: if protocol == Protocol::Http { "http" } else { "echo" }.to_owned(),
        model: server.id.to_owned(),
        family: server.family,
        workers: server.workers(life, connections as usize, cores as usize) as u64,
        connections,
        bytes,
        life: if life == Life::Short { "short" } else { "long" }.to_owned(),
    };
    levels.iter().flat_map(|level| SERVERS.iter().map(move |server| cell(server, level))).collect()
}

/// About how long it takes to measure these cells.
pub(super) fn estimate(scope: &Scope, cells: &[Cell]) -> Duration {
    let lasts = |cell: &Cell| {
        if find(&cell.model).is_some_and(|server| refused_by_construct(server, cell).is_some()) {
            return Duration::ZERO;
        }
        let (warm, time) = times(cell);
        let paced = if is_paced(cell) { warm + PACED } else { Duration::ZERO };
        let each = START + warm + time + paced + EACH_CONNECTION * cell.connections as u32;
        each * cell.blocks(scope.settings.blocks)
    };
    cells.iter().map(lasts).sum()
}

/// What may forbid a cell on this machine.
pub(super) fn setup(scope: &Scope) -> Setup {
    let mut limits: BTreeMap<String, Option<u64>> = scope.machine.limits.clone();
    // Servers and clients raise the soft limit to this one.
    limits.insert("nofile".to_owned(), getrlimit(Resource::Nofile).maximum);
    Setup { limits }
}

/// Every cell once in each block, but for those that have fewer.
pub(super) fn next(scope: &Scope, seen: &Seen<Serving>) -> Vec<Block<Order>> {
    let mut blocks = seen.blocks(scope, |cell| Some(ask(scope, &seen.setup, cell)));
    for Block { number, trials, .. } in &mut blocks {
        trials.retain(|trial| match trial.subject {
            Subject::Cell(cell) => *number < seen.cells[cell].factors.blocks(scope.settings.blocks),
            Subject::Calibration { .. } => true,
        });
    }
    blocks.retain(|block| !block.trials.is_empty());
    blocks
}

/// How a cell is measured, or why it is not.
fn ask(scope: &Scope, setup: &Setup, cell: &Cell) -> Result<Ask<Order>, Failure> {
    let unsupported = |why| Failure::new(Status::Unsupported, why);
    let server = find(&cell.model)
        .ok_or_else(|| Failure::new(Status::Failed, format!("no server is called `{}`", cell.model)))?;
    let refusal = refused_by_construct(server, cell).or_else(|| refused_by_machine(server, setup, cell));
    if let Some(why) = refusal {
        return Err(unsupported(why));
    }
    let (warm, time) = times(cell);
    let order = Order {
        server: cell.model.clone(),
        protocol: cell.protocol(),
        life: cell.life(),
        workers: cell.workers,
        connections: cell.connections,
        bytes: cell.bytes,
        cores: scope.cores(),
        per_core: cores::per_core(&scope.machine),
        connecting: connecting(setup),
        warm_ns: nanoseconds(warm),
        time_ns: nanoseconds(time),
        paced: is_paced(cell).then(|| Pace { rate_per_s: RATE_PER_S, time_ns: nanoseconds(PACED) }),
        lie: None,
    };
    // Beside the patience of clients, so that what stalls is called so.
    let deadline = scope.settings.deadline.max(Duration::from_secs(60));
    Ok(Ask { order, work: None, deadline })
}

fn times(cell: &Cell) -> (Duration, Duration) {
    if cell.connections >= MANY { OF_MANY } else { USUAL }
}

fn is_paced(cell: &Cell) -> bool {
    let usual = (cell.protocol(), cell.life(), cell.bytes) == (Protocol::Echo, Life::Long, 1024);
    usual && PACED_AT.contains(&cell.connections)
}

fn connecting(setup: &Setup) -> u64 {
    // A full queue drops what comes, and the kernel of a client asks again after a second.
    (backlog(setup) / 4).clamp(1, MOST_CONNECTING)
}

/// How many connections may wait to be accepted.
fn backlog(setup: &Setup) -> u64 {
    let most = BACKLOG as u64;
    setup.limits.get("net.core.somaxconn").copied().flatten().map_or(most, |limit| limit.min(most))
}

fn refused_by_construct(server: &Server, cell: &Cell) -> Option<String> {
    server.refuses(cell.protocol(), cell.life(), cell.connections as usize)
}

/// Which limit of the machine forbids it, with its value and the remedy.
fn refused_by_machine(server: &Server, setup: &Setup, cell: &Cell) -> Option<String> {
    let connections = cell.connections + OTHER_DESCRIPTORS;
    if let Some(why) = refuses(&setup.limits, Kind::Connection, connections) {
        return Some(match why.starts_with("nofile") {
            true => format!("{why}, with the hard limit that forbids more"),
            false => why,
        });
    }
    if cell.life() == Life::Short && backlog(setup) < cell.connections {
        return Some(format!(
            "net.core.somaxconn is {}, and {} clients may wait to be accepted at once; raise it with `sudo sysctl \
             net.core.somaxconn={}`",
            backlog(setup),
            cell.connections,
            cell.connections
        ));
    }
    let each = server.each?;
    // Threads and processes are as many as workers, stacks as many as connections.
    refuses(&setup.limits, each, if each == Kind::Stack { cell.connections } else { cell.workers })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::experiment::Experiment;
    use crate::experiment::conduct::mock::{MockLauncher, broken};
    use crate::experiment::rehearsal::{self, rehearse};
    use crate::record::{Histogram, Mode, RawExperiment};

    fn scope(cores: u64, mode: Mode) -> Scope {
        let mut scope = rehearsal::scope(Vec::new(), cores, false, 7);
        scope.settings.mode = mode;
        scope
    }

    /// What a runner answers of a server that does so many exchanges a second.
    fn answer(exchanges: u64, fleet_cpu_ns: u64) -> Value {
        let latency: Histogram = (0..exchanges).map(|_| 1_000_000).collect();
        json!({
            "exchanges": exchanges, "elapsed_ns": 1_000_000_000u64, "connected_ns": 1_000_000,
            "server_cpu_ns": 1000 * exchanges, "fleet_cpu_ns": fleet_cpu_ns, "fleet_threads": 1,
            "held_bytes": null, "held_reason": "nothing was started", "latency": latency, "paced": null,
        })
    }

    /// The record of a run on a machine with these limits, on which each server does so many exchanges.
    fn served(limits: &[(&str, u64)], exchanges: fn(&str) -> Option<u64>) -> (Vec<String>, RawExperiment) {
        answered(limits, |id| Some(answer(exchanges(id)?, 500_000_000)))
    }

    /// The same where this is what runners answer.
    fn answered(
        limits: &[(&str, u64)],
        answer: impl Fn(&str) -> Option<Value>,
    ) -> (Vec<String>, RawExperiment) {
        let limits: BTreeMap<&str, u64> = limits.iter().copied().collect();
        let mut launcher = MockLauncher::new(|_, id, _| answer(id).ok_or_else(broken));
        let setup = Some(json!({ "limits": limits }));
        let scope = scope(2, Mode::Default);
        let mut record = rehearse(Serving::ID, &scope, setup, &|_| true, &mut launcher);
        (launcher.asked, record.experiments.remove(Serving::ID).unwrap())
    }

    fn cell<'a>(found: &'a RawExperiment, id: &str) -> &'a crate::record::RawCell {
        found.cells.iter().find(|cell| cell.id == id).unwrap_or_else(|| panic!("there is no {id}"))
    }

    #[test]
    fn every_server_is_loaded_once_in_each_block_and_the_many_connections_less_often() {
        let (asked, found) = served(&[], |_| Some(1000));
        let times = |id: &str| asked.iter().filter(|asked| *asked == id).count();
        for server in
            SERVERS.iter().filter(|server| server.refuses(Protocol::Echo, Life::Long, 256).is_none())
        {
            let id = format!("serving/echo-long-1024B-256/{}", server.id);
            assert_eq!(times(&id), 6, "{id}");
        }
        assert_eq!(times("serving/echo-long-1024B-10000/smol"), 3);
        assert!(asked.iter().all(|id| cell(&found, id).status == Status::Ok));
        assert_ne!(
            asked[..20],
            served(&[], |_| Some(1000)).0[20..40],
            "the order changes from block to block"
        );
    }

    #[test]
    fn what_a_construct_cannot_serve_is_refused_with_the_reason_before_it_starts() {
        let (asked, found) = served(&[], |_| Some(1000));
        for (id, why) in [
            ("echo-long-1024B-16/one-at-a-time", "one connection until that closes, and 16 stay open"),
            ("echo-long-1024B-256/prefork-reuseport", "of 256 that stay open some would wait for ever"),
            ("echo-long-1024B-1000/thread-pool", "at most 256 workers"),
            ("echo-long-1024B-10000/process-per-client", "at most 1000 are started"),
            ("http-long-1024B-16/thread-per-client", "needs an event loop that it knows"),
        ] {
            let id = format!("serving/{id}");
            let refused = cell(&found, &id);
            assert_eq!(refused.status, Status::Unsupported, "{id}");
            assert!(refused.reason.as_deref().unwrap().contains(why), "{:?}", refused.reason);
            assert!(!asked.contains(&id));
        }
        assert!(asked.contains(&"serving/echo-short-1024B-64/one-at-a-time".to_owned()));
    }

    #[test]
    fn a_limit_that_forbids_connections_is_named_with_its_value_and_the_remedy() {
        let limits = [
            ("nofile", 4096),
            ("net.core.somaxconn", 32),
            ("net.ipv4.ip_local_port_range", 28_000),
            ("pids.max", 600),
        ];
        let (asked, found) = served(&limits, |_| Some(1000));
        let refused = |id: &str| {
            let cell = cell(&found, &format!("serving/{id}"));
            assert_eq!(cell.status, Status::Unsupported, "{id}");
            cell.reason.clone().unwrap()
        };
        let descriptors = refused("echo-long-1024B-10000/tokio-multi-thread");
        assert!(descriptors.starts_with("nofile is 4096, which allows about 3896 connections and not 10064"));
        assert!(descriptors.contains("`ulimit -n 10264`"), "{descriptors}");
        let threads = refused("echo-long-1024B-1000/thread-per-client");
        assert!(threads.starts_with("pids.max is 600"), "{threads}");
        let backlog = refused("echo-short-1024B-64/smol");
        assert!(
            backlog.starts_with("net.core.somaxconn is 32") && backlog.contains("somaxconn=64"),
            "{backlog}"
        );
        assert!(asked.contains(&"serving/echo-long-1024B-1000/tokio-multi-thread".to_owned()));
        let ports = served(&[("net.ipv4.ip_local_port_range", 5000)], |_| Some(1000)).1;
        let ports = cell(&ports, "serving/echo-long-1024B-10000/smol").reason.clone().unwrap();
        assert!(ports.starts_with("net.ipv4.ip_local_port_range is 5000"), "{ports}");
    }

    #[test]
    fn the_first_is_named_with_whoever_may_be_as_good_and_a_server_that_breaks_keeps_its_reason() {
        let exchanges = |id: &str| match id.rsplit('/').next()? {
            "event-loop" => Some(1400),
            "smol" => Some(1000),
            "may" => Some(995),
            "compio" => None,
            _ => Some(500),
        };
        let (_, found) = served(&[], exchanges);
        let groups = found.findings.as_array().unwrap();
        let group =
            groups.iter().find(|group| group["connections"] == 256 && group["bytes"] == 1024).unwrap();
        let servers = group["servers"].as_array().unwrap();
        let named = |place: usize| (servers[place]["model"].as_str().unwrap(), &servers[place]["tied"]);
        assert_eq!(named(0), ("smol", &json!(true)));
        assert_eq!(named(1), ("may", &json!(true)));
        assert_eq!(named(2).1, &json!(false));
        assert_eq!(group["ceiling_per_s"], 1400.0);
        assert!(servers.iter().all(|served| served["limited"].is_null()), "{servers:?}");
        let broken = cell(&found, "serving/echo-long-1024B-256/compio");
        assert_eq!((broken.status, broken.reason.as_deref()), (Status::Crashed, Some("it broke")));
    }

    /// What limits each server under each load.
    fn limited(found: &RawExperiment) -> Vec<Option<String>> {
        let groups = found.findings.as_array().unwrap().iter();
        let servers = groups.flat_map(|group| group["servers"].as_array().unwrap());
        servers.map(|served| served["limited"].as_str().map(str::to_owned)).collect()
    }

    /// What is answered where the reference does hardly more than the others, and the clients compute so long with it.
    fn close(id: &str, with_reference_ns: u64) -> Value {
        match id.ends_with("/event-loop") {
            true => answer(1050, with_reference_ns),
            false => answer(1000, 500_000_000),
        }
    }

    #[test]
    fn a_fleet_that_can_do_hardly_more_is_named_as_the_limit() {
        let limited = limited(&answered(&[], |id| Some(close(id, 900_000_000))).1);
        assert!(limited.len() > 20);
        for limited in limited {
            let limited = limited.unwrap();
            assert!(
                limited.contains("the fleet may be the limit") && limited.contains("1.05 k"),
                "{limited}"
            );
        }
    }

    #[test]
    fn a_fleet_that_waits_for_the_reference_is_not_what_limits_it() {
        let limited = limited(&answered(&[], |id| Some(close(id, 500_000_000))).1);
        assert!(limited.iter().all(Option::is_none), "{limited:?}");
    }

    #[test]
    fn a_fleet_that_is_late_at_the_fixed_rate_says_nothing_of_full_speed() {
        let (_, found) = answered(&[], |_| {
            let mut answer = answer(1000, 500_000_000);
            answer["paced"] = json!({
                "rate_per_s": 2_000.0, "exchanges": 600, "late": 120, "server_cpu_ns": 1_000_000,
                "latency": answer["latency"],
            });
            Some(answer)
        });
        assert!(limited(&found).iter().all(Option::is_none));
        let paced = &found.findings[0]["servers"][0]["paced"];
        assert_eq!(paced["remark"], "at the fixed rate the fleet was late with 20 % of what was due");
    }

    #[test]
    fn a_run_takes_five_minutes_on_two_cores_and_a_quick_one_a_quarter() {
        let of = |mode| {
            let mut scope = scope(2, mode);
            if mode == Mode::Quick {
                scope.settings.blocks = 5;
            }
            estimate(&scope, &cells(&scope))
        };
        let (usual, quick) = (of(Mode::Default), of(Mode::Quick));
        assert!(usual <= Duration::from_secs(330), "{usual:?}");
        assert!(quick <= usual / 3, "{quick:?}");
    }
}
