//! Where plotters meets the charts: an area with two axes, and elements that draw themselves on it.

use std::ops::Range;

use concbench_text::width;
use plotters::coord::Shift;
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};
use plotters::element::{Drawable, PointCollection};
use plotters::prelude::{Cartesian2d, ChartBuilder, DrawingArea, IntoDrawingArea, TRANSPARENT};
use plotters::style::IntoFont;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters_backend::{BackendCoord, DrawingErrorKind};

use super::axis::Axis;
use super::backend::{SIZE, Svg};
use super::drawing::ChartError;
use super::palette::Ink;

type Area<'a> = DrawingArea<Svg<'a>, Shift>;

/// An axis, as plotters wants to ask it: values in its own measure, ticks where it wants them.
#[derive(Clone)]
struct Coord {
    range: Range<f64>,
    ticks: Vec<f64>,
}

impl Ranged for Coord {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let share = (value - self.range.start) / (self.range.end - self.range.start);
        limit.0 + (f64::from(limit.1 - limit.0) * share).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() { Vec::new() } else { self.ticks.clone() }
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

/// The room around a plot, in user units.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    pub(crate) left: i32,
    pub(crate) right: i32,
    pub(crate) top: i32,
    pub(crate) bottom: i32,
}

/// An area of a chart with its axes.
pub(crate) struct Plot<'a> {
    plane: DrawingArea<Svg<'a>, Cartesian2d<Coord, Coord>>,
    /// The axis from left to right.
    pub(crate) x: Axis,
    /// The axis from bottom to top.
    pub(crate) y: Axis,
}

/// Which lines of the grid are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grid {
    /// Upright ones only: for charts whose rows are names.
    Upright,
    /// Level ones only.
    Level,
}

/// Draws a chart of this size: the body of an SVG document.
pub(crate) fn draw(
    chart: &str,
    size: (i32, i32),
    content: impl FnOnce(&Area<'_>) -> Result<(), String>,
) -> Result<String, ChartError> {
    let mut out = String::new();
    let area = Svg::new(&mut out, (size.0.max(1) as u32, size.1.max(1) as u32)).into_drawing_area();
    content(&area).map_err(|reason| ChartError { chart: chart.to_owned(), reason })?;
    drop(area);
    Ok(out)
}

impl<'a> Plot<'a> {
    /// Lays two axes into an area and draws the grid and the labels.
    pub(crate) fn new(area: &Area<'a>, room: Room, x: Axis, y: Axis, grid: Grid) -> Result<Self, String> {
        let font = ("sans-serif", SIZE).into_font();
        let text = |ink: Ink| font.color(&ink.rgb());
        let mut chart = ChartBuilder::on(area)
            .margin_left(2)
            .margin_right(room.right)
            .margin_top(room.top)
            .x_label_area_size(room.bottom)
            .y_label_area_size(room.left)
            .build_cartesian_2d(coord(&x), coord(&y))
            .map_err(|error| error.to_string())?;
        let pixels = chart.plotting_area().dim_in_pixel().0 as i32;
        let (x_label, y_label) = (label(&thinned(&x, pixels)), label(&y));
        let mut mesh = chart.configure_mesh();
        mesh.axis_style(TRANSPARENT)
            .bold_line_style(Ink::Grid.rgb())
            .light_line_style(TRANSPARENT)
            .x_label_style(text(Ink::Muted))
            .y_label_style(text(Ink::Text))
            .axis_desc_style(text(Ink::Muted).pos(Pos::new(HPos::Center, VPos::Bottom)))
            .x_label_formatter(&x_label)
            .y_label_formatter(&y_label)
            .set_all_tick_mark_size(3);
        match grid {
            Grid::Upright => mesh.disable_y_mesh(),
            Grid::Level => mesh.disable_x_mesh(),
        };
        if !x.title.is_empty() {
            mesh.x_desc(x.title.clone());
        }
        if !y.title.is_empty() {
            mesh.y_desc(y.title.clone());
        }
        mesh.draw().map_err(|error| error.to_string())?;
        let plane = chart.plotting_area().clone();
        Ok(Self { plane, x, y })
    }

    /// Draws with the pixels of these values.
    pub(crate) fn paint(
        &self,
        values: &[(f64, f64)],
        paint: impl Fn(&mut Svg<'a>, &[BackendCoord]),
    ) -> Result<(), String> {
        let points = values.iter().map(|(x, y)| (self.x.at(*x), self.y.at(*y))).collect();
        self.plane.draw(&Element { points, paint }).map_err(|error| error.to_string())
    }
}

fn coord(axis: &Axis) -> Coord {
    Coord { range: axis.range.clone(), ticks: axis.ticks.iter().map(|(at, _)| *at).collect() }
}

/// The labels of an axis from left to right, without those that would run into the one before.
fn thinned(axis: &Axis, pixels: i32) -> Axis {
    let mut axis = axis.clone();
    let scale = f64::from(pixels) / (axis.range.end - axis.range.start);
    let mut free = f64::NEG_INFINITY;
    for (at, label) in &mut axis.ticks {
        let centre = (*at - axis.range.start) * scale;
        let half = width(label) * SIZE / 2.0;
        if centre - half < free {
            label.clear();
        } else {
            free = centre + half + SIZE / 2.0;
        }
    }
    axis
}

fn label(axis: &Axis) -> impl Fn(&f64) -> String + use<> {
    let ticks = axis.ticks.clone();
    move |at| ticks.iter().find(|(tick, _)| tick == at).map_or_else(String::new, |(_, label)| label.clone())
}

/// Points on a plane, and how to draw them.
struct Element<F> {
    points: Vec<(f64, f64)>,
    paint: F,
}

impl<'p, F> PointCollection<'p, (f64, f64)> for &'p Element<F> {
    type Point = &'p (f64, f64);
    type IntoIter = std::slice::Iter<'p, (f64, f64)>;

    fn point_iter(self) -> Self::IntoIter {
        self.points.iter()
    }
}

impl<'a, F: Fn(&mut Svg<'a>, &[BackendCoord])> Drawable<Svg<'a>> for Element<F> {
    fn draw<I: Iterator<Item = BackendCoord>>(
        &self,
        points: I,
        backend: &mut Svg<'a>,
        _: (u32, u32),
    ) -> Result<(), DrawingErrorKind<std::convert::Infallible>> {
        let points: Vec<_> = points.collect();
        (self.paint)(backend, &points);
        Ok(())
    }
}
