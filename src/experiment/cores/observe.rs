//! Computing under a limit, inside a runner that has put itself under it.

use std::time::{Duration, Instant};

use concbench_models::instrument::Durations;
use concbench_sizing::SIZERS;
use concbench_sys::{QuotaGroup, Roots};
use rustix::process::getppid;

use super::{Computed, Limit, Observation, Order, Throttling};
use crate::batch::step_ns;
use crate::model::{ModelError, allowed_cores, confine};
use crate::models::{Instrument, TaskSpec};
use crate::runner::{CellError, Desk, cpu_time::CpuMeter};
use crate::time::nanoseconds;

/// Does what is ordered.
pub(super) fn observe(order: &Order, desk: &Desk<'_>) -> Result<Observation, CellError> {
    match order {
        Order::Step => Ok(Observation::Step { step_ns: step_ns()? }),
        Order::Group => {
            let _confined = Confined::to(Limit::Quota(1.0))?;
            Ok(Observation::Group {})
        }
        Order::Size { limit, sizer } => {
            let _confined = Confined::to(*limit)?;
            let Some(sizer) = SIZERS.iter().find(|known| known.id == sizer) else {
                return Err(CellError::Order(format!("nobody called {sizer} can be asked")));
            };
            Ok(Observation::Size { workers: sizer.own()? as u64 })
        }
        Order::Run { limit, time_ns } => {
            run(*limit, Duration::from_nanos(*time_ns), desk).map(Observation::Run)
        }
    }
}

/// A process under a limit, for as long as the value lives; an affinity stays.
#[derive(Debug)]
struct Confined(Option<QuotaGroup>);

impl Confined {
    /// Puts this process under it, before it has started anything: what it starts from here inherits it.
    fn to(limit: Limit) -> Result<Self, CellError> {
        match limit {
            Limit::Cpus(cpus) => {
                bind(cpus)?;
                Ok(Self(None))
            }
            Limit::Quota(cores) => {
                let run = getppid().map_or(0, |pid| pid.as_raw_nonzero().get().unsigned_abs());
                let unsupported = |why| CellError::Model(ModelError::Unsupported(why));
                let mut group = QuotaGroup::create(&Roots::default(), run, cores).map_err(unsupported)?;
                group.enter().map_err(unsupported)?;
                Ok(Self(Some(group)))
            }
        }
    }

    fn throttled(&self) -> Result<Option<Throttling>, CellError> {
        let read = |group: &QuotaGroup| group.throttled().map_err(CellError::Other);
        let counted = self.0.as_ref().map(read).transpose()?;
        Ok(counted.map(|held| Throttling {
            throttled_ns: held.ns,
            periods: held.periods,
            of_periods: held.of_periods,
        }))
    }
}

/// Binds this process to the first so many CPUs that it may use.
fn bind(cpus: u64) -> Result<(), ModelError> {
    let first = allowed_cores()?.into_iter().take(usize::try_from(cpus).unwrap_or(usize::MAX));
    confine(None, &first.collect::<Vec<_>>())
}

/// Batch after batch until so much time has passed.
fn run(limit: Limit, time: Duration, desk: &Desk<'_>) -> Result<Computed, CellError> {
    let confined = Confined::to(limit)?;
    let assignment = desk.assignment()?;
    let (each, workers) = (assignment.tasks, assignment.workers);
    let noted = Durations::create(each).map_err(ModelError::system("make memory to note durations in"))?;
    let instrument = noted.handle().map(Instrument::Durations);
    let bench = desk.bench_of(TaskSpec { instrument, ..assignment.task_spec.clone() })?;
    let mut model = bench.start()?;
    let (before, meter, begun) = (confined.throttled()?, CpuMeter::start(), Instant::now());
    let mut durations = Vec::new();
    while begun.elapsed() < time {
        let digest = bench.run(model.as_mut())?;
        bench.check("a batch", digest)?;
        durations.extend(noted.take(each));
    }
    let (elapsed, cpu, after) = (begun.elapsed(), meter.stop(), confined.throttled()?);
    model.stop()?;
    let since = |(before, after): (Throttling, Throttling)| Throttling {
        throttled_ns: after.throttled_ns.saturating_sub(before.throttled_ns),
        periods: after.periods.saturating_sub(before.periods),
        of_periods: after.of_periods.saturating_sub(before.of_periods),
    };
    if durations.contains(&0) {
        return Err(CellError::Other("a task was not run, and another one in its stead".to_owned()));
    }
    let granted = |cpu_ns: u64| match limit {
        Limit::Quota(cores) => Some((cpu_ns as f64 / cores) as u64),
        Limit::Cpus(_) => None,
    };
    Ok(Computed {
        granted_ns: cpu.as_ref().ok().copied().and_then(granted),
        workers,
        tasks: durations.len() as u64,
        elapsed_ns: nanoseconds(elapsed),
        durations: durations.into_iter().collect(),
        cpu_ns: cpu.as_ref().ok().copied(),
        cpu_reason: cpu.err(),
        throttled: before.zip(after).map(since),
    })
}
