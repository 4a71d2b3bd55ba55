//! Observations of runs that never took place.

use concbench::batch::analyse::{answer, summarise};
use concbench::batch::{Observation, Sheet, SheetCell, WorkloadRecord};
use concbench::model::{Dispatch, Family};
use concbench::record::Status;
use concbench_stats::SplitMix64;
use concbench_workloads::Class;

/// A small generator with distributions, whose numbers follow from its seed.
pub(crate) struct Generator(SplitMix64);

impl Generator {
    pub(crate) fn new(seed: u64) -> Self {
        Self(SplitMix64::new(seed))
    }

    fn next(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Above 0 and at most 1.
    pub(crate) fn uniform(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 / (1u64 << 53) as f64
    }

    /// Standard normal (Box and Muller, 1958).
    pub(crate) fn normal(&mut self) -> f64 {
        (-2.0 * self.uniform().ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// Exponential with mean 1.
    pub(crate) fn exponential(&mut self) -> f64 {
        -self.uniform().ln()
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, (self.next() % (last as u64 + 1)) as usize);
        }
    }
}

/// An observation whose batches all took `time_ns`; start and stop take a tenth of that each.
pub(crate) fn observation(block: u32, time_ns: f64) -> Observation {
    let time = time_ns.round() as u64;
    Observation {
        block,
        position: 0,
        startup_ns: time / 10,
        cold_ns: time,
        warm_ns: vec![time; 3],
        warm_cpu_ns: Some(6 * time),
        probe_ns: 0,
        shutdown_ns: time / 10,
        wall_ns: 4 * time + 2 * (time / 10),
        user_ns: Some(3 * time),
        system_ns: Some(time),
        peak_rss_bytes: Some(1 << 20),
        tasks: 64,
        digest: "64:0".into(),
        ..Observation::default()
    }
}

/// A measured cell of the workload `work`, with one observation for each time, in blocks 0, 1 and so on.
pub(crate) fn cell(model: &str, workers: u64, times_ns: &[f64]) -> SheetCell {
    let family = match model {
        "sequential" => Family::Baseline,
        "thread-spawn" => Family::Threads,
        "smol" | "join-all" => Family::Coroutines,
        _ => Family::Pools,
    };
    SheetCell {
        id: format!("work/{model}@{workers}"),
        workload: "work".into(),
        model: model.into(),
        family,
        dispatch: match model {
            "rayon-iter" => Dispatch::Chunked,
            _ => Dispatch::Single,
        },
        workers,
        concurrency: workers,
        workers_rule: "cores".into(),
        twin: false,
        ranked: true,
        tasks: 64,
        status: Status::Ok,
        reason: None,
        stderr_tail: None,
        ideal_ns: None,
        criterion_median_ns: None,
        observations: (0..).zip(times_ns).map(|(block, &time)| observation(block, time)).collect(),
        summary: None,
    }
}

/// The same cell as the A/A twin of itself, with times of its own.
pub(crate) fn twin(of: &SheetCell, times_ns: &[f64]) -> SheetCell {
    let twin = cell(&of.model, of.workers, times_ns);
    SheetCell { id: format!("{}+twin", of.id), twin: true, ranked: false, ..twin }
}

/// A sheet of these cells, all of the workload `work`, whose analysis is still to be made.
pub(crate) fn sheet(cells: Vec<SheetCell>) -> Sheet {
    let workload = WorkloadRecord {
        name: "work".into(),
        class: Class::Cpu,
        teaches: "nothing".into(),
        why_this_size: "none".into(),
        tasks: 64,
        kernel: None,
        wait_ns: 0,
        timer_ns: 0,
        hash: "0".into(),
    };
    let blocks = cells.iter().map(|cell| cell.observations.len()).max().unwrap_or(0) as u32;
    Sheet { cores: 2, blocks, workloads: vec![workload], cells, ..Sheet::default() }
}

/// Fills in all that follows from the observations.
pub(crate) fn complete(sheet: &mut Sheet) {
    sheet.cells.iter_mut().for_each(summarise);
    answer(sheet);
}

/// A sheet with its analysis.
pub(crate) fn completed(cells: Vec<SheetCell>) -> Sheet {
    let mut sheet = sheet(cells);
    complete(&mut sheet);
    sheet
}

/// `count` times around `centre_ns`, normal on the logarithm with standard deviation `noise`.
pub(crate) fn around(generator: &mut Generator, centre_ns: f64, noise: f64, count: usize) -> Vec<f64> {
    (0..count).map(|_| centre_ns * (noise * generator.normal()).exp()).collect()
}
