//! Trees grow, and what comes back is looked at each time.

use std::time::{Duration, Instant};

use concbench_constructs::ConstructError;
use concbench_constructs::tree::{CONSTRUCTS, Running};

use super::{Observation, Order};
use crate::machine::proc::memory;
use crate::runner::CellError;
use crate::runner::cpu_time::CpuMeter;
use crate::runner::memory::footprint;
use crate::time::nanoseconds;

/// Grows trees.
pub(super) fn observe(order: &Order) -> Result<Observation, CellError> {
    let Some(construct) = CONSTRUCTS.iter().find(|construct| construct.id == order.construct) else {
        return Err(CellError::Order(format!("there is no construct `{}`", order.construct)));
    };
    let mut running = construct.start(order.workers as usize).map_err(failed)?;
    let before = own();
    let first_ns = grow(running.as_mut(), order)?;
    let held = match standing(running.as_mut(), order)? {
        Some(held) => held,
        None => risen(before),
    };
    let (held_bytes, held_reason) = match held {
        Ok(held) => (Some(held), None),
        Err(reason) => (None, Some(reason)),
    };
    let (begun, time) = (Instant::now(), Duration::from_nanos(order.time_ns));
    let meter = CpuMeter::start();
    let mut trees_ns = Vec::new();
    while trees_ns.is_empty() || begun.elapsed() < time {
        trees_ns.push(grow(running.as_mut(), order)?);
    }
    let (cpu_ns, cpu_reason) = match meter.stop() {
        Ok(cpu) => (Some(cpu / trees_ns.len() as u64), None),
        Err(reason) => (None, Some(reason)),
    };
    let tasks = order.growth.tasks();
    Ok(Observation { tasks, first_ns, trees_ns, cpu_ns, cpu_reason, held_bytes, held_reason })
}

/// Grows one tree: how long it took, if all of it came back.
fn grow(running: &mut dyn Running, order: &Order) -> Result<u64, CellError> {
    let begun = Instant::now();
    let grown = running.grow(order.growth, order.form).map_err(failed)?;
    let took = nanoseconds(begun.elapsed());
    grown.checked(order.growth).map_err(failed)?;
    Ok(took)
}

/// What is resident of this process, in bytes.
fn own() -> Result<u64, String> {
    memory(std::process::id(), "status", "VmRSS")
}

/// By how much the peak lies above what was resident before, in bytes.
fn risen(before: Result<u64, String>) -> Result<u64, String> {
    Ok(memory(std::process::id(), "status", "VmHWM")?.saturating_sub(before?))
}

/// What the processes of a tree hold while all of it stands, beside this one: shared pages in parts, and page tables, in
/// bytes. `None` where no tree stands outside of this process.
fn standing(running: &mut dyn Running, order: &Order) -> Result<Option<Result<u64, String>>, CellError> {
    let own = std::process::id();
    let alone = footprint(own);
    let mut all = Err("the tree never stood".to_owned());
    let Some(grown) = running.stand(order.growth, &mut || all = footprint(own)).map_err(failed)? else {
        return Ok(None);
    };
    grown.checked(order.growth).map_err(failed)?;
    Ok(Some(all.and_then(|all| Ok(all.total().saturating_sub(alone?.total())))))
}

fn failed(error: ConstructError) -> CellError {
    match error {
        ConstructError::Model(error) => CellError::Model(error),
        ConstructError::Wrong(what) => CellError::Other(what),
    }
}

#[cfg(test)]
mod tests {
    use concbench_constructs::tree::{Form, Growth};

    use super::*;

    #[test]
    fn trees_grow_until_the_time_is_over_and_at_least_one_behind_the_first() {
        let order = Order {
            construct: "sequential".to_owned(),
            form: Form::Result,
            growth: Growth { children: 10, depth: 3 },
            workers: 1,
            time_ns: 0,
        };
        let seen = observe(&order).unwrap();
        assert_eq!((seen.tasks, seen.trees_ns.len()), (1_111, 1));
        assert!(seen.first_ns > 0 && seen.held_bytes.is_some(), "{seen:?}");
    }
}
