//! A run as it could have been: the same for the same seed, with every kind of cell that a report has to show.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test program uses its own part")]

pub mod hostile;
mod machine;
mod matrix;
mod observations;
pub mod odd;
mod sections;

use concbench::analyse;
use concbench::model::Family;
use concbench::record::{
    CellRecord, Granularity, Mode, Run, RunInfo, SCHEMA, Span, Timeline, Tool, Track, WorkloadRecord,
};
use concbench_workloads::{Class, Count, Kernel};

use machine::{machine, noise};
use matrix::{MODELS, ModelSample, break_some, cell, compute_ns, default_workers, workloads};
pub use observations::Random;
use observations::observe;
use sections::{latency, memory, switches, timers};

/// The cores of the machine, the blocks of the run.
const CORES: u64 = 4;
const BLOCKS: u32 = 20;

/// A run with 15 models, 6 workloads, several numbers of workers, a failed, a crashed, a timed-out and an unsupported
/// cell.
pub fn sample() -> Run {
    sample_with(1, |_, _| 1.0)
}

/// Such a run with another seed, and times multiplied for each workload and model.
pub fn sample_with(seed: u64, slower: impl Fn(&str, &str) -> f64) -> Run {
    let mut random = Random::new(seed);
    let workloads = workloads();
    let mut cells = Vec::new();
    for work in &workloads {
        for model in &MODELS {
            let twin = model.id == "tokio-multi-thread";
            cells.push(cell(work, model, default_workers(work, model), true, false));
            if twin {
                cells.push(cell(work, model, default_workers(work, model), true, true));
            }
            if model.parallel
                && matches!(work.class, Class::Cpu)
                && !matches!(model.family, Family::Processes | Family::Threads)
            {
                for workers in [1, 2, 3, 6, 8] {
                    cells.push(cell(work, model, workers, false, false));
                }
            }
            if work.class == Class::Io && matches!(model.id, "thread-pool" | "rayon" | "process-pool") {
                cells.push(cell(work, model, work.tasks, true, false));
            }
        }
    }
    break_some(&mut cells);
    observe(&mut cells, &workloads, &mut random, &slower);
    let noise = noise(&workloads, &mut random);
    let mut run = Run {
        schema: SCHEMA,
        tool: Tool {
            name: "concbench".into(),
            version: "0.1.0".into(),
            commit: Some("0123456789abcdef0123456789abcdef01234567".into()),
            rustc: "rustc 1.95.0".into(),
            target: "x86_64-unknown-linux-gnu".into(),
            profile: "release".into(),
            allocator: "system".into(),
        },
        run: RunInfo {
            id: "20261120T101500Z-sample".into(),
            label: "sample".into(),
            started_utc: "2026-11-20T10:15:00Z".into(),
            elapsed_ns: 1_463_000_000_000,
            seed,
            blocks: BLOCKS,
            mode: Mode::Default,
            indicative: false,
            complete: true,
            track: Track::Defaults,
            filter: None,
            command: "concbench run --label sample --seed 1".into(),
            notes: vec!["The HTTP target was started again before block 7 of http.".into()],
        },
        machine: machine(),
        noise,
        workloads,
        cells,
        comparisons: Vec::new(),
        verdicts: Vec::new(),
        granularity: None,
        latency: None,
        timers: timers(),
        memory: None,
        switches: None,
        timelines: Vec::new(),
    };
    run.latency = Some(latency(&mut Random::new(seed ^ 0xfeed), &run.cells));
    run.granularity = Some(sweep(&mut Random::new(seed ^ 0xabcd), &slower));
    run.memory = Some(memory());
    run.switches = Some(switches(&mut Random::new(seed ^ 0x5151)));
    run.timelines = timelines();
    analyse::complete(&mut run);
    for cell in run.cells.iter_mut().filter(|cell| cell.ranked && !cell.twin) {
        let median = cell.summary.as_ref().map(|summary| summary.steady.median);
        cell.criterion_median_ns = median.map(|median| median * random.factor(0.03));
    }
    run
}

/// Tasks from 1 us to 16 ms, under every model that can carry them.
fn sweep(random: &mut Random, slower: &impl Fn(&str, &str) -> f64) -> Granularity {
    let sizes = [1u64, 4, 16, 64, 256, 1_000, 4_000, 16_000];
    let works: Vec<WorkloadRecord> = sizes
        .iter()
        .map(|us| {
            let n = us * 3_636;
            let kernel = Kernel::Count(Count { n });
            WorkloadRecord {
                name: format!("granularity-{us}us"),
                class: kernel.class(),
                teaches: "How much of the machine is left for the work when tasks have this size.".into(),
                why_this_size: "A step of the sweep.".into(),
                tasks: (8_000 / us).clamp(8, 512),
                wait_ns: 0,
                kernel: Some(kernel),
                hash: format!("granularity-{us}"),
            }
        })
        .collect();
    let carries = |work: &WorkloadRecord, model: &ModelSample| compute_ns(work) * 60.0 > model.task_ns;
    let mut cells: Vec<CellRecord> = Vec::new();
    for work in &works {
        let models = MODELS.iter().filter(|model| carries(work, model));
        cells.extend(models.map(|model| cell(work, model, default_workers(work, model), true, false)));
    }
    observe(&mut cells, &works, random, slower);
    Granularity {
        workloads: works,
        cells,
        comparisons: Vec::new(),
        verdicts: Vec::new(),
        models: Vec::new(),
        regions: Vec::new(),
    }
}

/// A batch of `factorial` on four workers, and the same on one.
fn timelines() -> Vec<Timeline> {
    let batch = |cell: &str, workers: u32| {
        let spans: Vec<Span> = (0..12u32)
            .map(|task| {
                let start_ns = u64::from(task / workers) * 5_350_000 + u64::from(task % workers) * 40_000;
                Span {
                    task: task.into(),
                    lane: task % workers,
                    start_ns,
                    end_ns: start_ns + 5_300_000,
                    waiting: false,
                }
            })
            .collect();
        Timeline {
            cell: cell.into(),
            batch_ns: spans.iter().map(|span| span.end_ns).max().unwrap_or(0) + 50_000,
            lanes: (0..workers).map(|worker| format!("worker {worker}")).collect(),
            spans,
            truncated: None,
        }
    };
    vec![batch("factorial/rayon@4", 4), batch("factorial/tokio-current-thread@1", 1)]
}
