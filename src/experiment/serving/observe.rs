//! A server and its clients, in processes of their own, as the runner that started them sees them.

use std::time::Duration;

use concbench_serving::{
    FleetProcess, Life, Load, Outcome, Phase, ServerProcess, Service, ServingError, find,
};

use super::{Observation, Order, Paced, cores};
use crate::machine::proc::cpu_time_of_tree;
use crate::model::ModelError;
use crate::model::process::Role;
use crate::record::Histogram;
use crate::runner::memory::footprint;
use crate::runner::{CellError, with_nothing_left};
use crate::time::nanoseconds;

/// For how long no answer may come before the server counts as stalled.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the clients may say nothing: longer than any load lasts and any stall is waited for.
const SILENCE: Duration = Duration::from_secs(30);
/// The fewest connections whose memory is told from what the server holds anyway.
const FEWEST_FOR_MEMORY: u64 = 256;

/// Serves, loads, and ends whatever was started.
pub(super) fn observe(order: &Order) -> Result<Observation, CellError> {
    let system = |error| ModelError::System { what: "adopt the processes of a server", source: error };
    // The processes of a server that ends become children of this one, which ends and awaits them.
    with_nothing_left(|| measure(order)).map_err(system)?
}

fn measure(order: &Order) -> Result<Observation, CellError> {
    let (of_server, of_fleet) = cores::split(order.cores);
    let service = Service {
        server: order.server.clone(),
        protocol: order.protocol,
        workers: order.workers as usize,
        cores: of_server,
        lie: order.lie,
    };
    let role = Role::Server { service: text(&service)? };
    let mut server = ServerProcess::start(role.command(), &service).map_err(cell_error)?;
    let with_memory = order.life == Life::Long && order.connections >= FEWEST_FOR_MEMORY;
    let held = |pid| match with_memory {
        true => footprint(pid).map(|footprint| footprint.total()),
        false => {
            Err(format!("fewer than {FEWEST_FOR_MEMORY} connections do not show beside the server itself"))
        }
    };
    let before = held(server.pid());
    let threads = cores::threads_of_fleet(order.cores, order.per_core);
    let load = Load {
        address: server.address(),
        protocol: order.protocol,
        life: order.life,
        connections: order.connections as usize,
        bytes: order.bytes as usize,
        threads: threads as usize,
        cores: of_fleet,
        connecting: order.connecting as usize,
        patience: PATIENCE,
    };
    let role = Role::Fleet { load: text(&load)? };
    let mut fleet = FleetProcess::start(role.command()).map_err(cell_error)?;
    let connected_ns = fleet.connected(&mut server, SILENCE).map_err(cell_error)?;
    let warm = Duration::from_nanos(order.warm_ns);
    let phase = Phase { warm, time: Duration::from_nanos(order.time_ns), rate_per_s: None };
    let cpu_time = cpu_clock(&order.server);
    let (outcome, cpu) = run(&mut fleet, &mut server, &phase, cpu_time)?;
    let after = held(server.pid());
    let paced = match order.paced {
        None => None,
        Some(pace) => {
            let time = Duration::from_nanos(pace.time_ns);
            let phase = Phase { warm, time, rate_per_s: Some(pace.rate_per_s) };
            let (outcome, cpu) = run(&mut fleet, &mut server, &phase, cpu_time)?;
            Some(Paced {
                rate_per_s: pace.rate_per_s,
                exchanges: outcome.exchanges,
                late: outcome.late,
                server_cpu_ns: cpu.ok(),
                latency: Histogram::from_iter(outcome.latencies_ns),
            })
        }
    };
    let (held_bytes, held_reason) = match before.and_then(|before| Ok((before, after?))) {
        Ok(held) => (Some(held), None),
        Err(reason) => (None, Some(reason)),
    };
    let (server_cpu_ns, cpu_reason) = match cpu {
        Ok(cpu) => (Some(cpu), None),
        Err(reason) => (None, Some(reason)),
    };
    Ok(Observation {
        exchanges: outcome.exchanges,
        elapsed_ns: outcome.elapsed_ns,
        connected_ns,
        server_cpu_ns,
        cpu_reason,
        fleet_cpu_ns: outcome.cpu_ns,
        fleet_threads: threads.min(order.connections),
        held_bytes,
        held_reason,
        latency: Histogram::from_iter(outcome.latencies_ns),
        paced,
    })
}

/// How the CPU time of a server is read, by the number of its first process. To look for processes below that takes a look
/// at each of its threads, and would last longer than the load where there are ten thousand.
fn cpu_clock(server: &str) -> fn(u32) -> Result<Duration, String> {
    match find(server).is_some_and(|server| server.has_processes()) {
        true => cpu_time_of_tree,
        false => |pid| {
            let read = concbench_sys::cpu_time(pid.cast_signed());
            read.map_err(|error| format!("the clock of the server cannot be read: {error}"))
        },
    }
}

/// Has the fleet load the server; with what it saw, the CPU time of the server while that counted.
fn run(
    fleet: &mut FleetProcess,
    server: &mut ServerProcess,
    phase: &Phase,
    cpu_time: fn(u32) -> Result<Duration, String>,
) -> Result<(Outcome, Result<u64, String>), CellError> {
    let pid = server.pid();
    let mut readings = Vec::with_capacity(2);
    let outcome = fleet.run(server, phase, SILENCE, || readings.push(cpu_time(pid)));
    let outcome = outcome.map_err(cell_error)?;
    let mut readings = readings.into_iter();
    let mut next = || readings.next().unwrap_or_else(|| Err("it was not read".to_owned()));
    let cpu = next().and_then(|before| Ok(nanoseconds(next()?.saturating_sub(before))));
    match outcome.exchanges {
        0 => Err(CellError::Other("no message was answered while the load counted".to_owned())),
        _ => Ok((outcome, cpu)),
    }
}

fn text(of: &impl serde::Serialize) -> Result<String, CellError> {
    serde_json::to_string(of).map_err(|error| CellError::Other(error.to_string()))
}

fn cell_error(error: ServingError) -> CellError {
    match error {
        ServingError::Unsupported(why) => CellError::Model(ModelError::Unsupported(why)),
        error => CellError::Other(error.to_string()),
    }
}
