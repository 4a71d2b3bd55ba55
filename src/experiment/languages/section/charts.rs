//! The charts of languages: the fastest of each against ours, and warming up.

use concbench_charts::{
    self as charts, Axis, Chart, Curve, CurvePoint, End, Forest, ForestRow, Ink, Lines, Marker, Table,
    columns,
};
use concbench_text::figures::{self as units, Measure, Ratio};

use super::Found;
use crate::batch::Comparison;
use crate::report::{Looks, ReportError, text};

impl Found<'_> {
    /// The fastest of each language over our fastest, kernel by kernel.
    pub(super) fn across_chart(&self, looks: &Looks) -> Result<Chart, ReportError> {
        let row = |found: &Comparison| {
            let cell = self.cell(&found.a)?;
            let look = looks.of(&cell.factors.model)?;
            let ratio = Ratio { value: found.ratio, interval: Some((found.low, found.high)) };
            let label = format!("{}, {}", text::name(&found.workload), self.label(&cell.factors.runner));
            Some(ForestRow {
                tip: format!(
                    "{label}: {} takes {} {}",
                    self.construct(&cell.factors),
                    ratio.figure(),
                    ratio.range()
                ),
                label,
                series: looks.index(&cell.factors.model),
                ink: look.ink,
                marker: look.marker,
                figure: format!("{} {}", ratio.figure(), ratio.range()),
                ratio,
                best: false,
            })
        };
        let name = "languages".to_owned();
        let (size, body) = charts::forest(&Forest {
            name: name.clone(),
            axis: "time over that of our fastest, logarithmic".to_owned(),
            margin: None,
            rows: self.record.findings.across.iter().filter_map(row).collect(),
        })?;
        Ok(Chart {
            slug: "languages-across".into(),
            title: name,
            question: "How long does the fastest construct of each language take beside ours?".into(),
            reading: "Time of a warm batch over that of the fastest of our models at the same tasks, with its interval; left of \
                      1 the other language is faster. The colour is that of the construct's family."
                .into(),
            size,
            body,
            table: self.across_table(),
        })
    }

    /// The times of batches by their number, over the last of them.
    pub(super) fn warm_up_chart(&self) -> Result<Chart, ReportError> {
        let curve = |(at, start): (usize, &crate::experiment::languages::StartUp)| {
            let label = self.label(&start.runner);
            let last = *start.curve_ns.last()? as f64;
            let point = |(number, &time): (usize, &u64)| CurvePoint {
                x: number as f64 + 1.0,
                y: time as f64 / last.max(1.0),
                interval: None,
                tip: format!("{label}, figure {}: {}", number + 1, units::time(time as f64)),
            };
            let points = start.curve_ns.iter().enumerate().map(point).collect();
            Some(Curve { series: None, ink: Ink::Series(at as u8), marker: Marker::nth(at), label, points })
        };
        let curves: Vec<Curve> = self.record.findings.starts.iter().enumerate().filter_map(curve).collect();
        let name = "warming up".to_owned();
        let values = |of: fn(&CurvePoint) -> f64| curves.iter().flat_map(|curve| &curve.points).map(of);
        let x = Axis::log(values(|point| point.x), |count| Measure::Count.tick(count));
        let y = Axis::log(values(|point| point.y), |ratio| format!("{}x", units::plain(ratio)));
        let (size, body) = match x.zip(y) {
            Some((x, y)) => {
                let x = x.titled("batch by its number, logarithmic");
                let (reference, marks) = (Vec::new(), &[][..]);
                charts::lines(Lines {
                    name: &name,
                    curves: &curves,
                    x,
                    y,
                    reference,
                    marks,
                    apart: End::First,
                })?
            }
            None => charts::nothing("no loop was measured"),
        };
        let row = |start: &crate::experiment::languages::StartUp| {
            let times = start.curve_ns.iter().take(6).map(|&time| units::time(time as f64));
            let mut row: Vec<String> = std::iter::once(self.label(&start.runner)).chain(times).collect();
            row.resize(7, "not measured".into());
            row
        };
        let heads = ["language", "first batch", "second", "third", "fourth", "fifth", "sixth"];
        Ok(Chart {
            slug: "languages-warm-up".into(),
            title: name,
            question: "How much longer do the first batches take than the last?".into(),
            reading: "The same count in a loop, batch after batch in one fresh process, over the time of the last; where there \
                      are many, a point is the mean of several. Both axes are logarithmic. What stays level needs no warming \
                      up; what falls is being compiled while it runs."
                .into(),
            size,
            body,
            table: Table { columns: columns(&heads), rows: self.record.findings.starts.iter().map(row).collect() },
        })
    }
}
