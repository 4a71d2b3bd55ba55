//! Lines over something that grows.

use concbench_text::{fit, width};

use super::axis::{Axis, extent};
use super::backend::{Anchor, SIZE, Svg};
use super::drawing::{ChartError, Drawing, WIDTH, empty};
use super::palette::{Ink, Marker};
use super::plot::{Grid, Plot, Room, draw};

/// A line.
pub struct Curve {
    /// The index of the series that it belongs to.
    pub series: Option<usize>,
    /// Its colour.
    pub ink: Ink,
    /// Its marker.
    pub marker: Marker,
    /// Its name, at the start of the row.
    pub label: String,
    /// From left to right.
    pub points: Vec<CurvePoint>,
}

/// A point of a line.
pub struct CurvePoint {
    /// Where it lies on the axis from left to right.
    pub x: f64,
    /// Where it lies on the axis from bottom to top.
    pub y: f64,
    /// The ends of its interval, upright.
    pub interval: Option<(f64, f64)>,
    /// What a pointer shows.
    pub tip: String,
}

impl CurvePoint {
    /// One with an interval, on two logarithmic axes; `None` for what has no logarithm, and so no place there.
    pub fn logarithmic(x: f64, y: f64, interval: (f64, f64), tip: String) -> Option<Self> {
        (x > 0.0 && interval.0 > 0.0).then_some(Self { x, y, interval: Some(interval), tip })
    }
}

/// Lines and their axes.
pub struct Lines<'a> {
    /// The chart's name, for errors.
    pub name: &'a str,
    /// The lines.
    pub curves: &'a [Curve],
    /// Where it lies on the axis from left to right.
    pub x: Axis,
    /// Where it lies on the axis from bottom to top.
    pub y: Axis,
    /// A line that the others are held against.
    pub reference: Vec<(f64, f64)>,
    /// Upright lines: where, and what they stand for.
    pub marks: &'a [(f64, String)],
    /// At which end the lines lie apart, by which their names are ordered.
    pub apart: End,
}

/// An end of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The left one.
    First,
    /// The right one.
    Last,
}

const LABELS: i32 = 132;
const ROOM: Room = Room { left: 50, right: LABELS, top: 20, bottom: 38 };

/// How far apart names stand at least.
const LINE: i32 = 14;

/// An axis from 0 to the most, with ticks at the counts that these curves have points for.
pub fn counts_axis(title: &str, curves: &[Curve], most: f64) -> Axis {
    let mut counts: Vec<f64> = curves.iter().flat_map(|curve| &curve.points).map(|point| point.x).collect();
    counts.sort_by(f64::total_cmp);
    counts.dedup();
    // Labels of counts that lie close together would run into each other.
    let apart = most / 12.0;
    let mut shown: Vec<f64> = Vec::new();
    for count in counts.iter().rev() {
        if shown.last().is_none_or(|last| last - count >= apart) {
            shown.push(*count);
        }
    }
    Axis::from_zero([most], 1.0, |_| String::new())
        .titled(title)
        .ticked(shown.into_iter().rev().map(|count| (count, format!("{count:.0}"))))
}

/// Draws lines: the size and the body.
pub fn lines(chart: Lines<'_>) -> Result<Drawing, ChartError> {
    let labels = chart.curves.len() as i32 * LINE;
    let size = (WIDTH, (ROOM.top + ROOM.bottom + labels).max(270));
    if extent(chart.curves.iter().flat_map(|curve| &curve.points).map(|point| point.y)).is_none() {
        return Ok((size, empty(size, "nothing was measured")));
    }
    let body = draw(chart.name, size, |area| {
        let widest = chart.y.ticks.iter().map(|(_, label)| width(label)).fold(0.0, f64::max);
        let room = Room { left: ROOM.left.max((widest * SIZE) as i32 + 12), ..ROOM };
        let plot = Plot::new(area, room, chart.x, chart.y, Grid::Level)?;
        let reference: Vec<_> =
            chart.reference.into_iter().filter(|(x, y)| !plot.x.beyond(*x) && !plot.y.beyond(*y)).collect();
        plot.paint(&reference, |svg, at| svg.line(at, Ink::Reference, "dash"))?;
        paint_marks(&plot, chart.marks)?;
        for curve in chart.curves {
            paint_curve(&plot, curve)?;
        }
        paint_names(&plot, chart.curves, chart.apart, size.1)
    })?;
    Ok((size, body))
}

fn paint_marks(plot: &Plot<'_>, marks: &[(f64, String)]) -> Result<(), String> {
    let (bottom, top) = plot.y.ends();
    for (x, label) in marks.iter().filter(|(x, _)| !plot.x.beyond(*x)) {
        plot.paint(&[(*x, bottom), (*x, top)], |svg, at| {
            svg.line(at, Ink::Muted, "dot");
            svg.label((at[1].0, at[1].1 - 9), label, Ink::Muted, Anchor::Middle, "sm");
        })?;
    }
    Ok(())
}

fn paint_curve(plot: &Plot<'_>, curve: &Curve) -> Result<(), String> {
    let values: Vec<_> = curve.points.iter().map(|point| (point.x, point.y)).collect();
    plot.paint(&values, |svg, at| {
        svg.group("m", curve.series, None, |svg| svg.line(at, curve.ink, "w2"));
    })?;
    for CurvePoint { x, y, interval, tip } in &curve.points {
        let (low, high) = interval.unwrap_or((*y, *y));
        plot.paint(&[(*x, low), (*x, *y), (*x, high)], |svg: &mut Svg<'_>, at| {
            svg.group("m", curve.series, None, |svg| {
                if at[0] != at[2] {
                    svg.line(&[at[0], at[2]], curve.ink, "");
                }
                svg.marker(at[1], curve.marker, 4.0, curve.ink, Some(tip));
            });
        })?;
    }
    Ok(())
}

/// Names the lines beside the plot, in the order of their ends, moved apart where they would overlap.
fn paint_names(plot: &Plot<'_>, curves: &[Curve], apart: End, height: i32) -> Result<(), String> {
    let named: Vec<(&Curve, &CurvePoint)> = curves
        .iter()
        .filter_map(|curve| {
            let end = match apart {
                End::First => curve.points.first(),
                End::Last => curve.points.last(),
            };
            Some((curve, end?))
        })
        .collect();
    let ends: Vec<_> = named.iter().map(|(_, end)| (end.x, end.y)).collect();
    plot.paint(&ends, |svg, at| {
        let mut rows: Vec<_> =
            at.iter().zip(&named).map(|((x, y), (curve, _))| (*y, (*x, *y), *curve)).collect();
        rows.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| a.2.label.cmp(&b.2.label)));
        for index in 1..rows.len() {
            rows[index].0 = rows[index].0.max(rows[index - 1].0 + LINE);
        }
        let mut floor = height - ROOM.bottom + LINE;
        for row in rows.iter_mut().rev() {
            row.0 = row.0.min(floor - LINE);
            floor = row.0;
        }
        let x = WIDTH - LABELS;
        for (y, end, curve) in rows {
            svg.group("m", curve.series, None, |svg| {
                if apart == End::Last {
                    svg.line(&[(end.0 + 6, end.1), (x + 2, y)], Ink::Grid, "");
                }
                svg.marker((x + 10, y), curve.marker, 4.0, curve.ink, None);
                let label = fit(&curve.label, f64::from(LABELS - 22) / SIZE);
                svg.label((x + 20, y), &label, Ink::Text, Anchor::Start, "");
            });
        }
    })
}
