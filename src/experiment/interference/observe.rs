//! A load on a site, inside a runner.

use std::time::Duration;

use concbench_interference::{Load, SITES, Seen};

use super::{Observation, Order, Served};
use crate::batch::step_ns;
use crate::runner::CellError;
use crate::time::nanoseconds;

/// How long tasks may take after the last was due.
const PATIENCE: Duration = Duration::from_secs(10);

/// Does what is ordered.
pub(super) fn observe(order: Order) -> Result<Observation, CellError> {
    let Order::Load {
        runtime,
        placement,
        workers,
        short_tasks,
        interval_ns,
        short_steps,
        computing_ns,
        stretch: (stretch_steps, stretches),
        busy_cores,
        seed,
    } = order
    else {
        return Ok(Observation::Step { step_ns: step_ns()? });
    };
    let Some(site) = SITES.iter().find(|site| site.runtime == runtime && site.placement == placement) else {
        return Err(CellError::Order(format!("there is no site {runtime}/{placement}")));
    };
    let load = Load {
        workers: usize::try_from(workers).unwrap_or(usize::MAX),
        short_tasks,
        interval_ns,
        short_steps,
        long_ns: computing_ns,
        stretch_steps,
        stretches,
        busy_cores,
        seed,
        patience: PATIENCE,
    };
    Ok(Observation::Load(served(&site.measure(&load)?)))
}

fn served(seen: &Seen) -> Served {
    Served {
        short_tasks: seen.latencies_ns.len() as u64,
        latency: seen.latencies_ns.iter().copied().collect(),
        handed_late: seen.handed_late_ns.iter().copied().collect(),
        computed: seen.computed,
        elapsed_ns: nanoseconds(seen.elapsed),
        due_ns: Some(nanoseconds(seen.due)),
        cpu_ns: nanoseconds(seen.cpu),
    }
}
