//! A row for each cell: a marker at its ratio, a line for the interval, the figure beside it.

use super::axis::Axis;
use super::backend::{Anchor, SIZE};
use super::palette::{Ink, Marker};
use super::plot::{Grid, Plot, Room, draw};
use super::{WIDTH, empty};
use crate::report::ReportError;
use crate::report::text::fit;
use crate::report::units::plain;
use crate::report::view::Ratio;

/// A forest plot.
pub(crate) struct Forest {
    /// The chart's name, for errors.
    pub(crate) name: String,
    /// What the axis measures.
    pub(crate) axis: String,
    /// Differences up to this, as a fraction around 1, do not count.
    pub(crate) margin: Option<f64>,
    /// The rows, from top to bottom.
    pub(crate) rows: Vec<ForestRow>,
}

/// A row of a forest plot.
pub(crate) struct ForestRow {
    pub(crate) label: String,
    /// The index of the model in its report.
    pub(crate) model: Option<usize>,
    pub(crate) ink: Ink,
    pub(crate) marker: Marker,
    pub(crate) ratio: Ratio,
    /// The figure at the end of the row.
    pub(crate) figure: String,
    pub(crate) tip: String,
    /// Whether it counts among the best.
    pub(crate) best: bool,
}

const ROW: i32 = 22;
const LABELS: i32 = 132;
const FIGURES: i32 = 128;
const ROOM: Room = Room { left: LABELS, right: FIGURES, top: 6, bottom: 40 };

/// Draws a forest plot: its size and its body.
pub(crate) fn forest(forest: &Forest) -> Result<((i32, i32), String), ReportError> {
    let size = (WIDTH, ROOM.top + ROOM.bottom + ROW * forest.rows.len().max(2) as i32);
    let margin = forest.margin.unwrap_or(0.0);
    let values = forest.rows.iter().flat_map(|row| {
        let (low, high) = row.ratio.interval.unwrap_or((row.ratio.value, row.ratio.value));
        [low, row.ratio.value, high]
    });
    let Some(x) =
        Axis::log(values.chain([1.0 / (1.0 + margin), 1.0, 1.0 + margin]), |v| format!("{}x", plain(v)))
    else {
        return Ok((size, empty(size, "no figure to show")));
    };
    if forest.rows.is_empty() {
        return Ok((size, empty(size, "no cell was measured")));
    }
    let y = Axis::rows(forest.rows.iter().map(|row| fit(&row.label, f64::from(LABELS - 8) / SIZE)));
    let body = draw(&forest.name, size, |area| {
        let plot = Plot::new(area, ROOM, x.titled(forest.axis.as_str()), y, Grid::Upright)?;
        if margin > 0.0 {
            let rows = forest.rows.len() as f64;
            plot.paint(&[(1.0 / (1.0 + margin), -0.5), (1.0 + margin, rows - 0.5)], |svg, at| {
                svg.rect(at[0], at[1], Ink::Band, "", None);
            })?;
        }
        plot.paint(&[(1.0, -0.5), (1.0, forest.rows.len() as f64 - 0.5)], |svg, at| {
            svg.line(at, Ink::Reference, "");
        })?;
        for (index, row) in forest.rows.iter().enumerate() {
            paint_row(&plot, index as f64, row)?;
        }
        Ok(())
    })?;
    Ok((size, body))
}

fn paint_row(plot: &Plot<'_>, y: f64, row: &ForestRow) -> Result<(), String> {
    let (low, high) = row.ratio.interval.unwrap_or((row.ratio.value, row.ratio.value));
    plot.paint(&[(low, y), (row.ratio.value, y), (high, y)], |svg, at| {
        svg.group("row", row.model, Some(&row.tip), |svg| {
            let half = ROW / 2;
            svg.stripe(WIDTH, at[0].1 - half, 2 * half);
            if at[0].0 != at[2].0 {
                svg.line(&[at[0], at[2]], row.ink, "w2");
            }
            svg.marker(at[1], row.marker, 4.5, row.ink, None);
            let class = if row.best { "b" } else { "" };
            svg.label((WIDTH - FIGURES + 8, at[1].1), &row.figure, Ink::Text, Anchor::Start, class);
        });
    })
}
