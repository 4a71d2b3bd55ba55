//! Who serves best under each load, and what limits a load other than the server.

use concbench_serving::REFERENCE;
use concbench_stats::{FEWEST_FOR_P99, FEWEST_FOR_P999, hodges_lehmann, median, sorted};
use concbench_text::figures;

use super::findings::{Group, PacedLatency, Served};
use super::{Cell, Observation};
use crate::batch::analyse::{CONFIDENCE, MARGIN};
use crate::record::{CellRecord, Counts, Histogram, Status};

/// From which share of what the clients do with the reference they are named as what may be the limit: where they compute
/// nearly all the time with it. Where they do not, the reference is its own limit.
const CEILING: f64 = 0.9;
const NEARLY_BUSY: f64 = 0.85;
/// From which share of the time in which the clients compute they are.
const BUSY: f64 = 0.95;
/// From which share of messages that were sent late a rate was not kept by the clients.
const LATE: f64 = 0.1;

type Load = CellRecord<Cell, Observation>;

/// What follows for each load, in the order of the cells.
pub(super) fn analyse(cells: &[Load]) -> Vec<Group> {
    let same = |left: &Load, right: &Load| left.factors.load() == right.factors.load();
    cells.chunk_by(same).map(group).collect()
}

fn group(cells: &[Load]) -> Group {
    let measured = || cells.iter().filter(|cell| cell.status == Status::Ok && !cell.observations.is_empty());
    let mut ordered: Vec<(&Load, f64)> =
        measured().filter_map(|cell| Some((cell, median(&sorted(&rates(cell)))?))).collect();
    ordered.sort_by(|left, right| right.1.total_cmp(&left.1));
    let reference = ordered.iter().find(|(cell, _)| cell.factors.model == REFERENCE).copied();
    let reaches = |(cell, _): &(&Load, f64)| busy(cell).is_some_and(|busy| busy > NEARLY_BUSY);
    let ceiling = reference.filter(reaches).map(|(_, rate)| rate);
    // The reference is there to be held against, and is nobody's construct.
    let servers: Vec<(&Load, f64)> =
        ordered.into_iter().filter(|(cell, _)| cell.factors.model != REFERENCE).collect();
    let first = servers.first().map(|(cell, _)| *cell);
    let served = |(cell, rate): &(&Load, f64)| served(cell, *rate, first?, ceiling);
    let Cell { protocol, life, bytes, connections, .. } = cells[0].factors.clone();
    let servers = servers.iter().filter_map(served).collect();
    let ceiling_per_s = reference.map(|(_, rate)| rate);
    Group { protocol, life, bytes, connections, ceiling_per_s, servers }
}

/// The share of the time in which the clients computed: the median of the rounds.
fn busy(cell: &Load) -> Option<f64> {
    let shares: Vec<f64> = cell.observations.iter().map(|made| made.responses.fleet_busy()).collect();
    median(&sorted(&shares))
}

fn rates(cell: &Load) -> Vec<f64> {
    cell.observations.iter().map(|made| made.responses.exchanges_per_s()).collect()
}

fn served(cell: &Load, exchanges_per_s: f64, first: &Load, ceiling: Option<f64>) -> Option<Served> {
    let made = || cell.observations.iter().map(|made| &made.responses);
    let pairs = cell.observations.iter().filter_map(|one| {
        let other = first.observations.iter().find(|other| other.block == one.block)?;
        Some((one.responses.exchanges_per_s() / other.responses.exchanges_per_s()).ln())
    });
    let location = hodges_lehmann(&pairs.collect::<Vec<f64>>(), CONFIDENCE)?;
    let [ratio, low, high] = [location.estimate, location.low, location.high].map(f64::exp);
    let latency = pooled(made().map(|made| &made.latency));
    let middle = |values: Vec<f64>| median(&sorted(&values));
    let exchanges: f64 = made().map(|made| made.exchanges as f64).sum();
    let cpu: Option<f64> = made().map(|made| made.server_cpu_ns.map(|cpu| cpu as f64)).sum();
    let held = made().filter_map(|made| made.held_bytes);
    let held: Vec<f64> = held
        .map(|(before, after)| after.saturating_sub(before) as f64 / cell.factors.connections as f64)
        .collect();
    let opened = made().map(|made| 1e9 * cell.factors.connections as f64 / made.connected_ns.max(1) as f64);
    let accepted_per_s = match cell.factors.life.as_str() {
        "short" => exchanges_per_s,
        _ => middle(opened.collect())?,
    };
    Some(Served {
        model: cell.factors.model.clone(),
        exchanges_per_s,
        ratio,
        low,
        high,
        confidence: location.confidence,
        tied: high >= 1.0 - MARGIN,
        p50_ns: latency.quantile_ns(0.5) as f64,
        p99_ns: latency.quantile_of(FEWEST_FOR_P99, 0.99),
        p999_ns: latency.quantile_of(FEWEST_FOR_P999, 0.999),
        exchange_cpu_ns: cpu.map(|cpu| cpu / exchanges.max(1.0)),
        connection_bytes: middle(held),
        accepted_per_s,
        paced: paced(cell),
        limited: limited(cell, exchanges_per_s, ceiling),
    })
}

fn paced(cell: &Load) -> Option<PacedLatency> {
    let made: Vec<_> = cell.observations.iter().filter_map(|made| made.responses.paced.as_ref()).collect();
    let latency = pooled(made.iter().map(|made| &made.latency));
    let exchanges: f64 = made.iter().map(|made| made.exchanges as f64).sum();
    let cpu: Option<f64> = made.iter().map(|made| made.server_cpu_ns.map(|cpu| cpu as f64)).sum();
    let late = made.iter().map(|made| made.late as f64).sum::<f64>() / exchanges.max(1.0);
    Some(PacedLatency {
        rate_per_s: made.first()?.rate_per_s,
        p50_ns: latency.quantile_ns(0.5) as f64,
        p99_ns: latency.quantile_of(FEWEST_FOR_P99, 0.99),
        p999_ns: latency.quantile_of(FEWEST_FOR_P999, 0.999),
        exchange_cpu_ns: cpu.map(|cpu| cpu / exchanges.max(1.0)),
        late,
        remark: (late > LATE).then(|| {
            format!("at the fixed rate the fleet was late with {} of what was due", figures::percent(late))
        }),
    })
}

fn pooled<'a>(latencies: impl Iterator<Item = &'a Histogram>) -> Counts {
    let mut all = Counts::default();
    latencies.for_each(|latency| all.add(&latency.counts()));
    all
}

/// What limits a load at full speed other than the server.
fn limited(cell: &Load, exchanges_per_s: f64, ceiling: Option<f64>) -> Option<String> {
    if let Some(busy) = busy(cell).filter(|&busy| busy > BUSY) {
        return Some(format!("the fleet is the limit: it computes {} of the time", figures::percent(busy)));
    }
    let ceiling = ceiling.filter(|&ceiling| exchanges_per_s > CEILING * ceiling)?;
    Some(format!(
        "the fleet may be the limit: with a server of plain events it does {} exchanges a second",
        figures::count(ceiling)
    ))
}
