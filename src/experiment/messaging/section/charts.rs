//! Throughput, round trips and CPU against the length of a message.

use concbench_charts::{
    self as charts, Axis, Chart, Curve, CurvePoint, End, Ink, Lines, Marker, Table, columns,
};
use concbench_messaging::Between;
use concbench_text::figures::{self as units, Measure};

use super::{Point, SIZES, base, channels};
use crate::record::Estimate;
use crate::report::{ReportError, text};

/// What a chart shows of each channel.
struct Shown {
    slug: &'static str,
    response: &'static str,
    title: &'static str,
    question: &'static str,
    figure: fn(f64) -> String,
    measure: Measure,
}

const SHOWN: [Shown; 3] = [
    Shown {
        slug: "throughput",
        response: "bytes_per_s",
        title: "bytes a second",
        question: "How much does a channel move?",
        figure: units::bytes,
        measure: Measure::Memory,
    },
    Shown {
        slug: "round-trip",
        response: "round_trip_p50_ns",
        title: "round trip",
        question: "How long does a message take there, and its answer back?",
        figure: units::time,
        measure: Measure::Time,
    },
    Shown {
        slug: "cpu",
        response: "message_cpu_ns",
        title: "CPU a message",
        question: "How much CPU time does a message burn, on both sides and in between?",
        figure: units::time,
        measure: Measure::Time,
    },
];

/// The two places, each with what lies there.
const PLACES: [(&str, &str, &[Between]); 2] = [
    ("processes", "between processes", &[Between::Processes]),
    ("threads", "within a process", &[Between::Threads, Between::Tasks]),
];

/// A chart for each response between processes, and one beside it within a process.
pub(super) fn charts(cells: &[Point]) -> Result<Vec<Chart>, ReportError> {
    let mut charts = Vec::new();
    for shown in &SHOWN {
        for place in PLACES {
            charts.push(chart(cells, shown, place)?);
        }
    }
    Ok(charts)
}

fn chart(
    cells: &[Point],
    shown: &Shown,
    (slug, place, kinds): (&str, &str, &[Between]),
) -> Result<Chart, ReportError> {
    let known: Vec<(&str, Vec<(u64, &Estimate)>)> = kinds
        .iter()
        .flat_map(|between| channels(cells, *between))
        .map(|channel| (channel, estimates(cells, channel, shown.response)))
        .filter(|(_, points)| !points.is_empty())
        .collect();
    let curves: Vec<Curve> = known
        .iter()
        .enumerate()
        .map(|(rank, (channel, points))| Curve {
            series: None,
            ink: Ink::Series(rank as u8),
            marker: Marker::nth(rank),
            label: text::name(channel),
            points: points.iter().map(|(bytes, found)| point(channel, *bytes, found, shown)).collect(),
        })
        .collect();
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let name = format!("{}, {place}", shown.title);
    let x = Axis::log(points().map(|point| point.x), units::bytes)
        .map(|axis| axis.ticked(SIZES.map(|bytes| (bytes as f64, Measure::Memory.tick(bytes as f64)))));
    let y = Axis::log(points().map(|point| point.y), |value| shown.measure.tick(value));
    let y = match shown.measure {
        Measure::Memory => y.map(|axis| axis.in_powers_of_two(|bytes| Measure::Memory.tick(bytes))),
        _ => y,
    };
    let (size, body) = match (x, y) {
        (Some(x), Some(y)) => charts::lines(Lines {
            name: &name,
            curves: &curves,
            x: x.titled("length of a message, logarithmic"),
            y,
            reference: Vec::new(),
            marks: &[],
            apart: End::Last,
        })?,
        _ => charts::nothing("nothing was measured"),
    };
    Ok(Chart {
        slug: format!("messaging-{}-{slug}", shown.slug),
        title: name,
        question: format!("{} ({place})", shown.question),
        reading: "Between one and one, over two cores where there are two; both axes logarithmic. Upright strokes are intervals \
                  of medians."
            .into(),
        size,
        body,
        table: figures(&known, shown),
    })
}

fn estimates<'a>(cells: &'a [Point], channel: &str, response: &str) -> Vec<(u64, &'a Estimate)> {
    let of = |bytes| Some((bytes, base(cells, channel, bytes)?.summary.get(response)?));
    SIZES.into_iter().filter_map(of).collect()
}

fn point(channel: &str, bytes: u64, found: &Estimate, shown: &Shown) -> CurvePoint {
    let tip = format!(
        "{}, {}: {} ({} to {})",
        text::name(channel),
        units::bytes(bytes as f64),
        (shown.figure)(found.median),
        (shown.figure)(found.low),
        (shown.figure)(found.high)
    );
    CurvePoint { x: bytes as f64, y: found.median, interval: Some((found.low, found.high)), tip }
}

fn figures(known: &[(&str, Vec<(u64, &Estimate)>)], shown: &Shown) -> Table {
    let mut heads = columns(&["channel"]);
    heads.extend(SIZES.map(|bytes| Measure::Memory.tick(bytes as f64)));
    let row = |(channel, points): &(&str, Vec<(u64, &Estimate)>)| {
        let mut row = vec![text::name(channel)];
        row.extend(SIZES.map(|bytes| {
            let found = points.iter().find(|(of, _)| *of == bytes);
            found.map_or("none".into(), |(_, found)| (shown.figure)(found.median))
        }));
        row
    };
    Table { columns: heads, rows: known.iter().map(row).collect() }
}
