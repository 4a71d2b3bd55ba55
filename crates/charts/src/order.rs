//! Every observation in the order in which it was made, each against the median of its series.

use concbench_text::figures;

use super::axis::Axis;
use super::backend::Anchor;
use super::drawing::{ChartError, Drawing, WIDTH, empty};
use super::palette::{Ink, Marker};
use super::plot::{Grid, Plot, Room, draw};

/// Observations of one thing.
pub struct Series {
    /// The index of the series that it belongs to.
    pub series: Option<usize>,
    /// Its colour.
    pub ink: Ink,
    /// Its marker.
    pub marker: Marker,
    /// When (in blocks, each around its number from 1), the time over the median of all, and what a pointer shows.
    pub points: Vec<(f64, f64, String)>,
}

const ROOM: Room = Room { left: 52, right: 10, top: 8, bottom: 40 };

/// Draws observations in run order: the size and the body.
pub fn order(name: &str, blocks: u32, series: &[Series]) -> Result<Drawing, ChartError> {
    let size = (WIDTH, 250);
    let mut deviations: Vec<f64> =
        series.iter().flat_map(|s| &s.points).map(|point| (point.1 - 1.0).abs()).collect();
    deviations.retain(|deviation| deviation.is_finite());
    deviations.sort_by(f64::total_cmp);
    let Some(&widest) = deviations.last() else {
        return Ok((size, empty(size, "no observation to show")));
    };
    // A few outliers must not flatten all the rest: they are drawn at the edge, with an arrow.
    let edge = (deviations[deviations.len() * 98 / 100] * 1.5).min(widest * 1.1).clamp(0.02, 10.0);
    let blocks = f64::from(blocks.max(1));
    let x =
        Axis::linear(0.5..blocks + 0.5, 6, |v| format!("{v:.0}")).titled("block, in the order of measuring");
    let x_ticks: Vec<_> = x.ticks.iter().filter(|(at, _)| at.fract() == 0.0).cloned().collect();
    let x = x.ticked(x_ticks);
    let y = Axis::linear(-edge..edge, 5, tick);
    let body = draw(name, size, |area| {
        let plot = Plot::new(area, ROOM, x, y, Grid::Level)?;
        plot.paint(&[(0.5, 0.0), (blocks + 0.5, 0.0)], |svg, at| svg.line(at, Ink::Reference, ""))?;
        for one in series {
            let values: Vec<_> = one.points.iter().map(|(when, ratio, _)| (*when, ratio - 1.0)).collect();
            let beyond = values.iter().filter(|(_, deviation)| plot.y.beyond(*deviation)).count();
            plot.paint(&values, |svg, at| {
                let tips = one.points.iter().map(|(_, _, tip)| tip.as_str());
                svg.markers(one.series, (one.marker, 3.0, one.ink), at.iter().copied().zip(tips));
            })?;
            if beyond > 0 {
                let far = values.iter().copied().filter(|(_, d)| plot.y.beyond(*d)).collect::<Vec<_>>();
                plot.paint(&far, |svg, at| {
                    for ((x, y), (_, deviation)) in at.iter().zip(&far) {
                        let (dy, sign) = if *deviation > 0.0 { (9, "↑") } else { (-9, "↓") };
                        svg.label((*x, y + dy), sign, Ink::Alarm, Anchor::Middle, "");
                    }
                })?;
            }
        }
        Ok(())
    })?;
    Ok((size, body))
}

/// A deviation on the axis.
fn tick(deviation: f64) -> String {
    match figures::plain(deviation * 100.0).as_str() {
        "0" => "±0 %".into(),
        text => match text.strip_prefix('-') {
            Some(below) => format!("−{below} %"),
            None => format!("+{text} %"),
        },
    }
}
