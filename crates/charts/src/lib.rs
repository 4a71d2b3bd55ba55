//! Charts as SVG, for a page and for files: each answers one question, and carries the figures that it shows as a table.
//!
//! A function for each kind of chart ([`bars`], [`forest`], [`gantt`], [`lines`], [`order`], [`slope`], [`tiles`]) draws what
//! it is given: the size and the body that a [`Chart`] is made of. Colours are classes, so that the style sheets [`STYLE`]
//! and [`COLOURS`] decide what they look like, in light, in dark and in print. The same input gives the same bytes.
//!
//! This crate knows nothing of records or of what is measured. Parts of a chart that have one `series` index belong
//! together: they carry it as `data-m`, so that a page can highlight them on all of its charts at once.

mod axis;
mod backend;
mod bars;
mod chart;
mod drawing;
mod forest;
mod gantt;
mod lines;
mod order;
mod palette;
mod plot;
mod slope;
mod tiles;

pub use axis::{Axis, extent};
pub use bars::{Bar, Part, bars};
pub use chart::{COLOURS, Chart, STYLE, Table, columns};
pub use drawing::{ChartError, Drawing, WIDTH, nothing};
pub use forest::{Forest, ForestRow, forest};
pub use gantt::{Band, Gantt, GanttSpan, MOST_LANES, Shade, gantt};
pub use lines::{Curve, CurvePoint, End, Lines, counts_axis, lines};
pub use order::{Series, order};
pub use palette::{Ink, Marker, STEPS};
pub use slope::{Slope, slope};
pub use tiles::{Key, Tile, Tiles, tiles};
