use crate::batch::analyse::{Metric, Severity, Side, best_batches, outliers, variance_parts};
use crate::batch::{ComparisonKind, FEWEST_WARM, SheetCell};
use crate::experiment::matrix::view::{Ratio, SheetView};
use crate::record::{BlockNoise, Status};
use crate::report::{ReportError, text};
use concbench_charts::{Chart, Forest, ForestRow, Ink, Marker, Table, columns, forest};
use concbench_text::figures as units;

/// How steady the figures are.
pub(crate) struct Stability {
    pub(crate) sentence: String,
    /// What a run like this one can find, as one sentence; `None` without a twin, or with too few blocks.
    pub(crate) power: Option<String>,
    pub(crate) charts: Vec<Chart>,
    pub(crate) notes: Vec<String>,
    /// Tables, each with its title; those without a row are left out.
    pub(crate) tables: Vec<(String, Table)>,
}

/// Criterion's median and ours differ by more than this share: the machine drifted between the two passes.
const DRIFT: f64 = 0.10;

/// How many blocks that were not quiet are named one by one.
const NAMED: usize = 12;

/// Gathers what tells how steady the figures are.
pub(crate) fn stability(view: &SheetView<'_>) -> Result<Stability, ReportError> {
    let outliers = outlying(view);
    let observations: usize = view.sheet.cells.iter().map(|cell| cell.observations.len()).sum();
    let mut tables = vec![scatter(view), outliers, criterion(view), machine(view)];
    let flagged = tables[1].1.rows.len();
    tables.retain(|(_, table)| !table.rows.is_empty());
    Ok(Stability {
        sentence: format!(
            "{} made; {flagged} marked as outliers. None was dropped: every figure above counts them.",
            text::plural(observations as u64, "observation"),
        ),
        power: power(view),
        charts: twins(view)?.into_iter().collect(),
        notes: notes(view),
        tables,
    })
}

/// The smallest effect that would be called different, where the twins differ most.
fn power(view: &SheetView<'_>) -> Option<String> {
    let floors = view.sheet.verdicts.iter().filter_map(|verdict| Some((verdict, verdict.noise_floor?)));
    let (worst, _) = floors.max_by(|left, right| left.1.total_cmp(&right.1))?;
    Some(format!(
        "In {}, whose twins differ most, a difference has to be about {} to be called one in four of five such runs.",
        text::name(&worst.workload),
        units::percent(worst.smallest_effect?),
    ))
}

fn twins(view: &SheetView<'_>) -> Result<Option<Chart>, ReportError> {
    let twins = || view.sheet.comparisons.iter().filter(|c| c.kind == ComparisonKind::Twin);
    let mut rows = Vec::new();
    let mut table = Table {
        columns: columns(&[
            "workload",
            "cell",
            "ratio of the twins",
            "its interval",
            "margin",
            "noise floor",
            "smallest effect called different",
        ]),
        rows: Vec::new(),
    };
    for c in twins() {
        let ratio = Ratio { value: c.ratio, interval: Some((c.low, c.high)) };
        let share = |share: Option<f64>| share.map_or("unknown".into(), units::percent);
        rows.push(ForestRow {
            label: text::name(&c.workload),
            series: None,
            ink: Ink::Series(6),
            marker: Marker::nth(0),
            ratio,
            figure: format!("{} {}", ratio.figure(), ratio.range()),
            tip: format!("{}: {} {}", text::name(&c.workload), ratio.figure(), ratio.range()),
            best: false,
        });
        table.rows.push(vec![
            text::name(&c.workload),
            text::name(&c.a),
            ratio.figure(),
            ratio.range(),
            share(Some(c.margin)),
            share(view.verdict(&c.workload).and_then(|v| v.noise_floor)),
            share(view.verdict(&c.workload).and_then(|v| v.smallest_effect)),
        ]);
    }
    if rows.is_empty() {
        return Ok(None);
    }
    let name = "A/A twins".to_owned();
    let (size, body) = forest(&Forest {
        name: name.clone(),
        axis: "time of a cell over that of its twin".into(),
        margin: twins().map(|c| c.margin).min_by(f64::total_cmp),
        rows,
    })?;
    Ok(Some(Chart {
        slug: "twins".into(),
        title: name,
        question: "Do two identical cells look identical?".into(),
        reading:
            "Each workload measures one cell twice under two names. What their ratio strays from 1 is noise."
                .into(),
        size,
        body,
        table,
    }))
}

/// What the blocks say about the machine while it measured.
fn notes(view: &SheetView<'_>) -> Vec<String> {
    let blocks = &view.sheet.noise;
    let most = |what: &str, of: fn(&BlockNoise) -> Option<f64>| {
        let worst = blocks.iter().filter_map(|b| Some((b, of(b)?))).max_by(|a, b| a.1.total_cmp(&b.1));
        match worst {
            Some((block, share)) => format!(
                "{what}: at most {} (block {} of {}).",
                units::percent(share),
                text::block(block.block),
                text::name(&block.group)
            ),
            None => format!("{what}: not recorded."),
        }
    };
    let few = |cell: &&SheetCell| {
        cell.status == Status::Ok && cell.observations.iter().any(|made| made.warm_ns.len() < FEWEST_WARM)
    };
    let long: Vec<String> = view.sheet.cells.iter().filter(few).map(|cell| text::name(&cell.id)).collect();
    let mut notes = vec![
        most("CPU time taken by the hypervisor", |b| b.steal),
        most("CPU time used by other processes", |b| b.foreign),
    ];
    if !long.is_empty() {
        notes.push(format!(
            "A batch of these takes so long that an observation has fewer than {FEWEST_WARM} warm ones: {}.",
            long.join(", ")
        ));
    }
    let throttled = blocks.iter().filter_map(|b| b.throttled_ns).fold(0, u64::saturating_add);
    if throttled > 0 {
        notes.push(format!("The control group was throttled for {}.", units::time(throttled as f64)));
    }
    let repeats: u64 = blocks.iter().map(|b| u64::from(b.repeats)).sum();
    if repeats > 0 {
        let repeats = text::plural(repeats, "block");
        notes.push(format!("{repeats} measured again because the machine was not quiet enough."));
    }
    let breached: Vec<_> = blocks.iter().filter_map(|b| Some((b, b.breach.as_deref()?))).collect();
    for (block, why) in breached.iter().take(NAMED) {
        let (workload, why) = (text::name(&block.group), text::sentence(why));
        notes.push(format!("Block {} of {workload} was not quiet: {why}", text::block(block.block)));
    }
    if breached.len() > NAMED {
        notes.push(format!("{} more blocks were not quiet.", breached.len() - NAMED));
    }
    notes
}

/// What else the machine did, block by block.
fn machine(view: &SheetView<'_>) -> (String, Table) {
    let share = |share: Option<f64>| share.map_or("not recorded".into(), units::percent);
    let row = |block: &BlockNoise| {
        vec![
            text::name(&block.group),
            text::block(block.block).to_string(),
            share(block.steal),
            share(block.foreign),
            block.repeats.to_string(),
            block.breach.as_deref().map_or("quiet".into(), text::sentence),
        ]
    };
    let columns = columns(&[
        "workload",
        "block",
        "CPU time taken by the hypervisor",
        "used by other processes",
        "measured again",
        "the gate",
    ]);
    let rows = view.sheet.noise.iter().map(row).collect();
    ("What else the machine did, block by block".into(), Table { columns, rows })
}

/// From where the times scatter.
fn scatter(view: &SheetView<'_>) -> (String, Table) {
    let parts = |cell: &SheetCell| {
        let parts = variance_parts(cell)?;
        let warm = cell.observations.first()?.batches() - 1;
        let best =
            best_batches(cell).map_or("as many as one process can run".into(), |best| best.to_string());
        let (between, within) = (units::percent(parts.between), units::percent(parts.within));
        Some(vec![text::name(&cell.id), between, within, warm.to_string(), best])
    };
    let rows: Vec<_> =
        view.sheet.cells.iter().filter(|cell| cell.status == Status::Ok).filter_map(parts).collect();
    let columns = columns(&[
        "cell",
        "from process to process",
        "from batch to batch within one",
        "warm batches of an observation",
        "best, with the rest of the time for more blocks",
    ]);
    ("Where the times scatter".into(), Table { columns, rows })
}

fn outlying(view: &SheetView<'_>) -> (String, Table) {
    let mut rows = Vec::new();
    for cell in view.sheet.cells.iter().filter(|cell| cell.status == Status::Ok) {
        let median = cell.summary.as_ref().map(|summary| summary.steady.median);
        for outlier in outliers(cell, Metric::Steady) {
            let severity = match outlier.severity {
                Severity::Mild => "mild",
                Severity::Severe => "severe",
            };
            let side = match outlier.side {
                Side::Low => "faster",
                Side::High => "slower",
            };
            rows.push(vec![
                text::name(&cell.id),
                text::block(outlier.block).to_string(),
                units::time(outlier.time_ns),
                median
                    .map_or("unknown".into(), |median| units::signed_percent(outlier.time_ns / median - 1.0)),
                format!("{severity}, {side}"),
            ]);
        }
    }
    let columns =
        columns(&["cell", "block", "steady time of a batch", "against the median of the cell", "kind"]);
    (text::plural(rows.len() as u64, "outlier"), Table { columns, rows })
}

/// Criterion's medians beside ours, and how many differ.
fn criterion(view: &SheetView<'_>) -> (String, Table) {
    let mut rows = Vec::new();
    let mut drifted = 0;
    for cell in &view.sheet.cells {
        let (Some(theirs), Some(summary)) = (cell.criterion_median_ns, &cell.summary) else {
            continue;
        };
        let apart = theirs / summary.steady.median - 1.0;
        let drift = apart.abs() > DRIFT;
        drifted += usize::from(drift);
        rows.push(vec![
            text::name(&cell.id),
            units::median_time(&summary.steady),
            units::time(theirs),
            units::signed_percent(apart),
            if drift { "drift" } else { "agrees" }.into(),
        ]);
    }
    let title = format!(
        "Criterion beside this run: {drifted} of {} medians differ by more than {}",
        rows.len(),
        units::percent(DRIFT)
    );
    (title, Table { columns: columns(&["cell", "this run", "criterion", "difference", "means"]), rows })
}
