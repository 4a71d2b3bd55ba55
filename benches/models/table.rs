//! The table: what was measured, what it must reach, and whether it does.

use std::process::ExitCode;

use crate::figure::{Figure, Measured};
use crate::python::Python;
use crate::work::Work;

/// All of it is measured with this many workers.
const WORKERS: usize = 2;
/// The tasks of a batch of no-ops.
const NOOPS: u64 = 100_000;
/// The tasks of a batch of counts, and how far each counts: as in the default matrix.
const COUNTS: u64 = 48;
const COUNT_TO: u64 = 500_000;
/// Processes that sleep a tenth of a second each.
const SLEEPERS: u64 = 100;
/// Coroutines that sleep a second each.
const COROUTINES: u64 = 100_000;

/// Under which coroutines wait that need no stack.
const STACKLESS: [&str; 9] = [
    "tokio-current-thread",
    "tokio-multi-thread",
    "tokio-per-core",
    "async-std",
    "smol",
    "join-all",
    "compio",
    "tokio-rayon",
    "process-async",
];
/// Coroutines with a stack each: what a machine carries that has `vm.max_map_count` at its usual 65530.
const WITH_STACKS: u64 = 32_000;

/// One line.
struct Row {
    what: String,
    measured: String,
    must: String,
    /// `None` where there is nothing to hold it against.
    reached: Option<bool>,
}

/// Measures everything and prints the table.
pub(crate) fn print() -> Result<ExitCode, String> {
    let python = Python::measure()?;
    match &python {
        Some(python) => eprintln!("beside {}", python.version),
        None => eprintln!("there is no python3: its figures, and what is held against them, are left out"),
    }
    let python = python.as_ref();
    let mut rows = Vec::new();
    pools(&mut rows, python);
    processes(&mut rows, python);
    by_hand(&mut rows);
    coroutines(&mut rows);
    println!("| what | measured | must reach | |\n| --- | --- | --- | --- |");
    for row in &rows {
        let verdict = row.reached.map_or("-", |reached| if reached { "pass" } else { "miss" });
        println!("| {} | {} | {} | {verdict} |", row.what, row.measured, row.must);
    }
    let missed = rows.iter().filter(|row| row.reached == Some(false)).count();
    eprintln!("{} of {} missed", missed, rows.len());
    Ok(ExitCode::SUCCESS)
}

fn measure(figure: Figure) -> Measured {
    eprintln!("models: {figure:?}");
    figure.measure()
}

fn row(rows: &mut Vec<Row>, what: String, measured: &Measured, show: impl Fn(f64) -> String, most: f64) {
    rows.push(Row {
        what,
        measured: measured.as_ref().map_or_else(Clone::clone, |&value| show(value)),
        must: format!("at most {}", show(most)),
        reached: Some(measured.as_ref().is_ok_and(|&value| value <= most)),
    });
}

/// How many times faster ours is than something else.
fn faster(rows: &mut Vec<Row>, what: String, theirs: Option<f64>, ours: &Measured, least: f64) {
    let (Some(theirs), Ok(ours)) = (theirs, ours) else {
        let must = format!("at least {least} x");
        rows.push(Row { what, measured: "not measured".to_owned(), must, reached: None });
        return;
    };
    let ratio = theirs / ours;
    rows.push(Row {
        what,
        measured: format!("{ratio:.1} x ({} against {})", micros(*ours), micros(theirs)),
        must: format!("at least {least} x"),
        reached: Some(ratio >= least),
    });
}

/// How many times faster ours is than something else, held against nothing.
fn beside(rows: &mut Vec<Row>, model: &str, name: &str, theirs: Option<f64>, ours: &Measured) {
    let measured = match (theirs, ours) {
        (Some(theirs), Ok(ours)) => {
            format!("{:.1} x ({} against {})", theirs / ours, micros(*ours), micros(theirs))
        }
        _ => "not measured".to_owned(),
    };
    rows.push(Row {
        what: format!("`{model}` against `{name}`"),
        measured,
        must: "-".to_owned(),
        reached: None,
    });
}

fn micros(seconds: f64) -> String {
    format!("{:.3} us", seconds * 1e6)
}

fn millis(seconds: f64) -> String {
    format!("{:.1} ms", seconds * 1e3)
}

fn noops(model: &str) -> Measured {
    let (model, work) = (model.to_owned(), Work::Noop);
    Ok(measure(Figure::Batch { model, workers: WORKERS, work, tasks: NOOPS })? / NOOPS as f64)
}

fn pools(rows: &mut Vec<Row>, python: Option<&Python>) {
    let python = |name: &str| python.and_then(|python| python.get(name));
    // Single tasks beside single tasks, and chunks beside chunks.
    let pool = noops("process-pool");
    for (name, least) in [("ProcessPoolExecutor.map, 1", 5.0), ("Pool.map, 1", 1.0)] {
        faster(rows, format!("`process-pool` against `{name}`"), python(name), &pool, least);
    }
    let (chunked, shm, iter) =
        (noops("process-pool-chunked"), noops("process-pool-shm"), noops("rayon-iter"));
    row(rows, "`process-pool-chunked`, a no-op task".to_owned(), &chunked, micros, 4e-6);
    for name in ["ProcessPoolExecutor.map, 256", "Pool.map, 256", "Pool.map, default"] {
        beside(rows, "process-pool-chunked", name, python(name), &chunked);
        beside(rows, "process-pool-shm", name, python(name), &shm);
    }
    row(rows, "`process-pool-shm`, a no-op task".to_owned(), &shm, micros, 0.3e-6);
    let over_iter = shm.clone().and_then(|shm| Ok(shm / iter.clone()?));
    rows.push(Row {
        what: "`process-pool-shm` over `rayon-iter`".to_owned(),
        measured: over_iter.map_or_else(|reason| reason, |ratio| format!("{ratio:.2} x")),
        must: "-".to_owned(),
        reached: None,
    });
    for model in ["process-pool", "process-pool-shm"] {
        let idle = measure(Figure::Idle { model: model.to_owned(), workers: WORKERS });
        let percent = |cores: f64| format!("{:.3} % of a core", cores * 100.0);
        row(rows, format!("`{model}`, idle for a second"), &idle, percent, 0.01);
    }
    let start = measure(Figure::Start { model: "process-pool".to_owned(), workers: WORKERS });
    row(rows, format!("`process-pool`, start of {WORKERS} workers"), &start, millis, 10e-3);
}

fn processes(rows: &mut Vec<Row>, python: Option<&Python>) {
    for (model, method, most) in [
        ("process-forkserver", "forkserver", 0.15),
        ("process-fork", "fork", 0.15),
        ("process-spawn", "spawn", 0.25),
    ] {
        let (name, work) = (model.to_owned(), Work::Sleep(100));
        let ours = measure(Figure::Batch { model: name, workers: WORKERS, work, tasks: SLEEPERS });
        let theirs = python.and_then(|python| python.get(&format!("{SLEEPERS} processes, {method}")));
        let beside = theirs.map_or_else(String::new, |seconds| format!(" (CPython {})", millis(seconds)));
        row(rows, format!("`{model}`, {SLEEPERS} processes that sleep 0.1 s{beside}"), &ours, millis, most);
    }
}

fn by_hand(rows: &mut Vec<Row>) {
    for (model, against, most) in [
        ("thread-pool", "the crate `threadpool`", 2.0),
        ("rayon", "by hand", 1.3),
        ("smol", "by hand", 1.05),
        ("async-std", "by hand", 1.05),
        ("tokio-current-thread", "by hand", 1.05),
        ("tokio-multi-thread", "by hand", 1.05),
    ] {
        let shown = |ratio: f64| format!("{ratio:.3} x");
        let over =
            |tasks, n| measure(Figure::OverByHand { model: model.to_owned(), workers: WORKERS, tasks, n });
        row(rows, format!("`{model}` over {against}, no-op"), &over(NOOPS, None), shown, most);
        let counts = over(COUNTS, Some(COUNT_TO));
        row(rows, format!("`{model}` over {against}, counting to {COUNT_TO}"), &counts, shown, 1.01);
    }
}

fn coroutines(rows: &mut Vec<Row>) {
    for model in STACKLESS {
        let (name, work) = (model.to_owned(), Work::Sleep(1000));
        let ours = measure(Figure::Batch { model: name, workers: WORKERS, work, tasks: COROUTINES });
        row(rows, format!("`{model}`, {COROUTINES} tasks that sleep 1 s"), &ours, millis, 1.3);
    }
    let may = |tasks| {
        measure(Figure::Batch { model: "may".to_owned(), workers: WORKERS, work: Work::Sleep(1000), tasks })
    };
    rows.push(Row {
        what: format!("`may`, {WITH_STACKS} tasks that sleep 1 s, each with a stack"),
        measured: may(WITH_STACKS).map_or_else(|reason| reason, millis),
        must: "as many as the limit carries".to_owned(),
        reached: None,
    });
    let refused = may(COROUTINES);
    let reached = refused.as_ref().err().map(|reason| reason.contains("vm.max_map_count"));
    rows.push(Row {
        what: format!("`may`, {COROUTINES} tasks that sleep 1 s"),
        measured: refused.map_or_else(|reason| reason, millis),
        must: "found out beforehand and said, where the limit does not carry them".to_owned(),
        reached,
    });
}
