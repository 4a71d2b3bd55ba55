//! A grid of squares, each with a colour and a word.

use concbench_text::{fit, width};

use super::axis::Axis;
use super::backend::{Anchor, SIZE, Svg};
use super::drawing::{ChartError, Drawing, WIDTH, empty};
use super::palette::{Ink, Marker};
use super::plot::{Grid, Plot, Room, draw};

/// A grid of squares.
pub struct Tiles {
    /// The chart's name, for errors.
    pub name: String,
    /// The names of the rows, from top to bottom.
    pub rows: Vec<String>,
    /// The names of the columns, from left to right.
    pub columns: Vec<String>,
    /// What the columns are.
    pub axis: String,
    /// The squares; not every place needs one.
    pub tiles: Vec<Tile>,
}

/// A square of it.
pub struct Tile {
    /// The index of its row.
    pub row: usize,
    /// The index of its column.
    pub column: usize,
    /// Its colour.
    pub ink: Ink,
    /// Whether the colour is drawn pale, so that text stays legible on it.
    pub pale: bool,
    /// Whether it is hatched: nothing can be said, or nobody wins.
    pub hatched: bool,
    /// The marker above the text, and what it stands for; each is explained once beneath the squares.
    pub key: Option<Key>,
    /// The lines of text in it.
    pub lines: Vec<String>,
    /// What a pointer shows.
    pub tip: String,
    /// The index of the series that it belongs to.
    pub series: Option<usize>,
}

/// A marker, and what it stands for.
pub struct Key {
    /// Its marker.
    pub marker: Marker,
    /// Its colour.
    pub ink: Ink,
    /// What it stands for.
    pub name: String,
}

/// The most room that the names of the rows have, and what stands between them and the squares.
const LABELS: i32 = 132;
const BESIDE: i32 = 12;
/// What stands at least between two heads.
const APART: f64 = 8.0;
const BOTTOM: i32 = 12;
/// The height of a line of text, and the room around the lines of a square.
const LINE: i32 = 15;
const AROUND: i32 = 9;
/// How many explanations stand beside each other.
const KEYS: i32 = 3;

/// Draws a grid of squares: the size and the body.
pub fn tiles(chart: &Tiles) -> Result<Drawing, ChartError> {
    let lines = chart.tiles.iter().map(|tile| tile.lines.len() + usize::from(tile.key.is_some()));
    let lines = lines.max().unwrap_or(1) as i32;
    let mut keyed: Vec<(&Tile, &Key)> = Vec::new();
    for tile in &chart.tiles {
        if let Some(key) = &tile.key
            && keyed.iter().all(|(_, known)| known.name != key.name)
        {
            keyed.push((tile, key));
        }
    }
    let bottom = BOTTOM + LINE * keyed.len().div_ceil(KEYS as usize) as i32;
    let height = AROUND + LINE * lines;
    let columns = chart.columns.len().max(1) as i32;
    let longest = chart.rows.iter().map(|row| width(row) * SIZE).fold(0.0, f64::max);
    let labels = LABELS.min(longest.ceil() as i32 + BESIDE);
    let each = f64::from((WIDTH - labels - 4) / columns);
    // Heads that do not fit stand upright.
    let upright = chart.columns.iter().any(|head| width(head) * SIZE > each - APART);
    let longest = chart.columns.iter().map(|head| width(head) * SIZE).fold(0.0, f64::max).min(110.0);
    let top = if upright { longest as i32 + 12 } else { 24 } + if chart.axis.is_empty() { 0 } else { 18 };
    let size = (WIDTH, top + bottom + height * chart.rows.len().max(1) as i32);
    if chart.tiles.is_empty() {
        return Ok((size, empty(size, "nothing to show")));
    }
    let rows = Axis::rows(chart.rows.iter().map(|row| fit(row, f64::from(labels - 8) / SIZE)));
    let heads = Axis::linear(-0.5..f64::from(columns) - 0.5, 1, |_| String::new()).ticked([]);
    let room = Room { left: labels, right: 2, top, bottom };
    let body = draw(&chart.name, size, |area| {
        let plot = Plot::new(area, room, heads, rows, Grid::Upright)?;
        for (column, head) in chart.columns.iter().enumerate() {
            plot.paint(&[(column as f64, -0.5)], |svg, at| {
                let head = fit(head, if upright { 110.0 } else { each } / SIZE);
                if upright {
                    svg.upright((at[0].0, at[0].1 - 6), &head);
                } else {
                    svg.label((at[0].0, at[0].1 - 10), &head, Ink::Text, Anchor::Middle, "");
                }
            })?;
        }
        plot.paint(&[(f64::from(columns) / 2.0 - 0.5, -0.5)], |svg, at| {
            if !chart.axis.is_empty() {
                svg.label((at[0].0, 8), &chart.axis, Ink::Muted, Anchor::Middle, "");
            }
        })?;
        chart.tiles.iter().try_for_each(|tile| paint(&plot, tile, each))?;
        plot.paint(&[(-0.5, 0.0)], |svg, _| {
            for (index, (tile, key)) in keyed.iter().enumerate() {
                let index = index as i32;
                let at = (
                    10 + index % KEYS * (WIDTH / KEYS),
                    size.1 - bottom + BOTTOM + LINE * (index / KEYS) + 4,
                );
                svg.group("m", tile.series, None, |svg| {
                    svg.marker(at, key.marker, 4.0, key.ink, None);
                    let name = fit(&key.name, f64::from(WIDTH / KEYS - 22) / SIZE);
                    svg.label((at.0 + 10, at.1), &name, Ink::Text, Anchor::Start, "");
                });
            }
        })
    })?;
    Ok((size, body))
}

fn paint(plot: &Plot<'_>, tile: &Tile, each: f64) -> Result<(), String> {
    let (x, y) = (tile.column as f64, tile.row as f64);
    plot.paint(&[(x - 0.5, y - 0.5), (x + 0.5, y + 0.5), (x, y)], |svg, at| {
        let (from, to) = ((at[0].0 + 1, at[0].1 + 1), (at[1].0 - 1, at[1].1 - 1));
        svg.group("m", tile.series, Some(&tile.tip), |svg: &mut Svg<'_>| {
            svg.rect(from, to, tile.ink, if tile.pale { "pale" } else { "" }, None);
            if tile.hatched {
                svg.hatch(from, to);
            }
            let mut first = at[2].1 - LINE * (tile.lines.len() as i32 - 1) / 2;
            if let Some(key) = &tile.key {
                svg.marker((at[2].0, first - LINE / 2), key.marker, 4.5, key.ink, None);
                first += LINE / 2 + 1;
            }
            for (index, line) in tile.lines.iter().enumerate() {
                let class = if index == 0 { "" } else { "sm" };
                let at = (at[2].0, first + LINE * index as i32);
                svg.label(at, &fit(line, (each - 6.0) / SIZE), Ink::Text, Anchor::Middle, class);
            }
        });
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The chart of one row under these heads.
    fn drawn(heads: &[&str], row: &str) -> String {
        let tile = |column| Tile {
            row: 0,
            column,
            ink: Ink::Series(0),
            pale: true,
            hatched: false,
            key: None,
            lines: vec!["1.06x".to_owned()],
            tip: String::new(),
            series: None,
        };
        let chart = Tiles {
            name: "map".to_owned(),
            rows: vec![row.to_owned()],
            columns: heads.iter().map(|head| (*head).to_owned()).collect(),
            axis: String::new(),
            tiles: (0..heads.len()).map(tile).collect(),
        };
        tiles(&chart).expect("a chart").1
    }

    /// Where a head stands, if it lies.
    fn middle(body: &str, head: &str) -> Option<f64> {
        let (before, _) = body.split_once(&format!(">{head}</text>")).expect("it is drawn");
        let (_, element) = before.rsplit_once("<text").expect("an element");
        let (_, x) = element.split_once(" x=\"")?;
        x.split('"').next()?.parse().ok()
    }

    #[test]
    fn heads_stand_apart_or_upright() {
        let sizes = ["999 ns", "4.00 µs", "16.0 µs", "64.3 µs", "257 µs", "1.01 ms", "10.0 ms"];
        for (row, lie) in [("computing", true), ("a row whose name goes on and on", false)] {
            let body = drawn(&sizes, row);
            let middles: Vec<Option<f64>> = sizes.iter().map(|head| middle(&body, head)).collect();
            assert!(middles.iter().all(|middle| middle.is_some() == lie), "{row}: {middles:?}");
            for (index, pair) in middles.windows(2).enumerate() {
                let [Some(left), Some(right)] = *pair else { continue };
                let half = |head: &str| width(head) * SIZE / 2.0;
                let gap = right - left - half(sizes[index]) - half(sizes[index + 1]);
                assert!(gap >= APART - 1.0, "{row}: {} and {}: {gap}", sizes[index], sizes[index + 1]);
            }
        }
    }
}
