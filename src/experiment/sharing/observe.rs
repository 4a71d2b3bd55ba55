//! Tasks contend under a model, and write down what they see. Those that wait for each other do so in another runner, which
//! is ended.

use std::fs::File;
use std::io::Write;
use std::time::{Duration, Instant};

use concbench_sharing::contention::{ContentionSpec, Outcome, Protection, Tally, Terms, lost, tickets};
use concbench_sharing::manager::Manager;
use concbench_stats::{FEWEST_FOR_P99, quantile};
use rustix::fs::{MemfdFlags, memfd_create};

use super::{Observation, Order, Sharing};
use crate::experiment::Experiment;
use crate::model::process::FileHandle;
use crate::model::{Digest, ModelError};
use crate::models::{Instrument, TaskSpec};
use crate::runner::cpu_time::CpuMeter;
use crate::runner::{CellError, Desk};

/// How often it is looked whether tasks that wait for each other have ended after all.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Has the tasks contend.
pub(super) fn contend(mut terms: Terms, desk: &Desk<'_>) -> Result<Observation, CellError> {
    // They last as long as this function: the tasks find them by where they are.
    let file = match terms.object {
        Protection::File | Protection::FileLock => Some(tickets_file(&mut terms)?),
        _ => None,
    };
    let manager = match terms.object {
        Protection::Manager => Some(Manager::start()?),
        _ => None,
    };
    terms.manager = manager.as_ref().map(|manager| manager.address().to_owned());
    let tally = tally(&terms)?;
    let bench = desk.bench_of(task_spec(&terms, &tally, desk)?)?;
    let mut model = bench.start()?;
    let meter = CpuMeter::start();
    let digest = bench.run(model.as_mut());
    let cpu = meter.stop();
    let digest = digest?;
    model.judge(terms.contenders).unwrap_or(Ok(()))?;
    model.stop()?;
    manager.map_or(Ok(()), Manager::stop)?;
    drop(file);
    let mut expected = Digest::default();
    (0..terms.contenders).for_each(|index| expected.add(index, index));
    if digest != expected {
        return Err(CellError::Digest { batch: "the batch that contends" });
    }
    let outcome = tally.outcome();
    let lost = lost(&terms, &outcome).map_err(CellError::Other)?;
    Ok(observation(&terms, outcome, lost, cpu))
}

/// Has another runner start tasks that wait for each other, and ends it.
pub(super) fn watch(terms: Terms, patience: Duration, desk: &Desk<'_>) -> Result<Observation, CellError> {
    let tally = tally(&terms)?;
    let mut other = desk.another(Sharing::ID, &Order::Hang, task_spec(&terms, &tally, desk)?)?;
    let until = Instant::now() + patience;
    while Instant::now() < until {
        if let Some(error) = other.answered_within(LOOK_EVERY) {
            return Err(error);
        }
    }
    let ended = tally.outcome().ended;
    match ended {
        0 => Err(CellError::TimedOut(format!(
            "each of two tasks holds the lock that the other waits for, and neither goes on: ended after {} ms; take locks \
             in one order everywhere",
            patience.as_millis()
        ))),
        ended => Err(CellError::Other(format!(
            "{ended} of two tasks got both locks, and should have waited for ever"
        ))),
    }
}

/// Starts tasks that do not end.
pub(super) fn hang(desk: &Desk<'_>) -> Result<Observation, CellError> {
    let bench = desk.bench()?;
    bench.run(bench.start()?.as_mut())?;
    Err(CellError::Other("two tasks got both locks, and should have waited for each other".to_owned()))
}

fn tally(terms: &Terms) -> Result<Tally, CellError> {
    let tally = Tally::create(terms.contenders);
    Ok(tally.map_err(ModelError::system("make memory for what tasks see"))?)
}

fn task_spec(terms: &Terms, tally: &Tally, desk: &Desk<'_>) -> Result<TaskSpec, CellError> {
    let spec = |tally| ContentionSpec { terms: terms.clone(), tally };
    let instrument = tally.handle().map(spec).map(Instrument::Contention);
    Ok(TaskSpec { instrument, ..desk.assignment()?.task_spec.clone() })
}

/// A file with the whole stock, in memory: no name of it is left behind.
fn tickets_file(terms: &mut Terms) -> Result<File, CellError> {
    let make = || {
        let mut file = File::from(memfd_create("concbench-tickets", MemfdFlags::CLOEXEC)?);
        file.write_all(tickets(terms.stock).as_bytes())?;
        Ok(file)
    };
    let file = make().map_err(ModelError::system("make a file of tickets"))?;
    let handle = FileHandle::of(&file).map_err(ModelError::system("find the file of tickets"))?;
    terms.file = Some(handle);
    Ok(file)
}

fn observation(terms: &Terms, outcome: Outcome, lost: u64, cpu: Result<u64, String>) -> Observation {
    let mut waits: Vec<f64> = outcome.waits_ns.iter().map(|&wait| wait as f64).collect();
    waits.sort_by(f64::total_cmp);
    // The one who has the event happen does not wait for it.
    let waiting = match terms.object {
        Protection::Event => outcome.visits.get(1..).unwrap_or_default(),
        _ => &outcome.visits[..],
    };
    let visits: u64 = waiting.iter().sum();
    let acquire_ns = match terms.object {
        Protection::Event => waits.iter().sum::<f64>() / waits.len().max(1) as f64,
        _ => outcome.elapsed_ns as f64 / visits.max(1) as f64,
    };
    let at = |share: f64, least: usize| {
        (waits.len() >= least).then(|| quantile(&waits, share).map(|wait| wait as u64)).flatten()
    };
    Observation {
        elapsed_ns: outcome.elapsed_ns,
        visits,
        least_visits: waiting.iter().copied().min().unwrap_or(0),
        most_visits: waiting.iter().copied().max().unwrap_or(0),
        together: terms.together && terms.contenders > 1,
        cpu_ns: cpu.as_ref().ok().copied(),
        cpu_reason: cpu.err(),
        waits: waits.len() as u64,
        acquire_ns,
        wait_median_ns: at(0.5, 1),
        wait_p99_ns: at(0.99, FEWEST_FOR_P99 as usize),
        lost,
    }
}
