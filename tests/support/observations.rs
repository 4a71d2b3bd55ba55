//! What is observed: the truth about a cell, and chance.

use concbench::batch::{Observation, SheetCell, WorkloadRecord};
use concbench::record::Status;
use concbench_stats::SplitMix64;

use super::matrix::{MODELS, ModelSample, compute_ns};
use super::{BLOCKS, CORES};

const WARM: usize = 5;

/// A generator of numbers that never changes.
pub struct Random(SplitMix64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(SplitMix64::new(seed))
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0.next_u64()
    }

    pub(super) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A factor around 1: the sum of twelve uniform numbers is nearly normal.
    pub(super) fn factor(&mut self, spread: f64) -> f64 {
        let normal: f64 = (0..12).map(|_| self.unit()).sum::<f64>() - 6.0;
        (normal * spread).exp()
    }

    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for index in (1..items.len()).rev() {
            items.swap(index, (self.next() % (index as u64 + 1)) as usize);
        }
    }
}

/// What a batch takes in steady state.
fn truth(work: &WorkloadRecord, model: &ModelSample, workers: u64) -> f64 {
    let tasks = work.tasks as f64;
    let cores = if model.parallel { workers.min(CORES) as f64 } else { 1.0 };
    // More workers than cores get into each other's way, and cores share memory.
    let friction = 1.0 + 0.025 * (cores - 1.0) + 0.01 * (workers.saturating_sub(CORES).min(20)) as f64;
    let computing = (compute_ns(work) * tasks / cores) * friction;
    let waiting = match model.waits {
        Some(1) if !model.parallel => tasks * work.wait_ns as f64,
        Some(_) => (tasks / workers as f64).ceil() * work.wait_ns as f64,
        None => work.wait_ns as f64,
    };
    let timers = if work.wait_ns > 0 { 600_000.0 } else { 0.0 };
    computing + waiting + timers + model.task_ns * tasks / cores.sqrt() + 900.0
}

pub(super) fn observe(
    cells: &mut [SheetCell],
    workloads: &[WorkloadRecord],
    random: &mut Random,
    slower: &impl Fn(&str, &str) -> f64,
) {
    for work in workloads {
        let mut order: Vec<usize> = (0..cells.len())
            .filter(|i| cells[*i].workload == work.name && cells[*i].status == Status::Ok)
            .collect();
        for block in 0..BLOCKS {
            random.shuffle(&mut order);
            let weather = random.factor(0.012) * if block == 13 { 1.06 } else { 1.0 };
            for (position, index) in order.iter().enumerate() {
                let model =
                    MODELS.iter().find(|model| model.id == cells[*index].model).expect("from the table");
                let factor = slower(&work.name, model.id);
                let truth = truth(work, model, cells[*index].workers) * factor * weather;
                let spike = if random.unit() < 0.01 { 1.35 } else { 1.0 };
                let here = truth * random.factor(0.01) * spike;
                let observation = one(block, position as u32, work, model, here, random);
                cells[*index].observations.push(observation);
            }
        }
    }
}

fn one(
    block: u32,
    position: u32,
    work: &WorkloadRecord,
    model: &ModelSample,
    steady: f64,
    random: &mut Random,
) -> Observation {
    let warm_ns: Vec<u64> = (0..WARM).map(|_| (steady * random.factor(0.006)) as u64).collect();
    let startup_ns = (model.startup_ns * random.factor(0.05)) as u64;
    let cold_ns = (steady * 1.12 * random.factor(0.03)) as u64;
    let shutdown_ns = (model.startup_ns * 0.2 * random.factor(0.1)) as u64;
    let batches = (WARM + 1) as f64;
    let cpu = (compute_ns(work) + model.task_ns * 0.8) * work.tasks as f64 * batches + model.startup_ns;
    let kernel = if model.task_ns > 5_000.0 { 0.6 } else { 0.08 };
    let counted = model.id != "process-async";
    Observation {
        block,
        position,
        startup_ns,
        cold_ns,
        shutdown_ns,
        probe_ns: 40_000,
        wall_ns: 40_000 + startup_ns + cold_ns + shutdown_ns + warm_ns.iter().sum::<u64>(),
        warm_ns,
        warm_each: 1,
        warm_cpu_ns: counted.then_some((cpu * WARM as f64 / batches * random.factor(0.02)) as u64),
        target_cpu_ns: None,
        warm_cpu_reason: (!counted).then(|| "the counters of a grandchild are not added up".to_owned()),
        user_ns: counted.then_some((cpu * (1.0 - kernel) * random.factor(0.02)) as u64),
        system_ns: counted.then_some((cpu * kernel * random.factor(0.05)) as u64),
        voluntary_switches: counted
            .then(|| (work.tasks as f64 * batches * (model.task_ns / 400.0).min(4.0)) as u64),
        involuntary_switches: counted.then(|| (steady / 4e6 * batches) as u64 + random.next() % 9),
        peak_rss_bytes: Some(
            ((model.rss + work.tasks as f64 * (model.task_ns / 1e6).min(0.02)) * 1048576.0) as u64,
        ),
        tasks: work.tasks,
        digest: format!("{:016x}", work.tasks * 0x9e37),
        usage_reason: (!counted).then(|| "the counters of a grandchild are not added up".to_owned()),
        peak_rss_reason: None,
    }
}
