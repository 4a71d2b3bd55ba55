//! A run as it could have been: the same for the same seed, with every kind of cell that a report has to show.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test program uses its own part")]

pub mod hostile;
mod machine;
mod matrix;
mod observations;
pub mod odd;
mod sections;
pub mod sheet;
mod sweeps;
pub mod tables;

use std::collections::BTreeMap;

use concbench::model::Family;
use concbench::record::{Mode, Record, RunInfo, SCHEMA, Tool, Track};
use concbench::results;
use concbench_workloads::Class;
use serde_json::json;

use machine::{machine, noise};
use matrix::{MODELS, break_some, cell, default_workers, workloads};
pub use observations::Random;
use observations::observe;
use sections::{memory, switches, timers};
use sweeps::{granularity, latency, timelines};

/// The cores of the machine, the blocks of the run.
const CORES: u64 = 4;
const BLOCKS: u32 = 20;

/// A run with 15 models, 6 workloads, several numbers of workers, a failed, a crashed, a timed-out and an unsupported
/// cell.
pub fn sample() -> Record {
    sample_with(1, |_, _| 1.0)
}

/// Such a run with another seed, and times multiplied for each workload and model.
pub fn sample_with(seed: u64, slower: impl Fn(&str, &str) -> f64) -> Record {
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
    let mut record = Record {
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
            margin: 0.02,
            filter: None,
            command: "concbench run --label sample --seed 1".into(),
            notes: vec!["The HTTP target was started again before block 7 of http.".into()],
        },
        machine: machine(),
        noise,
        experiments: BTreeMap::from([
            ("matrix".to_owned(), sheet::experiment(&workloads, &cells)),
            ("granularity".to_owned(), granularity(&mut Random::new(seed ^ 0xabcd), &slower)),
            ("latency".to_owned(), latency(&mut Random::new(seed ^ 0xfeed), &cells)),
            ("timers".to_owned(), timers()),
            ("memory".to_owned(), memory()),
            ("switches".to_owned(), switches(&mut Random::new(seed ^ 0x5151))),
            ("timelines".to_owned(), timelines()),
        ]),
    };
    results::complete(&mut record).expect("a record of this version");
    let measured = sheet::sheet(&record).cells.into_iter().filter(|cell| cell.ranked && !cell.twin);
    let medians: BTreeMap<String, f64> = measured
        .filter_map(|cell| Some((cell.id, cell.summary?.steady.median * random.factor(0.03))))
        .collect();
    let matrix = record.experiments.get_mut("matrix").expect("it was measured");
    matrix.setup["criterion_median_ns"] = json!(medians);
    record
}
