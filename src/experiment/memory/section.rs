//! What it costs to wait and to switch: memory by the number of tasks that wait at once, and the time between two.

use super::workload::columns;
use crate::model::Family;
use crate::record::{
    Estimate, Memory, ModelMemory, PerTask, Placement, Status, SwitchPair, Switches, WaitingPoint,
};
use crate::report::chart::{self, Axis, Chart, Curve, CurvePoint, End, Lines, Table};
use crate::report::units::Measure;
use crate::report::view::View;
use crate::report::{ReportError, text, units};

/// What a waiting task costs under each model.
pub(crate) struct WaitingCost {
    pub(crate) sentence: String,
    pub(crate) chart: Chart,
    pub(crate) table: Table,
}

/// What waiting costs, if the run looked.
pub(crate) fn waiting(view: &View<'_>) -> Result<Option<WaitingCost>, ReportError> {
    let Some(memory) = &view.run.memory else {
        return Ok(None);
    };
    let (sentence, chart) = (waiting_sentence(memory), waiting_chart(view, memory)?);
    Ok(Some(WaitingCost { sentence, chart, table: waiting_table(memory) }))
}

/// The cheapest model of each kind, in one sentence.
pub(crate) fn waiting_sentence(memory: &Memory) -> String {
    let cheapest = |of: &[Family]| {
        let known = memory.models.iter().filter(|model| of.contains(&model.family));
        let known = known.filter_map(|model| Some((model, model.per_task?)));
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
pub(crate) fn waiting_table(memory: &Memory) -> Table {
    let bytes = |model: &ModelMemory| model.per_task.map_or(f64::INFINITY, |cost| cost.bytes);
    let mut models: Vec<&ModelMemory> = memory.models.iter().collect();
    models.sort_by(|left, right| bytes(left).total_cmp(&bytes(right)));
    let row = |model: &&ModelMemory| {
        let figure = |of: fn(&PerTask) -> String| model.per_task.as_ref().map_or("none".into(), of);
        let most = model.points.iter().rev().find(|point| point.status == Status::Ok);
        vec![
            text::name(&model.model),
            figure(|cost| units::bytes(cost.bytes)),
            figure(|cost| format!("{} to {}", units::bytes(cost.low), units::bytes(cost.high))),
            figure(|cost| units::bytes(cost.base_bytes)),
            most.map_or("none".into(), |point| point.tasks.to_string()),
            why_no_more(model),
        ]
    };
    let heads =
        ["model", "a waiting task", "its interval", "before the first", "most at once", "why no more"];
    Table { columns: columns(&heads), rows: models.iter().map(row).collect() }
}

fn why_no_more(model: &ModelMemory) -> String {
    let stopped = model.points.iter().find(|point| point.status != Status::Ok);
    let reason = stopped.and_then(|point| point.reason.as_deref()).or(model.refusal.as_deref());
    reason.map_or("the sweep ends here".into(), text::sentence)
}

/// What a switch costs between two tasks of each model.
pub(crate) struct SwitchCost {
    pub(crate) sentence: String,
    pub(crate) table: Table,
}

/// What switching costs, if the run looked.
pub(crate) fn switching(view: &View<'_>) -> Option<SwitchCost> {
    let switches = view.run.switches.as_ref()?;
    Some(SwitchCost { sentence: switching_sentence(switches), table: switching_table(switches) })
}

/// The fastest and the slowest on one core, in one sentence.
pub(crate) fn switching_sentence(switches: &Switches) -> String {
    let pinned = switches.pairs.iter().filter(|pair| pair.placement == Placement::Pinned);
    let mut known: Vec<_> = pinned.filter_map(|pair| Some((pair, pair.per_switch?))).collect();
    known.sort_by(|left, right| left.1.median.total_cmp(&right.1.median));
    let part = |&(pair, time): &(&SwitchPair, Estimate)| {
        format!("{} ({})", units::median_time(&time), text::name(&pair.model))
    };
    match known.as_slice() {
        [] => "It is not known what a switch takes on one core: no pair could be measured.".into(),
        [only] => format!("On one core a switch takes {}.", part(only)),
        [first, .., last] => format!("On one core a switch takes {} to {}.", part(first), part(last)),
    }
}

/// What a switch takes between two tasks of each model, pinned to one core and free, the fastest first.
pub(crate) fn switching_table(switches: &Switches) -> Table {
    let mut models: Vec<&str> = Vec::new();
    for pair in &switches.pairs {
        if !models.contains(&pair.model.as_str()) {
            models.push(&pair.model);
        }
    }
    let of = |model: &str, placement| {
        switches.pairs.iter().find(|pair| pair.model == model && pair.placement == placement)
    };
    let time = |model: &str| {
        let known =
            [Placement::Pinned, Placement::Free].into_iter().filter_map(|at| of(model, at)?.per_switch);
        known.map(|time| time.median).next().unwrap_or(f64::INFINITY)
    };
    models.sort_by(|left, right| time(left).total_cmp(&time(right)));
    let row = |model: &&str| {
        let either = [of(model, Placement::Pinned), of(model, Placement::Free)];
        let channel =
            either.iter().flatten().next().map_or_else(String::new, |pair| text::name(&pair.channel));
        let [pinned, free] = either.map(|pair| pair.map_or("not measured".into(), switch_time));
        let why: Vec<String> = either
            .into_iter()
            .flatten()
            .filter_map(|pair| Some(format!("{}: {}", pair.placement, text::sentence(pair.reason.as_ref()?))))
            .collect();
        vec![text::name(model), pinned, free, channel, why.join("; ")]
    };
    let heads = columns(&["model", "on one core", "on all cores", "through", "remark"]);
    Table { columns: heads, rows: models.iter().map(row).collect() }
}

fn switch_time(pair: &SwitchPair) -> String {
    match &pair.per_switch {
        Some(time) => format!("{} {}", units::median_time(time), units::time_interval(time)),
        None => crate::report::view::status(pair.status).into(),
    }
}

fn waiting_chart(view: &View<'_>, memory: &Memory) -> Result<Chart, ReportError> {
    let point = |model: &str, point: &WaitingPoint| {
        let bytes = point.bytes()? as f64;
        let tip = format!("{model}, {} waiting: {}", point.tasks, units::bytes(bytes));
        Some(CurvePoint { x: point.tasks as f64, y: bytes, interval: None, tip })
    };
    let curve = |model: &ModelMemory| {
        let index = view.index(&model.model);
        let look = view.models.get(index)?;
        let label = text::name(look.id);
        let points: Vec<_> = model.points.iter().filter_map(|found| point(&label, found)).collect();
        let curve = Curve { model: Some(index), ink: look.ink, marker: look.marker, label, points };
        (!curve.points.is_empty()).then_some(curve)
    };
    let curves: Vec<Curve> = memory.models.iter().filter_map(curve).collect();
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let name = "memory of waiting tasks".to_owned();
    let x = Axis::log(points().map(|point| point.x), |count| Measure::Count.tick(count));
    let y = Axis::log(points().map(|point| point.y), units::bytes)
        .map(|axis| axis.in_powers_of_two(|bytes| Measure::Memory.tick(bytes)));
    let (size, body) = match (x, y) {
        (Some(x), Some(y)) => chart::lines(Lines {
            name: &name,
            curves: &curves,
            x: x.titled("tasks that wait at once, logarithmic"),
            y,
            reference: Vec::new(),
            marks: &[],
            apart: End::Last,
        })?,
        _ => ((chart::WIDTH, 120), chart::empty((chart::WIDTH, 120), "nothing was measured")),
    };
    let mut table = Table {
        columns: columns(&["model", "waiting tasks", "processes", "resident", "page tables", "status"]),
        rows: Vec::new(),
    };
    for model in &memory.models {
        for point in &model.points {
            let shown = |field: &str, value: Option<u64>, show: fn(f64) -> String| match value {
                Some(value) => show(value as f64),
                None => point.missing.get(field).map_or("none".into(), |why| text::clip(why, 80)),
            };
            table.rows.push(vec![
                text::name(&model.model),
                point.tasks.to_string(),
                shown("processes", point.processes, units::plain),
                shown("resident_bytes", point.resident_bytes, units::bytes),
                shown("page_table_bytes", point.page_table_bytes, units::bytes),
                crate::report::view::status(point.status).into(),
            ]);
        }
    }
    Ok(Chart {
        slug: "waiting".into(),
        title: name,
        question: "How much memory do tasks hold that only wait?".into(),
        reading: "Both axes logarithmic. A line is flat as long as the process itself outweighs its tasks, and then rises \
                  with them."
            .into(),
        size,
        body,
        table,
    })
}
