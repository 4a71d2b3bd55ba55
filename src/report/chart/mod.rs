//! The charts of a report: each answers one question, and carries the figures that it shows as a table.

mod axis;
mod backend;
mod bars;
mod forest;
mod gantt;
mod lines;
mod order;
mod palette;
mod plot;
mod slope;
mod tiles;

pub(crate) use axis::{Axis, extent};
pub(crate) use bars::{Bar, Part, bars};
pub(crate) use forest::{Forest, ForestRow, forest};
pub(crate) use gantt::{Band, Gantt, GanttSpan, MOST_LANES, gantt};
pub(crate) use lines::{Curve, CurvePoint, End, Lines, lines, worker_axis};
pub(crate) use order::{Series, order};
pub(crate) use palette::{Ink, Marker, STEPS};
pub(crate) use slope::{Slope, slope};
pub(crate) use tiles::{Key, Tile, Tiles, tiles};

use super::text::escape;

/// How wide a chart is, in user units: two stand side by side on a screen, and one fits a telephone.
pub(crate) const WIDTH: i32 = 480;

/// A chart, ready to be put into a page or a file.
#[derive(Debug, Clone)]
pub(crate) struct Chart {
    /// Its file name without the ending, unique in a report.
    pub(crate) slug: String,
    /// What it is, in a few words.
    pub(crate) title: String,
    /// The question that it answers.
    pub(crate) question: String,
    /// How it is to be read, for those who cannot see it.
    pub(crate) reading: String,
    /// The width and height, in user units.
    pub(crate) size: (i32, i32),
    /// The drawing.
    pub(crate) body: String,
    /// The figures that it shows.
    pub(crate) table: Table,
}

/// A table of figures.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    /// The heads of the columns; the first column names the row.
    pub(crate) columns: Vec<String>,
    /// The rows, each as long as the heads.
    pub(crate) rows: Vec<Vec<String>>,
}

/// The colours and lines of charts, shared by the page and by single files.
const CHART_STYLE: &str = include_str!("../../../templates/chart.css");

/// The values behind the colours, for files that stand alone.
const CHART_COLOURS: &str = include_str!("../../../templates/colours.css");

impl Chart {
    /// The title of the table beneath it.
    pub(crate) fn table_title(&self) -> String {
        format!("Figures of “{}”", self.title)
    }

    /// The chart as an element of a page, whose style sheet gives it its colours.
    pub(crate) fn inline(&self) -> String {
        let (width, height) = self.size;
        format!(
            "<svg class=\"chart\" viewBox=\"0 0 {width} {height}\" role=\"img\" tabindex=\"0\" \
             aria-labelledby=\"{slug}-t {slug}-d\"><title id=\"{slug}-t\">{title}</title>\
             <desc id=\"{slug}-d\">{reading}</desc>{body}</svg>",
            slug = self.slug,
            title = escape(&self.title),
            reading = escape(&self.reading),
            body = self.body,
        )
    }

    /// The chart as a file of its own, with its colours, in light and dark.
    pub(crate) fn standalone(&self) -> String {
        let (width, height) = self.size;
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" \
             viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" \
             aria-labelledby=\"t d\"><title id=\"t\">{title}</title><desc id=\"d\">{question} {reading}</desc>\
             <style>{CHART_COLOURS}{CHART_STYLE}</style>\
             <rect class=\"f-page\" width=\"{width}\" height=\"{height}\"/>{body}</svg>\n",
            title = escape(&self.title),
            question = escape(&self.question),
            reading = escape(&self.reading),
            body = self.body,
        )
    }
}

/// A chart of nothing still says so.
pub(crate) fn empty(size: (i32, i32), text: &str) -> String {
    let mut out = String::new();
    let mut svg = backend::Svg::new(&mut out, (size.0 as u32, size.1 as u32));
    svg.label((size.0 / 2, size.1 / 2), text, Ink::Muted, backend::Anchor::Middle, "");
    out
}
