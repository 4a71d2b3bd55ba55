//! Latency under an open load, beside that of a closed one.

use crate::analyse::KNEE;
use crate::record::{Latency, LatencyCell, LoadRecord, LoadSummary, OneIn, Status};
use crate::report::chart::{
    self, Axis, Bar, Chart, Curve, CurvePoint, End, Lines, Part, Table, bars, columns, extent, lines,
};
use crate::report::units::Measure;
use crate::report::view::{View, status};
use crate::report::{ReportError, text, units};

/// The load, as a share of the capacity, whose whole curve is drawn.
const DRAWN: f64 = 0.5;
/// How many times the 99th percentile of the closed load that of an open one has to be, to be worth a sentence.
const HIDDEN: f64 = 3.0;

/// How many of those are told; the table beneath the charts has them all.
const TOLD: usize = 4;

/// What the latency sweep of a run found.
pub(crate) struct Latencies {
    /// Where a closed load has hidden the most.
    pub(crate) hidden: Vec<String>,
    pub(crate) charts: Vec<Chart>,
    /// Cells without a figure: name, status, reason.
    pub(crate) without: Vec<(String, &'static str, String)>,
}

/// The section on latency, if the run put loads on its cells.
pub(crate) fn latencies(view: &View<'_>) -> Result<Option<Latencies>, ReportError> {
    let Some(latency) = &view.run.latency else { return Ok(None) };
    let without = latency.cells.iter().filter(|cell| cell.status != Status::Ok);
    let reason = |cell: &LatencyCell| cell.reason.as_deref().map_or(String::new(), text::sentence);
    let mut hidden: Vec<(f64, String)> = latency.cells.iter().filter_map(|cell| hidden(view, cell)).collect();
    hidden.sort_by(|left, right| right.0.total_cmp(&left.0));
    Ok(Some(Latencies {
        hidden: hidden.into_iter().take(TOLD).map(|(_, sentence)| sentence).collect(),
        charts: vec![by_rate(view, latency)?, curve(view, latency)?, knees(view, latency)?],
        without: without.map(|cell| (view.label_of(&cell.cell), status(cell.status), reason(cell))).collect(),
    }))
}

/// That the closed load of a cell hides what its open ones show, if it does: by how much at the load at which that is
/// seen best, and in words.
fn hidden(view: &View<'_>, cell: &LatencyCell) -> Option<(f64, String)> {
    let closed = cell.closed.summary.as_ref()?.p99_ns?;
    let within = cell.open.iter().filter(|load| load.share.is_some_and(|share| share < 1.0));
    let p99 = |load: &LoadRecord| load.summary.as_ref().and_then(|summary| summary.p99_ns);
    let (open, share) = within
        .filter_map(|load| Some((p99(load)?, load.share?)))
        .max_by(|left, right| left.0.total_cmp(&right.0))?;
    (open > HIDDEN * closed).then(|| {
        let sentence = format!(
            "{}: under a closed load 99 of 100 tasks take at most {}; due at {} of what it can do, they take up to {}, \
             counted from when they were due.",
            view.label_of(&cell.cell),
            units::time(closed),
            units::percent(share),
            units::time(open),
        );
        (open / closed, sentence)
    })
}

/// A line for each cell that has points.
fn curves(
    view: &View<'_>,
    latency: &Latency,
    points: impl Fn(&LatencyCell, &str) -> Vec<CurvePoint>,
) -> Vec<Curve> {
    let curve = |cell: &LatencyCell| {
        let label = view.label_of(&cell.cell);
        let index = view.models.iter().position(|view| view.id == cell.model)?;
        let look = &view.models[index];
        let points = points(cell, &label);
        Some(Curve { series: Some(index), ink: look.ink, marker: look.marker, label, points })
    };
    latency.cells.iter().filter_map(curve).filter(|curve| !curve.points.is_empty()).collect()
}

fn values(curves: &[Curve], of: impl Fn(&CurvePoint) -> f64) -> Vec<f64> {
    curves.iter().flat_map(|curve| &curve.points).map(of).collect()
}

/// The size and the body of a chart of lines, both axes logarithmic; one without lines says so.
fn drawn(
    name: &str,
    curves: &[Curve],
    axis: &str,
    tick: impl Fn(f64) -> String,
) -> Result<chart::Drawing, chart::ChartError> {
    let (xs, ys) = (values(curves, |point| point.x), values(curves, |point| point.y));
    let axes = Axis::log(xs, tick).zip(Axis::log(ys, |ns| Measure::Time.tick(ns)));
    let Some((x, y)) = axes else {
        let size = (chart::WIDTH, 120);
        return Ok((size, chart::empty(size, "no load was measured")));
    };
    let x = x.titled(axis);
    lines(Lines { name, curves, x, y, reference: Vec::new(), marks: &[], apart: End::Last })
}

fn by_rate(view: &View<'_>, latency: &Latency) -> Result<Chart, ReportError> {
    let points = |cell: &LatencyCell, label: &str| -> Vec<CurvePoint> {
        let point = |load: &LoadRecord| {
            let (summary, rate) = (load.summary.as_ref()?, load.rate_per_s?);
            let p99 = summary.p99_ns?;
            let knee = cell.knee.is_some_and(|knee| knee.rate_per_s == rate && !knee.beyond);
            let tip = format!(
                "{label}, {} tasks/s: p99 {}{}",
                units::count(rate),
                units::time(p99),
                if knee { ", its knee" } else { "" }
            );
            Some(CurvePoint { x: rate, y: p99, interval: summary.p99_rounds_ns, tip })
        };
        cell.open.iter().filter_map(point).collect()
    };
    let name = "latency by rate".to_owned();
    let curves = curves(view, latency, points);
    let axis = "tasks due each second, logarithmic";
    let (size, body) = drawn(&name, &curves, axis, |rate| Measure::Count.tick(rate))?;
    Ok(Chart {
        slug: "latency-rate".into(),
        title: name,
        question: "How long does the slowest of a hundred tasks take as more of them come?".into(),
        reading: "The 99th percentile from when a task was due, both axes logarithmic; upright strokes are the rounds. The \
                  loads are 20 to 120 % of what a cell can do, so that lines end where it can do no more."
            .into(),
        size,
        body,
        table: loads(view, latency),
    })
}

/// Every load of every cell.
fn loads(view: &View<'_>, latency: &Latency) -> Table {
    let heads = columns(&[
        "cell",
        "load",
        "due a second",
        "done a second, until the last ended",
        "p50",
        "p90",
        "p99",
        "p99 by round",
        "p99.9",
        "longest",
        "queued",
        "begun late",
        "tasks",
        "remark",
    ]);
    let row = |cell: &LatencyCell, load: &LoadRecord, summary: &LoadSummary| {
        let few = || "too few tasks".to_owned();
        let rounds = summary.p99_rounds_ns;
        vec![
            view.label_of(&cell.cell),
            load.share.map_or("closed".into(), units::percent),
            load.rate_per_s.map_or("as they end".into(), units::count),
            units::count(summary.done_per_s),
            units::time(summary.p50_ns),
            summary.p90_ns.map_or_else(few, units::time),
            summary.p99_ns.map_or_else(few, units::time),
            rounds.map_or_else(few, |(low, high)| format!("{} to {}", units::time(low), units::time(high))),
            summary.p999_ns.map_or_else(few, units::time),
            units::time(summary.max_ns),
            if load.share.is_some() { units::percent(summary.queued) } else { "not counted".into() },
            if load.share.is_some() { units::percent(summary.late) } else { "not counted".into() },
            summary.tasks.to_string(),
            text::sentence(&summary.saturated.join("; ")),
        ]
    };
    let rows = latency.cells.iter().flat_map(|cell| {
        let all = std::iter::once(&cell.closed).chain(&cell.open);
        all.filter_map(move |load| Some(row(cell, load, load.summary.as_ref()?)))
    });
    Table { columns: heads, rows: rows.collect() }
}

fn curve(view: &View<'_>, latency: &Latency) -> Result<Chart, ReportError> {
    let load = |cell: &LatencyCell| -> Option<LoadSummary> {
        let apart = |load: &&LoadRecord| (load.share.unwrap_or(f64::INFINITY) - DRAWN).abs();
        cell.open.iter().min_by(|left, right| apart(left).total_cmp(&apart(right)))?.summary.clone()
    };
    let points = |cell: &LatencyCell, label: &str| -> Vec<CurvePoint> {
        let curve = load(cell).map_or(Vec::new(), |summary| summary.curve);
        let point = |point: &OneIn| {
            let tip =
                format!("{label}: one in {} takes {}", units::count(point.tasks), units::time(point.ns));
            CurvePoint { x: point.tasks, y: point.ns, interval: None, tip }
        };
        curve.iter().map(point).collect()
    };
    let name = "latency at half load".to_owned();
    let curves = curves(view, latency, points);
    let (size, body) = drawn(&name, &curves, "one task in so many", |tasks| Measure::Count.tick(tasks))?;
    let found: Vec<(&LatencyCell, Vec<OneIn>)> =
        latency.cells.iter().filter_map(|cell| Some((cell, load(cell)?.curve))).collect();
    // Cells with more tasks reach further: the heads are those of the longest curve.
    let longest = found.iter().map(|(_, curve)| curve).max_by_key(|curve| curve.len());
    let heads = longest.into_iter().flatten().map(|point| format!("one in {}", units::count(point.tasks)));
    let columns: Vec<String> = std::iter::once("cell".to_owned()).chain(heads).collect();
    let row = |(cell, curve): &(&LatencyCell, Vec<OneIn>)| {
        let figures = curve.iter().map(|point| units::time(point.ns));
        let few = std::iter::repeat_n("too few tasks".to_owned(), columns.len() - 1 - curve.len());
        std::iter::once(view.label_of(&cell.cell)).chain(figures).chain(few).collect()
    };
    let table = Table { rows: found.iter().map(row).collect(), columns };
    Ok(Chart {
        slug: "latency-curve".into(),
        title: name,
        question: "How rare are slow tasks when half of what it can do is asked of each?".into(),
        reading: "Latency from when a task was due, over how rare it is: 100 is the 99th percentile. Both axes are \
                  logarithmic; a line that stays level has no slow tasks."
            .into(),
        size,
        body,
        table,
    })
}

fn knees(view: &View<'_>, latency: &Latency) -> Result<Chart, ReportError> {
    let heads = columns(&[
        "cell",
        "knee, tasks a second",
        "of what it can do",
        "closed load, tasks a second",
        "remark",
    ]);
    let mut found: Vec<&LatencyCell> =
        latency.cells.iter().filter(|cell| cell.status == Status::Ok).collect();
    let rate = |cell: &LatencyCell| cell.knee.map_or(0.0, |knee| knee.rate_per_s);
    found.sort_by(|left, right| rate(right).total_cmp(&rate(left)));
    let (mut rows, mut table) = (Vec::new(), Table { columns: heads, rows: Vec::new() });
    for cell in found {
        let label = view.label_of(&cell.cell);
        let closed = cell.closed.summary.as_ref();
        let closed = closed.map_or("not measured".into(), |summary| units::count(summary.done_per_s));
        let Some(knee) = cell.knee else {
            let why = cell.refusal.as_deref().map_or("no reason was recorded".into(), text::sentence);
            table.rows.push(vec![label, "none".into(), "none".into(), closed, why]);
            continue;
        };
        let more = if knee.beyond { "at least " } else { "" };
        let figure = format!("{more}{}", units::count(knee.rate_per_s));
        let share = units::percent(knee.share);
        let remark = if knee.beyond { "it kept up with the highest load of the sweep" } else { "" };
        table.rows.push(vec![label.clone(), figure.clone(), share.clone(), closed, remark.into()]);
        let index = view.models.iter().position(|view| view.id == cell.model);
        let Some(look) = index.map(|index| &view.models[index]) else { continue };
        rows.push(Bar {
            tip: format!("{label}: {figure} tasks a second, {share} of what it can do"),
            label,
            series: index,
            ink: look.ink,
            parts: vec![Part { value: knee.rate_per_s, light: false }],
            figure,
        });
    }
    let (size, body) = match extent(rows.iter().flat_map(|row: &Bar| &row.parts).map(|part| part.value)) {
        Some(_) => bars("knees", "tasks a second", &rows, Measure::Count)?,
        None => ((chart::WIDTH, 120), chart::empty((chart::WIDTH, 120), "no knee was found")),
    };
    Ok(Chart {
        slug: "latency-knee".into(),
        title: "knees".into(),
        question: "How many tasks a second can come before latency gives way?".into(),
        reading: format!(
            "The highest rate of the sweep at which tasks are done as fast as they are due, but for what the last of them \
             takes anyway, and 99 of 100 take at most {KNEE} times what half of them take at the lowest rate.",
        ),
        size,
        body,
        table,
    })
}
