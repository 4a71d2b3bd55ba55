//! Which worker ran which task: a band for each batch with a row for each worker, a bar for each task.

use concbench_text::figures::{self, Measure};
use concbench_text::fit;

use super::axis::Axis;
use super::backend::{Anchor, SIZE, Svg};
use super::drawing::{ChartError, Drawing, WIDTH, empty};
use super::palette::Ink;
use super::plot::{Grid, Plot, Room, draw};

/// Batches as they went, below each other on one axis of time.
pub struct Gantt {
    /// The chart's name, for errors.
    pub name: String,
    /// From top to bottom.
    pub bands: Vec<Band>,
    /// The end of the axis, in nanoseconds; longer batches are cut there.
    pub end_ns: f64,
}

/// A batch.
pub struct Band {
    /// Its name, at the start of the row.
    pub label: String,
    /// The index of the series that it belongs to.
    pub series: Option<usize>,
    /// Its colour.
    pub ink: Ink,
    /// How many workers ran a task.
    pub lanes: usize,
    /// How long the batch took.
    pub batch_ns: f64,
    /// By their start.
    pub spans: Vec<GanttSpan>,
}

/// A task on a worker.
#[derive(Clone)]
pub struct GanttSpan {
    /// The row of its worker, from 0.
    pub lane: usize,
    /// When it began, from the start of the batch.
    pub from_ns: f64,
    /// When it ended.
    pub to_ns: f64,
    /// How strongly it is drawn.
    pub shade: Shade,
    /// What a pointer shows.
    pub tip: String,
}

/// How strongly a bar is drawn: tasks alternate between two shades, and what waits is paler than both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shade {
    /// Every other task.
    Full,
    /// The tasks between.
    Light,
    /// Waiting.
    Pale,
}

/// More workers of a batch than this are not drawn.
pub const MOST_LANES: usize = 64;
const LABELS: i32 = 146;
const FIGURES: i32 = 66;
const ROOM: Room = Room { left: LABELS, right: FIGURES, top: 4, bottom: 40 };
/// Between two batches.
const APART: i32 = 7;

/// The height of a worker's row: a few are told apart, many make a pattern.
fn row(lanes: usize) -> i32 {
    match lanes {
        0..=2 => 8,
        3..=6 => 6,
        7..=16 => 4,
        _ => 2,
    }
}

impl Band {
    fn drawn(&self) -> usize {
        self.lanes.clamp(1, MOST_LANES)
    }

    fn height(&self) -> i32 {
        row(self.drawn()) * self.drawn() as i32
    }
}

/// Draws batches: the size and the body.
pub fn gantt(chart: &Gantt) -> Result<Drawing, ChartError> {
    let mut tops = Vec::new();
    let mut height = APART;
    for band in &chart.bands {
        tops.push(height);
        height += band.height() + APART;
    }
    let size = (WIDTH, ROOM.top + ROOM.bottom + height);
    if chart.bands.iter().all(|band| band.spans.is_empty()) {
        return Ok((size, empty(size, "no task was recorded")));
    }
    let unit = Measure::Time.unit(chart.end_ns);
    let x = Axis::from_zero([chart.end_ns], unit, |ns| Measure::Time.tick(ns))
        .titled("since the start of the batch");
    let labels = chart.bands.iter().zip(&tops).map(|(band, top)| {
        let middle = f64::from(*top) + f64::from(band.height()) / 2.0;
        (middle, fit(&band.label, f64::from(LABELS - 8) / SIZE))
    });
    let y = Axis::linear(f64::from(height)..0.0, 1, |_| String::new()).ticked(labels);
    let (_, end) = x.ends();
    let body = draw(&chart.name, size, |area| {
        let plot = Plot::new(area, ROOM, x, y, Grid::Upright)?;
        chart.bands.iter().zip(&tops).try_for_each(|(band, top)| paint(&plot, band, f64::from(*top), end))
    })?;
    Ok((size, body))
}

fn paint(plot: &Plot<'_>, band: &Band, top: f64, end_ns: f64) -> Result<(), String> {
    let bottom = top + f64::from(band.height());
    let cut = band.batch_ns > end_ns;
    let mut corners = vec![(0.0, top), (band.batch_ns, bottom)];
    let spans: Vec<&GanttSpan> =
        band.spans.iter().filter(|span| span.lane < MOST_LANES && span.from_ns <= end_ns).collect();
    for span in &spans {
        let y = top + f64::from(row(band.drawn()) * span.lane as i32);
        corners.push((span.from_ns, y));
        corners.push((span.to_ns, y));
    }
    plot.paint(&corners, |svg, at| {
        svg.group("m", band.series, None, |svg| {
            svg.rect(at[0], at[1], Ink::Grid, "", None);
            let height = row(band.drawn()) - i32::from(row(band.drawn()) > 2);
            for bar in bars(&spans, &at[2..]) {
                let (from, to) = ((bar.left, bar.top), (bar.right, bar.top + height));
                let class = match bar.shade {
                    Shade::Full => "",
                    Shade::Light => "light",
                    Shade::Pale => "pale",
                };
                svg.rect(from, to, band.ink, class, Some(&bar.tip()));
            }
            figure(svg, band, at, cut);
        });
    })
}

/// How long the batch took, behind its end.
fn figure(svg: &mut Svg<'_>, band: &Band, at: &[(i32, i32)], cut: bool) {
    let took = figures::time(band.batch_ns);
    let text = if cut { format!("{took} →") } else { took };
    let middle = (at[0].1 + at[1].1) / 2;
    svg.label((at[1].0 + 5, middle), &text, Ink::Text, Anchor::Start, "sm");
}

/// What is drawn as one: a span, or several that lie on the same point of the paper.
struct BarOf<'a> {
    left: i32,
    right: i32,
    top: i32,
    shade: Shade,
    first: &'a GanttSpan,
    more: usize,
}

impl BarOf<'_> {
    fn tip(&self) -> String {
        match self.more {
            0 => self.first.tip.clone(),
            more => format!("{}, and {more} more close by", self.first.tip),
        }
    }
}

/// The bars of these spans, whose ends lie at these points of the paper.
fn bars<'a>(spans: &[&'a GanttSpan], at: &[(i32, i32)]) -> Vec<BarOf<'a>> {
    let mut bars: Vec<BarOf<'a>> = Vec::new();
    for (span, ends) in spans.iter().zip(at.chunks_exact(2)) {
        // Even the shortest is seen.
        let (left, right, top) = (ends[0].0, ends[1].0.max(ends[0].0 + 1), ends[0].1);
        let short = right - left <= 1;
        let near = bars.iter_mut().rev().find(|bar| bar.top == top);
        match near.filter(|bar| short && bar.right - bar.left <= 1 && left <= bar.right) {
            Some(bar) => bar.more += 1,
            None => bars.push(BarOf { left, right, top, shade: span.shade, first: span, more: 0 }),
        }
    }
    bars
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(lane: usize, from_ns: f64, to_ns: f64) -> GanttSpan {
        GanttSpan { lane, from_ns, to_ns, shade: Shade::Full, tip: format!("{lane}:{from_ns}") }
    }

    fn band(lanes: usize, batch_ns: f64, spans: Vec<GanttSpan>) -> Band {
        Band { label: "model".into(), series: Some(3), ink: Ink::Muted, lanes, batch_ns, spans }
    }

    fn drawn(bands: Vec<Band>, end_ns: f64) -> ((i32, i32), String) {
        gantt(&Gantt { name: "test".into(), bands, end_ns }).expect("it is drawn")
    }

    #[test]
    fn a_thousand_moments_in_one_place_are_one_bar() {
        let moments = (0..1_000).map(|n| span(0, f64::from(n) / 1e3, f64::from(n) / 1e3 + 1e-3)).collect();
        let (_, body) = drawn(vec![band(1, 1e6, moments)], 1e6);
        assert_eq!(body.matches("<title>").count(), 1);
        assert!(body.contains("and 999 more"), "{body}");
    }

    #[test]
    fn what_goes_beyond_the_edge_is_cut_and_says_so() {
        let spans = vec![span(0, 0.0, 5e6), span(0, 9e6, 9.5e6)];
        let ((width, _), body) = drawn(vec![band(1, 1e7, spans)], 1e6);
        assert_eq!(body.matches("<title>").count(), 1, "the second lies beyond the edge");
        assert!(body.contains("10.0 ms →"), "{body}");
        let edges = body.split("<rect").skip(1).map(|rect| {
            let number = |name: &str| -> i32 {
                rect.split(&format!("{name}=\"")).nth(1).unwrap().split('"').next().unwrap().parse().unwrap()
            };
            number(" x") + number("width")
        });
        assert!(edges.into_iter().all(|edge| edge <= width - FIGURES));
    }

    #[test]
    fn a_crowd_of_workers_does_not_fill_the_page() {
        let crowd = (0..500).map(|n| span(n, 0.0, 1e6)).collect();
        let ((_, height), _) = drawn(vec![band(500, 1e6, crowd)], 1e6);
        assert!(height < 200, "{height}");
    }
}
