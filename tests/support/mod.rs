//! A run as it could have been: the same for the same seed, with every kind of cell that a report has to show.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test program uses its own part")]

pub mod hostile;
pub mod odd;

use std::collections::BTreeMap;

use concbench::analyse;
use concbench::model::Family;
use concbench::record::{
    BlockNoise, CellRecord, Grade, Granularity, Histogram, Latency, LatencyCell, LoadObservation, LoadRecord,
    Machine, Memory, Mode, ModelMemory, ModelTimer, Noise, Observation, Placement, Run, RunInfo, SCHEMA,
    Slept, Span, Status, SwitchObservation, SwitchPair, Switches, Timeline, Tool, Track, WaitingPoint,
    Warning, WorkloadRecord,
};
use concbench_workloads::{Class, Count, Factorial, Http, Kernel, Mixed, Noop, Sleep};

const CORES: u64 = 4;
const BLOCKS: u32 = 20;
const WARM: usize = 5;

/// A generator of numbers that never changes (splitmix64).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A factor around 1: the sum of twelve uniform numbers is nearly normal.
    fn factor(&mut self, spread: f64) -> f64 {
        let normal: f64 = (0..12).map(|_| self.unit()).sum::<f64>() - 6.0;
        (normal * spread).exp()
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for index in (1..items.len()).rev() {
            items.swap(index, (self.next() % (index as u64 + 1)) as usize);
        }
    }
}

/// A model of the sample: what a task costs under it.
struct ModelSample {
    id: &'static str,
    family: Family,
    /// Creating and collecting one task, in nanoseconds.
    task_ns: f64,
    startup_ns: f64,
    rss: f64,
    /// How many tasks wait at once: `None` means as many as there are.
    waits: Option<u64>,
    parallel: bool,
}

const MODELS: [ModelSample; 15] = [
    model("sequential", Family::Baseline, 0.4, 800.0, 3.1, Some(1), false),
    model("process-spawn", Family::Processes, 1_100_000.0, 1_200.0, 3.3, None, true),
    model("process-fork", Family::Processes, 160_000.0, 900.0, 3.2, None, true),
    model("process-pool", Family::Pools, 9_000.0, 1_400_000.0, 3.6, Some(CORES), true),
    model("process-pool-shm", Family::Pools, 90.0, 1_500_000.0, 4.1, Some(CORES), true),
    model("thread-spawn", Family::Threads, 38_000.0, 700.0, 3.9, None, true),
    model("thread-pool", Family::Pools, 420.0, 160_000.0, 3.5, Some(CORES), true),
    model("rayon", Family::Pools, 130.0, 210_000.0, 3.7, Some(CORES), true),
    model("tokio-current-thread", Family::Coroutines, 210.0, 60_000.0, 4.0, None, false),
    model("tokio-multi-thread", Family::Coroutines, 480.0, 240_000.0, 4.6, None, true),
    model("async-std", Family::Coroutines, 390.0, 310_000.0, 4.8, None, true),
    model("smol", Family::Coroutines, 260.0, 200_000.0, 4.2, None, true),
    model("join-all", Family::Coroutines, 60.0, 50_000.0, 3.9, None, false),
    model("tokio-blocking", Family::Hybrids, 5_200.0, 260_000.0, 6.9, None, true),
    model("process-async", Family::Hybrids, 9_800.0, 2_100_000.0, 4.9, None, true),
];

const fn model(
    id: &'static str,
    family: Family,
    task_ns: f64,
    startup_ns: f64,
    rss: f64,
    waits: Option<u64>,
    parallel: bool,
) -> ModelSample {
    ModelSample { id, family, task_ns, startup_ns, rss, waits, parallel }
}

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

/// A sweep over waiting tasks: one to its end, one that a limit ended, one that could not be read.
fn memory() -> Memory {
    let point = |tasks: u64, bytes: Option<u64>, status, reason: Option<&str>| WaitingPoint {
        tasks,
        status,
        reason: reason.map(str::to_owned),
        stderr_tail: None,
        gathered_ns: (status == Status::Ok).then_some(2_000_000 + 900 * tasks),
        processes: bytes.map(|_| 1),
        resident_bytes: bytes,
        page_table_bytes: bytes.map(|bytes| 90_000 + bytes / 512),
        missing: match (status, bytes) {
            (Status::Ok, None) => [("resident_bytes".to_owned(), "no smaps_rollup".to_owned())].into(),
            _ => BTreeMap::new(),
        },
    };
    let model = |id: &str, family, points| ModelMemory {
        model: id.into(),
        family,
        workers: 1,
        points,
        per_task: None,
        refusal: None,
    };
    let line = |base: u64, each: u64, counts: &[u64]| {
        let ok = |&tasks: &u64| point(tasks, Some(base + each * tasks), Status::Ok, None);
        counts.iter().map(ok).collect::<Vec<_>>()
    };
    let why = "vm.max_map_count is 65530, which allows about 16332 threads, 30000 are needed";
    let mut threads = line(3_100_000, 9_900, &[100, 300, 1_000, 3_000, 10_000]);
    threads.push(point(30_000, None, Status::Unsupported, Some(why)));
    Memory {
        models: vec![
            model("process-spawn", Family::Processes, line(3_000_000, 800_000, &[10, 25, 50, 100, 200])),
            model("process-fork", Family::Processes, vec![point(10, None, Status::Ok, None)]),
            model("thread-spawn", Family::Threads, threads),
            model("smol", Family::Coroutines, line(4_200_000, 410, &[1_000, 10_000, 100_000, 1_000_000])),
        ],
    }
}

/// Games of some pairs: one that failed when it was free.
fn switches(random: &mut Random) -> Switches {
    let mut pairs = Vec::new();
    for (model, channel, time_ns) in [
        ("generator-stackless", "a future polled by hand", 3.0),
        ("smol", "smol::channel", 130.0),
        ("thread-spawn", "std::sync::mpsc", 1_700.0),
    ] {
        for placement in [Placement::Pinned, Placement::Free] {
            let fails = model == "thread-spawn" && placement == Placement::Free;
            let game = |block: u32| SwitchObservation {
                block,
                position: block % 6,
                rounds: 10_000,
                elapsed_ns: (20_000.0 * time_ns * random.factor(0.03)) as u64,
                digest: "00000000000000aa".into(),
            };
            pairs.push(SwitchPair {
                id: format!("switch/{model}@{placement}"),
                model: model.into(),
                channel: channel.into(),
                placement,
                status: if fails { Status::Crashed } else { Status::Ok },
                reason: fails.then(|| "the other side left before the game was over".into()),
                stderr_tail: None,
                observations: if fails { Vec::new() } else { (0..BLOCKS).map(game).collect() },
                per_switch: None,
            });
        }
    }
    Switches { pairs }
}

fn workloads() -> Vec<WorkloadRecord> {
    let work = |name: &str, tasks, kernel: Kernel, teaches: &str, why: &str| WorkloadRecord {
        name: name.into(),
        class: kernel.class(),
        teaches: teaches.into(),
        why_this_size: why.into(),
        tasks,
        wait_ns: kernel.wait_ns(),
        kernel: Some(kernel),
        hash: format!("{name}-hash"),
    };
    vec![
        work(
            "noop",
            1000,
            Kernel::Noop(Noop {}),
            "What it costs to create a task and collect it.",
            "Enough tasks to see the price of one.",
        ),
        work(
            "factorial",
            12,
            Kernel::Factorial(Factorial { n: 8_000 }),
            "Threads compute in parallel here, unlike under a global lock.",
            "Long enough that the price of a task does not show.",
        ),
        work(
            "count",
            64,
            Kernel::Count(Count { n: 200_000 }),
            "The same without an allocator between the tasks.",
            "Short enough that the price of a task begins to show.",
        ),
        work(
            "sleep",
            100,
            Kernel::Sleep(Sleep { wait_us: 10_000 }),
            "Waiting needs no core.",
            "Ten times the resolution of the slowest timer.",
        ),
        work(
            "http",
            100,
            Kernel::Http(Http { requests: 3, delay_us: 5_000, body_bytes: 2_048, target: None, path: None }),
            "Sockets instead of timers.",
            "As many clients as a small service has.",
        ),
        work(
            "mixed",
            48,
            Kernel::Mixed(Mixed { n: 50_000, wait_us: 8_000 }),
            "Compute, wait, compute: what services do.",
            "Half of the time is waiting.",
        ),
    ]
}

fn compute_ns(work: &WorkloadRecord) -> f64 {
    match &work.kernel {
        Some(Kernel::Factorial(_)) => 5_300_000.0,
        Some(Kernel::Count(count)) => count.n as f64 * 0.275,
        Some(Kernel::Http(_)) => 45_000.0,
        Some(Kernel::Mixed(_)) => 4_000_000.0,
        _ => 0.3,
    }
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

/// The loads of the cells that ask a server: queues grow with the load, and a stall of the server shows in one model.
fn latency(random: &mut Random, cells: &[CellRecord]) -> Latency {
    let of = |cell: &CellRecord| {
        let capacity = cell.concurrency as f64 * 90.0;
        let mut load = |share: Option<f64>| {
            let mut observation = |round| {
                let busy = share.unwrap_or(0.0).min(0.98);
                let mut one = |task: u64| {
                    let stalled = cell.model == "thread-pool" && share.is_some() && task % 400 < 20;
                    let waits = if stalled { 200e6 } else { 3e6 * busy / (1.0 - busy) };
                    (16e6 * random.factor(0.05) + waits * random.unit()) as u64
                };
                let latency: Histogram = (0..400).map(&mut one).collect();
                LoadObservation {
                    round,
                    tasks: 400,
                    elapsed_ns: (400e9 / (capacity * share.unwrap_or(0.97).min(1.0))) as u64,
                    queued: (400.0 * busy * busy) as u64,
                    late: 0,
                    target_busy: Some(0.4 * busy),
                    latency,
                }
            };
            LoadRecord {
                share,
                rate_per_s: share.map(|share| share * capacity),
                observations: (0..3).map(&mut observation).collect(),
                summary: None,
            }
        };
        let (closed, open) = (load(None), [0.2, 0.5, 0.75, 0.9, 1.2].map(|share| load(Some(share))).into());
        let refused = cell.family == Family::Processes;
        LatencyCell {
            cell: cell.id.clone(),
            workload: cell.workload.clone(),
            model: cell.model.clone(),
            workers: cell.workers,
            status: if refused { Status::Unsupported } else { Status::Ok },
            reason: refused.then(|| "a process for each task would have to be there before".into()),
            capacity_per_s: Some(capacity),
            closed,
            open: if refused { Vec::new() } else { open },
            knee: None,
            refusal: None,
        }
    };
    let asks = |cell: &&CellRecord| cell.workload == "http" && cell.ranked && !cell.twin;
    Latency { rounds: 3, cells: cells.iter().filter(asks).map(of).collect() }
}

/// Timers of every model that keeps its tasks in one process: those of tokio in steps, the others fine.
fn timers() -> Vec<ModelTimer> {
    let of = |model: &ModelSample| {
        let grain = if model.id.contains("tokio") { 600_000 } else { 55_000 };
        let known = model.family != Family::Processes;
        let slept = |asked_ns: u64, count: i64| Slept {
            asked_ns,
            late_ns: (0..count).map(|step| grain + 37 * step).collect(),
        };
        ModelTimer {
            model: model.id.into(),
            workers: CORES,
            slept: if known { vec![slept(1_000, 100), slept(10_000_000, 20)] } else { Vec::new() },
            lateness: Vec::new(),
            resolution_ns: None,
            reason: (!known).then(|| "a task in a process of its own sleeps as a thread does".into()),
        }
    };
    MODELS.iter().map(of).collect()
}

/// A batch of `factorial` on four workers, and the same on one.
fn timelines() -> Vec<Timeline> {
    let batch = |cell: &str, workers: u32| {
        let spans: Vec<Span> = (0..12u32)
            .map(|task| {
                let start_ns = u64::from(task / workers) * 5_350_000 + u64::from(task % workers) * 40_000;
                Span { task: task.into(), lane: task % workers, start_ns, end_ns: start_ns + 5_300_000 }
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

fn default_workers(work: &WorkloadRecord, model: &ModelSample) -> u64 {
    match model.family {
        Family::Baseline => 1,
        Family::Processes | Family::Threads => work.tasks,
        _ if !model.parallel => 1,
        _ => CORES,
    }
}

fn cell(work: &WorkloadRecord, model: &ModelSample, workers: u64, ranked: bool, twin: bool) -> CellRecord {
    let cores = workers.min(CORES) as f64;
    let computing = compute_ns(work) * work.tasks as f64 / cores;
    let waiting = match model.waits {
        Some(_) => (work.tasks as f64 / workers as f64).ceil() * work.wait_ns as f64,
        None => work.wait_ns as f64,
    };
    CellRecord {
        id: format!("{}/{}@{workers}{}", work.name, model.id, if twin { "+twin" } else { "" }),
        workload: work.name.clone(),
        model: model.id.into(),
        family: model.family,
        workers,
        workers_rule: if workers == CORES { "cores".into() } else { workers.to_string() },
        concurrency: model.waits.map_or(work.tasks, |_| workers),
        twin,
        ranked,
        tasks: work.tasks,
        status: Status::Ok,
        reason: None,
        stderr_tail: None,
        ideal_ns: (work.class != Class::Creation).then_some(computing.max(waiting) as u64),
        criterion_median_ns: None,
        observations: Vec::new(),
        summary: None,
    }
}

fn break_some(cells: &mut [CellRecord]) {
    let faults = [
        (
            "noop",
            "process-spawn",
            Status::Unsupported,
            "1000 processes at once need 1000 of the limit nproc, which allows 512",
            None,
        ),
        (
            "http",
            "process-fork",
            Status::Failed,
            "task 17: connection reset by the target after 2 of 3 requests",
            Some("concbench: task 17 failed\nconnection reset by peer (os error 104)"),
        ),
        (
            "mixed",
            "async-std",
            Status::TimedOut,
            "no answer within 30 s; the last batch had completed 31 of 48 tasks",
            None,
        ),
        (
            "sleep",
            "process-async",
            Status::Crashed,
            "its runner was killed by signal 9 (SIGKILL)",
            Some("worker 3: starting event loop"),
        ),
    ];
    for (workload, model, status, reason, tail) in faults {
        for cell in cells.iter_mut().filter(|cell| cell.workload == workload && cell.model == model) {
            cell.status = status;
            cell.reason = Some(reason.into());
            cell.stderr_tail = tail.map(str::to_owned);
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

fn observe(
    cells: &mut [CellRecord],
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
    let no_counters = model.id == "process-async";
    let mut missing = BTreeMap::new();
    if no_counters {
        for field in ["voluntary_switches", "involuntary_switches"] {
            missing.insert(field.to_owned(), "the counters of a grandchild are not added up".to_owned());
        }
    }
    Observation {
        block,
        position,
        startup_ns,
        cold_ns,
        shutdown_ns,
        probe_ns: 40_000,
        wall_ns: 40_000 + startup_ns + cold_ns + shutdown_ns + warm_ns.iter().sum::<u64>(),
        warm_ns,
        user_ns: Some((cpu * (1.0 - kernel) * random.factor(0.02)) as u64),
        system_ns: Some((cpu * kernel * random.factor(0.05)) as u64),
        voluntary_switches: (!no_counters)
            .then(|| (work.tasks as f64 * batches * (model.task_ns / 400.0).min(4.0)) as u64),
        involuntary_switches: (!no_counters).then(|| (steady / 4e6 * batches) as u64 + random.next() % 9),
        peak_rss_bytes: Some(
            ((model.rss + work.tasks as f64 * (model.task_ns / 1e6).min(0.02)) * 1048576.0) as u64,
        ),
        tasks: work.tasks,
        digest: format!("{:016x}", work.tasks * 0x9e37),
        missing,
    }
}

fn machine() -> Machine {
    Machine {
        os: Some("Debian GNU/Linux 13".into()),
        kernel: Some("6.18.0".into()),
        arch: "x86_64".into(),
        cpu: Some("AMD EPYC 9B14".into()),
        logical_cpus: Some(8),
        allowed_cpus: Some(8),
        physical_cores: Some(4),
        cores: CORES,
        smt: Some(true),
        quota_cores: Some(4.0),
        governor: None,
        turbo: None,
        aslr: Some(true),
        virtualisation: Some("kvm".into()),
        clock_source: Some("kvm-clock".into()),
        on_battery: Some(false),
        memory_bytes: Some(16 << 30),
        load_one: Some(0.08),
        limits: BTreeMap::from([("nofile".into(), Some(1_048_576)), ("nproc".into(), Some(512))]),
        missing: BTreeMap::from([
            ("governor".into(), "the kernel shows no cpufreq".into()),
            ("turbo".into(), "the kernel shows no cpufreq".into()),
        ]),
    }
}

fn noise(workloads: &[WorkloadRecord], random: &mut Random) -> Noise {
    let blocks = workloads
        .iter()
        .flat_map(|work| (0..BLOCKS).map(|block| (work.name.clone(), block)))
        .map(|(workload, block)| BlockNoise {
            steal: Some(if block == 13 { 0.061 } else { random.unit() * 0.01 }),
            foreign: Some(random.unit() * 0.02),
            throttled_ns: Some(0),
            pressure: Some(0.1),
            thermal_throttles: None,
            repeats: u32::from(block == 13),
            breach: (block == 13 && workload == "count")
                .then(|| "steal 6.1 % of CPU time, the gate is 5 %".into()),
            workload,
            block,
        })
        .collect();
    Noise {
        grade: Grade::Fair,
        warnings: vec![
            Warning {
                id: "virtual".into(),
                message:
                    "A hypervisor (kvm) shares this machine: it can take cores away while they are measured."
                        .into(),
                remedy: "Prefer a machine of your own, or raise the number of blocks.".into(),
            },
            Warning {
                id: "quota".into(),
                message: "A quota of 4 cores limits this control group.".into(),
                remedy: "Set it aside for the run, or measure with at most 4 workers.".into(),
            },
        ],
        blocks,
    }
}
