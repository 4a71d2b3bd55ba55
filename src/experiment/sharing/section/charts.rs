//! The price of protection against contenders.

use concbench_charts::{
    self as charts, Axis, Chart, Curve, CurvePoint, End, Ink, Lines, Marker, Table, columns,
};
use concbench_sharing::contention::Protection;
use concbench_text::figures::{self as units, Measure};

use super::{Point, figure, named};
use crate::experiment::View;
use crate::report::{ReportError, text};

/// What threads protect a number with, in one chart.
const OBJECTS: [Protection; 5] =
    [Protection::Nothing, Protection::Atomic, Protection::ThreadLock, Protection::Lock, Protection::Manager];

/// All of them.
pub(super) fn all(cells: &[Point], view: &View<'_>) -> Result<Vec<Chart>, ReportError> {
    Ok(vec![locks(cells, view)?, objects(cells)?])
}

/// A lock under each model.
fn locks(cells: &[Point], view: &View<'_>) -> Result<Chart, ReportError> {
    let mut curves = Vec::new();
    for look in view.looks.all() {
        let label = text::name(&look.id);
        let points = points(cells, Protection::Lock, &look.id);
        if !points.is_empty() {
            let series = view.looks.index(&look.id);
            curves.push(Curve { series, ink: look.ink, marker: look.marker, label, points });
        }
    }
    chart(
        "price-of-a-lock",
        "the price of a lock",
        "What does an update under the model's own lock cost when more tasks want it?",
        &curves,
    )
}

/// What threads protect a number with.
fn objects(cells: &[Point]) -> Result<Chart, ReportError> {
    let curve = |(number, &object): (usize, &Protection)| {
        let points = points(cells, object, "thread-spawn");
        let (ink, marker) = (Ink::Series(number as u8), Marker::nth(number));
        let label = object.word().to_owned();
        (!points.is_empty()).then_some(Curve { series: None, ink, marker, label, points })
    };
    let curves: Vec<Curve> = OBJECTS.iter().enumerate().filter_map(curve).collect();
    chart(
        "price-of-protection",
        "the price of protection",
        "What does an update by threads cost with each kind of protection?",
        &curves,
    )
}

fn points(cells: &[Point], object: Protection, model: &str) -> Vec<CurvePoint> {
    let wanted = |cell: &&Point| {
        let factors = &cell.factors;
        factors.object == object && factors.model == model && (factors.compute_ns, factors.wait_ns) == (0, 0)
    };
    let point = |cell: &Point| {
        let cost = figure(cell, "acquire_ns")?;
        let tasks = cell.factors.contenders;
        let tip = format!("{}, {model}, {tasks} tasks: {}", named(object), units::median_time(cost));
        CurvePoint::logarithmic(tasks as f64, cost.median, (cost.low, cost.high), tip)
    };
    cells.iter().filter(wanted).filter_map(point).collect()
}

fn chart(slug: &str, title: &str, question: &str, curves: &[Curve]) -> Result<Chart, ReportError> {
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let x = Axis::log(points().map(|point| point.x), |count| Measure::Count.tick(count));
    let y = Axis::log(points().map(|point| point.y), units::time);
    let (size, body) = match (x, y) {
        (Some(x), Some(y)) => charts::lines(Lines {
            name: title,
            curves,
            x: x.titled("tasks that contend, logarithmic"),
            y,
            reference: Vec::new(),
            marks: &[],
            apart: End::Last,
        })?,
        _ => charts::nothing("nothing was measured"),
    };
    let row = |curve: &Curve, point: &CurvePoint| {
        let (low, high) = point.interval.unwrap_or((point.y, point.y));
        vec![curve.label.clone(), units::plain(point.x), units::time(point.y), units::time_span(low, high)]
    };
    let rows = curves.iter().flat_map(|curve| curve.points.iter().map(move |point| row(curve, point)));
    Ok(Chart {
        slug: slug.to_owned(),
        title: title.to_owned(),
        question: question.to_owned(),
        reading: "Both axes logarithmic. A line that rises says that more tasks make each update dearer."
            .to_owned(),
        size,
        body,
        table: Table { columns: columns(&["line", "tasks", "an update", "interval"]), rows: rows.collect() },
    })
}
