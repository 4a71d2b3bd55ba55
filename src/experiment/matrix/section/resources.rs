use crate::batch::{Observation, SheetCell, WorkloadRecord};
use crate::experiment::matrix::view::{SheetView, measured};
use crate::report::{ReportError, text};
use concbench_charts::{Bar, Chart, Part, Table, bars, columns};
use concbench_text::figures::{self as units, Measure};

/// What a workload cost under each model.
pub(crate) struct Resources {
    pub(crate) name: String,
    pub(crate) sentence: String,
    pub(crate) charts: Vec<Chart>,
}

/// A group of charts for each workload that has a measured cell.
pub(crate) fn resources(view: &SheetView<'_>) -> Result<Vec<Resources>, ReportError> {
    let works = view.sheet.workloads.iter().enumerate();
    works
        .filter(|(_, work)| !view.measured(&work.name).is_empty())
        .map(|(index, work)| of(view, index, work))
        .collect()
}

fn of(view: &SheetView<'_>, index: usize, work: &WorkloadRecord) -> Result<Resources, ReportError> {
    let cells: Vec<&SheetCell> = view.measured(&work.name).into_iter().map(|(cell, _)| cell).collect();
    let mut charts = vec![cpu(view, &cells)?, switches(view, &cells)?, memory(view, &cells)?];
    for chart in &mut charts {
        chart.slug = format!("{}-{}-{}", index + 1, text::slug(&work.name), chart.slug);
        chart.title = format!("{}: {}", text::name(&work.name), chart.title);
    }
    Ok(Resources { name: text::name(&work.name), sentence: sentence(view, &cells), charts })
}

/// The cells with the least CPU time and the least memory.
fn sentence(view: &SheetView<'_>, cells: &[&SheetCell]) -> String {
    let least = |of: fn(&SheetCell) -> Option<f64>| {
        cells.iter().filter_map(|cell| Some((*cell, of(cell)?))).min_by(|a, b| a.1.total_cmp(&b.1))
    };
    let cpu = least(|cell| measured(cell)?.1.cpu.map(|cpu| cpu.median));
    let memory = least(|cell| measured(cell)?.1.peak_rss.map(|peak| peak.median));
    let part = |what: &str, found: Option<(&SheetCell, f64)>, show: fn(f64) -> String| {
        found.map(|(cell, value)| format!("{what}: {} with {}", view.label(cell), show(value)))
    };
    let parts: Vec<_> =
        [part("least CPU time", cpu, units::time), part("least memory", memory, units::bytes)]
            .into_iter()
            .flatten()
            .collect();
    if parts.is_empty() { "nothing was recorded".into() } else { parts.join("; ") }
}

/// A bar for a cell.
fn bar(view: &SheetView<'_>, cell: &SheetCell, parts: Vec<Part>, figure: String, tip: &str) -> Bar {
    Bar {
        label: view.label(cell),
        series: view.index(&cell.model),
        ink: view.look(cell).ink,
        parts,
        tip: format!("{}: {tip}", view.label(cell)),
        figure,
    }
}

fn missing(cell: &SheetCell, field: &str) -> String {
    let why = cell.observations.iter().find_map(|o| o.missing(field));
    why.map_or("not recorded".into(), |why| text::clip(why, 80))
}

fn cpu(view: &SheetView<'_>, cells: &[&SheetCell]) -> Result<Chart, ReportError> {
    let mut rows = Vec::new();
    let mut table = Table {
        columns: columns(&[
            "cell",
            "CPU time of a warm batch",
            "of the runner's whole life, a batch: user mode",
            "kernel",
        ]),
        rows: Vec::new(),
    };
    for cell in cells {
        let life = |of: fn(&Observation) -> Option<u64>| {
            let share = super::figures::per_batch(cell, of);
            share.map_or_else(|| missing(cell, "user_ns"), units::time)
        };
        let (user, system) = (life(|o| o.user_ns), life(|o| o.system_ns));
        let Some(cpu) = measured(cell).and_then(|(_, summary)| summary.cpu) else {
            table.rows.push(vec![view.label(cell), missing(cell, "warm_cpu_ns"), user, system]);
            continue;
        };
        let shown = units::time(cpu.median);
        rows.push(bar(view, cell, vec![Part { value: cpu.median, light: false }], shown.clone(), &shown));
        table.rows.push(vec![view.label(cell), shown, user, system]);
    }
    let (size, body) = bars("cpu", "CPU time of a batch", &rows, Measure::Time)?;
    Ok(Chart {
        slug: "cpu".into(),
        title: "CPU time".into(),
        question: "How much CPU time does a batch take?".into(),
        reading: "That of the warm batches, of all processes together; the fastest model on top.".into(),
        size,
        body,
        table,
    })
}

fn switches(view: &SheetView<'_>, cells: &[&SheetCell]) -> Result<Chart, ReportError> {
    let mut rows = Vec::new();
    let mut table = Table {
        columns: columns(&["cell", "because something waited", "because the kernel took the core"]),
        rows: Vec::new(),
    };
    for cell in cells {
        let waited = super::figures::per_batch(cell, |o| o.voluntary_switches);
        let taken = super::figures::per_batch(cell, |o| o.involuntary_switches);
        let (Some(waited), Some(taken)) = (waited, taken) else {
            let why = missing(cell, "voluntary_switches");
            table.rows.push(vec![view.label(cell), why.clone(), why]);
            continue;
        };
        let parts = vec![Part { value: waited, light: false }, Part { value: taken, light: true }];
        let tip = format!(
            "{} because something waited, {} because the kernel took the core",
            units::count(waited),
            units::count(taken)
        );
        rows.push(bar(view, cell, parts, units::count(waited + taken), &tip));
        table.rows.push(vec![view.label(cell), units::count(waited), units::count(taken)]);
    }
    let (size, body) = bars("switches", "context switches of a batch", &rows, Measure::Count)?;
    Ok(Chart {
        slug: "switches".into(),
        title: "context switches".into(),
        question: "How often was a core handed over?".into(),
        reading: "Dark: because something waited. Light: because the kernel took the core away.".into(),
        size,
        body,
        table,
    })
}

fn memory(view: &SheetView<'_>, cells: &[&SheetCell]) -> Result<Chart, ReportError> {
    let mut rows = Vec::new();
    let mut table = Table { columns: columns(&["cell", "peak memory", "least", "most"]), rows: Vec::new() };
    for cell in cells {
        let Some(peak) = measured(cell).and_then(|(_, summary)| summary.peak_rss) else {
            let why = missing(cell, "peak_rss_bytes");
            table.rows.push(vec![view.label(cell), why, String::from("none"), String::from("none")]);
            continue;
        };
        let shown = units::bytes(peak.median);
        rows.push(bar(view, cell, vec![Part { value: peak.median, light: false }], shown.clone(), &shown));
        table.rows.push(vec![view.label(cell), shown, units::bytes(peak.low), units::bytes(peak.high)]);
    }
    let (size, body) = bars("memory", "peak resident memory", &rows, Measure::Memory)?;
    Ok(Chart {
        slug: "memory".into(),
        title: "peak memory".into(),
        question: "How much memory does it hold?".into(),
        reading: "What was resident at once: the peak of the submitting process, and the share of each worker process.".into(),
        size,
        body,
        table,
    })
}
