//! The charts of serving: over the number of connections.

use concbench_charts::{self as charts, Axis, Chart, Curve, CurvePoint, End, Lines, Table, columns};
use concbench_serving::{REFERENCE, SERVERS};
use concbench_text::figures::{self as units, Measure};

use super::{Group, Served};
use crate::report::{Looks, ReportError, text};

/// A response over the number of connections.
struct Over<'a> {
    name: &'a str,
    slug: &'a str,
    question: &'a str,
    reading: &'a str,
    measure: Measure,
    shown: fn(f64) -> String,
    value: fn(&Served) -> Option<f64>,
    /// What is drawn dashed beside them.
    reference: fn(&Group) -> Option<f64>,
}

/// Exchanges a second.
pub(super) fn exchanges(groups: &[Group], looks: &Looks) -> Result<Chart, ReportError> {
    let over = Over {
        name: "exchanges by connections",
        slug: "serving-exchanges",
        question: "How many messages are answered each second as more clients come?",
        reading: "Echo of open connections, both axes logarithmic. The dashed line is the most that the clients can do, with \
                  a server of plain events.",
        measure: Measure::Count,
        shown: units::count,
        value: |served| Some(served.exchanges_per_s),
        reference: |group| group.ceiling_per_s,
    };
    drawn(&over, groups, looks)
}

/// The 99th percentile.
pub(super) fn latency(groups: &[Group], looks: &Looks) -> Result<Chart, ReportError> {
    let over = Over {
        name: "p99 by connections",
        slug: "serving-p99",
        question: "How long does the slowest of a hundred exchanges take as more clients come?",
        reading: "Echo of open connections, each of which sends again once it is answered; both axes logarithmic. Where a \
                  server can do no more, twice the connections wait twice as long.",
        measure: Measure::Time,
        shown: units::time,
        value: |served| served.p99_ns,
        reference: |_| None,
    };
    drawn(&over, groups, looks)
}

fn drawn(over: &Over<'_>, groups: &[Group], looks: &Looks) -> Result<Chart, ReportError> {
    // The load that differs in its connections alone.
    let mut usual: Vec<&Group> = groups
        .iter()
        .filter(|group| (group.protocol.as_str(), group.life.as_str(), group.bytes) == ("echo", "long", 1024))
        .collect();
    usual.sort_by_key(|group| group.connections);
    let curve = |model: &str| {
        let (label, look) = (text::name(model), looks.of(model)?);
        let point = |group: &&Group| {
            let served = group.servers.iter().find(|served| served.model == model)?;
            let y = (over.value)(served)?;
            let tip = format!("{label}, {} connections: {}", group.connections, (over.shown)(y));
            Some(CurvePoint { x: group.connections as f64, y, interval: None, tip })
        };
        let points: Vec<_> = usual.iter().filter_map(point).collect();
        let (series, ink, marker) = (looks.index(model), look.ink, look.marker);
        (!points.is_empty()).then_some(Curve { series, ink, marker, label: label.clone(), points })
    };
    let models = SERVERS.iter().map(|server| server.id).filter(|id| *id != REFERENCE);
    let curves: Vec<Curve> = models.filter_map(curve).collect();
    let reference: Vec<(f64, f64)> =
        usual.iter().filter_map(|group| Some((group.connections as f64, (over.reference)(group)?))).collect();
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let x = Axis::log(points().map(|point| point.x), |count| Measure::Count.tick(count));
    let measure = over.measure;
    let heights = points().map(|point| point.y).chain(reference.iter().map(|point| point.1));
    let y = Axis::log(heights, move |value| measure.tick(value));
    let (size, body) = match (x, y) {
        (Some(x), Some(y)) => charts::lines(Lines {
            name: over.name,
            curves: &curves,
            x: x.titled("connections, logarithmic"),
            y,
            reference,
            marks: &[],
            apart: End::Last,
        })?,
        _ => charts::nothing("nothing was measured"),
    };
    let row = |model: &str| {
        let figure = |group: &&Group| {
            let served = group.servers.iter().find(|served| served.model == model);
            served.and_then(over.value).map_or("-".to_owned(), over.shown)
        };
        std::iter::once(text::name(model)).chain(usual.iter().map(figure)).collect()
    };
    let counts = usual.iter().map(|group| units::plain(group.connections as f64));
    Ok(Chart {
        slug: over.slug.to_owned(),
        title: over.name.to_owned(),
        question: over.question.to_owned(),
        reading: over.reading.to_owned(),
        size,
        body,
        table: Table {
            columns: columns(&["server"]).into_iter().chain(counts).collect(),
            rows: curves.iter().map(|curve| row(&curve.label)).collect(),
        },
    })
}
