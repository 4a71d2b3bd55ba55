//! What every kind of chart has: its width, what it draws, and what it shows if there is nothing.

use super::backend::{Anchor, Svg};
use super::palette::Ink;

/// How wide a chart is, in user units: two stand side by side on a screen, and one fits a telephone.
pub const WIDTH: i32 = 480;

/// What a kind of chart draws: the width and height, in user units, and the body of an SVG document.
pub type Drawing = ((i32, i32), String);

/// Why a chart could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("chart \"{chart}\": {reason}")]
pub struct ChartError {
    /// Which one.
    pub chart: String,
    /// What the drawing library said.
    pub reason: String,
}

/// A whole drawing of nothing, which says why.
pub fn nothing(why: &str) -> Drawing {
    let size = (WIDTH, 120);
    (size, empty(size, why))
}

/// The body of a drawing of nothing still says so.
pub(crate) fn empty(size: (i32, i32), text: &str) -> String {
    let mut out = String::new();
    let mut svg = Svg::new(&mut out, (size.0 as u32, size.1 as u32));
    svg.label((size.0 / 2, size.1 / 2), text, Ink::Muted, Anchor::Middle, "");
    out
}
