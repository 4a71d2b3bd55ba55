//! The charts of latency under load.

use concbench_charts::{
    self as charts, Axis, Bar, Chart, ChartError, Curve, CurvePoint, Drawing, End, Lines, Part, Table,
    columns,
};
use concbench_text::figures::{self as units, Measure};

use super::{Found, KNEE, knee_figures};
use crate::experiment::latency::{LoadSummary, ModelLatency, OneIn, OpenLoad};
use crate::report::{ReportError, text};

/// The load, as a share of the capacity, whose whole curve is drawn.
const DRAWN: f64 = 0.5;

impl Found<'_> {
    /// All of them.
    pub(super) fn charts(&self) -> Result<Vec<Chart>, ReportError> {
        Ok(vec![self.by_rate()?, self.at_half_load()?, self.knees()?])
    }

    /// A line for each model that has points.
    fn curves(&self, points: impl Fn(&ModelLatency, &str) -> Vec<CurvePoint>) -> Vec<Curve> {
        let curve = |model: &ModelLatency| {
            let (label, series) = (self.label(model), self.looks.index(&model.model));
            let look = self.looks.of(&model.model)?;
            let points = points(model, &label);
            Some(Curve { series, ink: look.ink, marker: look.marker, label, points })
        };
        self.models.iter().filter_map(curve).filter(|curve| !curve.points.is_empty()).collect()
    }

    fn by_rate(&self) -> Result<Chart, ReportError> {
        let points = |model: &ModelLatency, label: &str| -> Vec<CurvePoint> {
            let point = |load: &OpenLoad| {
                let (summary, rate) = (load.summary.as_ref()?, load.rate_per_s?);
                let p99 = summary.p99_ns?;
                let knee = model.knee.is_some_and(|knee| knee.rate_per_s == rate && !knee.beyond);
                let tip = format!(
                    "{label}, {} tasks/s: p99 {}{}",
                    units::count(rate),
                    units::time(p99),
                    if knee { ", its knee" } else { "" }
                );
                Some(CurvePoint { x: rate, y: p99, interval: summary.p99_blocks_ns, tip })
            };
            model.open.iter().filter_map(point).collect()
        };
        let name = "latency by rate".to_owned();
        let (size, body) = drawn(&name, &self.curves(points), "tasks due each second, logarithmic")?;
        Ok(Chart {
            slug: "latency-rate".into(),
            title: name,
            question: "How long does the slowest of a hundred tasks take as more of them come?".into(),
            reading: "The 99th percentile from when a task was due, both axes logarithmic; upright strokes are the blocks. \
                      The loads are shares of what a model can do, so that lines end where it can do no more."
                .into(),
            size,
            body,
            table: self.loads(),
        })
    }

    /// Every load of every model.
    fn loads(&self) -> Table {
        let heads = columns(&[
            "model",
            "load",
            "due a second",
            "done a second, until the last ended",
            "p50",
            "p90",
            "p99",
            "p99 by block",
            "p99.9",
            "longest",
            "queued",
            "begun late",
            "tasks",
            "remark",
        ]);
        let row = |model: &ModelLatency, load: Option<&OpenLoad>, summary: &LoadSummary| {
            let few = || "too few tasks".to_owned();
            let blocks = summary.p99_blocks_ns;
            let rate = load.and_then(|load| load.rate_per_s);
            let share = |share| load.map_or("not counted".into(), |_| units::percent(share));
            vec![
                self.label(model),
                load.map_or("closed".into(), |load| units::percent(load.share)),
                rate.map_or("as they end".into(), units::count),
                units::count(summary.done_per_s),
                units::time(summary.p50_ns),
                summary.p90_ns.map_or_else(few, units::time),
                summary.p99_ns.map_or_else(few, units::time),
                blocks.map_or_else(few, |(low, high)| units::time_span(low, high)),
                summary.p999_ns.map_or_else(few, units::time),
                units::time(summary.max_ns),
                share(summary.queued),
                share(summary.late),
                summary.tasks.to_string(),
                text::sentence(&summary.saturated.join("; ")),
            ]
        };
        let rows = self.models.iter().flat_map(|model| {
            let closed = model.closed.iter().map(|summary| (None, summary));
            let open = model.open.iter().filter_map(|load| Some((Some(load), load.summary.as_ref()?)));
            closed.chain(open).map(move |(load, summary)| row(model, load, summary))
        });
        Table { columns: heads, rows: rows.collect() }
    }

    fn at_half_load(&self) -> Result<Chart, ReportError> {
        let points = |model: &ModelLatency, label: &str| -> Vec<CurvePoint> {
            let point = |point: &OneIn| {
                let tip =
                    format!("{label}: one in {} takes {}", units::count(point.tasks), units::time(point.ns));
                CurvePoint { x: point.tasks, y: point.ns, interval: None, tip }
            };
            half(model).unwrap_or_default().iter().map(point).collect()
        };
        let name = "latency at half load".to_owned();
        let (size, body) = drawn(&name, &self.curves(points), "one task in so many")?;
        let found: Vec<(&ModelLatency, &[OneIn])> =
            self.models.iter().filter_map(|model| Some((model, half(model)?))).collect();
        // Models with more tasks reach further: the heads are those of the longest curve.
        let longest = found.iter().map(|(_, curve)| *curve).max_by_key(|curve| curve.len());
        let heads =
            longest.into_iter().flatten().map(|point| format!("one in {}", units::count(point.tasks)));
        let columns: Vec<String> = std::iter::once("model".to_owned()).chain(heads).collect();
        let row = |(model, curve): &(&ModelLatency, &[OneIn])| {
            let figures = curve.iter().map(|point| units::time(point.ns));
            let few = std::iter::repeat_n("too few tasks".to_owned(), columns.len() - 1 - curve.len());
            std::iter::once(self.label(model)).chain(figures).chain(few).collect()
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

    fn knees(&self) -> Result<Chart, ReportError> {
        let bar = |model: &ModelLatency| {
            let (knee, label) = (model.knee?, self.label(model));
            let [figure, share, _] = knee_figures(knee);
            Some(Bar {
                tip: format!("{label}: {figure} tasks a second, {share} of what it can do"),
                label,
                series: self.looks.index(&model.model),
                ink: self.looks.of(&model.model)?.ink,
                parts: vec![Part { value: knee.rate_per_s, light: false }],
                figure,
            })
        };
        let rows: Vec<Bar> = self.by_knee().into_iter().filter_map(bar).collect();
        let (size, body) = match rows.is_empty() {
            false => charts::bars("knees", "tasks a second", &rows, Measure::Count)?,
            true => charts::nothing("no knee was found"),
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
            table: self.knees_table(),
        })
    }
}

/// The curve of the load nearest to half of the capacity.
fn half(model: &ModelLatency) -> Option<&[OneIn]> {
    let apart = |load: &OpenLoad| (load.share - DRAWN).abs();
    let nearest = model.open.iter().min_by(|left, right| apart(left).total_cmp(&apart(right)))?;
    Some(&nearest.summary.as_ref()?.curve)
}

/// The size and the body of a chart of lines, both axes logarithmic; one without lines says so.
fn drawn(name: &str, curves: &[Curve], axis: &str) -> Result<Drawing, ChartError> {
    let values = |of: fn(&CurvePoint) -> f64| curves.iter().flat_map(|curve| &curve.points).map(of);
    let x = Axis::log(values(|point| point.x), |count| Measure::Count.tick(count));
    let y = Axis::log(values(|point| point.y), |ns| Measure::Time.tick(ns));
    let Some((x, y)) = x.zip(y) else { return Ok(charts::nothing("no load was measured")) };
    let x = x.titled(axis);
    charts::lines(Lines { name, curves, x, y, reference: Vec::new(), marks: &[], apart: End::Last })
}
