//! What runs inside a runner: a model from its start to its stop, and the batches between.

use std::collections::BTreeMap;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::BatchObservation;
use super::pace::{Gathered, Warm};
use crate::model::{Digest, Family};
use crate::models::Running;
use crate::runner::counters::{Counters, Event, between};
use crate::runner::{Bench, CellError, Desk, cpu_time::CpuMeter, memory::peak_bytes};
use crate::time::nanoseconds;

/// Starts the model, runs one cold batch and the warm ones, stops.
pub(crate) fn observe(warm: Warm, desk: &Desk<'_>) -> Result<BatchObservation, CellError> {
    observe_of(warm, &desk.bench()?, &mut || {})
}

/// The same with tasks of the experiment's own choice; it is told of each batch before it begins.
pub(crate) fn observe_of(
    warm: Warm,
    bench: &Bench,
    begins: &mut dyn FnMut(),
) -> Result<BatchObservation, CellError> {
    let mut warm_ns = Vec::with_capacity(warm.figures as usize);
    let each = u64::from(warm.each.max(1));
    let observation = phases(bench, begins, |_, batches| {
        for _ in 0..warm.figures {
            let batch = |_| batches.next("warm batch").map(|(elapsed, _)| elapsed);
            let together: u64 = (0..each).map(batch).sum::<Result<u64, CellError>>()?;
            warm_ns.push(together / each);
        }
        Ok(())
    })?;
    timed(BatchObservation { warm_ns, warm_each: each, ..observation })
}

/// The same where nobody knows yet how long a batch takes: the warm ones end by time.
pub(crate) fn preflight(desk: &Desk<'_>) -> Result<BatchObservation, CellError> {
    by_time(&desk.bench()?, |_| ())
}

/// The same with counters, which slow down whatever they look at: what it saw is no observation of the matrix.
pub(crate) fn counted(desk: &Desk<'_>) -> Result<(BatchObservation, Counted), CellError> {
    let bench = desk.bench()?;
    // Before the model starts: what starts from here is counted too.
    let mut counters = Counters::open();
    let mut looks = Vec::new();
    let observation = by_time(&bench, |model| looks.push((counters.read(), model.parks())))?;
    let [(before, parks_before), (after, parks_after)] = looks.as_slice() else {
        return Err(CellError::Other("the counters were not read around the warm batches".to_owned()));
    };
    let parks = parks_after.zip(*parks_before).map(|(after, before)| after.saturating_sub(before));
    Ok((observation, Counted { events: between(before, after), user_only: counters.user_only(), parks }))
}

/// What was counted of the warm batches together.
#[derive(Debug)]
pub(crate) struct Counted {
    /// How often each event happened, or why that is not known.
    pub(crate) events: BTreeMap<Event, Result<f64, String>>,
    /// Whether those of the processor were counted in user mode only.
    pub(crate) user_only: bool,
    /// How often the model's runtime put a worker to sleep, where it counts that.
    pub(crate) parks: Option<u64>,
}

/// Warm batches until it is known how long they take; `look` is called before the first and after the last of them.
fn by_time(bench: &Bench, mut look: impl FnMut(&dyn Running)) -> Result<BatchObservation, CellError> {
    let mut gathered = Gathered::after(0);
    let observation = phases(bench, &mut || {}, |cold_ns, batches| {
        gathered = Gathered::after(cold_ns);
        look(batches.model.as_ref());
        batches.laps = Laps::begin();
        while gathered.wants_more() {
            gathered.add(batches.next("warm batch")?.0);
        }
        look(batches.model.as_ref());
        Ok(())
    })?;
    let (warm_ns, warm_each) = gathered.figures();
    timed(BatchObservation { warm_ns, warm_each, ..observation })
}

/// Starts the model and runs the cold batch, whose time in nanoseconds is the first answer; then whatever is asked for,
/// until the stop. What it has seen is an observation, too, with the mean of each request for a warm batch.
pub(crate) fn serve(desk: &mut Desk<'_>) -> Result<BatchObservation, CellError> {
    let mut warm_ns = Vec::new();
    let observation = phases(&desk.bench()?, &mut || {}, |cold_ns, batches| {
        let mut answer = cold_ns;
        while let Some(Step::Batches(count)) = desk.exchange(&answer)? {
            // Whoever asks took his time, which is none of the batch's.
            batches.laps = Laps::begin();
            let batch = |_| batches.next("warm batch").map(|(elapsed, _)| elapsed);
            answer = (0..count).map(batch).sum::<Result<u64, CellError>>()?;
            warm_ns.push(answer / count.max(1));
        }
        Ok(())
    })?;
    let warm_cpu_reason = Some("each warm time is the mean of several batches".to_owned());
    Ok(BatchObservation { warm_ns, warm_cpu_ns: None, warm_cpu_reason, ..observation })
}

/// An observation, if its batches took any time by the clock.
fn timed(observation: BatchObservation) -> Result<BatchObservation, CellError> {
    match observation.cold_ns == 0 || observation.steady_ns() == Some(0.0) {
        true => Err(CellError::Other(
            "the clock did not move while a batch ran: it is too coarse for it".to_owned(),
        )),
        false => Ok(observation),
    }
}

/// A model that has started, and the phase that is under way.
struct Batches<'a> {
    bench: &'a Bench,
    model: Box<dyn Running>,
    laps: Laps,
    begins: &'a mut dyn FnMut(),
    /// How long it took to judge what the tasks of each batch have shared.
    judging_ns: u64,
}

impl Batches<'_> {
    /// Runs another batch: its time in nanoseconds, and what its tasks returned.
    fn next(&mut self, name: &'static str) -> Result<(u64, Digest), CellError> {
        (self.begins)();
        let digest = self.bench.run(self.model.as_mut());
        let elapsed = self.laps.end();
        let digest = digest?;
        if let Some(verdict) = self.model.judge(digest.tasks) {
            self.judging_ns += self.laps.end();
            verdict?;
        }
        self.bench.check(name, digest)?;
        Ok((elapsed, digest))
    }
}

/// The phases around the warm batches, which `warm` runs: it is given the time of the cold batch in nanoseconds.
fn phases(
    bench: &Bench,
    begins: &mut dyn FnMut(),
    warm: impl FnOnce(u64, &mut Batches<'_>) -> Result<(), CellError>,
) -> Result<BatchObservation, CellError> {
    // The same code reads the clock at the end: a function called for the first time costs more than a short phase.
    let mut wall = Laps::begin();
    let mut laps = Laps::begin();
    let model = bench.start()?;
    let startup_ns = laps.end();
    let mut batches = Batches { bench, model, laps, begins, judging_ns: 0 };
    let (cold_ns, digest) = batches.next("cold batch")?;
    let meter = CpuMeter::start();
    let target_computed = bench.target_computed();
    let metered_ns = batches.laps.end();
    warm(cold_ns, &mut batches)?;
    let Batches { model, mut laps, judging_ns, .. } = batches;
    let warm_cpu = meter.stop();
    let target_cpu = target_computed.zip(bench.target_computed());
    let peak = match bench.info().family {
        Family::Processes => Err("the processes of the tasks have ended when memory is read".to_owned()),
        _ => peak_bytes(),
    };
    let probe_ns = metered_ns + judging_ns + laps.end();
    model.stop()?;
    let shutdown_ns = laps.end();
    let wall_ns = wall.end();
    Ok(BatchObservation {
        startup_ns,
        cold_ns,
        warm_ns: Vec::new(),
        warm_each: 1,
        warm_cpu_ns: warm_cpu.as_ref().ok().copied(),
        warm_cpu_reason: warm_cpu.err(),
        target_cpu_ns: target_cpu.map(|(before, after)| nanoseconds(after.saturating_sub(before))),
        probe_ns,
        shutdown_ns,
        wall_ns,
        peak_rss_bytes: peak.as_ref().ok().copied(),
        peak_rss_reason: peak.err(),
        tasks: digest.tasks,
        digest: format!("{:016x}", digest.sum),
    })
}

/// What is asked of a model that has started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Step {
    /// Run so many warm batches; the answer is the time that they took together, in nanoseconds.
    Batches(u64),
    /// Stop; the answer is the observation.
    Stop,
}

/// The phases of an observation: one reading of the clock ends one and begins the next. With a reading for each end the
/// clock itself would be a hundredth of the shortest observations, and in no phase.
struct Laps(Instant);

impl Laps {
    fn begin() -> Self {
        Self(Instant::now())
    }

    /// Ends a phase; its time in nanoseconds.
    fn end(&mut self) -> u64 {
        let now = Instant::now();
        let begun = std::mem::replace(&mut self.0, now);
        nanoseconds(now - begun)
    }
}
