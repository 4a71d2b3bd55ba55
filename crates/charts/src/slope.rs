//! Places from run to run.

use concbench_text::fit;

use super::axis::Axis;
use super::backend::{Anchor, SIZE};
use super::drawing::{ChartError, Drawing, WIDTH, empty};
use super::palette::{Ink, Marker};
use super::plot::{Grid, Plot, Room, draw};

/// One line.
pub struct Slope {
    /// Its name, at the start of the row.
    pub label: String,
    /// The index of the series that it belongs to.
    pub series: Option<usize>,
    /// Its colour.
    pub ink: Ink,
    /// Its marker.
    pub marker: Marker,
    /// Its place in each run, from 1; no two lines share one.
    pub places: Vec<u64>,
    /// What a pointer shows in each run.
    pub tips: Vec<String>,
}

const LABELS: i32 = 132;
const ROW: i32 = 22;
const ROOM: Room = Room { left: LABELS, right: LABELS, top: 8, bottom: 26 };

/// Draws places from run to run: the size and the body.
pub fn slope(name: &str, runs: &[String], slopes: &[Slope]) -> Result<Drawing, ChartError> {
    let size = (WIDTH, ROOM.top + ROOM.bottom + ROW * slopes.len().max(2) as i32);
    if slopes.is_empty() || runs.len() < 2 {
        return Ok((size, empty(size, "nothing was measured everywhere")));
    }
    let last = runs.len() - 1;
    let each = f64::from(WIDTH - 2 * LABELS) / last as f64;
    let x = Axis::linear(0.0..last as f64, 1, |_| String::new()).ticked(
        runs.iter().enumerate().map(|(run, label)| (run as f64, fit(label, (each - 8.0).max(60.0) / SIZE))),
    );
    let y = Axis::rows(slopes.iter().map(|_| String::new()));
    let body = draw(name, size, |area| {
        let plot = Plot::new(area, ROOM, x, y, Grid::Upright)?;
        for slope in slopes {
            let values: Vec<_> = slope
                .places
                .iter()
                .enumerate()
                .map(|(run, place)| (run as f64, *place as f64 - 1.0))
                .collect();
            plot.paint(&values, |svg, at| {
                svg.group("m", slope.series, None, |svg| {
                    svg.line(at, slope.ink, "w2");
                    for (at, tip) in at.iter().zip(&slope.tips) {
                        svg.marker(*at, slope.marker, 4.5, slope.ink, Some(tip));
                    }
                    let label = fit(&slope.label, f64::from(LABELS - 16) / SIZE);
                    svg.label((at[0].0 - 10, at[0].1), &label, Ink::Text, Anchor::End, "");
                    svg.label((at[last].0 + 10, at[last].1), &label, Ink::Text, Anchor::Start, "");
                });
            })?;
        }
        Ok(())
    })?;
    Ok((size, body))
}
