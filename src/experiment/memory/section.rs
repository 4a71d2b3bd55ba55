//! What a waiting task costs, as sentences, a chart and a table.

use concbench_charts::{self as charts, Axis, Chart, Curve, CurvePoint, End, Lines, Table, columns};
use concbench_text::figures::{self as units, Measure};

use super::{Cell, Memory, ModelMemory, Observation, PerTask};
use crate::experiment::{Experiment, RecordOf, View};
use crate::model::Family;
use crate::record::{CellRecord, Status};
use crate::report::{Element, ReportError, Section, TextTable, status, text};

type Point = CellRecord<Cell, Observation>;

/// The section.
pub(super) fn section(record: &RecordOf<Memory>, view: &View<'_>) -> Result<Section, ReportError> {
    let mut section = Section::new(Memory::ID, "Memory", "What does a waiting task cost in memory?");
    let (sentence, table) = (sentence(record), table(record));
    section.findings.push(sentence.clone());
    section.body = vec![
        Element::Note(
            "Resident memory (shared pages in parts) and page tables of all processes, read while every task waits, in a \
             fresh process for each number of tasks. A task costs the median slope between all pairs of points. Stacks \
             that the kernel keeps for each thread are not in it."
                .to_owned(),
        ),
        Element::Charts(vec![chart(record, view)?]),
        Element::Table("What a waiting task costs under each model".to_owned(), table.clone()),
    ];
    let (title, sentences) = ("waiting tasks".to_owned(), vec![sentence]);
    section.tables.push(TextTable { title, sentences, table });
    Ok(section)
}

fn points<'a>(record: &'a RecordOf<Memory>, model: &'a str) -> impl DoubleEndedIterator<Item = &'a Point> {
    record.cells.iter().filter(move |cell| cell.factors.model == model)
}

/// The cheapest model of each kind, in one sentence.
fn sentence(record: &RecordOf<Memory>) -> String {
    let family = |model: &str| points(record, model).next().map(|point| point.factors.family);
    let cheapest = |of: &[Family]| {
        let known = record.findings.iter().filter_map(|found| Some((found, found.per_task?)));
        let known =
            known.filter(|(found, _)| family(&found.model).is_some_and(|family| of.contains(&family)));
        known.min_by(|left, right| left.1.bytes.total_cmp(&right.1.bytes))
    };
    let kinds = [
        ("a coroutine", &[Family::Coroutines, Family::Hybrids][..]),
        ("a thread", &[Family::Threads]),
        ("a process", &[Family::Processes]),
    ];
    let part = |(kind, families): (&str, &[Family])| {
        let (model, cost) = cheapest(families)?;
        Some(format!("{} as {kind} ({})", units::bytes(cost.bytes), text::name(&model.model)))
    };
    let parts: Vec<String> = kinds.into_iter().filter_map(part).collect();
    match parts.is_empty() {
        true => "It is not known what a waiting task costs: no model could be measured.".into(),
        false => format!("A waiting task costs {}.", parts.join(", ")),
    }
}

/// What a waiting task costs under each model, the cheapest first.
fn table(record: &RecordOf<Memory>) -> Table {
    let bytes = |model: &ModelMemory| model.per_task.map_or(f64::INFINITY, |cost| cost.bytes);
    let mut models: Vec<&ModelMemory> = record.findings.iter().collect();
    models.sort_by(|left, right| bytes(left).total_cmp(&bytes(right)));
    let row = |model: &&ModelMemory| {
        let figure = |of: fn(&PerTask) -> String| model.per_task.as_ref().map_or("none".into(), of);
        let most = points(record, &model.model).rfind(|point| point.status == Status::Ok);
        vec![
            text::name(&model.model),
            figure(|cost| units::bytes(cost.bytes)),
            figure(|cost| format!("{} to {}", units::bytes(cost.low), units::bytes(cost.high))),
            figure(|cost| units::bytes(cost.base_bytes)),
            most.map_or("none".into(), |point| point.factors.tasks.to_string()),
            why_no_more(record, model),
        ]
    };
    let heads =
        ["model", "a waiting task", "its interval", "before the first", "most at once", "why no more"];
    Table { columns: columns(&heads), rows: models.iter().map(row).collect() }
}

fn why_no_more(record: &RecordOf<Memory>, model: &ModelMemory) -> String {
    let stopped = points(record, &model.model).find(|point| point.status != Status::Ok);
    let reason = stopped.and_then(|point| point.reason.as_deref()).or(model.refusal.as_deref());
    reason.map_or("no larger number is tried".into(), text::sentence)
}

fn chart(record: &RecordOf<Memory>, view: &View<'_>) -> Result<Chart, ReportError> {
    let point = |model: &str, point: &Point| {
        let bytes = point.observations.first()?.responses.bytes()? as f64;
        let tasks = point.factors.tasks;
        let tip = format!("{model}, {tasks} waiting: {}", units::bytes(bytes));
        Some(CurvePoint { x: tasks as f64, y: bytes, interval: None, tip })
    };
    let curve = |model: &ModelMemory| {
        let (series, look) = (view.looks.index(&model.model), view.looks.of(&model.model)?);
        let label = text::name(&look.id);
        let points: Vec<_> = points(record, &model.model).filter_map(|found| point(&label, found)).collect();
        let curve = Curve { series, ink: look.ink, marker: look.marker, label, points };
        (!curve.points.is_empty()).then_some(curve)
    };
    let curves: Vec<Curve> = record.findings.iter().filter_map(curve).collect();
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let name = "memory of waiting tasks".to_owned();
    let x = Axis::log(points().map(|point| point.x), |count| Measure::Count.tick(count));
    let y = Axis::log(points().map(|point| point.y), units::bytes)
        .map(|axis| axis.in_powers_of_two(|bytes| Measure::Memory.tick(bytes)));
    let (size, body) = match (x, y) {
        (Some(x), Some(y)) => charts::lines(Lines {
            name: &name,
            curves: &curves,
            x: x.titled("tasks that wait at once, logarithmic"),
            y,
            reference: Vec::new(),
            marks: &[],
            apart: End::Last,
        })?,
        _ => charts::nothing("nothing was measured"),
    };
    Ok(Chart {
        slug: "waiting".into(),
        title: name,
        question: "How much memory do tasks hold that only wait?".into(),
        reading: "Both axes logarithmic. A line is flat as long as the process itself outweighs its tasks, and then rises \
                  with them."
            .into(),
        size,
        body,
        table: Table {
            columns: columns(&["model", "waiting tasks", "processes", "resident", "page tables", "status"]),
            rows: record.cells.iter().map(row).collect(),
        },
    })
}

fn row(point: &Point) -> Vec<String> {
    let made = point.observations.first().map(|made| &made.responses);
    let shown = |value: fn(&Observation) -> Option<u64>, show: fn(f64) -> String| match made {
        None => "none".into(),
        Some(made) => match (value(made), &made.reason) {
            (Some(value), _) => show(value as f64),
            (None, reason) => reason.as_deref().map_or("none".into(), |why| text::clip(why, 80)),
        },
    };
    vec![
        text::name(&point.factors.model),
        point.factors.tasks.to_string(),
        shown(|made| made.processes, units::plain),
        shown(|made| made.resident_bytes, units::bytes),
        shown(|made| made.page_table_bytes, units::bytes),
        status(point.status).into(),
    ]
}
