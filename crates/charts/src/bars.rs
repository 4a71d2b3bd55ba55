//! Bars from zero, in parts where the whole has some.

use concbench_text::figures::Measure;
use concbench_text::fit;

use super::axis::Axis;
use super::backend::{Anchor, SIZE};
use super::drawing::{ChartError, Drawing, WIDTH, empty};
use super::palette::Ink;
use super::plot::{Grid, Plot, Room, draw};

/// One bar.
pub struct Bar {
    /// Its name, at the start of the row.
    pub label: String,
    /// The index of the series that it belongs to.
    pub series: Option<usize>,
    /// Its colour.
    pub ink: Ink,
    /// From left to right.
    pub parts: Vec<Part>,
    /// The figure at the end of the row.
    pub figure: String,
    /// What a pointer shows.
    pub tip: String,
}

/// A part of a bar.
pub struct Part {
    /// How long it is, in what the axis measures.
    pub value: f64,
    /// Whether it is drawn lighter than the one before it.
    pub light: bool,
}

const ROW: i32 = 20;
const LABELS: i32 = 138;
const FIGURES: i32 = 84;
const ROOM: Room = Room { left: LABELS, right: FIGURES, top: 4, bottom: 40 };

/// Draws bars: the size and the body.
pub fn bars(name: &str, title: &str, bars: &[Bar], measure: Measure) -> Result<Drawing, ChartError> {
    let size = (WIDTH, ROOM.top + ROOM.bottom + ROW * bars.len().max(2) as i32);
    if bars.is_empty() {
        return Ok((size, empty(size, "nothing has this figure")));
    }
    let totals: Vec<f64> = bars.iter().map(|bar| bar.parts.iter().map(|part| part.value).sum()).collect();
    let most = totals.iter().copied().fold(0.0, f64::max);
    let x = Axis::from_zero(totals, measure.unit(most), |value| measure.tick(value)).titled(title);
    let y = Axis::rows(bars.iter().map(|bar| fit(&bar.label, f64::from(LABELS - 8) / SIZE)));
    let body = draw(name, size, |area| {
        let plot = Plot::new(area, ROOM, x, y, Grid::Upright)?;
        for (row, bar) in bars.iter().enumerate() {
            let y = row as f64;
            let mut ends = vec![(0.0, y)];
            for part in &bar.parts {
                ends.push((ends[ends.len() - 1].0 + part.value, y));
            }
            plot.paint(&ends, |svg, at| {
                svg.group("row", bar.series, Some(&bar.tip), |svg| {
                    svg.stripe(WIDTH, at[0].1 - ROW / 2, ROW);
                    for (part, ends) in bar.parts.iter().zip(at.windows(2)) {
                        let (from, to) = ((ends[0].0, ends[0].1 - 6), (ends[1].0, ends[1].1 + 6));
                        svg.rect(from, to, bar.ink, if part.light { "light" } else { "" }, None);
                    }
                    svg.label((WIDTH - FIGURES + 8, at[0].1), &bar.figure, Ink::Text, Anchor::Start, "");
                });
            })?;
        }
        plot.paint(&[(0.0, -0.5), (0.0, bars.len() as f64 - 0.5)], |svg, at| svg.line(at, Ink::Reference, ""))
    })?;
    Ok((size, body))
}
