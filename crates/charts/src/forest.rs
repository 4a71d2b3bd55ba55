//! A row for each thing that is compared: a marker at its ratio, a line for the interval, the figure beside it.

use concbench_text::figures::Ratio;
use concbench_text::figures::plain;
use concbench_text::fit;

use super::axis::Axis;
use super::backend::{Anchor, SIZE};
use super::drawing::{ChartError, Drawing, WIDTH, empty};
use super::palette::{Ink, Marker};
use super::plot::{Grid, Plot, Room, draw};

/// A forest plot.
pub struct Forest {
    /// The chart's name, for errors.
    pub name: String,
    /// What the axis measures.
    pub axis: String,
    /// Differences up to this, as a fraction around 1, do not count.
    pub margin: Option<f64>,
    /// The rows, from top to bottom.
    pub rows: Vec<ForestRow>,
}

/// A row of a forest plot.
pub struct ForestRow {
    /// Its name, at the start of the row.
    pub label: String,
    /// The index of the series that it belongs to.
    pub series: Option<usize>,
    /// Its colour.
    pub ink: Ink,
    /// Its marker.
    pub marker: Marker,
    /// Where the marker is, and how far the line reaches.
    pub ratio: Ratio,
    /// The figure at the end of the row.
    pub figure: String,
    /// What a pointer shows.
    pub tip: String,
    /// Whether it counts among the best.
    pub best: bool,
}

const ROW: i32 = 22;
const LABELS: i32 = 132;
const FIGURES: i32 = 128;
const ROOM: Room = Room { left: LABELS, right: FIGURES, top: 6, bottom: 40 };

/// Draws a forest plot: its size and its body.
pub fn forest(forest: &Forest) -> Result<Drawing, ChartError> {
    let size = (WIDTH, ROOM.top + ROOM.bottom + ROW * forest.rows.len().max(2) as i32);
    let margin = forest.margin.unwrap_or(0.0);
    let values = forest.rows.iter().flat_map(|row| row.ratio.ends());
    let Some(x) =
        Axis::log(values.chain([1.0 / (1.0 + margin), 1.0, 1.0 + margin]), |v| format!("{}x", plain(v)))
    else {
        return Ok((size, empty(size, "no figure to show")));
    };
    if forest.rows.is_empty() {
        return Ok((size, empty(size, "nothing was measured")));
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
    plot.paint(&row.ratio.ends().map(|value| (value, y)), |svg, at| {
        svg.group("row", row.series, Some(&row.tip), |svg| {
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
