//! How long a cancellation takes, what becomes of the tasks, and what is computed for nothing.

use concbench_charts::{
    self as charts, Axis, Bar, Chart, Curve, CurvePoint, End, Ink, Lines, Marker, Part, Table, columns,
};
use concbench_text::figures::{self as units, Measure};
use itertools::Itertools as _;

use super::Doing;
use super::points::{self, Point, figure, how, wasted_ns};
use crate::report::{ReportError, text};

/// All of them.
pub(super) fn all(cells: &[Point]) -> Result<Vec<Chart>, ReportError> {
    Ok(vec![ended(cells)?, became(cells)?, wasted(cells)?])
}

fn ended(cells: &[Point]) -> Result<Chart, ReportError> {
    let point = |cell: &Point| {
        let took = figure(cell, "ended_ns")?;
        let tasks = cell.factors.tasks;
        let tip = format!("{}, {tasks} waiting tasks: {}", how(cell), units::median_time(took));
        CurvePoint::logarithmic(tasks as f64, took.median, (took.low, took.high), tip)
    };
    let curve = |(number, way): (usize, &str)| {
        let of =
            cells.iter().filter(|cell| cell.factors.construct == way && cell.factors.doing == Doing::Waiting);
        let points: Vec<CurvePoint> = of.filter_map(point).collect();
        let (ink, marker) = (Ink::Series(number as u8), Marker::nth(number));
        let label = text::name(way);
        (!points.is_empty()).then_some(Curve { series: None, ink, marker, label, points })
    };
    let curves: Vec<Curve> = ways(cells).filter_map(curve).collect();
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let x = Axis::log(points().map(|point| point.x), |count| Measure::Count.tick(count));
    let y = Axis::log(points().map(|point| point.y), units::time);
    let name = "cancelling waiting tasks";
    let (size, body) = match (x, y) {
        (Some(x), Some(y)) => charts::lines(Lines {
            name,
            curves: &curves,
            x: x.titled("waiting tasks that are cancelled, logarithmic"),
            y,
            reference: Vec::new(),
            marks: &[],
            apart: End::Last,
        })?,
        _ => charts::nothing("nothing was measured"),
    };
    let row = |curve: &Curve, point: &CurvePoint| {
        vec![curve.label.clone(), units::plain(point.x), units::time(point.y)]
    };
    let rows = curves.iter().flat_map(|curve| curve.points.iter().map(move |point| row(curve, point)));
    Ok(Chart {
        slug: "cancelled".into(),
        title: name.into(),
        question: "How long does it take until the last of many waiting tasks has ended?".into(),
        reading: "Both axes logarithmic. A line that stays low is a way that ends many tasks at once.".into(),
        size,
        body,
        table: Table {
            columns: columns(&["way", "tasks", "until the last had ended"]),
            rows: rows.collect(),
        },
    })
}

/// The ways, each with its place: it has the same colour in every chart.
fn ways(cells: &[Point]) -> impl Iterator<Item = (usize, &str)> {
    cells.iter().map(|cell| cell.factors.construct.as_str()).unique().enumerate()
}

/// The ways that have computed, each with its computing tasks.
fn computing(cells: &[Point]) -> impl Iterator<Item = (usize, &Point)> {
    ways(cells).filter_map(|(rank, way)| Some((rank, points::computing(cells, way)?)))
}

fn bar((rank, cell): (usize, &Point), parts: Vec<Part>, figure: String, tip: &str) -> Bar {
    let tip = format!("{} ({}): {tip}", how(cell), text::name(&cell.factors.model));
    let label = text::name(&cell.factors.construct);
    Bar { label, series: None, ink: Ink::Series(rank as u8), parts, figure, tip }
}

fn bars(name: &str, title: &str, rows: &[Bar], measure: Measure) -> Result<charts::Drawing, ReportError> {
    Ok(match rows.is_empty() {
        false => charts::bars(name, title, rows, measure)?,
        true => charts::nothing("nothing was measured"),
    })
}

/// How many ran their destructors, how many were lost without, and how many never began.
fn became(cells: &[Point]) -> Result<Chart, ReportError> {
    let counts = |cell: &Point| {
        let count = |response| figure(cell, response).map(|found| found.median);
        let (begun, dropped) = (count("begun")?, count("destructors")?);
        Some([dropped, (begun - dropped).max(0.0), (cell.factors.tasks as f64 - begun).max(0.0)])
    };
    let row = |(rank, cell)| {
        let [dropped, lost, never] = counts(cell)?;
        let parts = vec![Part { value: dropped, light: false }, Part { value: lost, light: true }];
        let [all, out, not] = [dropped, lost, never].map(units::plain);
        let tip = format!("{all} ran their destructors, {out} were lost without, {not} never began");
        Some(bar((rank, cell), parts, format!("{out} lost"), &tip))
    };
    let rows: Vec<Bar> = computing(cells).filter_map(row).collect();
    let name = "what becomes of cancelled tasks";
    let (size, body) = bars(name, "computing tasks that had begun", &rows, Measure::Count)?;
    let row = |(_, cell): (usize, &Point)| {
        let figures = counts(cell)?.map(units::plain);
        Some([vec![text::name(&cell.factors.construct)], figures.to_vec()].concat())
    };
    Ok(Chart {
        slug: "cancelled-became".into(),
        title: name.into(),
        question: "Which tasks run their destructors, and which are lost?".into(),
        reading: "Full: tasks that ran their destructors. Light: tasks that were lost, and left what they held as it was. \
                  What is missing from a bar never began."
            .into(),
        size,
        body,
        table: Table {
            columns: columns(&["way", "ran their destructors", "lost without", "never began"]),
            rows: computing(cells).filter_map(row).collect(),
        },
    })
}

/// What was computed after nobody wanted it any more.
fn wasted(cells: &[Point]) -> Result<Chart, ReportError> {
    let row = |(rank, cell)| {
        let value = wasted_ns(cell)?;
        let shown = units::time(value);
        let tip = format!("{shown} by {} tasks", cell.factors.tasks);
        Some(bar((rank, cell), vec![Part { value, light: false }], shown, &tip))
    };
    let rows: Vec<Bar> = computing(cells).filter_map(row).collect();
    let name = "computed for nothing";
    let (size, body) = bars(name, "computed after the request", &rows, Measure::Time)?;
    let row = |(_, cell): (usize, &Point)| {
        Some(vec![text::name(&cell.factors.construct), units::time(wasted_ns(cell)?)])
    };
    Ok(Chart {
        slug: "cancelled-wasted".into(),
        title: name.into(),
        question: "How much do computing tasks go on with after they were cancelled?".into(),
        reading: "The time of all steps that began after the request, of all tasks together.".into(),
        size,
        body,
        table: Table {
            columns: columns(&["way", "computed for nothing"]),
            rows: computing(cells).filter_map(row).collect(),
        },
    })
}
