//! The charts of latency under load.

use concbench_charts::{
    self as charts, Axis, Bar, Chart, ChartError, Curve, CurvePoint, Drawing, End, Lines, Part,
};
use concbench_text::figures::{self as units, Measure};

use super::{Found, KNEE, ModelLatency};
use crate::experiment::latency::findings::OpenLoad;
use crate::experiment::latency::schedule::Spacing;
use crate::report::ReportError;

impl Found<'_> {
    /// All of them.
    pub(super) fn charts(&self) -> Result<Vec<Chart>, ReportError> {
        Ok(vec![self.by_rate()?, self.sustained()?])
    }

    fn by_rate(&self) -> Result<Chart, ReportError> {
        let points = |model: &ModelLatency, label: &str| -> Vec<CurvePoint> {
            let point = |load: &OpenLoad| {
                let (summary, rate) = (load.summary.as_ref()?, load.rate_per_s?);
                let p99 = summary.p99_ns?;
                let knee = model.knee.is_some_and(|knee| Some(knee.share) == load.share && !knee.highest);
                let tip = format!(
                    "{label}, {} tasks/s: p99 {}{}",
                    units::count(rate),
                    units::time(p99),
                    if knee { ", its knee" } else { "" }
                );
                let interval = summary.p99_bound_ns.map(|bound| (p99, bound));
                Some(CurvePoint { x: rate, y: p99, interval, tip })
            };
            let constant = model.open.iter().filter(|load| load.spacing == Spacing::Constant);
            let mut points: Vec<CurvePoint> = constant.filter_map(point).collect();
            points.sort_by(|left, right| left.x.total_cmp(&right.x));
            points
        };
        let name = "latency by rate".to_owned();
        let (size, body) = drawn(&name, &self.curves(points), "tasks due each second, logarithmic")?;
        Ok(Chart {
            slug: "latency-rate".into(),
            title: name,
            question: "How long does the slowest of a hundred tasks take as more of them come?".into(),
            reading: "The 99th percentile from when a task was due, both axes logarithmic; an upright stroke ends at what it \
                      does not exceed with 95 %. A line ends near what its model sustains."
                .into(),
            size,
            body,
            table: self.loads(),
        })
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

    fn sustained(&self) -> Result<Chart, ReportError> {
        let bar = |model: &ModelLatency| {
            let (rate, label) = (model.sustained_per_s?, self.label(model));
            let figure = units::count(rate);
            Some(Bar {
                tip: format!("{label}: {figure} tasks a second"),
                label,
                series: self.looks.index(&model.model),
                ink: self.looks.of(&model.model)?.ink,
                parts: vec![Part { value: rate, light: false }],
                figure,
            })
        };
        let rows: Vec<Bar> = self.by_sustained().into_iter().filter_map(bar).collect();
        let (size, body) = match rows.is_empty() {
            false => charts::bars("sustained", "tasks a second", &rows, Measure::Count)?,
            true => charts::nothing("no model has a rate that it sustains"),
        };
        Ok(Chart {
            slug: "latency-sustained".into(),
            title: "sustained rates".into(),
            question: "How many tasks a second can come?".into(),
            reading: format!(
                "The rate at which tasks are done where they are still done as fast as they are due, but for a twentieth. \
                 The knee in the table is the share of that up to which 99 of 100 take at most {KNEE} times what half of \
                 them take at the lowest rate, in most rounds.",
            ),
            size,
            body,
            table: self.sustained_table(),
        })
    }
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
